package decoder

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/model/attention"
)

func policy(t testing.TB, text string) *attention.Policy {
	t.Helper()
	p, err := attention.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPoliciesOfEverythingAreDense: with the whole as its budget each policy gives the logits of
// dense attention to the last bit, gathered or not; and with less it runs on each architecture.
func TestPoliciesOfEverythingAreDense(t *testing.T) {
	ctx := context.Background()
	defer func() { gatherAlways = false }()
	for name, shape := range tiny {
		d := open(t, shape.Write(t, 2))
		ids := someIDs(330, d.Words)
		read := func(p string) (all []float32) {
			c := d.NewCache()
			c.Policy = policy(t, p)
			if p == "stripes:1" {
				c.Policy.Prefill = attention.Stripes{Theta: math.Inf(1), Share: 1}
			}
			c.Watch = &Watch{}
			logits, err := d.Read(ctx, c, ids)
			if err != nil {
				t.Fatal(err)
			}
			d.Drop(c)
			all = append(all, logits...)
			for range 3 {
				if logits, err = d.Read(ctx, c, ids[:1]); err != nil {
					t.Fatal(err)
				}
				all = append(all, logits...)
			}
			if c.Watch.Read > c.Watch.Visible || c.Watch.Read == 0 {
				t.Errorf("%s, %s: %d of %d keys are read", name, p, c.Watch.Read, c.Watch.Visible)
			}
			return all
		}
		want := read("dense")
		for _, f := range attention.Families() {
			for _, gatherAlways = range []bool{false, true} {
				p := f.Name + ":1"
				if got := read(p); !slices.Equal(got, want) {
					t.Errorf("%s: %s gives other logits than dense attention", name, p)
				}
			}
			for _, p := range []string{f.Name + ":0.3", f.Name + ":0.3+tail", "ada-" + f.Name + ":0.3"} {
				if _, err := attention.Parse(p); err != nil {
					continue
				}
				for _, v := range read(p) {
					if v != v || math.IsInf(float64(v), 0) {
						t.Fatalf("%s: %s gives %g", name, p, v)
					}
				}
			}
		}
	}
}

// TestReadInPlace: keys that a step reads where they lie give what they give gathered, to the last bit.
func TestReadInPlace(t *testing.T) {
	defer func() { gatherAlways = false }()
	for name, shape := range tiny {
		d := open(t, shape.Write(t, 4))
		for _, p := range []string{"quest:0.4", "window:0.3", "strided:0.4", "chunks:0.5"} {
			var all [2][]float32
			for i := range all {
				gatherAlways = i == 0
				c := d.NewCache()
				c.Policy = policy(t, p)
				if _, err := d.Read(context.Background(), c, someIDs(301, d.Words)); err != nil {
					t.Fatal(err)
				}
				var err error
				if all[i], err = d.Read(context.Background(), c, []int32{5}); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(all[0], all[1]) {
				t.Errorf("%s, %s: the logits differ", name, p)
			}
		}
	}
}

// odd reads the pages of odd numbers.
type odd struct{}

func (odd) Plan(q *attention.Queries, _ *attention.Keys, spans []attention.Span) []attention.Span {
	for i := 17; i < q.First; i += 32 {
		spans = append(spans, attention.Span{From: i, To: min(q.First, i+9)})
	}
	return spans
}

// TestGathered: what is gathered are the keys and values that were named, and those of the block.
func TestGathered(t *testing.T) {
	d := open(t, tiny["llama"].Write(t, 3))
	c := d.NewCache()
	if _, err := d.Read(context.Background(), c, someIDs(300, d.Words)); err != nil {
		t.Fatal(err)
	}
	h := &c.layers[1].heads[1]
	g := gathered{spans: odd{}.Plan(attention.NewQueries(nil, 0, 10, 1, 290, 1), &h.Keys, nil)}
	g.own(290, 300)
	g.gather(h)
	packed := attention.Keys{Size: h.Size, Packed: g.keys}
	a, b, at := make([]float32, h.Size), make([]float32, h.Size), 0
	for _, s := range g.spans {
		for i := s.From; i < s.To; i++ {
			packed.At(a, at)
			h.At(b, i)
			if !slices.Equal(a, b) {
				t.Fatalf("key %d is another", i)
			}
			for p := range h.values {
				if !slices.Equal(g.values[p][at*16:][:16], h.values[p][i*16:][:16]) {
					t.Fatalf("value %d is another", i)
				}
			}
			at++
		}
	}
	if at != g.tokens || g.spans[len(g.spans)-1].To != 300 {
		t.Errorf("%d of %d tokens, up to %v", at, g.tokens, g.spans[len(g.spans)-1])
	}
}

// TestDrop: a cache holds as much as its policy says, a clone does not change with it, and reading
// goes on after tokens were dropped and cut.
func TestDrop(t *testing.T) {
	ctx := context.Background()
	d := open(t, tiny["llama"].Write(t, 3))
	ids := someIDs(400, d.Words)
	for _, p := range []string{"recent", "snapkv", "pyramid", "chunkkv", "tova", "keydiff", "expected", "finch", "ada-snapkv", "ada-keydiff:0.5"} {
		c := d.NewCache()
		c.Policy = policy(t, p)
		if _, err := d.Read(ctx, c, ids); err != nil {
			t.Fatal(err)
		}
		whole := c.Clone()
		before := c.Bytes()
		d.Drop(c)
		for i := range c.layers {
			n := 0
			for h := range c.layers[i].heads {
				n += c.layers[i].heads[h].N
			}
			if want := c.Policy.Budget(i, d.Layers, 400) * d.KeyHeads; n != want {
				t.Errorf("%s: layer %d holds %d tokens instead of %d", p, i, n, want)
			}
		}
		if now := c.Bytes(); float64(now) > (c.Policy.Share+.1)*float64(before) {
			t.Errorf("%s: %d bytes of %d", p, now, before)
		}
		want, err := d.Read(ctx, c, ids[:40])
		if err != nil {
			t.Fatal(err)
		}
		c.Cut(400)
		if got, err := d.Read(ctx, c, ids[:40]); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: cut and read again, the logits are others: %v", p, err)
		}
		c.Cut(0)
		c.Policy, whole.Policy = nil, nil
		whole.Cut(300)
		a, err := d.Read(ctx, c, ids)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := d.Read(ctx, whole, ids[300:]); err != nil || !slices.Equal(a, b) {
			t.Errorf("%s: emptied, a cache is not as a new one: %v", p, err)
		}
	}
}

// TestTurned: keys that Finch keeps are those of a text of what was kept alone, as far as a layer sees
// nothing but its tokens and their places; what is read then stands behind them; few bits and layers
// with windows included. A policy that only drops has them where they were.
func TestTurned(t *testing.T) {
	ctx := context.Background()
	for name, shape := range tiny {
		d := open(t, shape.Write(t, 3))
		ids := someIDs(300, d.Words)
		for _, p := range []string{"finch:0.3", "finch:0.3+q8"} {
			c := d.NewCache()
			c.Policy, c.Asked = policy(t, p), 20
			if _, err := d.Read(ctx, c, ids); err != nil {
				t.Fatal(err)
			}
			d.Drop(c)
			if _, err := d.Read(ctx, c, ids[:9]); err != nil {
				t.Fatal(err)
			}
			kept := c.Kept(0, 0)
			if d.layers[0].window > 0 {
				kept = nil // all, and their distances to what comes are as if they were at the end of the others
			} else if len(kept) != 99 || kept[79] != 289 {
				t.Fatalf("%s: %d tokens are held, the last of 90 is %d: the question does not stay", name, len(kept), kept[79])
			}
			alone := d.NewCache()
			text := slices.Concat(ids, ids[:9])
			if kept != nil {
				some := make([]int32, len(kept))
				for i, at := range kept {
					some[i] = text[at]
				}
				text = some
			}
			if d.steps[0] == nil {
				continue // places are in the states, and stay
			}
			if _, err := d.Read(ctx, alone, text); err != nil {
				t.Fatal(err)
			}
			a, b := c.layers[0].heads[0].open(&held{}), alone.layers[0].heads[0].open(&held{})
			x, y := make([]float32, a.Size), make([]float32, a.Size)
			off := 0.
			for i := range text {
				a.At(x, i)
				b.At(y, i)
				if kept == nil {
					d.turnBy(x, 300-90, 1)
				}
				for j := range x {
					off = max(off, math.Abs(float64(x[j]-y[j])))
				}
			}
			if most := map[bool]float64{false: 2e-5, true: .05}[c.Policy.Bits > 0]; off > most {
				t.Errorf("%s, %s: keys are %g off those of a text without what was dropped", name, p, off)
			}
			c.Cut(150)
			if _, err := d.Read(ctx, c, ids[:100]); err != nil {
				t.Error(err)
			}
			d.Drop(c)
			c.Cut(0)
			c.Policy = nil
			got, err := d.Read(ctx, c, ids)
			if err != nil {
				t.Fatal(err)
			}
			if want, err := d.Read(ctx, d.NewCache(), ids); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: emptied, a cache is not as a new one: %v", name, err)
			}
		}
	}
}

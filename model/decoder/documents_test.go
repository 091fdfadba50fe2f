package decoder

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/model/attention"
)

// TestDocuments: what is held of a document is, to the last bit, what is held of it where it is read
// behind what is shared and nothing else; the question reads all, behind the longest; where there is one
// document everything is as in dense attention.
func TestDocuments(t *testing.T) {
	ctx := context.Background()
	for name, shape := range tiny {
		d := open(t, shape.Write(t, 3))
		ids := someIDs(400, d.Words)
		c := d.NewCache()
		c.Policy, c.Parts = policy(t, "documents:1"), []int{20, 130, 340, 380}
		got, err := d.Read(ctx, c, ids)
		if err != nil {
			t.Fatal(err)
		}
		for i, end := range c.Parts[1:] {
			from := c.Parts[i]
			alone := d.NewCache()
			if _, err := d.Read(ctx, alone, slices.Concat(ids[:20], ids[from:end])); err != nil {
				t.Fatal(err)
			}
			for l := range c.layers {
				for h := range c.layers[l].heads {
					a, b := &c.layers[l].heads[h], &alone.layers[l].heads[h]
					x, y := make([]float32, a.Size), make([]float32, a.Size)
					for at := range end - from {
						a.At(x, from+at)
						b.At(y, 20+at)
						same := slices.Equal(x, y)
						a.value(x, from+at)
						b.value(y, 20+at)
						if !same || !slices.Equal(x, y) {
							t.Fatalf("%s, layer %d, head %d: token %d of document %d is not as if it were alone", name, l, h, at, i)
						}
					}
				}
			}
		}
		if c.next() != 20+210+20 {
			t.Errorf("%s: the next token is at %d", name, c.next())
		}
		if again, err := d.Read(ctx, d.NewCache(), ids); err != nil || slices.Equal(got, again) {
			t.Errorf("%s: documents that do not see each other change nothing: %v", name, err)
		}
		one, dense := d.NewCache(), d.NewCache()
		one.Policy, one.Parts = policy(t, "documents:0.2"), []int{20, 380}
		a, err := d.Read(ctx, one, ids)
		if err != nil {
			t.Fatal(err)
		}
		b, err := d.Read(ctx, dense, ids)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // a step too
			if !slices.Equal(a, b) {
				t.Errorf("%s: one document is not as dense attention", name)
			}
			if a, err = d.Read(ctx, one, ids[:1]); err == nil {
				b, err = d.Read(ctx, dense, ids[:1])
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		few := d.NewCache()
		few.Policy = policy(t, "documents:0.3+snapkv:0.5")
		few.Watch = &Watch{}
		if _, err := d.Read(ctx, few, ids); err != nil {
			t.Fatal(err)
		}
		d.Drop(few)
		for range 3 {
			if got, err = d.Read(ctx, few, ids[:1]); err != nil || math.IsNaN(float64(got[0])) {
				t.Fatal(err)
			}
		}
		few.Cut(0)
		few.Policy, few.Watch = nil, nil
		if got, err = d.Read(ctx, few, ids); err != nil {
			t.Fatal(err)
		}
		if want, err := d.Read(ctx, d.NewCache(), ids); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: emptied, a cache is not as a new one: %v", name, err)
		}
	}
}

// TestRank: the masses of documents are those of attention that is counted key by key.
func TestRank(t *testing.T) {
	ctx := context.Background()
	d := open(t, tiny["llama"].Write(t, 6))
	ids := someIDs(300, d.Words)
	c := d.NewCache()
	c.Policy, c.Parts = policy(t, "documents:1"), []int{20, 110, 200, 280}
	if _, err := d.Rank(c, 0); err == nil {
		t.Error("documents are ranked before there are any")
	}
	if _, err := d.Read(ctx, c, ids); err != nil {
		t.Fatal(err)
	}
	got, err := d.Rank(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	want, k, size := make([]float64, 3), &c.layers[1], d.HeadSize
	key := make([]float32, size)
	for row := range ranked {
		for h := range d.Heads {
			q := k.recent[row*d.Heads*size+h*size:][:size]
			sum, each := 0., make([]float64, 300)
			for i := range 300 - ranked + row + 1 {
				k.heads[h/(d.Heads/d.KeyHeads)].At(key, i)
				dot := 0.
				for j, x := range q {
					dot += float64(x) * float64(key[j])
				}
				each[i] = math.Exp(dot * float64(d.scale))
				sum += each[i]
			}
			for i := range want {
				for _, e := range each[c.Parts[i]:c.Parts[i+1]] {
					want[i] += e / sum / float64(ranked*d.Heads)
				}
			}
		}
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-5 {
			t.Errorf("documents have %v instead of %v", got, want)
		}
	}
	if _, err := d.Rank(c, 9); err == nil {
		t.Error("a layer that there is not ranks")
	}
	c = d.NewCache()
	c.Policy, c.Parts = &attention.Policy{Alone: 1}, []int{20, 10}
	if _, err := d.Read(ctx, c, ids); err == nil {
		t.Error("parts that do not ascend are read")
	}
}

package decoder

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/attention"
)

// TestCodedCache: logits over a cache of few bits are, to the last bit, those over one in float32 whose
// numbers are rounded group by group, however the text is divided; and the cache takes as much less.
func TestCodedCache(t *testing.T) {
	ctx := context.Background()
	for name, shape := range tiny {
		d := open(t, shape.Write(t, 2))
		ids := someIDs(409, d.Words)
		for _, bits := range []int{8, 4} {
			plain := d.NewCache()
			var want []float32
			for from := 0; from < len(ids); from += attention.Group {
				var err error
				if want, err = d.Read(ctx, plain, ids[from:min(len(ids), from+attention.Group)]); err != nil {
					t.Fatal(err)
				}
				if plain.layers[0].heads[0].N%attention.Group == 0 {
					roundLast(plain, bits)
				}
			}
			for _, pieces := range [][]int{{409}, {1, 95, 200, 112, 1}, {100, 1, 1, 1, 300, 6}} {
				c := d.NewCache()
				c.Policy = policy(t, map[int]string{8: "q8", 4: "q4"}[bits])
				var got []float32
				for at := 0; len(pieces) > 0; pieces = pieces[1:] {
					var err error
					if got, err = d.Read(ctx, c, ids[at:at+pieces[0]]); err != nil {
						t.Fatal(err)
					}
					at += pieces[0]
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s, %d bits: the logits are others than those of rounded numbers", name, bits)
				}
				if n := c.layers[0].heads[0].coded.N(); n != 4*attention.Group {
					t.Errorf("%s: %d tokens are coded", name, n)
				}
			}
		}
	}
}

// roundLast rounds the last group of all heads.
func roundLast(c *Cache, bits int) {
	for _, l := range c.layers {
		for i := range l.heads {
			h := &l.heads[i]
			first := h.N - attention.Group
			coded, values := attention.NewCoded(bits, h.Size), make([][]float32, len(h.values))
			for p, v := range h.values {
				values[p] = v[first*simd.Columns:]
			}
			coded.Add(h.Packed[first*h.Size:], values)
			coded.Open(h.Packed[first*h.Size:], values, 0, 1)
		}
	}
}

// TestCodedDivergence: the fewer bits, the further from float32, and never far; the bytes are as few.
func TestCodedDivergence(t *testing.T) {
	ctx := context.Background()
	d := open(t, tiny["llama"].Write(t, 3))
	ids := someIDs(490, d.Words)
	read := func(p string) ([]float32, int) {
		c := d.NewCache()
		c.Policy = policy(t, p)
		logits, err := d.Read(ctx, c, ids)
		if err != nil {
			t.Fatal(err)
		}
		return logits, c.Bytes()
	}
	want, bytes := read("dense")
	last := 0.
	for _, p := range []string{"q8", "q4"} {
		got, n := read(p)
		off := 0.
		for i, v := range got {
			off = max(off, math.Abs(float64(v-want[i])))
		}
		share := float64(n) / float64(bytes)
		t.Logf("%s: logits are %.2g off at most, %.3f of the bytes", p, off, share)
		if off <= last || off > .2 || share > map[string]float64{"q8": .36, "q4": .26}[p] {
			t.Errorf("%s: logits are %g off, %.3f of the bytes", p, off, share)
		}
		last = off
	}
}

// TestCodedParts: few bits go together with every part; a cache of everything in few bits is that of few
// bits, and cut, cloned or emptied it goes on.
func TestCodedParts(t *testing.T) {
	ctx := context.Background()
	d := open(t, tiny["llama"].Write(t, 5))
	ids := someIDs(400, d.Words)
	logits := func(c *Cache, ids []int32) []float32 {
		got, err := d.Read(ctx, c, ids)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, f := range attention.Families() {
		whole, same := d.NewCache(), d.NewCache()
		whole.Policy, same.Policy = policy(t, "q8"), policy(t, f.Name+":1+q8")
		if f.Name == "stripes" {
			same.Policy.Prefill = attention.Stripes{Theta: math.Inf(1), Share: 1}
		}
		same.Parts = []int{20, 380} // one document
		a, b := logits(whole, ids), logits(same, ids)
		d.Drop(same)
		if !slices.Equal(a, b) || !slices.Equal(logits(whole, ids[:1]), logits(same, ids[:1])) {
			t.Errorf("%s of everything in 8 bits is not 8 bits", f.Name)
		}
		c := d.NewCache()
		c.Policy = policy(t, f.Name+":0.3+q4")
		logits(c, ids)
		d.Drop(c)
		clone := c.Clone()
		a = logits(c, ids[:30])
		if b = logits(clone, ids[:30]); !slices.Equal(a, b) {
			t.Errorf("%s: a clone in 4 bits says something else", f.Name)
		}
		c.Cut(400)
		c.Cut(130)
		logits(c, ids[:100])
		c.Cut(0)
		c.Policy, whole = nil, d.NewCache()
		if !slices.Equal(logits(c, ids), logits(whole, ids)) {
			t.Errorf("%s: emptied, a cache of 4 bits is not as a new one", f.Name)
		}
	}
}

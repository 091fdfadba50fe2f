package decoder

import (
	"math"
	"testing"
)

// TestLook: the attention that a head pays to parts is that of its query and keys, by the formula.
func TestLook(t *testing.T) {
	for name, shape := range tiny {
		d := open(t, shape.Write(t, 3))
		ids := someIDs(90, d.Words)
		c := d.NewCache()
		c.Looks = true
		if _, err := d.Read(t.Context(), c, ids[:50]); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Read(t.Context(), c, ids[50:]); err != nil {
			t.Fatal(err)
		}
		ends := []int{3, 20, 20, 77, 90}
		got, err := d.Look(c, ends)
		windows := false
		for _, l := range d.layers {
			windows = windows || l.window > 0
		}
		if windows {
			if err == nil {
				t.Errorf("%s: a look at a window", name)
			}
			continue
		}
		if err != nil {
			t.Fatal(name, err)
		}
		for l := range d.Layers {
			recent := c.layers[l].recent
			last := recent[len(recent)-d.Heads*d.HeadSize:]
			for h := range d.Heads {
				weights, sum := make([]float64, len(ids)), 0.0
				key := make([]float32, d.HeadSize)
				for at := range ids {
					c.layers[l].heads[h*d.KeyHeads/d.Heads].At(key, at)
					x := 0.0
					for i, v := range key {
						x += float64(v) * float64(last[h*d.HeadSize+i])
					}
					weights[at] = math.Exp(x * float64(d.scale))
					sum += weights[at]
				}
				for p := range got {
					want := 0.0
					for _, w := range weights[ends[p]:ends[p+1]] {
						want += w / sum
					}
					if math.Abs(want-float64(got[p][l*d.Heads+h])) > 1e-5 {
						t.Fatalf("%s, layer %d, head %d, part %d: %g, want %g", name, l, h, p, got[p][l*d.Heads+h], want)
					}
				}
			}
		}
		for _, bad := range [][]int{{5, 3}, {0, 91}, {-1, 4}} {
			if _, err := d.Look(c, bad); err == nil {
				t.Errorf("%s: parts %v", name, bad)
			}
		}
		blind := d.NewCache()
		if _, err := d.Read(t.Context(), blind, ids); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Look(blind, ends); err == nil {
			t.Errorf("%s: a look at what was read without Looks", name)
		}
	}
}

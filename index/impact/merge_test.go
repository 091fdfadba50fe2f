package impact

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tamis-search/tamis/vector"
)

// TestMergeIsBuilding: merging writes the bytes that adding the kept rows does, and
// does not forget what was lost before.
func TestMergeIsBuilding(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 8))
	for _, conf := range []Config{{Unit: 1. / 64}, {Precision: Bits16, Unit: 1. / 64}, {Precision: Float32}} {
		vectors := [2][]vector.Sparse{randomVectors(rng, 700), randomVectors(rng, 60)}
		for _, share := range []int{0, 3, 10} {
			keep := func(row uint32) bool { return (row*7)%10 >= uint32(share) }
			var parts []Part
			var kept []vector.Sparse
			for _, v := range vectors {
				for i := range v {
					for j, w := range v[i].Weights { // steps of Unit, so that nothing is lost
						v[i].Weights[j] = max(float32(math.Round(float64(w)*64))/64, 1./64)
					}
					if keep(uint32(i)) {
						kept = append(kept, v[i])
					}
				}
				parts = append(parts, Part{Segment: build(t, conf, v), Keep: keep})
			}
			b := NewBuilder(conf)
			for _, v := range kept {
				if _, err := b.Add(v); err != nil {
					t.Fatal(err)
				}
			}
			want, err := b.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := Merge(conf, parts); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("precision %d, %d in 10 dropped: other bytes, %v", conf.Precision, share, err)
			}
		}
	}
	g := build(t, Config{Unit: 1. / 20}, randomVectors(rng, 500))
	data, err := Merge(g.Config(), []Part{{Segment: g}})
	if err != nil {
		t.Fatal(err)
	}
	merged, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	if r := merged.Loss() / g.Loss(); g.Loss() == 0 || r < .999 || r > 1.001 {
		t.Errorf("loss %g, merged %g", g.Loss(), merged.Loss())
	}
}

package impact

import (
	"github.com/tamis-search/tamis/internal/topk"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestHide: hiding rows of a mask is making it without them.
func TestHide(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 11))
	for _, n := range []int{1, 31, 64, 500} {
		g := build(t, Config{}, randomVectors(rng, n))
		hidden := map[uint32]bool{}
		m := topk.Mask{}
		for range 5 {
			var rows []uint32
			for range rng.IntN(n + 1) {
				rows = append(rows, rng.Uint32N(uint32(n)+2))
				hidden[rows[len(rows)-1]] = true
			}
			before := slices.Clone(m.Lanes)
			next := g.Hide(m, rows)
			if !slices.Equal(m.Lanes, before) {
				t.Fatal("a mask was changed")
			}
			m = next
			want := g.Mask(func(row uint32) bool { return !hidden[row] })
			for place := range uint32(n) {
				if m.Has(place) != want.Has(place) {
					t.Fatalf("%d rows: place %d", n, place)
				}
			}
		}
	}
}

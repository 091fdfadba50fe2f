package tamis_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tamis-search/tamis"
)

// TestLateInteraction: a field of many token vectors is searched exactly, and for less than
// full recall by its lists: what is found has its exact score, and most of the best is found.
func TestLateInteraction(t *testing.T) {
	const docs, tokens, dims = 1200, 28, 8
	r := rand.New(rand.NewPCG(1, 2))
	ix := open(t, "")
	draw := func(n int) tamis.Multi {
		m, middle := make(tamis.Multi, n), randomDense(r, dims)
		for i := range m {
			m[i] = randomDense(r, dims)
			for j := range m[i] {
				m[i][j] += middle[j]
			}
		}
		return m
	}
	var all []tamis.Document
	for i := range docs {
		all = append(all, tamis.Document{ID: fmt.Sprint("d", i), Vectors: map[string]tamis.Vector{"tokens": draw(tokens)}})
	}
	add(t, ix, all...)
	if err := ix.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, approximate := 0, false
	for range 10 {
		q := tamis.Query{Vector: draw(6), Field: "tokens", K: 10}
		scores := map[string]float64{}
		for _, h := range searchVectors(t, ix, q) { // exactly
			scores[h.Doc] = float64(h.Score)
		}
		q.Recall = .8
		near, err := ix.Search(t.Context(), q)
		if err != nil || near.Recall < .8 || len(near.Hits) != 10 {
			t.Fatalf("%+v, %v", near, err)
		}
		approximate = approximate || !near.Exact
		for _, h := range near.Hits {
			if s, ok := scores[h.Doc]; ok {
				if found++; s != float64(h.Score) {
					t.Errorf("%s scores %g, exactly %g", h.Doc, h.Score, s)
				}
			}
		}
	}
	if found < 75 || !approximate {
		t.Errorf("%d of 100 are found, approximate: %v", found, approximate)
	}
}

package tamis

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/vector"
)

// fedBack is a sparse vector moved towards those of hits, as RM3 is written: the share of a
// term is the sum over hits of score × the term's share of the hit's weights.
func fedBack(asked Sparse, hits []Hit, of func(h Hit) Sparse, terms int, by float64) Sparse {
	share, total := map[string]float64{}, 0.
	for _, h := range hits {
		total += float64(h.Score)
	}
	for _, h := range hits {
		all := 0.
		for _, w := range of(h) {
			all += float64(w)
		}
		for t, w := range of(h) {
			share[t] += float64(h.Score) / total * float64(w) / all
		}
	}
	var names []string
	for t := range share {
		names = append(names, t)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(share[b], share[a]) })
	names = names[:min(terms, len(names))]
	out, own, more := Sparse{}, 0., 0.
	for t, w := range asked {
		out[t], own = float32((1-by)*float64(w)), own+float64(w)
	}
	for _, t := range names {
		more += share[t]
	}
	for _, t := range names {
		out[t] += float32(by * own * share[t] / more)
	}
	return out
}

// holdsFeedback compares a plan's feedback with a search by the vector that it should make.
func holdsFeedback(t *testing.T, ix *Index, q Query, field string, asked Sparse, of func(h Hit) Sparse) {
	t.Helper()
	q.Plan = "sparse"
	plain := ask(t, ix, q)
	for _, f := range []struct {
		docs, terms int
		by          float64
	}{{3, 4, .5}, {1, 100, .9}, {5, 1, .25}} {
		v := fedBack(asked, plain.Hits[:f.docs], of, f.terms, f.by)
		want := ask(t, ix, Query{Vector: v, Field: field, K: q.K, Filter: q.Filter, Groups: q.Groups})
		q.Plan = fmt.Sprintf("feedback(sparse, docs=%d, terms=%d, by=%g)", f.docs, f.terms, f.by)
		got := ask(t, ix, q)
		if len(got.Hits) != len(want.Hits) || !got.Exact {
			t.Fatalf("%s: %d hits, want %d", q.Plan, len(got.Hits), len(want.Hits))
		}
		for i, h := range got.Hits {
			w := want.Hits[i]
			if math.Abs(float64(h.Score-w.Score)) > 1e-4*float64(w.Score) || h.Doc != w.Doc && i > 0 && i+1 < len(want.Hits) && want.Hits[i-1].Score != w.Score && want.Hits[i+1].Score != w.Score {
				t.Fatalf("%s: hit %d is %s (%g), want %s (%g)", q.Plan, i, h.Doc, h.Score, w.Doc, w.Score)
			}
		}
	}
	q.Plan = "feedback(sparse, by=0)"
	if got := ask(t, ix, q); len(got.Hits) < len(plain.Hits) || got.Hits[0].Doc != plain.Hits[0].Doc || got.Hits[0].Score != plain.Hits[0].Score {
		t.Errorf("feedback of no share changes the best hit to %s (%g) from %s (%g)", got.Hits[0].Doc, got.Hits[0].Score, plain.Hits[0].Doc, plain.Hits[0].Score)
	}
	q.Plan = "feedback(sparse, by=1, terms=3)"
	if got := ask(t, ix, q); len(got.Hits) == 0 {
		t.Error("feedback of all of the weight finds nothing")
	}
}

// TestFeedbackOverSparseVectors: of documents that came with vectors, over several segments
// and within what a caller sees.
func TestFeedbackOverSparseVectors(t *testing.T) {
	ix, err := Open("", Options{Vectors: map[string]VectorField{"learned": {Kind: vector.KindSparse, Bits: 32}}})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	rng := rand.New(rand.NewPCG(3, 9))
	has := map[string]Sparse{}
	for part := range 3 {
		docs := func(yield func(Document, error) bool) {
			for i := range 20 {
				d := Document{ID: fmt.Sprintf("d%d-%02d", part, i), Metadata: map[string]any{"n": float64(i)}}
				v := Sparse{}
				for range 2 + rng.IntN(6) {
					v[fmt.Sprintf("term%02d", rng.IntN(24))] = .1 + 2*rng.Float32()
				}
				d.Source, d.Vectors, has[d.ID] = "The gate is high.", map[string]Vector{"learned": v}, v
				if i%5 == 0 {
					d.Metadata["groups"] = []string{"cooks"}
				}
				if !yield(d, nil) {
					return
				}
			}
		}
		if _, err := ix.Add(t.Context(), docs); err != nil {
			t.Fatal(err)
		}
	}
	asked := Sparse{"term03": 1.5, "term07": .5, "term11": 3, "unheard of": 2}
	q := Query{Text: "gate", Vector: asked, Field: "learned", K: 100, Unit: Documents, Groups: []string{"guests"}, Filter: "n < 18"}
	known := Sparse{"term03": 1.5, "term07": .5, "term11": 3} // what no document has has no weight
	holdsFeedback(t, ix, q, "learned", known, func(h Hit) Sparse { return has[h.Doc] })
}

// TestFeedbackOverPassages: of passages that a model made the vectors of.
func TestFeedbackOverPassages(t *testing.T) {
	ix, err := Open("", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	if _, err := ix.Add(t.Context(), gates(8)); err != nil {
		t.Fatal(err)
	}
	shape := tinymodel.Shape{Words: len(gateWords), Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 64, Masked: true}
	e, err := encode.Open(shape.Write(t, 2, gateWords...), model.F32)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := ix.Encode(t.Context(), e, nil); err != nil {
		t.Fatal(err)
	}
	ix.Use(e)
	vectorOf := func(text string, use encode.Use) Sparse {
		v, err := e.Encode(t.Context(), []string{text}, use)
		if err != nil {
			t.Fatal(err)
		}
		return v[0].(Sparse)
	}
	q := Query{Text: "the tide opens the wall", K: 100}
	holdsFeedback(t, ix, q, e.Name(), vectorOf(q.Text, encode.Query), func(h Hit) Sparse { return vectorOf(encode.Text(h.Title, h.Text), encode.Passage) })
}

package enginetest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/vector"
)

// someSparse is a vector whose weights need all their bits.
func someSparse(r *rand.Rand, terms int) tamis.Sparse {
	v := tamis.Sparse{}
	for range terms {
		name := []string{"%d", "word%d", "a.b|%d%%", "ünï %d"}[r.IntN(4)]
		v[fmt.Sprintf(name, r.IntN(60))] = float32(r.ExpFloat64() + 1e-3)
	}
	return v
}

func someDense(r *rand.Rand, n int) tamis.Dense {
	d := make(tamis.Dense, n)
	for i := range d {
		d[i] = float32(r.NormFloat64())
	}
	return d
}

// marked are short documents, with years to filter by and groups.
func marked(n int, seed uint64) []tamis.Document {
	docs := short(n, seed)
	for i := range docs {
		docs[i].Metadata = map[string]any{"year": float64(2000 + i%10)}
		if i%7 == 0 {
			docs[i].Metadata["groups"] = "staff"
		}
	}
	return docs
}

// asked are the ways in which a query is asked.
func (p *pair) asked(q tamis.Query) {
	p.ranked(q)
	q.Filter = "year >= 2005"
	p.ranked(q)
	q.Groups = []string{"board"}
	p.ranked(q)
	q.IDsOnly = true
	p.ranked(q)
}

func sparse(t *testing.T, p *pair) {
	if !engine.Has(p.subject, engine.Vectors) {
		t.Skip("the engine has no vectors")
	}
	r := rand.New(rand.NewPCG(12, 1))
	docs := marked(150, 12)
	for i := range docs {
		if i%5 != 4 {
			docs[i].Vectors = map[string]vector.Value{"vector": someSparse(r, 20)}
		}
	}
	docs = append(docs, tamis.Document{ID: "bare", Vectors: map[string]vector.Value{"vector": tamis.Sparse{"word1": 3, "2": 1}}})
	p.add(docs...)
	p.add(docs[:10]...)
	docs[3].Vectors = map[string]vector.Value{"vector": tamis.Sparse{"word7": 9}} // the text stays
	p.add(docs[3])
	for range 15 {
		p.asked(tamis.Query{Vector: someSparse(r, 8), K: 1 + r.IntN(30), Unit: tamis.Documents})
	}
	p.ranked(tamis.Query{Vector: tamis.Sparse{"nobody": 1}, K: 5})
	p.same("a dense one", func(ix engine.Index) (any, error) {
		return ix.Search(t.Context(), tamis.Query{Vector: tamis.Dense{1, 2}})
	})
	p.same("another field", func(ix engine.Index) (any, error) {
		return ix.Search(t.Context(), tamis.Query{Vector: tamis.Sparse{"1": 1}, Field: "other"})
	})
	p.same("an empty one", func(ix engine.Index) (any, error) { return ix.Search(t.Context(), tamis.Query{Vector: tamis.Sparse{}}) })
	p.same("of another unit", func(ix engine.Index) (any, error) {
		return ix.Search(t.Context(), tamis.Query{Vector: tamis.Sparse{"1": 1}, Unit: tamis.Passages})
	})
	p.add(tamis.Document{ID: "wrong", Source: "x", Vectors: map[string]vector.Value{"vector": tamis.Dense{1, 2}}},
		tamis.Document{ID: "negative", Source: "x", Vectors: map[string]vector.Value{"vector": tamis.Sparse{"1": -1}}},
		tamis.Document{ID: "none", Source: "x", Vectors: map[string]vector.Value{"vector": nil}})
	p.same("delete", func(ix engine.Index) (any, error) { return ix.Delete(t.Context(), "doc003", "bare") })
	p.ranked(tamis.Query{Vector: tamis.Sparse{"word7": 9, "2": 1}, K: 30})
}

func dense(t *testing.T, p *pair) {
	if !engine.Has(p.subject, engine.Dense) {
		_, err := p.subject.Search(t.Context(), tamis.Query{Vector: tamis.Dense{1, 2}})
		if err == nil {
			t.Error("an engine that has no dense vectors ranks by one")
		}
		return
	}
	r := rand.New(rand.NewPCG(13, 1))
	docs := marked(150, 13)
	for i := range docs {
		if i%5 != 4 {
			docs[i].Vectors = map[string]vector.Value{"vector": someDense(r, 24)}
		}
	}
	p.add(docs...)
	p.floor = 1 // a cluster's scores are one more than the product
	for range 15 {
		p.asked(tamis.Query{Vector: someDense(r, 24), K: 1 + r.IntN(30), Unit: tamis.Documents})
	}
	p.same("another width", func(ix engine.Index) (any, error) {
		return ix.Search(t.Context(), tamis.Query{Vector: tamis.Dense{1, 2}})
	})
	if engine.Has(p.subject, engine.Plans) {
		for _, plan := range []string{"near(text, dense)", "near(linear(text, 0.2*dense, norm=best), dense, n=3)"} {
			p.ranked(tamis.Query{Text: "mill stone bread", Plan: plan, Vector: someDense(r, 24), K: 20, Unit: tamis.Documents})
		}
	}
	res, err := p.subject.Search(t.Context(), tamis.Query{Vector: someDense(r, 24), Recall: .9, Filter: "year = 2003"})
	if err != nil || len(res.Hits) == 0 || res.Recall < .9 {
		t.Errorf("nine of ten: %+v %v", res, err)
	}
}

// passageVectors are those of the ranges that are passages.
func passageVectors(t *testing.T, p *pair) {
	if !engine.Has(p.subject, engine.Vectors) {
		t.Skip("the engine has no vectors")
	}
	r := rand.New(rand.NewPCG(14, 1))
	docs := append(marked(30, 14), chapters(9))
	for i := range docs { // first without, to learn what the passages are
		p.add(docs[i])
		res, err := p.oracle.Search(t.Context(), tamis.Query{Text: "mill stone bread chapter sieve flour grain water wheel river bridge road town market oven salt butter honey apple knife table", K: 1000})
		if err != nil {
			t.Fatal(err)
		}
		at := map[int]vector.Part{}
		for _, h := range res.Hits {
			if h.Doc == docs[i].ID {
				at[h.Start] = vector.Part{Start: h.Start, End: h.End, Vector: someSparse(r, 12)}
			}
		}
		var parts vector.Parts
		for start := 0; start <= len(docs[i].Source); start++ {
			if x, ok := at[start]; ok {
				parts = append(parts, x)
			}
		}
		if len(parts) > 0 {
			docs[i].Vectors = map[string]vector.Value{"parts": parts}
		}
	}
	p.add(docs...)
	for range 10 {
		p.ranked(tamis.Query{Vector: someSparse(r, 8), Field: "parts", K: 1 + r.IntN(20)})
	}
}

// plans rank as embedded: by words, vectors of documents and both, changed and joined.
func plans(t *testing.T, p *pair) {
	if !engine.Has(p.subject, engine.Plans) {
		t.Skip("the engine has no plans")
	}
	r := rand.New(rand.NewPCG(15, 1))
	docs := marked(150, 15)
	for i := range docs {
		docs[i].Vectors = map[string]vector.Value{"vector": someSparse(r, 20)}
	}
	p.add(docs...)
	p.distance = 1e-4 // of sums of what is cut differently
	for _, plan := range []string{
		"text", "sparse", "rrf(text, sparse, k=10)", "linear(text, 0.7*sparse)", "rerank(text, sparse, n=20)", "max(text)", "sum(text/passage)",
		"first(text/passage)", "boost(text, 'year >= 2005', by=2)", "recent(text)", "smooth(text)", "feedback(text)", "feedback(sparse)",
		"rrf(feedback(text, terms=5), sparse)", "nosuch", "rrf(text", "dense", "reranker",
	} {
		for _, q := range []string{"mill stone bread", "honey"} {
			for _, unit := range []tamis.Unit{tamis.Passages, tamis.Documents} {
				of := tamis.Query{Text: q, Plan: plan, Vector: someSparse(r, 8), K: 20, Unit: unit}
				if _, err := p.oracle.Search(t.Context(), of); err != nil {
					p.same(plan, func(ix engine.Index) (any, error) { return ix.Search(t.Context(), of) })
					continue
				}
				p.ranked(of)
			}
		}
	}
}

// aggregates are documents by their passages, whose lengths are coded.
func aggregates(t *testing.T, p *pair) {
	if !engine.Has(p.subject, engine.Plans) {
		t.Skip("the engine has no plans")
	}
	docs := short(20, 17)
	for i := range 6 {
		book := chapters(4 + 3*i)
		book.ID = fmt.Sprint("book", i)
		docs = append(docs, book)
	}
	p.add(docs...)
	p.distance = .06
	for _, plan := range []string{"max(text/passage)", "sum(text/passage)", "first(text/passage)", "smooth(text/passage)", "rerank(text, text/passage)"} {
		p.ranked(tamis.Query{Text: "chapter stone bread", Plan: plan, K: 10, Unit: tamis.Documents})
	}
}

// folding leaves out what nearly repeats.
func folding(t *testing.T, p *pair) {
	if !engine.Has(p.subject, engine.Folding) {
		t.Skip("the engine does not fold")
	}
	docs := short(40, 16)
	for i := range docs {
		if i%2 == 1 {
			docs[i].Source = docs[i-1].Source
		}
		docs[i].Title = ""
	}
	p.add(docs...)
	for _, q := range []string{"mill stone bread", "sieve", "honey flour"} {
		p.ranked(tamis.Query{Text: q, K: 10, Fold: true})
		p.ranked(tamis.Query{Text: q, K: 10, Fold: true, Unit: tamis.Documents})
	}
}

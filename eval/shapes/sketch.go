package shapes

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/tamis-search/tamis/encode/lsi"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/vector"
)

var (
	sketched = [...]int{256, 1024, 4096}
	learned  = [...]int{64, 128, 256, 512}
)

// What BM25 weighs by, as the index does.
const (
	k1 = 1.2
	b  = .75
)

// besideWidth is how many numbers imitate words beside a model's.
const besideWidth = 1024

// words is documents and queries by the weights of BM25.
type words struct {
	family
	rows, queries []vector.Sparse
	// Of besideWidth numbers:
	width                 int
	sketches, askedSketch []vector.Dense
}

// wordsOf is BM25 as an inverted index of impacts, and the dense vectors that imitate it:
// sketches, whose products are without bias those of the impacts, and what is learned of the
// corpus.
func wordsOf(ctx context.Context, s *Set, o *Options) (*words, error) {
	w := &words{family: family{of: "words"}, width: besideWidth}
	if err := w.weigh(s, o.Analyzer); err != nil {
		return nil, err
	}
	exact, err := weights("BM25, inverted index", impact.Float32, w.rows, w.queries)
	if err != nil {
		return nil, err
	}
	w.shapes = append(w.shapes, exact)
	for _, n := range sketched {
		rows, queries := sketches(w.rows, n), sketches(w.queries, n)
		x, err := numbers(name("8 bits, sketch in", n), 8, rows, queries)
		if err != nil {
			return nil, err
		}
		w.shapes = append(w.shapes, x)
		if n == besideWidth {
			w.sketches, w.askedSketch = rows, queries
		}
	}
	for _, n := range learned {
		x, err := s.learned(ctx, lsi.Options{Analyzer: o.Analyzer, Width: n, Seed: o.Seed})
		if errors.Is(err, lsi.ErrSmall) {
			break
		}
		if err != nil {
			return nil, err
		}
		w.shapes = append(w.shapes, x)
	}
	return w, nil
}

// learned is the vectors that a corpus teaches.
func (s *Set) learned(ctx context.Context, o lsi.Options) (x shape, err error) {
	m, err := lsi.Learn(ctx, func(yield func(string, error) bool) {
		for _, d := range s.Documents {
			if !yield(d.whole(), nil) {
				return
			}
		}
	}, o)
	if err != nil {
		return x, err
	}
	var rows, queries []vector.Dense
	for v, err := range s.made(ctx, m) {
		if err != nil {
			return x, err
		}
		rows = append(rows, v.(vector.Dense))
	}
	asked, err := s.asked(ctx, m)
	if err != nil {
		return x, err
	}
	for _, v := range asked {
		queries = append(queries, v.(vector.Dense))
	}
	return numbers(name("8 bits, learned, in", m.Width()), 8, rows, queries)
}

// weigh weighs the terms of documents and queries.
func (w *words) weigh(s *Set, analyzer string) error {
	a, err := text.NewAnalyzer(analyzer)
	if err != nil {
		return err
	}
	ids := map[string]uint32{}
	count := func(terms []string) map[uint32]float64 {
		n := map[uint32]float64{}
		for _, t := range terms {
			id, ok := ids[t]
			if !ok {
				id = uint32(len(ids))
				ids[t] = id
			}
			n[id]++
		}
		return n
	}
	var docs []map[uint32]float64
	var lengths []float64
	df, total := map[uint32]float64{}, 0.0
	for _, d := range s.Documents {
		terms := a.Terms(nil, d.whole())
		docs, lengths = append(docs, count(terms)), append(lengths, float64(len(terms)))
		total += float64(len(terms))
		for t := range docs[len(docs)-1] {
			df[t]++
		}
	}
	n, mean := float64(len(docs)), max(1, total/float64(max(1, len(docs))))
	for i, d := range docs {
		for t, tf := range d {
			idf := math.Log(1 + (n-df[t]+.5)/(df[t]+.5))
			d[t] = idf * tf * (k1 + 1) / (tf + k1*(1-b+b*lengths[i]/mean))
		}
		v, err := sparse(d)
		if err != nil {
			return err
		}
		w.rows = append(w.rows, v)
	}
	for _, q := range s.Queries {
		v, err := sparse(count(a.QueryTerms(nil, q.Text)))
		if err != nil {
			return err
		}
		w.queries = append(w.queries, v)
	}
	return nil
}

func sparse(weights map[uint32]float64) (vector.Sparse, error) {
	var terms []uint32
	var of []float32
	for t, w := range weights {
		terms, of = append(terms, t), append(of, float32(w))
	}
	return vector.New(terms, of)
}

// sketches adds the weight of each term to some of n numbers, with signs by its hash
// (Charikar et al., Finding Frequent Items in Data Streams, 2002; Kane and Nelson, Sparser
// Johnson-Lindenstrauss Transforms, 2014).
func sketches(of []vector.Sparse, n int) []vector.Dense {
	const places = 4
	out := make([]vector.Dense, len(of))
	for i, v := range of {
		out[i] = make(vector.Dense, n)
		for j, t := range v.Terms {
			for p := range uint64(places) {
				h := mix(uint64(t)*places + p)
				out[i][h%uint64(n)] += v.Weights[j] * float32(1-2*int(h>>63)) / 2 // the root of places
			}
		}
	}
	return out
}

// mix is a hash of a number (SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// beside puts the numbers that imitate words behind those of a model, so that one product is
// the sum of both: weighed so that the best scores of both are alike in the mean over queries.
func (w *words) beside(rows, queries []vector.Dense) (both, asked []vector.Dense) {
	best := func(rows, queries []vector.Dense) float64 {
		sum := 0.0
		for _, q := range queries {
			most := math.Inf(-1)
			for _, r := range rows {
				x := float32(0)
				for i := range q {
					x += q[i] * r[i]
				}
				most = max(most, float64(x))
			}
			sum += most
		}
		return sum
	}
	some := func(v []vector.Dense) []vector.Dense { return v[:min(len(v), 50)] }
	ratio := best(rows, some(queries)) / best(w.sketches, some(w.askedSketch))
	root := float32(math.Sqrt(max(0, ratio)))
	join := func(a, b []vector.Dense) []vector.Dense {
		out := make([]vector.Dense, len(a))
		for i := range a {
			out[i] = slices.Clone(a[i])
			for _, x := range b[i] {
				out[i] = append(out[i], x*root)
			}
		}
		return out
	}
	return join(rows, w.sketches), join(queries, w.askedSketch)
}

// Package shapes measures what the vectors of documents are worth by the shape in which they
// are kept: token vectors, dense vectors of 32 and 8 bits and of one, ultra-high-dimensional
// codes, features, sparse vectors, sparse ones made dense, dense ones that imitate words; and
// what becomes of searches that are moved along a feature (steer.go). Documents
// are ranked whole, each by one vector of what a model reads of it.
//
// Shapes that tamis indexes are searched by the code that does so. The others (bits.go,
// features.go, slices.go, sketch.go) are here to be measured alone: docs/retrievers.md says why none of
// them is a setting.
package shapes

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// Document is one of a corpus.
type Document struct{ ID, Title, Text string }

// whole is what is read of a document.
func (d *Document) whole() string { return encode.Text(d.Title, d.Text) }

// Set is what is measured on.
type Set struct {
	Documents []Document
	Queries   []trec.Query
	Judged    trec.Qrels
}

// Options of Measure.
type Options struct {
	Analyzer string          // of words
	Models   []encode.Maker  // their kinds say which shapes there are
	Seed     uint64          // of what is drawn at random
	Units    []string        // where not nil: what documents are divided into, instead of shapes
	Sizes    []float64       // shares of the documents that are not relevant to anything, ascending to 1
	Began    func(of string) // is told of each model and shape; nil for nobody
}

// Row is what one shape gives.
type Row struct {
	Of    string  `json:"of"` // what the vectors were made by
	Shape string  `json:"shape"`
	Bytes float64 `json:"bytes"`     // a document, all that a search reads
	Took  float64 `json:"took_us"`   // the median query, on one thread, without its model
	NDCG  float64 `json:"ndcg@10"`   // of documents
	Agree float64 `json:"agreement"` // share of the best 10 of the first shape of the same model
	Gap   float64 `json:"margin"`    // see margin
	Sizes []Size  `json:"by_size"`   // nDCG@10 by the size of the index
}

// Size is what is found in a smaller index, which has all documents that are relevant to a query.
type Size struct {
	Documents int     `json:"documents"`
	NDCG      float64 `json:"ndcg@10"`
}

// Report is what eval shapes prints.
type Report struct {
	Documents int   `json:"documents"`
	Queries   int   `json:"queries"`
	Rows      []Row `json:"rows"`
}

const (
	bestOf = 10
	seenOf = 100 // hits that a margin is taken of
)

// shape is vectors of all documents in one shape.
type shape struct {
	name  string
	bytes int
	// rank finds the best k for a query by its number; mask is one of mask's.
	rank func(ctx context.Context, query, k int, mask topk.Mask) ([]topk.Hit, error)
	mask func(visible func(row uint32) bool) topk.Mask
}

// family is shapes of what one model makes; the first is what the others are held to.
type family struct {
	of     string
	shapes []shape
}

// Measure measures every shape.
func Measure(ctx context.Context, s *Set, o Options) (*Report, error) {
	if o.Began == nil {
		o.Began = func(string) {}
	}
	of := s.shapes
	if o.Units != nil {
		of = s.units
	}
	families, err := of(ctx, &o)
	if err != nil {
		return nil, err
	}
	r := &Report{Documents: len(s.Documents), Queries: len(s.Queries)}
	kept := s.subsets(o.Sizes)
	for _, f := range families {
		var truth [][]topk.Hit
		for _, x := range f.shapes {
			o.Began(f.of + " " + x.name)
			row, hits, err := s.measure(ctx, x, truth, kept)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", f.of, x.name, err)
			}
			if truth == nil {
				truth = hits
			}
			row.Of = f.of
			r.Rows = append(r.Rows, *row)
		}
	}
	return r, nil
}

// shapes are those of words and of what the models make.
func (s *Set) shapes(ctx context.Context, o *Options) ([]family, error) {
	o.Began("words")
	words, err := wordsOf(ctx, s, o)
	if err != nil {
		return nil, err
	}
	families := []family{words.family}
	for _, m := range o.Models {
		o.Began(m.Name())
		f, err := modelled(ctx, s, m, words, o)
		if err != nil {
			return nil, err
		}
		families = append(families, f)
	}
	return families, nil
}

// modelled is the shapes of what a model makes.
func modelled(ctx context.Context, s *Set, m encode.Maker, w *words, o *Options) (family, error) {
	queries, err := s.asked(ctx, m)
	if err != nil {
		return family{}, err
	}
	f := family{of: m.Kind().String()}
	switch m.Kind() {
	case vector.KindMulti:
		f.shapes, err = multiShapes(s.made(ctx, m), queries)
	case vector.KindDense:
		f.shapes, err = denseShapes(ctx, s.made(ctx, m), queries, w, o.Seed)
	case vector.KindSparse:
		f.shapes, err = sparseShapes(s.made(ctx, m), queries, o.Seed)
	default:
		err = fmt.Errorf("%s makes %s vectors, which have no shapes to measure", m.Place(), m.Kind())
	}
	return f, err
}

// made yields the vectors of the documents.
func (s *Set) made(ctx context.Context, m encode.Maker) func(yield func(vector.Value, error) bool) {
	return m.All(ctx, func(yield func(string) bool) {
		for _, d := range s.Documents {
			if !yield(d.whole()) {
				return
			}
		}
	}, encode.Passage)
}

// asked is the vectors of the queries.
func (s *Set) asked(ctx context.Context, m encode.Maker) (all []vector.Value, err error) {
	for v, err := range m.All(ctx, func(yield func(string) bool) {
		for _, q := range s.Queries {
			if !yield(q.Text) {
				return
			}
		}
	}, encode.Query) {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// subset is a part of the documents.
type subset struct {
	kept []bool
	n    int
}

// subsets are the documents of smaller indexes, by shares of those that are not relevant to
// any query, evenly taken.
func (s *Set) subsets(shares []float64) (all []subset) {
	relevant := map[string]bool{}
	for _, grades := range s.Judged {
		for doc, grade := range grades {
			if grade > 0 {
				relevant[doc] = true
			}
		}
	}
	for _, share := range shares {
		if share >= 1 {
			continue
		}
		x := subset{kept: make([]bool, len(s.Documents))}
		others := 0.0
		for i, d := range s.Documents {
			before := math.Floor(others)
			if !relevant[d.ID] {
				others += share
			}
			if x.kept[i] = relevant[d.ID] || math.Floor(others) > before; x.kept[i] {
				x.n++
			}
		}
		all = append(all, x)
	}
	return all
}

// measure asks a shape every query, of all documents and of each subset.
func (s *Set) measure(ctx context.Context, x shape, truth [][]topk.Hit, kept []subset) (*Row, [][]topk.Hit, error) {
	r := &Row{Shape: x.name, Bytes: float64(x.bytes) / float64(max(1, len(s.Documents)))}
	best := make([][]topk.Hit, len(s.Queries))
	took := make([]float64, len(s.Queries))
	agreed, wanted, judged := 0, 0, 0
	for i := range s.Queries {
		start := time.Now()
		hits, err := x.rank(ctx, i, bestOf, topk.Mask{})
		if err != nil {
			return nil, nil, err
		}
		took[i] = float64(time.Since(start)) / float64(time.Microsecond)
		best[i] = slices.Clone(hits)
		if truth != nil {
			wanted += len(truth[i])
			for _, h := range truth[i] {
				if slices.ContainsFunc(hits, func(o topk.Hit) bool { return o.Row == h.Row }) {
					agreed++
				}
			}
		}
		if hits, err = x.rank(ctx, i, seenOf, topk.Mask{}); err != nil {
			return nil, nil, err
		}
		if m, ok := s.margin(i, hits); ok {
			r.Gap += m
			judged++
		}
	}
	r.Took, r.Gap, r.Agree = figures.Median(took), r.Gap/float64(max(1, judged)), 1
	if truth != nil {
		r.Agree = float64(agreed) / float64(max(1, wanted))
	}
	var err error
	if r.NDCG, err = s.ndcg(func(i int) ([]topk.Hit, error) { return best[i], nil }); err != nil {
		return nil, nil, err
	}
	for _, k := range kept {
		mask := x.mask(func(row uint32) bool { return k.kept[row] })
		n, err := s.ndcg(func(i int) ([]topk.Hit, error) { return x.rank(ctx, i, bestOf, mask) })
		if err != nil {
			return nil, nil, err
		}
		r.Sizes = append(r.Sizes, Size{k.n, n})
	}
	r.Sizes = append(r.Sizes, Size{len(s.Documents), r.NDCG})
	return r, best, nil
}

// margin is by how many standard deviations of the scores of the best hits the best relevant
// one stands above the best that is not; false where one of the two is not among them.
func (s *Set) margin(query int, hits []topk.Hit) (float64, bool) {
	grades := s.Judged[s.Queries[query].ID]
	relevant, other := math.Inf(-1), math.Inf(-1)
	sum, squares := 0.0, 0.0
	for _, h := range hits {
		score := float64(h.Score)
		sum, squares = sum+score, squares+score*score
		if grades[s.Documents[h.Row.Row].ID] > 0 {
			relevant = max(relevant, score)
		} else {
			other = max(other, score)
		}
	}
	n := float64(len(hits))
	deviation := math.Sqrt(max(0, squares/n-sum/n*sum/n))
	if math.IsInf(relevant, 0) || math.IsInf(other, 0) || !(deviation > 0) {
		return 0, false
	}
	return (relevant - other) / deviation, true
}

// ndcg is nDCG@10 of what find finds for each query.
func (s *Set) ndcg(find func(query int) ([]topk.Hit, error)) (float64, error) {
	run := &trec.Run{Queries: make(map[string][]trec.Scored, len(s.Queries))}
	for i, q := range s.Queries {
		hits, err := find(i)
		if err != nil {
			return 0, err
		}
		scored := make([]trec.Scored, len(hits))
		for j, h := range hits { // in the order of the hits, ties too
			scored[j] = trec.Scored{Doc: s.Documents[h.Row.Row].ID, Score: float64(len(hits) - j)}
		}
		run.Queries[q.ID] = scored
	}
	measures, err := trec.ParseMeasures("ndcg@10")
	if err != nil {
		return 0, err
	}
	scores, err := trec.Evaluate(s.Judged, run, measures, trec.Options{})
	if err != nil {
		return 0, err
	}
	return scores.Mean[0], nil
}

// WriteTable writes a line for each shape.
func (r *Report) WriteTable(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "of\tshape\tbytes\tµs\tagreement\tmargin")
	if len(r.Rows) > 0 {
		for _, s := range r.Rows[0].Sizes {
			fmt.Fprintf(w, "\tndcg@10 of %d", s.Documents)
		}
	}
	fmt.Fprintln(w, "\t")
	for _, row := range r.Rows {
		fmt.Fprintf(w, "%s\t%s\t%.0f\t%.0f\t%.3f\t%.2f", row.Of, row.Shape, row.Bytes, row.Took, row.Agree, row.Gap)
		for _, s := range row.Sizes {
			fmt.Fprintf(w, "\t%.4f", s.NDCG)
		}
		fmt.Fprintln(w, "\t")
	}
	return w.Flush()
}

// scan ranks rows by a score of each.
func scan(rows, k int, mask topk.Mask, score func(row int) float32) []topk.Hit {
	var best topk.Collector
	best.Reset(min(k, rows))
	for row := range rows {
		if mask.Has(uint32(row)) {
			best.Add(topk.SignedKey(score(row), uint32(row)))
		}
	}
	var numbers topk.Numbering
	numbers.Add(rows)
	return numbers.Hits(best.Sorted(), topk.SignedScore)
}

// plain is the mask of rows that lie in their own order.
func plain(rows int) func(visible func(row uint32) bool) topk.Mask {
	return func(visible func(row uint32) bool) topk.Mask { return topk.NewMask(rows, visible) }
}

// name is the name of a shape and a number.
func name(s string, n int) string { return cmp.Or(s, "?") + fmt.Sprintf(" %d", n) }

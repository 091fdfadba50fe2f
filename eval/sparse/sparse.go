// Package sparse measures learned sparse vectors: recall against exhaustive
// scoring, latency, bytes, and the measures of a run.
package sparse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// Report is what `eval sparse --json` prints.
type Report struct {
	Documents  int     `json:"documents"`
	Nonzeros   int     `json:"nonzeros"`
	BuildS     float64 `json:"build_s"`
	IndexBytes int64   `json:"index_bytes"`
	StoreBytes int64   `json:"store_bytes"` // of copies of the vectors beside the index: none here
	Loss       float64 `json:"loss"`        // of the stored weights, root mean squared relative to that of the weights
	K          int     `json:"k"`
	Exact      bool    `json:"exact"`
	Target     float64 `json:"target_recall"`
	// Recall is against exhaustive scoring of the vectors in float32: a document
	// counts when its exact score reaches the k-th.
	Recall  float64            `json:"recall"`
	Queries int                `json:"queries"`
	Latency Latency            `json:"latency_us"`
	Metrics map[string]float64 `json:"metrics,omitempty"`
}

// Latency is over the queries, wall time, in microseconds.
type Latency struct {
	P50  float64 `json:"p50"`
	Mean float64 `json:"mean"`
	P99  float64 `json:"p99"`
}

// Options say how Measure searches: for the exact best K where Recall is 1.
type Options struct {
	K         int
	Recall    float64
	Precision impact.Precision
}

// Read reads a file of sparse vectors. What is wrong with single documents,
// an id that came before included, goes to skipped; an error is a file without any document.
func Read(path string, v *vector.Vocabulary, skipped func(error)) ([]vector.Document, error) {
	var docs []vector.Document
	var last error
	seen := map[string]bool{}
	for d, err := range vector.ReadFile(path, v) {
		if err == nil && seen[d.ID] {
			err = fmt.Errorf("%s: id %q comes twice; the first one stays", path, d.ID)
		}
		if err != nil {
			last = err
			skipped(err)
			continue
		}
		seen[d.ID] = true
		d.Contents = ""
		docs = append(docs, d)
	}
	if len(docs) == 0 {
		if last != nil {
			return nil, fmt.Errorf("no vector could be read: %w", last)
		}
		return nil, fmt.Errorf("%s: holds no vector", path)
	}
	return docs, nil
}

// Measure indexes documents, asks every query, and measures. qrels may be nil.
// Documents and queries share a vocabulary.
func Measure(ctx context.Context, docs, queries []vector.Document, qrels trec.Qrels, o Options) (*trec.Run, *Report, error) {
	r := &Report{Documents: len(docs), K: o.K, Exact: true, Target: o.Recall, Queries: len(queries)}
	start := time.Now()
	sources, firsts, err := sealVectors(docs, o.Precision)
	if err != nil {
		return nil, nil, err
	}
	r.BuildS = figures.Round(time.Since(start).Seconds(), 3)
	for _, s := range sources {
		r.IndexBytes += int64(s.Segment.Size())
		r.Loss = max(r.Loss, float64(s.Segment.Loss()))
	}
	r.Loss = figures.Round(r.Loss, 6)
	for _, d := range docs {
		r.Nonzeros += d.Vector.Len()
	}
	run := &trec.Run{Tag: "tamis", Queries: make(map[string][]trec.Scored, len(queries))}
	answers := make([][]topk.Hit, len(queries))
	took := make([]float64, len(queries))
	for i, q := range queries {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		start := time.Now()
		result := impact.TopK(sources, q.Vector, o.K, float32(o.Recall))
		took[i] = float64(time.Since(start)) / float64(time.Microsecond)
		answers[i], r.Exact = result.Hits, r.Exact && result.Exact
		hits := make([]trec.Scored, len(result.Hits))
		for j, h := range result.Hits {
			hits[j] = trec.Scored{Doc: docs[firsts[h.Segment]+int(h.Row.Row)].ID, Score: float64(h.Score)}
		}
		run.Queries[q.ID] = hits
	}
	r.Latency = latencies(took)
	r.Recall = figures.Round(vectorRecall(docs, queries, answers, firsts, o.K), 6)
	if qrels != nil {
		s, err := trec.Evaluate(qrels, run, trec.DefaultMeasures(), trec.Options{})
		if err != nil {
			return nil, nil, err
		}
		r.Metrics = s.Report().Metrics
	}
	return run, r, nil
}

// sealVectors builds as many segments as it takes; firsts is the document that is
// row 0 of each.
func sealVectors(docs []vector.Document, p impact.Precision) (sources []impact.Source, firsts []int, err error) {
	b := impact.NewBuilder(impact.Config{Precision: p})
	first := 0
	seal := func() error {
		data, err := b.Bytes()
		if err != nil {
			return err
		}
		s, err := impact.Open(data)
		if err != nil {
			return err
		}
		sources, firsts = append(sources, impact.Source{Segment: s}), append(firsts, first)
		return nil
	}
	for i, d := range docs {
		_, err := b.Add(d.Vector)
		if errors.Is(err, impact.ErrFull) && b.Rows() > 0 {
			if err := seal(); err != nil {
				return nil, nil, err
			}
			b, first = impact.NewBuilder(impact.Config{Precision: p}), i
			_, err = b.Add(d.Vector)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("document %q: %w", d.ID, err)
		}
	}
	return sources, firsts, seal()
}

// latencies takes p99 at the nearest rank.
func latencies(took []float64) Latency {
	if len(took) == 0 {
		return Latency{}
	}
	sum := 0.0
	for _, t := range took {
		sum += t
	}
	sorted := slices.Sorted(slices.Values(took))
	return Latency{figures.Round(figures.Median(took), 1), figures.Round(sum/float64(len(took)), 1), figures.Round(sorted[(99*len(sorted)+99)/100-1], 1)}
}

// vectorRecall scores everything. Both sides sum a score in the order of terms, so
// that equal documents have equal scores.
func vectorRecall(docs, queries []vector.Document, answers [][]topk.Hit, firsts []int, k int) float64 {
	type posting struct {
		doc    uint32
		weight float32
	}
	lists := map[uint32][]posting{}
	for _, q := range queries {
		for _, t := range q.Vector.Terms {
			lists[t] = nil
		}
	}
	for i, d := range docs {
		for j, t := range d.Vector.Terms {
			if list, ok := lists[t]; ok {
				lists[t] = append(list, posting{uint32(i), d.Vector.Weights[j]})
			}
		}
	}
	scores := make([]float32, len(docs))
	var touched []float32
	found, wanted := 0, 0
	for i, q := range queries {
		clear(scores)
		for j, t := range q.Vector.Terms {
			w := q.Vector.Weights[j]
			for _, p := range lists[t] {
				scores[p.doc] += float32(w * p.weight)
			}
		}
		touched = touched[:0]
		for _, s := range scores {
			if s > 0 {
				touched = append(touched, s)
			}
		}
		n := min(k, len(touched))
		if n == 0 {
			continue
		}
		slices.Sort(touched)
		least := touched[len(touched)-n]
		for _, h := range answers[i] {
			if scores[firsts[h.Segment]+int(h.Row.Row)] >= least {
				found++
			}
		}
		wanted += n
	}
	if wanted == 0 {
		return 1 // there was nothing to find
	}
	return float64(found) / float64(wanted)
}

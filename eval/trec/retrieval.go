package trec

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/files"
)

// Query is one question of a retrieval test.
type Query struct{ ID, Text string }

// SearchFunc ranks documents: the best k, best first.
type SearchFunc func(ctx context.Context, query string, k int) ([]Scored, error)

// Report is what `eval retrieval --json` and `eval trec --json` print.
type Report struct {
	Queries int                `json:"queries"`
	Metrics map[string]float64 `json:"metrics"`
	// TookMS is the time of all searches (of all scoring for eval trec), P50 that
	// of the median query, 0 where nothing was searched.
	TookMS    float64 `json:"took_ms"`
	TookMSP50 float64 `json:"took_ms_p50,omitempty"`
}

// ReadQueries reads JSON Lines of {"_id" or "id", "text"}. Errors name the file
// and line.
func ReadQueries(name string, r io.Reader) ([]Query, error) {
	var out []Query
	seen := map[string]bool{}
	err := files.Lines(name, r, func(line *files.Record) error {
		id, err := line.ID()
		if err != nil {
			return err
		}
		if seen[id] {
			return fmt.Errorf("query %q comes twice", id)
		}
		seen[id] = true
		out = append(out, Query{id, line.Text})
		return nil
	})
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("%s: holds no query", name)
	}
	return out, err
}

// Retrieval asks every query for its k best documents, one after another, and
// scores the run against the judgments. A query without results counts 0, one
// without judgments is searched but not scored.
func Retrieval(ctx context.Context, queries []Query, qrels Qrels, search SearchFunc, k int, measures []Measure) (*Run, *Scores, *Report, error) {
	run := &Run{Tag: "tamis", Queries: make(map[string][]Scored, len(queries))}
	took := make([]float64, 0, len(queries))
	sum := 0.0
	for _, q := range queries {
		start := time.Now()
		hits, err := search(ctx, q.Text, k)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("query %s: %w", q.ID, err)
		}
		ms := figures.Milliseconds(time.Since(start))
		took = append(took, ms)
		sum += ms
		run.Queries[q.ID] = hits
	}
	s, err := Evaluate(qrels, run, measures, Options{})
	if err != nil {
		return nil, nil, nil, err
	}
	r := s.Report()
	r.TookMS, r.TookMSP50 = figures.Round(sum, 3), figures.Round(figures.Median(took), 3)
	return run, s, r, nil
}

// Report is the means under their names, without times.
func (s *Scores) Report() *Report {
	r := &Report{Queries: len(s.Queries), Metrics: make(map[string]float64, len(s.Measures))}
	for i, m := range s.Measures {
		r.Metrics[m.Name()] = figures.Round(s.Mean[i], 6)
	}
	return r
}

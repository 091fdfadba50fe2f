package trec

import (
	"errors"
	"maps"
	"math"
	"slices"
)

// Options of Evaluate. The zero value is trec_eval's default.
type Options struct {
	// MinGrade is the least grade that counts as relevant; 0 means 1.
	MinGrade int
	// Depth cuts every ranking; 0 leaves it whole.
	Depth int
	// Complete averages over every judged query, one without results counting
	// 0, instead of over those that the run holds.
	Complete bool
}

// Scores are the figures of a run.
type Scores struct {
	Measures []Measure
	// Queries that were evaluated, ascending. PerQuery and Mean hold values in
	// the order of Measures.
	Queries  []string
	PerQuery map[string][]float64
	Mean     []float64
}

// ErrNoQueries is returned when judgments and run have no query in common.
var ErrNoQueries = errors.New("the judgments and the run have no query in common")

// Evaluate scores each query of the run that has judgments.
func Evaluate(qrels Qrels, run *Run, measures []Measure, o Options) (*Scores, error) {
	if o.MinGrade == 0 {
		o.MinGrade = 1
	}
	s := &Scores{Measures: measures, PerQuery: map[string][]float64{}, Mean: make([]float64, len(measures))}
	for _, id := range slices.Sorted(maps.Keys(qrels)) {
		docs, ok := run.Queries[id]
		if !ok && !o.Complete {
			continue
		}
		q := newRanking(qrels[id], docs, o.MinGrade, o.Depth)
		values := make([]float64, len(measures))
		for i, m := range measures {
			values[i] = m.of(q)
			s.Mean[i] += values[i]
		}
		s.Queries = append(s.Queries, id)
		s.PerQuery[id] = values
	}
	if len(s.Queries) == 0 {
		return nil, ErrNoQueries
	}
	for i, m := range measures {
		switch m.mean {
		case arithmetic:
			s.Mean[i] /= float64(len(s.Queries))
		case geometric:
			s.Mean[i] = math.Exp(s.Mean[i] / float64(len(s.Queries)))
		}
	}
	return s, nil
}

// Column returns the value of the i-th measure for each query, in the order of
// Queries.
func (s *Scores) Column(i int) []float64 {
	out := make([]float64, len(s.Queries))
	for j, q := range s.Queries {
		out[j] = s.PerQuery[q][i]
	}
	return out
}

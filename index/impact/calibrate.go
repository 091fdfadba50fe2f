package impact

import (
	"cmp"
	"math"
	"slices"

	"github.com/tamis-search/tamis/vector"
)

// What is measured when a segment is written.
const (
	tunedK       = 10
	tuneQueries  = 500 // at most
	tuneTerms    = 24  // of a row that stands in for a query
	leastFactor  = 60  // hundredths
	factorStep   = 2
	leastRecall  = .8
	tuneFromRows = fewRows // smaller segments are searched exactly
)

// A setting is a factor on the bounds of blocks, and the recall at 10 it reached.
type setting struct{ factor, recall float32 }

// setting is the fastest one known to reach the recall.
func (s *Segment) setting(recall float32) setting {
	best := setting{1, 1}
	if recall >= 1 {
		return best
	}
	for _, x := range s.recalls {
		if x.recall >= recall && x.factor < best.factor && x.factor > 0 {
			best = x
		}
	}
	return best
}

// calibrate measures the recall of falling factors and returns the section
// recalls.
func calibrate(data []byte, b *Builder) ([]byte, error) {
	if b.Rows() < tuneFromRows {
		return nil, nil
	}
	g, err := Open(data)
	if err != nil {
		return nil, err
	}
	queries, own := b.queries()
	src := []Source{{Segment: g}}
	exact := make([][]Hit, len(queries))
	for i, q := range queries {
		exact[i] = TopK(src, q, tunedK+1, 1).Hits
	}
	var out []byte
	for factor := 100 - factorStep; factor >= leastFactor; factor -= factorStep {
		f := float32(factor) / 100
		g.recalls = []setting{{f, 0}}
		found, all := 0, 0
		for i, q := range queries {
			want := others(exact[i], own[i])
			if len(want) == 0 {
				continue
			}
			all += len(want)
			for _, h := range others(TopK(src, q, tunedK+1, 0).Hits, own[i]) {
				if h.Score >= want[len(want)-1].Score {
					found++
				}
			}
		}
		recall := float32(found) / float32(max(all, 1))
		if recall < leastRecall {
			break
		}
		out = le.AppendUint32(out, math.Float32bits(f))
		out = le.AppendUint32(out, math.Float32bits(recall))
	}
	return out, nil
}

// others are the best tunedK hits without a row; -1 for none.
func others(hits []Hit, row int) []Hit {
	kept := make([]Hit, 0, len(hits))
	for _, h := range hits {
		if int(h.Row) != row && len(kept) < tunedK {
			kept = append(kept, h)
		}
	}
	return kept
}

// queries are those of the Config, or the heaviest terms of some rows, with the
// row each was taken from.
func (b *Builder) queries() (queries []vector.Sparse, own []int) {
	if n := len(b.conf.Queries); n > 0 {
		for i := range min(n, tuneQueries) {
			if q := b.conf.Queries[i*n/min(n, tuneQueries)]; q.Validate() == nil {
				queries, own = append(queries, q), append(own, -1)
			}
		}
		return queries, own
	}
	for i := range tuneQueries {
		row := i * b.Rows() / tuneQueries
		terms, weights := b.row(uint32(row))
		order := make([]int, len(terms))
		for j := range order {
			order[j] = j
		}
		slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(weights[y], weights[x]) })
		order = order[:min(len(order), tuneTerms)]
		slices.Sort(order)
		var q vector.Sparse
		for _, j := range order {
			q.Terms, q.Weights = append(q.Terms, b.names[terms[j]]), append(q.Weights, weights[j])
		}
		queries, own = append(queries, q), append(own, row)
	}
	return queries, own
}

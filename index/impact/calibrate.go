package impact

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// What is measured when a segment is written.
const (
	tunedK       = 10
	tuneQueries  = 1000    // at most
	tuneTerms    = 24      // of a row that stands in for a query
	otherRow     = 30      // percent of them from another row
	tuneSlack    = 40      // rows beyond the best by stored weights that can be among the best by given ones
	tuneFromRows = 1 << 13 // smaller segments are searched exactly
	leastFactor  = 40      // hundredths
	factorStep   = 3
	leastRecall  = .75
)

// Shares of a query's weight whose terms are searched with.
var tuneMasses = [...]float32{1, .95, .9, .85, .8, .75}

// A setting is a shortcut: the factor on bounds of blocks, the share of the
// query's weight, and the recall at 10 that it reached.
type setting struct{ factor, mass, recall float32 }

const settingSize = 12

// setting is the cheapest one known to reach the recall.
func (s *Segment) setting(recall float32) setting {
	best := setting{1, 1, 1}
	if recall >= 1 {
		return best
	}
	for _, x := range s.recalls {
		if x.recall >= recall && x.factor > 0 && x.factor < 1 {
			best = x // each is cheaper than those before it
		}
	}
	return best
}

// Recall is the share of the 10 best rows by the weights given that are among the
// 10 best by the weights stored, as measured when the segment was written; 0 if it
// was not.
func (s *Segment) Recall() float32 {
	if len(s.recalls) == 0 || s.recalls[0].factor != 1 {
		return 0
	}
	return s.recalls[0].recall
}

// calibrate measures what recall is reached by which shortcut and returns the
// section recalls.
func calibrate(data []byte, b *Builder) ([]byte, error) {
	if b.Rows() < tuneFromRows {
		return nil, nil
	}
	g, err := Open(data)
	if err != nil {
		return nil, err
	}
	t := tuner{b: b, g: g, weights: make([]float32, len(b.names))}
	t.queries, t.own = b.queries()
	t.truth()
	recall, _ := t.try(setting{1, 1, 0})
	type trial struct {
		setting
		work int
	}
	var trials []trial
	for _, mass := range tuneMasses {
		last := math.MaxInt
		for factor := 100 - factorStep; factor >= leastFactor; factor -= factorStep {
			how := setting{factor: float32(factor) / 100, mass: mass}
			var work int
			if how.recall, work = t.try(how); how.recall < leastRecall || work >= last {
				break
			}
			last = work - work/100
			trials = append(trials, trial{how, work})
		}
	}
	slices.SortFunc(trials, func(x, y trial) int {
		return cmp.Or(cmp.Compare(y.recall, x.recall), cmp.Compare(x.work, y.work), cmp.Compare(y.mass, x.mass))
	})
	out := setting{1, 1, recall}.append(nil)
	work := math.MaxInt
	for _, x := range trials {
		if x.work < work {
			work = x.work
			out = x.append(out)
		}
	}
	return out, nil
}

func (s setting) append(out []byte) []byte {
	for _, x := range []float32{s.factor, s.mass, s.recall} {
		out = le.AppendUint32(out, math.Float32bits(x))
	}
	return out
}

// A tuner measures recalls.
type tuner struct {
	b       *Builder
	g       *Segment
	queries []vector.Sparse
	own     []int     // the row that each was taken from, or -1
	enough  []float64 // the score, by given weights, from which a row is among the best
	wanted  []int     // how many there are
	weights []float32 // of a query, by number of term
}

// score calls f for the rows hit with their scores by given weights.
func (t *tuner) score(i int, hits []topk.Hit, f func(score float64)) {
	q := t.queries[i]
	for j, name := range q.Terms {
		if n, ok := t.b.find(name); ok {
			t.weights[n] = q.Weights[j]
		}
	}
	for _, h := range hits {
		if int(h.Row.Row) == t.own[i] {
			continue
		}
		sum := 0.0
		terms, weights := t.b.row(h.Row.Row)
		for j, n := range terms {
			sum += float64(t.weights[n]) * float64(weights[j])
		}
		f(sum)
	}
	for _, name := range q.Terms {
		if n, ok := t.b.find(name); ok {
			t.weights[n] = 0
		}
	}
}

// truth finds the best rows by given weights among more of the best by stored
// ones.
func (t *tuner) truth() {
	for i, q := range t.queries {
		var scores []float64
		t.score(i, TopK([]Source{{Segment: t.g}}, q, tunedK+1+tuneSlack, 1).Hits, func(score float64) { scores = append(scores, score) })
		slices.Sort(scores)
		n := min(tunedK, len(scores))
		t.wanted, t.enough = append(t.wanted, n), append(t.enough, math.Inf(1))
		if n > 0 {
			t.enough[i] = scores[len(scores)-n]
		}
	}
}

// try measures one setting: its recall, and what it costs.
func (t *tuner) try(how setting) (recall float32, work int) {
	s := new(searcher)
	found, all := 0, 0
	for i, q := range t.queries {
		all += t.wanted[i]
		k := tunedK
		if t.own[i] >= 0 {
			k++
		}
		n := 0
		hits, _ := s.topK(context.Background(), []Source{{Segment: t.g}}, q, k, []setting{how}) // only a context gives errors
		t.score(i, hits, func(score float64) {
			if score >= t.enough[i] {
				n++
			}
		})
		found += min(n, t.wanted[i])
	}
	return float32(found) / float32(max(all, 1)), s.spent
}

// queries are those of the Config. Without any, rows stand in: the heaviest terms of
// one, some of another's, with other weights; each is far enough from its row to be as
// hard as real queries were, on generated vectors. own is the row, or -1.
func (b *Builder) queries() (queries []vector.Sparse, own []int) {
	if n := len(b.conf.Queries); n > 0 {
		for i := range min(n, tuneQueries) {
			if q := b.conf.Queries[i*n/min(n, tuneQueries)]; q.Validate() == nil {
				queries, own = append(queries, q), append(own, -1)
			}
		}
		return queries, own
	}
	var r random = 88172645463325252
	weights := map[uint32]float32{}
	for i := range tuneQueries / 2 {
		row := i * b.Rows() / (tuneQueries / 2)
		clear(weights)
		b.mix(weights, uint32(r.below(b.Rows())), &r, otherRow)
		b.mix(weights, uint32(row), &r, 100-otherRow)
		var q vector.Sparse
		for _, t := range slices.Sorted(maps.Keys(weights)) {
			q.Terms, q.Weights = append(q.Terms, t), append(q.Weights, weights[t])
		}
		if q.Validate() == nil {
			queries, own = append(queries, q), append(own, row)
		}
	}
	return queries, own
}

// noise is quantiles of a log-normal distribution, by which weights are multiplied.
var noise = [...]float32{.16, .28, .38, .48, .59, .71, .85, 1, 1.18, 1.41, 1.69, 2.07, 2.63, 3.6, 6.25}

// mix adds about percent of a row's heaviest terms.
func (b *Builder) mix(into map[uint32]float32, row uint32, r *random, percent int) {
	terms, weights := b.row(row)
	order := make([]int, len(terms))
	for j := range order {
		order[j] = j
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(weights[y], weights[x]) })
	for _, j := range order[:min(len(order), tuneTerms)] {
		if w := float32(weights[j] * noise[r.below(len(noise))]); r.below(100) < percent && w <= math.MaxFloat32 {
			into[b.names[terms[j]]] = max(w, math.SmallestNonzeroFloat32)
		}
	}
}

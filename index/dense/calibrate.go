package dense

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// What is measured when a segment is written.
const (
	tunedK      = 10
	tuneQueries = 200
	leastRecall = .7
	leastReach  = .1
	mostReach   = 2
	reachStep   = 1.06
)

var tuneDeviations = [...]float32{.8, 1.2, 1.6, 2, 2.5}

// calibrate measures what recall is reached by which shortcut. Rows that were not used to
// find centroids stand in for queries, without themselves among what is found: questions
// in words lie farther from rows than these do from each other, and are then found a
// little more of than is told.
func (s *Segment) calibrate() {
	type sample struct {
		q    vector.Dense
		own  uint32
		want float32 // the score from which a row is among the best
	}
	queries := make([]sample, 0, tuneQueries)
	for i := range tuneQueries {
		own := i * s.rows / tuneQueries
		for sampled(own, s.rows, listRows*listsFor(s.rows)) { // its centroid was drawn to it
			own = (own + 1) % s.rows
		}
		queries = append(queries, sample{q: s.Vector(uint32(own)), own: uint32(own)})
	}
	search := func(x *sample, how *setting) (hits []topk.Hit, spent int) {
		var best topk.Collector
		best.Reset(tunedK + 1)
		q := newQuery(x.q, s.conf)
		src := &Source{Segment: s}
		if how == nil {
			_ = src.scan(context.Background(), q, 0, &best) // only a context gives errors
		} else {
			p := newProbe(q, &best)
			p.add(src, 0, *how)
			_ = p.search(context.Background())
			spent = p.spent
		}
		var numbers topk.Numbering
		numbers.Add(s.rows)
		hits = slices.DeleteFunc(numbers.Hits(best.Sorted(), topk.SignedScore), func(h topk.Hit) bool { return h.Row.Row == x.own })
		return hits[:min(tunedK, len(hits))], spent
	}
	for i := range queries {
		hits, _ := search(&queries[i], nil)
		queries[i].want = hits[len(hits)-1].Score
	}
	type trial struct {
		setting
		spent int
	}
	var trials []trial
	for _, deviations := range tuneDeviations {
		var last trial // that found more than those before it
		for reach := float32(leastReach); reach < mostReach; reach = float32(reach * reachStep) {
			t := trial{setting: setting{reach: reach, deviations: deviations}}
			found := 0
			for i := range queries {
				hits, spent := search(&queries[i], &t.setting)
				t.spent += spent
				for _, h := range hits {
					if h.Score >= queries[i].want {
						found++
					}
				}
			}
			t.recall = float32(found) / float32(tunedK*len(queries))
			if t.recall >= leastRecall {
				trials = append(trials, t)
			}
			if t.recall >= .999 {
				break
			}
			if t.recall < leastRecall || t.recall >= last.recall+.002 {
				last = t
			} else if t.spent > 2*last.spent { // more lists bring nothing
				break
			}
		}
	}
	slices.SortFunc(trials, func(x, y trial) int {
		return cmp.Or(cmp.Compare(y.recall, x.recall), cmp.Compare(x.spent, y.spent))
	})
	least := math.MaxInt
	for _, t := range trials {
		if t.spent < least {
			least = t.spent
			s.recalls = append(s.recalls, t.setting)
			r := le.AppendUint32(s.data[secRecalls], math.Float32bits(t.reach))
			r = le.AppendUint32(r, math.Float32bits(t.deviations))
			s.data[secRecalls] = le.AppendUint32(r, math.Float32bits(t.recall))
		}
	}
}

// Package fuse ranks by several runs of a retrieval test at once, as plans rank by the
// lists of an index, and finds the weights of lists on one half of the queries for the
// other.
package fuse

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search/lists"
	"github.com/tamis-search/tamis/search/plan"
	"github.com/tamis-search/tamis/vector"
)

// Runs are the lists of plans, by name.
type Runs map[string]*trec.Run

// Queries are those that a run has, ascending.
func (r Runs) Queries() []string {
	all := map[string]bool{}
	for _, run := range r {
		for q := range run.Queries {
			all[q] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// Rank ranks the documents of the queries by a plan, k each.
func (r Runs) Rank(ctx context.Context, n *plan.Node, queries []string, k int) (*trec.Run, error) {
	out := &trec.Run{Tag: "tamis", Queries: map[string][]trec.Scored{}}
	for _, q := range queries {
		s := r.question(q)
		p := &plan.Plan{Node: n, Source: s, Unit: vector.Documents}
		found, err := p.Rank(ctx, k)
		if err != nil {
			return nil, err
		}
		docs := make([]trec.Scored, len(found.Hits))
		for i, h := range found.Hits {
			docs[i] = trec.Scored{Doc: s.docs[h.Row.Row], Score: float64(h.Score)}
		}
		out.Queries[q] = docs
	}
	return out, nil
}

// question is the lists of one query: the source of a plan.
type question struct {
	docs  []string // by row: descending, as trec_eval orders equal scores
	lists map[string]fixed
}

// fixed is a ranking that is there.
type fixed []topk.Hit

// Rank is that of search.Ranker.
func (f fixed) Rank(_ context.Context, k int) (topk.Ranking, error) {
	return topk.Ranking{Hits: f[:min(k, len(f))], Exact: true, Recall: 1}, nil
}

func (r Runs) question(query string) *question {
	rows := map[string]uint32{}
	for _, run := range r {
		for _, d := range run.Queries[query] {
			rows[d.Doc] = 0
		}
	}
	q := &question{docs: slices.Sorted(maps.Keys(rows)), lists: map[string]fixed{}}
	slices.Reverse(q.docs)
	for i, doc := range q.docs {
		rows[doc] = uint32(i)
	}
	for name, run := range r {
		var hits fixed
		for _, d := range run.Queries[query] {
			hits = append(hits, topk.Hit{Row: topk.Row{Row: rows[d.Doc]}, Score: bounded(d.Score)})
		}
		slices.SortFunc(hits, topk.Compare)
		q.lists[name] = hits
	}
	return q
}

// bounded is a score as one that can be added up.
func bounded(score float64) float32 {
	const most = 1e30
	return float32(max(-most, min(most, score)))
}

// List is that of plan.Source.
func (q *question) List(_ context.Context, name string, _ vector.Unit) (*plan.List, error) {
	l, ok := q.lists[name]
	if !ok {
		return nil, fmt.Errorf("%w: %q; there are %s", lists.ErrNone, name, strings.Join(slices.Sorted(maps.Keys(q.lists)), ", "))
	}
	return &plan.List{Unit: vector.Documents, Ranker: l}, nil
}

// DocumentOf is that of plan.Source: runs have documents.
func (q *question) DocumentOf(row topk.Row) topk.Row { return row }

// PassageRows is that of plan.Source.
func (q *question) PassageRows(doc topk.Row) (first, end uint32) { return doc.Row, doc.Row + 1 }

// Match is that of plan.Source.
func (q *question) Match(string) (func(topk.Row) (bool, error), error) {
	return nil, fmt.Errorf("%w: runs have no metadata to filter by", plan.ErrSyntax)
}

// Modified is that of plan.Source.
func (q *question) Modified(topk.Row) (time.Time, error) {
	return time.Time{}, fmt.Errorf("%w: runs do not say when documents were changed", plan.ErrSyntax)
}

// grid are the weights that are tried.
var grid = []float64{0, .1, .2, .3, .5, .7, 1, 1.5, 2, 3, 5}

// Tune finds weights of the outermost lists of a plan that rank the queries best by a
// measure: one weight after the other, until none is better.
func (r Runs) Tune(ctx context.Context, n *plan.Node, qrels trec.Qrels, queries []string, m trec.Measure) (*plan.Node, error) {
	by := n.Weights()
	if len(by) < 2 {
		return n, nil
	}
	value := func(by []float64) (float64, error) {
		run, err := r.Rank(ctx, n.Weighed(by), queries, 100)
		if err != nil {
			return 0, err
		}
		s, err := trec.Evaluate(qrels, run, []trec.Measure{m}, trec.Options{})
		if err != nil {
			return 0, err
		}
		return s.Mean[0], nil
	}
	best, err := value(by)
	for better := true; better && err == nil; {
		better = false
		for i := range by {
			for _, w := range grid {
				try := slices.Clone(by)
				try[i] = w
				if slices.Max(try) == 0 {
					continue
				}
				var v float64
				if v, err = value(try); err != nil {
					return nil, err
				}
				if v > best+1e-9 && !math.IsNaN(v) {
					best, by, better = v, try, true
				}
			}
		}
	}
	return n.Weighed(by), err
}

// Halves ranks each half of the queries with weights found on the other, and returns
// the plans of both.
func (r Runs) Halves(ctx context.Context, n *plan.Node, qrels trec.Qrels, m trec.Measure, k int) (*trec.Run, []*plan.Node, error) {
	var halves [2][]string
	i := 0
	for _, q := range r.Queries() {
		if qrels[q] != nil {
			halves[i%2] = append(halves[i%2], q)
			i++
		}
	}
	out := &trec.Run{Tag: "tamis", Queries: map[string][]trec.Scored{}}
	var tuned []*plan.Node
	for i := range halves {
		node, err := r.Tune(ctx, n, qrels, halves[1-i], m)
		if err != nil {
			return nil, nil, err
		}
		run, err := r.Rank(ctx, node, halves[i], k)
		if err != nil {
			return nil, nil, err
		}
		maps.Copy(out.Queries, run.Queries)
		tuned = append(tuned, node)
	}
	return out, tuned, nil
}

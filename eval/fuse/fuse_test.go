package fuse

import (
	"slices"
	"testing"

	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/search/plan"
)

func parse(t *testing.T, expr string) *plan.Node {
	t.Helper()
	n, err := plan.Parse(expr)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestOneRunStays: the plan of one run has its order, that of trec_eval where scores
// are equal.
func TestOneRunStays(t *testing.T) {
	r := Runs{"a": {Queries: map[string][]trec.Scored{"1": {{Doc: "x", Score: 2}, {Doc: "y", Score: 2}, {Doc: "z", Score: 7}}, "2": {{Doc: "x", Score: -1}}}}}
	run, err := r.Rank(t.Context(), parse(t, "a"), r.Queries(), 10)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := run.Queries["1"], []trec.Scored{{Doc: "z", Score: 7}, {Doc: "y", Score: 2}, {Doc: "x", Score: 2}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if len(run.Queries["2"]) != 1 {
		t.Errorf("query 2: %v", run.Queries["2"])
	}
}

// TestTuneOnOneHalf: a list that misleads gets no weight, and the weights of a half come
// from the other one.
func TestTuneOnOneHalf(t *testing.T) {
	good, bad := &trec.Run{Queries: map[string][]trec.Scored{}}, &trec.Run{Queries: map[string][]trec.Scored{}}
	qrels := trec.Qrels{}
	for _, q := range []string{"1", "2", "3", "4"} {
		qrels[q] = map[string]int{"yes": 1}
		good.Queries[q] = []trec.Scored{{Doc: "yes", Score: 3}, {Doc: "no", Score: 2}, {Doc: "far", Score: 1}}
		bad.Queries[q] = []trec.Scored{{Doc: "no", Score: 9}, {Doc: "far", Score: 8}, {Doc: "yes", Score: 1}}
	}
	measures, err := trec.ParseMeasures("ndcg@10")
	if err != nil {
		t.Fatal(err)
	}
	r := Runs{"good": good, "bad": bad}
	value := func(run *trec.Run) float64 {
		s, err := trec.Evaluate(qrels, run, measures, trec.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s.Mean[0]
	}
	n := parse(t, "linear(bad, good)")
	before, err := r.Rank(t.Context(), n, r.Queries(), 10)
	if err != nil || value(before) > .99 {
		t.Fatal(value(before), err)
	}
	after, tuned, err := r.Halves(t.Context(), n, qrels, measures[0], 10)
	if err != nil || value(after) != 1 || len(tuned) != 2 {
		t.Errorf("tuned %v: %g, %v", tuned, value(after), err)
	}
	if got := n.Weights(); !slices.Equal(got, []float64{1, 1}) {
		t.Errorf("tuning changed the plan that it was given: %v", got)
	}
}

package pack

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tamis-search/tamis/pack/score"
)

// TestEstimatorFillsAsFillDoes: from what a trace shows, the Estimator keeps the
// units that Fill takes before it counts the text.
func TestEstimatorFillsAsFillDoes(t *testing.T) {
	var e Estimator
	some := 0
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 9))
		l := newLibrary(t)
		for i := range 1 + r.IntN(6) {
			l.add(fmt.Sprint("doc", i), lexicon[r.IntN(len(lexicon))], prose(r, r.IntN(60)))
		}
		var traced []score.Unit
		o := Options{Budget: 1 + r.IntN(1<<(3+r.IntN(8))), Counter: counter(t, "o200k_base"), Guards: []string{}, KeepDuplicates: true, Trace: func(units []score.Unit) { traced = units }}
		p, err := New(l.question("which river bridge in Vienna has a sieve"), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Add(l.docs...); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Fill(t.Context()); err != nil {
			continue
		}
		f := &filler{o: p.o, all: p.units, scores: p.scoring, order: p.scoring.Order()}
		f.begin()
		greedy(f.order, o.Budget, f)
		docs := map[string]int32{}
		items := make([]Item, len(traced))
		for i, u := range traced {
			if _, ok := docs[u.Doc]; !ok {
				docs[u.Doc] = int32(len(docs))
			}
			items[i] = Item{Doc: docs[u.Doc], Tokens: int32(u.Tokens), Follows: u.Follows, Part: u.Fragment, Opens: u.Features[score.Cover] > 0 || u.Features[score.Lead] > 0}
		}
		e.Label = f.label
		for i, kept := range e.Fill(items, f.order, o.Budget) {
			if kept != f.chosen[i] {
				t.Fatalf("seed %d, unit %d: the estimator keeps it: %v, Fill: %v", seed, i, kept, f.chosen[i])
			}
			if kept {
				some++
			}
		}
	}
	if some < 100 {
		t.Errorf("only %d units were kept", some)
	}
}

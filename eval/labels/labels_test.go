package labels

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/vector"
)

func TestMeasure(t *testing.T) {
	var train, test []classify.Example
	for i := range 12 {
		train = append(train,
			classify.Example{Text: fmt.Sprintf("red apple number %d", i), Labels: []string{"fruit"}},
			classify.Example{Text: fmt.Sprintf("fast lorry number %d", i), Labels: []string{"car"}})
	}
	test = append(test,
		classify.Example{Text: "a red apple", Labels: []string{"fruit"}},
		classify.Example{Text: "a fast lorry", Labels: []string{"car"}},
		classify.Example{Text: "zeppelin"})
	encode := func(_ context.Context, texts iter.Seq[string]) iter.Seq2[vector.Value, error] {
		return func(yield func(vector.Value, error) bool) {
			for s := range texts {
				v := vector.Dense{.1, .1, .1}
				if strings.Contains(s, "apple") {
					v[0] = 1
				} else if strings.Contains(s, "lorry") {
					v[1] = 1
				}
				if !yield(v, nil) {
					return
				}
			}
		}
	}
	r, err := Measure(t.Context(), train, test, encode)
	if err != nil {
		t.Fatal(err)
	}
	if r.Accuracy != 1 || r.Baselines[classify.Dense] != 1 || r.Outside != 1 || r.None.AUROC != 1 || r.None.Recall95 != 1 {
		t.Errorf("%+v %+v", r, r.None)
	}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil || !strings.Contains(b.String(), "accuracy") {
		t.Errorf("%s %v", b.String(), err)
	}
	if few := Shots(train, 3); len(few) != 6 {
		t.Errorf("%d of 3 shots", len(few))
	}
}

func TestSweep(t *testing.T) {
	list := []scored{{.9, true}, {.8, false}, {.5, true}, {.5, false}}
	recall, auroc := sweep(list)
	if recall != .5 || auroc != .625 { // of 4 pairs: 2 won, 1 lost, 1 tied for the second
		t.Errorf("%v %v", recall, auroc)
	}
}

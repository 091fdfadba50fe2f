package gather

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus/role"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/text"
)

func TestNearness(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		cosines []float32
		want    []float64
	}{
		{[]float32{.1, .5, .3, .9, .2}, []float64{0, 1. / 3, 0, 1, 0}},
		{[]float32{.9, nan, .1, .5}, []float64{1, 0, 0, 0}},
		{[]float32{.4, .4, .4}, []float64{0, 0, 0}},
		{[]float32{-.5}, []float64{0}},
		{[]float32{nan, nan}, []float64{0, 0}},
		{nil, nil},
	} {
		n := nearnessOf(c.cosines)
		for i, x := range c.cosines {
			if got := n.of(x); math.Abs(got-c.want[i]) > 1e-6 {
				t.Errorf("%v: %d is %g, want %g", c.cosines, i, got, c.want[i])
			}
		}
	}
	if got := nearnessOf([]float32{.1, .2, .3}).of(.9); got != 1 {
		t.Errorf("nearer than the best of those before: %g", got)
	}
}

// TestMeaningLooks: what is near in meaning comes first among what words leave open,
// and each passage that is read says how near it is.
func TestMeaningLooks(t *testing.T) {
	var all pages
	for i := range 5 {
		all = append(all, page{role: role.Documentation, text: fmt.Sprintf("The wheel of gate %d turns. %s", i, strings.Repeat(fmt.Sprint("x", i, " "), 5)), score: 1})
	}
	var pool text.Pool
	words := pool.Loan()
	an, err := words.Get("english")
	if err != nil {
		t.Fatal(err)
	}
	g := New(all, words)
	cosines := map[uint32]float32{0: .1, 1: .2, 2: .3, 3: .9, 4: .6}
	q := &Question{Text: "wheel", Terms: terms(an.QueryTerms(nil, "wheel")...), IDF: func(string) float64 { return 2 },
		Meaning: func(_ context.Context, rows []topk.Row) ([]float32, error) {
			var out []float32
			for _, r := range rows {
				out = append(out, cosines[r.Row])
			}
			return out, nil
		}}
	if err := g.Look(t.Context(), q, 5, 0); err != nil {
		t.Fatal(err)
	}
	docs, err := g.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range docs {
		want := max(0, float64(cosines[uint32(i)]-.3)/.6)
		if got := d.Passages[0].Meaning; math.Abs(got-want) > 1e-6 {
			t.Errorf("passage %d: %g, want %g", i, got, want)
		}
		if look := d.Passages[0].Look; (look == 1) != (i == 3) {
			t.Errorf("passage %d has the look %g", i, look)
		}
	}
	g = New(all, words)
	bad := fmt.Errorf("no vectors today")
	q.Meaning = func(context.Context, []topk.Row) ([]float32, error) { return nil, bad }
	if err := g.Look(t.Context(), q, 5, 0); err != bad {
		t.Fatal(err)
	}
}

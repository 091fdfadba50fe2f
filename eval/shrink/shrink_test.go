package shrink

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// drawn makes scores of systems of several families on items of several tasks, which they
// are better or worse at.
func drawn(systems, items int) *Suite {
	rng := rand.New(rand.NewPCG(3, 4))
	s := &Suite{}
	difficulty := make([]float64, items)
	for i := range items {
		difficulty[i] = float64(i%8) - 4 + rng.NormFloat64()*.7
		s.IDs, s.Tasks = append(s.IDs, fmt.Sprint(i)), append(s.Tasks, fmt.Sprint("task", i%8))
	}
	for k := range systems {
		ability := -1.5 + 3*float64(k)/float64(systems-1)
		row := make([]float64, items)
		for i := range row {
			if rng.Float64() < 1/(1+math.Exp(-(ability-difficulty[i]))) {
				row[i] = 1
			}
		}
		s.Scores, s.Families = append(s.Scores, row), append(s.Families, fmt.Sprint("arm", k%10))
	}
	return s
}

func TestShrink(t *testing.T) {
	s := drawn(40, 300)
	r, err := s.Shrink(30)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d items: all %.3f (%.3f), held out %+v, by lot %+v", r.Items, r.Of, r.Spearman, r.Error, r.HeldOut, r.ByLot)
	if r.HeldOut.Spearman < r.ByLot.Spearman-.02 || r.HeldOut.Error > .8*r.ByLot.Error || r.Spearman < r.HeldOut.Spearman || len(r.IDs) != 30 {
		t.Errorf("%+v", r)
	}
	if again, err := s.Shrink(30); err != nil || !reflect.DeepEqual(r, again) {
		t.Errorf("another time: %+v, %v", again, err)
	}
	seen := map[string]bool{}
	for _, id := range r.IDs {
		if seen[id] {
			t.Errorf("%s is chosen twice", id)
		}
		seen[id] = true
	}
	// All of them are all of them.
	if r, err := s.Shrink(300); err != nil || r.Spearman != 1 || r.Error != 0 || r.HeldOut.Error != 0 || r.ByLot.Error != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestBadSuites(t *testing.T) {
	for name, x := range map[string]struct {
		change func(*Suite)
		n      int
		want   string
	}{
		"no items":       {func(*Suite) {}, 0, "cannot choose 0 of 20"},
		"too many":       {func(*Suite) {}, 21, "cannot choose 21 of 20"},
		"three systems":  {func(s *Suite) { s.Scores, s.Families = s.Scores[:3], s.Families[:3] }, 5, "four systems"},
		"one family":     {func(s *Suite) { s.Families = []string{"a", "a", "a", "a", "a", "a"} }, 5, "two arms"},
		"a score less":   {func(s *Suite) { s.Scores[2] = s.Scores[2][:9] }, 5, "system 2 has 9 scores"},
		"NaN":            {func(s *Suite) { s.Scores[1][3] = math.NaN() }, 5, "scored NaN on item 3"},
		"more than once": {func(s *Suite) { s.Scores[1][3] = 2 }, 5, "between 0 and 1"},
	} {
		s := drawn(6, 20)
		x.change(s)
		if _, err := s.Shrink(x.n); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSpearman(t *testing.T) {
	for _, c := range []struct {
		a, b []float64
		want float64
	}{
		{[]float64{1, 2, 3}, []float64{10, 20, 30}, 1},
		{[]float64{1, 2, 3}, []float64{3, 2, 1}, -1},
		{[]float64{1, 1, 1}, []float64{1, 2, 3}, 0},
		{[]float64{1, 2, 2, 3}, []float64{1, 2, 3, 4}, .9486832980505138}, // scipy.stats.spearmanr
	} {
		if got := Spearman(c.a, c.b); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

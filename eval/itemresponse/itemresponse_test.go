package itemresponse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// drawn makes scores of systems and items with known parameters.
func drawn(systems, items int) (scores [][]float64, ability, difficulty []float64, ids []string) {
	rng := rand.New(rand.NewPCG(3, 4))
	slope := make([]float64, items)
	for i := range items {
		difficulty = append(difficulty, rng.NormFloat64()*1.5)
		slope[i] = math.Exp(rng.NormFloat64() * .4)
		ids = append(ids, fmt.Sprint(i))
	}
	for s := range systems {
		ability = append(ability, -1.5+3*float64(s)/float64(systems-1))
		row := make([]float64, items)
		for i := range row {
			if rng.Float64() < 1/(1+math.Exp(-slope[i]*(ability[s]-difficulty[i]))) {
				row[i] = 1
			}
		}
		scores = append(scores, row)
	}
	return scores, ability, difficulty, ids
}

func TestFit(t *testing.T) {
	scores, ability, difficulty, _ := drawn(40, 300)
	m, err := Fit(scores)
	if err != nil {
		t.Fatal(err)
	}
	if r := Spearman(m.Ability, ability); r < .97 {
		t.Errorf("abilities correlate by %.3f with those that were drawn from", r)
	}
	if r := Spearman(m.Difficulty, difficulty); r < .9 {
		t.Errorf("difficulties correlate by %.3f", r)
	}
	for _, bad := range [][][]float64{nil, {{1}}, {{1, 0}, {1}}, {{1}, {math.NaN()}}, {{1}, {2}}, {{}, {}}} {
		if _, err := Fit(bad); err == nil {
			t.Errorf("%v is fitted", bad)
		}
	}
}

func TestShrink(t *testing.T) {
	scores, _, _, ids := drawn(40, 300)
	r, err := Shrink(ids, scores, 30)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d items: all %.3f (%.3f), held out %+v, by lot %+v", r.Items, r.Of, r.Spearman, r.Error, r.HeldOut, r.ByLot)
	if r.HeldOut.Spearman < .85 || r.HeldOut.Spearman <= r.ByLot.Spearman || len(r.IDs) != 30 {
		t.Errorf("%+v", r)
	}
	sum := 0.
	for _, c := range r.Chosen {
		sum += c.Weight
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("weights sum to %g", sum)
	}
	for _, n := range []int{0, 301} {
		if _, err := Shrink(ids, scores, n); err == nil {
			t.Errorf("%d items are chosen", n)
		}
	}
	if _, err := Shrink(ids, scores[:3], 10); err == nil || !strings.Contains(err.Error(), "four systems") {
		t.Error(err)
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

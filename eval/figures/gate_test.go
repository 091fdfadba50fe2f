package figures

import (
	"math"
	"strings"
	"testing"
)

func TestParseGate(t *testing.T) {
	for s, want := range map[string]string{
		"evidence_recall@1000>=.8": "evidence_recall@1000>=0.8",
		" took_ms_p50 <= 2e1 ":     "took_ms_p50<=20",
		"a b>=-1":                  "a b>=-1",
		"latency_p99@1000 < 200":   "latency_p99@1000<200",
		"table/recall>.5":          "table/recall>0.5",
	} {
		g, err := ParseGate(s)
		if err != nil || g.String() != want {
			t.Errorf("%q: %v, %v; want %s", s, g, err, want)
		}
		if again, err := ParseGate(g.String()); err != nil || again != g {
			t.Errorf("%q is read back as %v, %v", g, again, err)
		}
	}
	for _, s := range []string{"", "recall", "recall=.8", ">=.8", "recall>=", "recall>", "recall=>.8", "recall<>.8", "recall><.8", "recall>=NaN", "recall>=Inf", "recall>=.8>=.9", "recall>=80%"} {
		if g, err := ParseGate(s); err == nil || !strings.Contains(err.Error(), "MEASURE>=X") {
			t.Errorf("%q: %v, %v", s, g, err)
		}
	}
	if _, err := ParseGates([]string{"a>=1", "b"}); err == nil {
		t.Error("a list with what is no gate is read")
	}
}

func TestHolds(t *testing.T) {
	for s, want := range map[string][3]bool{"m>=.8": {false, true, true}, "m>.8": {false, false, true}, "m<=.8": {true, true, false}, "m<.8": {true, false, false}} {
		g, err := ParseGate(s)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range []float64{.79, .1 + .7, .81} {
			if g.Holds(v) != want[i] {
				t.Errorf("%s of %v: %v", s, v, !want[i])
			}
		}
		if g.Holds(math.NaN()) {
			t.Errorf("%s of NaN holds", s)
		}
	}
}

func TestUnmet(t *testing.T) {
	gates, err := ParseGates([]string{"recall>=.8", "ms<=20"})
	if err != nil {
		t.Fatal(err)
	}
	if err := Unmet(gates, map[string]float64{"recall": .1 + .7, "ms": 20}); err != nil {
		t.Error(err)
	}
	err = Unmet(gates, map[string]float64{"recall": .79, "ms": 21, "other": 1})
	if err == nil || err.Error() != "recall is 0.79, recall>=0.8 was required; ms is 21, ms<=20 was required" {
		t.Error(err)
	}
	if err := Unmet(gates[:1], map[string]float64{"recall": math.NaN()}); err == nil {
		t.Error("NaN passes a gate")
	}
	err = Unmet(gates, map[string]float64{"ms": 1, "mrr": 1})
	if err == nil || !strings.Contains(err.Error(), `there is no measure "recall"; there are mrr, ms`) {
		t.Error(err)
	}
}

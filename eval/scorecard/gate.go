package scorecard

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Gate is what a measure must be: evidence_recall@1000>=.8.
type Gate struct {
	Measure string
	Op      string
	Value   float64
}

var gate = regexp.MustCompile(`^\s*([a-z0-9_/]+@\d+)\s*(>=|<=|>|<)\s*([0-9.eE+-]+)\s*$`)

// ParseGate reads a gate, of a measure at one of the budgets.
func ParseGate(s string, budgets []int) (Gate, error) {
	f := gate.FindStringSubmatch(s)
	if f == nil {
		return Gate{}, fmt.Errorf("this is no gate: write a measure at a budget, a comparison and a number, as in evidence_recall@%d>=.8", budgets[len(budgets)-1])
	}
	v, err := strconv.ParseFloat(f[3], 64)
	if err != nil {
		return Gate{}, fmt.Errorf("%q is no number", f[3])
	}
	_, at, _ := strings.Cut(f[1], "@")
	if n, _ := strconv.Atoi(at); !slices.Contains(budgets, n) {
		return Gate{}, fmt.Errorf("%s is none of the budgets %s", at, list(budgets))
	}
	return Gate{f[1], f[2], v}, nil
}

func list(budgets []int) string {
	var out []string
	for _, b := range budgets {
		out = append(out, strconv.Itoa(b))
	}
	return strings.Join(out, ", ")
}

// names are the measures without a budget, in the order of reports.
var names = []string{"evidence_recall", "full_coverage", "any_evidence", "precision", "position", "tokens", "latency_p50", "latency_p99", "violations", "gain"}

// Known says whether there can be such a measure, before anything is measured; the error
// names those that there are.
func (g Gate) Known(kinds []string) error {
	name, _, _ := strings.Cut(g.Measure, "@")
	if slices.Contains(names, name) {
		return nil
	}
	if kind, of, ok := strings.Cut(name, "/"); ok && of == "evidence_recall" && slices.Contains(kinds, kind) {
		return nil
	}
	return fmt.Errorf("there is no measure %s; there are %s, and of one kind of question %s/evidence_recall and so on (%s)", name, strings.Join(names, ", "), kinds[0], strings.Join(kinds, ", "))
}

// Gated holds a card to gates. The error says in one line which do not hold.
func (c *Card) Gated(gates []Gate) error {
	var failed []string
	for _, g := range gates {
		v, ok := c.Measures[g.Measure]
		if !ok {
			failed = append(failed, fmt.Sprintf("%s was not measured: this card has %s", g.Measure, strings.Join(slices.Sorted(maps.Keys(c.Measures)), ", ")))
			continue
		}
		holds := map[string]bool{">=": v >= g.Value, "<=": v <= g.Value, ">": v > g.Value, "<": v < g.Value}[g.Op]
		if !holds {
			failed = append(failed, fmt.Sprintf("%s is %s, required %s%s", g.Measure, number(v), g.Op, number(g.Value)))
		}
	}
	if failed == nil {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(failed, "; "))
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

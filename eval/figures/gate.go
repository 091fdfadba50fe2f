package figures

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Gate is a bound that a measure must keep, written MEASURE>=X, with one of >=, <=, > and <.
type Gate struct {
	Measure string
	Op      string
	Bound   float64
}

// ParseGate reads a gate, such as "evidence_recall@1000>=.8" or "latency_p99@1000<200".
func ParseGate(s string) (Gate, error) {
	i := strings.IndexAny(s, "<>")
	if i < 0 {
		return Gate{}, noGate(s)
	}
	op := s[i : i+1]
	if strings.HasPrefix(s[i+1:], "=") {
		op += "="
	}
	g := Gate{Measure: strings.TrimSpace(s[:i]), Op: op}
	v, err := strconv.ParseFloat(strings.TrimSpace(s[i+len(op):]), 64)
	if g.Measure == "" || strings.HasSuffix(g.Measure, "=") || err != nil || v-v != 0 {
		return Gate{}, noGate(s)
	}
	g.Bound = v
	return g, nil
}

func noGate(s string) error {
	return fmt.Errorf("%q is no gate: write MEASURE>=X, or with <=, > or <, as in evidence_recall@1000>=0.8", s)
}

// ParseGates reads several.
func ParseGates(list []string) ([]Gate, error) {
	var gates []Gate
	for _, s := range list {
		g, err := ParseGate(s)
		if err != nil {
			return nil, err
		}
		gates = append(gates, g)
	}
	return gates, nil
}

func (g Gate) String() string {
	return g.Measure + g.Op + strconv.FormatFloat(g.Bound, 'g', -1, 64)
}

// Holds reports whether v is within the bound; NaN never is. What differs from it by less
// than 1e-9, as sums in another order do, is equal to it.
func (g Gate) Holds(v float64) bool {
	const equal = 1e-9
	switch g.Op {
	case ">=":
		return v >= g.Bound-equal
	case "<=":
		return v <= g.Bound+equal
	case ">":
		return v > g.Bound+equal
	}
	return v < g.Bound-equal
}

// listed is how many measures an error lists.
const listed = 12

// Known says of the first gate on a measure that is not among those given that it is
// unknown, and which are known: to be asked before anything is measured.
func Known(gates []Gate, measures []string) error {
	for _, g := range gates {
		if !slices.Contains(measures, g.Measure) {
			some, more := measures, ""
			if len(measures) > listed {
				some, more = measures[:listed], fmt.Sprintf(" and %d more", len(measures)-listed)
			}
			return fmt.Errorf("gate %q: there is no measure %q; there are %s%s", g, g.Measure, strings.Join(some, ", "), more)
		}
	}
	return nil
}

// Unmet is an error that names each gate that its measure does not keep, with the value;
// nil where all hold.
func Unmet(gates []Gate, values map[string]float64) error {
	if err := Known(gates, slices.Sorted(maps.Keys(values))); err != nil {
		return err
	}
	var short []string
	for _, g := range gates {
		if v := values[g.Measure]; !g.Holds(v) {
			short = append(short, fmt.Sprintf("%s is %.4g, %s was required", g.Measure, v, g))
		}
	}
	if short == nil {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(short, "; "))
}

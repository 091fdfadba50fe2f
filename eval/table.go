package eval

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

func percent(v float64) string { return fmt.Sprintf("%.1f", 100*v) }

// WriteTable prints the report for people: one line a measure, shares in per
// cent.
func (r *RankingReport) WriteTable(w io.Writer, measures []Measure) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "queries\t%d\n", r.Queries)
	for _, m := range measures {
		v := r.Metrics[m.Name()]
		if m.mean == total {
			fmt.Fprintf(t, "%s\t%.0f\n", m.Name(), v)
		} else {
			fmt.Fprintf(t, "%s\t%.4f\n", m.Name(), v)
		}
	}
	if r.TookMSP50 > 0 {
		fmt.Fprintf(t, "median query\t%.3f ms\n", r.TookMSP50)
	}
	return t.Flush()
}

// WriteTable prints the report for people: one line for tamis and for each
// baseline, in the order of Baselines, and in each column a figure under the
// budgets in their order.
func (r *ContextReport) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var budgets []string
	for _, b := range r.Budgets {
		budgets = append(budgets, fmt.Sprint(b.Budget))
	}
	fmt.Fprintf(t, "%d questions, budgets of %s tokens, per cent\n", r.Questions, strings.Join(budgets, ", "))
	fmt.Fprintln(t, "\tevidence recall\tfull coverage\tanswer recall\ttokens\tmedian ms\tviolations")
	line := func(name string, r *ContextReport) {
		var recall, full, answer, tokens, took []string
		broken := 0
		for _, b := range r.Budgets {
			recall = append(recall, percent(b.EvidenceRecall))
			full = append(full, percent(b.FullCoverage))
			if b.AnswerRecall != nil {
				answer = append(answer, percent(*b.AnswerRecall))
			}
			tokens = append(tokens, fmt.Sprintf("%.0f", b.TokensMean))
			took = append(took, fmt.Sprintf("%.1f", b.TookMSP50))
			broken += b.BudgetViolations + b.VerbatimViolations + b.TokenMismatch
		}
		if answer == nil {
			answer = []string{"-"}
		}
		cell := func(v []string) string { return strings.Join(v, " ") }
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%d\n", name, cell(recall), cell(full), cell(answer), cell(tokens), cell(took), broken)
	}
	line("tamis", r)
	for _, b := range Baselines() {
		if x := r.Baselines[b.Name]; x != nil {
			line(b.Name, x)
		}
	}
	return t.Flush()
}

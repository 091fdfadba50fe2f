package main

import (
	"fmt"
	"io"
	"strings"
)

// write prints a Markdown table of one corpus: figures, and in brackets ratios to
// Lucene; of a latency also how far the ratio of single passes spreads.
func write(w io.Writer, res *result) {
	fmt.Fprintf(w, "\n%s: %d documents, %d queries\n\n", res.Name, res.Documents, res.Queries)
	var names []string
	for _, n := range []string{lucene, tamis, tamisDefault, bleve} {
		if res.Engines[n] != nil {
			names = append(names, n)
		}
	}
	base := res.Engines[lucene]
	fmt.Fprintf(w, "| | %s |\n|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	row := func(title string, cell func(e *engine) string) {
		fmt.Fprintf(w, "| %s |", title)
		for _, n := range names {
			fmt.Fprintf(w, " %s |", cell(res.Engines[n]))
		}
		fmt.Fprintln(w)
	}
	cost := func(title, format string, value func(e *engine) float64) {
		row(title, func(e *engine) string {
			s := fmt.Sprintf(format, value(e))
			if base != nil && e != base {
				s += fmt.Sprintf(" (%.2f)", value(e)/value(base))
			}
			return s
		})
	}
	cost("build, thread CPU s", "%.1f", func(e *engine) float64 { return e.Build.CPU })
	cost("build, process CPU s", "%.1f", func(e *engine) float64 { return e.Build.ProcessCPU })
	cost("index MB", "%.2f", func(e *engine) float64 { return float64(e.Build.IndexBytes) / 1e6 })
	for _, k := range []string{"10", "1000"} {
		times := func(title string, value, ratio func(l *latency) float64, spread func(l *latency) [2]float64) {
			row("top-"+k+" "+title, func(e *engine) string {
				l := e.Top[k]
				s := fmt.Sprintf("%.3g", value(l))
				if v := value(l); v >= 100 {
					s = fmt.Sprintf("%.0f", v)
				}
				if base != nil && e != base {
					s += fmt.Sprintf(" (%.2f; %.2f–%.2f)", ratio(l), spread(l)[0], spread(l)[1])
				}
				return s
			})
		}
		times("p50 µs", func(l *latency) float64 { return l.P50 }, func(l *latency) float64 { return l.Ratio50 },
			func(l *latency) [2]float64 { return l.Spread50 })
		times("p99 µs", func(l *latency) float64 { return l.P99 }, func(l *latency) float64 { return l.Ratio99 },
			func(l *latency) [2]float64 { return l.Spread99 })
	}
	if res.Engines[tamis] == nil || base == nil {
		return
	}
	if len(res.Disagreements) == 0 {
		fmt.Fprintf(w, "\nTamis and Lucene give the same top 10 and top 1000, up to ties, for all %d queries.\n", res.Queries)
		return
	}
	fmt.Fprintf(w, "\n%d answers DIFFER:\n", len(res.Disagreements))
	for _, d := range res.Disagreements[:min(10, len(res.Disagreements))] {
		fmt.Fprintf(w, "- %s\n", d)
	}
}

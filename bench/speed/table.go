package main

import (
	"fmt"
	"io"
	"strings"
)

// write prints a Markdown table for each corpus: figures, and in brackets ratios
// to Lucene.
func write(w io.Writer, rep report) {
	m := rep.Machine
	fmt.Fprintf(w, "%s, %s, %d CPUs, %s, %d passes\n", m.Date, m.CPU, m.CPUs, m.Go, rep.Rounds)
	for _, res := range rep.Corpora {
		fmt.Fprintf(w, "\n%s: %d documents, %d queries\n\n", res.Name, res.Documents, res.Queries)
		var names []string
		for _, n := range []string{lucene, tamis, tamisDefault, bleve} {
			if res.Engines[n] != nil {
				names = append(names, n)
			}
		}
		base := res.Engines[lucene]
		row := func(title string, cell func(e *engine) string) {
			cells := []string{title}
			for _, n := range names {
				cells = append(cells, cell(res.Engines[n]))
			}
			fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
		}
		fmt.Fprintf(w, "| | %s |\n|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
		ratio := func(e *engine, v, b float64) string {
			if base == nil || e == base {
				return ""
			}
			return fmt.Sprintf(" (%.2f)", v/b)
		}
		row("build, thread CPU s", func(e *engine) string {
			s := fmt.Sprintf("%.1f", e.Build.CPU)
			if base != nil {
				s += ratio(e, e.Build.CPU, base.Build.CPU)
			}
			return s
		})
		row("build, process CPU s", func(e *engine) string {
			s := fmt.Sprintf("%.1f", e.Build.ProcessCPU)
			if base != nil {
				s += ratio(e, e.Build.ProcessCPU, base.Build.ProcessCPU)
			}
			return s
		})
		row("index MB", func(e *engine) string {
			s := fmt.Sprintf("%.2f", float64(e.Build.IndexBytes)/1e6)
			if base != nil {
				s += ratio(e, float64(e.Build.IndexBytes), float64(base.Build.IndexBytes))
			}
			return s
		})
		for _, k := range []string{"10", "1000"} {
			row("top-"+k+" p50 µs", func(e *engine) string {
				l := e.Top[k]
				return number(l.P50) + spread(e != base && base != nil, l.Ratio50, l.Spread50)
			})
			row("top-"+k+" p99 µs", func(e *engine) string {
				l := e.Top[k]
				return number(l.P99) + spread(e != base && base != nil, l.Ratio99, l.Spread99)
			})
		}
		if res.Engines[tamis] == nil || base == nil {
			continue
		}
		fmt.Fprintf(w, "\nanswers of tamis and Lucene, top 10 and top 1000: ")
		if len(res.Disagreements) == 0 {
			fmt.Fprintf(w, "the same up to ties for all %d queries\n", res.Queries)
			continue
		}
		fmt.Fprintf(w, "%d DIFFER\n", len(res.Disagreements))
		for _, d := range res.Disagreements[:min(10, len(res.Disagreements))] {
			fmt.Fprintf(w, "- %s\n", d)
		}
	}
}

func number(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func spread(show bool, ratio float64, s [2]float64) string {
	if !show {
		return ""
	}
	return fmt.Sprintf(" (%.2f; %.2f–%.2f)", ratio, s[0], s[1])
}

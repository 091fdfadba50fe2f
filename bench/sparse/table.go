package main

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strings"
)

// table prints the report in Markdown. Ratios are to exhaustive scoring at the same k, or to the first engine where it did not run.
func table(w io.Writer, r *report) {
	fmt.Fprintf(w, "%s: %d documents, %d non-zeros, %d queries reported, tuned on %d others; %s\n", r.Data, r.Documents, r.Nonzeros, r.Reported, r.Tuned, r.Machine.CPU)
	base := map[int]float64{}
	for _, x := range r.Rows {
		if x.Exact && (base[x.K] == 0 || x.Engine == "exhaustive" && x.Build == "forward=0") {
			base[x.K] = x.P50
		}
	}
	rows := slices.Clone(r.Rows)
	slices.SortStableFunc(rows, func(a, b row) int {
		told := func(r row) int {
			if r.Told {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(a.K, b.K), cmp.Compare(told(a), told(b)), cmp.Compare(a.Target, b.Target))
	})
	last := ""
	for _, x := range rows {
		title := fmt.Sprintf("exact, k = %d", x.K)
		if !x.Exact {
			title = fmt.Sprintf("tuned to recall@%d ≥ %g", x.K, x.Target)
			if x.Told {
				title = fmt.Sprintf("told to reach recall@%d of %g, not tuned", x.K, x.Target)
			}
		}
		if title != last {
			fmt.Fprintf(w, "\n**%s**\n\n| engine | setting | recall | p50 µs | mean (batch) | p99 | p50 ratio | index MB | resident MB | build CPU s |\n|---|---|---|---|---|---|---|---|---|---|\n", title)
			last = title
		}
		ratio := "–"
		if base[x.K] > 0 {
			ratio = fmt.Sprintf("%.2f", x.P50/base[x.K])
		}
		mean := fmt.Sprintf("%.0f", x.Mean)
		if x.Batch > 0 {
			mean += fmt.Sprintf(" (%.0f)", x.Batch)
		}
		fmt.Fprintf(w, "| %s | %s | %.4f | %.0f | %s | %.0f | %s | %.0f | %.0f | %.0f |\n", x.Engine, strings.Trim(x.Build+" · "+x.Search, " ·"), x.Recall, x.P50, mean, x.P99, ratio,
			float64(x.Bytes)/1e6, float64(x.Resident)/1e6, x.CPU)
	}
}

var colours = []string{"#0b6e4f", "#c1292e", "#235789", "#f1a208", "#7d5ba6", "#555555"}

// plot draws recall@10 against the median latency of the reported queries.
func plot(r *report) []byte {
	const width, height, left, bottom = 720, 420, 60, 40
	low, high, least := math.Inf(1), 0.0, 1.0
	for _, x := range r.Curves {
		if x.Recall >= .7 {
			low, high, least = min(low, x.P50), max(high, x.P50), min(least, x.Recall)
		}
	}
	if high == 0 {
		low, high, least = 1, 10, .7
	}
	low, high = low/1.2, high*1.2
	px := func(recall float64) float64 { return left + (recall-least)/max(1-least, 1e-9)*(width-left-130) }
	py := func(us float64) float64 {
		return height - bottom - math.Log(us/low)/math.Log(high/low)*(height-bottom-20)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12"><rect width="100%%" height="100%%" fill="white"/>`+"\n", width, height)
	for us := math.Pow(10, math.Floor(math.Log10(low))); us <= high; us *= 10 {
		for _, f := range []float64{1, 2, 5} {
			if v := us * f; v >= low && v <= high {
				fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%g</text>`+"\n", left, py(v), width-130, left-6, py(v)+4, v)
			}
		}
	}
	for recall := math.Ceil(least*20) / 20; recall <= 1.0001; recall += .05 {
		fmt.Fprintf(&b, `<path d="M%.1f 20V%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%.2f</text>`+"\n", px(recall), height-bottom, px(recall), height-bottom+16, recall)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d">recall@10 against float32</text><text x="%d" y="14">median CPU µs a query, one thread; %s, %d documents</text>`+"\n", left, height-6, left, html.EscapeString(r.Data), r.Documents)
	var engines []string
	for _, x := range r.Curves {
		if !slices.Contains(engines, x.Engine) {
			engines = append(engines, x.Engine)
		}
	}
	for i, e := range engines {
		colour := colours[i%len(colours)]
		path := "M"
		for _, x := range r.Curves {
			if x.Engine == e && x.Recall >= .7 {
				path += fmt.Sprintf("%.1f %.1fL", px(x.Recall), py(x.P50))
				fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"><title>%s</title></circle>`+"\n", px(x.Recall), py(x.P50), colour, html.EscapeString(x.Build+" "+x.Search))
			}
		}
		fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s"/><text x="%d" y="%d" fill="%s">%s</text>`+"\n", strings.TrimSuffix(path, "L"), colour, width-120, 30+18*i, colour, html.EscapeString(e))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

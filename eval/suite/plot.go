package suite

import (
	"bufio"
	"cmp"
	"fmt"
	"html"
	"io"
	"math"
	"slices"
)

// The plot's measures, in SVG units.
const (
	plotWidth, plotHeight           = 900, 480
	plotLeft, plotRight             = 56, 230 // room for the scale, and for the names
	plotTop, plotBottom             = 40, 52
	plotLine                        = 15 // between two names
	plotInnerWidth, plotInnerHeight = plotWidth - plotLeft - plotRight, plotHeight - plotTop - plotBottom
)

// plotColours are told apart by people who see colours differently (Okabe and
// Ito 2008); the first, for tamis, is drawn boldest.
var plotColours = []string{"#d55e00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f", "#332288", "#44aa99", "#882255"}

// WritePlot draws mean evidence recall over the budget as an SVG image: one curve
// a system, budgets on a logarithmic scale.
func (r *Report) WritePlot(w io.Writer, title string) error {
	if len(r.Budgets) < 2 || r.Budgets[0] >= r.Budgets[len(r.Budgets)-1] {
		return fmt.Errorf("a curve needs two budgets that ascend, not %v", r.Budgets)
	}
	b := bufio.NewWriter(w)
	lo, hi := math.Log(float64(r.Budgets[0])), math.Log(float64(r.Budgets[len(r.Budgets)-1]))
	x := func(tokens float64) float64 {
		return plotLeft + plotInnerWidth*(math.Log(tokens)-lo)/(hi-lo)
	}
	y := func(recall float64) float64 { return plotTop + plotInnerHeight*(1-recall) }
	text := func(x, y float64, anchor, fill, s string) {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">%s</text>`+"\n", x, y, anchor, fill, html.EscapeString(s))
	}
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(b, `<rect width="%d" height="%d" fill="white"/>`+"\n", plotWidth, plotHeight)
	text(plotLeft, 22, "start", "black", title)
	line := func(x1, y1, x2, y2 float64, style string) {
		fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" %s/>`+"\n", x1, y1, x2, y2, style)
	}
	for p := 0; p <= 100; p += 20 {
		style := `stroke="#ddd"`
		if p == 80 { // what tokens to 80 % is read at
			style = `stroke="#888" stroke-dasharray="4 3"`
		}
		line(plotLeft, y(float64(p)/100), plotLeft+plotInnerWidth, y(float64(p)/100), style)
		text(plotLeft-8, y(float64(p)/100)+4, "end", "black", fmt.Sprintf("%d %%", p))
	}
	last := math.Inf(-1)
	for _, t := range r.Budgets {
		at := x(float64(t))
		line(at, y(0), at, y(0)+5, `stroke="black"`)
		if at-last >= 34 { // else the numbers would run into each other
			text(at, y(0)+18, "middle", "black", fmt.Sprint(t))
			last = at
		}
	}
	text(plotLeft+plotInnerWidth/2, plotHeight-12, "middle", "black", "tokens of the context")
	// Names stand at the ends of their curves, pushed apart.
	order := make([]int, len(r.Mean))
	for i := range order {
		order[i] = i
	}
	end := func(i int) float64 { return y(r.Mean[i].Recall[len(r.Budgets)-1]) }
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(end(i), end(j)) })
	at := math.Inf(-1)
	for _, i := range order {
		m := r.Mean[i]
		colour, width := plotColours[i%len(plotColours)], 1.5
		if m.System == tamisName {
			width = 3
		}
		fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="%g" points="`, colour, width)
		for k, t := range r.Budgets {
			fmt.Fprintf(b, "%.1f,%.1f ", x(float64(t)), y(m.Recall[k]))
		}
		fmt.Fprintln(b, `"/>`)
		at = max(end(i)+4, at+plotLine)
		name := m.System
		if m.TokensTo80 > 0 {
			name += fmt.Sprintf(" (80 %%: %.0f)", m.TokensTo80)
		}
		text(plotLeft+plotInnerWidth+8, at, "start", colour, name)
	}
	fmt.Fprintln(b, "</svg>")
	return b.Flush()
}

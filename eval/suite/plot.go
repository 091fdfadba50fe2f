package suite

import (
	"fmt"
	"io"
	"math"

	"github.com/tamis-search/tamis/eval/draw"
)

// WritePlot draws mean evidence recall over the budget as an SVG image: one curve
// a system, budgets on a logarithmic scale.
func (r *Report) WritePlot(w io.Writer, title string) error {
	if len(r.Budgets) < 2 || r.Budgets[0] >= r.Budgets[len(r.Budgets)-1] {
		return fmt.Errorf("a curve needs two budgets that ascend, not %v", r.Budgets)
	}
	c := &draw.Curves{Title: title, XLabel: "tokens of the context", Mark: .8} // what tokens to 80 % is read at
	for _, b := range r.Budgets {
		c.X, c.At = append(c.X, fmt.Sprint(b)), append(c.At, math.Log(float64(b)))
	}
	for _, m := range r.Mean {
		name := m.System
		if m.TokensTo80 > 0 {
			name += fmt.Sprintf(" (80 %%: %.0f)", m.TokensTo80)
		}
		c.Lines = append(c.Lines, draw.Line{Name: name, Y: m.Recall, Bold: m.System == tamisName})
	}
	return c.WriteSVG(w)
}

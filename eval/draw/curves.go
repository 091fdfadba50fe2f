package draw

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
)

// The measures of curves, in SVG units.
const (
	curvesLeft, curvesTop  = 56, 44
	curvesWide, curvesHigh = 600, 320
	curvesRight            = 230 // room for the names
	nameHigh               = 15  // between two names of lines
	nameWide               = 34  // between two names of places
)

// places are where the points of curves stand.
func (c *Curves) places() []float64 {
	n := len(c.X)
	out := make([]float64, n)
	for i := range out {
		switch {
		case n < 2:
			out[i] = curvesLeft + curvesWide/2
		case c.At != nil:
			out[i] = curvesLeft + curvesWide*(c.At[i]-c.At[0])/(c.At[n-1]-c.At[0])
		default:
			out[i] = curvesLeft + curvesWide*float64(i)/float64(n-1)
		}
	}
	return out
}

// WriteSVG draws the curves, with their names at their ends.
func (c *Curves) WriteSVG(w io.Writer) error {
	p := begin(w, curvesLeft+curvesWide+curvesRight, max(curvesTop+curvesHigh, curvesTop+nameHigh*len(c.Lines))+56, c.Title)
	x := c.places()
	y := func(v float64) float64 { return curvesTop + curvesHigh*(1-v) }
	for t := 0; t <= 100; t += 20 {
		at := y(float64(t) / 100)
		p.line(curvesLeft, at, curvesLeft+curvesWide, at, grid)
		p.text(curvesLeft-8, at+4, "end", "black", fmt.Sprintf("%d %%", t))
	}
	if c.Mark > 0 {
		p.line(curvesLeft, y(c.Mark), curvesLeft+curvesWide, y(c.Mark), `stroke="#888" stroke-dasharray="4 3"`)
	}
	last := math.Inf(-1)
	for i, name := range c.X {
		p.line(x[i], y(0), x[i], y(0)+5, `stroke="black"`)
		if c.At == nil || x[i]-last >= nameWide {
			p.text(x[i], y(0)+18, "middle", "black", name)
			last = x[i]
		}
	}
	p.text(curvesLeft+curvesWide/2, y(0)+42, "middle", "black", c.XLabel)
	for k := range c.Lines {
		p.curve(&c.Lines[k], x, y, colour(k))
	}
	c.names(p, y)
	return p.end()
}

// curve draws one line, in as many pieces as its gaps make.
func (p page) curve(l *Line, x []float64, y func(float64) float64, ink string) {
	width := 1.5
	if l.Bold {
		width = 3
	}
	from := 0
	for i := 0; i <= len(l.Y); i++ {
		if i < len(l.Y) && !math.IsNaN(l.Y[i]) {
			fmt.Fprintf(p.b, `<circle cx="%.1f" cy="%.1f" r="%g" fill="%s"/>`+"\n", x[i], y(l.Y[i]), width+1, ink)
			continue
		}
		if i > from {
			fmt.Fprintf(p.b, `<polyline fill="none" stroke="%s" stroke-width="%g" points="`, ink, width)
			for k := from; k < i; k++ {
				fmt.Fprintf(p.b, "%.1f,%.1f ", x[k], y(l.Y[k]))
			}
			fmt.Fprintln(p.b, `"/>`)
		}
		from = i + 1
	}
}

// names writes the names of lines beside their ends, pushed apart.
func (c *Curves) names(p page, y func(float64) float64) {
	end := func(k int) float64 {
		for i := len(c.Lines[k].Y) - 1; i >= 0; i-- {
			if v := c.Lines[k].Y[i]; !math.IsNaN(v) {
				return y(v)
			}
		}
		return y(0)
	}
	order := make([]int, len(c.Lines))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(end(a), end(b)) })
	// Those that are too low leave room below the ones that follow.
	lowest := y(0) + 4
	at := math.Inf(-1)
	for n, k := range order {
		at = max(min(end(k)+4, lowest-float64(nameHigh*(len(order)-1-n))), at+nameHigh)
		p.text(curvesLeft+curvesWide+10, at, "start", colour(k), c.Lines[k].Name)
	}
}

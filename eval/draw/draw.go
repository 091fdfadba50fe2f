// Package draw has the pictures of evaluations, heat maps and curves, as SVG that needs
// nothing from outside.
package draw

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"math"
)

// HeatMap shows a share for each row and column, from dark red for 0 to dark blue for 1.
// NaN leaves a cell empty.
type HeatMap struct {
	Title         string
	XLabel        string
	YLabel        string
	Columns, Rows []string
	Values        [][]float64 // by row
}

// Curves shows shares over places of an axis, one line a system.
type Curves struct {
	Title, XLabel string
	X             []string
	Lines         []Line
}

// Line is one of Curves; NaN leaves a gap.
type Line struct {
	Name string
	Y    []float64
}

// Colours are told apart by people who see colours differently (Okabe and Ito 2008).
var colours = []string{"#d55e00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f", "#332288", "#44aa99", "#882255"}

// page writes SVG; the first error of the writer is kept by bufio.
type page struct{ b *bufio.Writer }

func begin(w io.Writer, width, height int, title string) page {
	p := page{bufio.NewWriter(w)}
	fmt.Fprintf(p.b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="12" role="img" aria-label="%s">`+"\n", width, height, width, height, html.EscapeString(title))
	fmt.Fprintf(p.b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	p.text(12, 20, "start", "black", title)
	return p
}

func (p page) text(x, y float64, anchor, fill, s string) {
	fmt.Fprintf(p.b, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">%s</text>`+"\n", x, y, anchor, fill, html.EscapeString(s))
}

func (p page) end() error {
	fmt.Fprintln(p.b, "</svg>")
	return p.b.Flush()
}

// shade is the colour of a share, by way of white at one half, and one that is read on it.
func shade(v float64) (fill, ink string) {
	v = min(max(v, 0), 1)
	mix := func(a, b int, t float64) int { return a + int(math.Round(float64(b-a)*t)) }
	r, g, b := 0x21, 0x66, 0xac
	t := 2*v - 1
	if v < .5 {
		r, g, b, t = 0xb2, 0x18, 0x2b, 1-2*v
	}
	ink = "black"
	if t > .6 {
		ink = "white"
	}
	return fmt.Sprintf("#%02x%02x%02x", mix(0xf7, r, t), mix(0xf7, g, t), mix(0xf7, b, t)), ink
}

// WriteSVG draws the map.
func (h *HeatMap) WriteSVG(w io.Writer) error {
	const left, top, cellW, cellH = 90, 40, 64, 26
	width, height := left+cellW*len(h.Columns)+20, top+cellH*len(h.Rows)+50
	p := begin(w, max(width, 420), height, h.Title)
	for r, name := range h.Rows {
		p.text(left-8, float64(top+cellH*r+17), "end", "black", name)
		for c := range h.Columns {
			v := h.Values[r][c]
			x, y := left+cellW*c, top+cellH*r
			if math.IsNaN(v) {
				fmt.Fprintf(p.b, `<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#ddd"/>`+"\n", x, y, cellW, cellH)
				continue
			}
			fill, ink := shade(v)
			fmt.Fprintf(p.b, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s" stroke="white"/>`+"\n", x, y, cellW, cellH, fill)
			p.text(float64(x)+cellW/2, float64(y+17), "middle", ink, fmt.Sprintf("%.0f", 100*v))
		}
	}
	bottom := float64(top + cellH*len(h.Rows))
	for c, name := range h.Columns {
		p.text(float64(left+cellW*c)+cellW/2, bottom+16, "middle", "black", name)
	}
	p.text(float64(left+cellW*len(h.Columns)/2), bottom+36, "middle", "black", h.XLabel)
	p.text(12, top-4, "start", "black", h.YLabel)
	return p.end()
}

// WriteSVG draws the curves.
func (c *Curves) WriteSVG(w io.Writer) error {
	const left, right, top, innerW, innerH = 56, 170, 44, 460, 220
	p := begin(w, left+innerW+right, top+innerH+56, c.Title)
	x := func(i int) float64 {
		if len(c.X) < 2 {
			return left + innerW/2
		}
		return left + float64(innerW*i)/float64(len(c.X)-1)
	}
	y := func(v float64) float64 { return top + innerH*(1-v) }
	for t := 0; t <= 100; t += 20 {
		at := y(float64(t) / 100)
		fmt.Fprintf(p.b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/>`+"\n", left, at, left+innerW, at)
		p.text(left-8, at+4, "end", "black", fmt.Sprintf("%d %%", t))
	}
	for i, name := range c.X {
		p.text(x(i), top+innerH+18, "middle", "black", name)
	}
	p.text(left+innerW/2, top+innerH+42, "middle", "black", c.XLabel)
	for k, l := range c.Lines {
		colour := colours[k%len(colours)]
		points := func(from, to int) {
			fmt.Fprintf(p.b, `<polyline fill="none" stroke="%s" stroke-width="2" points="`, colour)
			for i := from; i < to; i++ {
				fmt.Fprintf(p.b, "%.1f,%.1f ", x(i), y(l.Y[i]))
			}
			fmt.Fprintln(p.b, `"/>`)
		}
		from := 0
		for i := 0; i <= len(l.Y); i++ {
			if i == len(l.Y) || math.IsNaN(l.Y[i]) {
				if i > from {
					points(from, i)
				}
				from = i + 1
				continue
			}
			fmt.Fprintf(p.b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x(i), y(l.Y[i]), colour)
		}
		p.text(left+innerW+14, float64(top+12+16*k), "start", colour, l.Name)
	}
	return p.end()
}

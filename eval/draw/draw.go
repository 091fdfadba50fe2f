// Package draw has the pictures of evaluations, heat maps, curves, bars and maps of
// documents, as SVG that needs nothing from outside.
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
	// Counts, where not nil, say of how many a value is the mean.
	Counts [][]int
}

// Curves shows shares over places of an axis, one line a system.
type Curves struct {
	Title, XLabel string
	X             []string
	// At, where not nil, are the places of X, ascending; else they are as far apart as
	// each other. Of names that would run into each other some are left out.
	At    []float64
	Mark  float64 // a share at which a dashed line is drawn, 0 for none
	Lines []Line
}

// Line is one of Curves; NaN leaves a gap.
type Line struct {
	Name string
	Y    []float64
	Bold bool
}

// colours are told apart by people who see colours differently (Okabe and Ito 2008).
var colours = []string{"#d55e00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f", "#332288", "#44aa99", "#882255"}

func colour(i int) string { return colours[i%len(colours)] }

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

func (p page) line(x1, y1, x2, y2 float64, style string) {
	fmt.Fprintf(p.b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" %s/>`+"\n", x1, y1, x2, y2, style)
}

// rect is a rectangle that says its title where one points at it.
func (p page) rect(x, y, w, h float64, fill, title string) {
	fmt.Fprintf(p.b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"><title>%s</title></rect>`+"\n", x, y, max(w, .5), h, fill, html.EscapeString(title))
}

const grid = `stroke="#ddd"`

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
	const top, cellW, cellH = 40, 74, 26
	left := 90
	for _, r := range h.Rows {
		left = max(left, 24+7*len([]rune(r)))
	}
	width, height := left+cellW*len(h.Columns)+20, top+cellH*len(h.Rows)+50
	p := begin(w, max(width, 420), height, h.Title)
	for r, name := range h.Rows {
		p.text(float64(left-8), float64(top+cellH*r+17), "end", "black", name)
		for c := range h.Columns {
			v := h.Values[r][c]
			x, y := left+cellW*c, top+cellH*r
			if math.IsNaN(v) {
				fmt.Fprintf(p.b, `<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#ddd"/>`+"\n", x, y, cellW, cellH)
				continue
			}
			fill, ink := shade(v)
			fmt.Fprintf(p.b, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s" stroke="white"/>`+"\n", x, y, cellW, cellH, fill)
			text := fmt.Sprintf("%.0f", 100*v)
			if h.Counts != nil {
				text += fmt.Sprintf(" (%d)", h.Counts[r][c])
			}
			p.text(float64(x)+cellW/2, float64(y+17), "middle", ink, text)
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

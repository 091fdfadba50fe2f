package draw

import (
	"fmt"
	"html"
	"io"
	"math"
)

// Dots are places in a plane, larger ones for what weighs more.
type Dots struct {
	Title  string
	Points []Dot
}

// Dot is one of Dots: Size from 0 to 1 is its share of the largest area. One with a Name has it
// beside it.
type Dot struct {
	X, Y, Size  float64
	Name, Title string
}

// WriteSVG draws the dots, in a square that holds all.
func (d *Dots) WriteSVG(w io.Writer) error {
	const width, high, edge, top, largest = 900, 620, 50, 40, 12
	p := begin(w, width, high, d.Title)
	low, most := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for _, x := range d.Points {
		for i, v := range [2]float64{x.X, x.Y} {
			low[i], most[i] = min(low[i], v), max(most[i], v)
		}
	}
	scaled := func(v float64, i int, from, to float64) float64 {
		if most[i] == low[i] {
			return (from + to) / 2
		}
		return from + (to-from)*(v-low[i])/(most[i]-low[i])
	}
	for _, x := range d.Points {
		fmt.Fprintf(p.b, `<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s" fill-opacity=".45"><title>%s</title></circle>`+"\n",
			scaled(x.X, 0, edge, width-edge), scaled(x.Y, 1, high-edge, top+20), 2+largest*math.Sqrt(min(1, max(0, x.Size))), colour(1), html.EscapeString(x.Title))
	}
	for _, x := range d.Points {
		if x.Name != "" {
			at, anchor := scaled(x.X, 0, edge, width-edge), "start"
			if at > width/2 {
				anchor = "end"
			}
			p.text(at, scaled(x.Y, 1, high-edge, top+20)+4, anchor, "black", x.Name)
		}
	}
	return p.end()
}

// Ranks are numbers from the greatest to the smallest, a column each.
type Ranks struct {
	Title, XLabel string
	Values        []float64 // descending, not negative
	Titles        []string  // of the columns, where one points at them
	Format        string    // of a number beside the axis, as in "%.1f %%"
}

// WriteSVG draws the columns.
func (r *Ranks) WriteSVG(w io.Writer) error {
	const width, high, left, top, bottom = 900, 260, 70, 36, 215
	p := begin(w, width, high, r.Title)
	most := 0.0
	for _, v := range r.Values {
		most = max(most, v)
	}
	if most == 0 {
		most = 1
	}
	for t := range 5 {
		y := bottom - float64(bottom-top)*float64(t)/4
		p.line(left, y, width-20, y, grid)
		p.text(left-8, y+4, "end", "black", fmt.Sprintf(r.Format, most*float64(t)/4))
	}
	each := float64(width-20-left) / float64(max(1, len(r.Values)))
	for i, v := range r.Values {
		title := ""
		if i < len(r.Titles) {
			title = r.Titles[i]
		}
		h := float64(bottom-top) * v / most
		p.rect(left+each*float64(i), bottom-h, max(.6, each*.85), h, colour(1), title)
	}
	p.text((left+width)/2, bottom+30, "middle", "black", r.XLabel)
	return p.end()
}

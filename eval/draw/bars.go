package draw

import (
	"fmt"
	"io"
)

// Bars shows shares with their intervals as lying bars, in groups of one a system.
type Bars struct {
	Title   string
	Systems []string
	Groups  []Group
}

// Group is some bars under one name.
type Group struct {
	Name   string
	N      int // of how many each is the mean
	Values []Interval
}

// Interval is a share within bounds.
type Interval struct{ Mean, Low, High float64 }

// WriteSVG draws the bars.
func (b *Bars) WriteSVG(w io.Writer) error {
	const left, width, bar, gap, right, title, legend = 190, 900, 13, 12, 60, 24, 24
	const top = title + legend
	each := float64(len(b.Systems))*bar + gap
	bottom := top + each*float64(len(b.Groups))
	p := begin(w, width, int(bottom)+28, b.Title)
	x := func(share float64) float64 { return left + (width-left-right)*share }
	at := 10.0
	for i, name := range b.Systems {
		p.rect(left+at, title+6, 11, 11, colour(i), name)
		p.text(left+at+16, title+16, "start", "black", name)
		at += 40 + 7*float64(len(name))
	}
	for t := 0; t <= 100; t += 20 {
		p.line(x(float64(t)/100), top, x(float64(t)/100), bottom, grid)
		p.text(x(float64(t)/100), bottom+16, "middle", "black", fmt.Sprintf("%d %%", t))
	}
	for g, one := range b.Groups {
		y := top + each*float64(g) + gap/2
		p.text(left-8, y+each/2-2, "end", "black", fmt.Sprintf("%s (%d)", one.Name, one.N))
		for i, v := range one.Values {
			top := y + float64(i)*bar
			p.rect(left, top, x(v.Mean)-left, bar-2, colour(i), fmt.Sprintf("%s, %s: %.1f %% [%.1f, %.1f]", one.Name, b.Systems[i], 100*v.Mean, 100*v.Low, 100*v.High))
			p.line(x(v.Low), top+bar/2-1, x(v.High), top+bar/2-1, `stroke="#333"`)
			p.text(x(max(v.Mean, v.High))+5, top+bar-3, "start", "black", fmt.Sprintf("%.1f", 100*v.Mean))
		}
	}
	return p.end()
}

// Strips are maps of documents, each from its first byte on the left to its last.
type Strips struct {
	Title string
	Rows  []Strip
}

// Strip is one document.
type Strip struct {
	Name, Title string
	Length      int
	Marks       []Mark
}

// Mark is a range of a document: on its strip, or above or below it.
type Mark struct {
	Start, End int
	As         int // On, Above or Below
	Title      string
}

// Where a mark stands. What is above is well, what is below is not.
const (
	On = iota
	Above
	Below
)

// WriteSVG draws the strips.
func (s *Strips) WriteSVG(w io.Writer) error {
	const left, width, each, top = 330, 900, 24, 34
	p := begin(w, width, top+each*len(s.Rows)+10, s.Title)
	for n, r := range s.Rows {
		y := float64(top + n*each + 4)
		x := func(at int) float64 { return left + (width-left-20)*float64(at)/float64(max(1, r.Length)) }
		p.text(left-8, y+9, "end", "black", r.Name)
		p.rect(left, y, x(r.Length)-left, 8, "#eee", r.Title)
		for _, m := range r.Marks {
			switch m.As {
			case Above:
				p.rect(x(m.Start), y-5, max(2.5, x(m.End)-x(m.Start)), 5, "#009e73", m.Title)
			case Below:
				p.rect(x(m.Start), y+8, max(2.5, x(m.End)-x(m.Start)), 5, "#d55e00", m.Title)
			default:
				p.rect(x(m.Start), y, x(m.End)-x(m.Start), 8, "#56b4e9", m.Title)
			}
		}
	}
	return p.end()
}

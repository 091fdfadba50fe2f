package scorecard

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/questions"
	"github.com/tamis-search/tamis/eval/suite"
)

// Picture is one of a card's pictures.
type Picture struct {
	Name string
	SVG  []byte
}

// Pictures are recall over tokens, recall by kind and by the evidence's place, a heat map
// of place and length, and maps of what is kept of documents. One that there is nothing
// for is left out.
func (c *Card) Pictures() (out []Picture) {
	put := func(name string, svg []byte) {
		if svg != nil {
			out = append(out, Picture{name, svg})
		}
	}
	put("recall", c.curve())
	put("kinds", c.kinds())
	put("position", c.positions())
	put("heat", c.heat())
	put("maps", c.maps())
	return out
}

func (c *Card) curve() []byte {
	r := suite.Report{Budgets: c.Budgets}
	for i := range c.Systems {
		m := suite.SystemMean{System: c.Systems[i].Name}
		for b := range c.Budgets {
			m.Recall = append(m.Recall, c.Systems[i].Budgets[b].EvidenceRecall.Mean)
		}
		r.Mean = append(r.Mean, m)
	}
	var b bytes.Buffer
	if r.WritePlot(&b, "Evidence in the context") != nil {
		return nil // of one budget there is no curve
	}
	return b.Bytes()
}

// colours of the systems in bars: the first is told from the rest (Okabe and Ito 2008).
var colours = []string{"#d55e00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f", "#332288", "#44aa99", "#882255"}

// canvas is an SVG image under way.
type canvas struct{ bytes.Buffer }

func newCanvas(width, height int) *canvas {
	v := &canvas{}
	fmt.Fprintf(v, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(v, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	return v
}

func (v *canvas) text(x, y float64, anchor, s string) {
	fmt.Fprintf(v, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, html.EscapeString(s))
}

func (v *canvas) rect(x, y, w, h float64, fill, title string) {
	fmt.Fprintf(v, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"><title>%s</title></rect>`+"\n", x, y, max(w, .5), h, fill, html.EscapeString(title))
}

func (v *canvas) end() []byte {
	fmt.Fprintln(v, "</svg>")
	return v.Bytes()
}

// group is some bars under one name: a value a system, with the number of questions.
type group struct {
	name   string
	n      int
	values []Measured
}

// bars draws groups of lying bars with their intervals.
func (c *Card) bars(groups []group) []byte {
	const left, width, bar, gap, right = 190, 900, 13, 12, 60
	each := float64(len(c.Systems))*bar + gap
	legend := 26.0
	v := newCanvas(width, int(legend+each*float64(len(groups))+28))
	x := func(share float64) float64 { return left + (width-left-right)*share }
	at := 10.0
	for i := range c.Systems {
		fmt.Fprintf(v, `<rect x="%.1f" y="6" width="11" height="11" fill="%s"/>`+"\n", left+at, colours[i%len(colours)])
		v.text(left+at+16, 16, "start", c.Systems[i].Name)
		at += 40 + 7*float64(len(c.Systems[i].Name))
	}
	for p := 0; p <= 100; p += 20 {
		fmt.Fprintf(v, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#ddd"/>`+"\n", x(float64(p)/100), legend, x(float64(p)/100), legend+each*float64(len(groups)))
		v.text(x(float64(p)/100), legend+each*float64(len(groups))+16, "middle", fmt.Sprintf("%d %%", p))
	}
	for g, one := range groups {
		y := legend + each*float64(g) + gap/2
		v.text(left-8, y+each/2-2, "end", fmt.Sprintf("%s (%d)", one.name, one.n))
		for i, m := range one.values {
			top := y + float64(i)*bar
			v.rect(left, top, x(m.Mean)-left, bar-2, colours[i%len(colours)], fmt.Sprintf("%s, %s: %s %% [%s, %s]", one.name, c.Systems[i].Name, figures.Percent(m.Mean), figures.Percent(m.Low), figures.Percent(m.High)))
			fmt.Fprintf(v, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#333"/>`+"\n", x(m.Low), top+bar/2-1, x(m.High), top+bar/2-1)
			v.text(x(max(m.Mean, m.High))+5, top+bar-3, "start", figures.Percent(m.Mean))
		}
	}
	return v.end()
}

// grouped are the bars of the questions that belong to a group.
func (c *Card) grouped(name string, in func(*Item) bool) group {
	g := group{name: name}
	for s := range c.Systems {
		var v []float64
		for i := range c.Items {
			if in(&c.Items[i]) {
				v = append(v, c.Items[i].Scores[c.Systems[s].Name][c.shown].Recall)
			}
		}
		g.n = len(v)
		low, high := figures.Interval(v)
		g.values = append(g.values, Measured{figures.Mean(v), low, high})
	}
	return g
}

func (c *Card) kinds() []byte {
	var groups []group
	for _, k := range append(slices.Clone(questions.Kinds), "") {
		if g := c.grouped(cmp.Or(k, "other"), func(i *Item) bool { return i.Kind == k }); g.n > 0 {
			groups = append(groups, g)
		}
	}
	return c.bars(groups)
}

// fifths are the parts of a document.
var fifths = []string{"first fifth", "second", "third", "fourth", "last fifth"}

func fifth(i *Item) int { return min(4, int(5*i.Depth)) }

func (c *Card) positions() []byte {
	var groups []group
	for k, name := range fifths {
		if g := c.grouped(name, func(i *Item) bool { return fifth(i) == k }); g.n > 0 {
			groups = append(groups, g)
		}
	}
	return c.bars(groups)
}

// heat is the first system's recall by the evidence's depth and the document's length.
func (c *Card) heat() []byte {
	lengths := []struct {
		name string
		most int
	}{{"up to 4 kB", 4_000}, {"to 16 kB", 16_000}, {"to 64 kB", 64_000}, {"to 256 kB", 256_000}, {"longer", math.MaxInt}}
	const left, cell, height, top = 190, 130, 34, 30
	v := newCanvas(900, top+height*len(lengths)+14)
	for k, name := range fifths {
		v.text(left+float64(k)*cell+cell/2, 18, "middle", name)
	}
	from := 0
	for r, l := range lengths {
		v.text(left-8, float64(top+r*height)+21, "end", "documents "+l.name)
		for k := range fifths {
			g := c.grouped("", func(i *Item) bool { return fifth(i) == k && i.Length > from && i.Length <= l.most })
			x, y := float64(left+k*cell), float64(top+r*height)
			if g.n == 0 {
				v.rect(x, y, cell-3, height-3, "#f2f2f2", "no question")
				continue
			}
			m := g.values[0].Mean
			// From white to blue: light enough for black letters.
			fill := fmt.Sprintf("rgb(%d,%d,%d)", int(255-165*m), int(255-85*m), 255)
			v.rect(x, y, cell-3, height-3, fill, fmt.Sprintf("%s %% of the evidence of %d questions", figures.Percent(m), g.n))
			v.text(x+cell/2-2, y+20, "middle", fmt.Sprintf("%.0f %% (%d)", 100*m, g.n))
		}
		from = l.most
	}
	return v.end()
}

// maps are strips of documents: what is kept, and which evidence is not.
func (c *Card) maps() []byte {
	type strip struct {
		doc    string
		length int
		lost   float64
		items  []int
	}
	by := map[string]*strip{}
	var all []*strip
	for i := range c.Items {
		x := &c.Items[i]
		s := by[x.Doc]
		if s == nil {
			s = &strip{doc: x.Doc, length: x.Length}
			by[x.Doc] = s
			all = append(all, s)
		}
		s.lost += 1 - c.recall(i)
		s.items = append(s.items, i)
	}
	if len(all) == 0 || c.Items[0].place == nil {
		return nil
	}
	slices.SortStableFunc(all, func(a, b *strip) int { return cmp.Compare(b.lost, a.lost) })
	all = all[:min(mostMaps, len(all))]
	const left, width, each = 330, 900, 24
	v := newCanvas(width, each*len(all)+10)
	for n, s := range all {
		y := float64(n*each + 8)
		x := func(at int) float64 { return left + (width-left-20)*float64(at)/float64(max(1, s.length)) }
		v.text(left-8, y+9, "end", shortDoc(strings.TrimPrefix(s.doc, c.above())))
		v.rect(left, y, x(s.length)-left, 8, "#eee", fmt.Sprintf("%s, %d bytes", s.doc, s.length))
		for _, i := range s.items {
			for _, k := range c.Items[i].kept.Spans {
				if k.Doc == s.doc {
					v.rect(x(k.Start), y, x(k.End)-x(k.Start), 8, "#56b4e9", fmt.Sprintf("kept for: %s", c.Items[i].Question))
				}
			}
		}
		for _, i := range s.items {
			for _, e := range c.Items[i].place {
				top, fill := y-5, "#009e73"
				if c.recall(i) < .5 {
					top, fill = y+8, "#d55e00"
				}
				v.rect(x(e.Start), top, max(2.5, x(e.End)-x(e.Start)), 5, fill, fmt.Sprintf("%s %% kept: %s", figures.Percent(c.recall(i)), c.Items[i].Question))
			}
		}
	}
	return v.end()
}

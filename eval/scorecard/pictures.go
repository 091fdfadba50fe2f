package scorecard

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/eval/draw"
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
	put := func(name string, write func(io.Writer) error) {
		var b bytes.Buffer
		if write != nil && write(&b) == nil { // of one budget there is no curve
			out = append(out, Picture{name, b.Bytes()})
		}
	}
	put("recall", c.curve)
	put("kinds", c.kinds().WriteSVG)
	put("position", c.positions().WriteSVG)
	put("heat", c.heat().WriteSVG)
	if m := c.maps(); m != nil {
		put("maps", m.WriteSVG)
	}
	return out
}

func (c *Card) curve(w io.Writer) error {
	r := suite.Report{Budgets: c.Budgets}
	for i := range c.Systems {
		m := suite.SystemMean{System: c.Systems[i].Name}
		for b := range c.Budgets {
			m.Recall = append(m.Recall, c.Systems[i].Budgets[b].EvidenceRecall.Mean)
		}
		r.Mean = append(r.Mean, m)
	}
	return r.WritePlot(w, "Evidence in the context")
}

// bars are those of groups of questions.
func (c *Card) bars(title string, groups []draw.Group) *draw.Bars {
	b := &draw.Bars{Title: title, Groups: groups}
	for i := range c.Systems {
		b.Systems = append(b.Systems, c.Systems[i].Name)
	}
	return b
}

// grouped are the bars of the questions that belong to a group.
func (c *Card) grouped(name string, in func(*Item) bool) draw.Group {
	g := draw.Group{Name: name}
	for s := range c.Systems {
		var v []float64
		for i := range c.Items {
			if in(&c.Items[i]) {
				v = append(v, c.Items[i].Scores[c.Systems[s].Name][c.shown].Recall)
			}
		}
		g.N = len(v)
		low, high := figures.Interval(v)
		g.Values = append(g.Values, draw.Interval{Mean: figures.Mean(v), Low: low, High: high})
	}
	return g
}

func (c *Card) kinds() *draw.Bars {
	var groups []draw.Group
	for _, k := range append(slices.Clone(questions.Kinds), "") {
		if g := c.grouped(cmp.Or(k, "other"), func(i *Item) bool { return i.Kind == k }); g.N > 0 {
			groups = append(groups, g)
		}
	}
	return c.bars("Evidence in the context, by kind of question", groups)
}

// fifths are the parts of a document.
var fifths = []string{"first fifth", "second", "third", "fourth", "last fifth"}

func fifth(i *Item) int { return min(4, int(5*i.Depth)) }

func (c *Card) positions() *draw.Bars {
	var groups []draw.Group
	for k, name := range fifths {
		if g := c.grouped(name, func(i *Item) bool { return fifth(i) == k }); g.N > 0 {
			groups = append(groups, g)
		}
	}
	return c.bars("Evidence in the context, by where it stands in its document", groups)
}

// heat is the first system's recall by the evidence's depth and the document's length.
func (c *Card) heat() *draw.HeatMap {
	lengths := []struct {
		name string
		most int
	}{{"up to 4 kB", 4_000}, {"to 16 kB", 16_000}, {"to 64 kB", 64_000}, {"to 256 kB", 256_000}, {"longer", math.MaxInt}}
	h := &draw.HeatMap{Title: "Evidence in the context, % (of so many questions)", XLabel: "where it stands in its document", YLabel: "documents", Columns: fifths}
	from := 0
	for _, l := range lengths {
		h.Rows = append(h.Rows, l.name)
		var values []float64
		var counts []int
		for k := range fifths {
			g := c.grouped("", func(i *Item) bool { return fifth(i) == k && i.Length > from && i.Length <= l.most })
			v := math.NaN()
			if g.N > 0 {
				v = g.Values[0].Mean
			}
			values, counts = append(values, v), append(counts, g.N)
		}
		h.Values, h.Counts = append(h.Values, values), append(h.Counts, counts)
		from = l.most
	}
	return h
}

// maps are strips of documents: what is kept, and which evidence is not.
func (c *Card) maps() *draw.Strips {
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
	out := &draw.Strips{Title: "What is kept of documents: above, evidence that is; below, evidence that is not"}
	for _, s := range all[:min(mostMaps, len(all))] {
		row := draw.Strip{Name: shortDoc(strings.TrimPrefix(s.doc, c.above())), Title: fmt.Sprintf("%s, %d bytes", s.doc, s.length), Length: s.length}
		for _, i := range s.items {
			for _, k := range c.Items[i].kept.Spans {
				if k.Doc == s.doc {
					row.Marks = append(row.Marks, draw.Mark{Start: k.Start, End: k.End, Title: "kept for: " + c.Items[i].Question})
				}
			}
		}
		for _, i := range s.items {
			as := draw.Above
			if c.recall(i) < .5 {
				as = draw.Below
			}
			for _, e := range c.Items[i].place {
				row.Marks = append(row.Marks, draw.Mark{Start: e.Start, End: e.End, As: as, Title: fmt.Sprintf("%s %% kept: %s", figures.Percent(c.recall(i)), c.Items[i].Question)})
			}
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

package odf

import (
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/office/numfmt"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
	"github.com/tamis-search/tamis/internal/xmlscan"
)

// Rows and cells that are repeated are written at most so often.
const (
	mostRows  = 10_000
	mostCells = 1024
)

// book is a workbook that is being read, row by row.
type book struct {
	d *document // its styles
	t *parts.Text

	named  bool   // the name of the sheet is written
	hidden bool   // the sheet is
	gone   []bool // columns that are
	row    int    // from 1
	repeat int
	filter bool // the row is hidden
	last   int
	col    int
	first  int
	text   []byte
	at     int

	kind, value string
	cells       int
	para        []byte
	paras       int
}

// read reads content.xml.
func (g *book) read(s *xmlscan.Scanner) error {
	for s.Next() {
		switch s.Kind {
		case xmlscan.Start:
			if !g.d.style(s) {
				g.start(s)
			}
		case xmlscan.End:
			switch string(s.Name()) {
			case "table:table-cell", "table:covered-table-cell":
				g.endCell()
			case "table:table-row":
				if err := g.endRow(); err != nil {
					return err
				}
			case "text:p":
				g.paras--
			}
		case xmlscan.Text:
			if g.paras > 0 {
				g.para = append(g.para, s.Text()...)
			}
		}
	}
	return nil
}

func (g *book) start(s *xmlscan.Scanner) {
	switch string(s.Name()) {
	case "table:table":
		name := parts.Cell(parts.Clean(s.Attr("table:name")))
		g.hidden = g.d.hidden("table", s.Attr("table:style-name"))
		g.row, g.last, g.gone = 0, 0, nil
		g.t.Part()
		g.t.Sheet, g.named = name, false
	case "table:table-column":
		n := min(max(number(s.Attr("table:number-columns-repeated")), 1), 1<<14)
		hide := s.Attr("table:visibility") == "collapse"
		for range min(n, 1<<14-len(g.gone)) {
			g.gone = append(g.gone, hide)
		}
	case "table:table-row":
		g.repeat = max(number(s.Attr("table:number-rows-repeated")), 1)
		v := s.Attr("table:visibility")
		g.filter = v == "collapse" || v == "filter"
		g.col, g.first, g.at, g.text = 0, -1, 0, g.text[:0]
	case "table:table-cell", "table:covered-table-cell":
		g.kind, g.para, g.paras = s.Attr("office:value-type"), g.para[:0], 0
		if g.kind == "" {
			g.kind = s.Attr("table:value-type")
		}
		g.cells = max(number(s.Attr("table:number-columns-repeated")), 1)
		g.value = ""
		for _, a := range []string{"office:value", "office:date-value", "office:time-value", "office:boolean-value", "table:value", "table:date-value"} {
			if v, ok := s.Lookup(a); ok {
				g.value = v
				break
			}
		}
	case "text:p", "text:h":
		if g.paras++; len(g.para) > 0 {
			g.para = append(g.para, ' ')
		}
	case "text:s":
		g.para = append(g.para, ' ')
	case "text:line-break", "text:tab":
		g.para = append(g.para, ' ')
	case "office:annotation":
		g.t.Drop("comment", parts.Cell(textOf(s)))
	case "table:tracked-changes", "table:shapes", "office:forms", "table:calculation-settings", "table:content-validations", "table:dde-links", "draw:frame", "draw:object", "text:ruby-text":
		s.Skip()
	}
}

func textOf(s *xmlscan.Scanner) string {
	var b strings.Builder
	for depth := s.Depth; s.Next() && !(s.Kind == xmlscan.End && s.Depth == depth); {
		if s.Kind == xmlscan.Text {
			b.Write(s.Text())
		}
	}
	return b.String()
}

// shown is what stands in the open cell: the file holds it as it is shown, and its
// value for programs.
func (g *book) shown() string {
	if t := parts.Cell(string(g.para)); t != "" || g.kind == "string" {
		return t
	}
	if v, err := strconv.ParseFloat(g.value, 64); err == nil {
		if g.kind == "percentage" {
			return numfmt.Number(v*100) + "%"
		}
		return numfmt.Number(v)
	}
	return g.value
}

// endCell writes a cell as often as it is repeated.
func (g *book) endCell() {
	n := g.cells
	t := parts.Clean(g.shown())
	if t == "" {
		g.col += min(n, 1<<14)
		return
	}
	for range min(n, mostCells) {
		if g.col < len(g.gone) && g.gone[g.col] {
			g.t.Drop("hidden column", t)
			g.col++
			continue
		}
		if g.col < 1<<14 {
			if g.first < 0 {
				g.first = g.col
			}
			for ; g.at < g.col; g.at++ {
				g.text = append(g.text, '\t')
			}
			g.text = append(g.text, t...)
		}
		g.col++
	}
}

// endRow writes a row as often as it is repeated.
func (g *book) endRow() error {
	at := g.row + 1
	g.row += min(g.repeat, 1<<21)
	if g.first < 0 {
		return nil
	}
	text := string(g.text)
	if g.hidden || g.filter {
		why := "hidden row"
		if g.hidden {
			why = "hidden sheet"
		}
		g.t.Drop(why, text)
		return nil
	}
	if !g.named {
		g.named = true
		g.t.Add(corpus.Heading, 1, g.t.Sheet)
	}
	for i := range min(g.repeat, mostRows) {
		if g.last > 0 && at+i > g.last+1 {
			g.t.Part()
		}
		g.last = at + i
		g.t.Row(parts.Column(g.first)+strconv.Itoa(at+i), text)
		if err := g.t.Full(); err != nil {
			return err
		}
	}
	return nil
}

package odf

import (
	"strconv"
	"strings"

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

	out    parts.Grid
	hidden bool   // the sheet is
	gone   []bool // columns that are
	row    int    // from 1
	repeat int
	filter bool // the row is hidden
	col    int
	line   []sheetCell // the open row

	kind, value string
	span        int
	cells       int
	para        []byte
	paras       int
}

type sheetCell struct {
	col, span int
	text      string
	number    bool
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
			case "table:table":
				if err := g.out.End(); err != nil {
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
	return g.out.End()
}

func (g *book) start(s *xmlscan.Scanner) {
	switch string(s.Name()) {
	case "table:table":
		name := parts.Cell(parts.Clean(s.Attr("table:name")))
		g.hidden = g.d.hidden("table", s.Attr("table:style-name"))
		g.row, g.gone = 0, nil
		g.out.Begin(name)
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
		g.col, g.line = 0, g.line[:0]
	case "table:table-cell", "table:covered-table-cell":
		g.kind, g.para, g.paras = s.Attr("office:value-type"), g.para[:0], 0
		if g.kind == "" {
			g.kind = s.Attr("table:value-type")
		}
		g.span = number(s.Attr("table:number-columns-spanned"))
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

// textOf are the paragraphs of an element.
func textOf(s *xmlscan.Scanner) string {
	var b strings.Builder
	in := false
	for depth := s.Depth; s.Next() && !(s.Kind == xmlscan.End && s.Depth == depth); {
		switch {
		case s.Kind == xmlscan.Text:
			if in {
				b.Write(s.Text())
			}
		case string(s.Name()) == "text:p":
			in = s.Kind == xmlscan.Start
			b.WriteByte(' ')
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
			g.line = append(g.line, sheetCell{g.col, g.span, t, g.kind != "string" && g.kind != ""})
		}
		g.col++
	}
}

// endRow writes a row as often as it is repeated.
func (g *book) endRow() error {
	at := g.row + 1
	g.row += min(g.repeat, 1<<21)
	if len(g.line) == 0 {
		return nil
	}
	why, times := "", min(g.repeat, mostRows)
	if g.hidden {
		why, times = "hidden sheet", 1
	} else if g.filter {
		why, times = "hidden row", 1
	}
	for i := range times {
		g.out.BeginRow(at + i)
		for _, c := range g.line {
			g.out.Merge(at+i, c.col, c.span)
			g.out.Cell(c.col, c.text, c.number)
		}
		if err := g.out.EndRow(why); err != nil {
			return err
		}
	}
	return nil
}

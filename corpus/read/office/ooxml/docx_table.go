package ooxml

import (
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
)

// piece is a block that is not yet written.
type piece struct {
	kind  corpus.BlockKind
	level int
	page  int
	text  string
}

// maxRow is how long a row of a table may be. What is longer, or has one cell in all,
// is a frame around text.
const maxRow = 2000

// table is one that is open, with its open row.
type table struct {
	paras         int // paragraphs that were open before it
	inRow, inCell bool
	gone          bool // the row is deleted
	cells         []cell
	only          []cell // the first row, until there is a second
	rows          int
}

type cell struct {
	pieces []piece
	span   int
}

func (d *docx) table() *table {
	if len(d.tables) == 0 {
		return nil
	}
	return d.tables[len(d.tables)-1]
}

func (d *docx) tableStart(name string) {
	t := d.table()
	if t == nil {
		return
	}
	switch name {
	case "w:tr":
		t.inRow, t.gone, t.cells = true, false, nil
	case "w:tc":
		t.inCell = true
		t.cells = append(t.cells, cell{span: 1})
	case "w:gridSpan":
		if n, _ := strconv.Atoi(d.s.Attr("w:val")); t.inCell && n > 1 && n < 64 && len(t.cells) > 0 {
			t.cells[len(t.cells)-1].span = n
		}
	}
}

func (d *docx) tableEnd(name string) {
	t := d.table()
	if t == nil {
		return
	}
	switch name {
	case "w:tc":
		t.inCell = false
	case "w:tr":
		t.inRow = false
		if t.gone {
			for _, c := range t.cells {
				d.t.Drop("deleted", c.text())
			}
			return
		}
		switch t.rows++; t.rows {
		case 1:
			t.only = t.cells
			return
		case 2:
			d.row(t.only, true)
		}
		d.row(t.cells, false)
	case "w:tbl":
		if t.rows == 1 && len(t.only) == 1 {
			d.spill(t.only)
		} else if t.rows == 1 {
			d.row(t.only, true)
		}
		if d.tables = d.tables[:len(d.tables)-1]; len(d.tables) == 0 {
			d.t.Part()
		}
	}
}

// emit writes a block: into the open cell if there is one.
func (d *docx) emit(b piece) {
	if t := d.table(); t != nil && t.inCell && len(t.cells) > 0 {
		c := &t.cells[len(t.cells)-1]
		c.pieces = append(c.pieces, b)
		return
	}
	d.write(b)
}

func (d *docx) write(b piece) {
	d.t.Page = b.page
	if b.kind == corpus.TableRow {
		d.t.Row("", b.text)
		return
	}
	d.t.Add(b.kind, b.level, b.text)
}

func (c *cell) text() string {
	var all []string
	for _, p := range c.pieces {
		all = append(all, p.text)
	}
	return parts.Cell(strings.Join(all, "\n"))
}

// row writes the row of the innermost table: as that, or, where it is but a frame,
// what is in it.
func (d *docx) row(cells []cell, first bool) {
	var b strings.Builder
	row := piece{kind: corpus.TableRow}
	for i := range cells {
		if i > 0 {
			b.WriteByte('\t')
		}
		t := cells[i].text()
		if t != "" && b.Len() == i {
			row.page = cells[i].pieces[0].page
		}
		b.WriteString(t)
		for range cells[i].span - 1 {
			b.WriteByte('\t')
		}
	}
	if b.Len() > maxRow {
		d.spill(cells)
		return
	}
	if row.text = b.String(); strings.Trim(row.text, "\t") == "" {
		return
	}
	if first && len(d.tables) == 1 {
		d.t.Part()
	}
	d.around(row)
}

// spill writes what is in cells as text.
func (d *docx) spill(cells []cell) {
	for i := range cells {
		d.around(cells[i].pieces...)
	}
}

// around writes into what is around the innermost table.
func (d *docx) around(pieces ...piece) {
	all := d.tables
	d.tables = all[:len(all)-1]
	for _, p := range pieces {
		d.emit(p)
	}
	d.tables = all
}

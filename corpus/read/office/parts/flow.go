package parts

import (
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// Piece is a block that is not yet written.
type Piece struct {
	Kind  corpus.BlockKind
	Level int
	Page  int
	Text  string
}

// Flow writes blocks and tables, which may stand in each other. A table of one cell,
// and a row that is too long for one, are but frames around text: what is in them is
// written as it is. A table in a cell is text of the cell.
type Flow struct {
	T      *Text
	tables []*table
}

// maxRow is how long a row may be.
const maxRow = 2000

// maxSpan is how many columns a cell may take.
const maxSpan = 64

// maxTables is how deep they stand in each other; deeper ones are text.
const maxTables = 50

type table struct {
	inRow, inCell bool
	cells         []cell
	only          []cell // the first row, until there is a second
	rows          int
}

type cell struct {
	pieces []Piece
	span   int
}

// BeginTable begins one.
func (f *Flow) BeginTable() { f.tables = append(f.tables, &table{}) }

// Table says that one is open.
func (f *Flow) Table() bool { return len(f.tables) > 0 }

// InCell says that a cell of the innermost table is open; InRow a row.
func (f *Flow) InCell() bool { t := f.table(); return t != nil && t.inCell }

// InRow says that a row of the innermost table is open.
func (f *Flow) InRow() bool { t := f.table(); return t != nil && t.inRow }

func (f *Flow) table() *table {
	if len(f.tables) == 0 {
		return nil
	}
	return f.tables[len(f.tables)-1]
}

// BeginRow begins one.
func (f *Flow) BeginRow() {
	if t := f.table(); t != nil {
		t.inRow, t.inCell, t.cells = true, false, nil
	}
}

// BeginCell begins one that takes so many columns.
func (f *Flow) BeginCell(span int) {
	if t := f.table(); t != nil && len(t.cells) < 1<<14 {
		t.inCell = true
		t.cells = append(t.cells, cell{span: min(max(span, 1), maxSpan)})
	}
}

// Span says how many columns the open cell takes.
func (f *Flow) Span(n int) {
	if t := f.table(); t != nil && t.inCell {
		t.cells[len(t.cells)-1].span = min(max(n, 1), maxSpan)
	}
}

// EndCell ends one.
func (f *Flow) EndCell() {
	if t := f.table(); t != nil {
		t.inCell = false
	}
}

// EndRow ends one; why says why it is left out, if it is.
func (f *Flow) EndRow(why string) {
	t := f.table()
	if t == nil || !t.inRow {
		return
	}
	t.inRow, t.inCell = false, false
	if why != "" {
		for i := range t.cells {
			f.T.Drop(why, t.cells[i].text())
		}
		return
	}
	switch t.rows++; t.rows {
	case 1:
		t.only = t.cells
		return
	case 2:
		f.row(t.only, true)
		t.only = nil
	}
	f.row(t.cells, false)
}

// EndTable ends one.
func (f *Flow) EndTable() {
	t := f.table()
	if t == nil {
		return
	}
	if t.inRow {
		f.EndRow("")
	}
	if t.rows == 1 && len(t.only) == 1 {
		f.spill(t.only)
	} else if t.rows == 1 {
		f.row(t.only, true)
	}
	if f.tables = f.tables[:len(f.tables)-1]; len(f.tables) == 0 {
		f.T.Part()
	}
}

// Emit writes a block: into the open cell if there is one.
func (f *Flow) Emit(b Piece) {
	if t := f.table(); t != nil && t.inCell && len(f.tables) < maxTables {
		c := &t.cells[len(t.cells)-1]
		c.pieces = append(c.pieces, b)
		return
	}
	f.T.Page = b.Page
	if b.Kind == corpus.TableRow {
		f.T.Row("", b.Text)
		return
	}
	f.T.Add(b.Kind, b.Level, b.Text)
}

func (c *cell) text() string {
	var all []string
	for _, p := range c.pieces {
		all = append(all, p.Text)
	}
	return Cell(Clean(strings.Join(all, "\n")))
}

// row writes the row of the innermost table.
func (f *Flow) row(cells []cell, first bool) {
	var b strings.Builder
	row := Piece{Kind: corpus.TableRow}
	filled := false
	for i := range cells {
		if i > 0 {
			b.WriteByte('\t')
		}
		t := cells[i].text()
		if t != "" && !filled {
			filled = true
			row.Page = cells[i].pieces[0].Page
		}
		b.WriteString(t)
		for range cells[i].span - 1 {
			b.WriteByte('\t')
		}
	}
	if b.Len() > maxRow {
		f.spill(cells)
		return
	}
	if row.Text = b.String(); !filled {
		return
	}
	if first && len(f.tables) == 1 {
		f.T.Part()
	}
	f.around(row)
}

// spill writes what is in cells as text.
func (f *Flow) spill(cells []cell) {
	for i := range cells {
		f.around(cells[i].pieces...)
	}
}

// around writes into what is around the innermost table.
func (f *Flow) around(pieces ...Piece) {
	all := f.tables
	f.tables = all[:len(all)-1]
	for _, p := range pieces {
		f.Emit(p)
	}
	f.tables = all
}

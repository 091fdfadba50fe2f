package parts

import (
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/corpus"
)

// Piece is a block that is not yet written.
type Piece struct {
	Kind  corpus.BlockKind
	Level int
	Page  int
	Text  string

	Paragraph, Line int // as corpus.Place has them
}

// Flow writes blocks and tables, which may stand in each other. A table of one cell,
// and a row that is too long for one, are but frames around text: what is in them is
// written as it is. A table in a cell is text of the cell. A row with labels on the
// lines of one cell and figures on those of others is a row for each line.
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
	f.T.Page, f.T.Paragraph, f.T.Line = b.Page, b.Paragraph, b.Line
	if b.Kind == corpus.TableRow {
		f.T.Row("", b.Text)
		return
	}
	f.T.Add(b.Kind, b.Level, b.Text)
}

// Blank takes a paragraph without text: in a cell it is a line.
func (f *Flow) Blank() {
	if t := f.table(); t != nil && t.inCell && len(f.tables) < maxTables {
		c := &t.cells[len(t.cells)-1]
		c.pieces = append(c.pieces, Piece{})
	}
}

// first is where a cell begins that is not empty.
func (c *cell) first() Piece {
	for _, p := range c.pieces {
		if strings.TrimSpace(p.Text) != "" {
			return Piece{Page: p.Page, Paragraph: p.Paragraph, Line: p.Line}
		}
	}
	return Piece{}
}

// lines are those of a cell, without empty ones at its end; none of a table in it.
func (c *cell) lines() (all []Piece) {
	n := 0
	for _, p := range c.pieces {
		if p.Kind == corpus.TableRow {
			return nil
		}
		for line := range strings.SplitSeq(Clean(p.Text), "\n") {
			all = append(all, Piece{Page: p.Page, Paragraph: p.Paragraph, Line: p.Line, Text: Cell(line)})
			if all[len(all)-1].Text != "" {
				n = len(all)
			}
		}
	}
	return all[:n]
}

// maxCellLines is how many lines of a cell may be rows.
const maxCellLines = 200

// lineRows are the rows that a row is made of: a line of each cell, where all cells of more
// than one have equally many and those of one are figures.
func lineRows(cells []cell) [][]cell {
	lines, n, paired, figures := make([][]Piece, len(cells)), 0, false, false
	for i := range cells {
		lines[i] = cells[i].lines()
		switch k := len(lines[i]); {
		case k == 0 && cells[i].text() != "": // a table
			return nil
		case k < 2:
		case n == 0 || n == k:
			paired = n == k
			figures = figures || numeric(lines[i])
			n = k
		default:
			return nil
		}
	}
	if !paired || !figures || n > maxCellLines {
		return nil
	}
	rows := make([][]cell, n)
	for r := range rows {
		rows[r] = make([]cell, len(cells))
		for i := range cells {
			rows[r][i].span = cells[i].span
			if r < len(lines[i]) {
				rows[r][i].pieces = lines[i][r : r+1]
			}
		}
	}
	return rows
}

// numeric says that more than half of some lines are figures.
func numeric(lines []Piece) bool {
	n := 0
	for _, l := range lines {
		digits, letters := 0, 0
		for _, r := range l.Text {
			if unicode.IsDigit(r) {
				digits++
			} else if unicode.IsLetter(r) {
				letters++
			}
		}
		if digits > letters {
			n++
		}
	}
	return 2*n > len(lines)
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
	if rows := lineRows(cells); rows != nil {
		for i, r := range rows {
			f.write(r, first && i == 0)
		}
		return
	}
	f.write(cells, first)
}

func (f *Flow) write(cells []cell, first bool) {
	var b strings.Builder
	var row Piece
	filled := false
	for i := range cells {
		if i > 0 {
			b.WriteByte('\t')
		}
		t := cells[i].text()
		if t != "" && !filled {
			filled = true
			row = cells[i].first()
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
	if row.Kind, row.Text = corpus.TableRow, b.String(); !filled {
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

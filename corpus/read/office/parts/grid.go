package parts

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// Grid writes the sheets of a workbook, row by row. Rows without an empty one between
// them are a table. Of what a sheet says by how it looks, so much is said in words:
//
//   - columns in which a table has nothing are left out;
//   - lines over a table are its heading, long ones under it are paragraphs;
//   - a head of several rows is one row, each cell with all that stands over its
//     column, and a cell that is merged over columns names each of them;
//   - an empty row between a head and its numbers, or between rows of one shape, parts
//     nothing.
//
// A table of more than maxHeld is written as it comes once that much of it was seen.
type Grid struct {
	T *Text

	name   string
	begun  bool // its name is written
	last   int  // the row that was taken last
	shape  []gridCell
	merged map[[2]int]int
	row    gridRow // the open one
	line   []byte  // that is being written
	held   []gridRow
	bytes  int
	pos    []int // where the columns of the table stand; nil until it was begun
}

// What is held of a table at most.
const (
	maxHeldRows  = 512
	maxHeldBytes = 256 << 10
	maxMerged    = 100_000
)

// gridRow is a row of a sheet: the texts of its cells one after another.
type gridRow struct {
	number int // from 1
	text   []byte
	cells  []gridCell
}

type gridCell struct {
	col, end int
	number   bool
}

func (r *gridRow) cell(i int) []byte {
	start := 0
	if i > 0 {
		start = r.cells[i-1].end
	}
	return r.text[start:r.cells[i].end]
}

func (r *gridRow) numbers() bool {
	for _, c := range r.cells {
		if c.number {
			return true
		}
	}
	return false
}

// Begin begins a sheet.
func (g *Grid) Begin(name string) {
	g.T.Part()
	g.T.Sheet = name
	g.name, g.begun, g.last, g.merged = name, false, 0, nil
	g.held, g.bytes, g.pos = g.held[:0], 0, nil
}

// Merge says that a cell of a sheet that has begun, by its row from 1 and its column
// from 0, reaches over so many columns.
func (g *Grid) Merge(row, col, span int) {
	if g.merged == nil {
		g.merged = map[[2]int]int{}
	}
	if span = min(span, maxSpan); span > 1 && len(g.merged) < maxMerged {
		g.merged[[2]int{row, col}] = span
	}
}

// BeginRow begins a row, counted from 1.
func (g *Grid) BeginRow(number int) {
	g.row.number, g.row.text, g.row.cells = number, g.row.text[:0], g.row.cells[:0]
}

// Cell adds a cell to the open row, by its column from 0; one that is not behind the
// others takes the next column. number says that it holds no text.
func (g *Grid) Cell(col int, text string, number bool) {
	if n := len(g.row.cells); n > 0 {
		col = max(col, g.row.cells[n-1].col+1)
	}
	g.row.text = append(g.row.text, text...)
	g.row.cells = append(g.row.cells, gridCell{col, len(g.row.text), number})
}

// EndRow ends it; why says why it is left out, if it is.
func (g *Grid) EndRow(why string) error {
	r := &g.row
	if why != "" && r.number == g.last+1 {
		g.last++ // which is no empty row
	}
	if len(r.cells) == 0 {
		return nil
	}
	if why != "" {
		var all [][]byte
		for i := range r.cells {
			all = append(all, r.cell(i))
		}
		g.T.Drop(why, string(bytes.Join(all, []byte{'\t'})))
		return nil
	}
	if !g.begun {
		g.begun = true
		g.T.Add(corpus.Heading, 1, g.name)
	}
	if g.last > 0 && r.number > g.last+1 && !g.headOf(r) && !g.likeLast(r) {
		g.flush()
		g.pos = nil
		g.T.Part()
	}
	g.last, g.shape = r.number, append(g.shape[:0], r.cells...)
	if g.pos != nil {
		g.write(r)
		return g.T.Full()
	}
	held := gridRow{r.number, bytes.Clone(r.text), append([]gridCell(nil), r.cells...)}
	g.held = append(g.held, held)
	if g.bytes += len(r.text); len(g.held) >= maxHeldRows || g.bytes >= maxHeldBytes {
		g.flush()
	}
	return g.T.Full()
}

// End ends a sheet.
func (g *Grid) End() error {
	g.flush()
	return g.T.Full()
}

// maxGap is how many rows may be empty between a head and its numbers.
const maxGap = 3

// headOf says that what is held is but the head of a row that comes after empty ones.
func (g *Grid) headOf(r *gridRow) bool {
	n := len(g.held)
	if n == 0 || g.pos != nil || r.number > g.last+1+maxGap || len(r.cells) < 2 || !r.numbers() || len(g.held[n-1].cells) < 2 {
		return false
	}
	for i := range g.held {
		if g.held[i].numbers() {
			return false
		}
	}
	return true
}

// likeLast says that a row with one empty row before it has texts and numbers where the
// row before that has them.
func (g *Grid) likeLast(r *gridRow) bool {
	if r.number > g.last+2 || len(r.cells) != len(g.shape) || len(r.cells) < 2 || r.cells[0].number || !r.numbers() {
		return false
	}
	for i, c := range r.cells {
		if c.col != g.shape[i].col || c.number != g.shape[i].number {
			return false
		}
	}
	return true
}

// flush writes the rows that are held.
func (g *Grid) flush() {
	rows := g.held
	if len(rows) == 0 {
		return
	}
	above, below := lines(rows), len(rows)
	for below > above && note(&rows[below-1]) {
		below--
	}
	if below == above { // nothing but lines
		above, below = 0, len(rows)
	}
	table := rows[above:below]
	over := rows[:above]
	if len(table) > 1 && g.crossed(&table[0], &table[1]) {
		over, table = rows[:above+1], table[1:]
	}
	g.heading(over)
	g.columns(table[g.head(table):])
	for i := range table {
		g.write(&table[i])
	}
	for i := range rows[below:] {
		r := &rows[below+i]
		g.T.Place(corpus.Paragraph, 0, r.place(), string(r.text))
	}
	g.held, g.bytes = g.held[:0], 0
}

// maxLines is how many lines may stand over a table.
const maxLines = 6

// lines are the rows over a table that are no rows of it: a text each, or a date.
func lines(rows []gridRow) int {
	n := 0
	for n < len(rows) && len(rows[n].cells) == 1 && (n > 0 || !rows[n].cells[0].number) {
		n++
	}
	if n == len(rows) || n > maxLines {
		return 0
	}
	return n
}

// noteLength is how long a line under a table is at least.
const noteLength = 60

func note(r *gridRow) bool {
	return len(r.cells) == 1 && !r.cells[0].number && utf8.RuneCount(r.text) >= noteLength
}

// crossed says that a row over another is no part of a head: its cells are merged over
// columns that cells of the other reach out of.
func (g *Grid) crossed(over, under *gridRow) bool {
	if over.numbers() || under.numbers() {
		return false
	}
	for _, o := range over.cells {
		end := o.col + g.merged[[2]int{over.number, o.col}]
		for _, u := range under.cells {
			if u.col > o.col && u.col < end && u.col+g.merged[[2]int{under.number, u.col}] > end {
				return true
			}
		}
	}
	return false
}

// maxTitle is how long the heading of a table may be.
const maxTitle = 300

// heading writes what stands over a table.
func (g *Grid) heading(rows []gridRow) {
	var all []string
	size := 0
	for i := range rows {
		for k := range rows[i].cells {
			all = append(all, string(rows[i].cell(k)))
			size += len(all[len(all)-1])
		}
	}
	switch {
	case len(all) == 0:
	case size > maxTitle:
		for i := range rows {
			g.T.Place(corpus.Paragraph, 0, rows[i].place(), string(rows[i].text))
		}
	default:
		g.T.Place(corpus.Heading, 2, rows[0].place(), strings.Join(all, "\n"))
	}
}

func (r *gridRow) place() string { return Column(r.cells[0].col) + strconv.Itoa(r.number) }

// A head has at most so many rows, and is so long.
const (
	maxHead      = 4
	maxHeadBytes = 1000
)

// head makes one row of the rows of a head, the last of those, and says how many rows
// are before it, which are empty then.
func (g *Grid) head(rows []gridRow) int {
	n := 0
	for n < len(rows) && !rows[n].numbers() {
		n++
	}
	if n == 0 || n == len(rows) || n > maxHead {
		return 0
	}
	several := false
	for i := range rows[:n] {
		g.spread(&rows[i])
		several = several || i > 0 && rows[i].cells[0].col > rows[0].cells[0].col || i+1 < n && len(rows[i].cells) < len(rows[i+1].cells)
	}
	if n == 1 || !several {
		return 0
	}
	names := map[int][]string{}
	size, right := 0, 0
	for i := range rows[:n] {
		for k, c := range rows[i].cells {
			t := string(rows[i].cell(k))
			if all := names[c.col]; len(all) > 0 && all[len(all)-1] == t {
				continue
			}
			names[c.col] = append(names[c.col], t)
			size += len(t)
			right = max(right, c.col)
		}
	}
	if size > maxHeadBytes {
		return 0
	}
	one := gridRow{number: rows[0].number}
	for col := 0; col <= right; col++ {
		if all := names[col]; all != nil {
			one.text = append(one.text, strings.Join(all, " ")...)
			one.cells = append(one.cells, gridCell{col: col, end: len(one.text)})
		}
	}
	for i := range rows[:n] {
		rows[i].cells = nil
	}
	rows[n-1] = one
	return n - 1
}

// spread repeats the text of cells that are merged over columns.
func (g *Grid) spread(r *gridRow) {
	if g.merged == nil {
		return
	}
	wide := gridRow{number: r.number}
	for i, c := range r.cells {
		free := 1 << 20
		if i+1 < len(r.cells) {
			free = r.cells[i+1].col - c.col
		}
		for k := range min(max(g.merged[[2]int{r.number, c.col}], 1), free) {
			wide.text = append(wide.text, r.cell(i)...)
			wide.cells = append(wide.cells, gridCell{c.col + k, len(wide.text), c.number})
		}
	}
	*r = wide
}

// columns finds where those of a table stand: side by side, unless more rows are to
// come than were seen.
func (g *Grid) columns(rows []gridRow) {
	right := 0
	left := 1 << 20
	for i := range rows {
		for _, c := range rows[i].cells {
			right, left = max(right, c.col), min(left, c.col)
		}
	}
	g.pos = make([]int, right+1)
	if len(g.held) >= maxHeldRows || g.bytes >= maxHeldBytes {
		for c := range g.pos {
			g.pos[c] = max(c-left, 0)
		}
		return
	}
	for i := range rows {
		for _, c := range rows[i].cells {
			g.pos[c.col] = 1
		}
	}
	n := 0
	for c, used := range g.pos {
		g.pos[c] = n
		n += used
	}
}

// write writes a row of a table.
func (g *Grid) write(r *gridRow) {
	if len(r.cells) == 0 {
		return
	}
	line := g.line[:0]
	at := 0
	for i, c := range r.cells {
		to := 0
		if n := len(g.pos); c.col < n {
			to = g.pos[c.col]
		} else {
			to = g.pos[n-1] + c.col - n + 1
		}
		for ; at < to; at++ {
			line = append(line, '\t')
		}
		line = append(line, r.cell(i)...)
	}
	g.T.Row(r.place(), string(line))
	g.line = line
}

package pdf

import (
	"cmp"
	"slices"
)

// cellGap is the part of the font's size by which words of two cells stand apart at
// least; a space is narrower.
const cellGap = 0.45

// mostRows of a run are tried as several tables where they are not one.
const mostRows = 1000

// unruled finds tables without rules among the lines of a page that are in none yet.
func (p *page) unruled(lines []line, of []*table) {
	for _, run := range runs(lines, of) {
		divide(lines, of, run)
	}
}

// divide makes a table of a run of rows, or of its parts where it has no columns: parted
// where the most room is left between two rows.
func divide(lines []line, of []*table, rows [][]int) {
	for len(rows) > 0 {
		for len(rows) > 0 && len(rows[0]) < 2 {
			rows = rows[1:]
		}
		for n := len(rows); n > 0 && len(rows[n-1]) < 2 && !hangs(lines, rows[n-1], rows[:n-1]); n = len(rows) {
			rows = rows[:n-1]
		}
		if !tabular(lines, rows) || justified(lines, rows) {
			return
		}
		in := slices.Concat(rows...)
		if t := columned(lines, in, rows); t != nil {
			for _, i := range in {
				of[i] = t
			}
			return
		}
		if len(rows) > mostRows {
			return
		}
		at, most := 1, float32(-1)
		for i := 1; i < len(rows); i++ {
			if step := lines[rows[i][0]].box.y1 - lines[rows[i-1][0]].box.y1; step > most {
				at, most = i, step
			}
		}
		// The shorter part first, so that this goes deep only a few times.
		before, after := rows[:at], rows[at:]
		if len(before) > len(after) {
			before, after = after, before
		}
		divide(lines, of, before)
		rows = after
	}
}

// justified says that rows are lines of a paragraph whose words were set far apart: a line
// before or after them fills the same width.
func justified(lines []line, rows [][]int) bool {
	if len(rows) > 3 {
		return false
	}
	full := func(at int, row []int) bool {
		if at < 0 || at >= len(lines) {
			return false
		}
		l, a, b := &lines[at], &lines[row[0]], &lines[row[len(row)-1]]
		return len(l.words) > 3 && abs(l.box.x0-a.box.x0) < near && abs(l.box.x1-b.box.x1) < near && abs(l.box.y1-a.box.y1) < 1.6*l.size
	}
	last := rows[len(rows)-1]
	return full(rows[0][0]-1, rows[0]) || full(last[len(last)-1]+1, last)
}

// tabular says that rows may be a table: at least three whose lines stand side by side, or
// two that have three columns.
func tabular(lines []line, rows [][]int) bool {
	several, loose, mono := 0, 0, true
	for i, row := range rows {
		if len(row) > 1 {
			several++
		} else if !hangs(lines, row, rows[:i]) {
			loose++
		}
		for _, i := range row {
			mono = mono && lines[i].mono
		}
	}
	if mono {
		return false // code whose comments stand in a column
	}
	if len(rows) == 2 && several == 2 {
		return allAligned(lines, rows[0], rows[1])
	}
	return several >= 3 && several >= loose
}

// hangs says that a row of one line goes on in a cell of the rows before, which is not
// their first.
func hangs(lines []line, row []int, before [][]int) bool {
	if len(row) != 1 || len(before) == 0 {
		return false
	}
	l := &lines[row[0]]
	for i := len(before) - 1; i >= 0; i-- {
		last := before[i]
		if len(last) == 1 && lines[last[0]].box.x0 < l.box.x0-near {
			return false
		}
		if len(last) > 1 {
			for _, k := range last[1:] {
				if abs(lines[k].box.x0-l.box.x0) < near && !lines[k].bold == !l.bold && l.box.y1-lines[before[len(before)-1][0]].box.y1 < 1.6*max(l.size, lines[k].size) {
					return true
				}
			}
			return false
		}
	}
	return false
}

// runs are the rows of lines that follow each other closely, in the order of the page,
// and stand in the same columns.
func runs(lines []line, of []*table) [][][]int {
	var out [][][]int
	var run [][]int
	end := func() {
		if len(run) > 1 {
			out = append(out, run)
		}
		run = nil
	}
	for i := 0; i < len(lines); {
		row := sideBySide(lines, of, i)
		if len(row) == 0 {
			end()
			i++
			continue
		}
		i = row[len(row)-1] + 1
		if len(run) > 0 && !goesBelow(lines, run, row) {
			end()
		}
		if len(run) > 0 || len(row) > 1 {
			run = append(run, row)
		}
	}
	end()
	return out
}

// sideBySide are the lines from i on that stand in one row, from left to right.
func sideBySide(lines []line, of []*table, i int) []int {
	free := func(k int) bool {
		l := &lines[k]
		return of[k] == nil && l.turn == 0 && l.unit == nil
	}
	if !free(i) {
		return nil
	}
	row := []int{i}
	for k := i + 1; k < len(lines) && free(k); k++ {
		a, b := &lines[k-1], &lines[k]
		if !overlap(a.box, b.box) || b.box.x0 < a.box.x1 {
			break
		}
		row = append(row, k)
	}
	if len(row) == 1 && (lines[i].mono || lines[i].led()) {
		return nil
	}
	if len(row) == 2 && len(lines[i].words) == 1 {
		// An item and its bullet, or a heading and its number, are no row.
		l := line{words: []word{lines[i].words[0], {}}}
		if l.bullet() != "" || isHeadNumber(lines[i].words[0].text) {
			return nil
		}
	}
	return row
}

// isHeadNumber says that a word numbers a section: "2", "2.1".
func isHeadNumber(w string) bool {
	for _, c := range w {
		if (c < '0' || c > '9') && c != '.' {
			return false
		}
	}
	return len(w) < 8 && w[0] != '0' && len(w) > 2 && w[1] == '.'
}

// goesBelow says that a row stands close below the rows before it, and in their columns.
func goesBelow(lines []line, run [][]int, row []int) bool {
	last := run[len(run)-1]
	a, b := &lines[last[0]], &lines[row[0]]
	em := max(a.size, b.size)
	step := b.box.y1 - a.box.y1
	if step < 0.5*em || step > 3.5*em {
		return false
	}
	if len(row) == 1 && (b.bold && !a.bold || b.size > largerThan*a.size) && step > 1.7*em {
		return false // a heading
	}
	// The last row of several lines says what the columns are.
	for i := len(run) - 1; i >= 0; i-- {
		if len(run[i]) > 1 {
			last = run[i]
			break
		}
	}
	aligned := 0
	for _, k := range row {
		if slices.ContainsFunc(last, func(j int) bool { return aligns(lines[j].box, lines[k].box, em) }) {
			aligned++
		}
	}
	if len(row) == 1 {
		return aligned == 1 && len(lines[row[0]].words) < 12
	}
	return aligned >= 2 || aligned == 1 && len(row) == 2 && len(last) == 2
}

// aligns says that two boxes have an edge or their middle at one place.
func aligns(a, b box, em float32) bool {
	return abs(a.x0-b.x0) < 0.6*em || abs(a.x1-b.x1) < 0.6*em || abs(a.x0+a.x1-b.x0-b.x1) < em
}

// allAligned says that two rows are a table: of four columns at least, which all but one
// of the lines stand in. Fewer come about where lines are justified.
func allAligned(lines []line, a, b []int) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	n := 0
	for _, i := range a {
		if slices.ContainsFunc(b, func(k int) bool { return aligns(lines[i].box, lines[k].box, lines[i].size) }) {
			n++
		}
	}
	return len(b) > 3 && len(a) >= len(b)-1 && n == len(a)
}

// columned makes a table of lines by the white columns between them; nil where there
// are none. rows are those that stand side by side, where no rules surround them: lines
// that are alone in theirs may run over columns, as the heads of several do. Where rules surround
// it (rows is nil), one white column is enough, or columns are where cells begin.
func columned(lines []line, in []int, rows [][]int) *table {
	alone := map[int]bool{}
	side := in
	if rows != nil {
		side = nil
		for _, row := range rows {
			if len(row) > 1 {
				side = append(side, row...)
			} else {
				alone[row[0]] = true
			}
		}
	}
	if len(side) == 0 {
		return nil
	}
	borders, whole := gutters(lines, side, 12), false
	if more := gutters(lines, side, 5); rows != nil && len(more) > len(borders) {
		borders = more
	}
	if rows == nil {
		if s := starts(lines, in); len(s) > len(borders) {
			borders, whole = s, true
		}
	}
	if len(borders) == 0 {
		return nil
	}
	borders = append(append([]float32{-1e6}, borders...), 1e6)
	columns := len(borders) - 1
	t := &table{long: whole}
	var row [][]line
	last, bottom, size := columns, float32(0), float32(0)
	long := 0
	beside := map[int]bool{} // lines that stand in the row of the one before
	for _, row := range rows {
		for _, i := range row[1:] {
			beside[i] = true
		}
	}
	for _, i := range in {
		l := &lines[i]
		for start := 0; start < len(l.words); {
			c, k := cellOf(borders, (l.words[start].box.x0+l.words[start].box.x1)/2), start+1
			if whole || alone[i] {
				c, k = cellOf(borders, l.box.x0+1), len(l.words)
			}
			for k < len(l.words) && (l.words[k].gap < cellGap*l.size || cellOf(borders, (l.words[k].box.x0+l.words[k].box.x1)/2) == c) {
				k++
			}
			part := l.part(start, k)
			em := max(size, part.size)
			step := part.box.y1 - bottom
			switch {
			case row != nil && (start > 0 || beside[i]) && c >= last:
			case row == nil,
				c < last && (c == 0 || step > 1.6*em),
				c == last && (step > 1.7*em || step < -em || rows != nil && c == 0):
				row = make([][]line, columns)
				t.rows = append(t.rows, row)
			}
			row[c] = append(row[c], part)
			if len(part.words) > 8 {
				long++
			}
			start, last, bottom, size = k, c, part.box.y1, part.size
		}
	}
	if rows != nil && (columns < 2 || columns == 2 && 2*long > len(in)) {
		return nil // prose in two columns
	}
	if whole && !t.descends() {
		return nil
	}
	t.joinLabels()
	return t.trim()
}

// joinLabels joins a row whose first cell alone has text with the next, where that goes on
// with it: a label of two lines.
func (t *table) joinLabels() {
	out := t.rows[:0]
	for _, row := range t.rows {
		if n := len(out); n > 0 && alone(out[n-1]) && len(row[0]) > 0 && row[0][0].goesOnLower() {
			a, b := out[n-1][0][len(out[n-1][0])-1], row[0][0]
			if step := b.box.y1 - a.box.y1; step > 0 && step < 1.6*b.size && abs(a.size-b.size) < 0.12*b.size && a.bold == b.bold {
				row[0] = append(slices.Clone(out[n-1][0]), row[0]...)
				out[n-1] = row
				continue
			}
		}
		out = append(out, row)
	}
	t.rows = out
}

// alone says that the first cell of a row alone has text.
func alone(row [][]line) bool {
	for c := range row {
		if (len(row[c]) > 0) != (c == 0) {
			return false
		}
	}
	return true
}

// starts are the borders of columns whose text may run over into the next: cells begin
// there, right of one that begins at the same height, in at least two rows.
func starts(lines []line, in []int) []float32 {
	type start struct {
		x      float32
		beside bool
	}
	var all []start
	var cell *line // the last that begins one
	for k, i := range in {
		l := &lines[i]
		if k > 0 {
			before := &lines[in[k-1]]
			step := l.box.y1 - before.box.y1
			if step > 0.5*l.size && step < 1.8*l.size && abs(l.box.x0-before.box.x0) < 0.8*l.size {
				continue
			}
		}
		all = append(all, start{l.box.x0, cell != nil && cell.box.x0 < l.box.x0-near && abs(cell.box.y1-l.box.y1) < 0.6*l.size})
		cell = l
	}
	slices.SortFunc(all, func(a, b start) int { return cmp.Compare(a.x, b.x) })
	var out []float32
	first := 0
	for i := 0; i < len(all); {
		k, beside := i, 0
		for k < len(all) && all[k].x < all[i].x+near {
			if all[k].beside {
				beside++
			}
			k++
		}
		switch {
		case i == 0:
			first = k
		case beside >= 2 && 3*beside >= first:
			out = append(out, all[i].x-1)
		}
		i = k
	}
	return out
}

// gutters are the middles of the white columns that divide lines: where next to no line
// has a word (one of so many rows at most), and lines stand on both sides.
func gutters(lines []line, in []int, share int) []float32 {
	type edge struct {
		x    float32
		step int
	}
	var edges []edge
	em, rows := float32(0), 0
	bottom := float32(-1e6)
	for _, i := range in {
		l := &lines[i]
		em = max(em, l.size)
		if l.box.y0 > bottom || l.box.y1 < bottom-4*l.size {
			rows++
		}
		bottom = l.box.y1 - 0.5*l.size
		// Words of one line that stand close are one.
		x0, x1 := l.words[0].box.x0, l.words[0].box.x1
		for _, w := range l.words[1:] {
			if w.box.x0 > x1+0.8*l.size {
				edges = append(edges, edge{x0, 1}, edge{x1, -1})
				x0 = w.box.x0
			}
			x1 = max(x1, w.box.x1)
		}
		edges = append(edges, edge{x0, 1}, edge{x1, -1})
	}
	slices.SortFunc(edges, func(a, b edge) int {
		if a.x != b.x {
			return cmp.Compare(a.x, b.x)
		}
		return b.step - a.step
	})
	few := rows / share // lines that run over a column, as headings do
	var out []float32
	depth := 0
	open := edges[0].x
	for _, e := range edges {
		if depth <= few && e.step > 0 && depth+1 > few && e.x > open {
			if e.x-open > 0.5*em && open > edges[0].x {
				out = append(out, (open+e.x)/2)
			}
		}
		depth += e.step
		if depth <= few && e.step < 0 && depth+1 > few {
			open = e.x
		}
	}
	return out
}

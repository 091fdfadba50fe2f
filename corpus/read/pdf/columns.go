package pdf

import (
	"cmp"
	"slices"
)

// unruled are the runs of lines that may be tables without rules: at least three rows
// in the order of the page whose lines stand side by side, in the same columns.
func unruled(lines []line, of []*table) [][]int {
	var out [][]int
	var run [][]int // rows
	end := func() {
		for len(run) > 0 && len(run[len(run)-1]) < 2 {
			run = run[:len(run)-1]
		}
		several := 0
		for _, row := range run {
			if len(row) > 1 {
				several++
			}
		}
		if several >= 3 && 2*several >= len(run) {
			out = append(out, slices.Concat(run...))
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
		switch {
		case len(run) == 0:
			if len(row) > 1 {
				run = append(run, row)
			}
		case goesBelow(lines, run, row):
			run = append(run, row)
		default:
			end()
			if len(row) > 1 {
				run = append(run, row)
			}
		}
	}
	end()
	return out
}

// sideBySide are the lines from i on that stand in one row, from left to right.
func sideBySide(lines []line, of []*table, i int) []int {
	free := func(k int) bool {
		l := &lines[k]
		return of[k] == nil && l.turn == 0 && l.unit == nil && !l.mono
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
	// The last row of several lines says what the columns are.
	for i := len(run) - 1; i >= 0; i-- {
		if len(run[i]) > 1 {
			last = run[i]
			break
		}
	}
	aligned := 0
	for _, k := range row {
		for _, j := range last {
			c, d := lines[j].box, lines[k].box
			if abs(c.x0-d.x0) < 0.6*em || abs(c.x1-d.x1) < 0.6*em || abs(c.x0+c.x1-d.x0-d.x1) < em {
				aligned++
				break
			}
		}
	}
	if len(row) == 1 {
		return aligned == 1 && len(lines[row[0]].words) < 12
	}
	return aligned >= 2 || aligned == 1 && len(row) == 2 && len(last) == 2
}

// columned makes a table of lines by the white columns between them; nil where there
// are none. Where rules surround it, one white column is enough.
func columned(lines []line, in []int, ruled bool) *table {
	borders, whole := gutters(lines, in), false
	if len(borders) == 0 && ruled {
		borders, whole = starts(lines, in), true
	}
	if len(borders) == 0 {
		return nil
	}
	borders = append(append([]float32{-1e6}, borders...), 1e6)
	columns := len(borders) - 1
	t := &table{}
	var row [][]line
	last, bottom := columns, float32(0)
	long := 0
	for _, i := range in {
		l := &lines[i]
		start := 0
		for k := 1; k <= len(l.words); k++ {
			c := cellOf(borders, (l.words[start].box.x0+l.words[start].box.x1)/2)
			if whole {
				c, k = cellOf(borders, l.box.x0), len(l.words)
			} else if k < len(l.words) && cellOf(borders, (l.words[k].box.x0+l.words[k].box.x1)/2) == c {
				continue
			}
			part := l.part(start, k)
			start = k
			step := part.box.y1 - bottom
			switch {
			case row == nil,
				c < last && (c == 0 || step > 1.6*part.size),
				c == last && (step > 1.7*part.size || step < -part.size || !ruled && c == 0):
				row = make([][]line, columns)
				t.rows = append(t.rows, row)
			}
			row[c] = append(row[c], part)
			if len(part.words) > 8 {
				long++
			}
			last, bottom = c, part.box.y1
		}
	}
	if !ruled && (columns < 2 || columns == 2 && 2*long > len(in)) {
		return nil // prose in two columns
	}
	return t.trim()
}

// starts are the left edges of columns whose text runs over into the next: where
// many lines begin.
func starts(lines []line, in []int) []float32 {
	var edges []float32
	for _, i := range in {
		edges = append(edges, lines[i].box.x0)
	}
	slices.Sort(edges)
	var out []float32
	for i := 0; i < len(edges); {
		k := i
		for k < len(edges) && edges[k] < edges[i]+near {
			k++
		}
		if 4*(k-i) >= len(edges) {
			out = append(out, edges[i]-1)
		}
		i = k
	}
	if len(out) < 2 {
		return nil
	}
	return out[1:]
}

// gutters are the middles of the white columns that divide lines: where next to no line
// has a word, and lines stand on both sides.
func gutters(lines []line, in []int) []float32 {
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
	few := rows / 12 // lines that run over a column, as headings do
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

package pdf

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// table is one that was found on a page: its rows of cells, each of which is lines.
type table struct {
	rows [][][]line
	cuts int  // places where a border divides words that stand close
	long bool // one cell may hold most of the text
	grid bool // its cells are boxes, which are filled in any order where all are
}

const near = 3 // points: rules so near are one, or meet

// tables finds the tables of a page among its lines: those that rules make, and
// those whose lines stand in columns. It says which table each line belongs to.
func (p *page) tables(lines []line) (of []*table) {
	of = make([]*table, len(lines))
	for _, g := range p.grids() {
		p.fill(lines, of, g.box(), func(in []int) *table { return g.table(lines, in) })
	}
	for _, rules := range p.ruled() {
		p.between(lines, of, rules)
	}
	p.unruled(lines, of)
	return of
}

// between makes tables of what stands between rules of one length: the most of them
// that one table has, from the top.
func (p *page) between(lines []line, of []*table, rules []rule) {
	const most = 16 // rules of several tables of one width
	for from := 0; from+2 < len(rules); {
		to := len(rules) - 1
		if to-from > most && from > 0 {
			return
		}
		for ; to > from+1; to-- {
			whole := to-from == len(rules)-1
			if p.fill(lines, of, rules[from].union(rules[to].box), func(in []int) *table {
				if t := columned(lines, in, nil); whole || t.descends() && in[len(in)-1]-in[0] == len(in)-1 {
					return t
				}
				return nil
			}) || len(rules) > most {
				break
			}
		}
		from = to
	}
	if n := len(rules); n >= 2 {
		p.open(lines, of, rules[n-2].union(rules[n-1].box))
	}
}

// open makes a table of a header between two rules and of what follows it on the page: one
// that goes on there, or on the next, without a rule below.
func (p *page) open(lines []line, of []*table, head box) {
	var in []int
	bottom := head.y1
	for i := range lines {
		l := &lines[i]
		x, y := (l.box.x0+l.box.x1)/2, (l.box.y0+l.box.y1)/2
		inside := of[i] == nil && l.turn == 0 && l.unit == nil && x > head.x0 && x < head.x1
		header := inside && y > head.y0 && y < head.y1
		if len(in) == 0 && !header {
			continue
		}
		if !header && (!inside || y < head.y1 || l.box.y0 > bottom+2*l.size) {
			break
		}
		in = append(in, i)
		bottom = max(bottom, l.box.y1)
	}
	if len(in) < 4 || head.height() > 6*lines[in[0]].size {
		return
	}
	t := columned(lines, in, nil)
	if !t.descends() || slices.ContainsFunc(t.rows[0], func(cell []line) bool { return len(cell) == 0 || cell[0].box.y1 > head.y1 }) {
		return
	}
	for _, i := range in {
		of[i] = t
	}
}

// fill makes a table of the lines in a box that are in none.
func (p *page) fill(lines []line, of []*table, b box, build func(in []int) *table) bool {
	var in []int
	for i := range lines {
		l := &lines[i]
		x, y := (l.box.x0+l.box.x1)/2, (l.box.y0+l.box.y1)/2
		if of[i] == nil && l.turn == 0 && l.unit == nil && x > b.x0 && x < b.x1 && y > b.y0 && y < b.y1 {
			in = append(in, i)
		}
	}
	if len(in) < 3 {
		return false
	}
	t := build(in)
	if t == nil {
		return false
	}
	for _, i := range in {
		of[i] = t
	}
	return true
}

// rows are the blocks of a table.
func (t *table) blocks(page, number int) []*block {
	var out []*block
	for _, cells := range t.rows {
		b := &block{kind: corpus.TableRow, page: page, table: number}
		filled := false
		for _, cell := range cells {
			var text strings.Builder
			for i := range cell {
				if !filled {
					b.box, b.size = cell[i].page, cell[i].size
				}
				b.box, filled = b.box.union(cell[i].page), true
				if s := cell[i].text(); text.Len() == 0 {
					text.WriteString(s)
				} else {
					joinLine(&text, s, nil)
				}
			}
			b.cells = append(b.cells, strings.NewReplacer(string(hyphen), "-", "\t", " ").Replace(text.String()))
		}
		if filled {
			out = append(out, b)
		}
	}
	left := float32(1e6)
	for _, b := range out {
		left = min(left, b.box.x0)
	}
	for _, b := range out {
		b.left = left
	}
	return out
}

// grid is where the rules of a table stand.
type grid struct {
	xs, ys []float32
	rules  []rule
}

func (g *grid) box() box { return box{g.xs[0], g.ys[0], g.xs[len(g.xs)-1], g.ys[len(g.ys)-1]} }

const mostRules = 4000

// grids joins the rules that meet, and gives those that make cells.
func (p *page) grids() []grid {
	if len(p.rules) > mostRules {
		return nil
	}
	parent := make([]int, len(p.rules))
	for i := range parent {
		parent[i] = i
	}
	find := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	order := make([]int, len(p.rules))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(p.rules[a].y0, p.rules[b].y0) })
	for k, i := range order {
		a := p.rules[i]
		for _, j := range order[k+1:] {
			b := p.rules[j]
			if b.y0 > a.y1+near {
				break
			}
			if b.x0 <= a.x1+near && a.x0 <= b.x1+near {
				parent[find(i)] = find(j)
			}
		}
	}
	groups := map[int][]rule{}
	for i, r := range p.rules {
		groups[find(i)] = append(groups[find(i)], r)
	}
	var out []grid
	for i := range p.rules { // in the order of the page
		if rules := groups[i]; find(i) == i && len(rules) >= 4 {
			g := grid{rules: rules}
			for _, r := range rules {
				if r.upright {
					g.xs = append(g.xs, (r.x0+r.x1)/2)
				} else {
					g.ys = append(g.ys, (r.y0+r.y1)/2)
				}
			}
			g.xs, g.ys = distinct(g.xs), distinct(g.ys)
			if len(g.xs) >= 3 && len(g.ys) >= 3 {
				out = append(out, g)
			}
		}
	}
	return out
}

// distinct sorts places and makes those that are near each other one.
func distinct(v []float32) []float32 {
	slices.Sort(v)
	out := v[:0]
	for _, x := range v {
		if len(out) == 0 || x > out[len(out)-1]+2*near {
			out = append(out, x)
		}
	}
	return out
}

// cellOf is the interval of borders that a place stands in.
func cellOf(borders []float32, at float32) int {
	i, _ := slices.BinarySearch(borders, at)
	return max(0, min(i-1, len(borders)-2))
}

// table puts lines into the cells of a grid; words of one line may stand in several.
// It is nil where the cells hold less than a table does.
func (g *grid) table(lines []line, in []int) *table {
	nx, ny := len(g.xs)-1, len(g.ys)-1
	t := &table{rows: make([][][]line, ny), grid: true}
	for y := range t.rows {
		t.rows[y] = make([][]line, nx)
	}
	for _, i := range in {
		l := &lines[i]
		y := cellOf(g.ys, (l.box.y0+l.box.y1)/2)
		start := 0
		for k := 1; k <= len(l.words); k++ {
			c := g.column(&l.words[start], y)
			if k < len(l.words) && g.column(&l.words[k], y) == c {
				continue
			}
			t.rows[y][c] = append(t.rows[y][c], l.part(start, k))
			if k < len(l.words) && l.words[k].gap < 0.6*l.size {
				t.cuts++
			}
			start = k
		}
	}
	return t.trim()
}

// column is the cell of a row that a word stands in: the leftmost of those that no
// rule divides.
func (g *grid) column(w *word, y int) int {
	c := cellOf(g.xs, (w.box.x0+w.box.x1)/2)
	middle := (g.ys[y] + g.ys[y+1]) / 2
	for ; c > 0; c-- {
		if slices.ContainsFunc(g.rules, func(r rule) bool {
			return r.upright && r.y0 < middle && r.y1 > middle && r.x0-2*near < g.xs[c] && r.x1+2*near > g.xs[c]
		}) {
			break
		}
	}
	return c
}

// part is the words from i to k of a line as a line.
func (l *line) part(i, k int) line {
	if i == 0 && k == len(l.words) {
		return *l
	}
	part := line{words: l.words[i:k], turn: l.turn, unit: l.unit, seq: l.seq, box: l.words[i].box}
	for j := i; j < k; j++ {
		part.box = part.box.union(l.words[j].box)
	}
	part.page = box{part.box.x0, l.page.y0, part.box.x1, l.page.y1}
	part.finish()
	return part
}

// trim leaves out rows and columns without text; it is nil for what is no table: fewer
// than two rows and two columns, or rows that mostly have one cell with text.
func (t *table) trim() *table {
	var used []bool
	several, kept := 0, t.rows[:0]
	for _, row := range t.rows {
		n := 0
		for x := range row {
			if len(used) <= x {
				used = append(used, false)
			}
			if len(row[x]) > 0 {
				used[x] = true
				n++
			}
		}
		if n > 0 {
			kept = append(kept, row)
		}
		if n > 1 {
			several++
		}
	}
	t.rows = kept
	columns := 0
	for _, u := range used {
		if u {
			columns++
		}
	}
	if columns < 2 || len(kept) < 2 || several < 2 || 3*several < len(kept) || t.doubtful(columns) {
		return nil
	}
	for y, row := range t.rows {
		var cells [][]line
		for x, u := range used {
			if u && x < len(row) {
				cells = append(cells, row[x])
			}
		}
		t.rows[y] = cells
	}
	return t
}

// doubtful says that what looks like a table is a drawing, a form or a page in a
// frame: borders run through text, most cells are empty, one holds most of the text,
// or the rows go back and forth in the order of the page.
func (t *table) doubtful(columns int) bool {
	filled, parts, back, words, most := 0, 0, 0, 0, 0
	last := -1
	for _, row := range t.rows {
		for _, cell := range row {
			if len(cell) > 0 {
				filled++
			}
			n := 0
			for i := range cell {
				parts++
				n += len(cell[i].words)
				if cell[i].seq < last {
					back++
				}
				last = cell[i].seq
			}
			words += n
			most = max(most, n)
		}
	}
	cells := columns * len(t.rows)
	return 5*t.cuts > parts || 10*filled < 3*cells || !t.long && most > 60 && 2*most > words || 10*back > parts && !(t.grid && 10*filled > 6*cells)
}

// descends says that each row of a table stands below the one before it.
func (t *table) descends() bool {
	if t == nil {
		return false
	}
	bottom := float32(-1e6)
	for _, row := range t.rows {
		top, low := float32(1e6), float32(-1e6)
		for _, cell := range row {
			for i := range cell {
				top, low = min(top, cell[i].box.y1), max(low, cell[i].box.y1)
			}
		}
		if top <= bottom {
			return false
		}
		bottom = low
	}
	return true
}

// ruled are the horizontal rules that stand over each other and are equally long, from
// the top: those of tables that have no upright ones.
func (p *page) ruled() [][]rule {
	var flat []rule
	for _, r := range p.rules {
		if !r.upright && r.width() > 40 {
			flat = append(flat, r)
		}
	}
	if len(flat) > mostRules {
		return nil
	}
	slices.SortStableFunc(flat, func(a, b rule) int { return cmp.Compare(a.y0, b.y0) })
	done := make([]bool, len(flat))
	var out [][]rule
	for i, a := range flat {
		if done[i] {
			continue
		}
		group := []rule{a}
		for j := i + 1; j < len(flat); j++ {
			c := flat[j]
			if !done[j] && abs(c.x0-a.x0) < 2*near && abs(c.x1-a.x1) < 2*near && c.y0 > group[len(group)-1].y1+near {
				done[j] = true
				group = append(group, c)
			}
		}
		if len(group) > 1 {
			out = append(out, group)
		}
	}
	return out
}

func abs(v float32) float32 { return max(v, -v) }

package gather

import (
	"slices"
	"sort"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/internal/topk"
)

// Types of documents whose parts need what stands above them, see Above.
const (
	data = "data"
	mail = "mail"
)

// Nested says that the headings of a document are the keys that lead to what stands
// below them, which says little without.
func (d *Document) Nested() bool { return d.Type == data }

// Letter says that a document begins with who wrote it to whom and when.
func (d *Document) Letter() bool { return d.Type == mail }

// above is what the first passage of a run needs of what stands above it and is in
// none of the rows: the head of its table, the keys that lead to it, the head of its
// mail. They are passages of their own, ascending.
func (g *Gatherer) above(segment int, first, row uint32, rows []uint32, d *Document, p corpus.Passage) []Passage {
	if row == first {
		return nil
	}
	switch {
	case d.Nested():
		return g.keys(segment, first, row, rows, p)
	case d.Letter() && !slices.Contains(rows, first):
		top := g.from.Passage(topk.Row{Segment: segment, Row: first})
		return []Passage{{Passage: top}}
	}
	if head, ok := g.tableHead(segment, first, row, rows, p); ok {
		return []Passage{head}
	}
	return nil
}

// mostBlanks is how far a line of data may be indented.
const mostBlanks = 64

// indent lets a passage of data that is read for itself begin with its line: blanks
// say what stands under what.
func (g *Gatherer) indent(row topk.Row, d *Document, p *corpus.Passage) error {
	if !d.Nested() || p.Start == 0 {
		return nil
	}
	before, err := g.from.Text(row, max(0, p.Start-mostBlanks), p.Start)
	if err != nil {
		return err
	}
	blanks := len(before) - len(strings.TrimRight(before, " \t"))
	if n := len(d.Passages); blanks < mostBlanks && (n == 0 || d.Passages[n-1].End <= p.Start-blanks) {
		p.Start -= blanks
	}
	return nil
}

// nearKeys is how many passages before its own a key is looked for one after another;
// further by halves, as what stands under one key follows each other. (Where its path
// comes again and again, the first may be named for a later one.)
const nearKeys = 64

// keys are the headings above a passage.
func (g *Gatherer) keys(segment int, first, row uint32, rows []uint32, p corpus.Passage) []Passage {
	k := keyFinder{path: p.Headings, open: len(p.Headings), rows: rows}
	for _, s := range p.Sentences {
		if s.Kind != corpus.Heading {
			break
		}
		k.open--
	}
	read := func(r uint32) corpus.Passage { return g.from.Passage(topk.Row{Segment: segment, Row: r}) }
	top := row
	for ; top > first && row-top < nearKeys && k.open > 0; top-- {
		k.look(top-1, read(top-1))
	}
	for top > first && k.open > 0 {
		open := k.open
		at := firstUnder(first, top, func(r uint32) bool { return k.under(read(r).Headings) })
		if at < top {
			k.look(at, read(at))
			top = at
		}
		if k.open == open {
			k.open-- // it has no line of its own
		}
	}
	slices.Reverse(k.found)
	return k.found
}

// Headings are those that stand above a passage of a document or begin it, outermost first.
func (g *Gatherer) Headings(doc topk.Row, row uint32) ([]Passage, error) {
	first, _ := g.from.PassageRows(doc)
	p := g.from.Passage(topk.Row{Segment: doc.Segment, Row: row})
	found := g.keys(doc.Segment, first, row, nil, p)
	for _, s := range p.Sentences {
		if s.Kind != corpus.Heading {
			break
		}
		found = append(found, Passage{Passage: corpus.Passage{Start: s.Start, End: s.End, Headings: p.Headings, Sentences: []corpus.Sentence{s}}})
	}
	return found, g.from.Err()
}

// firstUnder is the first of the rows that lie under something, together with the last one
// before end; end where that one does not.
func firstUnder(first, end uint32, under func(r uint32) bool) uint32 {
	for step := uint32(1); end > first; step *= 2 {
		r := end - min(step, end-first)
		if !under(r) {
			return r + 1 + uint32(sort.Search(int(end-r-1), func(n int) bool { return under(r + 1 + uint32(n)) }))
		}
		end = r
	}
	return end
}

// keyFinder goes up from a passage to the keys that lead to it.
type keyFinder struct {
	path  []string // headings of the passage
	open  int      // of the path, those that are not found
	rows  []uint32 // of passages that are read anyway
	found []Passage
}

// under says whether headings lead through the innermost key that is not found.
func (k *keyFinder) under(headings []string) bool {
	return len(headings) >= k.open && slices.Equal(headings[:k.open], k.path[:k.open])
}

// look finds keys in a passage: the headings that it begins with are the last ones of its
// path.
func (k *keyFinder) look(row uint32, p corpus.Passage) {
	n := 0
	for n < len(p.Sentences) && p.Sentences[n].Kind == corpus.Heading {
		n++
	}
	for i := n - 1; i >= 0; i-- {
		at := len(p.Headings) - n + i
		if at >= k.open || at < 0 || !slices.Equal(p.Headings[:at+1], k.path[:at+1]) {
			continue
		}
		if k.open = at; !slices.Contains(k.rows, row) {
			s := p.Sentences[i]
			k.found = append(k.found, Passage{Passage: corpus.Passage{Start: s.Start, End: s.End, Headings: p.Headings[:at+1], Sentences: []corpus.Sentence{s}}})
		}
	}
}

// farTable is how many passages before its own the head of a table is looked for;
// further where the table begins its document.
const farTable = 64

// tableHead is the first row of the table in which a run of passages begins, as a
// passage of its own, where the run and rows are without it: without its header a row
// says little.
func (g *Gatherer) tableHead(segment int, first, row uint32, rows []uint32, p corpus.Passage) (Passage, bool) {
	isRow := func(p corpus.Passage, at int) bool {
		return len(p.Sentences) > 0 && p.Sentences[max(at*(len(p.Sentences)-1), 0)].Kind == corpus.TableRow
	}
	if row == first || !isRow(p, 0) {
		return Passage{}, false
	}
	at := func(r uint32) corpus.Passage { return g.from.Passage(topk.Row{Segment: segment, Row: r}) }
	top := row
	head := p
	for r := row; r > first && row-r < farTable; r-- {
		q := at(r - 1)
		if !isRow(q, 1) || !slices.Equal(q.Headings, p.Headings) {
			break
		}
		if top, head = r-1, q; !isRow(q, 0) {
			break
		}
	}
	if row-top == farTable {
		if q := at(first); isRow(q, 0) && slices.Equal(q.Headings, p.Headings) {
			top, head = first, q
		}
	}
	if top == row || slices.Contains(rows, top) {
		return Passage{}, false
	}
	for i, s := range head.Sentences {
		// The row that begins the last run of rows of its passage.
		if s.Kind == corpus.TableRow && (i == 0 || head.Sentences[i-1].Kind != corpus.TableRow) && !slices.ContainsFunc(head.Sentences[i:], func(s corpus.Sentence) bool { return s.Kind != corpus.TableRow }) {
			return Passage{Passage: corpus.Passage{Start: s.Start, End: s.End, Headings: head.Headings, Sentences: []corpus.Sentence{s}}}, true
		}
	}
	return Passage{}, false
}

package gather

import (
	"slices"
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

// farKeys is how many passages before its own a key is looked for.
const farKeys = 1000

// keys are the headings above a passage, as far as they are not too far.
func (g *Gatherer) keys(segment int, first, row uint32, rows []uint32, p corpus.Passage) []Passage {
	var found []Passage
	open := len(p.Headings) // of the path, those that are not found
	if len(p.Sentences) > 0 && p.Sentences[0].Kind == corpus.Heading {
		for _, s := range p.Sentences {
			if s.Kind != corpus.Heading {
				break
			}
			open--
		}
	}
	for r := row; r > first && row-r < farKeys && open > 0; r-- {
		q := g.from.Passage(topk.Row{Segment: segment, Row: r - 1})
		n := 0
		for n < len(q.Sentences) && q.Sentences[n].Kind == corpus.Heading {
			n++
		}
		// The headings that a passage begins with are the last ones of its path.
		for k := n - 1; k >= 0; k-- {
			at := len(q.Headings) - n + k
			if at >= open || at < 0 || !slices.Equal(q.Headings[:at+1], p.Headings[:at+1]) {
				continue
			}
			if open = at; !slices.Contains(rows, r-1) {
				s := q.Sentences[k]
				found = append(found, Passage{Passage: corpus.Passage{Start: s.Start, End: s.End, Headings: q.Headings[:at+1], Sentences: []corpus.Sentence{s}}})
			}
		}
	}
	slices.Reverse(found)
	return found
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

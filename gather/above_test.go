package gather

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/text"
)

// ledger is one document of nested data, a passage a row: keys at three depths, and how
// many passages were read.
type ledger struct {
	shelf
	passages []corpus.Passage
	source   strings.Builder
	reads    int
}

func (l *ledger) add(headings []string, lines ...string) {
	p := corpus.Passage{Start: l.source.Len(), Headings: headings}
	for i, line := range lines {
		s := corpus.Sentence{Start: l.source.Len(), End: l.source.Len() + len(line), Kind: corpus.Code}
		if i < len(lines)-1 || strings.HasSuffix(line, ":") {
			s.Kind = corpus.Heading
		}
		p.Sentences = append(p.Sentences, s)
		l.source.WriteString(line + "\n")
	}
	p.End = l.source.Len()
	l.passages = append(l.passages, p)
}

func (l *ledger) DocumentOf(topk.Row) topk.Row             { return topk.Row{} }
func (l *ledger) PassageRows(topk.Row) (first, end uint32) { return 0, uint32(len(l.passages)) }
func (l *ledger) Header(topk.Row) (Header, error) {
	return Header{ID: "d", Type: data, Analyzer: "english"}, nil
}
func (l *ledger) Text(_ topk.Row, start, end int) (string, error) {
	return l.source.String()[start:end], nil
}
func (l *ledger) Passage(r topk.Row) corpus.Passage { l.reads++; return l.passages[r.Row] }

// TestKeysAreFoundFarAbove: the keys that lead to a passage are those that a search through
// all passages above finds, for a few reads.
func TestKeysAreFoundFarAbove(t *testing.T) {
	var l ledger
	l.add([]string{"towns"}, "towns:")
	for a := range 5 {
		A := fmt.Sprint("a", a)
		l.add([]string{"towns", A}, A+":")
		for b := range 1 + 400*a {
			B := fmt.Sprint("b", b%70)
			l.add([]string{"towns", A, B}, B+":", fmt.Sprint("value ", b))
			for range b % 4 {
				l.add([]string{"towns", A, B}, "more")
			}
		}
	}
	var pool text.Pool
	words := pool.Loan()
	defer words.Release()
	g := New(&l, words)
	for row := uint32(1); row < uint32(len(l.passages)); row += 97 {
		p := l.passages[row]
		var want []string
		open := len(p.Headings)
		if p.Sentences[0].Kind == corpus.Heading {
			open--
		}
		for r := int(row) - 1; r >= 0 && open > 0; r-- { // the oracle: one after another
			q := l.passages[r]
			if q.Sentences[0].Kind == corpus.Heading && slices.Equal(q.Headings, p.Headings[:open]) {
				open--
				want = append(want, q.Headings[open])
			}
		}
		slices.Reverse(want)
		l.reads = 0
		var got []string
		for _, k := range g.keys(0, 0, row, []uint32{row}, p) {
			got = append(got, k.Headings[len(k.Headings)-1])
		}
		if !slices.Equal(got, want) {
			t.Errorf("row %d under %q: %q, want %q", row, p.Headings, got, want)
		}
		if most := nearKeys + 3*2*12; l.reads > most {
			t.Errorf("row %d of %d: %d passages were read, more than %d", row, len(l.passages), l.reads, most)
		}
	}
}

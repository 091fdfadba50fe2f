package needs

import (
	"sort"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/acronym"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/internal/topk"
)

// part is what was read of a document: passages that follow each other.
type part struct {
	gather.Header
	row       topk.Row
	start     int // of text, in the stored source
	text      string
	sentences []sentence
	found     []acronym.Definition // nil before they are looked for
	low       string               // text in lower case, once it is asked for
}

// sentence is one of a part.
type sentence struct {
	corpus.Sentence
	passage  uint32 // its row
	headings []string
}

// part reads passages of a document.
func (p *picker) part(doc topk.Row, first, end uint32) (*part, error) {
	h, err := p.from.Header(doc)
	if err != nil {
		return nil, err
	}
	d := &part{Header: h, row: doc}
	if first >= end {
		return d, nil
	}
	rows := make([]topk.Row, 0, end-first)
	for r := first; r < end; r++ {
		rows = append(rows, topk.Row{Segment: doc.Segment, Row: r})
	}
	p.from.Ahead(rows)
	stop := 0
	for i, r := range rows {
		q := p.from.Passage(r)
		if stop = q.End; i == 0 {
			d.start = q.Start
		}
		for _, s := range q.Sentences {
			if s.Start < s.End {
				d.sentences = append(d.sentences, sentence{s, r.Row, q.Headings})
			}
		}
	}
	d.text, err = p.from.Text(doc, d.start, stop)
	return d, err
}

// passageAt is the row of the passage that holds a byte of a document, or the last one.
func passageAt(from gather.Reader, doc topk.Row, at int) uint32 {
	first, end := from.PassageRows(doc)
	i := sort.Search(int(end-first), func(i int) bool {
		return from.Passage(topk.Row{Segment: doc.Segment, Row: first + uint32(i)}).End > at
	})
	return min(first+uint32(i), max(end, 1)-1)
}

func (d *part) end() int { return d.start + len(d.text) }

// slice is bytes start to end of the document.
func (d *part) slice(start, end int) string { return d.text[start-d.start : end-d.start] }

// of is the text of a sentence.
func (d *part) of(i int) string { return d.slice(d.sentences[i].Start, d.sentences[i].End) }

// sentenceEnding is the first sentence that ends behind a byte.
func (d *part) sentenceEnding(at int) int {
	return sort.Search(len(d.sentences), func(i int) bool { return d.sentences[i].End > at })
}

// sentenceAt is the sentence that holds a byte; ok is false for one between two.
func (d *part) sentenceAt(at int) (i int, ok bool) {
	i = d.sentenceEnding(at)
	return i, i < len(d.sentences) && d.sentences[i].Start <= at
}

// lines widens a range to whole lines, blanks at both ends apart.
func (d *part) lines(start, end int) (int, int) {
	from := strings.LastIndexByte(d.slice(d.start, start), '\n') + 1 + d.start
	to := d.end()
	if i := strings.IndexByte(d.slice(end, to), '\n'); i >= 0 {
		to = end + i
	}
	line := d.slice(from, to)
	return to - len(strings.TrimLeft(line, " \t\r")), from + len(strings.TrimRight(line, " \t\r"))
}

// indent counts the blanks that the line of a byte begins with.
func (d *part) indent(at int) int {
	line := d.slice(d.start, at)
	return indentOf(line[strings.LastIndexByte(line, '\n')+1:])
}

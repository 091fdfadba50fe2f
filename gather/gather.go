// Package gather finds the candidates that a context is chosen from: the passages
// that are best for a question at second look, with their neighbours, the first
// passages of the best documents, and documents that bear a name as title. What it
// reads of an index it reads through Reader.
//
// The second look (look.go) ranks the 200 best passages by BM25 again, by the
// shares of the question that they, their headings, title and path have, and by the
// role of their document. Measured on real documentation it brings the passage that
// answers to the first place for a third more of the questions.
package gather

import (
	"cmp"
	"context"
	"slices"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/text"
)

// Document is a candidate.
type Document struct {
	ID, Path, Title string
	// Type is that of the reader that made the document.
	Type string
	// Prior is what the document's role costs it, where the question does not ask for it, and
	// that it is in another language: from 0 for documentation to about 1.5.
	Prior float64
	// Place is that of the document among all, by which those added first stand
	// first.
	Place uint64
	// Analyzer made the document's terms; it is used by one goroutine at a time.
	Analyzer *text.Analyzer
	// Score is the document's own search score (BM25F over the whole document),
	// 0 when it was not among the document hits.
	Score float64
	// Passages are ascending and do not overlap: hits and their neighbours.
	// Adjacent ones give each other context.
	Passages []Passage
}

// Passage is a candidate passage with its text.
type Passage struct {
	corpus.Passage
	Text string // the bytes Start to End of the stored source
	// Look is its score at second look as a share of the best one, half of that for a
	// neighbour; 0 where it was not looked at.
	Look float64
	// Meaning is how near it is to the question in meaning: see nearness. 0 where
	// nothing is known of it.
	Meaning float64
	// Judged is how well a model that has read it says that it answers, as Meaning is; Kept
	// what that would keep of it. 0 and nil where none has.
	Judged float64
	Kept   []Kept
}

// Header is what a document is called.
type Header struct {
	ID, Path, Title string
	Type            string // of the reader
	Role            string // as package role names it; "" where nobody has said
	Analyzer        string // name of the analysis of its words
	Place           uint64 // among all documents, those added first first
}

// Reader is what gathering reads of an index, all of it at one moment and of
// what the asker may see. A row is that of a passage or of a document, as a
// method says. What a method cannot say because reading failed, Err does.
type Reader interface {
	// BestPassages and BestDocuments are the k best rows, best first; none where
	// there are no terms.
	BestPassages(terms []search.Term, k int) []topk.Hit
	BestDocuments(terms []search.Term, k int) []topk.Hit
	// Titled lists the documents whose analysed title is terms, in order of
	// addition.
	Titled(terms []string) []topk.Row
	// DocumentOf is the document of a passage.
	DocumentOf(passage topk.Row) topk.Row
	// PassageRows is the half-open range of the passage rows of a document, in the
	// same segment.
	PassageRows(doc topk.Row) (first, end uint32)
	// Passage is a passage with its range, headings and sentences.
	Passage(row topk.Row) corpus.Passage
	// Header of a document.
	Header(doc topk.Row) (Header, error)
	// Text is bytes start to end of a document's stored source.
	Text(doc topk.Row, start, end int) (string, error)
	// Ahead says which passages will be read, for a reader that had better read many at
	// once.
	Ahead(passages []topk.Row)
	// Err is why a method that returns no error had nothing to return; nil where none had.
	Err() error
}

// How much belongs to what was found; measured with package tamis's counts.
const (
	documentPassages = 6 // of a document that was found as a whole
	neighbours       = 2 // passages on either side of one that was found
	titled           = 8 // documents that bear one title
	matching         = 3 // documents that match a name which is no title
)

// namedLook stands for the second look at a passage of a document that was found
// by its name: the question did not find it.
const namedLook = .5

// Gatherer collects the candidates of one question. It is used by one goroutine
// at a time.
type Gatherer struct {
	from  Reader
	words *text.Loan
	docs  map[topk.Row]*candidate
	read  map[string]topk.Row // documents that were read, by id
	asked asked
	// foreign are the analyses of languages that are not the question's.
	foreign map[string]bool

	meaning Meaning
	near    *nearness // of the first candidates that were read
	judged  map[topk.Row]verdict
}

// New returns a Gatherer that has found nothing. The documents' analyzers are
// those of words, which is released after the last use of a document.
func New(from Reader, words *text.Loan) *Gatherer {
	return &Gatherer{from: from, words: words, docs: map[topk.Row]*candidate{}, read: map[string]topk.Row{}}
}

// Row is the row of a document that was read.
func (g *Gatherer) Row(id string) (doc topk.Row, ok bool) {
	doc, ok = g.read[id]
	return doc, ok
}

// candidate is a document of which some passages are candidates.
type candidate struct {
	row      topk.Row
	score    float64
	passages map[uint32]float64 // rows, and their scores at second look
}

// Question is what candidates are looked for.
type Question struct {
	Text  string
	Terms []search.Term
	IDF   func(term string) float64 // among the passages
	// Ahead, where not nil, is told of terms that IDF will be asked for.
	Ahead func(terms []string)
	// Meaning, where not nil, weighs in the second look and is told of each passage.
	Meaning Meaning
	// Favour is what the asker did with documents, by their ids, from -1 (sent away) to 1 (kept).
	Favour map[string]float64
	// Judge, where not nil, reads the Judges best passages at second look.
	Judge  Judge
	Judges int
}

// Find makes candidates of the passages that match best, with neighbours.
func (g *Gatherer) Find(terms []search.Term, passages int) {
	for _, p := range g.from.BestPassages(terms, passages) {
		g.around(p.Row, g.from.DocumentOf(p.Row), 0)
	}
}

// around makes a passage a candidate, with its neighbours, which have half of
// its score at second look.
func (g *Gatherer) around(row, doc topk.Row, look float64) {
	first, end := g.from.PassageRows(doc)
	c := g.candidate(doc)
	for r := max(int(first), int(row.Row)-neighbours); r <= min(int(end)-1, int(row.Row)+neighbours); r++ {
		s := look
		if r != int(row.Row) {
			s /= 2
		}
		c.passages[uint32(r)] = max(c.passages[uint32(r)], s)
	}
}

// FindNamed makes candidates of the documents that may bear one of the names,
// runs of analysed terms, as title: those whose analysed title is the name, else
// those that match it best.
func (g *Gatherer) FindNamed(names [][]string) {
	for _, name := range names {
		rows := g.from.Titled(name)
		for _, doc := range rows[:min(len(rows), titled)] {
			g.whole(doc, 0, namedLook)
		}
		if len(rows) > 0 {
			continue
		}
		var terms []search.Term
		for i, t := range name {
			if !slices.Contains(name[:i], t) {
				terms = append(terms, search.Term{Text: t, Weight: 1})
			}
		}
		for _, d := range g.from.BestDocuments(terms, matching) {
			g.whole(d.Row, 0, namedLook)
		}
	}
}

func (g *Gatherer) candidate(doc topk.Row) *candidate {
	c, ok := g.docs[doc]
	if !ok {
		c = &candidate{row: doc, passages: map[uint32]float64{}}
		g.docs[doc] = c
	}
	return c
}

// whole makes the first passages of a document candidates.
func (g *Gatherer) whole(doc topk.Row, score, look float64) {
	c := g.candidate(doc)
	c.score = max(c.score, score)
	first, end := g.from.PassageRows(doc)
	for r := first; r < min(end, first+documentPassages); r++ {
		c.passages[r] = max(c.passages[r], look)
	}
}

// Take makes passages of a document candidates, whether or not they were found.
func (g *Gatherer) Take(doc topk.Row, first, end uint32) {
	c := g.candidate(doc)
	for r := first; r < end; r++ {
		c.passages[r] = max(c.passages[r], 0)
	}
}

func compareRows(a, b topk.Row) int {
	return cmp.Or(cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Row, b.Row))
}

// Read loads the text of what was found since the last Read, documents in order
// of addition.
func (g *Gatherer) Read(ctx context.Context) ([]Document, error) {
	found := make([]*candidate, 0, len(g.docs))
	for _, c := range g.docs {
		found = append(found, c)
	}
	clear(g.docs)
	slices.SortFunc(found, func(a, b *candidate) int { return compareRows(a.row, b.row) })
	var ahead []topk.Row
	for _, c := range found {
		for r := range c.passages {
			ahead = append(ahead, topk.Row{Segment: c.row.Segment, Row: r})
		}
	}
	g.from.Ahead(ahead)
	near, err := g.nearness(ctx, found)
	if err != nil {
		return nil, err
	}
	docs := make([]Document, 0, len(found))
	for _, c := range found {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		d, err := g.document(c, near)
		if err != nil {
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, g.from.Err()
}

func (g *Gatherer) document(c *candidate, near map[topk.Row]float64) (Document, error) {
	h, err := g.from.Header(c.row)
	if err != nil {
		return Document{}, err
	}
	g.read[h.ID] = c.row
	an, err := g.words.Get(h.Analyzer)
	if err != nil {
		return Document{}, err
	}
	d := Document{ID: h.ID, Path: h.Path, Title: h.Title, Type: h.Type, Prior: g.prior(&h), Place: h.Place, Analyzer: an, Score: c.score}
	rows := make([]uint32, 0, len(c.passages))
	for r := range c.passages {
		rows = append(rows, r)
	}
	slices.Sort(rows)
	first, _ := g.from.PassageRows(c.row)
	// Neighbouring passages are read in one go.
	for i := 0; i < len(rows); {
		j := i + 1
		for j < len(rows) && rows[j] == rows[j-1]+1 {
			j++
		}
		run := make([]Passage, 0, j-i)
		for _, r := range rows[i:j] {
			row := topk.Row{Segment: c.row.Segment, Row: r}
			run = append(run, Passage{Passage: g.from.Passage(row), Look: c.passages[r], Meaning: near[row], Judged: g.judged[row].near, Kept: g.judged[row].kept})
		}
		for _, head := range g.above(c.row.Segment, first, rows[i], rows, &d, run[0].Passage) {
			if n := len(d.Passages); n > 0 && d.Passages[n-1].End > head.Start {
				continue
			}
			if err := g.indent(c.row, &d, &head.Passage); err != nil {
				return Document{}, err
			}
			if head.Text, err = g.from.Text(c.row, head.Start, head.End); err != nil {
				return Document{}, err
			}
			d.Passages = append(d.Passages, head)
		}
		if err := g.indent(c.row, &d, &run[0].Passage); err != nil {
			return Document{}, err
		}
		start := run[0].Start
		text, err := g.from.Text(c.row, start, run[len(run)-1].End)
		if err != nil {
			return Document{}, err
		}
		for k := range run {
			run[k].Text = text[run[k].Start-start : run[k].End-start]
		}
		d.Passages = append(d.Passages, run...)
		i = j
	}
	return d, nil
}

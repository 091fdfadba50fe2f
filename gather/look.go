package gather

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/tamis-search/tamis/corpus/role"
	"github.com/tamis-search/tamis/internal/neardup"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/text"
)

// The second look ranks the passages that were found again: by what share of the
// question they and what stands above them have, each word weighed by its idf,
// by what their document is for, and by whether a better one says the same. A
// sum over words ranks a passage that has one of them often like one that has all;
// a share does not. The weights are those of a search over one set of questions on
// real documentation, judged on another (docs/benchmarks.md).
const (
	lookAt     = 200 // passages
	lookAtDocs = 100 // best documents, whose own score counts

	weighBase   = 1   // BM25 as a share of the best
	weighBody   = .5  // share of the question in the passage
	weighAll    = .5  // in passage, title, path and headings together
	weighPlace  = .75 // in title, path and headings
	weighTitle  = .15 // share of the title that the question has
	weighDoc    = .1  // the document's BM25 as a share of the best
	weighFavour = .1  // what the asker did with the document, from -1 to 1: it never outweighs words
	weighValue  = .3  // a number where one is asked for; twice where it is set to something

	pathParts = 4  // the last parts of a path that say what it is about
	twinShare = .6 // of a passage's shingles that stand in better ones
	twinCost  = .5

	// What an index or a table of contents costs: it has all words of its book.
	entriesCost = 2
)

// prior is what the role of a document costs it, where the question does not ask
// for documents of that role, 0 for documentation; and what its language does.
func (g *Gatherer) prior(h *Header) float64 {
	if g.foreign[h.Analyzer] {
		return foreignCost + g.priorOf(h.Role)
	}
	return g.priorOf(h.Role)
}

func (g *Gatherer) priorOf(of string) float64 {
	if g.asked.role(of) {
		return 0
	}
	switch of {
	case role.Test:
		return 1
	case role.Generated, role.Copy:
		return .75
	case role.Source:
		return .5
	case role.Declaration:
		return .4
	case role.Log:
		return .2
	}
	return 0
}

// looker takes the second look for one question.
type looker struct {
	g      *Gatherer
	asked  asked
	bits   map[string]int // of the question terms that count, as in a set
	weight []float64      // their idf
	sum    float64        // of weight
	idf    func(string) float64
	docs   map[topk.Row]*seenDoc
	favour map[string]float64
}

// seenDoc is what the second look knows of a document.
type seenDoc struct {
	Header
	analyzer *text.Analyzer
	title    []string // its terms, each once
	weighed  bool
	place    set     // title and path
	base     float64 // what its passages have in common
}

// set is a set of question terms: bit i is the i-th.
type set uint64

// looked is a passage at second look.
type looked struct {
	row, doc topk.Row
	score    float64
	shingles []uint64
}

// look ranks the best passages for the question again, best first; docs are the
// documents that match it best.
func (g *Gatherer) look(ctx context.Context, q *Question, docs []topk.Hit) ([]looked, error) {
	hits := g.from.BestPassages(q.Terms, lookAt)
	if len(hits) == 0 {
		return nil, g.from.Err()
	}
	l := &looker{g: g, asked: g.asked, idf: q.IDF, docs: map[topk.Row]*seenDoc{}, favour: q.Favour}
	l.weigh(q.Terms)
	for _, d := range docs {
		l.docs[d.Row] = &seenDoc{base: weighDoc * float64(d.Score) / float64(docs[0].Score)}
	}
	if err := l.ahead(hits, q.Ahead); err != nil {
		return nil, err
	}
	var err error
	if g.foreign, err = l.foreign(q, hits); err != nil {
		return nil, err
	}
	out := make([]looked, len(hits))
	for i, hit := range hits {
		p, err := l.passage(hit.Row)
		if err != nil {
			return nil, err
		}
		p.score += weighBase * float64(hit.Score) / float64(hits[0].Score)
		out[i] = p
	}
	sortLooked(out)
	foldTwins(out)
	sortLooked(out)
	if err := g.lookForMeaning(ctx, out[:min(len(out), meantAt)]); err != nil {
		return nil, err
	}
	return out, g.judge(ctx, q, out[:min(len(out), q.Judges)])
}

// sortLooked keeps the order of BM25 between equals.
func sortLooked(p []looked) {
	slices.SortStableFunc(p, func(a, b looked) int { return cmp.Compare(b.score, a.score) })
}

// foldTwins makes passages cost that better ones repeat.
func foldTwins(p []looked) {
	better := map[uint64]bool{}
	for i := range p {
		n := 0
		for _, h := range p[i].shingles {
			if better[h] {
				n++
			}
		}
		if n > 0 && float64(n) >= twinShare*float64(len(p[i].shingles)) {
			p[i].score -= twinCost
		}
		for _, h := range p[i].shingles {
			better[h] = true
		}
	}
}

// weigh gives the terms their bits; of more than a set holds, those with the
// largest idf.
func (l *looker) weigh(terms []search.Term) {
	byIDF := slices.Clone(terms)
	slices.SortStableFunc(byIDF, func(a, b search.Term) int { return cmp.Compare(l.idf(b.Text), l.idf(a.Text)) })
	l.bits = make(map[string]int, len(terms))
	for _, t := range byIDF[:min(len(byIDF), 64)] {
		l.bits[t.Text] = len(l.weight)
		l.weight = append(l.weight, l.idf(t.Text))
		l.sum += l.weight[len(l.weight)-1]
	}
}

// of is the set that has one term, empty where it is not the question's.
func (l *looker) of(term string) set {
	if i, ok := l.bits[term]; ok {
		return 1 << i
	}
	return 0
}

// share is the share of the question that a set of its terms is.
func (l *looker) share(s set) float64 {
	x := 0.0
	for ; s != 0; s &= s - 1 {
		x += l.weight[bits.TrailingZeros64(uint64(s))]
	}
	return x / l.sum
}

// terms are the question terms of a text.
func (l *looker) terms(an *text.Analyzer, text string) (s set) {
	an.Each(text, func(t string, _, _ int) { s |= l.of(t) })
	return s
}

// pathWords breaks what names of files join.
var pathWords = strings.NewReplacer("/", " ", "-", " ", "_", " ", ".", " ")

// ahead tells of the words of the titles of what was found.
func (l *looker) ahead(hits []topk.Hit, tell func([]string)) error {
	if tell == nil {
		return nil
	}
	var words []string
	for _, h := range hits {
		d, err := l.read(l.g.from.DocumentOf(h.Row))
		if err != nil {
			return err
		}
		words = append(words, d.title...)
	}
	tell(words)
	return nil
}

// read is a document with the terms of its title.
func (l *looker) read(row topk.Row) (*seenDoc, error) {
	d := l.docs[row]
	if d == nil {
		d = &seenDoc{}
		l.docs[row] = d
	}
	if d.analyzer != nil {
		return d, nil
	}
	var err error
	if d.Header, err = l.g.from.Header(row); err != nil {
		return nil, err
	}
	if d.analyzer, err = l.g.words.Get(d.Analyzer); err != nil {
		return nil, err
	}
	known := map[string]bool{}
	d.analyzer.Each(d.Title, func(t string, _, _ int) {
		if !known[t] {
			known[t] = true
			d.title = append(d.title, t)
		}
	})
	return d, nil
}

func (l *looker) document(row topk.Row) (*seenDoc, error) {
	d, err := l.read(row)
	if err != nil || d.weighed {
		return d, err
	}
	d.weighed = true
	all := 0.0
	for _, t := range d.title {
		all += l.idf(t)
		d.place |= l.of(t)
	}
	if all > 0 {
		d.base += weighTitle * l.share(d.place) * l.sum / all
	}
	parts := strings.Split(d.Path, "/")
	d.place |= l.terms(d.analyzer, pathWords.Replace(strings.Join(parts[max(0, len(parts)-pathParts):], " ")))
	d.base += weighFavour*max(-1, min(1, l.favour[d.ID])) - l.g.prior(&d.Header)
	return d, nil
}

func (l *looker) passage(row topk.Row) (looked, error) {
	out := looked{row: row, doc: l.g.from.DocumentOf(row)}
	d, err := l.document(out.doc)
	if err != nil {
		return out, err
	}
	p := l.g.from.Passage(row)
	s, err := l.g.from.Text(out.doc, p.Start, p.End)
	if err != nil {
		return out, err
	}
	above := d.place
	for _, h := range p.Headings {
		above |= l.terms(d.analyzer, h)
	}
	var body set
	var hashes []uint64
	d.analyzer.Each(s, func(t string, _, _ int) {
		body |= l.of(t)
		hashes = append(hashes, xxhash.Sum64String(t))
	})
	out.shingles = neardup.Shingles(len(hashes), func(i int) uint64 { return hashes[i] })
	out.score = d.base + weighBody*l.share(body) + weighAll*l.share(body|above) + weighPlace*l.share(above)
	if l.asked.value {
		out.score += weighValue * values(s)
	}
	if role.Entries(append([]string{d.Title}, p.Headings...), s) {
		out.score -= entriesCost
	}
	return out, nil
}

// Look makes candidates of the passages that are best at second look, with
// neighbours, and of the documents that match best.
func (g *Gatherer) Look(ctx context.Context, q *Question, passages, documents int) error {
	g.asked, g.meaning = askedFor(q.Text), q.Meaning
	docs := g.from.BestDocuments(q.Terms, max(lookAtDocs, documents))
	found, err := g.look(ctx, q, docs)
	if err != nil {
		return err
	}
	for _, p := range found[:min(len(found), passages)] {
		g.around(p.row, p.doc, max(0, p.score/found[0].score))
	}
	for _, d := range docs[:min(len(docs), documents)] {
		g.whole(d.Row, float64(d.Score), 0)
	}
	return nil
}

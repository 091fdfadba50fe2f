package trainingdata

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/questions"
)

// query is one with the passage that answers it.
type query struct {
	*questions.Question
	doc         *document
	first, last int // passages of the evidence
	start, end  int // their range
	quote       string
	said        []uint64 // shingles of the evidence
	words       []string // its terms, each once
	whole       []uint64 // shingles of the passage
	terms       []string
	hits        []tamis.Hit // of its part of the corpus
	searched    bool
}

// query is that of a question; nil for one that is left out.
func (m *maker) query(question *questions.Question) *query {
	e := question.Evidence[0]
	q := &query{Question: question, doc: m.by[e.Doc]}
	if q.doc == nil {
		return nil
	}
	q.first, q.last = q.doc.at(e.Start), q.doc.at(e.End-1)
	if q.first < 0 || q.last < 0 {
		m.made.Left["queries whose answer lies in no passage"]++
		return nil
	}
	q.start, q.end = q.doc.trimmed(q.first, q.last)
	q.start, q.end = min(q.start, e.Start), max(q.end, e.End)
	q.quote = folded(q.doc.Source[e.Start:e.End])
	q.words = m.terms(q.doc.Source[e.Start:e.End])
	q.said, q.whole = shingles(q.words), shingles(m.terms(q.doc.Source[q.start:q.end]))
	slices.Sort(q.words)
	q.words = slices.Compact(q.words)
	if q.doc.split == HeldOut && (m.trained(q.whole) || m.trained(q.said)) {
		m.made.Left["queries held out whose answer stands in the training part"]++
		return nil
	}
	q.terms = m.terms(question.Text)
	return q
}

// deep is how many passages a query's ranking has.
const deep = 300

// ranked are the passages that the index finds for a query, of its part of the corpus.
func (m *maker) ranked(ctx context.Context, q *query) ([]tamis.Hit, error) {
	if q.searched {
		return q.hits, nil
	}
	q.searched = true
	var err error
	q.hits, err = m.search(ctx, q.Text, q.doc.split, deep)
	return q.hits, err
}

func (m *maker) search(ctx context.Context, text, part string, k int) ([]tamis.Hit, error) {
	r, err := m.ix.Search(ctx, tamis.Query{Text: text, K: k, Unit: tamis.Passages, Plan: "text"})
	if errors.Is(err, tamis.ErrNoTerms) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(r.Hits, func(h tamis.Hit) bool {
		d := m.by[h.Doc]
		return d == nil || d.split != part || h.End > len(d.Source)
	}), nil
}

// nearest is the greatest share of the positive's score that a negative may have: what
// scores higher answers too often (Moreira and others 2024, NV-Retriever).
const nearest = .95

// fewWords is how many terms a passage must have that stands for anything.
const fewWords = 12

// chooser picks texts beside a query's own, none of which answers it and no two of which
// say the same.
type chooser struct {
	m     *maker
	q     *query
	taken [][]uint64
	spans []eval.Span
}

// sameWords is what share of the answer's words a text may not have.
const sameWords = .8

// again is the reason why a range is left out that is in the example.
const again = "there"

// takes says whether a range may stand in an example as what does not answer, and notes it.
func (c *chooser) takes(d *document, start, end int) bool {
	reason, s := c.unfit(d, start, end)
	if reason != "" {
		if reason != again {
			c.m.made.Left[reason]++
		}
		return false
	}
	c.taken, c.spans = append(c.taken, s), append(c.spans, eval.Span{Doc: d.ID, Start: start, End: end})
	return true
}

func (c *chooser) unfit(d *document, start, end int) (string, []uint64) {
	over := func(x eval.Span) bool { return x.Doc == d.ID && x.Start < end && start < x.End }
	own := slices.ContainsFunc(c.q.Evidence, over) || slices.ContainsFunc(slices.Concat(c.q.Copies...), over)
	if !own && slices.ContainsFunc(c.spans, over) {
		return again, nil
	}
	text := d.Source[start:end]
	words := folded(text)
	if own || c.q.quote != "" && strings.Contains(words, c.q.quote) {
		return "texts that hold the answer", nil
	}
	for _, a := range c.q.Answers {
		if a = folded(a); len(a) > 4 && strings.Contains(words, a) {
			return "texts that hold the answer", nil
		}
	}
	terms := c.m.terms(text)
	if len(terms) < fewWords {
		return "texts of a few words", nil
	}
	if letters, all := lettersOf(text); letters*10 < all*6 {
		return "texts with more signs than letters", nil
	}
	s := shingles(terms)
	// The same statement may stand there in other markup.
	common := 0
	for _, w := range c.q.words {
		if slices.Contains(terms, w) {
			common++
		}
	}
	if float64(common) >= sameWords*float64(len(c.q.words)) {
		return "texts with nearly all words of the answer", nil
	}
	if says(s, c.q.said) || says(s, c.q.whole) || says(c.q.whole, s) {
		return "texts that nearly repeat the answer", nil
	}
	if slices.ContainsFunc(c.taken, func(t []uint64) bool { return says(t, s) || says(s, t) }) {
		return "texts that nearly repeat another", nil
	}
	if d.split == HeldOut && c.m.trained(s) {
		return "texts held out that stand in the training part", nil
	}
	return "", s
}

// lettersOf counts a text's letters, and all of it but white space.
func lettersOf(s string) (letters, all int) {
	for _, r := range s {
		if !unicode.IsSpace(r) {
			all++
			if unicode.IsLetter(r) {
				letters++
			}
		}
	}
	return letters, all
}

// beside says whether a passage is of the section that answers, or next to what answers:
// it may answer in part.
func (q *query) beside(d *document, start int) bool {
	if d != q.doc {
		return false
	}
	at := d.at(start)
	if at < 0 {
		return true
	}
	first, last := d.section(q.first)
	return at >= first-1 && at <= last+1 || at >= q.first-1 && at <= q.last+1
}

// hard takes passages of the ranking that do not answer, the best first, as many as n.
func (m *maker) hard(ctx context.Context, c *chooser, n int, as string) ([]Text, error) {
	q := c.q
	hits, err := m.ranked(ctx, q)
	if err != nil {
		return nil, err
	}
	own := slices.IndexFunc(hits, func(h tamis.Hit) bool { return h.Doc == q.doc.ID && h.Start < q.end && q.start < h.End })
	if own < 0 {
		m.made.Left["queries whose passage the index does not find"]++
		return nil, nil
	}
	var out []Text
	for i, h := range hits {
		d := m.by[h.Doc]
		if len(out) == n {
			break
		}
		if h.Score > nearest*hits[own].Score {
			continue // it may answer as well
		}
		at := d.at(h.Start)
		if at < 0 || q.beside(d, h.Start) {
			continue
		}
		if start, end := d.trimmed(at, at); c.takes(d, start, end) {
			t := m.text(d, start, end, as)
			t.Rank, t.Score = i+1, h.Score
			out = append(out, t)
		}
	}
	return out, nil
}

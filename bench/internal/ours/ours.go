// Package ours makes the tamis indexes that the peers are compared with, from
// the packages text, index and search alone: what Lucene and Bleve do in the
// same measurement, no document store around it.
package ours

import (
	"fmt"

	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/text"
)

// Form is a way to index records.
type Form struct {
	analyzer string
	config   index.Config
	fields   bool // title and body apart
	params   search.Params
}

// Lucene is Lucene's form: its English analyzer, its one-byte lengths, one field.
func Lucene(k1, b float32) Form {
	return Form{"lucene-english", index.Config{LuceneLengths: true}, false, search.Params{K1: k1, B: b}}
}

// Default is the form of a passage in the index that tamis index makes.
func Default() Form {
	return Form{"english", index.Config{TitleWeight: 3, HeadingWeight: 1}, true, search.DefaultParams()}
}

// Builder collects records.
type Builder struct {
	form        Form
	analyzer    *text.Analyzer
	builder     *index.Builder
	title, body []string
}

// NewBuilder returns an empty Builder.
func NewBuilder(f Form) (*Builder, error) {
	a, err := text.NewAnalyzer(f.analyzer)
	if err != nil {
		return nil, err
	}
	return &Builder{form: f, analyzer: a, builder: index.NewBuilder(f.config)}, nil
}

// Text prepares what Add takes: the title and the body, or all in the body.
func (f Form) Text(r peer.Record) (title, body string) {
	if !f.fields {
		return "", r.Flat()
	}
	if r.Title == "" {
		return r.Name, r.Text
	}
	return r.Title, r.Text
}

// Add adds a row.
func (b *Builder) Add(title, body string) {
	b.title, b.body = b.analyzer.Terms(b.title[:0], title), b.analyzer.Terms(b.body[:0], body)
	b.builder.Add(index.Fields{Title: b.title, Body: b.body})
}

// Bytes writes the index.
func (b *Builder) Bytes() []byte { return b.builder.Bytes() }

// Query is an analysed question.
type Query struct {
	terms []search.Term
	texts []string
}

// Query analyses a question; a term that comes n times weighs n. Only the default
// form has stop words for questions alone.
func (b *Builder) Query(question string) (q Query) {
	terms := b.analyzer.Terms
	if b.form.fields {
		terms = b.analyzer.QueryTerms
	}
	at := map[string]int{}
	for _, t := range terms(nil, question) {
		if i, ok := at[t]; ok {
			q.terms[i].Weight++
			continue
		}
		at[t] = len(q.terms)
		q.terms = append(q.terms, search.Term{Text: t, Weight: 1})
		q.texts = append(q.texts, t)
	}
	return q
}

// Index searches.
type Index struct {
	form    Form
	sources []search.Source
	rows    int
}

// Open opens the bytes of an index of form f.
func Open(f Form, data []byte) (*Index, error) {
	inv, err := index.OpenInverted(data)
	if err != nil {
		return nil, fmt.Errorf("open the index that was just built: %w", err)
	}
	ix := &Index{form: f, sources: []search.Source{{Inverted: inv}}, rows: inv.Rows()}
	if !f.fields {
		// Lucene counts a row only if it holds a term; the code of length 0 is 0.
		ix.rows = 0
		for _, code := range inv.Codes() {
			if code != 0 {
				ix.rows++
			}
		}
	}
	return ix, nil
}

// Search returns the k best rows; it looks the terms' statistics up anew.
func (ix *Index) Search(q Query, k int) []topk.Hit {
	stats := search.StatsOf(ix.sources, q.texts)
	stats.Rows = ix.rows
	return search.TopK(ix.sources, q.terms, stats, ix.form.params, k)
}

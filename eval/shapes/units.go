package shapes

import (
	"context"
	"fmt"
	"slices"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// What a document may be divided into.
const (
	WholeDocument = "document"
	Passages      = "passage"      // of about 200 tokens, as an index has them
	ShortPassages = "half-passage" // of about 100
	Sentences     = "sentence"
)

// Units lists them.
func Units() []string { return []string{WholeDocument, Passages, ShortPassages, Sentences} }

// divided is the set with pieces of the documents for these, each under the document's title,
// and whose piece each is.
func (s *Set) divided(unit string) (*Set, []int) {
	pieces := &Set{Queries: s.Queries, Judged: s.Judged}
	var of []int
	for i, d := range s.Documents {
		before := len(of)
		add := func(start, end int) {
			pieces.Documents = append(pieces.Documents, Document{ID: fmt.Sprint(d.ID, "#", len(of)), Title: d.Title, Text: d.Text[start:end]})
			of = append(of, i)
		}
		o := split.Options{}
		if unit == ShortPassages {
			o.PassageTokens = 100
		}
		if unit != WholeDocument {
			for _, p := range split.Split(&corpus.Document{ID: d.ID, Source: d.Text}, o) {
				if unit != Sentences {
					add(p.Start, p.End)
					continue
				}
				for _, sentence := range p.Sentences {
					add(sentence.Start, sentence.End)
				}
			}
		}
		if len(of) == before { // a document without text has a title
			add(0, len(d.Text))
		}
	}
	return pieces, of
}

// units measures the words and the models of a set, a document's score being that of its best
// piece, for each way of dividing documents.
func (s *Set) units(ctx context.Context, o *Options) (all []family, err error) {
	text := family{of: "words"}
	models := make([]family, len(o.Models))
	for _, unit := range o.Units {
		o.Began(unit)
		pieces, of := s.divided(unit)
		w := &words{}
		if err := w.weigh(pieces, o.Analyzer); err != nil {
			return nil, err
		}
		x, err := weights(unit, impact.Float32, w.rows, w.queries)
		if err != nil {
			return nil, err
		}
		text.shapes = append(text.shapes, x.best(of, len(s.Documents)))
		for i, m := range o.Models {
			models[i].of = m.Kind().String()
			if x, err = pieces.eighths(ctx, unit, m); err != nil {
				return nil, err
			}
			models[i].shapes = append(models[i].shapes, x.best(of, len(s.Documents)))
		}
	}
	return append([]family{text}, models...), nil
}

// eighths is a model's vectors in 8 bits a number or weight.
func (s *Set) eighths(ctx context.Context, unit string, m encode.Maker) (shape, error) {
	asked, err := s.asked(ctx, m)
	if err != nil {
		return shape{}, err
	}
	switch m.Kind() {
	case vector.KindDense:
		var rows, queries []vector.Dense
		for v, err := range s.made(ctx, m) {
			if err != nil {
				return shape{}, err
			}
			rows = append(rows, v.(vector.Dense))
		}
		for _, v := range asked {
			queries = append(queries, v.(vector.Dense))
		}
		return numbers(unit, 8, rows, queries)
	case vector.KindSparse:
		vocabulary := vector.NewVocabulary()
		var rows, queries []vector.Sparse
		for v, err := range s.made(ctx, m) {
			if err != nil {
				return shape{}, err
			}
			x, err := numbered(vocabulary, v)
			if err != nil {
				return shape{}, err
			}
			rows = append(rows, x)
		}
		for _, v := range asked {
			x, err := numbered(vocabulary, v)
			if err != nil {
				return shape{}, err
			}
			queries = append(queries, x)
		}
		return weights(unit, impact.Bits8, rows, queries)
	}
	return shape{}, fmt.Errorf("%s makes %s vectors: units are compared by dense and sparse ones", m.Place(), m.Kind())
}

// best ranks documents by the best of their pieces.
func (x shape) best(of []int, documents int) shape {
	pieces := x.rank
	out := x
	out.mask = func(visible func(row uint32) bool) topk.Mask {
		return x.mask(func(row uint32) bool { return visible(uint32(of[row])) })
	}
	out.rank = func(ctx context.Context, query, k int, mask topk.Mask) ([]topk.Hit, error) {
		for n := min(4*k, len(of)); ; n = min(4*n, len(of)) {
			hits, err := pieces(ctx, query, n, mask)
			if err != nil {
				return nil, err
			}
			var docs []topk.Hit
			for _, h := range hits {
				h.Row.Row = uint32(of[h.Row.Row])
				if !slices.ContainsFunc(docs, func(d topk.Hit) bool { return d.Row == h.Row }) {
					docs = append(docs, h)
				}
			}
			if len(docs) >= min(k, documents) || len(hits) < n || n == len(of) {
				return docs[:min(k, len(docs))], nil
			}
		}
	}
	return out
}

// Package system is tamis itself under evaluation, used as a program would use it.
package system

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/pack/score"
)

// Contexts makes contexts: one index for each group of an evidence set.
type Contexts struct {
	// Layout, Lab and Drafts are what every question is asked with.
	Layout tamis.Layout
	Lab    tamis.Lab
	Drafts tamis.Drafts
	// Rerank, where it has a model, reads the best passages of each.
	Rerank tamis.Rerank
	// Candidates has the sentences that were scored judged too.
	Candidates bool

	byGroup map[string]engine.Index
}

// NewContexts indexes the documents of a set in memory; e, where not nil, gives their
// passages vectors, which contexts weigh. Close gives the memory back.
func NewContexts(ctx context.Context, s *eval.EvidenceSet, e tamis.Encoder) (*Contexts, error) {
	return OpenContexts(ctx, s, func(string) (engine.Index, error) {
		ix, err := tamis.Open("", tamis.Options{})
		if err == nil && e != nil {
			ix.Use(e)
		}
		return ix, err
	}, func(ix engine.Index) error {
		if e == nil {
			return nil
		}
		_, err := ix.(*tamis.Index).Encode(ctx, e, nil)
		return err
	})
}

// OpenContexts indexes the documents of a set in indexes that open opens, an empty one for
// each group; added, where not nil, is called for one that has its documents. Close closes
// them.
func OpenContexts(ctx context.Context, s *eval.EvidenceSet, open func(group string) (engine.Index, error), added func(engine.Index) error) (*Contexts, error) {
	c := &Contexts{Lab: tamis.Lab{KeepDuplicates: true}, byGroup: map[string]engine.Index{}}
	for i := range s.Questions {
		group := s.Questions[i].Group
		if c.byGroup[group] != nil {
			continue
		}
		ix, err := open(group)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.byGroup[group] = ix
		report, err := ix.Add(ctx, documents(s, group))
		if err == nil && len(report.Skipped) > 0 {
			err = fmt.Errorf("document %s: %s", report.Skipped[0].Path, report.Skipped[0].Reason)
		}
		if err == nil && added != nil {
			err = added(ix)
		}
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

// documents yields those of a group; the group "" has all.
func documents(s *eval.EvidenceSet, group string) iter.Seq2[tamis.Document, error] {
	return func(yield func(tamis.Document, error) bool) {
		for _, d := range s.Documents {
			if group == "" || d.Group == group {
				if !yield(tamis.Document{ID: d.ID, Title: d.Title, Source: d.Text, Type: "jsonl"}, nil) {
					return
				}
			}
		}
	}
}

// Ask is the ContextFunc of tamis with the named tokenizer.
func (c *Contexts) Ask(tokenizer string) eval.ContextFunc {
	return func(ctx context.Context, q *eval.Question, budget int) (*eval.Context, error) {
		lab := c.Lab
		candidates := []eval.Span{}
		if c.Candidates {
			lab.Trace = func(units []score.Unit) {
				for _, u := range units {
					candidates = append(candidates, eval.Span{Doc: u.Doc, Start: u.Start, End: u.End})
				}
			}
		}
		out, err := Ask(c.byGroup[q.Group], tokenizer, c.Layout, lab, c.Drafts, c.Rerank)(ctx, q, budget)
		if err == nil && c.Candidates {
			out.Candidates = candidates
		}
		return out, err
	}
}

// Ask is the ContextFunc of an index, asked with some options. A budget or a question that
// gives no context gives an empty one.
func Ask(ix engine.Index, tokenizer string, options ...tamis.ContextOption) eval.ContextFunc {
	return func(ctx context.Context, q *eval.Question, budget int) (*eval.Context, error) {
		out := &eval.Context{}
		got, err := ix.Context(ctx, q.Text, tamis.Budget{Tokens: budget, Counter: tokenizer}, options...)
		if errors.Is(err, tamis.ErrBudget) || errors.Is(err, tamis.ErrNoTerms) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out.Text, out.Tokens = got.Text, got.Tokens
		for _, s := range got.Spans {
			out.Spans = append(out.Spans, eval.Span{Doc: s.Doc, Start: s.Start, End: s.End})
		}
		return out, nil
	}
}

// Documents yields all documents of an index, by id.
func Documents(ctx context.Context, ix engine.Index) iter.Seq2[*tamis.Document, error] {
	return func(yield func(*tamis.Document, error) bool) {
		for after := ""; ; {
			list, next, err := ix.Documents(ctx, tamis.Page{After: after, Limit: 500}, tamis.Scope{})
			if err != nil {
				yield(nil, err)
				return
			}
			for _, l := range list {
				d, err := ix.Document(ctx, l.ID, tamis.Scope{})
				if !yield(d, err) || err != nil {
					return
				}
			}
			if after = next; next == "" {
				return
			}
		}
	}
}

// Trace asks a question as Ask does, with a laboratory of the caller's, for its
// Trace alone. A budget or a question that gives no context is no error.
func (c *Contexts) Trace(ctx context.Context, q *eval.Question, budget int, lab tamis.Lab) error {
	_, err := c.byGroup[q.Group].Context(ctx, q.Text, tamis.Budget{Tokens: budget}, c.Layout, lab)
	if errors.Is(err, tamis.ErrBudget) || errors.Is(err, tamis.ErrNoTerms) {
		return nil
	}
	return err
}

// Close closes the indexes.
func (c *Contexts) Close() error {
	var errs []error
	for _, ix := range c.byGroup {
		errs = append(errs, ix.Close())
	}
	return errors.Join(errs...)
}

// SearchDocuments ranks the documents of an index by all else that of says; a query without a
// word to search for finds none. vectors, which may be nil, are those of queries in its field.
func SearchDocuments(ix engine.Index, of tamis.Query, vectors map[string]tamis.Vector) trec.SearchFunc {
	of.Unit, of.IDsOnly = tamis.Documents, true
	return func(ctx context.Context, query string, k int) ([]trec.Scored, error) {
		q := of
		q.Text, q.Vector, q.K = query, vectors[query], k
		res, err := ix.Search(ctx, q)
		if errors.Is(err, tamis.ErrNoTerms) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		// trec_eval orders equal scores by id; the ranking orders them by addition.
		// The smallest step that its float32 can tell keeps the ranking.
		out := make([]trec.Scored, len(res.Hits))
		last := float32(math.Inf(1))
		for i, h := range res.Hits {
			last = min(h.Score, math.Nextafter32(last, 0))
			out[i] = trec.Scored{Doc: h.Doc, Score: float64(last)}
		}
		return out, nil
	}
}

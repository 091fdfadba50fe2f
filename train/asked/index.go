package asked

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/questions"
	"github.com/tamis-search/tamis/eval/system"
)

// FromIndex makes questions of the documents of an index, as its documents ask them themselves (package
// eval/questions), with the passage that has what answers, and those that words find first and that have not.
func FromIndex(ctx context.Context, ix engine.Index, most int, seed uint64) ([]Question, error) {
	documents, _, err := ix.Count(tamis.Scope{})
	if err != nil {
		return nil, err
	}
	if documents < HeldOut {
		return nil, fmt.Errorf("the index has %d documents, of which none can be held out: learn from labels instead (--labels FILE)", documents)
	}
	made, err := questions.Make(ctx, func() iter.Seq2[*corpus.Document, error] { return system.Documents(ctx, ix) }, questions.Options{Count: most, Seed: seed})
	if errors.Is(err, questions.ErrNone) {
		return nil, fmt.Errorf("%w, which has no headings, titles or definitions to ask by: learn from labels instead (--labels FILE)", err)
	}
	if err != nil {
		return nil, err
	}
	var all []Question
	for _, q := range made.Questions {
		a, err := found(ctx, ix, &q, seed)
		if err != nil {
			return nil, fmt.Errorf("the question %q: %w", q.Text, err)
		}
		if a != nil {
			all = append(all, *a)
		}
	}
	return all, nil
}

const looked = 20

// found is a question with what words find: nil where what answers is not among it.
func found(ctx context.Context, ix engine.Index, q *questions.Question, seed uint64) (*Question, error) {
	r, err := ix.Search(ctx, tamis.Query{Text: q.Text, K: looked})
	if errors.Is(err, tamis.ErrNoTerms) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	a := &Question{Text: q.Text, From: q.Evidence[0].Doc}
	wrong, right := 0, 0
	for _, h := range r.Hits {
		p := Passage{Title: h.Title, Text: h.Text, Sentences: encode.Sentences(h.Text)}
		p.Keep = make([]bool, len(p.Sentences))
		touched := false
		for _, e := range q.Evidence {
			touched = touched || e.Doc == h.Doc && e.Start < h.End && e.End > h.Start
			for i, s := range p.Sentences {
				if e.Doc == h.Doc && e.Start < h.Start+s[1] && e.End > h.Start+s[0] {
					p.Keep[i], p.Answers = true, true
				}
			}
		}
		other := Question{From: h.Doc}
		switch {
		case p.Answers:
			right++
		case touched || other.Held(seed) != a.Held(seed): // of the other part nothing is seen
			continue
		case wrong == Negatives:
			continue
		default:
			if wrong++; wrong > 1 {
				p.Keep = nil
			}
		}
		a.Passages = append(a.Passages, p)
	}
	if right == 0 || wrong == 0 {
		return nil, nil
	}
	return a, nil
}

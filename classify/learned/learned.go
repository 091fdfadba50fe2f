// Package learned has classifiers of the examples of an index, or of a file, with the vectors
// of a model where there is one, and keeps in files what was learned: examples that are
// the same teach the same.
package learned

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/engine"
)

const pageOf = 1000

// Examples are the documents that somebody sees of an index and that have a label in a field
// of their metadata, with their vectors of a field, "" for none. none is the label of
// examples that have none of the others.
func Examples(ctx context.Context, ix engine.Index, seen tamis.Scope, vectors, label, none string) (examples []classify.Example, err error) {
	for page := (tamis.Page{Limit: pageOf}); ; {
		list, next, err := ix.Documents(ctx, page, seen)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			given := classify.Strings(d.Metadata[label])
			if len(given) == 0 {
				continue
			}
			text, err := ix.Source(ctx, d.ID, seen)
			if err != nil {
				return nil, err
			}
			text = classify.Excerpt(text)
			e := classify.Example{ID: d.ID, Path: d.Path, End: len(text), Text: text, Labels: classify.Given(given, none)}
			if vectors != "" {
				all, err := ix.Vectors(ctx, d.ID, seen)
				if err != nil {
					return nil, err
				}
				e.Vectors.Set(all[vectors])
			}
			examples = append(examples, e)
		}
		if next == "" {
			return examples, nil
		}
		page.After = next
	}
}

// Encode gives texts the vectors that they lack; e may be nil.
func Encode(ctx context.Context, e tamis.Encoder, texts []classify.Example) error {
	if e == nil {
		return nil
	}
	var lacking []int
	for i, t := range texts {
		if t.Vectors.Dense == nil && t.Vectors.Sparse == nil {
			lacking = append(lacking, i)
		}
	}
	i := 0
	for v, err := range e.All(ctx, func(yield func(string) bool) {
		for _, at := range lacking {
			if !yield(texts[at].Text) {
				return
			}
		}
	}, encode.Passage) {
		if err != nil {
			return fmt.Errorf("the vectors of texts: %w", err)
		}
		texts[lacking[i]].Vectors.Set(v)
		i++
	}
	return nil
}

// Learn is a classifier of examples, and of the names of their labels, with the vectors of e
// where it is not nil: as it was kept, else made and kept.
func Learn(ctx context.Context, k Keep, e tamis.Encoder, examples []classify.Example) (*classify.Classifier, error) {
	model := ""
	if e != nil {
		model = e.Name()
	}
	of := classify.Fingerprint(examples, model)
	if c := k.read(of, examples); c != nil {
		return c, nil
	}
	began := time.Now()
	examples = slices.Clone(examples)
	if err := Encode(ctx, e, examples); err != nil {
		return nil, err
	}
	names := classify.Names(examples)
	if err := Encode(ctx, e, names); err != nil {
		return nil, err
	}
	var vectors []classify.Vectors
	for _, n := range names {
		vectors = append(vectors, n.Vectors)
	}
	c, err := classify.New(ctx, examples, vectors)
	if err == nil {
		k.write(of, c, time.Since(began))
	}
	return c, err
}

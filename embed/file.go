package embed

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/vector"
)

// Given is the vector that a file has for a document.
type Given struct {
	// Document has its id, and the text that it gets where there is none of that id.
	Document corpus.Document
	// Vector is Dense, Multi, or Sparse with the vocabulary's numbers.
	Vector vector.Value
	Line   int
	Reason string // why it is not given; "" where it is
}

// File reads a file of vectors (JSON Lines, CIFF or CSR, gzipped or not; "-" is standard
// input). Its error, which is the last, is for a file that cannot be opened or a cancelled
// context.
func File(ctx context.Context, path string, v *vector.Vocabulary) iter.Seq2[Given, error] {
	return func(yield func(Given, error) bool) {
		seen := map[string]bool{}
		for d, err := range vector.ReadFile(path, v) {
			if ctx.Err() != nil {
				yield(Given{}, ctx.Err())
				return
			}
			g := Given{Document: corpus.Document{ID: d.ID, Source: d.Contents}, Vector: d.Dense}
			if g.Vector == nil {
				g.Vector = d.Vector
			}
			var wrong *vector.InputError
			switch {
			case errors.As(err, &wrong):
				g.wrong(wrong)
			case err != nil:
				yield(g, fmt.Errorf("vectors: %w", err))
				return
			default:
				if g.Reason = ingest.Unfit(&g.Document); seen[d.ID] {
					g.Reason = ingest.Repeated(d.ID)
				}
				seen[d.ID] = seen[d.ID] || g.Reason == ""
			}
			if !yield(g, nil) {
				return
			}
		}
	}
}

// wrong notes an error of a file of vectors.
func (g *Given) wrong(e *vector.InputError) {
	g.Reason = e.Err.Error()
	if _, err := fmt.Sscanf(e.Place, "line %d", &g.Line); err != nil && e.Place != "" {
		g.Reason = e.Place + ": " + g.Reason
	}
}

// Greatest is the greatest weight of the sparse vectors in a file: what the greatest of so many
// steps is to stand for. Whole numbers stay as they are where the steps suffice. 0: there is
// none.
func Greatest(ctx context.Context, path string, steps int) (float32, error) {
	most, whole := float32(0), true
	for d, err := range vector.ReadFile(path, vector.NewVocabulary()) {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err != nil {
			continue // it is reported when it is read again
		}
		for _, w := range d.Vector.Weights {
			most = max(most, w)
			whole = whole && float64(w) == math.Floor(float64(w))
		}
	}
	if whole && most <= float32(steps) && most > 0 {
		most = float32(steps)
	}
	return most, nil
}

package tamis

import (
	"context"
	"errors"

	"github.com/tamis-search/tamis/corpus/around"
	"github.com/tamis-search/tamis/store"
)

// Surroundings are a range of a document with the lines around it.
type Surroundings = around.Surroundings

// Line is a line of a stored source, or the part of a long one that is near the range.
type Line = around.Line

// Show returns bytes start to end of a document with so many lines on either
// side, for somebody who sees the scope. Errors: ErrNotFound, also for what
// cannot be seen; ErrInvalid for a range that the document does not have.
func (ix *Index) Show(ctx context.Context, doc string, start, end, lines int, scope Scope) (*Surroundings, error) {
	return ix.show(ctx, doc, around.Range{Start: start, End: end}, lines, scope)
}

// ShowLine is Show for what begins on a line of the document's file.
func (ix *Index) ShowLine(ctx context.Context, doc string, line, lines int, scope Scope) (*Surroundings, error) {
	return ix.show(ctx, doc, around.Range{Of: around.Lines, Number: line}, lines, scope)
}

// ShowPage is Show for a page of the document's file, or a slide, whole.
func (ix *Index) ShowPage(ctx context.Context, doc string, page int, scope Scope) (*Surroundings, error) {
	return ix.show(ctx, doc, around.Range{Of: around.Pages, Number: page}, 0, scope)
}

func (ix *Index) show(ctx context.Context, doc string, r around.Range, lines int, scope Scope) (*Surroundings, error) {
	var s *Surroundings
	err := ix.found(doc, scope, func(v *store.Snapshot, h *store.Header) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		d, err := v.Document(h)
		if err != nil {
			return err
		}
		s, err = around.Show(d, func(at int) (Place, error) { return v.Place(h, at) }, r, lines)
		return AsInvalid(err)
	})
	if errors.Is(err, ErrNotFound) {
		err = errUnseen
	}
	return s, err
}

package tamis

import (
	"context"
	"errors"
	"fmt"

	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/store"
)

// Scope is what of an index somebody sees. The zero Scope is all of it.
type Scope struct {
	// Filter keeps the documents whose metadata passes an expression of package
	// filter; empty keeps all.
	Filter string
	// Groups, where it is not nil, keeps the documents that a member of these
	// groups may see: those whose metadata has no groups, or one of these.
	Groups []string
}

// expr is the scope as one filter; nil for all.
func (s Scope) expr() (*filter.Expr, error) {
	var e *filter.Expr
	if s.Filter != "" {
		var err error
		if e, err = filter.Parse(s.Filter); err != nil {
			return nil, invalid(fmt.Errorf("filter %q: %w", s.Filter, err))
		}
	}
	if s.Groups == nil {
		return e, nil
	}
	visible := filter.Visible(s.Groups)
	if e == nil {
		return visible, nil
	}
	return &filter.Expr{Op: filter.And, Args: []*filter.Expr{e, visible}}, nil
}

// restrict is what of a snapshot is in the scope.
func (s Scope) restrict(v *store.Snapshot) (*store.Snapshot, error) {
	e, err := s.expr()
	if e == nil || err != nil {
		return v, err
	}
	return v.Filtered(e)
}

// errUnseen is the same for a document that is not there and one that the asker
// may not see.
var errUnseen = fmt.Errorf("there is no such document among those that may be seen here: %w", ErrNotFound)

// Replay rebuilds the text of a context from its spans and the stored sources
// alone, for somebody who sees the scope: a document outside it is as one that is
// not there. Errors: ErrChanged where a source has changed or cannot be seen,
// which says which; ErrAltered and the names of the fields where the receipt
// itself does not hold; ErrInvalid for a receipt that cannot be.
func (ix *Index) Replay(ctx context.Context, receipt *Context, scope Scope) (string, error) {
	source, release, err := ix.sources(ctx, scope)
	if err != nil {
		return "", err
	}
	defer release()
	text, err := render.Replay(receipt, ix.counter, source)
	return text, invalid(err)
}

// sources reads sources of one moment, within a scope; release ends it.
func (ix *Index) sources(ctx context.Context, scope Scope) (source func(doc string) (render.Source, error), release func(), err error) {
	seen, err := scope.expr()
	if err != nil {
		return nil, nil, err
	}
	v, err := ix.store.Snapshot()
	if err != nil {
		return nil, nil, err
	}
	return func(doc string) (render.Source, error) {
		if err := ctx.Err(); err != nil {
			return render.Source{}, err
		}
		h, err := v.HeaderByID(doc)
		if seen != nil && (errors.Is(err, ErrNotFound) || err == nil && !seen.Match(ingest.Metadata(h.Document("", nil)))) {
			return render.Source{}, errUnseen
		}
		if err != nil {
			return render.Source{}, err
		}
		text, err := v.Text(h, 0, h.Size)
		return render.Source{Text: text, Path: h.Path}, err
	}, func() { v.Release() }, nil
}

// Source returns the stored source of a document, what the ranges of hits and
// receipts count, for somebody who sees the scope. Error: ErrNotFound.
func (ix *Index) Source(ctx context.Context, doc string, scope Scope) (string, error) {
	source, release, err := ix.sources(ctx, scope)
	if err != nil {
		return "", err
	}
	defer release()
	s, err := source(doc)
	return s.Text, err
}

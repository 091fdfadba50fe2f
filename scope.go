package tamis

import (
	"context"
	"errors"
	"fmt"

	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/store"
)

// Scope is what of an index somebody sees. The zero Scope is all of it.
type Scope struct {
	// Filter keeps the documents whose metadata passes an expression of package
	// filter; empty keeps all. A field that no document has is ErrInvalid.
	Filter string
	// Groups, where it is not nil, keeps the documents that a member of these
	// groups may see: those whose metadata has no groups, or one of these.
	Groups []string
}

// Filters are the two halves of a scope: what the groups may see, and what was asked
// for; nil for all.
func (s Scope) Filters() (visible, asked *filter.Expr, err error) {
	if s.Groups != nil {
		visible = filter.Visible(s.Groups)
	}
	if s.Filter != "" {
		if asked, err = filter.Parse(s.Filter); err != nil {
			return nil, nil, AsInvalid(fmt.Errorf("filter %q: %w", s.Filter, err))
		}
	}
	return visible, asked, nil
}

// restrict is what of a snapshot is in the scope.
func (s Scope) restrict(v *store.Snapshot) (*store.Snapshot, error) {
	visible, asked, err := s.Filters()
	if err == nil && visible != nil {
		v, err = v.Filtered(visible)
	}
	if err == nil && asked != nil {
		if err = knownFields(v, asked); err == nil {
			v, err = v.Filtered(asked)
		}
	}
	return v, err
}

// knownFields refuses a filter with a field that no document has, of those that
// the asker may see: a name that is misspelt would find nothing without a word.
func knownFields(v *store.Snapshot, asked *filter.Expr) error {
	if v.Incomplete() > 0 || v.Seen() == 0 {
		return nil // there is nothing to tell by
	}
	return AsInvalid(asked.Known(v.HasField, v.Fields))
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
	return text, AsInvalid(err)
}

// headers reads the headers of the documents in the scope; of others it says
// errUnseen.
func (s Scope) headers(v *store.Snapshot) (func(doc string) (*store.Header, error), error) {
	seen, err := s.seen(v)
	if err != nil {
		return nil, err
	}
	return func(doc string) (*store.Header, error) {
		h, err := v.HeaderByID(doc)
		if errors.Is(err, ErrNotFound) && s.Groups == nil && s.Filter == "" {
			return nil, err
		}
		if errors.Is(err, ErrNotFound) || err == nil && !seen(h) {
			return nil, errUnseen
		}
		return h, err
	}, nil
}

// sources reads sources of one moment, within a scope; release ends it.
func (ix *Index) sources(ctx context.Context, scope Scope) (source func(doc string) (render.Source, error), release func(), err error) {
	v, err := ix.store.Snapshot()
	if err != nil {
		return nil, nil, err
	}
	header, err := scope.headers(v)
	if err != nil {
		return nil, nil, errors.Join(err, v.Release())
	}
	return func(doc string) (render.Source, error) {
		if err := ctx.Err(); err != nil {
			return render.Source{}, err
		}
		h, err := header(doc)
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

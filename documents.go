package tamis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tamis-search/tamis/compose"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/store"
)

// Page asks for a list of documents by id.
type Page struct {
	Prefix string // of the ids
	After  string // the id before the first; empty for the beginning
	Limit  int    // how many at most; 0 stands for 100
}

// Listed is a document without its text, in a list.
type Listed struct {
	Document
	Bytes int // of its text
}

// pageLooks is how many documents are looked at for one page at most.
const pageLooks = 20_000

// Documents lists documents by id, without their text, for somebody who sees the scope.
// next is the After of the page that follows, empty after the last; a page may be short
// where few of many documents are in the scope.
func (ix *Index) Documents(ctx context.Context, p Page, scope Scope) (list []Listed, next string, err error) {
	v, err := ix.store.Snapshot()
	if err != nil {
		return nil, "", err
	}
	defer v.Release()
	seen, err := scope.seen(v)
	if err != nil {
		return nil, "", err
	}
	if p.Limit <= 0 {
		p.Limit = 100
	}
	looked, last := 0, ""
	err = v.Each(p.Prefix, p.After, func(h *store.Header) bool {
		if len(list) == p.Limit || looked == pageLooks {
			next = last // there is more
			return false
		}
		looked, last = looked+1, h.ID
		if seen(h) {
			list = append(list, Listed{*h.Document("", nil), h.Size})
		}
		return ctx.Err() == nil
	})
	return list, next, errors.Join(err, ctx.Err())
}

// Document reads a document with its text, its structure and where that stands in its
// file, for somebody who sees the scope. Error: ErrNotFound.
func (ix *Index) Document(ctx context.Context, id string, scope Scope) (d *Document, err error) {
	err = ix.found(id, scope, func(v *store.Snapshot, h *store.Header) error {
		if d, err = v.Document(h); err == nil {
			err = v.ReadPlaces(h, d)
		}
		return errors.Join(err, ctx.Err())
	})
	return d, err
}

// Placed is Document, with the places of its blocks where there are not too many: each is
// looked up.
func (ix *Index) Placed(ctx context.Context, id string, scope Scope) (d *Document, err error) {
	err = ix.found(id, scope, func(v *store.Snapshot, h *store.Header) error {
		if d, err = v.Document(h); err != nil || len(d.Blocks) > mostPlaces {
			return err
		}
		for i := range d.Blocks {
			p, err := v.Place(h, d.Blocks[i].Start)
			if err != nil {
				return err
			}
			if !p.IsZero() {
				d.Blocks[i].Place = &p
			}
		}
		return ctx.Err()
	})
	return d, err
}

// found calls do with a document, for somebody who sees the scope.
func (ix *Index) found(id string, scope Scope, do func(v *store.Snapshot, h *store.Header) error) error {
	v, err := ix.store.Snapshot()
	if err != nil {
		return err
	}
	defer v.Release()
	header, err := scope.headers(v)
	if err != nil {
		return err
	}
	h, err := header(id)
	if err != nil {
		return err
	}
	return do(v, h)
}

// mostPlaces is how many blocks are told where they stand in their file.
const mostPlaces = 2000

// Origin is where a document comes from.
type Origin struct {
	Path   string // of the file on disk
	Inside string // where in that file the one is that is the document; empty where it is all of it
	Digest []byte // SHA-256 of the file on disk, as it was read
}

// Origin says which file is the document, for somebody who sees the scope. Error:
// ErrNotFound, also for a document that is one of several in a file, which others may see.
func (ix *Index) Origin(doc string, scope Scope) (from Origin, err error) {
	err = ix.found(doc, scope, func(v *store.Snapshot, h *store.Header) error {
		inside, within := strings.CutPrefix(h.ID, h.Path+"!/")
		f, ok, err := ix.store.FileInfo(h.Path)
		if err != nil || !ok || len(f.Digest) == 0 || h.Path == "" || !within && h.ID != h.Path {
			return errors.Join(err, fmt.Errorf("there is no file that is this document: %w", ErrNotFound))
		}
		if from = (Origin{Path: h.Path, Digest: f.Digest}); within {
			from.Inside = inside
		}
		return nil
	})
	return from, err
}

// Count counts the documents and passages that somebody sees.
func (ix *Index) Count(scope Scope) (documents, passages int, err error) {
	v, err := ix.store.Snapshot()
	if err != nil {
		return 0, 0, err
	}
	defer v.Release()
	seen, err := scope.restrict(v)
	if err != nil {
		return 0, 0, err
	}
	return seen.Count(store.Documents), seen.Count(store.Passages), nil
}

// seen says of documents whether they are in the scope.
func (s Scope) seen(v *store.Snapshot) (func(h *store.Header) bool, error) {
	visible, asked, err := s.Filters()
	if err != nil {
		return nil, err
	}
	if _, err := s.restrict(v); err != nil { // a field that is not known
		return nil, err
	}
	match := func(e *filter.Expr, f filter.Fields) bool { return e == nil || e.Match(f) }
	return func(h *store.Header) bool {
		f := ingest.Metadata(h.Document("", nil))
		return match(visible, f) && match(asked, f)
	}, nil
}

// Meets returns a function that says which words of a text a question meets, as they
// stand there first (of "send" and "sending" one), and how much each says: its inverse
// document frequency. It is for one goroutine.
func (ix *Index) Meets(question string) (func(text string) map[string]float64, error) {
	v, err := ix.store.Snapshot()
	if err != nil {
		return nil, err
	}
	defer v.Release()
	return compose.Meets(snapshotReader{ix, &view{Snapshot: v}}, &ix.analyzers, question)
}

// Hides says whether there is a document of this id that somebody does not see: they may
// not put another in its place.
func (ix *Index) Hides(id string, scope Scope) (bool, error) {
	v, err := ix.store.Snapshot()
	if err != nil {
		return false, err
	}
	defer v.Release()
	seen, err := scope.seen(v)
	if err != nil {
		return false, err
	}
	h, err := v.Known(id)
	return err == nil && h != nil && !seen(h), err
}

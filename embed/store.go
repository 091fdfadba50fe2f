package embed

import (
	"context"
	"iter"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/store"
	"github.com/tamis-search/tamis/vector"
)

// Store is Run for a store.
func Store(ctx context.Context, s *store.Store, e Encoder, progress func(done, all int)) (Report, error) {
	b, err := s.Begin()
	if err != nil {
		return Report{}, err
	}
	defer b.Discard()
	b.Until(ctx)
	ix := &stored{store: s, batch: b}
	defer ix.release()
	r, err := Run(ctx, ix, e, progress)
	if ix.view == nil { // nothing lacked any
		return r, err
	}
	if ended := b.Commit(); err == nil {
		err = ended
	}
	return r, err
}

// stored is a store as an Index.
type stored struct {
	store *store.Store
	batch *store.Batch
	view  *store.Snapshot
}

func (ix *stored) release() {
	if ix.view != nil {
		ix.view.Release()
	}
}

// Want is that of Index.
func (ix *stored) Want(_ context.Context, field string, f vector.Field) error {
	return ix.store.Want(field, f)
}

// Flush is that of Index.
func (ix *stored) Flush(context.Context) error { return ix.batch.Flush() }

// Lacking is that of Index.
func (ix *stored) Lacking(_ context.Context, field string) (iter.Seq2[*Document, error], int, error) {
	v, err := ix.store.Snapshot()
	if err != nil {
		return nil, 0, err
	}
	var docs []store.Row
	passages := 0
	for i, space := range v.Spaces(store.Documents) {
		for row := range uint32(space.Inverted.Rows()) {
			doc := store.Row{Segment: i, Row: row}
			if space.Visible != nil && !space.Visible.Has(row) || v.Whole(doc, field) {
				continue
			}
			first, end := v.PassageRows(doc)
			docs, passages = append(docs, doc), passages+int(end-first)
		}
	}
	if passages == 0 {
		v.Release()
		return nil, 0, nil
	}
	ix.view = v
	return func(yield func(*Document, error) bool) {
		for _, doc := range docs {
			if d, err := ix.document(doc, field); !yield(d, err) || err != nil {
				return
			}
		}
	}, passages, nil
}

func (ix *stored) document(doc store.Row, field string) (*Document, error) {
	h, err := ix.view.Header(ix.view.Ordinal(doc))
	if err != nil {
		return nil, err
	}
	first, end := ix.view.PassageRows(doc)
	return &Document{
		ID: h.ID, Title: h.Title, Passages: int(end - first),
		Passage: func(n int) corpus.Passage {
			return ix.view.Passage(store.Row{Segment: doc.Segment, Row: first + uint32(n)})
		},
		Text: func(start, end int) (string, error) { return ix.view.Text(h, start, end) },
		Attach: func(_ context.Context, parts vector.Parts) (bool, error) {
			if len(parts) == 0 {
				return false, nil
			}
			outcome, err := ix.batch.AttachVector(h.ID, h.Ordinal, field, parts)
			return err == nil && outcome != store.Unchanged, err
		},
	}, nil
}

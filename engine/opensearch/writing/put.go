package writing

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine/opensearch/records"
)

// Put writes what has changed of a batch, again for those that another writer changed
// meanwhile.
func (ix *Writer) Put(ctx context.Context, writes []*Change, first int64, report *tamis.Report) error {
	for tries := 0; len(writes) > 0; tries++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		again, err := ix.write(ctx, writes, first, report)
		if err != nil || len(again) == 0 {
			return err
		}
		if tries >= 20 {
			return fmt.Errorf("document %q is changed by other writers faster than it can be written here", again[0].Document.Document.ID)
		}
		if writes, first, err = ix.Changed(ctx, again, report); err != nil {
			return err
		}
	}
	return nil
}

// Again writes what a fence kept from being written, and reports all: what is there as it should be was written
// before the fence, by the request whose answer said nothing of it.
func (ix *Writer) Again(ctx context.Context, writes []*Change, report *tamis.Report) error {
	batch := make([]Ready, len(writes))
	for i, w := range writes {
		batch[i] = w.Ready
	}
	missing, first, err := ix.Changed(ctx, batch, &tamis.Report{})
	if err != nil {
		return err
	}
	for _, w := range writes {
		if slices.ContainsFunc(missing, func(m *Change) bool { return m.Key == w.Key }) {
			continue
		}
		if w.Old == 0 {
			report.Added++
		} else {
			report.Updated++
		}
		report.Warn(&w.Document.Document)
	}
	return ix.Put(ctx, missing, first, report)
}

// Changed are the documents of a batch that are not stored as they are, with the first of as
// many sequence numbers.
func (ix *Writer) Changed(ctx context.Context, batch []Ready, report *tamis.Report) (writes []*Change, first int64, err error) {
	keys := make([]string, len(batch))
	for i, p := range batch {
		keys[i] = records.KeyOf(p.Header.ID)
	}
	old, err := ix.Known(ctx, keys)
	if err != nil {
		return nil, 0, err
	}
	for i, p := range batch {
		if h := old[i].Source.X.Doc.Header; old[i].Found && h != nil && bytes.Equal(h.Digest, p.Header.Digest) {
			report.Unchanged++
			continue
		}
		w := &Change{Ready: p, old: old[i], Move: Move{Key: keys[i]}}
		if old[i].Found {
			w.Old, w.OldPassages = old[i].Source.Seq, old[i].Source.X.Doc.Passages
		}
		writes = append(writes, w)
	}
	if len(writes) > 0 {
		first, err = ix.take(ctx, len(writes))
	}
	return writes, first, err
}

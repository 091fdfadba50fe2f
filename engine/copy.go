package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
)

// Copied says what copying did.
type Copied struct {
	tamis.Report
	// Verified counts documents that were read again from where they were copied to, and
	// have the same text and structure there.
	Verified int `json:"verified"`
}

// copyBatch is how many documents are copied at once.
const copyBatch = 200

// Copy puts all documents of one index into another, of any engine. What is there already
// is left alone, so that a copy that was stopped goes on; each document is read again and
// held against its original. Vectors are not copied. progress, where not nil, is told how
// many documents of how many are done.
func Copy(ctx context.Context, from, to Index, progress func(done, all int)) (c Copied, err error) {
	c.Skipped = []tamis.Skip{}
	all, _, err := from.Count(tamis.Scope{})
	if err != nil {
		return c, err
	}
	done := 0
	for after := ""; ; {
		list, next, err := from.Documents(ctx, tamis.Page{After: after, Limit: copyBatch}, tamis.Scope{})
		if err != nil {
			return c, err
		}
		if err := c.part(ctx, from, to, list); err != nil {
			return c, err
		}
		if done += len(list); progress != nil {
			progress(done, all)
		}
		if after = next; next == "" {
			return c, nil
		}
	}
}

func (c *Copied) part(ctx context.Context, from, to Index, list []tamis.Listed) error {
	var docs []*tamis.Document
	for _, l := range list {
		d, err := from.Document(ctx, l.ID, tamis.Scope{})
		if err != nil {
			return fmt.Errorf("document %q: %w", l.ID, err)
		}
		docs = append(docs, d)
	}
	r, err := to.Add(ctx, func(yield func(tamis.Document, error) bool) {
		for _, d := range docs {
			if !yield(*d, nil) {
				return
			}
		}
	})
	c.Added += r.Added
	c.Updated += r.Updated
	c.Unchanged += r.Unchanged
	c.Skipped = append(c.Skipped, r.Skipped...)
	if err != nil {
		return err
	}
	for _, d := range docs {
		if slices.ContainsFunc(r.Skipped, func(s tamis.Skip) bool { return s.Path == d.Name() }) {
			continue
		}
		there, err := to.Document(ctx, d.ID, tamis.Scope{})
		if err != nil {
			return fmt.Errorf("document %q: it was copied and cannot be read: %w", d.ID, err)
		}
		if there.Source != d.Source || !slices.EqualFunc(there.Blocks, d.Blocks, sameBlock) || there.Title != d.Title {
			return fmt.Errorf("document %q: it is not there as it was copied: %w", d.ID, tamis.ErrCorrupt)
		}
		c.Verified++
	}
	return nil
}

func sameBlock(a, b corpus.Block) bool {
	a.Place, b.Place, a.Onward, b.Onward = nil, nil, nil, nil // of the reader; what is stored of them is looked up
	return a == b
}

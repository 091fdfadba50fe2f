package engine

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/vector"
)

// Copied says what copying did.
type Copied struct {
	tamis.Report
	// Verified counts documents that were read again from where they were copied to, and
	// have the same text and structure there.
	Verified int `json:"verified"`

	vectors vectored // where vectors are copied from; nil where they are not
}

// vectored is an index whose vectors can be read.
type vectored interface {
	VectorFields(ctx context.Context) (map[string]tamis.VectorField, error)
	WantVectors(ctx context.Context, fields map[string]tamis.VectorField) error
	VectorsApart(ctx context.Context, id string, scope tamis.Scope) (own, attached map[string]tamis.Vector, err error)
	Attach(ctx context.Context, vectors map[string]map[string]tamis.Vector) ([]tamis.Skip, error)
}

// copyBatch is how many documents are copied at once.
const copyBatch = 200

// Copy puts all documents of one index into another, of any engine. What is there already
// is left alone, so that a copy that was stopped goes on; each document is read again and
// held against its original. Vectors are copied with how their fields keep them, where both
// engines have them. progress, where not nil, is told how
// many documents of how many are done.
func Copy(ctx context.Context, from, to Index, progress func(done, all int)) (c Copied, err error) {
	c.Skipped = []tamis.Skip{}
	all, _, err := from.Count(tamis.Scope{})
	if err != nil {
		return c, err
	}
	source, ok := from.(vectored)
	target, too := to.(vectored)
	if c.vectors = source; !ok || !too {
		c.vectors = nil
	} else if fields, err := source.VectorFields(ctx); err != nil {
		return c, err
	} else if err := target.WantVectors(ctx, fields); err != nil {
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
	attached := map[string]map[string]tamis.Vector{}
	for _, l := range list {
		d, err := from.Document(ctx, l.ID, tamis.Scope{})
		if err != nil {
			return fmt.Errorf("document %q: %w", l.ID, err)
		}
		if c.vectors != nil {
			own, later, err := c.vectors.VectorsApart(ctx, l.ID, tamis.Scope{})
			if err != nil {
				return fmt.Errorf("document %q: its vectors: %w", l.ID, err)
			}
			if d.Vectors = own; len(later) > 0 {
				attached[l.ID] = later
			}
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
	c.Join(&r)
	if err != nil {
		return err
	}
	bare := map[string]bool{} // whose attached vectors are not taken
	if len(attached) > 0 {
		skipped, err := to.(vectored).Attach(ctx, attached)
		if err != nil {
			return err
		}
		for _, s := range skipped {
			bare[s.Path] = true
			c.Skipped = append(c.Skipped, tamis.Skip{Path: s.Path, Reason: "its vectors: " + s.Reason})
		}
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
		if c.vectors != nil {
			own, later, err := to.(vectored).VectorsApart(ctx, d.ID, tamis.Scope{})
			if err != nil || !sameVectors(own, d.Vectors) || !bare[d.ID] && !sameVectors(later, attached[d.ID]) {
				return fmt.Errorf("document %q: its vectors are not there as they were copied: %w", d.ID, cmp.Or(err, tamis.ErrCorrupt))
			}
		}
		c.Verified++
	}
	return nil
}

// sameVectors compares vectors by the names of their terms. Vectors of ranges that are no
// passages may be missing: nothing ranks by them.
func sameVectors(there, own map[string]tamis.Vector) bool {
	for name, v := range own {
		parts, ok := v.(vector.Parts)
		if !ok {
			if !reflect.DeepEqual(there[name], v) {
				return false
			}
			continue
		}
		has, _ := there[name].(vector.Parts)
		for _, p := range has {
			if !slices.ContainsFunc(parts, func(o vector.Part) bool { return reflect.DeepEqual(o, p) }) {
				return false
			}
		}
	}
	return true
}

func sameBlock(a, b corpus.Block) bool {
	a.Place, b.Place, a.Onward, b.Onward = nil, nil, nil, nil // of the reader; what is stored of them is looked up
	return a == b
}

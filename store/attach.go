package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/manifest"
	"github.com/tamis-search/tamis/store/policy"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/store/view"
	"github.com/tamis-search/tamis/vector"
)

// A vector that is attached to a stored document is a record beside it, under its
// ordinal: the document stays what and where it was, and its text is not looked
// at. The segment that holds the document is then written again with its
// vectors; until that is done its entry in the manifest has counted more
// steps that attached something (Attached) than it has taken in (Holds).

// attachment is what a step attaches to the document with an id.
type attachment struct {
	ordinal uint64
	vectors record.Vectors
}

// PutVector attaches a vector in a field to the document with an id, beside the
// vectors it has. Where there is no such document d, whose id it is, becomes one.
// What is attached stays until the document changes. Where another writer
// changes or deletes the document before this commits, the vector is dropped.
func (b *Batch) PutVector(d corpus.Document, field string, x vector.Value) (Outcome, error) {
	return b.putVector(d, nil, field, x)
}

// AttachVector is PutVector for what was read under an ordinal; where that document is
// gone, or another has its id, the vector is dropped.
func (b *Batch) AttachVector(id string, ordinal uint64, field string, x vector.Value) (Outcome, error) {
	return b.putVector(corpus.Document{ID: id}, &ordinal, field, x)
}

func (b *Batch) putVector(d corpus.Document, ordinal *uint64, field string, x vector.Value) (Outcome, error) {
	if b.err != nil {
		return 0, b.err
	}
	if err := x.Validate(); err != nil {
		return 0, &DocumentError{d.ID, fmt.Sprintf("field %q: %v", field, err)}
	}
	x, err := b.s.numbered(x)
	if err != nil {
		return 0, err
	}
	if vector.Numbers(x) == 0 {
		return 0, &DocumentError{d.ID, fmt.Sprintf("field %q: %v", field, vector.ErrEmpty)}
	}
	if b.changes[d.ID] != nil {
		if err := b.Flush(); err != nil {
			return 0, err
		}
	}
	v, err := b.s.Snapshot()
	if err != nil {
		return 0, err
	}
	defer v.Release()
	h, err := v.Known(d.ID)
	if err != nil {
		return 0, err
	}
	if ordinal != nil && (h == nil || h.Ordinal != *ordinal) {
		return Unchanged, nil
	}
	if h == nil {
		more := record.Vectors{field: x}
		if err := b.s.checkVectors(d.ID, more); err != nil {
			return 0, err
		}
		return b.put(&Prepared{Document: d}, nil, more)
	}
	all, err := v.Vectors(h)
	if err != nil {
		return 0, err
	}
	a := b.attached[d.ID]
	if a != nil && a.ordinal == h.Ordinal {
		all = all.With(a.vectors)
	}
	if was := all[field]; was != nil && same(was, x) {
		return Unchanged, nil
	}
	if err := b.s.checkVectors(d.ID, all.With(record.Vectors{field: x})); err != nil {
		return 0, err
	}
	if a == nil || a.ordinal != h.Ordinal {
		a = &attachment{ordinal: h.Ordinal, vectors: record.Vectors{}}
		b.attached[d.ID] = a
	}
	a.vectors[field] = x
	b.size += 8*vector.Numbers(x) + documentCost
	b.count(Updated)
	if b.full() {
		return Updated, b.Flush()
	}
	return Updated, nil
}

func same(a, b vector.Value) bool {
	return bytes.Equal(record.AppendVectors(nil, record.Vectors{"": a}), record.AppendVectors(nil, record.Vectors{"": b}))
}

// still says whether the document with an id is the one that the step knows,
// whatever other writers have committed since. Store.mu is held.
func (b *Batch) still(id string, ordinal uint64) (bool, error) {
	if !b.touched["i"+id] {
		return true, nil
	}
	h, err := view.HeaderByID(b.s.db, id)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && h.Ordinal == ordinal, err
}

// attach writes what the step attaches, as far as the documents are still what
// they were, and counts it in the segments that hold them. Store.mu is held.
func (b *Batch) attach(wb *pebble.Batch, m *manifest.Manifest) error {
	m.Attached = m.Attached || b.s.base.Attached.Load()
	if len(b.attached) == 0 {
		return nil
	}
	counted := map[uint64]bool{} // by segment
	for _, id := range slices.Sorted(maps.Keys(b.attached)) {
		a := b.attached[id]
		if there, err := b.still(id, a.ordinal); err != nil {
			return err
		} else if !there {
			continue
		}
		for field, x := range a.vectors {
			if err := wb.Set(record.AttachedKey(a.ordinal, field), record.AppendAttached(nil, field, x), nil); err != nil {
				return err
			}
		}
		e := m.Covering(a.ordinal)
		if e == nil {
			return fmt.Errorf("index %s: %w: no segment holds document number %d", b.s.dir, ErrCorrupt, a.ordinal)
		}
		if !counted[e.ID] {
			counted[e.ID] = true
			e.Attached++
		}
	}
	m.Attached = m.Attached || len(counted) > 0
	return nil
}

// unattach removes what was attached to a document, where anything ever was.
func (s *Store) unattach(wb *pebble.Batch, ordinal uint64) error {
	if !s.base.Attached.Load() {
		return nil
	}
	return kv.Scan(s.db, record.AttachedKey(ordinal, ""), func(key, _ []byte) error {
		return wb.Delete(slices.Clone(key), nil)
	})
}

// settle puts what was attached into the segments: what a writer acknowledges
// is found.
func (s *Store) settle(ctx context.Context) error {
	s.maintenance.mu.Lock()
	defer s.maintenance.mu.Unlock()
	for {
		again, err := s.step(ctx, policy.SettleOnly)
		if err != nil || !again {
			return err
		}
	}
}

// sameBefore says that a document, as it is put now with vectors vs, is what
// others were attached to since. Before format 5 they became part of the document
// and of its digest.
func sameBefore(v *Snapshot, old, now *Header, source string, blocks []byte, vs record.Vectors) (bool, error) {
	if len(old.Attached) == 0 {
		return false, nil
	}
	stored, err := v.OwnVectors(old)
	if errors.Is(err, ErrCorrupt) {
		return false, nil // what is put now replaces them
	}
	if err != nil {
		return false, err
	}
	all := vs.With(nil)
	for _, field := range old.Attached {
		if _, ok := all[field]; !ok {
			all[field] = stored[field]
		}
	}
	h := *now
	h.Vectors, h.Attached = record.VectorsDigest(record.AppendVectors(nil, all)), old.Attached
	if err := h.Seal(source, blocks); err != nil {
		return false, err
	}
	return bytes.Equal(h.Digest, old.Digest), nil
}

package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/store/manifest"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/store/view"
)

// commit makes the step durable and shows it to readers.
func (b *Batch) commit() error {
	s := b.s
	if len(b.changes)+len(b.files)+len(b.attached)+len(b.moved) == 0 {
		return nil
	}
	var fresh *view.Segment
	if b.builder.Documents() > 0 {
		data, err := b.builder.Bytes(s.fields.Used())
		if err != nil {
			return err
		}
		e := manifest.Entry{ID: s.newSegmentID(), First: b.first, Last: b.next - 1, Docs: b.builder.Documents(), Made: s.ingest.Made()}
		if fresh, err = s.makeSegment(e, data, s.live(len(data))); err != nil {
			return err
		}
	}
	if err := b.writeAhead(); err != nil {
		return errors.Join(err, fresh.Close())
	}
	wb, err := b.links()
	if err != nil {
		return errors.Join(err, fresh.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failed(); err != nil {
		return errors.Join(err, fresh.Close())
	}
	if b.conflicts() {
		_ = wb.Close()
		if err = b.resolve(); err == nil {
			wb, err = b.links()
		}
		if err != nil {
			return errors.Join(err, fresh.Close())
		}
	}
	defer wb.Close()
	m := s.manifest.Clone()
	if fresh != nil {
		m.Insert(fresh.Entry)
	}
	for name, n := range b.analyzers {
		if m.Analyzers[name] += n; m.Analyzers[name] <= 0 {
			delete(m.Analyzers, name)
		}
	}
	if err := errors.Join(b.attach(wb, m), b.place(wb)); err != nil {
		return errors.Join(err, fresh.Close())
	}
	if err := s.publish(m, wb, b.dead, fresh); err != nil {
		// The commit may have got through: its records must stay.
		b.first, b.next = 0, 0
		return err
	}
	for other := range s.batches {
		if other != b {
			other.touch(b)
		}
	}
	b.settle = b.settle || len(b.attached) > 0
	b.durable.Added += b.counts.Added
	b.durable.Updated += b.counts.Updated
	b.durable.Removed += b.counts.Removed
	b.release()
	b.reset()
	return nil
}

// links are the records that lead to what the step stored, and the removal
// of what it replaced.
func (b *Batch) links() (*pebble.Batch, error) {
	wb := b.s.db.NewBatch()
	var errs []error
	do := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	for id, c := range b.changes {
		if old := c.old; old != nil {
			do(wb.Delete(record.HeaderKey(old.Ordinal), nil))
			do(wb.Delete(record.BlocksKey(old.Ordinal), nil))
			do(wb.Delete(record.PlacesKey(old.Ordinal), nil))
			do(removeVectors(wb, old))
			do(b.s.unattach(wb, old.Ordinal))
			for i := 0; i*record.PieceSize < old.Size; i++ {
				do(wb.Delete(record.TextKey(old.Ordinal, i), nil))
			}
			if old.Path != "" {
				do(wb.Delete(record.PathKey(old.Path, old.Ordinal), nil))
			}
		}
		if c.put == nil {
			do(wb.Delete(record.IDKey(id), nil))
			continue
		}
		do(wb.Set(record.IDKey(id), record.Uint64(c.put.Ordinal), nil))
		if c.put.Path != "" {
			do(wb.Set(record.PathKey(c.put.Path, c.put.Ordinal), nil, nil))
		}
	}
	for path, f := range b.files {
		if f == nil {
			do(wb.Delete(record.FileKey(path), nil))
			continue
		}
		value, err := json.Marshal(f)
		do(err)
		do(wb.Set(record.FileKey(path), value, nil))
	}
	if len(errs) > 0 {
		return nil, errors.Join(append(errs, wb.Close())...)
	}
	return wb, nil
}

// touch tells a batch what another one has committed. Store.mu is held.
func (b *Batch) touch(other *Batch) {
	for id := range other.changes {
		b.touched["i"+id] = true
	}
	for id := range other.attached {
		b.touched["i"+id] = true
	}
	for path := range other.files {
		b.touched["f"+path] = true
	}
}

// conflicts says whether another batch changed what this one changes.
// Store.mu is held.
func (b *Batch) conflicts() bool {
	for id := range b.changes {
		if b.touched["i"+id] {
			return true
		}
	}
	for path := range b.files {
		if b.touched["f"+path] {
			return true
		}
	}
	return false
}

// resolve finds out anew what the step replaces. Store.mu is held.
func (b *Batch) resolve() error {
	v, err := b.s.Snapshot()
	if err != nil {
		return err
	}
	defer v.Release()
	b.dead, b.analyzers = map[uint64]*roaring64.Bitmap{}, map[string]int{}
	for id, c := range b.changes {
		if c.old, err = v.Known(id); err != nil {
			return err
		}
		if c.old != nil {
			b.remove(v, c.old)
		}
		if c.put != nil {
			b.analyzers[c.put.Analyzer]++
		}
	}
	for path, f := range b.files {
		if f != nil && b.touched["f"+path] {
			// It may hold less than this step knows: it is to be read again.
			changed := *f
			changed.Digest = nil
			b.files[path] = &changed
		}
	}
	return nil
}

// publish commits a manifest with the changes in wb and the deletes in dead
// (by an ordinal of the segment), and shows the result to readers. fresh are
// segments that no snapshot holds yet; they are closed where it fails, but
// their files stay: the commit may be found on opening again. Store.mu is
// held.
func (s *Store) publish(m *manifest.Manifest, wb *pebble.Batch, dead map[uint64]*roaring64.Bitmap, fresh ...*view.Segment) (err error) {
	shown := false
	defer func() {
		for _, o := range fresh {
			if !shown {
				err = errors.Join(err, o.Close())
			}
		}
	}()
	m.NextOrdinal, m.NextSegment, m.Vectors = s.nextOrdinal, s.nextSegment, s.fields.Used()
	next, err := s.segmentsOf(m, wb, dead, fresh)
	if err != nil {
		return err
	}
	gone := s.gone(m)
	for _, e := range gone {
		if err := wb.DeleteRange(record.DeletedKey(e.ID, 0), record.DeletedKey(e.ID+1, 0), nil); err != nil {
			return err
		}
	}
	m.Commit, m.Chain = s.manifest.Commit+1, slices.Clone(s.manifest.Digest[:])
	value, err := m.Encode()
	if err != nil {
		return err
	}
	if !s.head.Exists() {
		// The format before has none. It is there before a manifest asks for it.
		if err := s.head.Create(s.manifest.Head()); err != nil {
			return err
		}
	}
	if err := wb.Set(record.ManifestKey(), value, nil); err != nil {
		return err
	}
	if err := wb.Commit(pebble.Sync); err != nil {
		return fmt.Errorf("commit to %s: %w", s.dir, err)
	}
	if err := s.failed(); err != nil {
		return err // Pebble wrote to memory, or may have
	}
	s.head.Commit(m.Head())
	s.manifest = m
	if m.Attached {
		s.base.Attached.Store(true)
	}
	s.show(next)
	shown = true
	for _, o := range fresh {
		_ = o.Close() // the snapshot holds it
	}
	for _, e := range gone {
		s.segments.Remove(e.ID)
	}
	return nil
}

// gone are the segments that are not in m any more.
func (s *Store) gone(m *manifest.Manifest) []manifest.Entry {
	var gone []manifest.Entry
	for _, e := range s.manifest.Segments {
		if !slices.ContainsFunc(m.Segments, func(x manifest.Entry) bool { return x.ID == e.ID }) {
			gone = append(gone, e)
		}
	}
	return gone
}

// cannotWrite says that what changes can only be shown. s.mu is held.
func (s *Store) cannotWrite() bool { return s.readOnly || s.failed() != nil }

// showOnly shows readers what publish would commit, where nothing can be
// written: segments built anew in memory. s.mu is held.
func (s *Store) showOnly(m *manifest.Manifest, dead map[uint64]*roaring64.Bitmap, fresh ...*view.Segment) error {
	next, err := s.segmentsOf(m, nil, dead, fresh)
	if err == nil {
		s.manifest = m
		s.show(next)
	}
	for _, o := range fresh {
		err = errors.Join(err, o.Close())
	}
	return err
}

// segmentsOf are the segments of m: the fresh ones, and those that readers see
// already, with the deletes in dead, which are stored in wb (nil: nowhere).
func (s *Store) segmentsOf(m *manifest.Manifest, wb *pebble.Batch, dead map[uint64]*roaring64.Bitmap, fresh []*view.Segment) ([]view.Segment, error) {
	old := s.current.Load()
	out := make([]view.Segment, 0, len(m.Segments))
	find := func(e manifest.Entry) *view.Segment {
		for _, o := range fresh {
			if o != nil && o.Entry.ID == e.ID {
				return o
			}
		}
		for i := range old.Segments() {
			if old.Segments()[i].Entry.ID == e.ID {
				return &old.Segments()[i]
			}
		}
		return nil
	}
	for _, e := range m.Segments {
		o := find(e)
		if o == nil {
			return nil, fmt.Errorf("index %s: %w: segment %d is not open", s.dir, ErrCorrupt, e.ID)
		}
		out = append(out, *o)
		out[len(out)-1].Entry = e
	}
	for _, first := range sortedKeys(dead) {
		e := m.Covering(first)
		if e == nil {
			return nil, fmt.Errorf("index %s: %w: no segment holds document number %d", s.dir, ErrCorrupt, first)
		}
		i := slices.IndexFunc(out, func(o view.Segment) bool { return o.Entry.ID == e.ID })
		if err := out[i].Delete(wb, dead[first]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// show makes segments the current snapshot. Store.mu is held.
func (s *Store) show(segments []view.Segment) {
	old := s.current.Load()
	snap := s.newSnapshot(segments, s.manifest)
	s.readers.Lock()
	s.current.Store(snap)
	s.readers.Unlock()
	// The commit stands whether or not an older file could be unmapped.
	_ = old.Release()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Store) newSegmentID() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextSegment++
	return s.nextSegment - 1
}

// makeSegment opens a new segment from its bytes: in memory alone where live,
// else from its file.
func (s *Store) makeSegment(e manifest.Entry, data []byte, live bool) (*view.Segment, error) {
	if e.Live = live; live {
		seg, err := segment.Open(data)
		if err != nil {
			return nil, err
		}
		return view.Open(e, seg, data, func() error { return nil }, nil), nil
	}
	if err := s.segments.Write(e.ID, data); err != nil {
		return nil, err
	}
	return s.segments.Open(e, nil)
}

func sortedKeys[V any](m map[uint64]V) []uint64 {
	keys := make([]uint64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

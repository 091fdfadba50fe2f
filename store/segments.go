package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/internal/mmap"
)

func mapFile(path string) ([]byte, func() error, error) { return mmap.Open(path) }

// openSegments opens what the manifest names. A segment that is missing or
// damaged is built anew; rebuilt says that the manifest changed by that.
func (s *Store) openSegments() (snap *Snapshot, rebuilt bool, err error) {
	open := make([]openSegment, 0, len(s.manifest.Segments))
	for i, e := range s.manifest.Segments {
		o, err := s.openSegment(e)
		if err != nil {
			if o, err = s.rebuild(e); err != nil {
				for i := range open {
					err = errors.Join(err, open[i].drop())
				}
				return nil, false, err
			}
			s.manifest.Segments[i] = o.entry
			rebuilt = true
		}
		open = append(open, *o)
	}
	snap = s.newSnapshot(open, s.manifest)
	for _, o := range open { // the snapshot holds them now
		if err := o.file.unref(); err != nil {
			return nil, false, err
		}
	}
	return snap, rebuilt, nil
}

func (s *Store) openSegment(e segmentEntry) (*openSegment, error) {
	dead, err := s.readTombstones(e.ID)
	if err != nil {
		return nil, err
	}
	seg, release, err := s.readSegment(e.ID)
	if err != nil {
		return nil, err
	}
	o := &openSegment{entry: e, file: &segmentFile{seg: seg, release: release}}
	o.file.refs.Store(1)
	o.bury(dead)
	return o, nil
}

// rebuild derives a segment from the stored documents, under a new id: the
// live documents between its first and last ordinal.
func (s *Store) rebuild(e segmentEntry) (*openSegment, error) {
	b := segment.NewBuilder(s.manifest.Config.index())
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: ordinalKey(keyHeader, e.First), UpperBound: ordinalKey(keyHeader, e.Last+1)})
	if err != nil {
		return nil, err
	}
	for it.First(); it.Valid() && err == nil; it.Next() {
		err = s.rebuildDocument(b, binary.BigEndian.Uint64(it.Key()[1:]))
	}
	if err = errors.Join(err, it.Error(), it.Close()); err != nil {
		return nil, fmt.Errorf("rebuild segment %d of %s: %w", e.ID, s.dir, err)
	}
	e.ID = s.manifest.NextSegment
	s.manifest.NextSegment++
	if err := s.writeSegment(e.ID, b.Bytes()); err != nil {
		return nil, err
	}
	return s.openSegment(e)
}

func (s *Store) rebuildDocument(b *segment.Builder, ordinal uint64) error {
	h, err := headerAt(s.db, ordinal)
	if err != nil {
		return err
	}
	d, err := s.documentOf(s.db, h)
	if err != nil {
		return err
	}
	r, err := s.rowsOf(d, h.Analyzer)
	if err != nil {
		return err
	}
	return addRows(b, ordinal, r, h.Size)
}

func addRows(b *segment.Builder, ordinal uint64, r rows, size int) error {
	if err := b.BeginDocument(ordinal, r.title, size); err != nil {
		return err
	}
	for i, p := range r.passages {
		b.AddPassage(p, r.fields[i])
	}
	b.EndDocument(r.document)
	return nil
}

// publish commits a manifest with the changes in kv (nil for none) and shows
// the result to readers. fresh are segments that no snapshot holds yet.
// They are closed where it fails. Their files stay: the commit may be found on
// opening again.
func (s *Store) publish(m *manifest, kv *pebble.Batch, fresh ...*openSegment) (err error) {
	shown := false
	defer func() {
		for _, o := range fresh {
			if !shown {
				err = errors.Join(err, o.drop())
			}
		}
	}()
	if kv == nil {
		kv = s.db.NewBatch()
		defer kv.Close()
	}
	var gone []segmentEntry
	for _, e := range s.manifest.Segments {
		if !slices.ContainsFunc(m.Segments, func(x segmentEntry) bool { return x.ID == e.ID }) {
			gone = append(gone, e)
			if err := kv.Delete(ordinalKey(keyTombstone, e.ID), nil); err != nil {
				return err
			}
		}
	}
	record, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := kv.Set([]byte{keyManifest}, record, nil); err != nil {
		return err
	}
	if err := kv.Commit(pebble.Sync); err != nil {
		return fmt.Errorf("commit to %s: %w", s.dir, err)
	}
	if err := s.failed(); err != nil {
		return err // Pebble wrote to memory, or may have
	}
	s.manifest = m
	if err := s.show(m, fresh); err != nil {
		s.broken = fmt.Errorf("the last commit is stored but cannot be read: %w", err)
		return s.failed()
	}
	shown = true
	for _, e := range gone {
		// Snapshots that still read the file keep it open; a file that cannot
		// be removed now is a stray that the next opening removes.
		_ = s.fs.Remove(s.segmentPath(e.ID))
	}
	return nil
}

// show makes the committed manifest the current snapshot.
func (s *Store) show(m *manifest, fresh []*openSegment) error {
	old := s.current.Load()
	open := make([]openSegment, 0, len(m.Segments))
	find := func(e segmentEntry) *openSegment {
		for _, o := range fresh {
			if o != nil && o.entry.ID == e.ID {
				return o
			}
		}
		for i := range old.segments {
			if old.segments[i].entry.ID == e.ID {
				return &old.segments[i]
			}
		}
		return nil
	}
	for _, e := range m.Segments {
		o := find(e)
		if o == nil {
			return fmt.Errorf("index %s: %w: segment %d is not open", s.dir, ErrCorrupt, e.ID)
		}
		dead, err := s.readTombstones(e.ID)
		if err != nil {
			return err
		}
		seen := *o
		seen.bury(dead)
		open = append(open, seen)
	}
	snap := s.newSnapshot(open, m)
	for _, o := range fresh {
		_ = o.drop() // the snapshot holds it
	}
	s.readers.Lock()
	// Only snapshots that somebody still reads are worth remembering.
	if snap.older = old; old.refs.Load() == 1 {
		snap.older = old.older
	}
	s.current.Store(snap)
	s.readers.Unlock()
	// The commit stands whether or not an older file could be unmapped.
	_ = old.Release()
	return nil
}

// mergeFactor is how many neighbouring segments of one size class become one.
const mergeFactor = 6

// merge keeps the number of segments logarithmic: while the last mergeFactor
// segments are of one size class or smaller, they become one. Only neighbours
// merge, so that rows stay in order of addition. A segment of which more than
// a third is deleted is rewritten by itself.
func (s *Store) merge() error {
	for {
		snap := s.current.Load()
		from, to := mergeRange(snap.segments)
		if from == to {
			return nil
		}
		if err := s.mergeSegments(snap.segments[from:to]); err != nil {
			return fmt.Errorf("merge segments of %s: %w", s.dir, err)
		}
	}
}

func mergeRange(segs []openSegment) (from, to int) {
	n := len(segs)
	for i, o := range segs {
		if rows := o.file.seg.Documents().Rows(); o.dead.lost[Documents].rows*3 > rows {
			return i, i + 1
		}
	}
	if n < mergeFactor {
		return 0, 0
	}
	for class := sizeClass(segs[n-1].file.seg.Size()); ; class++ {
		from := n
		for from > 0 && sizeClass(segs[from-1].file.seg.Size()) <= class {
			from--
		}
		if n-from >= mergeFactor {
			return from, n
		}
		if from == 0 {
			return 0, 0
		}
	}
}

// sizeClass is the logarithm of a size to the base mergeFactor: merging
// mergeFactor segments of a class gives one of the next, so that each byte is
// rewritten about once a class.
func sizeClass(bytes int) int {
	class := 0
	for bytes > 64<<10 {
		bytes /= mergeFactor
		class++
	}
	return class
}

func (s *Store) mergeSegments(in []openSegment) error {
	m := s.manifest.clone()
	parts := make([]segment.Part, len(in))
	for i, o := range in {
		parts[i] = segment.Part{Segment: o.file.seg}
		if dead := o.deleted[Documents]; dead != nil {
			parts[i].Deleted = dead.Has
		}
	}
	at := slices.IndexFunc(m.Segments, func(e segmentEntry) bool { return e.ID == in[0].entry.ID })
	data, live, err := segment.Merge(m.Config.index(), parts)
	if err != nil {
		return err
	}
	if live == 0 {
		m.Segments = slices.Delete(m.Segments, at, at+len(in))
		return s.publish(m, nil)
	}
	e := segmentEntry{ID: m.NextSegment, First: in[0].entry.First, Last: in[len(in)-1].entry.Last}
	m.NextSegment++
	if err := s.writeSegment(e.ID, data); err != nil {
		return err
	}
	o, err := s.openSegment(e)
	if err != nil {
		return err
	}
	m.Segments = slices.Replace(m.Segments, at, at+len(in), e)
	return s.publish(m, nil, o)
}

// sortAnalyzers puts the analysis of code last: a question is prose first.
func sortAnalyzers(names []string) {
	slices.SortFunc(names, func(a, b string) int {
		if (a == "code") != (b == "code") {
			if a == "code" {
				return 1
			}
			return -1
		}
		return strings.Compare(a, b)
	})
}

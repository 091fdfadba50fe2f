package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/store/derived"
	"github.com/tamis-search/tamis/store/manifest"
	"github.com/tamis-search/tamis/store/view"
)

// openSegments makes the first snapshot, less segments whose file is gone or damaged.
func (s *Store) openSegments() error {
	none, err := segment.NewBuilder(s.ingest.Index()).Bytes(nil)
	if err != nil {
		return err
	}
	if s.empty, err = segment.Open(none); err != nil {
		return err
	}
	entries := s.manifest.Segments
	dead := make([]*view.Deletes, len(entries))
	for i, e := range entries {
		if dead[i], err = view.ReadDeletes(s.db, e.ID); err != nil {
			return err
		}
	}
	open := make([]view.Segment, 0, len(entries))
	defer func() {
		for i := range open { // the snapshot holds them now
			_ = open[i].Close()
		}
	}()
	for i, o := range s.segments.OpenAll(entries, dead) {
		if o == nil {
			e := &entries[i]
			if e.Docs == 0 && err == nil {
				e.Docs, err = s.countDocuments(*e)
				e.Docs += dead[i].Count()
			}
			o = s.missing(*e, dead[i])
		}
		open = append(open, *o)
	}
	if err != nil {
		return err
	}
	s.current.Store(s.newSnapshot(open, s.manifest))
	return nil
}

// missing stands for a segment that cannot be read.
func (s *Store) missing(e manifest.Entry, dead *view.Deletes) *view.Segment {
	return view.Missing(e, s.empty, dead)
}

func (s *Store) countDocuments(e manifest.Entry) (n int, err error) {
	err = e.Visit(s.db, func(uint64) error { n++; return nil })
	return n, err
}

// outdated says that the rows of a segment were made otherwise than this program
// makes them.
func (s *Store) outdated(o *view.Segment) bool { return !o.Missing && o.Entry.Made != s.ingest.Made() }

func (s *Store) maker() *derived.Maker { return &derived.Maker{Rows: s.ingest, Fields: s.fields} }

// replace makes one segment of neighbours: of their files, or of the stored
// documents where they are missing or outdated. Documents that are deleted meanwhile are
// deleted from it too. The maintenance lock is held.
func (s *Store) replace(ctx context.Context, v *Snapshot, in []view.Segment, live bool) error {
	var data []byte
	var docs int
	var err error
	e := manifest.Entry{First: in[0].Entry.First, Last: in[len(in)-1].Entry.Last, Made: in[0].Entry.Made}
	for _, o := range in {
		e.Holds += o.Entry.Holds
	}
	attaching := in[0].Pending() && len(in) == 1
	switch {
	case in[0].Missing || s.outdated(&in[0]):
		e.Made, e.Holds = s.ingest.Made(), attachedIn(in)
		data, docs, err = s.maker().FromDocuments(ctx, v, in, s.found)
	case attaching:
		e.Holds, docs = attachedIn(in), in[0].Entry.Docs
		data, err = s.maker().WithAttached(ctx, v, &in[0])
	default:
		if data, docs, err = s.maker().Merge(in); err == nil {
			s.maintenance.written.Add(int64(len(data)))
		}
	}
	if err != nil {
		return fmt.Errorf("segments of %s: %w", s.dir, err)
	}
	e.Docs = docs
	var fresh *view.Segment
	var with []manifest.Entry
	if docs > 0 {
		e.ID = s.newSegmentID()
		if fresh, err = s.makeSegment(e, data, live); err != nil {
			return err
		}
		with = []manifest.Entry{fresh.Entry}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failed(); err != nil && !in[0].Missing {
		return errors.Join(err, fresh.Close())
	}
	dead := roaring64.New()
	now := s.current.Load().Segments()
	e.Attached = 0
	for _, o := range in {
		i := slices.IndexFunc(now, func(x view.Segment) bool { return x.Entry.ID == o.Entry.ID })
		before := o.Dead()
		if attaching {
			before = nil // rows of deleted documents are still there
		}
		dead.Or(now[i].Dead().Since(before))
		e.Attached += now[i].Entry.Attached
	}
	for i := range with {
		with[i].Attached = e.Attached
	}
	if fresh != nil {
		fresh.Entry.Attached = e.Attached
	}
	changes := map[uint64]*roaring64.Bitmap{}
	if fresh != nil && !dead.IsEmpty() {
		changes[e.First] = dead
	}
	m := s.manifest.Clone()
	at := slices.IndexFunc(m.Segments, func(e manifest.Entry) bool { return e.ID == in[0].Entry.ID })
	m.Segments = slices.Replace(m.Segments, at, at+len(in), with...)
	if s.cannotWrite() {
		return s.showOnly(m, changes, fresh)
	}
	wb := s.db.NewBatch()
	defer wb.Close()
	return s.publish(m, wb, changes, fresh)
}

// attachedIn counts the steps that attached vectors to documents of segments.
func attachedIn(in []view.Segment) (n int) {
	for _, o := range in {
		n += o.Entry.Attached
	}
	return n
}

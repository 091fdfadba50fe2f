package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/record"
)

// openSegments makes the first snapshot. A segment that has no file, or a
// damaged one, is missing from it.
func (s *Store) openSegments() error {
	none, err := segment.NewBuilder(s.ingest.Index()).Bytes(nil)
	if err != nil {
		return err
	}
	if s.empty, err = segment.Open(none); err != nil {
		return err
	}
	open := make([]openSegment, 0, len(s.manifest.Segments))
	defer func() {
		for i := range open { // the snapshot holds them now
			_ = open[i].drop()
		}
	}()
	for i := range s.manifest.Segments {
		e := &s.manifest.Segments[i]
		dead, err := readTombstones(s.db, e.ID)
		if err != nil {
			return err
		}
		o, err := s.openSegment(*e, dead)
		if err != nil {
			o = s.missing(*e, dead)
			if e.Docs == 0 {
				if e.Docs, err = s.countDocuments(*e); err != nil {
					return err
				}
				e.Docs += dead.deleted
				o.entry = *e
			}
		}
		open = append(open, *o)
	}
	s.current.Store(s.newSnapshot(open, s.manifest))
	return nil
}

func (s *Store) openSegment(e segmentEntry, dead *tombstones) (*openSegment, error) {
	f, err := s.readSegment(e.ID)
	if err != nil {
		return nil, err
	}
	return opened(e, f, dead), nil
}

// missing stands for a segment that cannot be read.
func (s *Store) missing(e segmentEntry, dead *tombstones) *openSegment {
	o := opened(e, &segmentFile{seg: s.empty, release: func() error { return nil }}, noTombstones)
	o.missing = true
	o.dead = dead
	return o
}

func (s *Store) countDocuments(e segmentEntry) (n int, err error) {
	err = s.documentsIn(s.db, e, func(uint64) error { n++; return nil })
	return n, err
}

// documentsIn visits the ordinals of the documents stored in a segment's range.
func (s *Store) documentsIn(r pebble.Reader, e segmentEntry, visit func(ordinal uint64) error) (err error) {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: record.HeaderKey(e.First), UpperBound: record.HeaderKey(e.Last + 1)})
	if err != nil {
		return kv.Damaged(err)
	}
	defer func() { err = kv.Damaged(errors.Join(err, it.Close())) }()
	for it.First(); it.Valid(); it.Next() {
		if err := visit(record.HeaderOrdinal(it.Key())); err != nil {
			return err
		}
	}
	return it.Error()
}

// derive makes the bytes of the segment that holds the documents of in, as v
// has them. A document that is damaged stays out of it; Damage tells which.
func (s *Store) derive(ctx context.Context, v *Snapshot, in []openSegment) (data []byte, docs int, err error) {
	b := segment.NewBuilder(s.ingest.Index())
	for _, o := range in {
		err := s.documentsIn(v.kv, o.entry, func(ordinal uint64) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			err := v.addTo(b, ordinal)
			if errors.Is(err, ErrCorrupt) {
				s.found(fmt.Sprintf("document number %d cannot be read and is not found any more: %v", ordinal, err))
				return nil
			}
			return err
		})
		if err != nil {
			return nil, 0, fmt.Errorf("build segment %d of %s anew: %w", o.entry.ID, s.dir, err)
		}
	}
	docs = b.Documents()
	data, err = b.Bytes(s.fieldConfigs())
	return data, docs, err
}

func (v *Snapshot) addTo(b *segment.Builder, ordinal uint64) error {
	h, err := v.Header(ordinal)
	if err != nil {
		return err
	}
	d, err := v.Document(h)
	if err != nil {
		return err
	}
	r, err := v.s.ingest.Rows(d, h.Analyzer)
	if err != nil {
		return err
	}
	vs, err := v.vectors(h)
	if err != nil {
		return err
	}
	return addRows(b, ordinal, r, h.Size, vs)
}

func addRows(b *segment.Builder, ordinal uint64, r ingest.Rows, size int, vs record.Vectors) error {
	if err := b.BeginDocument(ordinal, r.Title, r.Metadata, size); err != nil {
		return err
	}
	for i, p := range r.Passages {
		b.AddPassage(p, r.Fields[i])
	}
	d := r.Document
	if r.Joined {
		d.Body = nil
	}
	b.EndDocument(d)
	for field, v := range vs {
		b.AddVector(field, v)
	}
	return nil
}

// outdated says that the rows of a segment were made otherwise than this program
// makes them.
func (s *Store) outdated(o *openSegment) bool { return !o.missing && o.entry.Made != s.ingest.Made() }

// replace makes one segment of neighbours: of their files, or of the stored
// documents where they are missing or outdated. Documents that are deleted meanwhile are
// deleted from it too. The maintenance lock is held.
func (s *Store) replace(ctx context.Context, v *Snapshot, in []openSegment, live bool) error {
	var data []byte
	var docs int
	var err error
	e := segmentEntry{First: in[0].entry.First, Last: in[len(in)-1].entry.Last, Made: in[0].entry.Made}
	for _, o := range in {
		e.Holds += o.entry.Holds
	}
	attaching := in[0].pending() && len(in) == 1
	switch {
	case in[0].missing || s.outdated(&in[0]):
		e.Made, e.Holds = s.ingest.Made(), attachedIn(in)
		data, docs, err = s.derive(ctx, v, in)
	case attaching:
		e.Holds, docs = attachedIn(in), in[0].entry.Docs
		data, err = s.withAttached(ctx, v, &in[0])
	default:
		data, docs, err = s.mergeFiles(in)
	}
	if err != nil {
		return err
	}
	e.Docs = docs
	var fresh *openSegment
	var with []segmentEntry
	if docs > 0 {
		e.ID = s.newSegmentID()
		if fresh, err = s.makeSegment(e, data, live); err != nil {
			return err
		}
		with = []segmentEntry{fresh.entry}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failed(); err != nil && !in[0].missing {
		return errors.Join(err, fresh.drop())
	}
	dead := newLayer()
	now := s.current.Load().segments
	e.Attached = 0
	for _, o := range in {
		i := slices.IndexFunc(now, func(x openSegment) bool { return x.entry.ID == o.entry.ID })
		before := o.dead
		if attaching {
			before = noTombstones // rows of deleted documents are still there
		}
		dead.ordinals.Or(now[i].dead.since(before).ordinals)
		e.Attached += now[i].entry.Attached
	}
	for i := range with {
		with[i].Attached = e.Attached
	}
	if fresh != nil {
		fresh.entry.Attached = e.Attached
	}
	changes := map[uint64]*layer{}
	if fresh != nil && !dead.empty() {
		changes[e.First] = dead
	}
	m := s.manifest.clone()
	at := slices.IndexFunc(m.Segments, func(e segmentEntry) bool { return e.ID == in[0].entry.ID })
	m.Segments = slices.Replace(m.Segments, at, at+len(in), with...)
	if s.cannotWrite() {
		return s.showOnly(m, changes, fresh)
	}
	wb := s.db.NewBatch()
	defer wb.Close()
	return s.publish(m, wb, changes, fresh)
}

// attachedIn counts the steps that attached vectors to documents of segments.
func attachedIn(in []openSegment) (n int) {
	for _, o := range in {
		n += o.entry.Attached
	}
	return n
}

func (s *Store) mergeFiles(in []openSegment) (data []byte, docs int, err error) {
	parts := make([]segment.Part, len(in))
	for i, o := range in {
		parts[i] = segment.Part{Segment: o.file.seg}
		if visible := o.visible[Documents]; visible != nil {
			parts[i].Deleted = func(row uint32) bool { return !visible.Has(row) }
		}
	}
	if data, docs, err = segment.Merge(s.ingest.Index(), parts); err != nil {
		return nil, 0, fmt.Errorf("merge segments of %s: %w", s.dir, err)
	}
	s.maintenance.written.Add(int64(len(data)))
	return data, docs, nil
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

package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
)

// CheckReport says what Check found.
type CheckReport struct {
	Documents int `json:"documents"`
	Passages  int `json:"passages"`
	Segments  int `json:"segments"`
	// Lost are stored things that are damaged and cannot be derived.
	Lost []string `json:"lost"`
	// Derivable are damaged things that can be built anew.
	Derivable []string `json:"derivable"`
	// Repaired counts those of Derivable that were built anew.
	Repaired int `json:"repaired"`
}

// Check reads everything stored and compares it with its digests; each
// document must be whole, found by its id, and in exactly one segment; each
// segment file must be whole. With repair, damaged segments are built anew.
func (s *Store) Check(ctx context.Context, repair bool) (CheckReport, error) {
	r := CheckReport{Lost: []string{}, Derivable: []string{}}
	s.write.Lock()
	defer s.write.Unlock()
	if s.closed {
		return r, ErrClosed
	}
	if err := s.failed(); err != nil {
		return r, err
	}
	if err := s.checkDocuments(ctx, &r); err != nil {
		return r, err
	}
	snap, err := s.Snapshot()
	if err != nil {
		return r, err
	}
	r.Segments = len(snap.segments)
	r.Passages = snap.Rows(Passages)
	bad := map[uint64]bool{}
	for i := range snap.segments {
		o := &snap.segments[i]
		// The open one was whole when it was opened: read the file again.
		seg, release, err := s.readSegment(o.entry.ID)
		if err != nil {
			bad[o.entry.ID] = true
			r.Derivable = append(r.Derivable, err.Error())
			continue
		}
		_ = seg
		if err := release(); err != nil {
			return r, errors.Join(err, snap.Release())
		}
		if missing := s.missing(o); missing != "" {
			bad[o.entry.ID] = true
			r.Derivable = append(r.Derivable, missing)
		}
	}
	if n := snap.Rows(Documents); n != r.Documents && len(bad) == 0 {
		r.Derivable = append(r.Derivable, fmt.Sprintf("segments hold %d documents, the store %d", n, r.Documents))
		for _, o := range snap.segments {
			bad[o.entry.ID] = true
		}
	}
	if err := snap.Release(); err != nil {
		return r, err
	}
	if !repair || len(bad) == 0 {
		return r, nil
	}
	return r, s.repair(bad, &r)
}

func (s *Store) checkDocuments(ctx context.Context, r *CheckReport) error {
	lost := func(format string, args ...any) { r.Lost = append(r.Lost, fmt.Sprintf(format, args...)) }
	return s.scan([]byte{keyHeader}, func(key, _ []byte) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.Documents++
		ordinal := binary.BigEndian.Uint64(key[1:])
		h, err := headerAt(s.db, ordinal)
		if err != nil {
			lost("%v", err)
			return nil
		}
		d, err := s.documentOf(s.db, h)
		if err != nil {
			lost("%v", err)
			return nil
		}
		sum := *h
		if err := sum.seal(d.Source, appendBlocks(nil, d.Blocks)); err != nil || !bytes.Equal(sum.Digest, h.Digest) {
			lost("document %q: its digest does not match what is stored; index its file again", h.ID)
		}
		if found, err := headerByID(s.db, h.ID); err != nil || found.Ordinal != ordinal {
			lost("document %q: its id leads elsewhere; index its file again", h.ID)
		}
		return nil
	})
}

// missing says which stored document of a segment's range is not in it.
func (s *Store) missing(o *openSegment) (reason string) {
	_ = s.scan([]byte{keyHeader}, func(key, _ []byte) error {
		ordinal := binary.BigEndian.Uint64(key[1:])
		if ordinal < o.entry.First || ordinal > o.entry.Last {
			return nil
		}
		if _, ok := o.file.seg.Row(ordinal); !ok || o.dead.has(ordinal) {
			reason = fmt.Sprintf("segment %d lacks document number %d", o.entry.ID, ordinal)
			return errStop
		}
		return nil
	})
	return reason
}

var errStop = errors.New("stop")

func (s *Store) repair(bad map[uint64]bool, r *CheckReport) error {
	m := s.manifest.clone()
	var fresh []*openSegment
	for i, e := range m.Segments {
		if !bad[e.ID] {
			continue
		}
		o, err := s.rebuild(e)
		if err != nil {
			return err
		}
		m.Segments[i] = o.entry
		m.NextSegment = s.manifest.NextSegment
		fresh = append(fresh, o)
		r.Repaired++
	}
	return s.publish(m, nil, fresh...)
}

// Stats counts what an index holds.
type Stats struct {
	Documents    int   `json:"documents"`
	Passages     int   `json:"passages"`
	Segments     int   `json:"segments"`
	Deleted      int   `json:"deleted"`       // documents that a merge will drop
	SegmentBytes int64 `json:"segment_bytes"` // derived files
	StoreBytes   int64 `json:"store_bytes"`   // Pebble: documents and their text
	Config
	Analyzers []string `json:"analyzers"`
}

// Stats reports counts and sizes.
func (s *Store) Stats() (Stats, error) {
	snap, err := s.Snapshot()
	if err != nil {
		return Stats{}, err
	}
	st := Stats{
		Documents: snap.Rows(Documents), Passages: snap.Rows(Passages), Segments: len(snap.segments),
		Config: snap.Config(), Analyzers: snap.Analyzers(), StoreBytes: int64(s.db.Metrics().DiskSpaceUsage()),
	}
	for _, o := range snap.segments {
		st.SegmentBytes += int64(o.file.seg.Size())
		st.Deleted += o.dead.lost[Documents].rows
	}
	return st, snap.Release()
}

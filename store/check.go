package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/store/head"
	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/record"
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
// It reads one snapshot; writers go on meanwhile. What Damage says is lost.
func (s *Store) Check(ctx context.Context, repair bool) (CheckReport, error) {
	r := CheckReport{Lost: []string{}, Derivable: []string{}}
	s.maintenance.mu.Lock() // files stay where they are
	defer s.maintenance.mu.Unlock()
	s.mu.Lock()
	failed := s.failed()
	v, err := s.Snapshot()
	s.mu.Unlock()
	if err != nil {
		return r, err
	}
	if failed != nil {
		return r, errors.Join(failed, v.Release())
	}
	r.Lost = append(r.Lost, s.Damage()...)
	if len(r.Lost) == 0 && s.headHalf() {
		r.Derivable = append(r.Derivable, "one of two copies of the head is damaged; the next commit writes it anew")
	}
	bad, err := v.check(ctx, &r)
	if err = errors.Join(err, v.Release()); err != nil || !repair || len(bad) == 0 {
		return r, err
	}
	return r, s.repair(ctx, bad, &r)
}

// headHalf says that one copy of the head is damaged. A writer may be writing it.
func (s *Store) headHalf() bool {
	for range stillTries {
		if _, whole, err := head.Read(s.fs, s.dir); err != nil || whole {
			return false
		}
		time.Sleep(time.Millisecond)
	}
	return true
}

// check returns the ids of the segments to be built anew.
func (v *Snapshot) check(ctx context.Context, r *CheckReport) (map[uint64]bool, error) {
	r.Segments = len(v.segments)
	r.Passages = v.Rows(Passages)
	bad := map[uint64]bool{}
	for i := range v.segments {
		o := &v.segments[i]
		reason, err := v.checkSegment(ctx, o, r)
		if err != nil {
			return nil, err
		}
		if reason != "" {
			bad[o.entry.ID] = true
			r.Derivable = append(r.Derivable, reason)
		}
	}
	return bad, nil
}

// checkSegment checks the documents of a segment's range and the segment; it
// says what is wrong with the segment.
func (v *Snapshot) checkSegment(ctx context.Context, o *openSegment, r *CheckReport) (reason string, err error) {
	switch {
	case o.missing && !o.entry.Live: // a live one has no file yet
		reason = fmt.Sprintf("segment %d has no whole file; it is being built anew", o.entry.ID)
	case !o.missing && !o.entry.Live:
		if reason, err = v.s.checkFile(o); err != nil {
			return "", err
		}
	}
	found := 0
	rows := map[string]int{} // of live documents with a vector, by field
	err = v.s.documentsIn(v.kv, o.entry, func(ordinal uint64) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.Documents++
		whole := v.checkDocument(ordinal, rows, r)
		if reason != "" || o.missing {
			return nil
		}
		if row, ok := o.file.seg.Row(ordinal); ok && (o.visible[Documents] == nil || o.visible[Documents].Has(row)) {
			found++
		} else if whole {
			reason = fmt.Sprintf("segment %d lacks document number %d", o.entry.ID, ordinal)
		}
		return nil
	})
	if live := o.file.seg.Documents().Rows() - o.dead.deleted; err == nil && reason == "" && !o.missing && live != found {
		reason = fmt.Sprintf("segment %d holds %d documents, the store %d", o.entry.ID, live, found)
	}
	if err == nil && reason == "" && !o.missing && !o.pending() {
		reason = o.checkVectors(rows)
	}
	return reason, err
}

// checkFile says what is wrong with the file of a segment that was whole when it
// was opened.
func (s *Store) checkFile(o *openSegment) (reason string, err error) {
	f, err := s.readSegment(o.entry.ID)
	if err == nil {
		return "", f.release()
	}
	reason = err.Error()
	if s.readOnly && errors.Is(err, fs.ErrNotExist) {
		// The writer may have merged it away; then what was opened counts.
		named, err := s.named(o.entry.ID)
		if err != nil || named {
			return reason, err
		}
		if _, err := segment.Open(o.file.data); err != nil {
			return fmt.Sprintf("segment %d: %v", o.entry.ID, err), nil
		}
		return "", nil
	}
	return reason, nil
}

// named says whether the index, as it is now, has a segment.
func (s *Store) named(id uint64) (bool, error) {
	now, err := Open(s.dir, Options{FS: s.fs, ReadOnly: true, leaveMissing: true, Tuning: s.tuning})
	if err != nil {
		return false, err
	}
	named := slices.ContainsFunc(now.manifest.Segments, func(e segmentEntry) bool { return e.ID == id })
	return named, now.Close()
}

// checkDocument reports what is wrong with a stored document.
func (v *Snapshot) checkDocument(ordinal uint64, rows map[string]int, r *CheckReport) (whole bool) {
	lost := func(format string, args ...any) { r.Lost = append(r.Lost, fmt.Sprintf(format, args...)) }
	h, err := v.Header(ordinal)
	if err != nil {
		lost("%v", err)
		return false
	}
	d, err := v.Document(h)
	if err != nil {
		lost("%v", err)
		return false
	}
	vs, err := v.vectors(h)
	if err != nil {
		lost("%v", err)
		return false
	}
	for field := range vs {
		rows[field]++
	}
	if _, err := v.Place(h, h.Size); err != nil {
		lost("%v", err)
		return false
	}
	if stored, err := kv.Get(v.kv, record.HeaderKey(ordinal)); err != nil || !record.Whole(stored, d.Source, record.AppendBlocks(nil, d.Blocks)) {
		lost("document %q: its digest does not match what is stored; index its file again", h.ID)
	}
	if found, err := v.HeaderByID(h.ID); err != nil || found.Ordinal != ordinal {
		lost("document %q: its id leads elsewhere; index its file again", h.ID)
	}
	return true
}

// repair builds segments anew. The maintenance lock is held.
func (s *Store) repair(ctx context.Context, bad map[uint64]bool, r *CheckReport) error {
	s.mu.Lock()
	open := slices.Clone(s.current.Load().segments)
	var fresh []*openSegment
	for i, o := range open {
		if bad[o.entry.ID] && !o.missing {
			m := s.missing(o.entry, o.dead)
			open[i] = *m
			fresh = append(fresh, m)
		}
	}
	s.show(open)
	s.mu.Unlock()
	for _, o := range fresh {
		_ = o.drop() // the snapshot holds it
	}
	r.Repaired = len(bad)
	for again := true; again; {
		var err error
		if again, err = s.step(ctx, rebuildOnly); err != nil {
			return err
		}
	}
	return nil
}

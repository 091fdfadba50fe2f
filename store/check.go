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
	"github.com/tamis-search/tamis/store/manifest"
	"github.com/tamis-search/tamis/store/policy"
	"github.com/tamis-search/tamis/store/view"
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
	bad, err := s.check(ctx, v, &r)
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
func (s *Store) check(ctx context.Context, v *Snapshot, r *CheckReport) (map[uint64]bool, error) {
	r.Segments = len(v.Segments())
	r.Passages = v.Rows(Passages)
	bad := map[uint64]bool{}
	for i := range v.Segments() {
		o := &v.Segments()[i]
		damaged := ""
		if !o.Missing && !o.Entry.Live {
			var err error
			if damaged, err = s.checkFile(o); err != nil {
				return nil, err
			}
		}
		n, reason, err := v.Check(ctx, o, damaged, func(what string) { r.Lost = append(r.Lost, what) })
		r.Documents += n
		if err != nil {
			return nil, err
		}
		if reason != "" {
			bad[o.Entry.ID] = true
			r.Derivable = append(r.Derivable, reason)
		}
	}
	return bad, nil
}

// checkFile says what is wrong with the file of a segment that was whole when it
// was opened.
func (s *Store) checkFile(o *view.Segment) (reason string, err error) {
	if err = s.segments.Check(o.Entry); err == nil {
		return "", nil
	}
	reason = err.Error()
	if s.readOnly && errors.Is(err, fs.ErrNotExist) {
		// The writer may have merged it away; then what was opened counts.
		named, err := s.named(o.Entry.ID)
		if err != nil || named {
			return reason, err
		}
		if _, err := segment.Open(o.Data()); err != nil {
			return fmt.Sprintf("segment %d: %v", o.Entry.ID, err), nil
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
	named := slices.ContainsFunc(now.manifest.Segments, func(e manifest.Entry) bool { return e.ID == id })
	return named, now.Close()
}

// repair builds segments anew. The maintenance lock is held.
func (s *Store) repair(ctx context.Context, bad map[uint64]bool, r *CheckReport) error {
	s.mu.Lock()
	open := slices.Clone(s.current.Load().Segments())
	var fresh []*view.Segment
	for i, o := range open {
		if bad[o.Entry.ID] && !o.Missing {
			m := s.missing(o.Entry, o.Dead())
			open[i] = *m
			fresh = append(fresh, m)
		}
	}
	s.show(open)
	s.mu.Unlock()
	for _, o := range fresh {
		_ = o.Close() // the snapshot holds it
	}
	r.Repaired = len(bad)
	for again := true; again; {
		var err error
		if again, err = s.step(ctx, policy.RebuildOnly); err != nil {
			return err
		}
	}
	return nil
}

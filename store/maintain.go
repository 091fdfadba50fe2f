package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tamis-search/tamis/store/policy"
)

// maintenance is the work in the background: segments that live in memory are
// sealed into files, small ones merged, deleted rows left behind, missing ones
// built anew. It changes no answer; where it fails, nothing is lost, and it
// tries again.
type maintenance struct {
	mu      sync.Mutex // held by who replaces segments
	cancel  context.CancelFunc
	done    chan struct{}
	wake    chan struct{}
	busy    atomic.Bool // there may be work that will be done
	written atomic.Int64

	gate    sync.Mutex // guards what follows
	resumed chan struct{}
	err     error // of the last try; nil when it succeeded
}

// retryAfter is how long maintenance waits after a failure.
const retryAfter = time.Second

func (s *Store) startMaintenance() {
	m := &s.maintenance
	m.wake, m.done = make(chan struct{}, 1), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	if s.leaveMissing {
		close(m.done)
		return
	}
	if s.tuning.Inline {
		close(m.done)
		s.afterCommit()
		return
	}
	m.busy.Store(true)
	go func() {
		defer close(m.done)
		s.maintain(ctx)
	}()
}

// stopMaintenance ends the work in the background and seals what lives in
// memory. Where that cannot be written it is built anew on opening.
func (s *Store) stopMaintenance() {
	m := &s.maintenance
	m.cancel()
	<-m.done
	m.mu.Lock() // who compacts is waited for
	defer m.mu.Unlock()
	s.mu.Lock()
	cannot := s.cannotWrite()
	s.mu.Unlock()
	if cannot {
		return
	}
	for {
		again, err := s.step(context.Background(), policy.SealNow)
		if err != nil || !again {
			break
		}
	}
	s.mu.Lock()
	failed := s.failed()
	s.mu.Unlock()
	if failed == nil {
		// So that opening has no log to read; it can do without.
		_ = s.db.Flush()
	}
}

// maintain works until ctx is done.
func (s *Store) maintain(ctx context.Context) {
	m := &s.maintenance
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		err := m.open(ctx)
		again := false
		if err == nil {
			before := m.written.Load()
			m.mu.Lock()
			again, err = s.step(ctx, policy.SealDue)
			m.mu.Unlock()
			// Nobody who closes, compacts or checks waits for this.
			s.pace(ctx, before)
		}
		if ctx.Err() != nil {
			return
		}
		s.report(err)
		if again && err == nil {
			continue
		}
		if err != nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(retryAfter):
			}
			m.busy.Store(true)
			continue
		}
		timer.Reset(s.untilSeal())
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
		case <-timer.C:
		}
		m.busy.Store(true)
	}
}

// report remembers what came of maintenance and tells those who wait for it.
func (s *Store) report(err error) {
	m := &s.maintenance
	m.gate.Lock()
	changed := (err == nil) != (m.err == nil)
	m.err = err
	m.gate.Unlock()
	if changed {
		s.mu.Lock()
		defer s.mu.Unlock()
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

// failure is why maintenance cannot go on; nil while it can.
func (m *maintenance) failure() error {
	m.gate.Lock()
	defer m.gate.Unlock()
	return m.err
}

// PauseMerging stops sealing, merging and rebuilding in the background, after
// the piece of work that is under way, until ResumeMerging.
func (s *Store) PauseMerging() {
	m := &s.maintenance
	m.gate.Lock()
	defer m.gate.Unlock()
	if m.resumed == nil {
		m.resumed = make(chan struct{})
	}
}

// ResumeMerging ends a pause.
func (s *Store) ResumeMerging() {
	m := &s.maintenance
	m.gate.Lock()
	defer m.gate.Unlock()
	if m.resumed != nil {
		close(m.resumed)
		m.resumed = nil
	}
}

func (m *maintenance) paused() chan struct{} {
	m.gate.Lock()
	defer m.gate.Unlock()
	return m.resumed
}

// open waits while maintenance is paused.
func (m *maintenance) open(ctx context.Context) error {
	for {
		resumed := m.paused()
		if resumed == nil {
			return ctx.Err()
		}
		select {
		case <-resumed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pace waits for as long as what was written since should have taken.
func (s *Store) pace(ctx context.Context, since int64) {
	bytes := s.maintenance.written.Load() - since
	if s.tuning.MergeRate <= 0 || bytes <= 0 {
		return
	}
	select {
	case <-time.After(time.Duration(float64(bytes) / float64(s.tuning.MergeRate) * float64(time.Second))):
	case <-ctx.Done():
	}
}

// afterCommit lets maintenance know of a commit and holds the writer back
// while there are more segments than searches should read.
func (s *Store) afterCommit() {
	m := &s.maintenance
	if s.tuning.Inline {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.paused() != nil {
			return
		}
		again, err := true, error(nil)
		for again && err == nil {
			again, err = s.step(context.Background(), policy.SealFull)
		}
		s.report(err)
		return
	}
	m.busy.Store(true)
	select {
	case m.wake <- struct{}{}:
	default:
	}
	for {
		s.mu.Lock()
		changed, n := s.changed, len(s.manifest.Segments)
		s.mu.Unlock()
		if n <= s.tuning.MaxSegments || !m.busy.Load() || m.paused() != nil || m.failure() != nil {
			return
		}
		select {
		case <-changed:
		case <-time.After(10 * time.Millisecond): // there may be nothing to merge
		}
	}
}

// Ready waits until no segment is missing and, where the index can be written,
// none outdated or without vectors that were attached to it; until then snapshots may be incomplete. The error is the context's, or says why a segment cannot be
// built.
func (s *Store) Ready(ctx context.Context) error {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		v, err := s.Snapshot()
		if err != nil {
			return err
		}
		missing := false
		for _, o := range v.Segments() {
			missing = missing || o.Missing || !s.readOnly && (s.outdated(&o) || o.Pending())
		}
		if err := v.Release(); err != nil {
			return err
		}
		if !missing {
			return nil
		}
		if err := s.maintenance.failure(); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Compact seals and merges all it can and gives deleted documents' bytes back.
func (s *Store) Compact(ctx context.Context) error {
	if s.readOnly {
		return ErrReadOnly
	}
	s.maintenance.mu.Lock()
	defer s.maintenance.mu.Unlock()
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return ErrClosed
	}
	for {
		again, err := s.step(ctx, policy.MergeAll)
		if err != nil {
			return err
		}
		if !again {
			break
		}
	}
	s.mu.Lock()
	err := s.failed()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if err := s.db.Compact(ctx, []byte{0}, []byte{0xff}, false); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed()
}

// step does the most urgent piece of work that goal asks for; again is false
// when there is none. The maintenance lock is held.
func (s *Store) step(ctx context.Context, goal policy.Goal) (again bool, err error) {
	s.mu.Lock()
	v, err := s.Snapshot()
	if err != nil {
		s.mu.Unlock()
		if errors.Is(err, ErrClosed) {
			err = nil
		}
		return false, err
	}
	barriers := s.reserved()
	if s.cannotWrite() {
		goal = policy.RebuildInMemory
	}
	s.mu.Unlock()
	defer v.Release()
	from, to, live := s.policy().Choose(policy.Measure(v.Segments()), barriers, goal)
	if from == to {
		s.maintenance.busy.Store(false)
		return false, nil
	}
	err = s.replace(ctx, v, v.Segments()[from:to], live)
	if err == nil && !live && s.head != nil {
		err = s.head.Sync() // after the syncs that made a file, one more
	}
	return true, err
}

// reserved are the first ordinals of steps that have not been committed.
// s.mu is held.
func (s *Store) reserved() []uint64 {
	var firsts []uint64
	for b := range s.batches {
		if b.first != 0 {
			firsts = append(firsts, b.first)
		}
	}
	return firsts
}

package library

import (
	"context"
	"sync"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
)

// Opener opens an index that does not lie in a folder here: one that must be there, or, to
// write, also one that is made.
type Opener func(ctx context.Context, write bool) (engine.Index, error)

// shared is a collection whose index many processes read and write at once, as one in a
// cluster is: what others write is seen, nothing is locked. It is opened by the first who
// reads, and once more by the first who writes, for all who come then.
type shared struct {
	name string
	o    *Options
	open Opener
	turn turn

	mu      sync.Mutex // of what follows
	now     *lent      // nil: nothing is open
	written bool       // now can be written
	gone    error      // why nobody comes any more
	last    sync.WaitGroup
}

// lent is an open index with those who use it.
type lent struct {
	ix    engine.Index
	users sync.WaitGroup
}

func newShared(name string, open Opener, o *Options) *shared {
	return &shared{name: name, o: o, open: open, turn: make(turn, 1)}
}

func (s *shared) read(ctx context.Context) (engine.Index, func(), error) { return s.lend(ctx, false) }

func (s *shared) write(ctx context.Context) (engine.Index, func(error) error, error) {
	ix, done, err := s.lend(ctx, true)
	return ix, func(went error) error {
		done()
		return went
	}, err
}

func (s *shared) lend(ctx context.Context, write bool) (engine.Index, func(), error) {
	if ix, done, err := s.opened(write); ix != nil || err != nil {
		return ix, done, err
	}
	if err := s.turn.take(ctx); err != nil {
		return nil, nil, err
	}
	defer s.turn.pass()
	if ix, done, err := s.opened(write); ix != nil || err != nil {
		return ix, done, err
	}
	ix, err := s.open(ctx, write)
	if err != nil {
		return nil, nil, err
	}
	if s.o.Use != nil {
		s.o.Use(s.name, ix)
	}
	s.mu.Lock()
	old := s.now
	s.now, s.written = &lent{ix: ix}, write
	s.mu.Unlock()
	if old != nil {
		s.last.Go(func() {
			old.users.Wait()
			_ = old.ix.Close() // it was only read
		})
	}
	return s.opened(write)
}

// opened lends what is open, nil where that does not do.
func (s *shared) opened(write bool) (engine.Index, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone != nil || s.now == nil || write && !s.written {
		return nil, nil, s.gone
	}
	s.now.users.Add(1)
	return s.now.ix, sync.OnceFunc(s.now.users.Done), nil
}

func (s *shared) close() error {
	_ = s.turn.take(context.Background()) // it has no end
	defer s.turn.pass()
	s.mu.Lock()
	now := s.now
	s.now, s.gone = nil, tamis.ErrClosed
	s.mu.Unlock()
	var err error
	if now != nil {
		now.users.Wait()
		err = now.ix.Close()
	}
	s.last.Wait()
	return err
}

package library

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/server/access"
)

// shelf is one collection.
//
// Its writer, once opened, is for readers too. It rests when nobody has written for a while, or
// its disk failed: who comes to read then opens the index beside it, and when the last who
// reads the writer is done it is closed, which gives the lock of the index back. Who comes to
// write meanwhile wakes it.
type shelf struct {
	name, dir string
	o         *Options

	mu      sync.Mutex // of what follows
	reader  *open      // the newest that was opened for reading; nil for none
	writer  *open
	writing int // who uses the writer to write
	resting bool
	idle    *time.Timer // lets the writer rest
	closing *closing    // the last writer, whose lock is not given back yet; nil for none
	looked  time.Time   // when the head was looked at last
	head    headMark    // as it was when the reader was opened
	removed bool
}

// open is an index with those who use it.
type open struct {
	ix    *tamis.Index
	users sync.WaitGroup
	n     int // of users; of the shelf's mu
}

// closing is a writer that is being closed.
type closing struct {
	done chan struct{}
	err  error
}

// headMark tells one state of a head from another, as far as the file system can.
type headMark struct {
	size  int64
	mtime time.Time
}

func markOf(dir string) headMark {
	info, err := os.Stat(filepath.Join(dir, "head"))
	if err != nil {
		return headMark{}
	}
	return headMark{info.Size(), info.ModTime()}
}

// use lends an index. The caller holds mu.
func (s *shelf) use(o *open) (*tamis.Index, func(), error) {
	o.users.Add(1)
	o.n++
	return o.ix, sync.OnceFunc(func() {
		s.mu.Lock()
		o.n--
		s.rested()
		s.mu.Unlock()
		o.users.Done()
	}), nil
}

func (s *shelf) read(ctx context.Context) (*tamis.Index, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removed {
		return nil, nil, fmt.Errorf("%w: %q", access.ErrNoCollection, s.name)
	}
	if s.writer != nil && !s.resting {
		return s.use(s.writer)
	}
	if s.reader != nil && time.Since(s.looked) < lookAgain {
		return s.use(s.reader)
	}
	s.looked = time.Now()
	mark := markOf(s.dir)
	if s.reader != nil && mark == s.head {
		return s.use(s.reader)
	}
	ix, err := tamis.OpenReadOnly(s.dir)
	if err != nil {
		if s.reader != nil && !errors.Is(err, tamis.ErrNotFound) {
			return s.use(s.reader) // the writer is in the middle of something
		}
		if s.writer != nil {
			return s.use(s.writer)
		}
		if errors.Is(err, tamis.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("%w: %q has no index yet", tamis.ErrNotFound, s.name)
		}
		return nil, nil, err
	}
	if s.o.Use != nil {
		s.o.Use(s.name, ix)
	}
	s.retire(s.reader)
	s.reader, s.head = &open{ix: ix}, mark
	return s.use(s.reader)
}

// retire closes what was opened when nobody uses it any more.
func (s *shelf) retire(o *open) (closed chan struct{}) {
	closed = make(chan struct{})
	go func() {
		defer close(closed)
		if o != nil {
			o.users.Wait()
			_ = o.ix.Close() // what was acknowledged is durable
		}
	}()
	return closed
}

func (s *shelf) write(ctx context.Context) (*tamis.Index, func(error) error, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.writer == nil && s.closing != nil {
		c := s.closing
		s.mu.Unlock()
		var err error
		select {
		case <-c.done:
		case <-ctx.Done():
			err = ctx.Err()
		}
		s.mu.Lock()
		if err != nil {
			return nil, nil, err
		}
	}
	if s.removed {
		return nil, nil, fmt.Errorf("%w: %q", access.ErrNoCollection, s.name)
	}
	if s.writer == nil {
		ix, err := tamis.Open(s.dir, s.o.Index)
		if err != nil {
			return nil, nil, err
		}
		if s.o.Use != nil {
			s.o.Use(s.name, ix)
		}
		s.writer = &open{ix: ix}
	}
	s.retire(s.reader)
	s.reader, s.resting = nil, false
	s.writing++
	if s.idle != nil {
		s.idle.Stop()
	}
	ix, done, err := s.use(s.writer)
	var once sync.Once
	return ix, func(went error) error {
		once.Do(func() { done(); went = errors.Join(went, s.wrote(went)) })
		return went
	}, err
}

// wrote is called by each who is done with writing.
func (s *shelf) wrote(went error) error {
	s.mu.Lock()
	s.writing--
	if s.writing > 0 || s.writer == nil {
		s.mu.Unlock()
		return nil
	}
	if s.o.Hold > 0 && !errors.Is(went, tamis.ErrFailed) {
		s.idle = time.AfterFunc(s.o.Hold, s.rest)
		s.mu.Unlock()
		return nil
	}
	s.resting = true
	c := s.rested()
	s.mu.Unlock()
	if c == nil { // it is read: who is done last closes it
		return nil
	}
	<-c.done
	return c.err
}

// rest lets a writer rest that nobody uses to write.
func (s *shelf) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resting = s.writer != nil && s.writing == 0
	s.rested()
}

// rested closes a writer that rests and that nobody uses; it returns nil where there is
// none. The caller holds mu.
func (s *shelf) rested() *closing {
	if !s.resting || s.writing > 0 || s.writer.n > 0 {
		return nil
	}
	w, c := s.writer, &closing{done: make(chan struct{})}
	s.writer, s.resting, s.closing = nil, false, c
	s.looked = time.Time{}
	go func() {
		w.users.Wait()
		c.err = w.ix.Close()
		s.mu.Lock()
		s.closing = nil
		s.mu.Unlock()
		close(c.done)
	}()
	return c
}

// remove takes the collection from the shelf: who reads it goes on, nobody else comes. What
// it returns says when all is closed.
func (s *shelf) remove() (closed chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removed {
		return nil, fmt.Errorf("%w: %q", access.ErrNoCollection, s.name)
	}
	if s.writing > 0 {
		return nil, fmt.Errorf("remove %q: %w", s.name, tamis.ErrLocked)
	}
	switch {
	case s.closing != nil:
		closed = s.closing.done
	case s.writer != nil:
		closed = s.retire(s.writer)
	default: // another process may write it
		ix, err := tamis.Open(s.dir, tamis.Options{MustExist: true})
		if err == nil {
			err = ix.Close()
		}
		if errors.Is(err, tamis.ErrLocked) {
			return nil, err
		}
		closed = s.retire(nil)
	}
	s.retire(s.reader)
	s.reader, s.writer, s.resting, s.removed = nil, nil, false, true
	return closed, nil
}

func (s *shelf) close() error {
	s.mu.Lock()
	if s.idle != nil {
		s.idle.Stop()
	}
	opened, c := []*open{s.reader, s.writer}, s.closing
	s.reader, s.writer, s.resting = nil, nil, false
	s.mu.Unlock()
	var errs []error
	for _, o := range opened {
		if o != nil {
			o.users.Wait()
			errs = append(errs, o.ix.Close())
		}
	}
	if c != nil {
		<-c.done
		errs = append(errs, c.err)
	}
	return errors.Join(errs...)
}

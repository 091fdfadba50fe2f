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
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/server/access"
)

// folder is a collection whose index is embedded.
//
// Its writer, once opened, is for readers too. It rests when nobody has written for a while, or
// its disk failed: who comes to read then has the index opened beside it, and when the last who
// reads the writer is done it is closed, which gives the lock of the index back. Who comes to
// write meanwhile wakes it.
//
// An index is opened, and what it lacks made anew, while others go on with what is open; who
// does that has the turn.
type folder struct {
	name, dir string
	o         *Options
	turn      turn

	mu      sync.Mutex // of what follows
	reader  *open      // the newest that was opened for reading; nil for none
	writer  *open
	writing int // who uses the writer to write
	resting bool
	failed  bool        // the writer's disk
	idle    *time.Timer // lets the writer rest
	closing *closing    // the last writer, whose lock is not given back yet; nil for none
	head    headMark    // as it was when the reader was opened
	gone    error       // why nobody comes any more
}

func newFolder(name, dir string, o *Options) *folder {
	return &folder{name: name, dir: dir, o: o, turn: make(turn, 1)}
}

// turn is had by one at a time.
type turn chan struct{}

// take waits for the turn, which pass ends.
func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) pass() { <-t }

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
func (s *folder) use(o *open) (engine.Index, func(), error) {
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

func (s *folder) read(ctx context.Context) (engine.Index, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, fresh := s.readable()
	if fresh || s.gone != nil {
		return s.lend(old, s.gone)
	}
	select {
	case s.turn <- struct{}{}:
	default:
		if old != nil { // somebody opens a newer one
			return s.use(old)
		}
		s.mu.Unlock()
		err := s.turn.take(ctx)
		s.mu.Lock()
		if err != nil {
			return nil, nil, err
		}
	}
	defer s.turn.pass()
	if old, fresh = s.readable(); fresh || s.gone != nil {
		return s.lend(old, s.gone)
	}
	if err := s.renew(ctx); err != nil {
		// Where something is open, a writer is in the middle of something.
		if old == nil || old != s.writer && errors.Is(err, tamis.ErrNotFound) {
			return nil, nil, err
		}
		return s.use(old)
	}
	return s.use(s.reader)
}

// readable is what can be read at once, nil for nothing, and whether nothing newer is to be
// looked for. The caller holds mu.
func (s *folder) readable() (o *open, fresh bool) {
	switch {
	case s.writer != nil && !s.resting:
		return s.writer, true
	case s.reader == nil:
		return s.writer, false
	}
	return s.reader, markOf(s.dir) == s.head
}

func (s *folder) lend(o *open, err error) (engine.Index, func(), error) {
	if err != nil {
		return nil, nil, err
	}
	return s.use(o)
}

// renew opens the index for reading, in place of what was. The caller has the turn and
// holds mu, which others may have meanwhile.
func (s *folder) renew(ctx context.Context) error {
	s.mu.Unlock()
	mark := markOf(s.dir)
	ix, err := tamis.OpenReadOnly(s.dir)
	if err == nil {
		s.opened(ctx, ix)
	}
	s.mu.Lock()
	if errors.Is(err, tamis.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %q has no index yet", tamis.ErrNotFound, s.name)
	}
	if err != nil {
		return err
	}
	s.retire(s.reader)
	s.reader, s.head = &open{ix: ix}, mark
	return nil
}

// opened makes an index ready to be used: what of it must be made anew is waited for, if not
// for long.
func (s *folder) opened(ctx context.Context, ix *tamis.Index) {
	if s.o.Use != nil {
		s.o.Use(s.name, ix)
	}
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	_ = ix.Ready(ctx) // searches say what they lack
}

// retire closes what was opened when nobody uses it any more.
func (s *folder) retire(o *open) (closed chan struct{}) {
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

func (s *folder) write(ctx context.Context) (engine.Index, func(error) error, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writer == nil || s.failed {
		s.mu.Unlock()
		err := s.turn.take(ctx)
		if err == nil {
			defer s.turn.pass()
		}
		s.mu.Lock()
		if err == nil && s.gone == nil {
			err = s.writable(ctx)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if s.gone != nil {
		return nil, nil, s.gone
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

// writable opens the index to be written, where it is not, or its disk had failed. The caller
// has the turn and holds mu, which others may have meanwhile.
func (s *folder) writable(ctx context.Context) error {
	if s.writer != nil && s.failed {
		_ = s.renew(ctx) // for who reads meanwhile
		s.resting = true
		s.rested()
	}
	if s.writer != nil { // and used: where the disk failed, it says so
		return nil
	}
	c := s.closing
	s.mu.Unlock()
	ix, err := s.openWriter(ctx, c)
	s.mu.Lock()
	if err == nil {
		s.writer, s.failed = &open{ix: ix}, false
	}
	return err
}

func (s *folder) openWriter(ctx context.Context, last *closing) (*tamis.Index, error) {
	if last != nil {
		select {
		case <-last.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	ix, err := tamis.Open(s.dir, s.o.Index)
	if err == nil {
		s.opened(ctx, ix)
	}
	return ix, err
}

// wrote is called by each who is done with writing.
func (s *folder) wrote(went error) error {
	s.mu.Lock()
	s.writing--
	s.failed = s.failed || errors.Is(went, tamis.ErrFailed)
	if s.writing > 0 || s.writer == nil {
		s.mu.Unlock()
		return nil
	}
	if s.o.Hold > 0 {
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
func (s *folder) rest() {
	ctx := context.Background()
	_ = s.turn.take(ctx) // it has no end
	defer s.turn.pass()
	s.mu.Lock()
	defer s.mu.Unlock()
	awake := func() bool { return s.gone != nil || s.writer == nil || s.writing > 0 }
	if awake() {
		return
	}
	if err := s.renew(ctx); err == nil && !awake() { // who comes to read finds something open
		s.resting = true
		s.rested()
	}
}

// rested closes a writer that rests and that nobody uses; it returns nil where there is
// none. The caller holds mu.
func (s *folder) rested() *closing {
	if !s.resting || s.writing > 0 || s.writer.n > 0 {
		return nil
	}
	w, c := s.writer, &closing{done: make(chan struct{})}
	s.writer, s.resting, s.closing = nil, false, c
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
func (s *folder) remove(ctx context.Context) (closed chan struct{}, err error) {
	if err := s.turn.take(ctx); err != nil {
		return nil, err
	}
	defer s.turn.pass()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone != nil {
		return nil, s.gone
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
	s.reader, s.writer, s.resting = nil, nil, false
	s.gone = fmt.Errorf("%w: %q", access.ErrNoCollection, s.name)
	return closed, nil
}

func (s *folder) close() error {
	_ = s.turn.take(context.Background()) // it has no end
	defer s.turn.pass()
	s.mu.Lock()
	if s.idle != nil {
		s.idle.Stop()
	}
	opened, c := []*open{s.reader, s.writer}, s.closing
	s.reader, s.writer, s.resting = nil, nil, false
	if s.gone == nil {
		s.gone = tamis.ErrClosed
	}
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

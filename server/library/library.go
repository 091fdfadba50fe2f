// Package library holds the indexes that a process serves: collections, by their names.
//
// Who reads a collection that another process writes always finds what is durable there:
// the index is opened again, beside the one in use, when its head has changed (package
// store/head). Who writes takes the lock of the index, for as long as Options say.
package library

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/server/access"
)

// Default is the name of a collection that is served alone.
const Default = "default"

// lookAgain is how often the head of an index is looked at, at most.
const lookAgain = 100 * time.Millisecond

// Options say how indexes are opened.
type Options struct {
	// Collections are the directories of indexes by name. Those that are not there are
	// made by the first who writes.
	Collections map[string]string
	// Root is a folder where further collections lie, and new ones are made; "" for none.
	Root string
	// Hold keeps the lock of an index from the first write on, so that writers come one
	// after another at no cost; without it the lock is given back after each.
	Hold bool
	// Index are the settings of indexes that are made.
	Index tamis.Options
	// Use, where not nil, is called with each index that was opened, before it is read.
	Use func(name string, ix *tamis.Index)
}

// Library is the indexes of a process. It is safe for concurrent use.
type Library struct {
	o       Options
	mu      sync.Mutex
	shelves map[string]*shelf
	closed  bool
}

// New is a library. Nothing is opened before it is asked for.
func New(o Options) *Library {
	l := &Library{o: o, shelves: map[string]*shelf{}}
	for name, dir := range o.Collections {
		l.shelves[name] = &shelf{name: name, dir: dir, o: &l.o}
	}
	return l
}

// Names lists the collections.
func (l *Library) Names() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	names := make([]string, 0, len(l.shelves))
	for name := range l.shelves {
		names = append(names, name)
	}
	if entries, err := os.ReadDir(l.o.Root); l.o.Root != "" && err == nil {
		for _, e := range entries {
			if e.IsDir() && goodName(e.Name()) {
				names = append(names, e.Name())
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// goodName: letters, digits, "-" and "_", so that a name is a folder's and leads nowhere else.
func goodName(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_') {
			return false
		}
	}
	return true
}

// Read is the index of a collection, to be read until release is called. Errors:
// access.ErrNoCollection, and those of tamis.OpenReadOnly.
func (l *Library) Read(ctx context.Context, name string) (ix *tamis.Index, release func(), err error) {
	s, err := l.shelf(name, false)
	if err != nil {
		return nil, nil, err
	}
	return s.read(ctx)
}

// Write is the index of a collection, to be written until release is called; it is made
// where it is not there and may be. Errors: access.ErrNoCollection, tamis.ErrLocked while
// another process writes, and those of tamis.Open.
func (l *Library) Write(ctx context.Context, name string) (ix *tamis.Index, release func() error, err error) {
	s, err := l.shelf(name, true)
	if err != nil {
		return nil, nil, err
	}
	return s.write(ctx)
}

func (l *Library) shelf(name string, make bool) (*shelf, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, tamis.ErrClosed
	}
	if s, ok := l.shelves[name]; ok {
		return s, nil
	}
	if l.o.Root == "" || !goodName(name) {
		return nil, fmt.Errorf("%w: %q", access.ErrNoCollection, name)
	}
	dir := filepath.Join(l.o.Root, name)
	if info, err := os.Stat(dir); !make && (err != nil || !info.IsDir()) {
		return nil, fmt.Errorf("%w: %q", access.ErrNoCollection, name)
	}
	s := &shelf{name: name, dir: dir, o: &l.o}
	l.shelves[name] = s
	return s, nil
}

// ErrFixed: the collections of a library are given, none is made or removed.
var ErrFixed = errors.New("the collections of this server are fixed: start it with a folder for collections to make and remove them")

// Make makes an empty collection, and says whether it was not there. Errors: ErrFixed,
// access.ErrNoCollection for a name that none has, those of tamis.Open.
func (l *Library) Make(ctx context.Context, name string) (made bool, err error) {
	l.mu.Lock()
	given := l.o.Collections[name] != ""
	l.mu.Unlock()
	if !given && l.o.Root == "" {
		return false, ErrFixed
	}
	if _, release, err := l.Read(ctx, name); err == nil {
		release()
		return false, nil
	} else if !errors.Is(err, tamis.ErrNotFound) && !errors.Is(err, access.ErrNoCollection) {
		return false, err
	}
	_, release, err := l.Write(ctx, name)
	if err != nil {
		return false, err
	}
	return true, release()
}

// Remove removes a collection with all that it holds. Errors: ErrFixed for one that was
// given by its directory, access.ErrNoCollection, tamis.ErrLocked while somebody writes it.
func (l *Library) Remove(ctx context.Context, name string) error {
	if l.o.Collections[name] != "" {
		return ErrFixed
	}
	s, err := l.shelf(name, false)
	if err != nil {
		return err
	}
	closed, err := s.remove()
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- l.discard(s, closed) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done(): // it goes on, and nobody finds the collection meanwhile
		return ctx.Err()
	}
}

// discard deletes the files of a removed shelf once its writer is closed: a store whose folder
// goes away while it writes ends the process, and the lock is to be given back for one that
// is made under the name.
func (l *Library) discard(s *shelf, closed chan struct{}) error {
	<-closed
	gone := filepath.Join(filepath.Dir(s.dir), ".removed-"+rand.Text())
	err := os.Rename(s.dir, gone) // at once, so that no half of it is left under the name
	l.mu.Lock()
	if l.shelves[s.name] == s {
		delete(l.shelves, s.name)
	}
	l.mu.Unlock()
	if err != nil {
		return fmt.Errorf("remove %q: %w", s.name, err)
	}
	return os.RemoveAll(gone)
}

// Close closes all indexes, after those who use them are done.
func (l *Library) Close() error {
	l.mu.Lock()
	l.closed = true
	shelves := l.shelves
	l.shelves = map[string]*shelf{}
	l.mu.Unlock()
	var errs []error
	for _, s := range shelves {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

// shelf is one collection.
type shelf struct {
	name, dir string
	o         *Options

	mu      sync.Mutex // of what follows
	reader  *open      // the newest that was opened for reading; nil for none
	writer  *open
	writing int           // who uses the writer to write
	closing chan struct{} // closed when the lock of the last writer is given back; nil for none
	looked  time.Time     // when the head was looked at last
	head    headMark      // as it was when the reader was opened
	removed bool
}

// open is an index with those who use it, itself included while it is the shelf's.
type open struct {
	ix    *tamis.Index
	users sync.WaitGroup
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

func (s *shelf) use(o *open) (*tamis.Index, func(), error) {
	o.users.Add(1)
	return o.ix, sync.OnceFunc(o.users.Done), nil
}

func (s *shelf) read(ctx context.Context) (*tamis.Index, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removed {
		return nil, nil, fmt.Errorf("%w: %q", access.ErrNoCollection, s.name)
	}
	if s.writer != nil {
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

func (s *shelf) write(ctx context.Context) (*tamis.Index, func() error, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.writer == nil && s.closing != nil {
		closing := s.closing
		s.mu.Unlock()
		var err error
		select {
		case <-closing:
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
		s.retire(s.reader)
		s.reader = nil
	}
	s.writing++
	ix, done, err := s.use(s.writer)
	return ix, sync.OnceValue(func() error { done(); return s.wrote() }), err
}

// wrote is called by each who is done with writing.
func (s *shelf) wrote() error {
	s.mu.Lock()
	s.writing--
	w := s.writer
	if s.writing > 0 || s.o.Hold || w == nil {
		s.mu.Unlock()
		return nil
	}
	closing := make(chan struct{})
	s.writer, s.closing = nil, closing
	s.looked = time.Time{}
	s.mu.Unlock()
	w.users.Wait() // who reads it now
	err := w.ix.Close()
	s.mu.Lock()
	s.closing = nil
	s.mu.Unlock()
	close(closing)
	return err
}

// remove takes the collection from the shelf: who reads it goes on, nobody else comes. What
// it returns says when all is closed.
func (s *shelf) remove() (closed chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removed {
		return nil, fmt.Errorf("%w: %q", access.ErrNoCollection, s.name)
	}
	if s.writing > 0 || s.closing != nil {
		return nil, fmt.Errorf("remove %q: %w", s.name, tamis.ErrLocked)
	}
	if s.writer == nil { // another process may write it
		ix, err := tamis.Open(s.dir, tamis.Options{MustExist: true})
		if err == nil {
			err = ix.Close()
		}
		if errors.Is(err, tamis.ErrLocked) {
			return nil, err
		}
	}
	s.retire(s.reader)
	closed = s.retire(s.writer)
	s.reader, s.writer, s.removed = nil, nil, true
	return closed, nil
}

func (s *shelf) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, o := range []*open{s.reader, s.writer} {
		if o != nil {
			o.users.Wait()
			errs = append(errs, o.ix.Close())
		}
	}
	s.reader, s.writer = nil, nil
	return errors.Join(errs...)
}

// Package library holds the indexes that a process serves: collections, by their names.
//
// Who reads a collection that another process writes always finds what is durable there:
// the index is opened again, beside the one in use, when its head has changed (package
// store/head). Who writes takes the lock of the index, and keeps it for as long as Options
// say; where the disk failed it is given back at once, so that the next who writes opens the
// index anew and finds out whether the disk is well again. An index in a cluster is opened
// once, and what several processes do with it is the cluster's to order.
package library

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/server/access"
)

// Default is the name of a collection that is served alone.
const Default = "default"

const (
	// readyTime is how long what an index lacks is waited for when it is opened.
	readyTime = 3 * time.Second
)

// Options say how indexes are opened.
type Options struct {
	// Collections are the directories of indexes by name. Those that are not there are
	// made by the first who writes.
	Collections map[string]string
	// Elsewhere are collections that do not lie in a folder here, by name.
	Elsewhere map[string]Opener
	// Root is a folder where further collections lie, and new ones are made; "" for none.
	Root string
	// Hold is how long the lock of an index is kept after a write, so that writers come one
	// after another at no cost; other processes can write after that.
	Hold time.Duration
	// Index are the settings of indexes that are made.
	Index tamis.Options
	// Use, where not nil, is called with each index that was opened, before it is read.
	Use func(name string, ix engine.Index)
}

// shelf is one collection.
type shelf interface {
	read(ctx context.Context) (ix engine.Index, release func(), err error)
	write(ctx context.Context) (ix engine.Index, release func(error) error, err error)
	close() error
}

// Library is the indexes of a process. It is safe for concurrent use.
type Library struct {
	o       Options
	mu      sync.Mutex
	shelves map[string]shelf
	closed  bool
}

// New is a library. Nothing is opened before it is asked for.
func New(o Options) *Library {
	l := &Library{o: o, shelves: map[string]shelf{}}
	for name, dir := range o.Collections {
		l.shelves[name] = newFolder(name, dir, &l.o)
	}
	for name, open := range o.Elsewhere {
		l.shelves[name] = newShared(name, open, &l.o)
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
func (l *Library) Read(ctx context.Context, name string) (ix engine.Index, release func(), err error) {
	s, err := l.shelf(name, false)
	if err != nil {
		return nil, nil, err
	}
	return s.read(ctx)
}

// Write is the index of a collection, to be written until release is called, with the error
// of the writing, which it returns; it is made where it is not there and may be. Errors: access.ErrNoCollection, tamis.ErrLocked while
// another process writes, and those of tamis.Open.
func (l *Library) Write(ctx context.Context, name string) (ix engine.Index, release func(error) error, err error) {
	s, err := l.shelf(name, true)
	if err != nil {
		return nil, nil, err
	}
	return s.write(ctx)
}

func (l *Library) shelf(name string, make bool) (shelf, error) {
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
	s := newFolder(name, dir, &l.o)
	l.shelves[name] = s
	return s, nil
}

// ErrFixed: the collections of a library are given, none is made or removed.
var ErrFixed = errors.New("the collections of this server are fixed: start it with a folder for collections to make and remove them")

// Make makes an empty collection, and says whether it was not there. Errors: ErrFixed,
// access.ErrNoCollection for a name that none has, those of tamis.Open.
func (l *Library) Make(ctx context.Context, name string) (made bool, err error) {
	if !l.given(name) && l.o.Root == "" {
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
	return true, release(nil)
}

// given says that the options name a collection.
func (l *Library) given(name string) bool {
	return l.o.Collections[name] != "" || l.o.Elsewhere[name] != nil
}

// Remove removes a collection with all that it holds. Errors: ErrFixed for one that was
// given by its directory or address, access.ErrNoCollection, tamis.ErrLocked while somebody writes it.
func (l *Library) Remove(ctx context.Context, name string) error {
	if l.given(name) {
		return ErrFixed
	}
	found, err := l.shelf(name, false)
	if err != nil {
		return err
	}
	s := found.(*folder) // all that are not given are
	closed, err := s.remove(ctx)
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
func (l *Library) discard(s *folder, closed chan struct{}) error {
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
	l.shelves = map[string]shelf{}
	l.mu.Unlock()
	var errs []error
	for _, s := range shelves {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/server/access"
)

func add(t *testing.T, ix engine.Index, id, text string) {
	t.Helper()
	docs := func(yield func(tamis.Document, error) bool) { yield(tamis.Document{ID: id, Source: text}, nil) }
	if r, err := ix.Add(context.Background(), docs); err != nil || r.Added != 1 {
		t.Fatal(r, err)
	}
}

func documents(t *testing.T, l *Library, name string) int {
	t.Helper()
	ix, release, err := l.Read(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	s, err := ix.Stats()
	if err != nil {
		t.Fatal(err)
	}
	return s.Documents
}

// TestAnotherWrites: a reader finds what another process has made durable, while that one
// keeps the lock.
func TestAnotherWrites(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ix")
	writer, err := tamis.Open(dir, tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	l := New(Options{Collections: map[string]string{Default: dir}})
	defer l.Close()
	for i, id := range []string{"a", "b", "c"} {
		add(t, writer, id, "The kettle is on the table.")
		if n := documents(t, l, Default); n != i+1 {
			t.Fatalf("%d documents after %d were added", n, i+1)
		}
	}
	if _, _, err := l.Write(context.Background(), Default); !errors.Is(err, tamis.ErrLocked) {
		t.Errorf("writing beside a writer: %v", err)
	}
}

// TestLockIsGivenBack: without Hold another may write after a writer is done, and readers
// that hold the index meanwhile keep it.
func TestLockIsGivenBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ix")
	l := New(Options{Collections: map[string]string{Default: dir}})
	defer l.Close()
	if _, _, err := l.Read(context.Background(), Default); !errors.Is(err, tamis.ErrNotFound) {
		t.Errorf("reading what nobody wrote: %v", err)
	}
	ix, done, err := l.Write(context.Background(), Default)
	if err != nil {
		t.Fatal(err)
	}
	add(t, ix, "a", "The kettle is on the table.")
	if n := documents(t, l, Default); n != 1 {
		t.Errorf("%d documents while writing", n)
	}
	if err := done(nil); err != nil {
		t.Fatal(err)
	}
	other, err := tamis.Open(dir, tamis.Options{})
	if err != nil {
		t.Fatalf("the lock was kept: %v", err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if n := documents(t, l, Default); n != 1 {
		t.Errorf("%d documents after writing", n)
	}
}

// TestWriterRests: some time after the last write another process may write, although
// somebody still reads; what that one writes is found, and then it is written here again.
func TestWriterRests(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "ix")
	l := New(Options{Collections: map[string]string{Default: dir}, Hold: 20 * time.Millisecond})
	defer l.Close()
	elsewhere := func() (ix *tamis.Index) {
		t.Helper()
		var err error
		for range 500 {
			if ix, err = tamis.Open(dir, tamis.Options{}); !errors.Is(err, tamis.ErrLocked) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err != nil {
			t.Fatal(err)
		}
		return ix
	}
	found := func(n int) {
		t.Helper()
		for range 500 {
			if documents(t, l, Default) == n {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("%d documents, not %d", documents(t, l, Default), n)
	}
	ix, done, err := l.Write(ctx, Default)
	if err != nil {
		t.Fatal(err)
	}
	add(t, ix, "a", "The kettle is on the table.")
	held, release, err := l.Read(ctx, Default)
	if err != nil {
		t.Fatal(err)
	}
	if err := done(nil); err != nil {
		t.Fatal(err)
	}
	s := l.shelves[Default].(*folder)
	for resting := false; !resting; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		resting = s.resting
		s.mu.Unlock()
	}
	found(1) // by a reader beside it: who reads the writer now is the last
	if _, err := tamis.Open(dir, tamis.Options{}); !errors.Is(err, tamis.ErrLocked) {
		t.Errorf("the lock of what is read: %v", err)
	}
	if again, done, err := l.Write(ctx, Default); err != nil || again != held { // it wakes
		t.Errorf("writing while it rests: %v", err)
	} else if err := done(nil); err != nil {
		t.Error(err)
	}
	release()
	other := elsewhere()
	add(t, other, "b", "The spoon is in the drawer.")
	if _, _, err := l.Write(ctx, Default); !errors.Is(err, tamis.ErrLocked) {
		t.Errorf("writing beside a writer: %v", err)
	}
	found(2)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if ix, done, err = l.Write(ctx, Default); err != nil {
		t.Fatal(err)
	}
	add(t, ix, "c", "The cup is full.")
	found(3)
	if err := done(tamis.ErrFailed); !errors.Is(err, tamis.ErrFailed) { // the disk: it is opened anew
		t.Error(err)
	}
	again, done, err := l.Write(ctx, Default)
	if err != nil || again == ix {
		t.Errorf("a writer whose disk failed is lent: %v", err)
	}
	if err := done(nil); err != nil {
		t.Error(err)
	}
	found(3)
	if err := elsewhere().Close(); err != nil {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	l := New(Options{Root: t.TempDir()})
	defer l.Close()
	for _, bad := range []string{"", "..", "a/b", "../x", "a\x00b", "ünder"} {
		if _, _, err := l.Write(context.Background(), bad); !errors.Is(err, access.ErrNoCollection) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, _, err := l.Read(context.Background(), "notes"); !errors.Is(err, access.ErrNoCollection) {
		t.Errorf("a collection that nobody made: %v", err)
	}
	_, done, err := l.Write(context.Background(), "notes")
	if err != nil {
		t.Fatal(err)
	}
	if err := done(nil); err != nil {
		t.Fatal(err)
	}
	if names := l.Names(); !slices.Equal(names, []string{"notes"}) {
		t.Error(names)
	}
}

// TestManyAtOnce: readers and writers of one process, under the race detector.
func TestManyAtOnce(t *testing.T) {
	l := New(Options{Root: t.TempDir()})
	_, done, err := l.Write(context.Background(), "notes")
	if err != nil {
		t.Fatal(err)
	}
	if err := done(nil); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range 10 {
				if w < 2 {
					ix, done, err := l.Write(context.Background(), "notes")
					if err != nil {
						t.Error(err)
						return
					}
					add(t, ix, fmt.Sprint(w, i), "The kettle is on the table.")
					if err := done(nil); err != nil {
						t.Error(err)
					}
					continue
				}
				documents(t, l, "notes")
			}
		})
	}
	all.Wait()
	if n := documents(t, l, "notes"); n != 20 {
		t.Errorf("%d documents", n)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestMadeAndRemoved(t *testing.T) {
	ctx := context.Background()
	root := t.TempDir()
	l := New(Options{Root: root})
	defer l.Close()
	for i, want := range []bool{true, false} {
		if made, err := l.Make(ctx, "notes"); made != want || err != nil {
			t.Fatal(i, made, err)
		}
	}
	if _, err := l.Make(ctx, "../x"); !errors.Is(err, access.ErrNoCollection) {
		t.Error(err)
	}
	ix, done, err := l.Write(ctx, "notes")
	if err != nil {
		t.Fatal(err)
	}
	add(t, ix, "a", "The kettle is on the table.")
	if err := l.Remove(ctx, "notes"); !errors.Is(err, tamis.ErrLocked) {
		t.Errorf("removing what somebody writes: %v", err)
	}
	if err := done(nil); err != nil {
		t.Fatal(err)
	}
	held, release, err := l.Read(ctx, "notes")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Remove(ctx, "notes"); err != nil {
		t.Fatal(err)
	}
	if s, err := held.Stats(); err != nil || s.Documents != 1 {
		t.Errorf("who read it: %v %v", s, err)
	}
	release()
	if _, _, err := l.Read(ctx, "notes"); !errors.Is(err, access.ErrNoCollection) {
		t.Error(err)
	}
	if names := l.Names(); len(names) != 0 {
		t.Error(names)
	}
	if made, err := l.Make(ctx, "notes"); !made || err != nil {
		t.Fatal(made, err)
	}
	if n := documents(t, l, "notes"); n != 0 {
		t.Errorf("%d documents in a new collection", n)
	}
	fixed := New(Options{Collections: map[string]string{Default: filepath.Join(root, "x")}})
	defer fixed.Close()
	if err := fixed.Remove(ctx, Default); !errors.Is(err, ErrFixed) {
		t.Error(err)
	}
	if _, err := fixed.Make(ctx, "more"); !errors.Is(err, ErrFixed) {
		t.Error(err)
	}
}

// TestRemovedWhileRead: the files of a collection stay until what was open is closed, the
// writer too, which writes as it closes; who deleted it waits, and may give up waiting.
func TestRemovedWhileRead(t *testing.T) {
	ctx := context.Background()
	root := t.TempDir()
	l := New(Options{Root: root, Hold: time.Hour})
	defer l.Close()
	ix, release, err := l.Write(ctx, "notes")
	if err != nil {
		t.Fatal(err)
	}
	add(t, ix, "a", "The kettle is on the table.")
	if err := release(nil); err != nil {
		t.Fatal(err)
	}
	read, done, err := l.Read(ctx, "notes")
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	if err := l.Remove(short, "notes"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("removing what is read: %v", err)
	}
	if _, _, err := l.Read(ctx, "notes"); !errors.Is(err, access.ErrNoCollection) {
		t.Errorf("reading what is being removed: %v", err)
	}
	if hits, err := read.Search(ctx, tamis.Query{Text: "kettle", K: 1}); err != nil || len(hits.Hits) != 1 {
		t.Errorf("who reads goes on: %v, %v", hits, err)
	}
	done()
	for left, wait := 1, 0; left > 0; wait++ {
		entries, err := os.ReadDir(root)
		if err != nil {
			t.Fatal(err)
		}
		if left = len(entries); left > 0 && wait == 1000 {
			t.Fatalf("%v is left", entries)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

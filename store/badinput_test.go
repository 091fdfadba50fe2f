package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
)

// TestCopiedWhileOpen: a folder copied file by file while it was written either
// opens and is a state that was, or is one clear error. No panic, no wrong text.
func TestCopiedWhileOpen(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, filepath.Join(dir, "ix"), Options{Tuning: small})
	opened := 0
	for n := range 12 {
		to := filepath.Join(dir, fmt.Sprint("copy", n))
		stop, done := make(chan struct{}), make(chan error, 1)
		go func() {
			done <- func() error {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return nil
					default:
					}
					b, err := s.Begin()
					if err != nil {
						return err
					}
					text := strings.Repeat(vocabulary[i%len(vocabulary)]+" ", 2000)
					for j := range 3 {
						if _, err = b.Put(corpus.Document{ID: fmt.Sprint("d", j), Source: fmt.Sprint(n, "-", i, " ", text)}); err != nil {
							break
						}
					}
					if err == nil {
						err = b.Commit()
					}
					b.Discard()
					if err != nil {
						return err
					}
				}
			}()
		}()
		copyTree(t, filepath.Join(dir, "ix"), to)
		close(stop)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		c, err := Open(to, Options{})
		if err != nil {
			if !errors.Is(err, ErrCorrupt) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "backup") {
				t.Fatalf("copy %d: %v", n, err)
			}
			continue
		}
		opened++
		if err := c.Ready(context.Background()); err != nil {
			t.Fatal(err)
		}
		texts := map[string]bool{}
		for _, text := range contents(t, c) {
			commit, _, _ := strings.Cut(text, " ")
			texts[commit] = true
		}
		if len(texts) > 1 {
			t.Fatalf("copy %d shows parts of several commits: %v", n, texts)
		}
		closeStore(t, c)
	}
	t.Logf("%d of 12 copies opened", opened)
	closeStore(t, s)
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		r, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer r.Close()
		w, err := os.Create(target)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, r)
		return errors.Join(err, w.Close())
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDocumentTooLong: one that is too long is refused alone, by name.
func TestDocumentTooLong(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{})
	defer closeStore(t, s)
	commit(t, s, func(b *Batch) {
		var bad *DocumentError
		if _, err := b.Put(corpus.Document{ID: "long", Source: strings.Repeat("x", MaxDocumentBytes+1)}); !errors.As(err, &bad) || bad.ID != "long" {
			t.Fatalf("a document that is too long: %v", err)
		}
		put(t, b, corpus.Document{ID: "short", Source: "x"})
	})
	if got := contents(t, s); !maps.Equal(got, model{"short": "x"}) {
		t.Fatal(ids(got))
	}
}

// TestManyDeletes: more deletes in one batch than a step holds, most of them of
// what is not there.
func TestManyDeletes(t *testing.T) {
	s := openAt(t, t.TempDir(), Options{Tuning: Tuning{StepBytes: 64 << 10}})
	defer closeStore(t, s)
	commit(t, s, func(b *Batch) {
		for i := range 2000 {
			put(t, b, corpus.Document{ID: fmt.Sprint("d", i), Source: vocabulary[i%len(vocabulary)]})
		}
	})
	commit(t, s, func(b *Batch) {
		n := 0
		for i := range 20_000 {
			ok, err := b.Delete(fmt.Sprint("d", i))
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				n++
			}
		}
		if n != 2000 {
			t.Fatalf("%d deleted", n)
		}
	})
	if got := look(t, s); len(got.docs) != 0 || got.units != [2]int{} {
		t.Fatalf("left: %v", got)
	}
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	if st, err := s.Stats(); err != nil || st.Segments != 0 || st.Deleted != 0 {
		t.Fatalf("%+v, %v", st, err)
	}
}

// TestFlippedBits: a segment with a flipped bit anywhere, in each region of the
// file in turn, is built anew, and the answers are those from before.
func TestFlippedBits(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, Options{})
	fill(t, s, 40)
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	want := look(t, s)
	closeStore(t, s)
	files, err := filepath.Glob(filepath.Join(dir, "segments", "*.seg"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	const regions = 40
	for i := range regions {
		at := i * len(whole) / regions
		flipped := slices.Clone(whole)
		flipped[at] ^= 1 << (i % 8)
		if err := os.WriteFile(files[0], flipped, 0o644); err != nil {
			t.Fatal(err)
		}
		r := openAt(t, dir, Options{ReadOnly: true})
		ready(t, r)
		if got := look(t, r); !reflect.DeepEqual(got, want) {
			t.Fatalf("byte %d of %d: got %v\nwant %v", at, len(whole), got, want)
		}
		closeStore(t, r)
	}
	s = openAt(t, dir, Options{})
	ready(t, s)
	report, err := s.Check(context.Background(), false)
	if err != nil || len(report.Lost)+len(report.Derivable) > 0 || report.Documents != 40 {
		t.Fatalf("check: %+v, %v", report, err)
	}
	closeStore(t, s)
}

// TestTruncatedLog: with the end of its log cut off the index opens and shows a
// state that was, or says that it is damaged.
func TestTruncatedLog(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, filepath.Join(dir, "ix"), Options{})
	const commits = 20
	for n := range commits {
		commit(t, s, func(b *Batch) {
			for i := range 3 {
				put(t, b, corpus.Document{ID: fmt.Sprint("d", i), Source: fmt.Sprint(n, " ", strings.Repeat(vocabulary[n]+" ", 500))})
			}
		})
	}
	copyTree(t, filepath.Join(dir, "ix"), filepath.Join(dir, "copy"))
	closeStore(t, s)
	logs, err := filepath.Glob(filepath.Join(dir, "copy", "db", "*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatal(logs, err)
	}
	log := logs[len(logs)-1]
	info, err := os.Stat(log)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for i := range 20 {
		if err := os.Truncate(log, info.Size()*int64(20-i)/20); err != nil {
			t.Fatal(err)
		}
		r, err := Open(filepath.Join(dir, "copy"), Options{ReadOnly: true})
		if err != nil {
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNotFound) {
				t.Fatal(err)
			}
			continue
		}
		ready(t, r)
		texts := map[string]bool{}
		for _, text := range contents(t, r) {
			n, _, _ := strings.Cut(text, " ")
			texts[n] = true
			shown[n] = true
		}
		if len(texts) > 1 {
			t.Fatalf("parts of several commits: %v", texts)
		}
		closeStore(t, r)
	}
	if len(shown) < 5 {
		t.Fatalf("only the commits %v were shown", shown)
	}
}

// TestLongGivenUp: a long document whose batch is to end, and one that needs too
// much memory, are given up in the middle; what was put before and after is there.
func TestLongGivenUp(t *testing.T) {
	var long strings.Builder
	for i := 0; long.Len() <= aloneBytes; i++ {
		fmt.Fprintf(&long, "%x, %x. ", i*0x9e3779b1, i)
	}
	s := openAt(t, t.TempDir(), Options{Tuning: Tuning{Memory: 24 << 20}})
	defer closeStore(t, s)
	commit(t, s, func(b *Batch) {
		put(t, b, corpus.Document{ID: "before", Source: "x"})
		var bad *DocumentError
		if _, err := b.Put(corpus.Document{ID: "long", Source: long.String()}); !errors.As(err, &bad) || bad.ID != "long" || !strings.Contains(err.Error(), "24 MiB") || !strings.Contains(err.Error(), "--memory") {
			t.Fatalf("a document that needs too much memory: %v", err)
		}
		put(t, b, corpus.Document{ID: "between", Source: "y"})
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		b.Until(ended)
		if _, err := b.Put(corpus.Document{ID: "long", Source: long.String()}); !errors.Is(err, context.Canceled) {
			t.Fatalf("the batch was to end: %v", err)
		}
		put(t, b, corpus.Document{ID: "after", Source: "z"})
	})
	if got := contents(t, s); !maps.Equal(got, model{"before": "x", "between": "y", "after": "z"}) {
		t.Fatal(ids(got))
	}
}

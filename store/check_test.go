package store

import (
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/tamis-search/tamis/corpus"
)

// TestCheckBesideAWriter: an index that is written all the time is whole in
// every check, of a reader and of the writer itself.
func TestCheckBesideAWriter(t *testing.T) {
	checks := 40
	if os.Getenv("TAMIS_HEAVY") == "full" {
		checks = 600
	}
	for name, fs := range map[string]vfs.FS{"memory": vfs.NewMem(), "disk": vfs.Default} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openAt(t, dir, Options{FS: fs, Tuning: small})
			stop, done := make(chan struct{}), make(chan error, 1)
			first := make(chan struct{})
			go func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						done <- nil
						return
					default:
					}
					step := model{fmt.Sprint("d", n%50): strings.Repeat(vocabulary[n%len(vocabulary)]+" ", n%900) + fmt.Sprint(n), fmt.Sprint("d", (n*7)%50): ""}
					if err := commitStep(s, step); err != nil {
						done <- err
						return
					}
					if n == 20 {
						close(first)
					}
				}
			}()
			<-first
			for i := range checks {
				reader := s
				if i%3 != 0 {
					reader = openAt(t, dir, Options{FS: fs, ReadOnly: true})
					time.Sleep(time.Duration(i%5) * time.Millisecond) // the writer merges
				}
				r, err := reader.Check(context.Background(), false)
				if err != nil || len(r.Lost)+len(r.Derivable) > 0 {
					t.Fatalf("check %d: %+v, %v", i, r, err)
				}
				if reader != s {
					closeStore(t, reader)
				}
			}
			close(stop)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			closeStore(t, s)
		})
	}
}

// TestCheckFindsAMissingFile: a file that is gone and that the index still names
// is damage, for a reader too.
func TestCheckFindsAMissingFile(t *testing.T) {
	fs := vfs.NewMem()
	s := openAt(t, "ix", Options{FS: fs, Tuning: Tuning{Inline: true, SealBytes: 1}})
	fill(t, s, 9)
	closeStore(t, s)
	r := openAt(t, "ix", Options{FS: fs, ReadOnly: true})
	ready(t, r)
	names, err := fs.List("ix/segments")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	if err := fs.Remove("ix/segments/" + names[0]); err != nil {
		t.Fatal(err)
	}
	if report, err := r.Check(context.Background(), false); err != nil || len(report.Derivable) != 1 {
		t.Fatalf("check: %+v, %v", report, err)
	}
	closeStore(t, r)
}

// TestCheckOddMetadata: what JSON cannot hold as it is makes no document lost.
func TestCheckOddMetadata(t *testing.T) {
	fs := vfs.NewMem()
	s := openAt(t, "ix", Options{FS: fs})
	odd := map[string]any{
		"big": int64(1<<53 + 1), "huge": uint64(math.MaxUint64), "small": int64(math.MinInt64), "float": 1e300, "text": "a\xffb", "key\xfe": "x",
		"list": []string{"\xf0\x28", "ok"}, "any": []any{int64(1<<60 + 1), "x"}, "html": "<&>\u2028", "time": time.Unix(1, 2).UTC(), "f32": float32(0.1),
	}
	commit(t, s, func(b *Batch) {
		for i, path := range []string{"", "/a/b\xff.jsonl", "/ü<&>"} {
			put(t, b, corpus.Document{ID: fmt.Sprint("d", i), Path: path, Title: "<T>", Source: "text", Metadata: odd})
		}
	})
	for range 2 {
		r, err := s.Check(context.Background(), false)
		if err != nil || len(r.Lost)+len(r.Derivable) > 0 || r.Documents != 3 {
			t.Fatalf("check: %+v, %v", r, err)
		}
		closeStore(t, s)
		s = openAt(t, "ix", Options{FS: fs})
	}
	// The same document again is no change.
	commit(t, s, func(b *Batch) {
		if o := put(t, b, corpus.Document{ID: "d0", Title: "<T>", Source: "text", Metadata: odd}); o != Unchanged {
			t.Fatalf("outcome %v", o)
		}
	})
	closeStore(t, s)
}

// TestClosed: whatever is asked of a store that was closed says so.
func TestClosed(t *testing.T) {
	s := openAt(t, "ix", Options{FS: vfs.NewMem()})
	fill(t, s, 3)
	closeStore(t, s)
	for name, f := range map[string]func() error{
		"Compact":  func() error { return s.Compact(context.Background()) },
		"Check":    func() error { _, err := s.Check(context.Background(), true); return err },
		"Begin":    func() error { _, err := s.Begin(); return err },
		"Snapshot": func() error { _, err := s.Snapshot(); return err },
		"Stats":    func() error { _, err := s.Stats(); return err },
		"Ready":    func() error { return s.Ready(context.Background()) },
		"FileInfo": func() error { _, _, err := s.FileInfo("/x"); return err },
		"Files":    func() error { _, err := s.Files("/x"); return err },
	} {
		if err := f(); err != ErrClosed {
			t.Errorf("%s of a closed store: %v", name, err)
		}
	}
	closeStore(t, s)
}

// TestDurableCounts: where the disk fails under a batch of several steps, what it
// says it made durable is what is there.
func TestDurableCounts(t *testing.T) {
	tuning := Tuning{StepBytes: 4 << 10, MemTable: 64 << 10, Inline: true}
	partly := 0
	for n := int64(1); n < 60; n += 3 {
		base := vfs.NewMem()
		f := &faults{sticky: true, err: errorfs.ErrInjected}
		s := openAt(t, "ix", Options{FS: errorfs.Wrap(base, f), Tuning: tuning})
		commit(t, s, func(b *Batch) {
			for i := range 30 {
				put(t, b, document(fmt.Sprint("d", i), strings.Repeat("text ", 200)))
			}
		})
		f.at.Store(f.seen.Load() + n)
		b, err := s.Begin()
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; err == nil && i < 20; i++ {
			_, err = b.Delete(fmt.Sprint("d", i))
		}
		for i := 40; err == nil && i < 50; i++ {
			_, err = b.Put(document(fmt.Sprint("d", i), "new"))
		}
		if err == nil {
			err = b.Flush()
		}
		counts := b.Durable()
		b.Discard()
		_ = s.Close()
		s = openAt(t, "ix", Options{FS: base, Tuning: tuning})
		there := len(contents(t, s))
		closeStore(t, s)
		// The commit that failed may be there all the same, whole.
		if want := 30 - counts.Removed + counts.Added; err == nil && (want != 20 || there != want) || there != want && want-there > 10 {
			t.Fatalf("write %d: %v; counted %+v, %d documents are there", n, err, counts, there)
		}
		if err != nil && counts.Removed > 0 && counts.Removed < 20 {
			partly++
		}
	}
	if partly == 0 {
		t.Error("no batch failed half-way")
	}
}

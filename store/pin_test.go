package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/corpus"
)

// small makes memtables, steps and segments small, so that everything moves
// all the time.
var small = Tuning{MemTable: 64 << 10, SealBytes: 8 << 10, SealAfter: 1, MergeFactor: 2}

// TestReadersBesideAWriter: an index that is written can be opened for
// reading without a lock, again and again; each reader sees one commit, none
// older than the last one acknowledged before it opened, and keeps seeing it.
func TestReadersBesideAWriter(t *testing.T) {
	for name, fs := range map[string]vfs.FS{"memory": vfs.NewMem(), "disk": vfs.Default} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "ix")
			s := openAt(t, dir, Options{FS: fs, Tuning: small})
			const commits = 150
			var acked atomic.Int64
			done := make(chan error, 1)
			go func() {
				r := rand.New(rand.NewPCG(1, 2))
				done <- func() error {
					for n := range int64(commits) {
						b, err := s.Begin()
						if err != nil {
							return err
						}
						// Every document says which commit it is of.
						for i := range 3 {
							filler := strings.Repeat(vocabulary[r.IntN(len(vocabulary))]+" ", r.IntN(3000))
							if _, err := b.Put(corpus.Document{ID: fmt.Sprint("d", i), Source: fmt.Sprint(n, " ", filler)}); err != nil {
								b.Discard()
								return err
							}
						}
						if err := b.Commit(); err != nil {
							return err
						}
						acked.Store(n + 1)
					}
					return nil
				}()
			}()
			for acked.Load() == 0 {
			}
			opened := 0
			for running := true; running; {
				select {
				case err := <-done:
					if err != nil {
						t.Fatal(err)
					}
					running = false
				default:
				}
				least := acked.Load()
				reader := openAt(t, dir, Options{FS: fs, ReadOnly: true})
				ready(t, reader)
				first := sameCommit(t, reader, least)
				if _, err := reader.Begin(); !errors.Is(err, ErrReadOnly) {
					t.Fatalf("writing to a reader: %v", err)
				}
				if second := sameCommit(t, reader, least); second != first {
					t.Fatalf("a reader saw commit %d, then %d", first, second)
				}
				closeStore(t, reader)
				opened++
			}
			t.Logf("%d readers beside %d commits", opened, commits)
			closeStore(t, s)
		})
	}
}

// sameCommit says which commit a store shows and checks that it shows nothing
// else, and no older one than least.
func sameCommit(t *testing.T, s *Store, least int64) int64 {
	t.Helper()
	got := contents(t, s)
	if len(got) != 3 {
		t.Fatalf("%d documents: %v", len(got), ids(got))
	}
	var commit int64 = -1
	for id, text := range got {
		var n int64
		if _, err := fmt.Sscan(text, &n); err != nil {
			t.Fatal(err)
		}
		if n++; commit >= 0 && n != commit || n < least {
			t.Fatalf("%s is of commit %d, others of %d; acknowledged were %d", id, n, commit, least)
		}
		commit = n
	}
	return commit
}

// TestReadOnlyChangesNothing: a reader works in a folder that it may not
// write, also where segments are missing, and leaves every byte as it was.
func TestReadOnlyChangesNothing(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, Options{})
	fill(t, s, 9)
	want := look(t, s)
	closeStore(t, s)
	files, err := filepath.Glob(filepath.Join(dir, "segments", "*.seg"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	s = openAt(t, dir, Options{ReadOnly: true})
	ready(t, s)
	if got := look(t, s); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v\nwant %v", got, want)
	}
	if err := s.Compact(context.Background()); !errors.Is(err, ErrReadOnly) {
		t.Fatalf("compacting: %v", err)
	}
	closeStore(t, s)
	if after := tree(t, dir); !maps.Equal(before, after) {
		t.Fatalf("before %v\nafter %v", before, after)
	}
}

// tree is every file below a folder with its bytes.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestBackup: copies made while a writer goes on are whole, durable, and hold
// everything acknowledged before; they can be opened, written and copied back.
func TestBackup(t *testing.T) {
	fs := vfs.NewMem()
	s := openAt(t, "ix", Options{FS: fs, Tuning: small})
	stop := make(chan struct{})
	done := make(chan error, 1)
	acked := model{}
	if _, err := workload(s, 3, 20, acked, nil); err != nil {
		t.Fatal(err)
	}
	go func() {
		for seed := uint64(0); ; seed++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			// Others than those that the test looks at.
			b, err := s.Begin()
			if err == nil {
				_, err = b.Put(document("other", strings.Repeat("x ", int(seed%5000))))
				if err == nil {
					err = b.Commit()
				}
				b.Discard()
			}
			if err != nil {
				done <- err
				return
			}
		}
	}()
	for n := range 5 {
		to := vfs.NewCrashableMem()
		target := fmt.Sprint("backups/", n)
		if err := Backup(context.Background(), fs, "ix", to, target); err != nil {
			t.Fatal(err)
		}
		if err := Backup(context.Background(), fs, "ix", to, target); err == nil {
			t.Fatal("a backup replaced another")
		}
		crashed := to.CrashClone(vfs.CrashCloneCfg{})
		restored := vfs.NewMem()
		if err := Backup(context.Background(), crashed, target, restored, "ix"); err != nil {
			t.Fatal(err)
		}
		r := openAt(t, "ix", Options{FS: restored})
		ready(t, r)
		got := contents(t, r)
		delete(got, "other")
		if !maps.Equal(got, acked) {
			t.Fatalf("backup %d holds %v, want %v", n, ids(got), ids(acked))
		}
		if report, err := r.Check(context.Background(), false); err != nil || len(report.Lost)+len(report.Derivable) > 0 {
			t.Fatalf("check: %+v, %v", report, err)
		}
		if _, err := workload(r, 4, 2, got, nil); err != nil {
			t.Fatal(err)
		}
		closeStore(t, r)
	}
	close(stop)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
}

package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/store/head"
)

// copyFS is a copy of the files below "ix", as they are.
func copyFS(t *testing.T, from vfs.FS) *vfs.MemFS {
	t.Helper()
	to := vfs.NewMem()
	if ok, err := vfs.Clone(from, to, "ix", "ix"); err != nil || !ok {
		t.Fatal(ok, err)
	}
	return to
}

// filesOf is every file below "ix" with its bytes, but the lock.
func filesOf(t *testing.T, fs vfs.FS) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, dir := range []string{"ix", "ix/db", "ix/segments"} {
		names, err := fs.List(dir)
		if err != nil {
			continue
		}
		for _, name := range names {
			path := fs.PathJoin(dir, name)
			info, err := fs.Stat(path)
			if err != nil || info.IsDir() || name == "LOCK" {
				continue
			}
			f, err := fs.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(f)
			if err = errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
			files[path] = string(b)
		}
	}
	return files
}

// TestNothingIsMadeOverSomething: where the database, its marker or the head is
// gone, no writer opens the index, none makes a new one, and nothing is changed.
func TestNothingIsMadeOverSomething(t *testing.T) {
	fs := vfs.NewMem()
	s := openAt(t, "ix", Options{FS: fs})
	fill(t, s, 9)
	closeStore(t, s)
	gone := map[string]func(fs vfs.FS, path string) bool{
		"the marker":   func(_ vfs.FS, path string) bool { return strings.Contains(path, "marker.manifest") },
		"the database": func(_ vfs.FS, path string) bool { return strings.HasPrefix(path, "ix/db/") },
		"the head":     func(_ vfs.FS, path string) bool { return path == "ix/head" },
		"head and marker": func(_ vfs.FS, path string) bool {
			return path == "ix/head" || strings.Contains(path, "marker.manifest")
		},
		"head and database": func(_ vfs.FS, path string) bool { return path == "ix/head" || strings.HasPrefix(path, "ix/db/") },
	}
	for what, lost := range gone {
		damaged := copyFS(t, fs)
		for path := range filesOf(t, fs) {
			if lost(damaged, path) {
				if err := damaged.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
		}
		before := filesOf(t, damaged)
		for _, o := range []Options{{FS: damaged}, {FS: damaged, MustExist: true}} {
			if s, err := Open("ix", o); !errors.Is(err, ErrCorrupt) || strings.Contains(err.Error(), "\n") {
				t.Errorf("without %s: %v, %v", what, s, err)
			}
		}
		if after := filesOf(t, damaged); !maps.Equal(before, after) {
			t.Errorf("without %s: refused, but something was changed", what)
		}
		r, err := Open("ix", Options{FS: damaged, ReadOnly: true})
		if what != "the head" {
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("without %s, for reading: %v", what, err)
			}
			continue
		}
		if err != nil || len(r.Damage()) != 1 {
			t.Fatalf("without %s, for reading: %v", what, err)
		}
		ready(t, r)
		if got := contents(t, r); len(got) != 9 {
			t.Errorf("without %s, for reading: %v", what, ids(got))
		}
		closeStore(t, r)
	}
}

// TestLossIsAccepted: where the end of a log is gone, readers see what is left
// and are told, writers are refused until the loss is accepted; from then on the
// index is whole. A backup is as damaged as what it was made of.
func TestLossIsAccepted(t *testing.T) {
	fs := vfs.NewMem()
	s := openAt(t, "ix", Options{FS: fs, Tuning: Tuning{SealAfter: 1 << 40}})
	for i := range 5 {
		commit(t, s, func(b *Batch) { put(t, b, corpus.Document{ID: fmt.Sprint("d", i), Source: "text"}) })
	}
	damaged := copyFS(t, fs) // as a kill would leave it
	closeStore(t, s)
	names, err := damaged.List("ix/db")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".log") {
			// The last commit loses its last byte.
			all := filesOf(t, damaged)["ix/db/"+name]
			f, err := damaged.Create("ix/db/"+name, vfs.WriteCategoryUnspecified)
			if err == nil {
				_, err = f.Write([]byte(all[:len(all)-1]))
			}
			if err = errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
		}
	}
	lacks := func(fs vfs.FS) {
		t.Helper()
		r := openAt(t, "ix", Options{FS: fs, ReadOnly: true})
		ready(t, r)
		if got := contents(t, r); len(got) != 4 {
			t.Errorf("readers see %v", ids(got))
		}
		if d := strings.Join(r.Damage(), "\n"); !strings.Contains(d, "the last 1 of 5 commits are missing: 4 documents are there of 5") {
			t.Errorf("damage: %q", d)
		}
		if report, err := r.Check(context.Background(), false); err != nil || len(report.Lost) == 0 {
			t.Errorf("check: %+v, %v", report, err)
		}
		closeStore(t, r)
		if _, err := Open("ix", Options{FS: fs}); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "last 1 of 5 commits") {
			t.Errorf("for writing: %v", err)
		}
	}
	lacks(damaged)
	copied := vfs.NewMem()
	if err := Backup(context.Background(), damaged, "ix", copied, "ix"); err != nil {
		t.Fatal(err)
	}
	lacks(copied)
	s = openAt(t, "ix", Options{FS: damaged, AcceptLoss: true})
	if len(s.Damage()) == 0 {
		t.Error("what was given up is not named")
	}
	if report, err := s.Check(context.Background(), true); err != nil || len(report.Lost) == 0 {
		t.Errorf("check: %+v, %v", report, err)
	}
	closeStore(t, s)
	s = openAt(t, "ix", Options{FS: damaged})
	if report, err := s.Check(context.Background(), false); err != nil || len(report.Lost)+len(report.Derivable) > 0 || report.Documents != 4 {
		t.Errorf("check: %+v, %v", report, err)
	}
	commit(t, s, func(b *Batch) { put(t, b, corpus.Document{ID: "d9", Source: "text"}) })
	closeStore(t, s)
	s = openAt(t, "ix", Options{FS: damaged, ReadOnly: true})
	ready(t, s)
	if got := contents(t, s); len(got) != 5 || len(s.Damage()) > 0 {
		t.Errorf("after going on: %v, %q", ids(got), s.Damage())
	}
	closeStore(t, s)
}

// TestHeadFollows: the head says what the last commit left, and that of a copy
// is the original's.
func TestHeadFollows(t *testing.T) {
	fs := vfs.NewMem()
	s := openAt(t, "ix", Options{FS: fs, Tuning: small})
	acked := model{}
	for range 30 {
		if _, err := workload(s, uint64(len(acked)), 1, acked, nil); err != nil {
			t.Fatal(err)
		}
		if h, whole, err := head.Read(fs, "ix"); err != nil || !whole || h.Documents != uint64(len(acked)) {
			t.Fatalf("%d documents, the head says %+v, %v", len(acked), h, err)
		}
	}
	copied := vfs.NewMem()
	if err := Backup(context.Background(), fs, "ix", copied, "ix"); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	h, whole, err := head.Read(copied, "ix")
	if err != nil || !whole || h.Commit == 0 || h.Manifest.Number == 0 {
		t.Fatalf("the head of a copy: %+v, %v", h, err)
	}
	s = openAt(t, "ix", Options{FS: copied})
	if got := contents(t, s); !maps.Equal(got, acked) {
		t.Fatalf("a copy holds %v, want %v", ids(got), ids(acked))
	}
	closeStore(t, s)
}

package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/tamis-search/tamis/corpus"
)

// faults fails writes of a file system: the at-th one, and all after it where
// sticky.
type faults struct {
	at, seen atomic.Int64
	sticky   bool
	err      error
	hit      atomic.Bool
	path     atomic.Pointer[string]
	onHit    func()
	once     sync.Once
}

func (f *faults) String() string { return "faults" }

func (f *faults) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() == errorfs.OpIsRead || op.Kind == errorfs.OpLock {
		return nil
	}
	n, at := f.seen.Add(1), f.at.Load()
	if at == 0 || n < at || n > at && !f.sticky {
		return nil
	}
	f.once.Do(func() {
		f.path.Store(&op.Path)
		f.hit.Store(true)
		if f.onHit != nil {
			f.onHit()
		}
	})
	return f.err
}

// model is what is stored: sources by id.
type model map[string]string

// progress is what a workload has acknowledged and what it is committing.
type progress struct{ acked, trying model }

// workload runs commits until one fails or all are done. It returns what was
// acknowledged and, where a commit failed, what is stored if it got through.
func workload(s *Store, seed uint64, commits int, acked model, at *atomic.Pointer[progress]) (failed model, err error) {
	r := rand.New(rand.NewPCG(seed, 7))
	for range commits {
		next := maps.Clone(acked)
		b, err := s.Begin()
		if err != nil {
			return nil, err
		}
		// Each id once: a batch that changes a document twice commits in between.
		for _, n := range r.Perm(12)[:1+r.IntN(4)] {
			id := fmt.Sprint("doc", n)
			if r.IntN(4) == 0 {
				_, err = b.Delete(id)
				delete(next, id)
			} else {
				source := strings.Repeat(vocabulary[r.IntN(len(vocabulary))]+" ", 1+r.IntN(1000)) + fmt.Sprint(r.IntN(1000))
				_, err = b.Put(corpus.Document{ID: id, Path: "/f/" + id, Title: "T", Source: source, Vectors: vectorsFor(source)})
				next[id] = source
			}
			if err != nil {
				break
			}
		}
		if at != nil {
			at.Store(&progress{maps.Clone(acked), next})
		}
		if err == nil {
			err = b.Commit()
		}
		b.Discard()
		if err != nil {
			return next, err
		}
		clear(acked)
		maps.Copy(acked, next)
	}
	return nil, nil
}

func contents(t *testing.T, s *Store) model {
	t.Helper()
	v, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer v.Release()
	m := model{}
	var order []string
	for _, line := range look(t, s).docs {
		id, text, _ := strings.Cut(line, ": ")
		m[id] = text
		order = append(order, id)
		h, err := v.HeaderByID(id)
		if err != nil {
			t.Fatal(err)
		}
		if text2, err := v.Text(h, 0, h.Size); err != nil || text2 != text {
			t.Fatalf("%s by its id: %v", id, err)
		}
	}
	vectorsHold(t, s, v, order, m)
	return m
}

// holds opens a file system without faults: what was acknowledged is there, the
// commit that failed is there whole or not at all, nothing else is, and the
// store can be written again.
func holds(t *testing.T, fs vfs.FS, what string, acked, failed model) {
	t.Helper()
	before := readAfterCut(t, fs, what)
	s, err := Open("ix", Options{FS: fs, Tuning: Tuning{MemTable: 64 << 10, Inline: true}})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	got := contents(t, s)
	if !maps.Equal(before, got) {
		t.Fatalf("%s: a reader saw %v, the next writer %v", what, ids(before), ids(got))
	}
	if !maps.Equal(got, acked) && (failed == nil || !maps.Equal(got, failed)) {
		t.Fatalf("%s: stored %v\nacknowledged %v\nor %v", what, ids(got), ids(acked), ids(failed))
	}
	r, err := s.Check(context.Background(), false)
	if err != nil || len(r.Lost)+len(r.Derivable) > 0 || r.Documents != len(got) {
		t.Fatalf("%s: check: %+v, %v", what, r, err)
	}
	after := maps.Clone(got)
	if _, err := workload(s, 99, 3, after, nil); err != nil {
		t.Fatalf("%s: writing again: %v", what, err)
	}
	if got := contents(t, s); !maps.Equal(got, after) {
		t.Fatalf("%s: after writing again: stored %v, want %v", what, ids(got), ids(after))
	}
	closeStore(t, s)
}

func ids(m model) []string {
	var out []string
	for id, text := range m {
		out = append(out, fmt.Sprintf("%s:%d", id, len(text)))
	}
	slices.Sort(out)
	return out
}

// within fails a test that hangs.
func within(t *testing.T, d time.Duration, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(d):
		panic(what + " hangs")
	}
}

// TestEveryWriteMayFail lets every write of a workload fail in turn, alone and
// with all that follow, and opens what is left: as it is and as it would be
// had the power gone as well.
func TestEveryWriteMayFail(t *testing.T) {
	// Thirty commits, so that segments merge and Pebble flushes and compacts.
	const commits = 30
	seeds, steps := uint64(1), int64(25)
	if os.Getenv("TAMIS_HEAVY") == "full" {
		seeds, steps = 4, 1<<30
	}
	for seed := range seeds {
		everyWrite(t, seed, commits, steps)
	}
}

func everyWrite(t *testing.T, seed uint64, commits int, steps int64) {
	count := &faults{err: errorfs.ErrInjected}
	s := openAt(t, "ix", Options{FS: errorfs.Wrap(vfs.NewMem(), count), Tuning: Tuning{MemTable: 64 << 10, Inline: true}})
	if _, err := workload(s, seed, commits, model{}, nil); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	total := count.seen.Load()
	step := max(1, total/steps)
	files := map[string]int{}
	reported := 0
	for n := int64(1); n <= total; n += step {
		for _, sticky := range []bool{false, true} {
			what := fmt.Sprintf("seed %d, write %d of %d, sticky %v", seed, n, total, sticky)
			base := vfs.NewCrashableMem()
			f := &faults{sticky: sticky, err: errorfs.ErrInjected}
			var crashed *vfs.MemFS
			var at atomic.Pointer[progress]
			at.Store(&progress{model{}, model{}})
			var then *progress
			f.onHit = func() {
				then = at.Load()
				crashed = base.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(uint64(n), 3))})
			}
			f.at.Store(n)
			acked := model{}
			var failed model
			within(t, time.Minute, what, func() {
				s, err := Open("ix", Options{FS: errorfs.Wrap(base, f), Tuning: Tuning{MemTable: 64 << 10, Inline: true}})
				if err != nil {
					reported++
					return
				}
				failed, err = workload(s, seed, commits, acked, &at)
				if err != nil {
					reported++
					if strings.Count(err.Error(), "\n") > 0 {
						t.Errorf("%s: more than one line: %v", what, err)
					}
					// Readers see what was committed; where only this commit
					// failed, writers go on.
					if got := contents(t, s); !maps.Equal(got, acked) && !maps.Equal(got, failed) {
						t.Fatalf("%s: after %v readers see %v, acknowledged %v", what, err, ids(got), ids(acked))
					} else if more := maps.Clone(got); !sticky {
						if _, err2 := workload(s, 5, 2, more, nil); err2 == nil {
							acked, failed = more, nil
						} else if !errors.Is(err2, ErrFailed) {
							t.Fatalf("%s: after %v: %v", what, err, err2)
						}
					}
				}
				// Files that cannot be closed are no loss.
				_ = s.Close()
			})
			if f.hit.Load() {
				files[(*f.path.Load())[max(0, len(*f.path.Load())-4):]]++
			}
			f.at.Store(0)
			holds(t, base, what, acked, failed)
			if crashed != nil {
				holds(t, crashed, what+", crashed", then.acked, then.trying)
			}
		}
	}
	t.Logf("%d writes, %d errors reported; faults by file: %v", total, reported, files)
}

// fullDisk has room for so many bytes.
type fullDisk struct {
	vfs.FS
	free *atomic.Int64
}

type fullFile struct {
	vfs.File
	free *atomic.Int64
}

var errFull = &os.PathError{Op: "write", Path: "disk", Err: syscall.ENOSPC}

func (d fullDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if d.free.Add(-256) < 0 {
		return nil, errFull
	}
	f, err := d.FS.Create(name, c)
	return fullFile{f, d.free}, err
}

func (d fullDisk) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.ReuseForWrite(oldname, newname, c)
	return fullFile{f, d.free}, err
}

func (d fullDisk) Unwrap() vfs.FS { return d.FS }

// Write writes what fits, as a disk does.
func (f fullFile) Write(p []byte) (int, error) {
	left := f.free.Add(-int64(len(p)))
	if left >= 0 {
		return f.File.Write(p)
	}
	n, err := f.File.Write(p[:max(0, int64(len(p))+left)])
	return n, errors.Join(err, errFull)
}

func TestFullDisk(t *testing.T) {
	for _, room := range []int64{0, 300, 1000, 5 << 10, 20 << 10, 50 << 10, 100 << 10, 200 << 10, 400 << 10, 700 << 10} {
		what := fmt.Sprintf("%d bytes", room)
		base := vfs.NewMem()
		var free atomic.Int64
		free.Store(room)
		acked := model{}
		var failed model
		within(t, time.Minute, what, func() {
			s, err := Open("ix", Options{FS: fullDisk{base, &free}, Tuning: Tuning{MemTable: 64 << 10, Inline: true}})
			if err == nil {
				failed, err = workload(s, 2, 400, acked, nil)
				if got := contents(t, s); !maps.Equal(got, acked) && !maps.Equal(got, failed) {
					t.Fatalf("%s: readers see %v, acknowledged %v", what, ids(got), ids(acked))
				}
				closeStore(t, s)
			}
			if !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%s: %v", what, err)
			}
			// The disk is still full: what is there can be read.
			free.Store(0)
			if s, err = Open("ix", Options{FS: fullDisk{base, &free}, Tuning: Tuning{MemTable: 64 << 10, Inline: true}, MustExist: true}); err == nil {
				if got := contents(t, s); !maps.Equal(got, acked) && !maps.Equal(got, failed) {
					t.Fatalf("%s: on the full disk readers see %v, acknowledged %v", what, ids(got), ids(acked))
				}
				if _, err := s.Begin(); !errors.Is(err, ErrFailed) || !errors.Is(err, syscall.ENOSPC) {
					t.Fatalf("%s: writing to the full disk: %v", what, err)
				}
				closeStore(t, s)
			} else if len(acked) > 0 {
				t.Fatalf("%s: reading on the full disk: %v", what, err)
			}
		})
		holds(t, base, what, acked, failed)
	}
}

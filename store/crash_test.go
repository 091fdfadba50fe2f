package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/tamis-search/tamis/corpus"
)

// history is what a workload stored, state by state, ending with what the
// commit under way will leave.
type history struct {
	steps  bool // a commit may have several steps: each state is worth keeping
	mu     sync.Mutex
	states []model
	acked  int // states[:acked] were acknowledged
}

func (h *history) trying(m model) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.steps {
		h.states = h.states[:h.acked]
	}
	h.states = append(h.states, maps.Clone(m))
}

func (h *history) ack() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.acked = len(h.states)
}

func (h *history) now() (acked, known int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.acked, len(h.states)
}

// crash is a disk as a power cut would leave it, and which states it may show:
// those from the last that was acknowledged before to the last that was begun.
type crash struct {
	fs       *vfs.MemFS
	at       int64
	from, to int
}

// TestEveryInstantMayCrash cuts the power at every n-th operation of the file
// system under a randomized workload, with unsynced writes lost, kept or torn at
// random, and opens what is left: everything acknowledged is there, nothing
// deleted returns, and the index can be written.
func TestEveryInstantMayCrash(t *testing.T) {
	points := 200
	if os.Getenv("TAMIS_HEAVY") == "full" {
		points = 12000
	}
	modes := []Tuning{
		{MemTable: 64 << 10, Inline: true},
		{MemTable: 64 << 10, Inline: true, SealBytes: 1, MergeFactor: 2},
		small,
		{MemTable: 64 << 10, StepBytes: 4 << 10, SealAfter: time.Millisecond},
	}
	r := rand.New(rand.NewPCG(11, 12))
	total := 0
	for seed := uint64(0); total < points; seed++ {
		tuning := modes[int(seed)%len(modes)]
		crashes, h := crashing(t, seed, tuning, 25, r)
		for _, c := range crashes {
			what := fmt.Sprintf("seed %d, crash at operation %d", seed, c.at)
			within(t, time.Minute, what, func() { c.holds(t, what, h.states) })
		}
		total += len(crashes)
	}
	t.Logf("%d crash points", total)
}

// crashing runs a workload and takes about so many crashes of it.
func crashing(t *testing.T, seed uint64, tuning Tuning, points int64, r *rand.Rand) ([]crash, *history) {
	t.Helper()
	// A first run counts the operations; in the background they vary a little.
	count := &faults{}
	h := &history{steps: tuning.StepBytes > 0}
	if err := runHistory(errorfs.Wrap(vfs.NewMem(), count), seed, tuning, h); err != nil {
		t.Fatal(err)
	}
	step := max(1, count.seen.Load()/points)
	base := vfs.NewCrashableMem()
	h = &history{steps: h.steps}
	hook := &everyNth{n: step, phase: r.Int64N(step)}
	var mu sync.Mutex
	var crashes []crash
	hook.do = func(at int64) {
		mu.Lock()
		defer mu.Unlock()
		from, _ := h.now()
		kept := []int{0, 0, 50, 90, 100}[r.IntN(5)]
		fs := base.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: kept, RNG: rand.New(rand.NewPCG(uint64(at), seed))})
		_, to := h.now()
		crashes = append(crashes, crash{fs, at, from, to})
	}
	if err := runHistory(errorfs.Wrap(base, hook), seed, tuning, h); err != nil {
		t.Fatal(err)
	}
	return crashes, h
}

// everyNth calls do before every n-th operation that writes.
type everyNth struct {
	n, phase int64
	mu       sync.Mutex
	seen     int64
	do       func(at int64)
}

func (e *everyNth) String() string { return "every n-th" }

func (e *everyNth) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() == errorfs.OpIsRead || op.Kind == errorfs.OpLock {
		return nil
	}
	e.mu.Lock()
	e.seen++
	at := e.seen
	e.mu.Unlock()
	if at%e.n == e.phase {
		e.do(at)
	}
	return nil
}

// runHistory runs a workload of commits, reopenings and compactions.
func runHistory(fs vfs.FS, seed uint64, tuning Tuning, h *history) error {
	r := rand.New(rand.NewPCG(seed, 21))
	stored := model{}
	s, err := Open("ix", Options{FS: fs, Tuning: tuning})
	if err != nil {
		return err
	}
	for range 40 {
		switch r.IntN(12) {
		case 0:
			if err := s.Close(); err != nil {
				return err
			}
			if s, err = Open("ix", Options{FS: fs, Tuning: tuning}); err != nil {
				return err
			}
		case 1:
			if err := s.Compact(context.Background()); err != nil {
				return err
			}
		default:
			if err := alter(s, r, stored, h); err != nil {
				return err
			}
		}
	}
	return s.Close()
}

// alter commits some puts and deletes in one step.
func alter(s *Store, r *rand.Rand, stored model, h *history) error {
	b, err := s.Begin()
	if err != nil {
		return err
	}
	defer b.Discard()
	for _, n := range r.Perm(20)[:1+r.IntN(6)] {
		id := fmt.Sprint("doc", n)
		if r.IntN(3) == 0 {
			delete(stored, id)
			h.trying(stored)
			if _, err := b.Delete(id); err != nil {
				return err
			}
			continue
		}
		source := strings.Repeat(vocabulary[r.IntN(len(vocabulary))]+" ", 1+r.IntN(400)) + fmt.Sprint(r.IntN(1000))
		stored[id] = source
		h.trying(stored)
		if _, err := b.Put(corpus.Document{ID: id, Path: "/f/" + id, Title: "T", Source: source, Vectors: vectorsFor(source)}); err != nil {
			return err
		}
	}
	if err := b.Commit(); err != nil {
		return err
	}
	h.ack()
	return nil
}

func (c crash) holds(t *testing.T, what string, states []model) {
	t.Helper()
	before := readAfterCut(t, c.fs, what)
	s, err := Open("ix", Options{FS: c.fs, Tuning: Tuning{MemTable: 64 << 10, Inline: true}})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	got := contents(t, s)
	if !maps.Equal(before, got) {
		t.Fatalf("%s: a reader saw %v, the next writer %v", what, ids(before), ids(got))
	}
	allowed := c.from == 0 && len(got) == 0
	for i := max(0, c.from-1); i < min(c.to, len(states)); i++ {
		allowed = allowed || maps.Equal(got, states[i])
	}
	if !allowed {
		t.Fatalf("%s: stored %v\nwhich is none of the states %d to %d", what, ids(got), c.from-1, c.to-1)
	}
	r, err := s.Check(context.Background(), false)
	if err != nil || len(r.Lost)+len(r.Derivable) > 0 || r.Documents != len(got) {
		t.Fatalf("%s: check: %+v, %v", what, r, err)
	}
	if _, err := workload(s, 99, 2, got, nil); err != nil {
		t.Fatalf("%s: writing again: %v", what, err)
	}
	if now := contents(t, s); !maps.Equal(now, got) {
		t.Fatalf("%s: after writing again: stored %v, want %v", what, ids(now), ids(got))
	}
	closeStore(t, s)
}

// readAfterCut opens what a power cut left for reading only, before anything has
// repaired it, and returns what is stored; nothing where no index was made.
func readAfterCut(t *testing.T, fs vfs.FS, what string) model {
	t.Helper()
	s, err := Open("ix", Options{FS: fs, ReadOnly: true, Tuning: Tuning{MemTable: 64 << 10, Inline: true}})
	if errors.Is(err, ErrNotFound) {
		return model{}
	}
	if err != nil {
		t.Fatalf("%s: for reading: %v", what, err)
	}
	defer closeStore(t, s)
	if len(s.Damage()) > 0 {
		t.Fatalf("%s: for reading: damage where there is none: %q", what, s.Damage())
	}
	return contents(t, s)
}

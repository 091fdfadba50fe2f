package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/vector"
)

func attach(t *testing.T, b *Batch, id string, terms ...uint32) Outcome {
	t.Helper()
	x := vector.Sparse{Terms: terms}
	for _, n := range terms {
		x.Weights = append(x.Weights, float32(n))
	}
	outcome, err := b.PutVector(corpus.Document{ID: id}, "f", x)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

// found are the ids that a search by one term finds, best first.
func found(t *testing.T, s *Store, term uint32) (ids []string) {
	t.Helper()
	v := snapshot(t, s)
	defer v.Release()
	for _, d := range rankVectors(t, v, "f", vector.Named{fmt.Sprint(term): 1}, 100) {
		ids = append(ids, d.id)
	}
	return ids
}

func plain(id, text string) corpus.Document {
	return corpus.Document{ID: id, Type: "text", Source: text}
}

// TestAttach: a vector comes to a document without moving it, is found as soon
// as it is acknowledged, stays while the document is put as it was, and goes with it.
func TestAttach(t *testing.T) {
	fs := vfs.NewMem()
	s := openAt(t, "ix", Options{FS: fs})
	commit(t, s, func(b *Batch) {
		for i := range 40 {
			put(t, b, plain(fmt.Sprint("d", i), fmt.Sprint("text number ", i)))
		}
	})
	ordinal := func(id string) uint64 {
		v := snapshot(t, s)
		defer v.Release()
		h, err := v.HeaderByID(id)
		if err != nil {
			t.Fatal(err)
		}
		return h.Ordinal
	}
	was := ordinal("d7")
	commit(t, s, func(b *Batch) {
		for _, id := range []string{"d30", "d7", "d12"} { // ties
			if got := attach(t, b, id, 5); got != Updated {
				t.Fatalf("attached: outcome %v", got)
			}
		}
		if got := attach(t, b, "new", 5, 6); got != Added {
			t.Fatalf("attached to no document: outcome %v", got)
		}
		if got := attach(t, b, "d7", 5); got != Unchanged {
			t.Fatalf("attached twice: outcome %v", got)
		}
	})
	want := func(what string, term uint32, ids ...string) {
		t.Helper()
		if got := found(t, s, term); !slices.Equal(got, ids) {
			t.Fatalf("%s: term %d finds %v, want %v", what, term, got, ids)
		}
	}
	want("attached", 5, "d7", "d12", "d30", "new")
	if now := ordinal("d7"); now != was {
		t.Fatalf("attaching moved document %d to %d", was, now)
	}
	commit(t, s, func(b *Batch) {
		if got := put(t, b, plain("d7", "text number 7")); got != Unchanged {
			t.Fatalf("put as it was: outcome %v", got)
		}
		if got := put(t, b, plain("d12", "another text")); got != Updated {
			t.Fatalf("put with another text: outcome %v", got)
		}
		if ok, err := b.Delete("d30"); !ok || err != nil {
			t.Fatal(ok, err)
		}
		attach(t, b, "d7", 8)
	})
	want("changed", 5, "new")
	want("changed", 8, "d7")
	for _, what := range []string{"reopened", "compacted", "checked"} {
		closeStore(t, s)
		s = openAt(t, "ix", Options{FS: fs})
		if what == "compacted" {
			if err := s.Compact(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		want(what, 5, "new")
		want(what, 8, "d7")
		if r, err := s.Check(context.Background(), false); err != nil || len(r.Lost)+len(r.Derivable) > 0 {
			t.Fatalf("%s: %+v, %v", what, r, err)
		}
	}
	closeStore(t, s)
}

// TestAttachLoses: what another writer does to a document before the vector is
// committed stands.
func TestAttachLoses(t *testing.T) {
	s := openAt(t, "ix", Options{FS: vfs.NewMem()})
	defer closeStore(t, s)
	commit(t, s, func(b *Batch) {
		for _, id := range []string{"changed", "deleted", "same"} {
			put(t, b, plain(id, "old text"))
		}
	})
	slow, err := s.Begin()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"changed", "deleted", "same"} {
		attach(t, slow, id, 3)
	}
	commit(t, s, func(b *Batch) {
		put(t, b, plain("changed", "new text"))
		if ok, err := b.Delete("deleted"); !ok || err != nil {
			t.Fatal(ok, err)
		}
	})
	if err := slow.Commit(); err != nil {
		t.Fatal(err)
	}
	v := snapshot(t, s)
	defer v.Release()
	h, err := v.HeaderByID("changed")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := v.Text(h, 0, h.Size); err != nil || text != "new text" {
		t.Fatalf("the document holds %q, %v", text, err)
	}
	if _, err := v.HeaderByID("deleted"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("the deleted document: %v", err)
	}
	if got := found(t, s, 3); !slices.Equal(got, []string{"same"}) {
		t.Fatalf("found %v", got)
	}
}

// TestAttachCutOff: what a step attached and made durable is found after
// opening again, though the segments were not written before the end.
func TestAttachCutOff(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openAt(t, "ix", Options{FS: fs})
	commit(t, s, func(b *Batch) {
		for i := range 20 {
			put(t, b, plain(fmt.Sprint("d", i), fmt.Sprint("text ", i)))
		}
	})
	s.PauseMerging()
	b, err := s.Begin()
	if err != nil {
		t.Fatal(err)
	}
	attach(t, b, "d3", 4)
	attach(t, b, "d9", 4)
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	cut := fs.CrashClone(vfs.CrashCloneCfg{})
	b.Discard()
	s.ResumeMerging()
	closeStore(t, s)
	again := openAt(t, "ix", Options{FS: cut})
	defer closeStore(t, again)
	ready(t, again)
	if got := found(t, again, 4); !slices.Equal(got, []string{"d3", "d9"}) {
		t.Fatalf("found %v", got)
	}
}

// TestAttachWhileMerging: vectors that come while segments merge, are sealed or
// deleted from are neither lost nor put to other documents.
func TestAttachWhileMerging(t *testing.T) {
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 5))
		fs := vfs.NewMem()
		tuning := Tuning{SealBytes: 4 << 10, MergeFactor: 2, MaxSegmentBytes: 64 << 10}
		s := openAt(t, "ix", Options{FS: fs, Tuning: tuning})
		has := map[string]uint32{} // the term of each document's vector, 0 for none
		for range 40 {
			commit(t, s, func(b *Batch) {
				for range r.IntN(12) {
					id := fmt.Sprint("d", r.IntN(80))
					switch r.IntN(4) {
					case 0:
						if _, err := b.Delete(id); err != nil {
							t.Fatal(err)
						}
						delete(has, id)
					case 1:
						put(t, b, plain(id, fmt.Sprint("text ", r.Uint64())))
						has[id] = 0
					default:
						term := uint32(1 + r.IntN(5))
						attach(t, b, id, term)
						has[id] = term
					}
				}
			})
			for term := range uint32(6) {
				var want []string
				for id, x := range has {
					if x == term && x > 0 {
						want = append(want, id)
					}
				}
				got := found(t, s, term)
				slices.Sort(want)
				slices.Sort(got)
				if !slices.Equal(got, want) {
					t.Fatalf("seed %d: term %d finds %v, want %v", seed, term, got, want)
				}
			}
			if r.IntN(10) == 0 {
				closeStore(t, s)
				s = openAt(t, "ix", Options{FS: fs, Tuning: tuning})
				ready(t, s)
			}
		}
		if rep, err := s.Check(context.Background(), false); err != nil || len(rep.Lost)+len(rep.Derivable) > 0 {
			t.Fatalf("seed %d: %+v, %v", seed, rep, err)
		}
		closeStore(t, s)
	}
}

package store

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestConflicts: where batches that are open at once change the same documents,
// the later commit wins, and what the earlier one stored is gone whole.
func TestConflicts(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 8))
		s := openAt(t, "ix", Options{FS: vfs.NewMem()})
		want := model{}
		for range 6 {
			type writer struct {
				b       *Batch
				changes model // "" is deleted
			}
			var writers []writer
			for w := range 3 {
				b, err := s.Begin()
				if err != nil {
					t.Fatal(err)
				}
				changes := model{}
				for range 1 + r.IntN(4) {
					id := fmt.Sprint("d", r.IntN(5))
					if _, ok := changes[id]; ok {
						continue // one step each: a second change would commit the first
					}
					if r.IntN(3) == 0 {
						if _, err := b.Delete(id); err != nil {
							t.Fatal(err)
						}
						if _, ok := want[id]; ok {
							changes[id] = ""
						}
						continue
					}
					text := fmt.Sprintf("text %d of writer %d", r.Uint32(), w)
					put(t, b, plain(id, text))
					changes[id] = text
				}
				writers = append(writers, writer{b, changes})
			}
			for _, w := range r.Perm(len(writers)) {
				if err := writers[w].b.Commit(); err != nil {
					t.Fatal(err)
				}
				for id, text := range writers[w].changes {
					if want[id] = text; text == "" {
						delete(want, id)
					}
				}
			}
			if got := contents(t, s); !maps.Equal(got, want) {
				t.Fatalf("seed %d: stored %v, want %v", seed, got, want)
			}
			v := snapshot(t, s)
			if n := v.Rows(Documents); n != len(want) {
				t.Fatalf("seed %d: %d documents are found, want %d", seed, n, len(want))
			}
			_ = v.Release()
		}
		if rep, err := s.Check(context.Background(), false); err != nil || len(rep.Lost)+len(rep.Derivable) > 0 || rep.Documents != len(want) {
			t.Fatalf("seed %d: %+v, %v", seed, rep, err)
		}
		closeStore(t, s)
	}
}

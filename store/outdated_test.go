package store

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/store/view"
)

// counted are the statistics of the rows that can be seen, by reading all
// postings.
func counted(v *Snapshot, u Unit, terms []string) view.Statistics {
	st := view.Statistics{DF: make([]int, len(terms))}
	for _, space := range v.Spaces(u) {
		seen := func(row uint32) bool { return space.Visible == nil || space.Visible.Has(row) }
		for row := range uint32(space.Inverted.Rows()) {
			if seen(row) {
				st.Rows++
			}
		}
		for term, list := range space.Inverted.All() {
			for row, tf := range list.All() {
				if !seen(row) {
					continue
				}
				st.TotalLength += uint64(tf)
				if i := slices.Index(terms, string(term)); i >= 0 {
					st.DF[i]++
				}
			}
		}
	}
	return st
}

// TestOutdated: an index whose rows were made otherwise than this program makes
// them keeps statistics that are those of its rows, whatever is deleted
// from it, and is made anew: then nothing tells that it ever was another.
func TestOutdated(t *testing.T) {
	words := []string{"alpha", "beta", "gamma", "delta", "epsilon"}
	variant := ingest.Variant{Title: 7, Split: split.Options{PassageTokens: 20}}
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 11))
		fs := vfs.NewMem()
		stored := map[string]corpus.Document{}
		change := func(s *Store) {
			commit(t, s, func(b *Batch) {
				for range 1 + r.IntN(30) {
					id := fmt.Sprint("d", r.IntN(60))
					if r.IntN(3) == 0 {
						if _, err := b.Delete(id); err != nil {
							t.Fatal(err)
						}
						delete(stored, id)
						continue
					}
					d := corpus.Document{ID: id, Title: words[r.IntN(5)], Type: "text"}
					for range 1 + r.IntN(60) {
						d.Source += words[r.IntN(5)] + " " + words[r.IntN(5)] + ". "
					}
					put(t, b, d)
					stored[id] = d
				}
			})
		}
		check := func(s *Store, what string) {
			t.Helper()
			v := snapshot(t, s)
			defer v.Release()
			for u := range Unit(2) {
				got, want := v.Statistics(u, words), counted(v, u, words)
				if got.Rows != want.Rows || got.TotalLength != want.TotalLength || !slices.Equal(got.DF, want.DF) {
					t.Fatalf("seed %d, %s: the statistics of unit %d are %+v, want %+v", seed, what, u, got, want)
				}
			}
		}
		s := openAt(t, "ix", Options{FS: fs, Variant: variant, Tuning: Tuning{SealBytes: 1}})
		for range 3 {
			change(s)
			check(s, "as it was made")
		}
		closeStore(t, s)

		// Another program changes it before it comes to making it anew.
		s = openAt(t, "ix", Options{FS: fs, leaveMissing: true})
		if st, err := s.Stats(); err != nil || st.Outdated == 0 {
			t.Fatalf("seed %d: %d documents are outdated, %v", seed, st.Outdated, err)
		}
		for range 3 {
			change(s)
			check(s, "changed by another program")
		}
		closeStore(t, s)

		s = openAt(t, "ix", Options{FS: fs})
		change(s)
		if err := s.Ready(context.Background()); err != nil {
			t.Fatal(err)
		}
		if st, err := s.Stats(); err != nil || st.Outdated != 0 {
			t.Fatalf("seed %d: %d documents are outdated, %v", seed, st.Outdated, err)
		}
		check(s, "made anew")
		fresh := openAt(t, "ix", Options{FS: vfs.NewMem()})
		commit(t, fresh, func(b *Batch) {
			for _, id := range slices.Sorted(maps.Keys(stored)) {
				put(t, b, stored[id])
			}
		})
		a, b := snapshot(t, s), snapshot(t, fresh)
		for u := range Unit(2) {
			got, want := a.Statistics(u, words), b.Statistics(u, words)
			if got.Rows != want.Rows || got.TotalLength != want.TotalLength || !slices.Equal(got.DF, want.DF) {
				t.Fatalf("seed %d: made anew, the statistics of unit %d are %+v, those of a new index %+v", seed, u, got, want)
			}
		}
		_, _ = a.Release(), b.Release()
		report, err := s.Check(context.Background(), false)
		if err != nil || len(report.Lost)+len(report.Derivable) > 0 {
			t.Fatalf("seed %d: %+v, %v", seed, report, err)
		}
		closeStore(t, s)
		closeStore(t, fresh)
	}
}

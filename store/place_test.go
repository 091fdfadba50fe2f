package store

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/record"
)

func placed(id string, line int) corpus.Document {
	d := plain(id, "text of "+id)
	d.Place.Line = line
	return d
}

// TestPlacesFollow: a document whose place alone is another stays what and where
// it was; of one that is replaced or deleted nothing is left, also where
// another batch does that first.
func TestPlacesFollow(t *testing.T) {
	s := openAt(t, "ix", Options{FS: vfs.NewMem()})
	commit(t, s, func(b *Batch) {
		for i, id := range []string{"a", "b", "c", "d"} {
			put(t, b, placed(id, i+1))
		}
		put(t, b, plain("e", "without"))
	})
	lines := func() map[string]int {
		got := map[string]int{}
		v := snapshot(t, s)
		defer v.Release()
		if err := kv.ScanIn(v.Stored(), record.PlacesKey(0), record.PlacesKey(1<<63), func(key, _ []byte) error {
			h, err := v.Header(record.HeaderOrdinal(key))
			if err != nil {
				t.Errorf("places of no document: %v", err)
				return nil
			}
			p, err := v.Place(h, 3)
			if err != nil {
				return err
			}
			got[h.ID] = p.Line
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return got
	}
	same := func(want map[string]int) {
		t.Helper()
		got := lines()
		if len(got) != len(want) {
			t.Fatalf("lines %v, want %v", got, want)
		}
		for id, n := range want {
			if got[id] != n {
				t.Fatalf("lines %v, want %v", got, want)
			}
		}
	}
	same(map[string]int{"a": 1, "b": 2, "c": 3, "d": 4})
	ordinal := func() uint64 {
		v := snapshot(t, s)
		defer v.Release()
		h, err := v.HeaderByID("a")
		if err != nil {
			t.Fatal(err)
		}
		return h.Ordinal
	}
	before := ordinal()
	one, err := s.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer one.Discard()
	for i, id := range []string{"a", "b", "c"} {
		if got := put(t, one, placed(id, 10+i)); got != Unchanged {
			t.Fatalf("%s: outcome %v", id, got)
		}
	}
	if got := put(t, one, placed("e", 20)); got == Unchanged {
		t.Fatal("e has the same text")
	}
	commit(t, s, func(b *Batch) {
		if _, err := b.Delete("b"); err != nil {
			t.Fatal(err)
		}
		put(t, b, placed("d", 0))
		put(t, b, func() corpus.Document { d := placed("c", 30); d.Source = "another text"; return d }())
	})
	if err := one.Commit(); err != nil {
		t.Fatal(err)
	}
	same(map[string]int{"a": 10, "c": 30, "e": 20})
	if now := ordinal(); now != before {
		t.Errorf("a has ordinal %d, had %d", now, before)
	}
	// In one batch: moved, then deleted.
	commit(t, s, func(b *Batch) {
		put(t, b, placed("a", 11))
		if _, err := b.Delete("a"); err != nil {
			t.Fatal(err)
		}
	})
	same(map[string]int{"c": 30, "e": 20})
}

package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/store/view"
)

// TestSourceCodings: sources are read back as they were put, from the cache and
// past it, those of stores before format 3 too.
func TestSourceCodings(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, Options{})
	sources := map[string]string{}
	commit(t, s, func(b *Batch) {
		for i, n := range []int{0, 1, 100, record.PieceSize - 1, record.PieceSize, record.PieceSize + 1, 5*record.PieceSize + 7} {
			id := fmt.Sprint("d", i)
			sources[id] = strings.ToValidUTF8(strings.Repeat(fmt.Sprintf("text %d é ", i), n)[:n], ".")
			put(t, b, corpus.Document{ID: id, Source: sources[id]})
		}
	})
	// One as format 2 stored it.
	h, err := view.HeaderByID(s.db, "d5")
	if err != nil {
		t.Fatal(err)
	}
	h.Coding = ""
	value, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	wb := s.db.NewBatch()
	err = wb.Set(record.HeaderKey(h.Ordinal), value, nil)
	for i := 0; i*record.PieceSize < h.Size; i++ {
		err = errors.Join(err, wb.Set(record.TextKey(h.Ordinal, i), []byte(sources["d5"][i*record.PieceSize:min(h.Size, (i+1)*record.PieceSize)]), nil))
	}
	if err = errors.Join(err, wb.Commit(pebble.Sync)); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)

	s = openAt(t, dir, Options{})
	defer closeStore(t, s)
	v := snapshot(t, s)
	defer func() { _ = v.Release() }()
	for range 2 { // the second time from the cache
		for id, want := range sources {
			h, err := v.HeaderByID(id)
			if err != nil {
				t.Fatal(err)
			}
			if d, err := v.Document(h); err != nil || d.Source != want {
				t.Fatalf("document %s: %v", id, err)
			}
			for _, r := range [][2]int{{0, len(want)}, {len(want) / 3, len(want) / 2}, {max(0, len(want)-3), len(want)}} {
				if got, err := v.Text(h, r[0], r[1]); err != nil || got != want[r[0]:r[1]] {
					t.Fatalf("document %s, bytes %v: %v", id, r, err)
				}
			}
		}
	}
	if r, err := s.Check(t.Context(), false); err != nil || len(r.Lost) != 0 {
		t.Fatalf("check: %+v, %v", r, err)
	}
}

// TestClosedIsSmall: closing leaves no logs behind that repeat what tables hold.
func TestClosedIsSmall(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, Options{Tuning: Tuning{MemTable: 512 << 10}})
	rng := rand.New(rand.NewPCG(1, 2))
	size := 0
	commit(t, s, func(b *Batch) {
		for i := range 80 {
			words := make([]string, 2000)
			for j := range words {
				words[j] = fmt.Sprint("w", rng.Uint64())
			}
			d := corpus.Document{ID: fmt.Sprint("d", i), Source: strings.Join(words, " ")}
			size += len(d.Source)
			put(t, b, d)
		}
	})
	closeStore(t, s)
	logs := 0
	files, err := os.ReadDir(filepath.Join(dir, "db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if info, err := f.Info(); err == nil && filepath.Ext(f.Name()) == ".log" {
			logs += int(info.Size())
		}
	}
	if logs > kv.FlushOnClose {
		t.Fatalf("%d bytes of logs are left of %d bytes of text", logs, size)
	}
}

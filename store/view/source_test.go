package view

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/store/disk"
	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/record"
)

// TestPieceCacheSlots: pieces that share a slot are told apart.
func TestPieceCacheSlots(t *testing.T) {
	db, err := kv.Open("db", kv.Options(disk.New(vfs.NewMem()), 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var c pieceCache
	n := 2 * len(c)
	text := func(i int) string { return fmt.Sprint("text ", i) }
	for i := range n {
		frame, err := record.EncodePiece(nil, text(i))
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Set(record.TextKey(uint64(i), 0), frame, pebble.NoSync); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		for i := range n {
			h := &record.Header{Ordinal: uint64(i), Size: len(text(i)), Coding: record.CodingZstd}
			if got, err := c.textOf(db, h, 0, h.Size); err != nil || got != text(i) {
				t.Fatalf("document %d: %q, %v", i, got, err)
			}
		}
	}
}

package store

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/tamis-search/tamis/corpus"
)

// TestFullDiskWhileMerging fills the disk at one write after another of a merge
// in the background: readers go on, nothing more is acknowledged, and with room
// again everything is there and merges.
func TestFullDiskWhileMerging(t *testing.T) {
	const docs = 12
	stored := model{}
	for i := range docs {
		stored[fmt.Sprint("d", i)] = fmt.Sprintln(vocabulary[i%len(vocabulary)], i)
	}
	step := int64(3)
	if os.Getenv("TAMIS_HEAVY") == "full" {
		step = 1
	}
	for at := int64(1); ; at += step {
		f := &faults{sticky: true, err: syscall.ENOSPC}
		mem := vfs.NewMem()
		s, err := Open("ix", Options{FS: errorfs.Wrap(mem, f), Tuning: Tuning{MemTable: 64 << 10, SealBytes: 1, MergeFactor: 2}})
		if err != nil {
			t.Fatal(err)
		}
		s.PauseMerging()
		for id, source := range stored {
			commit(t, s, func(b *Batch) { put(t, b, corpus.Document{ID: id, Source: source, Vectors: vectorsFor(source)}) })
		}
		// What is not of a merge may still be written in the background; it counts
		// as its first writes.
		f.at.Store(f.seen.Load() + at)
		s.ResumeMerging()
		segments := func() int {
			st, err := s.Stats()
			if err != nil {
				t.Fatal(err)
			}
			return st.Segments
		}
		for deadline := time.Now().Add(time.Minute); !f.hit.Load() && segments() > 1; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("write %d: %d segments, and neither a full disk nor an end", at, segments())
			}
		}
		full := f.hit.Load()
		if got := contents(t, s); !maps.Equal(got, stored) {
			t.Fatalf("write %d: readers see %v", at, ids(got))
		}
		if full {
			b, err := s.Begin()
			if err == nil {
				if _, err = b.Put(corpus.Document{ID: "more", Source: "more"}); err == nil {
					err = b.Commit()
				}
				b.Discard()
			}
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("write %d: a commit on a full disk: %v", at, err)
			}
			if got := contents(t, s); !maps.Equal(got, stored) {
				t.Fatalf("write %d: after a refused commit readers see %v", at, ids(got))
			}
		}
		_ = s.Close() // it may say what the disk said
		holds(t, mem, fmt.Sprintf("disk full at write %d of merging", at), stored, nil)
		if !full {
			if at < 10 {
				t.Fatalf("merging took %d writes only", at)
			}
			return
		}
	}
}

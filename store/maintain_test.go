package store

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis/corpus"
)

// TestPause: while merging is paused segments gather and everything else goes
// on; resuming merges them, and neither a pause nor a rate holds up checking,
// compacting or closing.
func TestPause(t *testing.T) {
	within(t, time.Minute, "a pause", func() {
		tuning := Tuning{SealBytes: 1, MergeFactor: 2, MergeRate: 1} // a byte a second
		s := openAt(t, t.TempDir(), Options{Tuning: tuning})
		s.PauseMerging()
		segments := func() int {
			st, err := s.Stats()
			if err != nil {
				t.Fatal(err)
			}
			return st.Segments
		}
		add := func(from, to int) {
			for i := from; i < to; i++ {
				commit(t, s, func(b *Batch) {
					put(t, b, corpus.Document{ID: fmt.Sprint("d", i), Source: vocabulary[i%len(vocabulary)]})
				})
			}
		}
		// One piece of work may have been under way.
		if add(0, 30); segments() < 28 {
			t.Fatalf("%d segments while merging is paused", segments())
		}
		if r, err := s.Check(context.Background(), false); err != nil || r.Documents != 30 {
			t.Fatalf("check: %+v, %v", r, err)
		}
		s.ResumeMerging()
		for segments() >= 28 {
			time.Sleep(time.Millisecond)
		}
		// Maintenance now waits for the rate.
		if err := s.Compact(context.Background()); err != nil || segments() != 1 {
			t.Fatalf("%d segments after compacting, %v", segments(), err)
		}
		s.PauseMerging()
		add(30, 40)
		closeStore(t, s)
	})
}

// TestLargeNeighboursMerge: segments of which MergeFactor would be too much for
// one still become few.
func TestLargeNeighboursMerge(t *testing.T) {
	const most = 200 << 10
	s := openAt(t, t.TempDir(), Options{Tuning: Tuning{SealBytes: 1, MaxSegmentBytes: most, Inline: true}})
	defer closeStore(t, s)
	for i := range 24 {
		commit(t, s, func(b *Batch) {
			for j := range 60 {
				words := make([]string, 60)
				for k := range words {
					words[k] = fmt.Sprint("w", i*7919+j*104729+k*k*31)
				}
				put(t, b, corpus.Document{ID: fmt.Sprint(i, " ", j), Source: strings.Join(words, " ")})
			}
		})
	}
	st, err := s.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if st.SegmentBytes < 4*most {
		t.Fatalf("%d bytes of segments are too few to say anything", st.SegmentBytes)
	}
	if enough := 2*st.SegmentBytes/most + 2; int64(st.Segments) > enough {
		t.Fatalf("%d segments of %d bytes together; %d would do", st.Segments, st.SegmentBytes, enough)
	}
	if r, err := s.Check(context.Background(), false); err != nil || r.Documents != 24*60 || len(r.Lost) > 0 {
		t.Fatalf("check: %+v, %v", r, err)
	}
}

// Package topk is the vocabulary of every ranking: what a row of an index is,
// what a row that was found is, in which order hits stand, and how the best of
// many are collected.
//
// A Collector keeps the k best by exact scores. Candidates keeps all that can be
// among the k best where scores are only estimated yet, to be scored exactly and
// collected next.
package topk

import (
	"cmp"
	"math"
	"slices"
)

// Row is a row of one segment; Segment counts the segments of a snapshot in
// order of addition.
type Row struct {
	Segment int
	Row     uint32
}

// Hit is a row that was found.
type Hit struct {
	Row
	Score float32
}

// Ranking is hits, best first, and what they are worth: Exact says that they are
// what scoring every row gives; Recall is the share of the best that rankings
// like this one found when it was measured, 1 where Exact is true.
type Ranking struct {
	Hits   []Hit
	Exact  bool
	Recall float32
}

// Compare orders hits: the greater score first, equal scores in order of addition.
func Compare(a, b Hit) int {
	if a.Score != b.Score {
		return cmp.Compare(b.Score, a.Score)
	}
	return cmp.Or(cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Row.Row, b.Row.Row))
}

// Best sorts hits and returns the first k: the slow form of a Collector.
func Best(hits []Hit, k int) []Hit {
	slices.SortFunc(hits, Compare)
	return hits[:min(max(k, 0), len(hits))]
}

// Numbering numbers the rows of segments, one segment's after another's, so that
// numbers ascend in order of addition. Its zero value has no segments.
type Numbering struct{ ends []uint64 }

// Reset forgets all segments.
func (n *Numbering) Reset() { n.ends = n.ends[:0] }

// Add adds the next segment, which has so many rows.
func (n *Numbering) Add(rows int) { n.ends = append(n.ends, n.Len()+uint64(rows)) }

// Len is the number of rows.
func (n *Numbering) Len() uint64 { return n.First(len(n.ends)) }

// First is the number of a segment's first row.
func (n *Numbering) First(segment int) uint64 {
	if segment == 0 {
		return 0
	}
	return n.ends[segment-1]
}

// Segment is the segment of the row with a number below Len.
func (n *Numbering) Segment(number uint64) int {
	lo, hi := 0, len(n.ends)-1
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); n.ends[mid] <= number {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// Row is the row with a number below Len.
func (n *Numbering) Row(number uint64) Row {
	s := n.Segment(number)
	return Row{Segment: s, Row: uint32(number - n.First(s))}
}

// Hits are what keys of rows stand for; score reads them, as Score or SignedScore does.
func (n *Numbering) Hits(keys []uint64, score func(key uint64) float32) []Hit {
	hits := make([]Hit, len(keys))
	for i, key := range keys {
		hits[i] = Hit{n.Row(uint64(^uint32(key))), score(key)}
	}
	return hits
}

// SignedKey is Key for scores that may be negative; SignedScore reads it.
func SignedKey(score float32, number uint32) uint64 {
	if score == 0 {
		score = 0 // not a negative zero
	}
	b := math.Float32bits(score)
	if b>>31 != 0 {
		b = ^b
	} else {
		b |= 1 << 31
	}
	return uint64(b)<<32 | uint64(^number)
}

// SignedScore is the score in a key of SignedKey.
func SignedScore(key uint64) float32 {
	b := uint32(key >> 32)
	if b>>31 != 0 {
		b &^= 1 << 31
	} else {
		b = ^b
	}
	return math.Float32frombits(b)
}

package policy

import (
	"testing"
	"time"
)

// TestChoose: what is most urgent comes first, neighbours only, and never across what
// keeps them apart.
func TestChoose(t *testing.T) {
	p := &Policy{SealBytes: 1 << 20, SealAfter: time.Hour, MergeFactor: 4, MaxSegmentBytes: 64 << 20, Made: "now"}
	six := func(change func(segs []Segment)) []Segment {
		segs := make([]Segment, 6)
		for i := range segs {
			first := uint64(1 + 100*i)
			segs[i] = Segment{First: first, Last: first + 9, Docs: 10, Rows: 10, Size: 1000, Made: "now", Since: time.Now()}
		}
		change(segs)
		return segs
	}
	for _, c := range []struct {
		name     string
		change   func(segs []Segment)
		barriers []uint64
		goal     Goal
		from, to int
		live     bool
	}{
		{"alike ones merge", func([]Segment) {}, nil, SealFull, 0, 6, false},
		{"of small ones in memory the result may stay there", func(segs []Segment) {
			for i := range segs {
				segs[i].Live = true
			}
		}, nil, SealFull, 0, 6, true},
		{"a reserved ordinal keeps apart", func([]Segment) {}, []uint64{150}, SealFull, 2, 6, false},
		{"two reserved ordinals leave too few", func([]Segment) {}, []uint64{250, 350}, SealFull, 0, 0, false},
		{"missing ones come first", func(segs []Segment) { segs[3].Missing, segs[4].Missing = true, true }, nil, SealFull, 3, 5, false},
		{"a reader builds them in memory", func(segs []Segment) { segs[3].Missing = true }, nil, RebuildInMemory, 3, 4, true},
		{"then those that lack vectors", func(segs []Segment) { segs[2].Pending = true }, nil, SettleOnly, 2, 3, false},
		{"settling builds nothing anew", func(segs []Segment) { segs[2].Missing = true }, nil, SettleOnly, 0, 0, false},
		{"what is much deleted is written again", func(segs []Segment) { segs[5].Deleted = 4 }, nil, SealFull, 5, 6, false},
		{"a third is not much", func(segs []Segment) { segs[5].Deleted = 3 }, nil, SealFull, 0, 6, false},
		{"compacting leaves none", func(segs []Segment) { segs[5].Deleted = 1 }, nil, MergeAll, 5, 6, false},
		{"outdated ones come last", func(segs []Segment) { segs[0].Made = "before" }, nil, SealFull, 1, 6, false},
		{"but they come", func(segs []Segment) { segs[0].Made = "before" }, []uint64{250, 350}, SealFull, 0, 1, false},
		{"closing seals what is in memory", func(segs []Segment) { segs[3].Live, segs[4].Live = true, true }, nil, SealNow, 3, 5, false},
		{"and merges nothing", func([]Segment) {}, nil, SealNow, 0, 0, false},
		{"what lived long is sealed", func(segs []Segment) {
			segs[5].Live, segs[5].Since = true, time.Now().Add(-2*time.Hour)
		}, nil, SealDue, 5, 6, false},
		{"vectors of two must fit into one", func(segs []Segment) {
			for i := range segs {
				segs[i].Vectors = map[string]Vectors{"v": {Rows: 10, Weights: 5 << 20}}
			}
		}, nil, SealFull, 0, 0, false},
	} {
		from, to, live := p.Choose(six(c.change), c.barriers, c.goal)
		if from != c.from || to != c.to || live != c.live {
			t.Errorf("%s: [%d, %d) live %v, not [%d, %d) live %v", c.name, from, to, live, c.from, c.to, c.live)
		}
	}
}

package impact

import (
	"math/bits"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
)

const (
	batchBlocks = 256 // blocks whose lanes are scored together
	listsBefore = 2   // lists after which blocks are dropped
	roundShare  = .88 // of the highest bound, where a round ends
	wideShare   = .75 // the same where the floor stays low: many hits, or most blocks hidden
	wideHits    = 64

	// What is counted as work, in tenths of nanoseconds.
	lineCost   = 16  // 64 maxima of a dense row
	recordCost = 140 // a record found and taken in
)

// work is memory for the rounds.
type work struct {
	sums    []uint16   // bound of each block
	entries [][]uint16 // of each sparse list: the entry of each block, counted from 1
	picked  []uint32
	order   []uint64
	live    [batchBlocks]uint32
	refs    [listsBefore][batchBlocks]simd.Ref
	masks   [batchBlocks]uint32
	lanes   [batchBlocks * blockRows]uint16
	rows    []int
	factors []uint16
	places  []int
}

// segment collects the rows of segment id that can be among the best.
func (s *searcher) segment(id int) {
	s.open(id, 1)
	if len(s.lists) == 0 || !s.shows() {
		return
	}
	s.rounds(s.bound(), 1)
	s.forget()
}

// rounds takes the blocks with bounds up to top, those with higher bounds in
// earlier rounds, down to where a bound times factor is below the floor.
func (s *searcher) rounds(top uint16, factor float32) {
	w, share := &s.work, roundShare
	if s.best.K() >= wideHits {
		share = wideShare
	}
	for top > 0 {
		low := max(uint16(float64(top)*share), s.low(factor), 1)
		if low > top {
			break
		}
		n := simd.SelectRange(w.picked, w.sums, low, top)
		shown := s.shown(n)
		if shown < n/2 {
			share = wideShare
		}
		for picked := w.picked[:shown]; len(picked) > 0; {
			m := min(len(picked), batchBlocks)
			s.batch(picked[:m], s.low(factor))
			picked = picked[m:]
		}
		top = low - 1
	}
}

// shows says whether any row of the segment is visible: a filter often leaves none.
func (s *searcher) shows() bool {
	return s.visible == nil || slices.ContainsFunc(s.visible, func(lanes uint32) bool { return lanes != 0 })
}

// shown keeps the blocks among the first n picked that have a visible row.
func (s *searcher) shown(n int) int {
	if s.visible == nil {
		return n
	}
	picked, m := s.work.picked[:n], 0
	for _, b := range picked {
		picked[m] = b
		visible := s.visible[min(int(b), len(s.visible)-1)]
		m += int((visible | -visible) >> 31) // 1 if there is any
	}
	return m
}

// bound fills sums and returns the highest.
func (s *searcher) bound() uint16 {
	w, g := &s.work, s.g
	w.sums = slices.Grow(w.sums[:0], g.stride)[:g.stride]
	w.picked = slices.Grow(w.picked[:0], g.stride)[:g.stride]
	clear(w.sums)
	for len(w.entries) < s.sparse {
		w.entries = append(w.entries, nil)
	}
	for i := range s.lists[:s.sparse] {
		l := &s.lists[i]
		if len(w.entries[i]) < g.stride {
			w.entries[i] = make([]uint16, g.stride)
		}
		entries, sums := w.entries[i], w.sums
		blocks := g.data[secBlocks][2*l.list:][:2*l.blocks]
		maxima := g.data[secMaxima][l.list:][:l.blocks]
		for j, most := range maxima {
			if b := int(le.Uint16(blocks[2*j:])); b < len(sums) && b < len(entries) {
				sums[b] += uint16(uint32(most) * uint32(l.factor) >> 8)
				entries[b] = uint16(j + 1)
			}
		}
	}
	w.rows, w.factors = w.rows[:0], w.factors[:0]
	for i := range s.lists[s.sparse:] {
		l := &s.lists[s.sparse+i]
		w.rows = append(w.rows, int(l.list)*g.stride)
		w.factors = append(w.factors, l.factor)
	}
	s.spent += len(w.rows) * g.stride / simd.RowLanes * lineCost
	return simd.SumRows(w.sums, g.data[secRows], w.rows, w.factors)
}

// forget leaves entries as bound found them.
func (s *searcher) forget() {
	for i := range s.lists[:s.sparse] {
		l := &s.lists[i]
		entries := s.work.entries[i]
		blocks := s.g.data[secBlocks][2*l.list:][:2*l.blocks]
		for j := 0; j < len(blocks); j += 2 {
			if b := int(le.Uint16(blocks[j:])); b < len(entries) {
				entries[b] = 0
			}
		}
	}
}

// batch scores the rows of ascending blocks.
func (s *searcher) batch(blocks []uint32, low uint16) {
	w, g := &s.work, s.g
	n := 0
	for _, b := range blocks {
		if int(b) < g.blocks && w.sums[b] >= low {
			w.live[n] = b
			n++
		}
	}
	simd.Spread(w.lanes[:], w.sums, w.live[:n])
	if s.visible != nil {
		s.hide(n)
	}
	lists := s.lists
	for len(lists) > 0 {
		m := min(len(lists), listsBefore)
		s.lower(len(s.lists)-len(lists), m, w.live[:n])
		if lists = lists[m:]; len(lists) > 0 {
			if n = simd.Keep(w.lanes[:], w.live[:n], s.best.Floor()); n == 0 {
				return
			}
		}
	}
	s.take(n)
}

// lower takes n lists in, from the first-th on. Their records are asked for, then
// what those point to, before any is read.
func (s *searcher) lower(first, n int, live []uint32) {
	w, g := &s.work, s.g
	overflow := g.data[secOverflow]
	groups := g.stride / simd.RowLanes * 4
	var m [listsBefore]int
	for i := range n {
		if l := &s.lists[first+i]; first+i < s.sparse {
			m[i] = s.entryRefs(first+i, w.refs[i][:], live)
		} else {
			row, counts := g.data[secRows][int(l.list)*g.stride:][:g.stride], g.data[secCounts][int(l.list)*groups:][:groups]
			m[i] = simd.Locate(w.refs[i][:], row, counts, g.data[secRecords][4*l.record:], live)
		}
		s.spent += m[i] * recordCost
	}
	for i := range n {
		simd.Approach(w.refs[i][:m[i]], g.data[secRecords][4*s.lists[first+i].record:], overflow)
	}
	for i := range n {
		l := &s.lists[first+i]
		simd.Lower(w.lanes[:], w.refs[i][:m[i]], g.data[secRecords][4*l.record:], overflow, l.factor)
	}
}

// entryRefs writes the Refs of the blocks that sparse list i has.
func (s *searcher) entryRefs(i int, refs []simd.Ref, live []uint32) int {
	w, l := &s.work, &s.lists[i]
	entries := w.entries[i]
	maxima := s.g.data[secMaxima][l.list:][:l.blocks]
	n := 0
	for j, b := range live {
		if e := entries[b]; e != 0 {
			refs[n] = simd.NewRef(uint32(e)-1, j, maxima[e-1])
			n++
		}
	}
	return n
}

// hide sets the lanes of rows that are not visible to 0, where Lower leaves them.
func (s *searcher) hide(n int) {
	w := &s.work
	for i, b := range w.live[:n] {
		lanes, visible := (*[blockRows]uint16)(w.lanes[i*blockRows:]), s.visible[b]
		if bits.OnesCount32(visible) > blockRows/2 {
			for hidden := ^visible; hidden != 0; hidden &= hidden - 1 {
				lanes[bits.TrailingZeros32(hidden)] = 0
			}
			continue
		}
		*lanes = [blockRows]uint16{}
		for ; visible != 0; visible &= visible - 1 {
			lanes[bits.TrailingZeros32(visible)] = w.sums[b]
		}
	}
}

// take collects the lanes of the first n live blocks, now exact, that reach the
// floor.
func (s *searcher) take(n int) {
	w := &s.work
	simd.Reach(w.masks[:n], w.lanes[:], s.best.Floor())
	for i, lanes := range w.masks[:n] {
		for ; lanes != 0; lanes &= lanes - 1 {
			lane := bits.TrailingZeros32(lanes)
			place := w.live[i]*blockRows + uint32(lane)
			if count := w.lanes[i*blockRows+lane]; count >= s.best.Floor() && int(place) < s.g.rows {
				s.best.Add(count, s.first+uint64(place))
			}
		}
	}
}

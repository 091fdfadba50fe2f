package impact

import (
	"math/bits"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
)

const (
	batchBlocks = 256 // blocks whose lanes are scored together
	listsBefore = 4   // dense lists after which blocks are dropped
	roundShare  = .88 // of the highest bound, where a round ends
)

// work is memory for the rounds.
type work struct {
	sums    []uint16   // bound of each block
	entries [][]uint16 // of each sparse list: the entry of each block, counted from 1
	picked  []uint32
	live    [batchBlocks]uint32
	refs    [batchBlocks]simd.Ref
	masks   [batchBlocks]uint32
	lanes   [batchBlocks * blockRows]uint16
	rows    []int
	factors []uint16
	places  []int
}

// segment collects the rows of segment id. Blocks are passed over whose bound,
// times factor, is below the floor; 1 makes that exact.
func (s *searcher) segment(id int, factor float32) {
	s.open(id)
	if len(s.lists) == 0 {
		return
	}
	w := &s.work
	top := s.bound()
	for top > 0 {
		low := max(uint16(float64(top)*roundShare), s.low(factor), 1)
		if low > top {
			break
		}
		n := simd.SelectRange(w.picked, w.sums, low, top)
		for picked := w.picked[:n]; len(picked) > 0; {
			m := min(len(picked), batchBlocks)
			s.batch(picked[:m], factor)
			picked = picked[m:]
		}
		top = low - 1
	}
	s.forget()
}

// low is the least bound of a block that is worth a visit.
func (s *searcher) low(factor float32) uint16 {
	if factor == 1 {
		return s.best.floor
	}
	return uint16(min(float32(s.best.floor)/factor, 1<<16-1))
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
func (s *searcher) batch(blocks []uint32, factor float32) {
	w, g := &s.work, s.g
	low, n := s.low(factor), 0
	for _, b := range blocks {
		if int(b) < g.blocks && w.sums[b] >= low && (s.visible == nil || s.visible[b] != 0) {
			w.live[n] = b
			n++
		}
	}
	simd.Spread(w.lanes[:], w.sums, w.live[:n])
	if s.visible != nil {
		s.hide(n)
	}
	records, overflow := g.data[secRecords], g.data[secOverflow]
	for i := range s.lists[:s.sparse] {
		l := &s.lists[i]
		m := s.entryRefs(i, w.live[:n])
		simd.Lower(w.lanes[:], w.refs[:m], records[4*l.record:], overflow, l.factor)
	}
	groups := g.stride / simd.RowLanes * 4
	for i := range s.lists[s.sparse:] {
		l := &s.lists[s.sparse+i]
		if i > 0 && i%listsBefore == 0 {
			if n = simd.Keep(w.lanes[:], w.live[:n], s.low(factor)); n == 0 {
				return
			}
		}
		row, counts := g.data[secRows][int(l.list)*g.stride:][:g.stride], g.data[secCounts][int(l.list)*groups:][:groups]
		m := simd.Locate(w.refs[:], row, counts, records[4*l.record:], w.live[:n])
		simd.Lower(w.lanes[:], w.refs[:m], records[4*l.record:], overflow, l.factor)
	}
	s.take(n)
}

// entryRefs writes the Refs of the blocks that sparse list i has.
func (s *searcher) entryRefs(i int, live []uint32) int {
	w, l := &s.work, &s.lists[i]
	entries := w.entries[i]
	maxima := s.g.data[secMaxima][l.list:][:l.blocks]
	n := 0
	for j, b := range live {
		if e := entries[b]; e != 0 {
			w.refs[n] = simd.NewRef(uint32(e)-1, j, maxima[e-1])
			n++
		}
	}
	return n
}

// hide sets the lanes of rows that are not visible to 0, where Lower leaves them.
func (s *searcher) hide(n int) {
	w := &s.work
	for i, b := range w.live[:n] {
		for hidden := ^s.visible[b]; hidden != 0; hidden &= hidden - 1 {
			w.lanes[i*blockRows+bits.TrailingZeros32(hidden)] = 0
		}
	}
}

// take collects the lanes of the first n live blocks, now exact, that reach the
// floor.
func (s *searcher) take(n int) {
	w := &s.work
	simd.Reach(w.masks[:n], w.lanes[:], s.best.floor)
	for i, lanes := range w.masks[:n] {
		for ; lanes != 0; lanes &= lanes - 1 {
			lane := bits.TrailingZeros32(lanes)
			place := w.live[i]*blockRows + uint32(lane)
			if count := w.lanes[i*blockRows+lane]; count >= s.best.floor && int(place) < s.g.rows {
				s.best.add(count, rowKey(count, s.id, place))
			}
		}
	}
}

// A finder looks up the 8-bit weights of one term.
type finder struct {
	g *Segment
	t term
}

// code is the weight at a place, 0 for none.
func (f *finder) code(place uint32) byte {
	g, t := f.g, &f.t
	block, at := place/blockRows, uint32(0)
	if t.dense {
		row := g.data[secRows][int(t.list)*g.stride:][:g.stride]
		if row[block] == 0 {
			return 0
		}
		group := block / simd.RowLanes
		at = le.Uint32(g.data[secCounts][(int(t.list)*(g.stride/simd.RowLanes)+int(group))*4:])
		at += nonZero(row[group*simd.RowLanes : block])
	} else {
		blocks := g.data[secBlocks][2*t.list:][:2*t.blocks]
		lo, hi := 0, int(t.blocks)
		for lo < hi {
			if mid := (lo + hi) / 2; uint32(le.Uint16(blocks[2*mid:])) < block {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		if lo == int(t.blocks) || uint32(le.Uint16(blocks[2*lo:])) != block {
			return 0
		}
		at = uint32(lo)
	}
	at = min(at, t.blocks-1)
	record := le.Uint32(g.data[secRecords][4*(t.record+at):])
	lane := place % blockRows
	if record>>30 != 3 {
		if record&31 == lane {
			return byte(record >> 10)
		}
		if record>>31 != 0 && record>>5&31 == lane {
			return byte(record >> 18)
		}
		return 0
	}
	over := g.data[secOverflow]
	start := min(int(record&(1<<30-1)), len(over)-tail)
	lanes := le.Uint32(over[start:])
	if lanes>>lane&1 == 0 {
		return 0
	}
	return over[start+4+bits.OnesCount32(lanes&(1<<lane-1))]
}

// nonZero counts the bytes that are not 0.
func nonZero(row []byte) uint32 {
	n := uint32(0)
	for ; len(row) >= 8; row = row[8:] {
		x := le.Uint64(row)
		x |= x >> 4
		x |= x >> 2
		x |= x >> 1
		n += uint32(bits.OnesCount64(x & 0x0101010101010101))
	}
	for _, b := range row {
		n += uint32(b2u(b != 0))
	}
	return n
}

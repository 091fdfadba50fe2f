package impact

import (
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
)

const (
	nearBlocks = 64  // blocks that are scored before the first look at the floor
	nearShare  = .7  // of the highest bound, from which blocks are sorted
	nearSorted = 512 // blocks that are sorted at most
)

// nearMore is how many rows beyond k are scored with all terms.
func nearMore(k int) int { return 10 + k/10 }

// near collects rows of segment id by the heaviest terms of the query, block after
// block as bounds fall, until a bound times how.factor is below the floor.
func (s *searcher) near(id int, how setting) {
	s.open(id, how.mass)
	if len(s.lists) == 0 || !s.shows() {
		return
	}
	top := s.bound()
	if s.best.K() <= nearSorted/4 {
		top = s.highest(top, how.factor)
	}
	s.rounds(top, how.factor)
	s.forget()
}

// highest takes the blocks with the highest bounds, the highest first, and returns
// the bound from which on others are left. Few blocks are what most queries need.
func (s *searcher) highest(top uint16, factor float32) uint16 {
	w := &s.work
	low := max(uint16(float64(top)*nearShare), 1)
	n := simd.SelectRange(w.picked, w.sums, low, top)
	for n > nearSorted && low < top {
		low += (top - low + 1) / 2
		n = simd.SelectRange(w.picked, w.sums, low, top)
	}
	keys := w.order[:0]
	for _, b := range w.picked[:s.shown(n)] {
		keys = append(keys, uint64(^w.sums[b])<<32|uint64(b))
	}
	w.order = keys
	slices.Sort(keys)
	for size := nearBlocks; len(keys) > 0 && ^uint16(keys[0]>>32) >= s.low(factor); size = min(2*size, batchBlocks) {
		batch := w.picked[:min(len(keys), size)]
		for i := range batch {
			batch[i] = uint32(keys[i])
		}
		slices.Sort(batch) // kernels want them ascending
		s.batch(batch, s.low(factor))
		keys = keys[len(batch):]
	}
	return low - 1
}

// low is the least bound of a block that is worth a visit.
func (s *searcher) low(factor float32) uint16 {
	if factor == 1 {
		return s.best.Floor()
	}
	return uint16(min(float32(s.best.Floor())/factor, 1<<16-1))
}

// least is the weight from which on the terms of the query have the share mass of
// its weight.
func (s *searcher) least(mass float32) float32 {
	if mass >= 1 {
		return 0
	}
	s.weights = append(s.weights[:0], s.query.Weights...)
	slices.Sort(s.weights)
	total, sum := 0.0, 0.0
	for _, w := range s.weights {
		total += float64(w)
	}
	for _, w := range slices.Backward(s.weights) {
		if sum += float64(w); sum >= float64(mass)*total {
			return w
		}
	}
	return 0
}

package vector

import (
	"fmt"
	"math"
	"slices"
)

// entry is one term of a vector that is being read.
type entry struct {
	term   uint32
	weight float32
}

// checkWeight refuses what is no weight.
func checkWeight(term string, w float64) error {
	f := float32(w)
	switch {
	case math.IsNaN(w):
		return fmt.Errorf("%w: term %q weighs NaN", ErrWeight, term)
	case math.IsInf(float64(f), 0):
		return fmt.Errorf("%w: term %q weighs %g, infinite as float32", ErrWeight, term, w)
	case w < 0:
		return fmt.Errorf("%w: term %q weighs %g", ErrWeight, term, w)
	case f == 0:
		return fmt.Errorf("%w: term %q weighs %g, zero as float32; leave it out", ErrWeight, term, w)
	}
	return nil
}

// assemble makes a vector of entries whose weights were checked. It reorders them.
func assemble(entries []entry, name func(uint32) string) (Sparse, error) {
	if len(entries) == 0 {
		return Sparse{}, ErrEmpty
	}
	byTerm := func(a, b entry) int { return int(int64(a.term) - int64(b.term)) }
	if !slices.IsSortedFunc(entries, byTerm) {
		slices.SortFunc(entries, byTerm)
	}
	s := Sparse{Terms: make([]uint32, len(entries)), Weights: make([]float32, len(entries))}
	for i, e := range entries {
		if i > 0 && e.term == entries[i-1].term {
			return Sparse{}, fmt.Errorf("%w: %q", ErrRepeated, name(e.term))
		}
		s.Terms[i], s.Weights[i] = e.term, e.weight
	}
	return s, nil
}

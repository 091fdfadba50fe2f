package search

import (
	"math"
	"math/bits"

	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/internal/simd"
)

// fewLanes is the number of rows of a window up to which looking up each of
// them in a term's postings is cheaper than scoring all postings there.
const fewLanes = 5

// maxCandidates is the number of candidates that are looked up together.
const maxCandidates = 1024

// A candidate is a row that may reach the threshold.
type candidate struct {
	row  uint32
	id   uint32  // its scores by term are searcher.parts[id·used:][:used]
	next int32   // the frequent terms before this one are in sum
	sum  float32 // of the scores so far
	rest float32 // what the other terms can add
}

// window looks for candidates in window w, which ends before row hi, when a
// threshold is known. It takes the terms with the heaviest first until what the
// others can add at most lifts few rows to the threshold.
func (s *searcher) window(w, hi uint32) {
	lo := w * index.WindowRows
	need := s.need()
	rare := s.used - s.frequent
	rest := float32(0)
	for _, c := range s.order[rare:] {
		rest += c.unit * float32(c.dense.Bounds[w])
	}
	sums := (*[index.WindowRows]float32)(s.scores[:])
	clear(sums[:])
	s.filled = s.filled[:0]
	for _, c := range s.order[:rare] {
		i := seek(c.rows, c.at, lo)
		c.at = i
		if i == len(c.rows) || c.rows[i] >= hi {
			continue
		}
		lanes := s.lanes(c)
		for ; i < len(c.rows) && c.rows[i] < hi; i++ {
			at := c.rows[i] % index.WindowRows
			lanes[at] = c.scores[i]
			sums[at] += c.scores[i]
		}
	}
	mask := s.mask(w) & (math.MaxUint64 >> (index.WindowRows - (hi - lo))) // what lies behind the last row is no row
	next, alive := 0, 0
	for few := bits.OnesCount64(mask) <= fewLanes; ; next++ {
		if few {
			for ; mask != 0; mask &= mask - 1 {
				s.hits[alive] = uint32(bits.TrailingZeros64(mask))
				alive++
			}
			break
		}
		if least := need - rest; least > 0 {
			alive = s.masked(mask, simd.SelectFrom(s.hits[:], sums[:], least))
			if alive <= fewLanes || next == s.frequent {
				break
			}
		} else if next == s.frequent {
			// Rounding left more than nothing to reach: every row that scores.
			alive = s.masked(mask, simd.SelectFrom(s.hits[:], sums[:], math.SmallestNonzeroFloat32))
			break
		}
		c := s.order[rare+next]
		if bound := c.dense.Bounds[w]; bound != 0 {
			rest -= c.unit * float32(bound)
			c.window(s, lo, hi, s.lanes(c), sums)
		}
	}
	for _, i := range s.hits[:alive] {
		id := len(s.candidates)
		if (id+1)*s.used > len(s.parts) {
			s.parts = append(s.parts, make([]float32, max(4096, s.used))...)
		}
		parts := s.parts[id*s.used:][:s.used]
		clear(parts)
		for _, j := range s.filled {
			parts[j] = s.matrix[j][i]
		}
		s.candidates = append(s.candidates, candidate{lo + i, uint32(id), int32(next), sums[i], max(rest, 0)})
	}
	for _, i := range s.filled {
		s.matrix[i] = [index.WindowRows]float32{}
	}
	if len(s.candidates) >= maxCandidates {
		s.decide()
	}
}

// masked keeps those of the first n hits that mask holds.
func (s *searcher) masked(mask uint64, n int) int {
	if n == 0 || mask == math.MaxUint64 {
		return n
	}
	kept := 0
	for _, i := range s.hits[:n] {
		s.hits[kept] = i
		kept += int(mask >> i & 1)
	}
	return kept
}

// lanes is the row of the matrix for a term: its score for each row of the
// window, zero so far.
func (s *searcher) lanes(c *cursor) *[index.WindowRows]float32 {
	s.filled = append(s.filled, c.number)
	return &s.matrix[c.number]
}

// decide looks the candidates up in the frequent terms that they lack, the
// heaviest term first, and drops those that can no longer reach the threshold.
// Those that stay are scored again in query order, the order that counts.
func (s *searcher) decide() {
	need := s.need()
	list := s.candidates
	for j, c := range s.order[s.used-s.frequent:] {
		c.seekAt = 0
		kept := list[:0]
		for _, x := range list {
			if x.sum+x.rest < need {
				continue
			}
			if x.next <= int32(j) {
				if bound := c.dense.Bounds[x.row/index.WindowRows]; bound != 0 {
					x.rest = max(0, x.rest-c.unit*float32(bound))
					if part := c.lookup(s, x.row); part != 0 {
						x.sum += part
						s.parts[int(x.id)*s.used+c.number] = part
					}
				}
			}
			kept = append(kept, x)
		}
		list = kept
	}
	for _, x := range list {
		if x.sum+x.rest < need {
			continue
		}
		sum := float32(0)
		for _, part := range s.parts[int(x.id)*s.used:][:s.used] {
			sum += part
		}
		s.offer(x.row, sum)
	}
	s.candidates = s.candidates[:0]
}

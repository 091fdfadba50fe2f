package search

import (
	"math"

	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/internal/topk"
)

// low is the least bound at which a window can still hold a hit.
func (s *searcher) low() uint16 {
	if s.best.Floor() == 0 {
		if s.frequent == 0 {
			return 2
		}
		return 1
	}
	return uint16(min(max(int(float64(s.need())*s.scale), 1), math.MaxUint16))
}

// need is a little less than the least score of a hit, by what sums in another
// order may differ.
func (s *searcher) need() float32 {
	return s.best.MinScore() * (1 - 1e-5 - 2e-7*float32(s.used))
}

// rounds visits the windows by falling bound: a few of the best first, to find
// a threshold, then 64 times as many, then nearly always the rest. More rounds
// would visit fewer windows but decode the same blocks again and again.
func (s *searcher) rounds() {
	enough := (4 + s.best.K()/16) * s.thin
	low := s.low()
	for top := simd.Max(s.sums); top >= low; {
		floor, n := top, 0
		for {
			if step := floor/8 + 1; floor-low > step {
				floor -= step
			} else {
				floor = low
			}
			n = simd.SelectRange(s.picked, s.sums, floor, top)
			if n >= enough || floor == low {
				break
			}
		}
		s.visit(s.picked[:n], low)
		s.best.Settle()
		low, top, enough = s.low(), floor-1, 64*enough
	}
}

// visit scores ascending windows.
func (s *searcher) visit(windows []uint32, low uint16) {
	for _, c := range s.cursors[:s.used] {
		c.at = 0
	}
	rows := uint32(len(s.codes))
	for len(windows) > 0 && windows[len(windows)-1]*index.WindowRows >= rows {
		windows = windows[:len(windows)-1] // sums has room for a multiple of simd.Lanes
	}
	if s.best.Floor() == 0 || s.wide(len(windows)) {
		s.spans(windows, low)
		return
	}
	for _, w := range windows {
		if s.sums[w] >= low {
			s.window(w, min((w+1)*index.WindowRows, rows))
			low = s.low()
			s.sums[w] = 0
		}
	}
	s.decide()
}

// wide says whether scoring whole spans of rows is the cheaper way to visit n
// windows: all postings of the frequent terms there, at a few nanoseconds each,
// against a few lookups a window.
func (s *searcher) wide(n int) bool {
	postings, lookup := 0, lookupCost
	if s.best.K() > topk.SmallK {
		lookup *= 2 // more rows of each window stay in play
	}
	for _, c := range s.order[s.used-s.frequent:] {
		postings += c.dense.DF()
	}
	return spanPosting*postings < (windowCost+lookup*min(s.frequent, 4))*n
}

// Costs in units of about a nanosecond: a posting in a span, a window, and what
// a frequent term adds to it.
const (
	spanPosting = 2
	windowCost  = 40
	lookupCost  = 60
)

// spans scores ascending windows in spans of up to spanRows rows, bridging the
// gaps between them where they lie close.
func (s *searcher) spans(windows []uint32, low uint16) {
	rows := uint32(len(s.codes))
	for i := 0; i < len(windows); {
		w := windows[i]
		i++
		if s.sums[w] < low {
			continue
		}
		end := w + 1
		for ; i < len(windows) && windows[i] <= end+maxBridge && windows[i]-w < spanRows/index.WindowRows; i++ {
			if s.sums[windows[i]] >= low {
				end = windows[i] + 1
			}
		}
		s.span(w*index.WindowRows, min(end*index.WindowRows, rows))
		clear(s.sums[w:end])
		low = s.low()
	}
}

// maxBridge is the number of windows between two that are scored with them.
const maxBridge = 2

// span scores the rows from lo to before hi.
func (s *searcher) span(lo, hi uint32) {
	n := (hi - lo + simd.Lanes - 1) / simd.Lanes * simd.Lanes
	scores := s.scores[:n]
	clear(scores)
	for _, c := range s.cursors[:s.used] {
		if c.frequent {
			c.addBlocks(s, lo, hi)
		} else {
			c.addScores(&s.scores, lo, hi)
		}
	}
	m := simd.SelectFrom(s.hits[:], scores, s.best.MinScore())
	for _, i := range s.hits[:m] {
		if row := lo + i; s.sums[row/index.WindowRows] != 0 {
			s.offer(row, scores[i])
		}
	}
}

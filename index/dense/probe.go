package dense

import (
	"context"
	"math"
	"math/bits"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/internal/topk"
)

// A probe looks into the lists that may hold a row among the best, over all segments in
// one order, so that the first lists raise the floor for the others.
type probe struct {
	q    *query
	best *topk.Collector
	// Of the rotated query:
	tables      []byte
	unit, start float32
	square      float32 // of its length

	sources []probed
	lists   []uint64 // a heap, the greatest first: keys of bounds and of numbers over all sources

	masks  [estimateBlocks]uint32
	sums   [estimateBlocks * blockRows]uint16
	scores [1]float32
	spent  int // work done, in about nanoseconds
}

// probed is a source whose lists are looked into.
type probed struct {
	*Source
	row  uint32 // number of its first row
	list uint32 // of its first list
	how  setting
}

const (
	estimateBlocks = 4   // that one call estimates: the floor rises between calls
	headCost       = 200 // of a block of them
	listCost       = 120
	blockCost      = 130
	rowCost        = 100
	// A filter that lets few rows pass makes exact search cheaper than lists are.
	fewRows = 4096
	// The cheapest of the settings that reached a recall was lucky: it must have
	// found so much more of what is missed.
	leastMore = .15
)

func newProbe(q *query, best *topk.Collector) *probe { return &probe{q: q, best: best} }

// setting is the cheapest shortcut known to reach the recall; false where there is none,
// or no need of one.
func (s *Source) setting(recall float32, k int) (best setting, ok bool) {
	g := s.Segment
	if recall >= 1 || k > tunedK*10 {
		return best, false
	}
	recall += float32((1 - recall) * leastMore)
	for _, x := range g.recalls {
		if x.recall >= recall {
			best, ok = x, true // each is cheaper than those before it
		}
	}
	if ok && s.Visible.Lanes != nil {
		seen := 0
		for _, lane := range s.Visible.Lanes {
			seen += bits.OnesCount32(lane)
		}
		if seen <= fewRows {
			return best, false
		}
	}
	return best, ok
}

// add takes the lists of a source.
func (p *probe) add(src *Source, number uint32, how setting) {
	g := src.Segment
	if p.tables == nil {
		rotated := slices.Clone(p.q.floats)
		g.rotate.apply(rotated)
		p.tables, p.unit, p.start = tables(rotated)
		for _, x := range p.q.floats {
			p.square += float32(x * x)
		}
	}
	first := uint32(0)
	if n := len(p.sources); n > 0 {
		first = p.sources[n-1].list + uint32(len(p.sources[n-1].Segment.lists))
	}
	p.sources = append(p.sources, probed{src, number, first, how})
	simd.DotFloat(p.scores[:], p.q.floats, g.centroid(len(g.lists))) // their mean
	mean := p.scores[0]
	blocks := (len(g.lists) + blockRows - 1) / blockRows
	p.lists = slices.Grow(p.lists, len(g.lists))
	for at := 0; at < blocks; at += estimateBlocks {
		n := min(estimateBlocks, blocks-at)
		slopes := g.data[secSlopes][at*factorBytes:]
		simd.Estimate(p.masks[:n], p.sums[:], g.data[secHeads][at*g.conf.codeBytes():], p.tables, slopes, p.unit, p.start, float32(math.Inf(-1)))
		p.spent += headCost * n
		for i := range min(n*blockRows, len(g.lists)-at*blockRows) {
			l := &g.lists[at*blockRows+i]
			if l.end == l.first {
				continue
			}
			slope := slopes[i/blockRows*factorBytes+4*(i%blockRows):]
			x := float32(float32(p.sums[i])*p.unit) + p.start
			x = float32(x*float(slope)) + float(slope[4*blockRows:]) + mean
			bound := x + float32(how.reach*l.spread*p.away(l, x))
			p.lists = append(p.lists, topk.SignedKey(bound, first+uint32(at*blockRows+i)))
		}
	}
}

// away is |q − c| for the centroid of a list, which scores score.
func (p *probe) away(l *list, score float32) float32 {
	return float32(math.Sqrt(float64(max(0, p.square-2*score+l.square))))
}

func float(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) }

// search looks into the lists whose bounds are not below the floor.
func (p *probe) search(ctx context.Context) error {
	for i := len(p.lists)/2 - 1; i >= 0; i-- {
		p.sink(i)
	}
	for i := 0; len(p.lists) > 0; i++ {
		if i%16 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		key := p.lists[0]
		if floor := p.best.Floor(); floor != 0 && topk.SignedScore(key) < topk.SignedScore(floor) {
			return nil
		}
		last := len(p.lists) - 1
		p.lists[0] = p.lists[last]
		p.lists = p.lists[:last]
		p.sink(0)
		number, s := ^uint32(key), len(p.sources)-1
		for p.sources[s].list > number {
			s--
		}
		p.list(&p.sources[s], number-p.sources[s].list)
	}
	return nil
}

// sink restores the heap below i.
func (p *probe) sink(i int) {
	h := p.lists
	for {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && h[child+1] > h[child] {
			child++
		}
		if h[i] >= h[child] {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}

// list estimates the rows of a list and scores those that can be among the best.
func (p *probe) list(s *probed, number uint32) {
	g := s.Segment
	l := &g.lists[number]
	simd.DotFloat(p.scores[:], p.q.floats, g.centroid(int(number)))
	p.spent += listCost
	score := p.scores[0]
	start := p.start + float32(deviation*s.how.deviations*p.away(l, score))
	for at := 0; at < l.blocks(); at += estimateBlocks {
		n := min(estimateBlocks, l.blocks()-at)
		least := float32(math.Inf(-1))
		if floor := p.best.Floor(); floor != 0 {
			least = topk.SignedScore(floor) - score
		}
		block := l.block + at
		simd.Estimate(p.masks[:n], p.sums[:], g.data[secCodes][block*g.conf.codeBytes():], p.tables, g.data[secFactors][block*factorBytes:], p.unit, start, least)
		p.spent += blockCost * n
		for b, mask := range p.masks[:n] {
			place := l.first + (at+b)*blockRows
			mask &= s.Visible.From(uint32(place))
			if left := l.end - place; left < blockRows {
				mask &= 1<<left - 1
			}
			for ; mask != 0; mask &= mask - 1 {
				at := place + bits.TrailingZeros32(mask)
				g.score(p.scores[:], p.q, at)
				p.spent += rowCost
				if key := topk.SignedKey(p.scores[0], s.row+g.rowAt(at)); key > p.best.Floor() {
					p.best.Add(key)
				}
			}
		}
	}
}

package dense

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/internal/topk"
)

// A probe looks into the lists of the best centroids, over all segments in one order,
// so that the first lists raise the floor for the others.
type probe struct {
	q    *query
	best *topk.Collector
	// Of the rotated query:
	tables      []byte
	unit, start float32
	square      float32 // of its length

	heads, near topk.Collector // centroids by estimate, by score
	lists       []probed

	masks  [estimateBlocks]uint32
	sums   [estimateBlocks * blockRows]uint16
	scores [1]float32
	spent  int // work done, in about nanoseconds
}

// probed is a list to be looked into.
type probed struct {
	*list
	source     *Source
	number     uint32 // of the source's first row
	score      float32
	deviations float32
}

const (
	estimateBlocks = 4 // that one call estimates: the floor rises between calls
	headsEach      = 2 // centroids that are scored for each list that is looked into
	headsMore      = 24
	headCost       = 60 // of a block of them
	listCost       = 60
	blockCost      = 150
	rowCost        = 100
	// A filter that lets few rows pass makes exact search cheaper than lists are.
	fewRows = 4096
)

func newProbe(q *query, best *topk.Collector) *probe { return &probe{q: q, best: best} }

// setting is the cheapest shortcut known to reach the recall; false where there is none,
// or no need of one.
func (s *Source) setting(recall float32, k int) (best setting, ok bool) {
	g := s.Segment
	if recall >= 1 || k > tunedK*10 {
		return best, false
	}
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
		// The best of fewer rows lie farther away.
		share := float64(seen) / float64(g.rows)
		best.lists = int(math.Ceil(float64(best.lists) / math.Sqrt(min(1, share))))
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
	p.near.Reset(how.lists)
	score := func(i uint32) {
		simd.DotFloat(p.scores[:], p.q.floats, g.centroid(int(i)))
		p.spent += listCost
		p.near.Add(topk.SignedKey(p.scores[0], i))
	}
	if n := headsEach*how.lists + headsMore; n < len(g.lists) {
		p.heads.Reset(n)
		p.estimate(g)
		for _, key := range p.heads.Sorted() {
			score(^uint32(key))
		}
	} else {
		for i := range g.lists {
			score(uint32(i))
		}
	}
	for _, key := range p.near.Sorted() {
		l := &g.lists[^uint32(key)]
		if l.end > l.first {
			p.lists = append(p.lists, probed{l, src, number, topk.SignedScore(key), how.deviations})
		}
	}
}

// estimate collects the heads that seem best, by their codes around the mean of all.
func (p *probe) estimate(g *Segment) {
	blocks := (len(g.lists) + blockRows - 1) / blockRows
	for at := 0; at < blocks; at += estimateBlocks {
		n := min(estimateBlocks, blocks-at)
		least := float32(math.Inf(-1))
		if floor := p.heads.Floor(); floor != 0 {
			least = topk.SignedScore(floor)
		}
		factors := g.data[secSlopes][at*factorBytes:]
		simd.Estimate(p.masks[:n], p.sums[:], g.data[secHeads][at*g.conf.codeBytes():], p.tables, factors, p.unit, p.start, least)
		p.spent += headCost * n
		for b, mask := range p.masks[:n] {
			first := (at + b) * blockRows
			if left := len(g.lists) - first; left < blockRows {
				mask &= 1<<left - 1
			}
			f := factors[b*factorBytes:]
			for ; mask != 0; mask &= mask - 1 {
				i := bits.TrailingZeros32(mask)
				x := float32(float32(p.sums[b*blockRows+i])*p.unit) + p.start
				x = float32(x*float(f[4*i:])) + float(f[4*(blockRows+i):])
				if key := topk.SignedKey(x, uint32(first+i)); key > p.heads.Floor() {
					p.heads.Add(key)
				}
			}
		}
	}
}

func float(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) }

// search looks into all lists.
func (p *probe) search(ctx context.Context) error {
	slices.SortFunc(p.lists, func(a, b probed) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.number, b.number), cmp.Compare(a.first, b.first))
	})
	for i := range p.lists {
		if i%16 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		p.list(&p.lists[i])
	}
	return nil
}

// list estimates the rows of a list and scores those that can be among the best.
func (p *probe) list(l *probed) {
	g := l.source.Segment
	away := float32(math.Sqrt(float64(max(0, p.square-2*l.score+l.square)))) // |q − c|
	start := p.start + float32(deviation*l.deviations*away)
	for at := 0; at < l.blocks(); at += estimateBlocks {
		n := min(estimateBlocks, l.blocks()-at)
		least := float32(math.Inf(-1))
		if floor := p.best.Floor(); floor != 0 {
			least = topk.SignedScore(floor) - l.score
		}
		block := l.block + at
		simd.Estimate(p.masks[:n], p.sums[:], g.data[secCodes][block*g.conf.codeBytes():], p.tables, g.data[secFactors][block*factorBytes:], p.unit, start, least)
		p.spent += blockCost * n
		for b, mask := range p.masks[:n] {
			place := l.first + (at+b)*blockRows
			mask &= l.source.Visible.From(uint32(place))
			if left := l.end - place; left < blockRows {
				mask &= 1<<left - 1
			}
			for ; mask != 0; mask &= mask - 1 {
				at := place + bits.TrailingZeros32(mask)
				g.score(p.scores[:], p.q, at)
				p.spent += rowCost
				if key := topk.SignedKey(p.scores[0], l.number+g.rowAt(at)); key > p.best.Floor() {
					p.best.Add(key)
				}
			}
		}
	}
}

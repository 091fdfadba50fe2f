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

	centers []float32 // scratch: scores of centroids
	lists   []probed

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
	listCost       = 50
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
	if p.tables == nil {
		rotated := slices.Clone(p.q.floats)
		newRotation(len(rotated)).apply(rotated)
		p.tables, p.unit, p.start = tables(rotated)
		for _, x := range p.q.floats {
			p.square += float32(x * x)
		}
	}
	g := src.Segment
	p.centers = slices.Grow(p.centers[:0], len(g.lists))[:len(g.lists)]
	simd.DotFloat(p.centers, p.q.floats, g.data[secCenters])
	p.spent += listCost * len(g.lists)
	var floor float32
	if n := min(how.lists, len(g.lists)); n < len(g.lists) {
		sorted := slices.Clone(p.centers)
		slices.Sort(sorted)
		floor = sorted[len(sorted)-n]
	} else {
		floor = float32(math.Inf(-1))
	}
	for i := range g.lists {
		if p.centers[i] >= floor && g.lists[i].end > g.lists[i].first {
			p.lists = append(p.lists, probed{&g.lists[i], src, number, p.centers[i], how.deviations})
		}
	}
}

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

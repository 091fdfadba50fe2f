package dense

import (
	"context"
	"fmt"
	"math"
	"math/bits"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// Source is what is searched.
type Source struct {
	Segment *Segment
	// Visible says which rows can be hits; the zero Mask means all of them.
	Visible topk.Mask
}

// query is a query as rows are multiplied by it.
type query struct {
	floats []float32
	steps  []int16 // for rows of bytes, of size step
	step   float32
	sums   []int32 // scratch
}

func newQuery(v vector.Dense, c Config) *query {
	q := &query{floats: make([]float32, c.padded())}
	copy(q.floats, v)
	most := simd.QuerySteps(c.padded())
	q.step = stepOf(v, float32(most))
	q.steps, q.sums = make([]int16, len(q.floats)), make([]int32, scanRows)
	for i, x := range v {
		q.steps[i] = int16(steps(x, q.step))
	}
	return q
}

// score sets dst to the scores of the rows from first on, up to scanRows of them.
func (s *Segment) score(dst []float32, q *query, first int) {
	rows := s.row(first, len(dst))
	switch s.conf.Bits {
	case 32:
		simd.DotFloat(dst, q.floats, rows)
	case 16:
		simd.DotHalf(dst, q.floats, rows)
	case 8:
		sums := q.sums[:len(dst)]
		simd.DotByte(sums, q.steps, rows)
		for i, sum := range sums {
			dst[i] = float32(float32(float32(sum)*s.scale(first+i)) * q.step)
		}
	}
}

// scanRows is how many rows are scored at once.
const scanRows = topk.MaskPlaces

// Rank returns the k rows of all sources that score best; a hit's Segment is the
// place of its source. The query is valid. It looks at ctx now and then.
func Rank(ctx context.Context, sources []Source, v vector.Dense, k int, recall float32) (topk.Ranking, error) {
	r := topk.Ranking{Exact: true, Recall: 1}
	var numbers topk.Numbering
	for i := range sources {
		c := sources[i].Segment.conf
		if len(v) != c.Dims {
			return r, fmt.Errorf("%w: the query has %d numbers, the vectors of the field %d", vector.ErrFormat, len(v), c.Dims)
		}
		if c != sources[0].Segment.conf {
			return r, fmt.Errorf("%w: segments store the field's vectors differently", vector.ErrKind)
		}
		numbers.Add(sources[i].Segment.rows)
	}
	if k = int(min(uint64(max(k, 0)), numbers.Len())); k == 0 {
		return r, ctx.Err()
	}
	if numbers.Len() > math.MaxUint32 { // keys number rows in 32 bits
		return r, fmt.Errorf("dense: %d vectors are more than can be ranked", numbers.Len())
	}
	q := newQuery(v, sources[0].Segment.conf)
	var best topk.Collector
	best.Reset(k)
	near := newProbe(q, &best)
	for i := range sources {
		how, ok := sources[i].setting(recall, k)
		if ok {
			near.add(&sources[i], uint32(numbers.First(i)), how)
			r.Exact, r.Recall = false, min(r.Recall, how.recall)
			continue
		}
		if err := sources[i].scan(ctx, q, uint32(numbers.First(i)), &best); err != nil {
			return r, err
		}
	}
	if err := near.search(ctx); err != nil {
		return r, err
	}
	r.Hits = numbers.Hits(best.Sorted(), topk.SignedScore)
	return r, nil
}

// scan scores all visible rows; first is the number of the first.
func (s *Source) scan(ctx context.Context, q *query, first uint32, best *topk.Collector) error {
	g := s.Segment
	var scores [scanRows]float32
	for at := 0; at < g.rows; at += scanRows {
		if at%(1<<12) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		n := min(scanRows, g.rows-at)
		visible := s.Visible.From(uint32(at)) & uint32(1<<n-1)
		if bits.OnesCount32(visible) > scanRows/4 {
			g.score(scores[:n], q, at)
		} else {
			for left := visible; left != 0; left &= left - 1 {
				i := bits.TrailingZeros32(left)
				g.score(scores[i:i+1], q, at+i)
			}
		}
		for left := visible; left != 0; left &= left - 1 {
			i := bits.TrailingZeros32(left)
			if key := topk.SignedKey(scores[i], first+g.rowAt(at+i)); key > best.Floor() {
				best.Add(key)
			}
		}
	}
	return nil
}

// Exhaustive is Rank by the plain sum of every product: the oracle. A row of bytes is
// multiplied in whole numbers.
func Exhaustive(sources []Source, v vector.Dense, k int) []topk.Hit {
	var hits []topk.Hit
	for id, src := range sources {
		g := src.Segment
		q := newQuery(v, g.conf)
		for row := range g.rows {
			place := int(g.place(uint32(row)))
			if !src.Visible.Has(uint32(place)) {
				continue
			}
			var score float32
			if stored := g.Vector(uint32(row)); g.conf.Bits == 8 {
				sum := int64(0)
				for i := range stored {
					sum += int64(q.steps[i]) * int64(int8(g.row(place, 1)[i]))
				}
				score = float32(float32(float32(sum)*g.scale(place)) * q.step)
			} else {
				var lanes [simd.DotStep]float32
				for i, x := range stored {
					lanes[i%simd.DotStep] += float32(q.floats[i] * x)
				}
				for half := simd.DotStep / 2; half > 0; half /= 2 {
					for i := range half {
						lanes[i] += lanes[i+half]
					}
				}
				score = lanes[0]
			}
			hits = append(hits, topk.Hit{Row: topk.Row{Segment: id, Row: uint32(row)}, Score: score})
		}
	}
	return topk.Best(hits, k)
}

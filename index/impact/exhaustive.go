package impact

import (
	"context"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// Exhaustive is TopK at recall 1 by scoring every posting: the oracle, and what
// TopK does where bounds say nothing.
func Exhaustive(sources []Source, query vector.Sparse, k int) []topk.Hit {
	hits, _ := exhaustive(context.Background(), sources, query, k) // only a context gives errors
	return hits
}

func exhaustive(ctx context.Context, sources []Source, query vector.Sparse, k int) ([]topk.Hit, error) {
	var hits []topk.Hit
	for id := range sources {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		src := &sources[id]
		g := src.Segment
		for place, score := range g.scores(query) {
			if score > 0 && src.Visible.Has(uint32(place)) {
				hits = append(hits, topk.Hit{Row: topk.Row{Segment: id, Row: g.row(uint32(place))}, Score: score})
			}
		}
	}
	return topk.Best(hits, k), nil
}

// scores is the score of every place.
func (g *Segment) scores(query vector.Sparse) []float32 {
	scores := make([]float32, g.rows)
	if g.conf.Precision != Bits8 {
		places := make([]int, query.Len())
		for j, name := range query.Terms {
			place, ok := g.lookup(name)
			if !ok {
				place = -1
			}
			places[j] = place
		}
		for place := range scores {
			scores[place] = g.dot(g.row(uint32(place)), places, query.Weights)
		}
		return scores
	}
	for j, name := range query.Terms {
		if at, ok := g.lookup(name); ok {
			t, weight := g.term(at), query.Weights[j]
			g.codes(t, func(place uint32, code byte) {
				scores[place] += float32(weight * float32(float32(code)*t.unit))
			})
		}
	}
	return scores
}

package search

import (
	"context"

	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/internal/topk"
)

// Exhaustive scores every posting of every term: the slow form that defines
// what TopK returns.
func Exhaustive(sources []Source, terms []Term, stats Stats, p Params, k int) []topk.Hit {
	hits, _ := exhaustive(context.Background(), sources, terms, stats, p, k) // only a context gives errors
	return hits
}

func exhaustive(ctx context.Context, sources []Source, terms []Term, stats Stats, p Params, k int) ([]topk.Hit, error) {
	if k <= 0 {
		return nil, ctx.Err()
	}
	w := weights(nil, terms, &stats)
	var hits []topk.Hit
	for si := range sources {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s := &sources[si]
		v := s.Inverted
		norms := index.Norms(v.Lengths(), p.K1, p.B, uint64(stats.Rows), stats.TotalLength)
		scores := make([]float32, v.Rows())
		for i, t := range terms {
			if w[i] == 0 {
				continue
			}
			list, _ := v.Lookup(t.Text)
			for row, tf := range list.All() {
				scores[row] += score(w[i], float32(tf), norms[v.Codes()[row]])
			}
		}
		for row, x := range scores {
			if x > 0 && s.visible(uint32(row)) {
				hits = append(hits, topk.Hit{Row: topk.Row{Segment: si, Row: uint32(row)}, Score: x})
			}
		}
	}
	return topk.Best(hits, k), nil
}

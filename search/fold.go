package search

import (
	"context"
	"math"

	"github.com/tamis-search/tamis/internal/neardup"
	"github.com/tamis-search/tamis/internal/topk"
)

// Folded ranks as Of does, less the hits that nearly repeat a better one.
type Folded struct {
	Of Ranker
	// Shingles are those of a hit's text, as package neardup makes them. It is asked
	// once for each hit that is looked at.
	Shingles func(topk.Hit) ([]uint64, error)
}

// Rank is that of Ranker. It takes the hits of Of, best first, and looks further
// down until there are k.
func (f *Folded) Rank(ctx context.Context, k int) (topk.Ranking, error) {
	shingles := map[topk.Row][]uint64{}
	out := topk.Ranking{Exact: true, Recall: 1}
	for depth := double(k); ; depth = double(depth) {
		r, err := f.Of.Rank(ctx, depth)
		if err != nil {
			return topk.Ranking{}, err
		}
		out.Exact, out.Recall = out.Exact && r.Exact, min(out.Recall, r.Recall)
		out.Hits = nil
		var fold neardup.Folder
		for i, h := range r.Hits {
			if len(out.Hits) >= k {
				break
			}
			if err := ctx.Err(); err != nil {
				return topk.Ranking{}, err
			}
			list, ok := shingles[h.Row]
			if !ok {
				if list, err = f.Shingles(h); err != nil {
					return topk.Ranking{}, err
				}
				shingles[h.Row] = list
			}
			if fold.Twin(list) < 0 {
				fold.Keep(i, list)
				out.Hits = append(out.Hits, h)
			}
		}
		if len(out.Hits) >= k || len(r.Hits) < depth {
			return out, nil
		}
	}
}

// double is twice k, as far as an int can hold that.
func double(k int) int {
	if k > math.MaxInt/2 {
		return math.MaxInt
	}
	return 2 * k
}

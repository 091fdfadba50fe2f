package search

import (
	"context"
	"fmt"

	"github.com/tamis-search/tamis/index/dense"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// A Ranker finds the rows that answer one question best: the rows of one unit, by
// one kind of score. What combines or changes rankings is a Ranker of rankers.
type Ranker interface {
	// Rank returns the k best rows, k being of any size; fewer where fewer answer
	// at all. Long work looks at ctx now and then, and ends with its error.
	Rank(ctx context.Context, k int) (topk.Ranking, error)
}

// Text ranks by BM25, exactly: see TopK.
type Text struct {
	Sources []Source // by segment
	Terms   []Term
	Stats   Stats
	Params  Params
}

// Rank is that of Ranker.
func (t *Text) Rank(ctx context.Context, k int) (topk.Ranking, error) {
	hits, err := rank(ctx, t.Sources, t.Terms, t.Stats, t.Params, k)
	return topk.Ranking{Hits: hits, Exact: true, Recall: 1}, err
}

// VectorSource is the vectors of a field in one segment.
type VectorSource struct {
	Segment int // that hits name
	Vectors *segment.Vectors
	// Visible says which of the vectors can be hits.
	Visible topk.Mask
}

// Vectors ranks by the inner product with a vector. Its hits are rows of the unit
// of the field.
type Vectors struct {
	Sources []VectorSource // by segment
	Query   vector.Value   // valid, of the field's kind
	// Recall, up to 1, is the share of the best 10 rows that must be found; below 1
	// the ranking may be approximate.
	Recall float32
}

// Rank is that of Ranker. The error wraps vector.ErrKind for a query of another kind
// than the vectors.
func (v *Vectors) Rank(ctx context.Context, k int) (topk.Ranking, error) {
	r, err := v.rank(ctx, k)
	if err != nil {
		return topk.Ranking{}, err
	}
	for i, h := range r.Hits {
		s := v.Sources[h.Segment]
		r.Hits[i].Row = topk.Row{Segment: s.Segment, Row: s.Vectors.Row(h.Row.Row)}
	}
	return r, nil
}

// rank ranks rows of the sources' vectors.
func (v *Vectors) rank(ctx context.Context, k int) (topk.Ranking, error) {
	if len(v.Sources) == 0 {
		return topk.Ranking{Exact: true, Recall: 1}, ctx.Err()
	}
	for _, s := range v.Sources {
		if v.Query.Kind() != s.Vectors.Kind() {
			return topk.Ranking{}, fmt.Errorf("%w: a %s vector, where those of the field are %s ones", vector.ErrKind, v.Query.Kind(), s.Vectors.Kind())
		}
	}
	switch query := v.Query.(type) {
	case vector.Dense:
		sources := make([]dense.Source, len(v.Sources))
		for i, s := range v.Sources {
			sources[i] = dense.Source{Segment: s.Vectors.Dense, Visible: s.Visible}
		}
		return dense.Rank(ctx, sources, query, k, v.Recall)
	case vector.Multi:
		sources := make([]dense.MultiSource, len(v.Sources))
		for i, s := range v.Sources {
			sources[i] = dense.MultiSource{Segment: s.Vectors.Multi, Visible: s.Visible}
		}
		return dense.RankMulti(ctx, sources, query, k, v.Recall)
	case vector.Sparse:
		sources := make([]impact.Source, len(v.Sources))
		for i, s := range v.Sources {
			sources[i] = impact.Source{Segment: s.Vectors.Sparse, Visible: s.Visible}
		}
		return impact.Rank(ctx, sources, query, k, v.Recall)
	}
	return topk.Ranking{}, fmt.Errorf("%w: %s vectors are not searched", vector.ErrKind, v.Query.Kind())
}

package shapes

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/tamis-search/tamis/index/dense"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// recalls are those that a field of token vectors is asked for.
var recalls = [...]float32{1, .9, .95, .98}

// multiShapes is MaxSim over token vectors of 8 bits: over all, and by lists.
func multiShapes(made iter.Seq2[vector.Value, error], queries []vector.Value) ([]shape, error) {
	var b *dense.MultiBuilder
	for v, err := range made {
		if err != nil {
			return nil, err
		}
		m := v.(vector.Multi)
		if b == nil {
			b = dense.NewMultiBuilder(dense.Config{Dims: vector.Dims(m), Bits: 8})
		}
		if err := b.Add(m); err != nil {
			return nil, err
		}
	}
	if b == nil {
		return nil, errors.New("there are no vectors of tokens")
	}
	data, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	s, err := dense.OpenMulti(data)
	if err != nil {
		return nil, err
	}
	var all []shape
	for _, recall := range recalls {
		name := "MaxSim, exact"
		if recall < 1 {
			name = fmt.Sprintf("MaxSim, recall %g", recall)
		}
		all = append(all, shape{name: name, bytes: s.Size(), mask: s.Mask,
			rank: func(ctx context.Context, query, k int, mask topk.Mask) ([]topk.Hit, error) {
				r, err := dense.RankMulti(ctx, []dense.MultiSource{{Segment: s, Visible: mask}}, queries[query].(vector.Multi), k, recall)
				return r.Hits, err
			}})
	}
	return all, nil
}

// numbers is dense vectors of so many bits a number, ranked exactly.
func numbers(name string, bits int, rows, queries []vector.Dense) (shape, error) {
	b := dense.NewBuilder(dense.Config{Dims: len(rows[0]), Bits: bits})
	for _, v := range rows {
		if err := b.Add(v); err != nil {
			return shape{}, err
		}
	}
	data, err := b.Bytes()
	if err != nil {
		return shape{}, err
	}
	s, err := dense.Open(data)
	if err != nil {
		return shape{}, err
	}
	return shape{name: name, bytes: len(rows) * len(rows[0]) * bits / 8, mask: s.Mask,
		rank: func(ctx context.Context, query, k int, mask topk.Mask) ([]topk.Hit, error) {
			r, err := dense.Rank(ctx, []dense.Source{{Segment: s, Visible: mask}}, queries[query], k, 1)
			return r.Hits, err
		}}, nil
}

// weights is sparse vectors in an inverted index, ranked exactly.
func weights(name string, p impact.Precision, rows, queries []vector.Sparse) (shape, error) {
	b := impact.NewBuilder(impact.Config{Precision: p})
	for _, v := range rows {
		if _, err := b.Add(v); err != nil {
			return shape{}, err
		}
	}
	data, err := b.Bytes()
	if err != nil {
		return shape{}, err
	}
	s, err := impact.Open(data)
	if err != nil {
		return shape{}, err
	}
	return shape{name: name, bytes: s.Size(), mask: s.Mask,
		rank: func(ctx context.Context, query, k int, mask topk.Mask) ([]topk.Hit, error) {
			r, err := impact.Rank(ctx, []impact.Source{{Segment: s, Visible: mask}}, queries[query], k, 1)
			return r.Hits, err
		}}, nil
}

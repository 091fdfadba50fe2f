package shapes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tamis-search/tamis/encode/autoencoder"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/vector"
)

// actives are of how many features vectors are made.
var actives = [...]int{16, 64}

// featureShapes is what the features of dense vectors stand for, searched as vectors of 8 bits a
// number, and the features themselves in an inverted index (package autoencoder). Features are
// learned of the documents, as those of an index are; too few documents have none.
func featureShapes(ctx context.Context, rows, queries []vector.Dense, seed uint64) (all []shape, err error) {
	for _, active := range actives {
		m, err := dictionary(ctx, rows, autoencoder.Options{Active: active, Seed: seed})
		if errors.Is(err, autoencoder.ErrFew) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		codes, err := m.Encode(rows)
		if err != nil {
			return nil, err
		}
		asked, err := m.Encode(queries)
		if err != nil {
			return nil, err
		}
		var back []vector.Dense
		for i, c := range codes {
			v, ok := m.Decode(c).Unit()
			if !ok {
				v = rows[i]
			}
			back = append(back, v)
		}
		of := fmt.Sprintf("%d of %d features", active, m.Features)
		decoded, err := numbers("8 bits, made again of "+of, 8, back, queries)
		if err != nil {
			return nil, err
		}
		own, err := weights(of+", 8 bits", impact.Bits8, coded(codes), coded(asked))
		if err != nil {
			return nil, err
		}
		all = append(all, decoded, own)
	}
	return all, nil
}

// dictionary is features of vectors; fewer may be active than asked for where there are few.
func dictionary(ctx context.Context, rows []vector.Dense, o autoencoder.Options) (*autoencoder.Model, error) {
	t, err := autoencoder.Start(rows, o)
	if err != nil {
		return nil, err
	}
	return t.Model(), t.Run(ctx, nil)
}

// coded are codes as sparse vectors.
func coded(codes [][]autoencoder.Activation) []vector.Sparse {
	out := make([]vector.Sparse, len(codes))
	for i, c := range codes {
		c = slices.Clone(c)
		slices.SortFunc(c, func(a, b autoencoder.Activation) int { return cmp.Compare(a.Feature, b.Feature) })
		for _, a := range c {
			out[i].Terms = append(out[i].Terms, uint32(a.Feature))
			out[i].Weights = append(out[i].Weights, a.Weight)
		}
	}
	return out
}

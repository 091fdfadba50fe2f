package shapes

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

var sliced = [...]int{64, 256, 768}

// sparseShapes is learned sparse vectors in an inverted index, with weights of 32 and 8
// bits, and made dense.
func sparseShapes(made iter.Seq2[vector.Value, error], asked []vector.Value, seed uint64) ([]shape, error) {
	v := vector.NewVocabulary()
	var rows, queries []vector.Sparse
	for x, err := range made {
		if err != nil {
			return nil, err
		}
		row, err := numbered(v, x)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	for _, x := range asked {
		q, err := numbered(v, x)
		if err != nil {
			return nil, err
		}
		queries = append(queries, q)
	}
	exact, err := weights("inverted index, 32 bits", impact.Float32, rows, queries)
	if err != nil {
		return nil, err
	}
	eight, err := weights("inverted index, 8 bits", impact.Bits8, rows, queries)
	if err != nil {
		return nil, err
	}
	all := []shape{exact, eight}
	for _, n := range sliced {
		all = append(all, densified(n, rows, queries, seed))
	}
	return all, nil
}

// numbered is a vector by words with numbers for them.
func numbered(v *vector.Vocabulary, x vector.Value) (vector.Sparse, error) {
	named, ok := x.(vector.Named)
	if !ok {
		return vector.Sparse{}, fmt.Errorf("a %s vector, where there were to be weights of words", x.Kind())
	}
	var terms []uint32
	var weights []float32
	for word, w := range named {
		terms, weights = append(terms, v.Add(word)), append(weights, w)
	}
	return vector.New(terms, weights)
}

// densified is sparse vectors as slices of the vocabulary, of each the greatest weight and
// which of the slice's terms has it, a byte each (Lin and Lin, A Dense Representation Framework
// for Lexical and Semantic Matching, TOIS 2023). Slices are multiplied where the terms are
// the same: the gated inner product.
func densified(n int, rows, queries []vector.Sparse, seed uint64) shape {
	most, greatest := uint32(0), float32(0)
	for _, v := range rows {
		for i, t := range v.Terms {
			most, greatest = max(most, t), max(greatest, v.Weights[i])
		}
	}
	// Terms are dealt at random, so that slices have as many of the frequent ones.
	order := rand.New(rand.NewPCG(seed, uint64(n))).Perm(int(most) + 1)
	place := func(t uint32) (slice int, index byte, ok bool) {
		if int(t) >= len(order) {
			return 0, 0, false
		}
		// Terms beyond 256 of a slice share indexes.
		return order[t] % n, byte(order[t] / n), true
	}
	values, indexes := make([]byte, n*len(rows)), make([]byte, n*len(rows))
	for row, v := range rows {
		for i, t := range v.Terms {
			slice, index, _ := place(t)
			step := byte(max(1, v.Weights[i]/greatest*255+.5))
			if at := row*n + slice; step > values[at] {
				values[at], indexes[at] = step, index
			}
		}
	}
	type asked struct {
		slice  int
		index  byte
		weight float32
	}
	return shape{name: name("value and index, slices:", n), bytes: 2 * len(values), mask: plain(len(rows)),
		rank: func(_ context.Context, query, k int, mask topk.Mask) ([]topk.Hit, error) {
			best := map[int]asked{}
			q := queries[query]
			for i, t := range q.Terms {
				if slice, index, ok := place(t); ok && q.Weights[i] > best[slice].weight {
					best[slice] = asked{slice, index, q.Weights[i]}
				}
			}
			var list []asked
			for slice := range n {
				if a, ok := best[slice]; ok {
					list = append(list, a)
				}
			}
			return scan(len(rows), k, mask, func(row int) float32 {
				sum := float32(0)
				v, x := values[row*n:][:n], indexes[row*n:][:n]
				for _, a := range list {
					if x[a.slice] == a.index {
						sum += float32(v[a.slice]) * a.weight
					}
				}
				return sum
			}), nil
		}}
}

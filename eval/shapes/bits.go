package shapes

import (
	"context"
	"iter"
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

var (
	narrow = [...]int{32, 64, 128, 256} // numbers of a random projection
	wide   = [...]int{4096, 16384}      // bits of a code
)

// activeOf is of how many bits one is set in a code of the strongest.
const activeOf = 32

// denseShapes is dense vectors of 32 and 8 bits a number, fewer numbers, one bit a number,
// codes of thousands of bits, numbers beside those that imitate words, and features.
func denseShapes(ctx context.Context, made iter.Seq2[vector.Value, error], asked []vector.Value, w *words, seed uint64) (all []shape, err error) {
	var rows, queries []vector.Dense
	for v, err := range made {
		if err != nil {
			return nil, err
		}
		rows = append(rows, v.(vector.Dense))
	}
	for _, v := range asked {
		queries = append(queries, v.(vector.Dense))
	}
	add := func(s shape, failed error) {
		all = append(all, s)
		if err == nil {
			err = failed
		}
	}
	dims := len(rows[0])
	add(numbers("32 bits a number", 32, rows, queries))
	add(numbers("8 bits a number", 8, rows, queries))
	for _, n := range narrow {
		if n < dims {
			p := newProjection(dims, n, seed)
			add(numbers(name("8 bits, projected to", n), 8, p.all(rows), p.all(queries)))
		}
	}
	p := newProjection(dims, dims, seed)
	all = append(all, codes("signs of the projection,", p, signs, rows, queries))
	for _, n := range wide {
		p := newProjection(dims, n, seed)
		all = append(all, codes("signs, bits:", p, signs, rows, queries))
		all = append(all, codes("strongest of bits:", p, strongest, rows, queries))
	}
	beside, query := w.beside(rows, queries)
	add(numbers(name("8 bits beside words in", w.width), 8, beside, query))
	if err != nil {
		return nil, err
	}
	features, err := featureShapes(ctx, rows, queries, seed)
	return append(all, features...), err
}

// projection is a random map, whose numbers are normal.
type projection struct {
	in, out int
	packed  []float32
}

func newProjection(in, out int, seed uint64) *projection {
	rng := rand.New(rand.NewPCG(seed, uint64(out)))
	numbers := make([]float32, in*out)
	for i := range numbers {
		numbers[i] = float32(rng.NormFloat64())
	}
	p := &projection{in: in, out: out, packed: make([]float32, in*simd.Padded(out))}
	simd.Pack(p.packed, in, out, func(i, j int) float32 { return numbers[i*out+j] })
	return p
}

func (p *projection) of(v vector.Dense) vector.Dense {
	wide := simd.Padded(p.out)
	out := make(vector.Dense, wide)
	simd.Multiply(out, wide, v, p.in, p.packed, make([]float32, wide), 1, p.in, p.out)
	return out[:p.out]
}

func (p *projection) all(vs []vector.Dense) []vector.Dense {
	out := make([]vector.Dense, len(vs))
	for i, v := range vs {
		out[i] = p.of(v)
	}
	return out
}

// signs sets the bits of the positive numbers.
func signs(v vector.Dense) []uint64 {
	code := make([]uint64, (len(v)+63)/64)
	for i, x := range v {
		if x > 0 {
			code[i/64] |= 1 << (i % 64)
		}
	}
	return code
}

// strongest sets the bits of the greatest numbers (Dasgupta et al., A neural algorithm for a
// fundamental computing problem, Science 2017).
func strongest(v vector.Dense) []uint64 {
	code := make([]uint64, (len(v)+63)/64)
	keys := make([]uint64, len(v))
	for i, x := range v {
		keys[i] = topk.SignedKey(x, uint32(i))
	}
	topk.Select(keys, len(v)/activeOf)
	for _, key := range keys[:len(v)/activeOf] {
		i := ^uint32(key)
		code[i/64] |= 1 << (i % 64)
	}
	return code
}

// codes is one bit a number of a projection of vectors from which their mean is taken, ranked
// by how few bits differ from those of a query.
func codes(of string, p *projection, code func(vector.Dense) []uint64, rows, queries []vector.Dense) shape {
	mean := make([]float64, p.in)
	for _, v := range rows {
		for i, x := range v {
			mean[i] += float64(x) / float64(len(rows))
		}
	}
	coded := func(v vector.Dense) []uint64 {
		v = slices.Clone(v)
		for i := range v {
			v[i] -= float32(mean[i])
		}
		return code(p.of(v))
	}
	words := (p.out + 63) / 64
	all := make([]uint64, 0, len(rows)*words)
	for _, v := range rows {
		all = append(all, coded(v)...)
	}
	return shape{name: name(of, p.out), bytes: 8 * len(all), mask: plain(len(rows)),
		rank: func(_ context.Context, query, k int, mask topk.Mask) ([]topk.Hit, error) {
			asked := coded(queries[query])
			return scan(len(rows), k, mask, func(row int) float32 { return -float32(differ(asked, all[row*words:][:words])) }), nil
		}}
}

// differ counts the bits that differ.
func differ(a, b []uint64) (n int) {
	b = b[:len(a)]
	for i, x := range a {
		n += bits.OnesCount64(x ^ b[i])
	}
	return n
}

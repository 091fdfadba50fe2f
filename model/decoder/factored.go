package decoder

import (
	"fmt"

	"github.com/tamis-search/tamis/internal/simd"
)

// factored is a product whose weights are a low-rank matrix and some whole input channels (LOST, Li et al. 2025):
// W = out · in + sparse, where sparse is nothing but in the columns of channels. Both are one product over what the
// first gives and the channels' inputs, side by side: rank + channels numbers instead of Width. A folder has, in the
// place of NAME.weight, NAME.low_in.weight (rank × inputs), NAME.low_out.weight (outputs × rank), NAME.sparse.weight
// (outputs × channels) and NAME.channels.weight (which inputs these are).
type factored struct {
	at       int    // the first of the outputs, among those of the whole
	in       matrix // inputs → rank
	channels []int
	out      matrix // rank and channels → outputs; of a part that is not factored, inputs → outputs
}

// factors are the endings of names in the place of a weight's.
var factors = []string{".low_in", ".low_out", ".sparse", ".channels"}

// factored says whether a part of a product is.
func (l *loader) factored(parts []part) bool {
	for _, p := range parts {
		if l.has(p.name + ".low_in.weight") {
			return true
		}
	}
	return false
}

// factors puts products side by side some of which are factored.
func (l *loader) factors(in int, parts []part) matrix {
	m := matrix{in: in}
	for _, p := range parts {
		f := factored{at: m.out}
		if m.out += p.out; !l.has(p.name + ".low_in.weight") {
			f.out = l.matrix(in, p)
		} else {
			l.factor(in, p, &f)
		}
		m.parts = append(m.parts, f)
	}
	return m
}

func (l *loader) factor(in int, p part, f *factored) {
	low, _ := l.set.Tensor(p.name + ".low_in.weight")
	chosen, ok := l.set.Tensor(p.name + ".channels.weight")
	if l.err == nil && (len(low.Shape) != 2 || low.Shape[0] < 1 || !ok || len(chosen.Shape) != 1) {
		l.err = fmt.Errorf("tensor %s.low_in.weight is a matrix, and goes with %s.channels.weight, a list of inputs", p.name, p.name)
	}
	if l.err != nil {
		return
	}
	rank, n := low.Shape[0], chosen.Shape[0]
	f.in = l.product(in, l.tensor(p.name+".low_in.weight", rank, in))
	for _, c := range l.floats(p.name+".channels.weight", n) {
		if c != float32(int(c)) || c < 0 || int(c) >= in {
			l.err = fmt.Errorf("tensor %s.channels.weight holds %g, which is none of %d inputs", p.name, c, in)
			return
		}
		f.channels = append(f.channels, int(c))
	}
	out, sparse := l.floats(p.name+".low_out.weight", p.out, rank), l.floats(p.name+".sparse.weight", p.out, n)
	f.out = matrix{in: rank + n, out: p.out, bias: make([]float32, simd.Padded(p.out)+simd.Columns)}
	if p.biased {
		copy(f.out.bias, l.floats(p.name+".bias", p.out))
	}
	if l.err != nil {
		return
	}
	f.out.w = make([]float32, f.out.in*simd.Padded(p.out))
	simd.Pack(f.out.w, f.out.in, p.out, func(i, j int) float32 {
		if i < rank {
			return out[j*rank+i]
		}
		return sparse[j*n+i-rank]
	})
}

// products computes y = x · m for a product of parts. Rows of y stand Padded(m.out) apart.
func (d *Decoder) products(r *room, m *matrix, y, x []float32, rows int) {
	columns := simd.Padded(m.out)
	for i := range m.parts {
		f := &m.parts[i]
		from := x
		if f.in.out > 0 {
			rank, width := simd.Padded(f.in.out), f.out.in
			low, joined := make([]float32, rows*rank), make([]float32, rows*width)
			d.product(r, &f.in, low, x, rows)
			for i := range rows {
				row := joined[i*width:][:width]
				copy(row, low[i*rank:][:f.in.out])
				for j, c := range f.channels {
					row[f.in.out+j] = x[i*m.in+c]
				}
			}
			from = joined
		}
		stride := simd.Padded(f.out.out)
		part := make([]float32, rows*stride)
		d.product(r, &f.out, part, from, rows)
		for i := range rows {
			copy(y[i*columns+f.at:], part[i*stride:][:f.out.out])
		}
	}
}

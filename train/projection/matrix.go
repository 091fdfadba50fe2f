package projection

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
)

// matrix is a projection, packed as products want it.
type matrix struct {
	in, width int
	packed    []float32
	bias      []float32
	raised    []float32
}

// newMatrix packs rows of in numbers.
func newMatrix(rows []float32, in int) *matrix {
	m := &matrix{in: in, width: len(rows) / in}
	columns := simd.Padded(m.width)
	m.packed, m.bias = make([]float32, in*columns), make([]float32, columns)
	simd.Pack(m.packed, in, m.width, func(i, j int) float32 { return rows[j*in+i] })
	return m
}

// projected are the vectors of a text's tokens, of length 1.
type projected struct {
	n, width int
	unit     []float32
}

func (m *matrix) project(r *read) *projected {
	m.raised = r.raise(m.raised)
	columns := simd.Padded(m.width)
	p := &projected{n: r.n, width: columns, unit: make([]float32, r.n*columns)}
	simd.Multiply(p.unit, columns, m.raised, m.in, m.packed, m.bias, r.n, m.in, columns)
	for i := range r.n {
		row := p.unit[i*columns : (i+1)*columns]
		n := float32(math.Sqrt(float64(dot(row, row))))
		if n == 0 {
			continue
		}
		for j := range row {
			row[j] /= n
		}
	}
	return p
}

// maxSim is the mean of the greatest cosine of each of the question's tokens.
func maxSim(q, p *projected) (score float64) {
	columns := simd.Padded(p.n)
	packed, products := make([]float32, p.width*columns), make([]float32, q.n*columns)
	simd.Pack(packed, p.width, p.n, func(i, j int) float32 { return p.unit[j*p.width+i] })
	simd.Multiply(products, columns, q.unit, q.width, packed, make([]float32, columns), q.n, q.width, columns)
	for i := range q.n {
		score += float64(slices.Max(products[i*columns : i*columns+p.n]))
	}
	return score / float64(q.n)
}

func dot(a, b []float32) (sum float32) {
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}

// mean is the mean state of a text, of length 1.
func mean(r *read, in int) []float32 {
	m := make([]float32, in)
	for i, h := range r.states {
		m[i%in] += simd.FromHalf(h)
	}
	if n := float32(math.Sqrt(float64(dot(m, m)))); n > 0 {
		for i := range m {
			m[i] /= n
		}
	}
	return m
}

const rounds = 40 // of the subspace iteration

// directions are orthonormal rows in which states have most of their squares, and the share of these
// that they keep.
func directions(in, width int, all []*read, seed uint64) (rows []float32, kept float64, err error) {
	square := make([]float64, in*in)
	var raised []float32
	for _, r := range all {
		raised = r.raise(raised)
		for at := 0; at < len(raised); at += in {
			x := raised[at : at+in]
			for i, a := range x {
				row := square[i*in:]
				for j, b := range x[:i+1] {
					row[j] += float64(a) * float64(b)
				}
			}
		}
	}
	trace := 0.
	for i := range in {
		trace += square[i*in+i]
		for j := range i {
			square[j*in+i] = square[i*in+j]
		}
	}
	if !(trace > 0) || math.IsInf(trace, 0) {
		return nil, 0, errors.New("the encoder's states are nothing, or not numbers: its weights are damaged")
	}
	draw := rand.New(rand.NewPCG(seed, 0x70726f6a))
	basis := make([][]float64, width)
	for i := range basis {
		basis[i] = make([]float64, in)
		for j := range basis[i] {
			basis[i][j] = draw.NormFloat64()
		}
	}
	for round := range rounds {
		if round > 0 {
			for i, b := range basis {
				basis[i] = times(square, b)
			}
		}
		orthonormal(basis)
	}
	for _, b := range basis {
		for i, x := range times(square, b) {
			kept += x * b[i]
		}
		for _, x := range b {
			rows = append(rows, float32(x))
		}
	}
	return rows, kept / trace, nil
}

func times(square, x []float64) []float64 {
	y := make([]float64, len(x))
	for i := range y {
		row := square[i*len(x) : (i+1)*len(x)]
		for j, a := range x {
			y[i] += row[j] * a
		}
	}
	return y
}

// orthonormal makes rows orthonormal, one after the other, twice, since once leaves what rounding left.
func orthonormal(rows [][]float64) {
	for i, x := range rows {
		for range 2 {
			for _, y := range rows[:i] {
				p := 0.
				for k, a := range x {
					p += a * y[k]
				}
				for k, a := range y {
					x[k] -= p * a
				}
			}
		}
		n := 0.
		for _, a := range x {
			n += a * a
		}
		if n = math.Sqrt(n); n > 0 {
			for k := range x {
				x[k] /= n
			}
		}
	}
}

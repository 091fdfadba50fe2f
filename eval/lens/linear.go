package lens

import (
	"math"
	"math/rand/v2"

	"github.com/tamis-search/tamis/internal/simd"
)

// penalties are those of squared weights of maps from layer to layer, as shares of the variance that a number of a
// state has.
var penalties = []float64{1e-4, .1}

// affine is y = (x - from) / scale · map + to.
type affine struct {
	from, scale, to []float64
	packed          []float32 // the map, as simd.Pack has it
	in, out         int
}

// rows are numbers, so many a row.
type rows struct {
	width int
	x     []float32
}

func (r rows) at(i int) []float32 { return r.x[i*r.width:][:r.width] }

// fit finds the affine map from rows of x to rows of y that leaves least behind (ridge regression), of those
// rows that are named.
func fit(x, y rows, of []int, penalty float64) *affine {
	m := &affine{in: x.width, out: y.width}
	m.from, m.scale = moments(x, of)
	m.to, _ = moments(y, of)
	gram := make([]float64, m.in*m.in)
	mixed := make([]float64, m.in*m.out)
	const block = 256
	for at := 0; at < len(of); at += block {
		some := of[at:min(at+block, len(of))]
		// Both lie with a column a row of x, so that sums run over the rows.
		a := make([]float32, m.in*len(some))
		for t, i := range some {
			for j, v := range x.at(i) {
				a[j*len(some)+t] = float32((float64(v) - m.from[j]) / m.scale[j])
			}
		}
		add(gram, a, m.in, m.in, len(some), func(t, j int) float32 { return a[j*len(some)+t] })
		add(mixed, a, m.in, m.out, len(some), func(t, j int) float32 { return float32(float64(y.at(some[t])[j]) - m.to[j]) })
	}
	for j := range m.in {
		gram[j*m.in+j] += penalty*float64(len(of)) + 1e-9
	}
	solve(gram, mixed, m.in, m.out)
	m.packed = make([]float32, m.in*simd.Padded(m.out))
	simd.Pack(m.packed, m.in, m.out, func(i, j int) float32 { return float32(mixed[i*m.out+j]) })
	return m
}

// add adds a · b to sums: a has m rows of k numbers, b is k × n.
func add(sums []float64, a []float32, m, n, k int, b func(i, j int) float32) {
	packed, out, none := make([]float32, k*simd.Padded(n)), make([]float32, m*simd.Padded(n)), make([]float32, simd.Padded(n))
	simd.Pack(packed, k, n, b)
	simd.Multiply(out, simd.Padded(n), a, k, packed, none, m, k, n)
	for i := range m {
		for j, v := range out[i*simd.Padded(n):][:n] {
			sums[i*n+j] += float64(v)
		}
	}
}

// moments are the means of columns, and by how much numbers differ from them; 1 where they do not.
func moments(r rows, of []int) (mean, deviation []float64) {
	mean, deviation = make([]float64, r.width), make([]float64, r.width)
	for _, i := range of {
		for j, v := range r.at(i) {
			mean[j] += float64(v) / float64(len(of))
		}
	}
	for _, i := range of {
		for j, v := range r.at(i) {
			deviation[j] += (float64(v) - mean[j]) * (float64(v) - mean[j]) / float64(len(of))
		}
	}
	for j, v := range deviation {
		if deviation[j] = math.Sqrt(v); v < 1e-18 {
			deviation[j] = 1
		}
	}
	return mean, deviation
}

// solve sets b, n × m, to the inverse of a times b. a is symmetric and positive; it becomes its factor
// (Cholesky).
func solve(a, b []float64, n, m int) {
	for i := range n {
		for j := range i + 1 {
			x := a[i*n+j]
			for k, v := range a[j*n:][:j] {
				x -= float64(a[i*n+k] * v)
			}
			if i == j {
				a[i*n+i] = math.Sqrt(max(x, 1e-12))
			} else {
				a[i*n+j] = x / a[j*n+j]
			}
		}
	}
	less := func(i, k int, by float64) {
		into, from := b[i*m:][:m], b[k*m:][:m]
		for c, v := range from {
			into[c] -= float64(by * v)
		}
	}
	over := func(i int) {
		for c := range b[i*m:][:m] {
			b[i*m+c] /= a[i*n+i]
		}
	}
	for i := range n {
		for k := range i {
			less(i, k, a[i*n+k])
		}
		over(i)
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			less(i, k, a[k*n+i])
		}
		over(i)
	}
}

// of sets out, a row of rows each, to what the map makes of some rows.
func (m *affine) of(x rows, some []int) rows {
	in, wide := make([]float32, len(some)*m.in), simd.Padded(m.out)
	for t, i := range some {
		for j, v := range x.at(i) {
			in[t*m.in+j] = float32((float64(v) - m.from[j]) / m.scale[j])
		}
	}
	bias := make([]float32, wide)
	for j, v := range m.to {
		bias[j] = float32(v)
	}
	out := rows{m.out, make([]float32, len(some)*wide)}
	simd.Multiply(out.x, wide, in, m.in, m.packed, bias, len(some), m.in, m.out)
	for t := range some {
		copy(out.x[t*m.out:][:m.out], out.x[t*wide:][:m.out])
	}
	out.x = out.x[:len(some)*m.out]
	return out
}

// left is the square of what a map leaves of each of some rows of y.
func (m *affine) left(x, y rows, some []int) []float64 {
	made, out := m.of(x, some), make([]float64, len(some))
	for t, i := range some {
		for j, v := range y.at(i) {
			d := float64(v) - float64(made.at(t)[j])
			out[t] += float64(d * d)
		}
	}
	return out
}

// crossed fits maps to each half of some rows and says what they leave of the other, and of their own. Which penalty
// is used for a half is what leaves less of the other one, by the map that did not see that.
func crossed(x, y rows, halves [2][]int) (left, own [2][]float64) {
	best := [2]float64{math.Inf(1), math.Inf(1)}
	for _, p := range penalties {
		var of, in [2][]float64
		for h := range halves {
			m := fit(x, y, halves[h], p)
			of[1-h], in[1-h] = m.left(x, y, halves[1-h]), m.left(x, y, halves[h])
		}
		for h := range halves {
			if s := sum(of[1-h]); s < best[h] {
				best[h], left[h], own[h] = s, of[h], in[h]
			}
		}
	}
	return left, own
}

func sum(v []float64) (s float64) {
	for _, x := range v {
		s += x
	}
	return s
}

// more is what rows of x have more than those of y.
func more(x, y rows) rows {
	out := rows{x.width, make([]float32, len(x.x))}
	for i, v := range x.x {
		out.x[i] = v - y.x[i]
	}
	return out
}

// varied is the sum of squares of some rows around their mean.
func varied(y rows, some []int) (sum float64) {
	mean, _ := moments(y, some)
	for _, i := range some {
		for j, v := range y.at(i) {
			d := float64(v) - mean[j]
			sum += float64(d * d)
		}
	}
	return sum
}

// anisotropy is the share of the variance of some rows that lies in the one direction in which they vary
// most: the greatest singular value of the centred rows, squared, over the sum of all squares.
func anisotropy(x rows, some []int) float64 {
	mean, _ := moments(x, some)
	total := varied(x, some)
	if total == 0 {
		return 0
	}
	random := rand.New(rand.NewPCG(1, 0x616e69))
	v := make([]float64, x.width)
	for j := range v {
		v[j] = random.NormFloat64()
	}
	greatest := 0.0
	for range 25 {
		next, length := make([]float64, x.width), 0.0
		for _, i := range some {
			at := 0.0
			for j, c := range x.at(i) {
				at += float64((float64(c) - mean[j]) * v[j])
			}
			for j, c := range x.at(i) {
				next[j] += float64((float64(c) - mean[j]) * at)
			}
		}
		for _, c := range next {
			length += float64(c * c)
		}
		if length = math.Sqrt(length); length == 0 {
			return 0
		}
		norm := 0.0
		for j := range v {
			norm += float64(v[j] * v[j])
		}
		greatest = length / math.Sqrt(norm)
		for j := range v {
			v[j] = next[j] / length
		}
	}
	return greatest / total
}

// dimension is how many numbers would do to say where rows lie, by how much further the second nearest is
// than the nearest (Facco et al. 2017, two-NN); rows that are the same count once. 0 where there are too few.
func dimension(x rows, some []int) float64 {
	sum, n := 0.0, 0
	for _, i := range some {
		first, second := math.Inf(1), math.Inf(1)
		for _, j := range some {
			d := 0.0
			a, b := x.at(i), x.at(j)
			for k, v := range a {
				e := float64(v - b[k])
				d += float64(e * e)
			}
			switch {
			case d == 0 || d == first:
			case d < first:
				first, second = d, first
			case d < second:
				second = d
			}
		}
		if !math.IsInf(second, 1) {
			sum += math.Log(second/first) / 2
			n++
		}
	}
	if n < 3 || sum == 0 {
		return 0
	}
	return float64(n) / sum
}

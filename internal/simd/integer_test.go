package simd

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestMultiplyInt8 compares both forms bit for bit, and the vector form with the
// product of the numbers before they were rounded.
func TestMultiplyInt8(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	for _, shape := range [][3]int{{1, 16, 16}, {2, 32, 17}, {3, 48, 48}, {4, 16, 40}, {5, 64, 48}, {6, 16, 16}, {13, 1536, 35}} {
		m, k, n := shape[0], shape[1], shape[2]
		a, w, bias := randoms(rng, m*k), randoms(rng, k*n), randoms(rng, Padded(n))
		clear(a[:k])
		b, scales := make([]int8, k*Padded(n)), make([]float32, Padded(n))
		PackInt8(b, scales, k, n, func(j int) []float32 {
			column := make([]float32, k)
			for i := range column {
				column[i] = w[i*n+j]
			}
			return column
		})
		run := func() []float32 {
			q, rows, c := make([]int16, m*k), make([]float32, m), make([]float32, m*Padded(n))
			for i := range m {
				rows[i] = Quantize(q[i*k:][:k], a[i*k:][:k])
			}
			MultiplyInt8(c, Padded(n), q, rows, b, scales, bias, m, k, n)
			return c
		}
		got := run()
		for i := range m {
			for j := range n {
				want := float64(bias[j])
				for l := range k {
					want += float64(a[i*k+l]) * float64(w[l*n+j])
				}
				if d := math.Abs(want - float64(got[i*Padded(n)+j])); d > .04*math.Sqrt(float64(k)) {
					t.Fatalf("%v: row %d, column %d off by %g", shape, i, j, d)
				}
			}
		}
		if fma {
			fma = false
			want := run()
			fma = true
			if !slices.Equal(got, want) {
				t.Fatalf("%v: the scalar form differs", shape)
			}
		}
	}
}

// TestPackInt8 compares the layout with what it is said to be, one number after the other.
func TestPackInt8(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 2))
	for _, shape := range [][2]int{{8, 1}, {16, 16}, {24, 17}, {64, 100}, {1536, 384}} {
		k, n := shape[0], shape[1]
		w := randoms(rng, k*n)
		clear(w[:k])
		got, scales := make([]int8, k*Padded(n)), make([]float32, Padded(n))
		PackInt8(got, scales, k, n, func(j int) []float32 { return w[j*k:] })
		want := make([]int8, len(got))
		for j := range n {
			greatest := float32(1e-30)
			for i := range k {
				greatest = max(greatest, float32(math.Abs(float64(w[j*k+i]))))
			}
			if scales[j] != greatest/127 {
				t.Fatalf("%v: column %d has steps of %g, want %g", shape, j, scales[j], greatest/127)
			}
			for i := range k {
				want[j/Columns*Columns*k+i/2*2*Columns+2*(j%Columns)+i%2] = int8(math.RoundToEven(float64(w[j*k+i]) / float64(scales[j])))
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v: another layout", shape)
		}
	}
}

// TestDeepest: the greatest sums that there can be do not overflow.
func TestDeepest(t *testing.T) {
	a, b := slices.Repeat([]float32{-1}, MostDeep), make([]int8, MostDeep*Columns)
	scales, bias, q, c := make([]float32, Columns), make([]float32, Columns), make([]int16, MostDeep), make([]float32, Columns)
	PackInt8(b, scales, MostDeep, Columns, func(int) []float32 { return a })
	MultiplyInt8(c, Columns, q, []float32{Quantize(q, a)}, b, scales, bias, 1, MostDeep, Columns)
	if math.Abs(float64(c[7])-MostDeep) > 1 {
		t.Errorf("%g, want %d", c[7], MostDeep)
	}
}

func BenchmarkMultiplyInt8(b *testing.B) {
	const m, k, n = 126, 384, 1536
	q, w, rows, scales, c := make([]int16, m*k), make([]int8, k*n), make([]float32, m), make([]float32, n), make([]float32, m*n)
	for b.Loop() {
		MultiplyInt8(c, n, q, rows, w, scales, scales, m, k, n)
	}
	b.ReportMetric(2*float64(m*k*n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "Gop/s")
}

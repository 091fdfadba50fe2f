package simd

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// forms8 runs f with each form of the kernels that this machine has, the scalar one last.
func forms8(f func(name string)) {
	hasVNNI, hasFMA := vnni, fma
	defer func() { vnni, fma = hasVNNI, hasFMA }()
	if vnni {
		f("VNNI")
	}
	if vnni = false; fma {
		f("AVX2")
	}
	fma = false
	f("scalar")
}

// TestMultiplyInt8 compares all forms bit for bit, and with the product of the numbers before
// they were rounded.
func TestMultiplyInt8(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	for _, shape := range [][3]int{{1, 16, 16}, {2, 32, 17}, {3, 48, 48}, {4, 16, 40}, {5, 64, 48}, {6, 16, 16}, {13, 1536, 35}, {9, 384, 160}} {
		m, k, n := shape[0], shape[1], shape[2]
		a, w, bias := randoms(rng, m*k), randoms(rng, k*n), randoms(rng, Padded(n))
		clear(a[:k])
		for i := range a[m/2*k : m/2*k+k] { // a row on one side of 0
			a[m/2*k+i] = float32(math.Abs(float64(a[m/2*k+i])))
		}
		var all [][]float32
		forms8(func(name string) {
			b := PackInt8(k, n, func(j int) []float32 {
				column := make([]float32, k)
				for i := range column {
					column[i] = w[i*n+j]
				}
				return column
			})
			var q Rows8
			q.Quantize(a, k)
			c := make([]float32, m*Padded(n))
			b.Multiply(c, Padded(n), &q, 0, m, 0, n, bias)
			for i := range m {
				for j := range n {
					want := float64(bias[j])
					for l := range k {
						want += float64(a[i*k+l]) * float64(w[l*n+j])
					}
					if d := math.Abs(want - float64(c[i*Padded(n)+j])); d > .06*math.Sqrt(float64(k)) {
						t.Fatalf("%v, %s: row %d, column %d off by %g", shape, name, i, j, d)
					}
				}
			}
			part := make([]float32, m*Padded(n))
			copy(part, c)
			from, first := m/2, Padded(n)/Columns/2*Columns
			clear(part[from*Padded(n):])
			b.Multiply(part[from*Padded(n)+first:], Padded(n), &q, from, m-from, first, n-first, bias[first:])
			for i := from; i < m; i++ {
				copy(part[i*Padded(n):][:first], c[i*Padded(n):])
			}
			if !slices.Equal(part, c) {
				t.Fatalf("%v, %s: a part of the rows and columns differs", shape, name)
			}
			all = append(all, c)
			if !slices.Equal(c, all[0]) {
				t.Fatalf("%v: the %s form differs", shape, name)
			}
		})
	}
}

// TestPackInt8 compares the layouts with what they are said to be, one number after the other.
func TestPackInt8(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 2))
	for _, shape := range [][2]int{{8, 1}, {16, 16}, {24, 17}, {64, 100}, {1536, 384}} {
		k, n := shape[0], shape[1]
		w := randoms(rng, k*n)
		clear(w[:k])
		forms8(func(name string) {
			got, group := PackInt8(k, n, func(j int) []float32 { return w[j*k:] }), 2
			if name == "VNNI" {
				group = 4
			}
			want, sums := make([]int8, len(got.steps)), make([]int32, Padded(n))
			for j := range n {
				greatest := float32(1e-30)
				for i := range k {
					greatest = max(greatest, float32(math.Abs(float64(w[j*k+i]))))
				}
				if got.scales[j] != greatest/127 {
					t.Fatalf("%v: column %d has steps of %g, want %g", shape, j, got.scales[j], greatest/127)
				}
				for i := range k {
					s := int8(math.RoundToEven(float64(w[j*k+i]) / float64(got.scales[j])))
					want[j/Columns*Columns*k+i/group*group*Columns+group*(j%Columns)+i%group] = s
					sums[j] += int32(s)
				}
			}
			if !slices.Equal(got.steps, want) || !slices.Equal(got.sums, sums) {
				t.Fatalf("%v, %s: another layout", shape, name)
			}
		})
	}
}

// TestDeepest: the greatest sums that there can be do not overflow.
func TestDeepest(t *testing.T) {
	a, bias, c := slices.Repeat([]float32{-1}, MostDeep), make([]float32, Columns), make([]float32, Columns)
	forms8(func(name string) {
		b := PackInt8(MostDeep, Columns, func(int) []float32 { return a })
		q := Rows8{k: MostDeep, bytes: make([]uint8, MostDeep), steps: slices.Repeat([]int16{-254}, MostDeep), sizes: []float32{1. / 254}, zeros: []int32{254}}
		if b.Multiply(c, Columns, &q, 0, 1, 0, Columns, bias); math.Abs(float64(c[7])-MostDeep) > 1 {
			t.Errorf("%s: %g, want %d", name, c[7], MostDeep)
		}
	})
}

func BenchmarkMultiplyInt8(b *testing.B) {
	const m, k, n = 126, 384, 1536
	rng := rand.New(rand.NewPCG(1, 2))
	x, bias, c := randoms(rng, m*k), make([]float32, n), make([]float32, m*n)
	forms8(func(name string) {
		w := PackInt8(k, n, func(int) []float32 { return x })
		var q Rows8
		q.Quantize(x, k)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				w.Multiply(c, n, &q, 0, m, 0, n, bias)
			}
			b.ReportMetric(2*float64(m*k*n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "Gop/s")
		})
		b.Run(name+"/quantize", func(b *testing.B) {
			for b.Loop() {
				q.Quantize(x, k)
			}
		})
	})
}

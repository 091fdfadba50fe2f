package simd

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

func randoms(rng *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	return v
}

// TestMultiply compares with sums in the same order, bit for bit, and with the
// plain formula within rounding.
func TestMultiply(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	for _, shape := range [][3]int{{1, 1, 1}, {2, 3, 16}, {3, 5, 17}, {4, 32, 40}, {5, 64, 48}, {6, 7, 16}, {7, 33, 30}, {13, 700, 35}, {23, 1100, 16}} {
		m, k, n := shape[0], shape[1], shape[2]
		a, w, bias := randoms(rng, m*k), randoms(rng, k*n), randoms(rng, Padded(n))
		b := make([]float32, k*Padded(n))
		Pack(b, k, n, func(i, j int) float32 { return w[i*n+j] })
		ldc := Padded(n) + 3
		got := make([]float32, m*ldc)
		for i := range got {
			got[i] = 7
		}
		Multiply(got, ldc, a, k, b, bias, m, k, n)
		for i := range m {
			for j := range n {
				want, plain := bias[j], float64(bias[j])
				for l := range k {
					want = multiplyAdd(a[i*k+l], w[l*n+j], want)
					plain += float64(a[i*k+l]) * float64(w[l*n+j])
				}
				if math.Float32bits(want) != math.Float32bits(got[i*ldc+j]) || math.Abs(plain-float64(want)) > 1e-3 {
					t.Fatalf("%v: row %d, column %d: %g, want %g", shape, i, j, got[i*ldc+j], want)
				}
			}
			if !slices.Equal(got[i*ldc+Padded(n):(i+1)*ldc], []float32{7, 7, 7}) {
				t.Fatalf("%v: wrote behind row %d", shape, i)
			}
		}
		if fma {
			fma = false
			scalar := slices.Clone(got)
			Multiply(scalar, ldc, a, k, b, bias, m, k, n)
			fma = true
			if !slices.Equal(scalar, got) {
				t.Fatalf("%v: the scalar form differs", shape)
			}
		}
	}
}

// TestMultiplyAdd compares with exact arithmetic that is rounded once.
func TestMultiplyAdd(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	value := func() float32 {
		return math.Float32frombits(rng.Uint32()&0x807fffff | (100+rng.Uint32N(54))<<23)
	}
	for range 200000 {
		x, y, z := value(), value(), value()
		exact := new(big.Float).SetPrec(300).SetFloat64(float64(x))
		exact.Mul(exact, new(big.Float).SetFloat64(float64(y)))
		exact.Add(exact, new(big.Float).SetFloat64(float64(z)))
		if want, _ := exact.Float32(); want != multiplyAdd(x, y, z) {
			t.Fatalf("%g·%g + %g = %g, want %g", x, y, z, multiplyAdd(x, y, z), want)
		}
	}
}

func BenchmarkMultiply(b *testing.B) {
	for _, s := range [][3]int{{128, 384, 384}, {128, 384, 1536}, {128, 1536, 384}, {512, 384, 1536}, {6, 32, 512}, {6, 512, 32}} {
		b.Run(fmt.Sprint(s), func(b *testing.B) {
			m, k, n := s[0], s[1], s[2]
			rng := rand.New(rand.NewPCG(2, 3))
			x, w, bias, c := randoms(rng, m*k), randoms(rng, k*n), randoms(rng, n), make([]float32, m*n)
			for b.Loop() {
				Multiply(c, n, x, k, w, bias, m, k, n)
			}
			b.ReportMetric(2*float64(m*k*n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "Gflop/s")
		})
	}
}

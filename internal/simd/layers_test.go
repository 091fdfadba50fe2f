package simd

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestLayers compares both forms bit for bit, and each with float64.
func TestLayers(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for n := Vector; n < 400; n += Vector * (1 + rng.IntN(5)) {
		x, y, w, b := randoms(rng, n), randoms(rng, n), randoms(rng, n), randoms(rng, n)
		for i := range x {
			x[i] *= float32(math.Exp2(float64(rng.IntN(9) - 4)))
		}
		x[rng.IntN(n)] = float32(math.Inf(-1))
		exact := softmaxExact(x, .3)
		got, want := slices.Clone(x), slices.Clone(x)
		sum := Softmax(got, .3)
		if s := softmaxScalar(want, .3); s != sum || !slices.Equal(got, want) {
			t.Fatalf("softmax of %d: forms differ: %g, %g", n, sum, s)
		}
		for i := range got {
			if d := float64(got[i])/float64(sum) - exact[i]; math.Abs(d) > 3e-7 {
				t.Fatalf("softmax(%g) off by %g", x[i], d)
			}
		}
		copy(x, randoms(rng, n))
		got, want = slices.Clone(x), slices.Clone(x)
		GELU(got)
		geluScalar(want)
		for i := range got {
			v := float64(x[i])
			if exact := v / 2 * (1 + math.Erf(v/math.Sqrt2)); math.Abs(float64(got[i])-exact) > 1e-6 || math.Float32bits(got[i]) != math.Float32bits(want[i]) {
				t.Fatalf("GELU(%g) = %g and %g, want %g", v, got[i], want[i], exact)
			}
		}
		got, want = slices.Clone(x)[:n-3], slices.Clone(x)[:n-3]
		got[0], want[0] = 100, 100
		Gate(got, y)
		gateScalar(want, y)
		for i := range got {
			v := float64(x[i])
			if i == 0 {
				v = 100
			}
			exact := v / (1 + math.Exp(-v)) * float64(y[i])
			if math.Abs(float64(got[i])-exact) > 3e-7*math.Abs(exact) || got[i] != want[i] {
				t.Fatalf("Gate(%g, %g) = %g and %g, want %g", v, y[i], got[i], want[i], exact)
			}
		}
		got, want = slices.Clone(x), slices.Clone(x)
		AddNorm(got, y, w, b, 1e-5)
		addNormScalar(want, y, w, b, 1/float32(n), 1e-5)
		if !slices.Equal(got, want) {
			t.Fatalf("AddNorm of %d: forms differ", n)
		}
		raised := slices.Clone(x)
		Raise(raised, y)
		for i := range raised {
			if raised[i] != max(x[i], y[i]) {
				t.Fatalf("Raise(%g, %g) = %g", x[i], y[i], raised[i])
			}
		}
		for i, v := range normExact(x, y, w, b, 1e-5) {
			if math.Abs(v-float64(got[i])) > 1e-5 {
				t.Fatalf("AddNorm of %d: %g, want %g", n, got[i], v)
			}
		}
	}
	for _, v := range []float32{0, 50, -50, 1e30, -1e30} {
		x := slices.Repeat([]float32{v}, Vector)
		GELU(x)
		if want := max(v, 0); math.Abs(float64(x[0]-want)) > 1e-6*math.Abs(float64(v)) {
			t.Errorf("GELU(%g) = %g", v, x[0])
		}
	}
}

func softmaxExact(x []float32, scale float64) []float64 {
	out, sum, greatest := make([]float64, len(x)), 0., float64(slices.Max(x))
	for i, v := range x {
		out[i] = math.Exp((float64(v) - greatest) * scale)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

func normExact(x, y, w, b []float32, eps float64) []float64 {
	out, mean, variance := make([]float64, len(x)), 0., 0.
	for i := range x {
		out[i] = float64(x[i]) + float64(y[i])
		mean += out[i] / float64(len(x))
	}
	for _, v := range out {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	for i, v := range out {
		out[i] = (v-mean)/math.Sqrt(variance+eps)*float64(w[i]) + float64(b[i])
	}
	return out
}

package simd

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestOpen: codes of 8 and 4 bits are what they stand for, the same from kernels and from Go.
func TestOpen(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for n := range 40 {
		codes, ranges := make([]byte, n*Columns), make([]Range, n)
		for i := range codes {
			codes[i] = byte(r.Uint32())
		}
		for i := range ranges {
			ranges[i] = Range{float32(r.NormFloat64()), r.Float32() / 100}
		}
		got, want := make([]float32, n*Columns), make([]float32, n*Columns)
		OpenBytes(got, codes, ranges)
		openBytesScalar(want, codes, ranges)
		if !slices.Equal(got, want) {
			t.Fatalf("%d rows of 8 bits differ", n)
		}
		for i, v := range want {
			if exact := float64(ranges[i/Columns].Least) + float64(ranges[i/Columns].Step)*float64(codes[i]); abs(float64(v)-exact) > 1e-6 {
				t.Fatalf("code %d is %g instead of %g", i, v, exact)
			}
		}
		OpenHalfBytes(got, codes[:n*Columns/2], ranges)
		openHalfBytesScalar(want, codes[:n*Columns/2], ranges)
		if !slices.Equal(got, want) {
			t.Fatalf("%d rows of 4 bits differ", n)
		}
		for i, v := range want {
			at, of := i/Columns*Columns/2+i%(Columns/2), ranges[i/Columns]
			code := codes[at] & 15
			if i%Columns >= Columns/2 {
				code = codes[at] >> 4
			}
			if exact := float64(of.Least) + float64(of.Step)*float64(code); abs(float64(v)-exact) > 1e-6 {
				t.Fatalf("half of byte %d is %g instead of %g", at, v, exact)
			}
		}
	}
}

func abs(x float64) float64 { return max(x, -x) }

func BenchmarkOpenBytes(b *testing.B) {
	codes, ranges, dst := make([]byte, 1<<14), make([]Range, 1<<10), make([]float32, 1<<14)
	b.SetBytes(int64(len(codes)))
	for b.Loop() {
		OpenBytes(dst, codes, ranges)
	}
}

package simd

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestDots: products are those of the scalar twin, bit for bit, for any number of rows.
func TestDots(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	for round := range 200 {
		n, rows := DotStep*rng.IntN(40), rng.IntN(9)
		query, floats := make([]float32, n), make([]byte, 4*n*rows)
		halves, bytes, steps := make([]byte, 2*n*rows), make([]byte, n*rows), make([]int16, n)
		for i := range steps {
			steps[i] = int16(rng.IntN(2*QuerySteps(n)+1) - QuerySteps(n))
		}
		for i := range query {
			query[i] = float32(rng.NormFloat64())
		}
		for i := range bytes {
			x := float32(rng.NormFloat64() * math.Pow(10, float64(rng.IntN(6)-3)))
			binary.LittleEndian.PutUint32(floats[4*i:], math.Float32bits(x))
			binary.LittleEndian.PutUint16(halves[2*i:], ToHalf(x))
			bytes[i] = byte(rng.IntN(255) - 127)
		}
		for kind, c := range []struct {
			number func(i int) float32
			fast   func(dst []float32)
		}{
			{func(i int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(floats[4*i:])) }, func(dst []float32) { DotFloat(dst, query, floats) }},
			{func(i int) float32 { return FromHalf(binary.LittleEndian.Uint16(halves[2*i:])) }, func(dst []float32) { DotHalf(dst, query, halves) }},
		} {
			want, got := make([]float32, rows), make([]float32, rows)
			dotScalar(want, query, c.number)
			c.fast(got)
			if !slices.Equal(got, want) {
				t.Fatalf("round %d, kind %d, %d rows of %d: %v, want %v", round, kind, rows, n, got, want)
			}
		}
		want, got := make([]int32, rows), make([]int32, rows)
		dotByteScalar(want, steps, bytes)
		if DotByte(got, steps, bytes); !slices.Equal(got, want) {
			t.Fatalf("round %d, %d rows of %d bytes: %v, want %v", round, rows, n, got, want)
		}
	}
}

// TestHalf: every half-precision float is read as it was written, and a float32 becomes
// the nearest of them.
func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		x := FromHalf(uint16(h))
		if x != x {
			if got := FromHalf(ToHalf(x)); got == got {
				t.Fatalf("%#x is NaN and became %g", h, got)
			}
		} else if got := ToHalf(x); got != uint16(h) {
			t.Fatalf("%#x is %g and became %#x", h, x, got)
		}
	}
	rng := rand.New(rand.NewPCG(2, 2))
	for range 100_000 {
		x := float32(rng.NormFloat64() * math.Pow(2, float64(rng.IntN(44)-26)))
		h := ToHalf(x)
		if math.IsInf(float64(FromHalf(h)), 0) {
			if math.Abs(float64(x)) < 65520 { // half way to what would come next
				t.Fatalf("%g became infinite", x)
			}
			continue
		}
		off := math.Abs(float64(FromHalf(h)) - float64(x))
		for _, other := range []uint16{h - 1, h + 1} {
			y := float64(FromHalf(other))
			if d := math.Abs(y - float64(x)); d < off || d == off && h&1 == 1 {
				if !math.IsNaN(y) && math.Signbit(y) == math.Signbit(float64(x)) {
					t.Fatalf("%g became %g, %g is nearer or even", x, FromHalf(h), y)
				}
			}
		}
	}
}

// TestEstimate: both forms add up the same, and choose the same rows.
func TestEstimate(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 3))
	for round := range 200 {
		blocks, tables := rng.IntN(5), make([]byte, 32*rng.IntN(64))
		codes, factors := make([]byte, blocks*len(tables)), make([]byte, 256*blocks)
		for _, list := range [][]byte{tables, codes} {
			for i := range list {
				list[i] = byte(rng.Uint32())
			}
		}
		for i := 0; i < len(factors); i += 4 {
			binary.LittleEndian.PutUint32(factors[i:], math.Float32bits(float32(rng.NormFloat64())))
		}
		masks, sums := make([]uint32, blocks), make([]uint16, 32*blocks)
		wantMasks, wantSums := slices.Clone(masks), slices.Clone(sums)
		unit, start, least := rng.Float32()/100, float32(rng.NormFloat64()), float32(rng.NormFloat64())
		if round%10 == 0 {
			least = float32(math.Inf(-1))
		}
		Estimate(masks, sums, codes, tables, factors, unit, start, least)
		if len(tables) > 0 {
			estimateScalar(wantMasks, wantSums, codes, tables, factors, unit, start, least)
		}
		if !slices.Equal(masks, wantMasks) || !slices.Equal(sums, wantSums) {
			t.Fatalf("round %d, %d blocks, %d tables: %x, want %x", round, blocks, len(tables)/16, masks, wantMasks)
		}
	}
}

func BenchmarkDense(b *testing.B) {
	const n, rows = 384, 64
	rng := rand.New(rand.NewPCG(2, 4))
	query, floats, halves, bytes := make([]float32, n), make([]byte, 4*n*rows), make([]byte, 2*n*rows), make([]byte, n*rows)
	for i := range query {
		query[i] = rng.Float32()
	}
	dst := make([]float32, rows)
	b.Run("float", func(b *testing.B) {
		for b.Loop() {
			DotFloat(dst, query, floats)
		}
		b.SetBytes(4 * n * rows)
	})
	b.Run("half", func(b *testing.B) {
		for b.Loop() {
			DotHalf(dst, query, halves)
		}
		b.SetBytes(2 * n * rows)
	})
	steps, whole := make([]int16, n), make([]int32, rows)
	b.Run("byte", func(b *testing.B) {
		for b.Loop() {
			DotByte(whole, steps, bytes)
		}
		b.SetBytes(n * rows)
	})
	masks, sums, codes, tables, factors := make([]uint32, 64), make([]uint16, 32*64), make([]byte, 64*16*n/4), make([]byte, 16*n/4), make([]byte, 64*256)
	b.Run("estimate", func(b *testing.B) {
		for b.Loop() {
			Estimate(masks, sums, codes, tables, factors, 1, 1, 1)
		}
		b.SetBytes(int64(len(codes)))
	})
}

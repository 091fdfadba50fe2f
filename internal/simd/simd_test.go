package simd

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// The vector forms equal their scalar twins bit for bit.

func TestUnpack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for width := range 33 {
		for n := 1; n <= BlockSize; n++ {
			src := make([]byte, (n*width+7)/8+Slack)
			for i := range src {
				src[i] = byte(rng.Uint32())
			}
			var want, got [BlockSize]uint32
			add := rng.Uint32N(2)
			unpackScalar(&want, src, width, n, add)
			Unpack(&got, src, width, n, add)
			if !slices.Equal(want[:n], got[:n]) {
				t.Fatalf("width %d, n %d:\n%v\n%v", width, n, want[:n], got[:n])
			}
		}
	}
}

func TestPrefixSum(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= BlockSize; n++ {
		var want [BlockSize]uint32
		for i := range want {
			want[i] = rng.Uint32() >> rng.IntN(32)
		}
		got, first := want, rng.Uint32()
		prefixSumScalar(&want, first, n)
		PrefixSum(&got, first, n)
		if !slices.Equal(want[:n], got[:n]) {
			t.Fatalf("n %d", n)
		}
	}
}

func TestAddBounds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	for n := 16; n < 200; n += 16 {
		want, bounds := make([]uint16, n), make([]byte, n, n+Slack)
		for i := range want {
			want[i], bounds[i] = uint16(rng.Uint32()), byte(rng.Uint32())
		}
		got, factor := slices.Clone(want), uint16(rng.Uint32())
		short := n - rng.IntN(Lanes)
		addBoundsScalar(want, bounds[:short], factor)
		AddBounds(got, bounds[:short], factor)
		if !slices.Equal(want[:short], got[:short]) {
			t.Fatalf("n %d", n)
		}
	}
}

func TestSelect(t *testing.T) { tiers(t, testSelect) }

func testSelect(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	for n := 0; n < 400; n += 16 {
		v, f := make([]uint16, n), make([]float32, n)
		for i := range v {
			v[i] = uint16(rng.Uint32N(1 << (1 + rng.IntN(16))))
			f[i] = float32(rng.IntN(4))
		}
		if a, b := maxScalar(v), Max(v); a != b {
			t.Fatalf("n %d: maximum %d, %d", n, a, b)
		}
		want, got := make([]uint32, n), make([]uint32, n)
		for _, low := range []uint16{0, 1, 7, 1000, 65535} {
			for _, high := range []uint16{0, 9, 999, 65535} {
				a, b := selectRangeScalar(want, v, low, high), SelectRange(got, v, low, high)
				if a != b || !slices.Equal(want[:a], got[:b]) {
					t.Fatalf("n %d, %d to %d: %v, %v", n, low, high, want[:a], got[:b])
				}
			}
		}
		for _, low := range []float32{0, 1e-45, 1, 2, 9} {
			a, b := selectFromScalar(want, f, low), SelectFrom(got, f, low)
			if a != b || !slices.Equal(want[:a], got[:b]) {
				t.Fatalf("n %d, from %g: %v, %v", n, low, want[:a], got[:b])
			}
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	src := bytes.Repeat([]byte{0xA5, 3, 0x77}, 200)
	var rows, tfs [BlockSize]uint32
	for b.Loop() {
		Unpack(&rows, src, 5, BlockSize, 1)
		Unpack(&tfs, src, 2, BlockSize, 1)
		PrefixSum(&rows, 7, BlockSize)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/BlockSize, "ns/posting")
}

func TestBetween(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 5))
	var v [BlockSize]uint32
	for range 1000 {
		for i := range v {
			v[i] = rng.Uint32() >> (1 + rng.IntN(31))
		}
		low, high := v[rng.IntN(len(v))], rng.Uint32()>>(1+rng.IntN(31))
		a, b := betweenScalar(&v, low, high)
		if d := Below(&v, high); d != b {
			t.Fatalf("below %d: %d, %d", high, b, d)
		}
		if c, d := Between(&v, low, high); a != c || b != d {
			t.Fatalf("below %d: %d, %d; below %d: %d, %d", low, a, c, high, b, d)
		}
	}
}

func TestImpacts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 6))
	codes := make([]byte, 5000)
	for i := range codes {
		codes[i] = byte(rng.Uint32())
	}
	var norms [256]float32
	for i := range norms {
		norms[i] = rng.Float32() * 9
	}
	for range 300 {
		var rows, tfs [BlockSize]uint32
		row := uint32(0)
		for i := range rows {
			row += 1 + rng.Uint32N(30)
			rows[i], tfs[i] = row, 1+rng.Uint32()>>(1+rng.IntN(31))
		}
		from, to := rng.IntN(BlockSize), rng.IntN(BlockSize+1)
		var want, got [BlockSize]float32
		impactsScalar(&want, &rows, &tfs, from, to, codes, &norms, 3.7)
		Impacts(&got, &rows, &tfs, from, to, codes, &norms, 3.7)
		if want != got {
			t.Fatalf("%d to %d: %v, %v", from, to, want, got)
		}
	}
}

package simd

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// tiers runs f with each set of vector forms that this machine has.
func tiers(t *testing.T, f func(t *testing.T)) {
	if avx512 {
		t.Run("AVX512", f)
		avx512 = false
		defer func() { avx512 = true }()
	}
	if bmi2 {
		t.Run("AVX2", f)
		bmi2 = false
		defer func() { bmi2 = true }()
	}
	t.Run("scalar", f)
}

func TestSumRows(t *testing.T) {
	tiers(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 1))
		for n := 0; n < 1000; n += RowLanes {
			for _, count := range []int{0, 1, 2, 7} {
				want, data := make([]uint16, n), make([]byte, n*count+77)
				for i := range data {
					data[i] = byte(rng.Uint32())
				}
				for i := range want {
					want[i] = uint16(rng.Uint32N(1 << (1 + rng.IntN(16))))
				}
				rows, factors := make([]int, count), make([]uint16, count)
				for j := range rows {
					rows[j], factors[j] = rng.IntN(len(data)-n+1), uint16(rng.Uint32N(1<<(1+rng.IntN(16))))
				}
				got := slices.Clone(want)
				a, b := sumRowsScalar(want, data, rows, factors), SumRows(got, data, rows, factors)
				if a != b || !slices.Equal(want, got) {
					t.Fatalf("n %d, %d rows: %d, %d\n%v\n%v", n, count, a, b, want, got)
				}
			}
		}
	})
}

func ascending(rng *rand.Rand, below int) (blocks []uint32) {
	p := rng.IntN(16)
	for b := range below {
		if rng.IntN(16) <= p {
			blocks = append(blocks, uint32(b))
		}
	}
	return blocks
}

func TestLocate(t *testing.T) {
	tiers(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 2))
		for n := RowLanes; n < 700; n += RowLanes {
			row, counts := make([]byte, n), make([]byte, n/RowLanes*4)
			for i := range row {
				row[i] = byte(rng.Uint32()) & byte(-rng.IntN(2))
			}
			for i := 0; i < len(counts); i += 4 {
				binary.LittleEndian.PutUint32(counts[i:], rng.Uint32())
			}
			blocks := ascending(rng, n)
			want, got := make([]Ref, len(blocks)), make([]Ref, len(blocks))
			a, b := locateScalar(want, row, counts, blocks), Locate(got, row, counts, make([]byte, 4), blocks)
			if a != b || !slices.Equal(want[:a], got[:b]) {
				t.Fatalf("n %d: %d, %d\n%x\n%x", n, a, b, want[:a], got[:b])
			}
		}
	})
}

// TestLower gives records that hold what a builder writes, and others.
func TestLower(t *testing.T) {
	tiers(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 3))
		for round := range 400 {
			overflow := make([]byte, 3000)
			for i := range overflow {
				overflow[i] = byte(rng.Uint32())
			}
			records := make([]byte, 4*(1+rng.IntN(40)))
			for i := 0; i < len(records); i += 4 {
				r := rng.Uint32()
				if r>>30 == 3 && round%2 == 0 {
					r = 3<<30 | r%uint32(len(overflow)+20)
				}
				binary.LittleEndian.PutUint32(records[i:], r)
			}
			blocks := 1 + rng.IntN(20)
			want := make([]uint16, blocks*BlockLanes)
			for i := range want {
				want[i] = uint16(rng.Uint32()) & uint16(-rng.IntN(2))
			}
			var refs []Ref
			for i := range blocks {
				if rng.IntN(3) > 0 {
					refs = append(refs, NewRef(rng.Uint32N(uint32(len(records)/4+2)), i, byte(rng.Uint32())))
				}
			}
			got, factor := slices.Clone(want), uint16(rng.Uint32N(1<<(1+rng.IntN(16))))
			lowerScalar(want, refs, records, overflow, factor)
			Approach(refs, records, overflow) // changes nothing
			Lower(got, refs, records, overflow, factor)
			lanes := make([]byte, blocks)
			for i := range lanes {
				lanes[i] = byte(rng.IntN(BlockLanes))
			}
			a, b := make([]byte, len(refs)), make([]byte, len(refs))
			pickScalar(a, refs, lanes, records, overflow)
			if Pick(b, refs, lanes, records, overflow); !slices.Equal(a, b) {
				t.Fatalf("Pick, round %d:\n%v\n%v", round, a, b)
			}
			Fetch(overflow, rng.IntN(len(overflow)), rng.IntN(len(overflow)))
			if !slices.Equal(want, got) {
				t.Fatalf("round %d:\n%v\n%v", round, want, got)
			}
		}
	})
}

func TestLanes(t *testing.T) {
	tiers(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 4))
		for range 200 {
			blocks := ascending(rng, 100)
			sums, want := make([]uint16, 100), make([]uint16, len(blocks)*BlockLanes)
			for i := range sums {
				sums[i] = uint16(rng.Uint32())
			}
			got := slices.Clone(want)
			spreadScalar(want, sums, blocks)
			Spread(got, sums, blocks)
			if !slices.Equal(want, got) {
				t.Fatalf("Spread %v:\n%v\n%v", blocks, want, got)
			}
			for i := range want {
				want[i] = uint16(rng.Uint32N(1<<16) >> rng.IntN(16))
			}
			copy(got, want)
			for _, low := range []uint16{0, 1, 900, 40000, 65535} {
				a, b := make([]uint32, len(blocks)), make([]uint32, len(blocks))
				reachScalar(a, want, low)
				Reach(b, got, low)
				if !slices.Equal(a, b) {
					t.Fatalf("Reach %d:\n%x\n%x", low, a, b)
				}
				x, y := slices.Clone(blocks), slices.Clone(blocks)
				n, m := keepScalar(want, x, low), Keep(got, y, low)
				if n != m || !slices.Equal(x[:n], y[:n]) || !slices.Equal(want[:n*BlockLanes], got[:n*BlockLanes]) {
					t.Fatalf("Keep %d:\n%v\n%v", low, x[:n], y[:m])
				}
				blocks, want, got = x[:n], want[:n*BlockLanes], got[:n*BlockLanes]
			}
		}
	})
}

func TestDecode(t *testing.T) {
	var w [BlockLanes]byte
	if lanes := Decode(&w, 1<<30|17|200<<10, nil); lanes != 1<<17 || w[0] != 200 {
		t.Fatalf("%x, %v", lanes, w)
	}
	if lanes := Decode(&w, 2<<30|3|31<<5|9<<10|7<<18, nil); lanes != 1<<3|1<<31 || w[0] != 9 || w[1] != 7 {
		t.Fatalf("%x, %v", lanes, w)
	}
	over := make([]byte, 60)
	copy(over[11:], []byte{7, 0, 0, 1, 1, 2, 3, 4})
	if lanes := Decode(&w, 3<<30|11, over); bits.OnesCount32(lanes) != 4 || w[3] != 4 {
		t.Fatalf("%x, %v", lanes, w)
	}
}

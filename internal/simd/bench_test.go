package simd

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// BenchmarkKernels times each kernel in the best form that the machine has, on
// sizes as searches use them. Set GODEBUG=cpu.avx512bw=off for those of AVX2.
func BenchmarkKernels(b *testing.B) {
	const blocks = 640
	rng := rand.New(rand.NewPCG(3, 1))
	src, codes := make([]byte, 4096), make([]byte, 8192)
	for i := range src {
		src[i] = byte(rng.Uint32())
	}
	for i := range codes {
		codes[i] = byte(rng.Uint32())
	}
	var norms [256]float32
	var values, rows, tfs [BlockSize]uint32
	var impacts [BlockSize]float32
	for i := range norms {
		norms[i] = rng.Float32() + 1
	}
	for i := range rows {
		rows[i], tfs[i] = uint32(i*50), 1+rng.Uint32N(9)
	}
	sums, floats := make([]uint16, blocks), make([]float32, blocks)
	for i := range sums {
		sums[i], floats[i] = uint16(rng.Uint32N(60000)), rng.Float32()
	}
	found := make([]uint32, blocks)

	row, counts := make([]byte, blocks), make([]byte, blocks/RowLanes*4)
	for i := range row {
		row[i] = byte(rng.Uint32()) & byte(-rng.IntN(2))
	}
	records, overflow := make([]byte, 4*blocks), make([]byte, 4096)
	for i := range overflow {
		overflow[i] = byte(rng.Uint32())
	}
	for i := 0; i < len(records); i++ {
		records[i] = byte(rng.Uint32())
		if i%4 == 3 && records[i]>>6 == 3 && rng.IntN(4) > 0 {
			records[i] -= 1 << 6
		}
	}
	all, refs := make([]uint32, blocks), make([]Ref, blocks)
	for i := range all {
		all[i] = uint32(i)
	}
	some := all[:len(all)/2]
	acc, masks := make([]uint16, blocks*BlockLanes), make([]uint32, blocks)
	for i := range acc {
		acc[i] = uint16(rng.Uint32())
	}
	lanes, weights := make([]byte, blocks), make([]byte, blocks)
	sumRows, factors := []int{0, 700, 1400, 2100, 2800, 3456}, []uint16{300, 20, 70, 5, 900, 44}
	kept := slices.Clone(all)
	located := Locate(refs, row, counts, records, some)

	for _, k := range []struct {
		name string
		f    func()
	}{
		{"Unpack", func() { Unpack(&values, src, 5, BlockSize, 1) }},
		{"PrefixSum", func() { PrefixSum(&values, 7, BlockSize) }},
		{"Impacts", func() { Impacts(&impacts, &rows, &tfs, 0, BlockSize, codes, &norms, 2.5) }},
		{"Between", func() { Between(&rows, 900, 3000) }},
		{"Below", func() { Below(&rows, 3000) }},
		{"AddBounds", func() { AddBounds(sums, src[:blocks], 1) }},
		{"Max", func() { Max(sums) }},
		{"SelectRange", func() { SelectRange(found, sums, 50000, 65535) }},
		{"SelectFrom", func() { SelectFrom(found, floats, .9) }},
		{"SumRows", func() { SumRows(sums, src, sumRows, factors) }},
		{"Locate", func() { Locate(refs, row, counts, records, some) }},
		{"Approach", func() { Approach(refs[:located], records, overflow) }},
		{"Lower", func() { Lower(acc, refs[:located], records, overflow, 3) }},
		{"Pick", func() { Pick(weights, refs[:located], lanes, records, overflow) }},
		{"Spread", func() { Spread(acc, sums, some) }},
		{"Keep", func() { Keep(acc, kept, 0) }},
		{"Reach", func() { Reach(masks, acc, 900) }},
		{"Fetch", func() { Fetch(src, 0, len(src)) }},
	} {
		b.Run(k.name, func(b *testing.B) {
			for b.Loop() {
				k.f()
			}
		})
	}
}

package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// postings holds the kernels of decoding postings and of finding what can score
// enough.
func postings(g *gen) {
	unpack(g)
	prefixSum(g)
	addBounds(g)
	selectRangeAVX2(g)
	selectRangeAVX512(g)
	selectFrom(g)
	greatest(g)
	between(g)
	below(g)
	impacts(g)
}

func unpack(g *gen) {
	g.begin("unpackAVX2", "func(dst *uint32, src *byte, plan *[64]byte, stride, groups int, mask, add uint32)",
		"takes groups of eight values in stride bytes. Their bytes",
		"are brought together by a shuffle in each half, shifted to bit 0 and masked.")
	dst, src := g.argument("dst"), g.argument("src")
	plan := g.loads(at(g.argument("plan"), 0), 64, g.YMM)
	shuffle, shift := plan[0], plan[1]
	stride, groups := g.argument("stride"), g.argument("groups")
	high := g.copyOf(stride)
	g.SHRQ(Imm(1), high)
	mask, add := g.doublewords("mask"), g.doublewords("add")
	v := g.YMM()
	g.loop(groups, 1, func() {
		g.VMOVDQU(at(src, 0), v.AsX())
		g.VINSERTI128(Imm(1), item(src, high, 1), v, v)
		g.VPSHUFB(shuffle, v, v)
		g.VPSRLVD(shift, v, v)
		g.VPAND(mask, v, v)
		g.VPADDD(add, v, v)
		g.VMOVDQU(v, at(dst, 0))
		g.ADDQ(stride, src)
		g.ADDQ(Imm(32), dst)
	})
	g.end()
}

func prefixSum(g *gen) {
	g.begin("prefixSumAVX2", "func(v *uint32, first uint32, quads int)",
		"makes the sums inside four values by two shifted additions; the",
		"last of them is carried to the next four.")
	p := g.argument("v")
	carry, sums, shifted := g.XMM(), g.XMM(), g.XMM()
	g.VMOVD(g.argument32("first"), carry)
	g.VPSHUFD(Imm(0), carry, carry)
	quads := g.argument("quads")
	g.each(quads, 1, func() {
		g.VMOVDQU(at(p, 0), sums)
		for _, n := range []uint64{4, 8} {
			g.VPSLLDQ(Imm(n), sums, shifted)
			g.VPADDD(shifted, sums, sums)
		}
		g.VPADDD(carry, sums, sums)
		g.VMOVDQU(sums, at(p, 0))
		g.VPSHUFD(Imm(0xff), sums, carry)
	}, move{p, 16})
	g.RET()
}

func addBounds(g *gen) {
	g.begin("addBoundsAVX2", "func(sums *uint16, bounds *byte, n int, factor uint16)",
		"adds the impacts of 16 bounds at a time.")
	sums, bounds, n := g.argument("sums"), g.argument("bounds"), g.argument("n")
	factor, v := g.words("factor", g.YMM()), g.YMM()
	g.each(n, 16, func() {
		g.VPMOVZXBW(at(bounds, 0), v)
		g.wideImpacts(v, factor)
		g.VPADDUSW(at(sums, 0), v, v)
		g.VMOVDQU(v, at(sums, 0))
	}, move{bounds, 16}, move{sums, 32})
	g.end()
}

func selectRangeAVX2(g *gen) {
	g.begin("selectRangeAVX2", "func(dst *uint32, v *uint16, n int, low, span uint16) int",
		"looks at 16 values at a time. low ≤ x ≤ low + span is x - low",
		"≤ span without sign.")
	dst, p, n := g.argument("dst"), g.argument("v"), g.argument("n")
	low, span := g.words("low", g.YMM()), g.words("span", g.YMM())
	start, first := g.copyOf(dst), g.GP32()
	g.XORL(first, first)
	v, least, mask := g.YMM(), g.YMM(), g.GP32()
	g.loop(n, 16, func() {
		g.VMOVDQU(at(p, 0), v)
		g.VPSUBW(low, v, v)
		g.VPMINUW(span, v, least)
		g.VPCMPEQW(least, v, v)
		g.VPMOVMSKB(v, mask)
		g.ANDL(U32(0x55555555), mask)
		g.indexes(dst, first, mask, 1)
		g.ADDQ(Imm(32), p)
		g.ADDL(Imm(16), first)
	})
	g.returnCount(dst, start, 2)
}

func selectRangeAVX512(g *gen) {
	firstLanes := g.table("firstLanes", U64(0x0706050403020100), U64(0x0f0e0d0c0b0a0908))
	g.begin("selectRangeAVX512", "func(dst *uint32, v *uint16, n int, low, span uint16) int",
		"is selectRangeAVX2 for 32 values at a time, whose indexes are",
		"compressed without a branch a bit.")
	dst, p, n := g.argument("dst"), g.argument("v"), g.argument("n")
	low, span := g.words("low", g.ZMM()), g.words("span", g.ZMM())
	start := g.copyOf(dst)
	lanes, half, first, step := g.ZMM(), g.ZMM(), g.ZMM(), g.ZMM()
	g.VPMOVZXBD(firstLanes, lanes)
	count := g.GP32()
	g.MOVL(U32(16), count)
	g.VPBROADCASTD(count, half)
	g.VPXORQ(first, first, first)
	g.MOVL(U32(32), count)
	g.VPBROADCASTD(count, step)
	v := g.ZMM()
	masks := []reg.OpmaskVirtual{g.K(), g.K()}
	counts := []reg.GPVirtual{g.GP32(), g.GP32()}
	rows := []reg.VecVirtual{g.ZMM(), g.ZMM()}
	g.loop(n, 32, func() {
		g.VMOVDQU64(at(p, 0), v)
		g.VPSUBW(low, v, v)
		g.VPCMPUW(Imm(lessOrEqual), span, v, masks[0])
		g.KORTESTD(masks[0], masks[0])
		g.JZ(LabelRef("selectRangeAVX512Next"))
		g.VPADDD(lanes, first, rows[0])
		g.VPADDD(half, rows[0], rows[1])
		g.KSHIFTRD(Imm(16), masks[0], masks[1])
		for i := range masks {
			g.KMOVW(masks[i], counts[i])
		}
		for i := range masks {
			g.VPCOMPRESSD(rows[i], masks[i], rows[i])
		}
		for i := range masks {
			g.POPCNTL(counts[i], counts[i])
		}
		for i := range masks {
			g.VMOVDQU32(rows[i], at(dst, 0))
			g.LEAQ(item(dst, counts[i].As64(), 4), dst)
		}
		g.Label("selectRangeAVX512Next")
		g.VPADDD(step, first, first)
		g.ADDQ(Imm(64), p)
	})
	g.returnCount(dst, start, 2)
}

func selectFrom(g *gen) {
	g.begin("selectFromAVX2", "func(dst *uint32, v *float32, n int, low float32) int",
		"looks at 16 values at a time.")
	dst, p, n := g.argument("dst"), g.argument("v"), g.argument("n")
	low := g.YMM()
	g.VBROADCASTSS(g.place(g.Param("low")), low)
	start, first := g.copyOf(dst), g.GP32()
	g.XORL(first, first)
	v := []reg.VecVirtual{g.YMM(), g.YMM()}
	mask := []reg.GPVirtual{g.GP32(), g.GP32()}
	g.loop(n, 16, func() {
		for i := range v {
			g.VMOVUPS(at(p, 32*i), v[i])
		}
		for i := range v {
			g.VCMPPS(Imm(notLessNorUnordered), low, v[i], v[i])
		}
		for i := range v {
			g.VMOVMSKPS(v[i], mask[i])
		}
		g.SHLL(Imm(8), mask[1])
		g.ORL(mask[1], mask[0])
		g.indexes(dst, first, mask[0], 0)
		g.ADDQ(Imm(64), p)
		g.ADDL(Imm(16), first)
	})
	g.returnCount(dst, start, 2)
}

func greatest(g *gen) {
	g.begin("maxAVX2", "func(v *uint16, n int) uint16", "looks at 16 values at a time.")
	p, n, most := g.argument("v"), g.argument("n"), g.YMM()
	g.VPXOR(most, most, most)
	g.each(n, 16, func() { g.VPMAXUW(at(p, 0), most, most) }, move{p, 32})
	g.returnGreatest(most)
	g.end()
}

// between counts with comparisons that give -1 for each value below; the sums are
// negated at the end.
func between(g *gen) {
	g.begin("betweenAVX2", "func(v *uint32, low, high uint32) uint64",
		"returns the count for high above that for low, of 128 values.")
	p := g.argument("v")
	bounds := []reg.VecVirtual{g.doublewords("low"), g.doublewords("high")}
	sums, less := g.zeros(2, g.YMM), []reg.VecVirtual{g.YMM(), g.YMM()}
	v, n := g.YMM(), g.GP64()
	g.MOVQ(U32(16), n)
	g.each(n, 1, func() {
		g.VMOVDQU(at(p, 0), v)
		for i := range bounds {
			g.VPCMPGTD(v, bounds[i], less[i])
		}
		for i := range bounds {
			g.VPADDD(less[i], sums[i], sums[i])
		}
	}, move{p, 32})
	x, zero, r := g.XMM(), g.XMM(), g.GP64()
	sum := sums[0]
	g.VPHADDD(sums[1], sum, sum)
	g.VEXTRACTI128(Imm(1), sum, x)
	g.VPADDD(x, sum.AsX(), sum.AsX())
	g.VPHADDD(sum.AsX(), sum.AsX(), sum.AsX())
	g.VPXOR(zero, zero, zero)
	g.VPSUBD(sum.AsX(), zero, sum.AsX())
	g.VMOVQ(sum.AsX(), r)
	g.Store(r, g.ReturnIndex(0))
	g.end()
}

func below(g *gen) {
	g.begin("belowAVX2", "func(v *uint32, high uint32) uint32", "returns one count of betweenAVX2.")
	p, high := g.argument("v"), g.doublewords("high")
	sums, less := g.zeros(2, g.YMM), []reg.VecVirtual{g.YMM(), g.YMM()}
	n := g.GP64()
	g.MOVQ(U32(8), n)
	g.each(n, 1, func() {
		for i := range less {
			g.VPCMPGTD(at(p, 32*i), high, less[i])
		}
		for i := range less {
			g.VPADDD(less[i], sums[i], sums[i])
		}
	}, move{p, 64})
	x, r := g.XMM(), g.GP32()
	sum := sums[0]
	g.VPADDD(sums[1], sum, sum)
	g.VEXTRACTI128(Imm(1), sum, x)
	g.VPADDD(x, sum.AsX(), sum.AsX())
	for range 2 {
		g.VPHADDD(sum.AsX(), sum.AsX(), sum.AsX())
	}
	g.VMOVD(sum.AsX(), r)
	g.NEGL(r)
	g.Store(r, g.ReturnIndex(0))
	g.end()
}

func impacts(g *gen) {
	g.begin("impactsAVX2", "func(dst *float32, rows, tfs *uint32, n int, codes *byte, norms *[256]float32, weight float32)",
		"fetches the norms of four rows one by one: gathers are no faster.")
	dst, rows, tfs, n := g.argument("dst"), g.argument("rows"), g.argument("tfs"), g.argument("n")
	codes, norms := g.argument("codes"), g.argument("norms")
	weight, norm, tf := g.XMM(), g.XMM(), g.XMM()
	g.VBROADCASTSS(g.place(g.Param("weight")), weight)
	row := []reg.GPVirtual{g.GP64(), g.GP64(), g.GP64(), g.GP64()}
	g.each(n, 4, func() {
		for i, r := range row {
			g.MOVL(at(rows, 4*i), r.As32())
		}
		for _, r := range row {
			g.MOVBLZX(item(codes, r, 1), r.As32())
		}
		g.VMOVSS(item(norms, row[0], 4), norm)
		for i, r := range row[1:] {
			g.VINSERTPS(Imm(uint64(i+1)<<4), item(norms, r, 4), norm, norm)
		}
		g.VCVTDQ2PS(at(tfs, 0), tf)
		g.VADDPS(norm, tf, norm)
		g.VDIVPS(norm, tf, tf)
		g.VMULPS(weight, tf, tf)
		g.VMOVUPS(tf, at(dst, 0))
	}, move{rows, 16}, move{tfs, 16}, move{dst, 16})
	g.RET()
}

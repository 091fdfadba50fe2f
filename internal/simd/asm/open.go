package main

import (
	. "github.com/mmcloughlin/avo/operand"
)

// open holds what makes numbers of codes of 8 and 4 bits, a row of 16 at a time.
func open(g *gen) {
	g.begin("openBytesAVX2", "func(dst *float32, codes *byte, ranges *float32, n int)", "works on a row at a time.")
	dst, codes, ranges, n := g.argument("dst"), g.argument("codes"), g.argument("ranges"), g.argument("n")
	least, step, low, high := g.YMM(), g.YMM(), g.YMM(), g.YMM()
	g.each(n, 1, func() {
		g.VBROADCASTSS(at(ranges, 0), least)
		g.VBROADCASTSS(at(ranges, 4), step)
		g.VPMOVZXBD(at(codes, 0), low)
		g.VPMOVZXBD(at(codes, 8), high)
		g.VCVTDQ2PS(low, low)
		g.VCVTDQ2PS(high, high)
		g.VFMADD213PS(least, step, low)
		g.VFMADD213PS(least, step, high)
		g.VMOVUPS(low, at(dst, 0))
		g.VMOVUPS(high, at(dst, 32))
	}, move{dst, 64}, move{codes, 16}, move{ranges, 8})
	g.end()

	g.begin("openHalfBytesAVX2", "func(dst *float32, codes *byte, ranges *float32, n int)",
		"works on a row at a time, whose halves are in the low and the high bits.")
	dst, codes, ranges, n = g.argument("dst"), g.argument("codes"), g.argument("ranges"), g.argument("n")
	least, step, low, high = g.YMM(), g.YMM(), g.YMM(), g.YMM()
	mask := g.YMM()
	g.VPCMPEQD(mask, mask, mask)
	g.VPSRLD(Imm(28), mask, mask)
	g.each(n, 1, func() {
		g.VBROADCASTSS(at(ranges, 0), least)
		g.VBROADCASTSS(at(ranges, 4), step)
		g.VPMOVZXBD(at(codes, 0), low)
		g.VPSRLD(Imm(4), low, high)
		g.VPAND(mask, low, low)
		g.VCVTDQ2PS(low, low)
		g.VCVTDQ2PS(high, high)
		g.VFMADD213PS(least, step, low)
		g.VFMADD213PS(least, step, high)
		g.VMOVUPS(low, at(dst, 0))
		g.VMOVUPS(high, at(dst, 32))
	}, move{dst, 64}, move{codes, 8}, move{ranges, 8})
	g.end()
}

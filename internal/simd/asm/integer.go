package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// integer holds the products of whole numbers.
func integer(g *gen) {
	for rows := 1; rows <= mostRows; rows++ {
		g.integerProduct(rows)
	}
	for rows := 1; rows <= mostRows; rows++ {
		for panels := 1; panels <= 2; panels++ {
			g.byteProduct(rows, panels)
		}
	}
	steps, tiny := g.constant("quantizeSteps", 254), g.constant("quantizeTiny", 1e-30)
	g.quantize("quantizeAVX2", "func(dst *int16, x *float32, n int) float32", steps, tiny, false)
	g.quantize("quantizeVNNI", "func(dst *uint8, x *float32, n int, zero *int32) float32", steps, tiny, true)
}

// integerProduct is product for numbers of 16 bits times numbers of 8, two of each
// at a time: their products are added in pairs to sums of 32 bits, which become
// floats at the end.
func (g *gen) integerProduct(rows int) {
	g.begin(fmt.Sprintf("integers%dAVX2", rows),
		"func(c *float32, ldc int, a *int16, lda int, b *int8, pairs, panels int, rowScales, scales, bias *float32)",
		"is a strip of a product; steps from row to row are in bytes.")
	c, a, b := g.argument("c"), g.argument("a"), g.argument("b")
	scales, bias, panels := g.argument("scales"), g.argument("bias"), g.argument("panels")
	left, pa, pa3, lda, p := g.GP64(), g.GP64(), g.GP64(), g.GP64(), g.GP64()
	g.Load(g.Param("lda"), lda)
	panel := g.kernel + "Panel"
	g.Label(panel)
	sums := make([][2]reg.VecVirtual, rows)
	for r := range sums {
		for i := range sums[r] {
			sums[r][i] = g.YMM()
			g.VPXOR(sums[r][i], sums[r][i], sums[r][i])
		}
	}
	g.MOVQ(a, pa)
	if rows > 3 {
		g.LEAQ(item(lda, lda, 2), pa3)
		g.ADDQ(a, pa3)
	}
	v := [2]reg.VecVirtual{g.YMM(), g.YMM()}
	x, t := g.YMM(), g.YMM()
	step := func(u int) {
		for i := range v {
			g.VPMOVSXBW(at(b, 32*u+16*i), v[i])
		}
		for r := range sums {
			base := pa
			if r >= 3 {
				base = pa3
			}
			m := at(base, 4*u)
			if r%3 > 0 {
				m.Index, m.Scale = lda, uint8(r%3)
			}
			g.VPBROADCASTD(m, x)
			g.VPMADDWD(v[0], x, t)
			g.VPADDD(t, sums[r][0], sums[r][0])
			g.VPMADDWD(v[1], x, x)
			g.VPADDD(x, sums[r][1], sums[r][1])
		}
	}
	g.Load(g.Param("pairs"), left)
	loop := g.kernel + "Pairs"
	g.align()
	g.Label(loop)
	const unroll = 4
	for u := range unroll {
		step(u)
	}
	g.ADDQ(Imm(4*unroll), pa)
	if rows > 3 {
		g.ADDQ(Imm(4*unroll), pa3)
	}
	g.ADDQ(U32(32*unroll), b)
	g.SUBQ(Imm(unroll), left)
	g.JNZ(LabelRef(loop))

	g.MOVQ(c, p)
	g.Load(g.Param("ldc"), left)
	g.Load(g.Param("rowScales"), pa)
	for r := range sums {
		g.VBROADCASTSS(at(pa, 4*r), x)
		for i, s := range sums[r] {
			g.VCVTDQ2PS(s, s)
			g.VMULPS(x, s, s)
			g.VMOVUPS(at(scales, 32*i), t)
			g.VFMADD213PS(at(bias, 32*i), t, s)
			g.VMOVUPS(s, at(p, 32*i))
		}
		if r+1 < rows {
			g.ADDQ(left, p)
		}
	}
	for _, q := range []reg.GPVirtual{c, scales, bias} {
		g.ADDQ(Imm(64), q)
	}
	g.DECQ(panels)
	g.JNZ(LabelRef(panel))
	g.end()
}

// byteProduct is a strip of products of bytes without sign with bytes that have one, four of
// each at a time, for one panel or two side by side. What the step of 0 adds to a sum is taken
// away at the end.
func (g *gen) byteProduct(rows, panels int) {
	g.begin(fmt.Sprintf("bytes%dx%dVNNI", rows, panels),
		"func(c *float32, ldc int, a *uint8, lda int, b *int8, quads, groups int, sizes *float32, zeros *int32, scales *float32, sums *int32, bias *float32)",
		"is a strip of a product; steps from row to row are in bytes.")
	c, a, b, b2 := g.argument("c"), g.argument("a"), g.argument("b"), g.GP64()
	scales, sums, bias, groups := g.argument("scales"), g.argument("sums"), g.argument("bias"), g.argument("groups")
	left, pa, pa3, lda, p := g.GP64(), g.GP64(), g.GP64(), g.GP64(), g.GP64()
	g.Load(g.Param("lda"), lda)
	group := g.kernel + "Group"
	g.Label(group)
	totals := make([][]reg.VecVirtual, rows)
	for r := range totals {
		totals[r] = g.zeros(panels, g.ZMM)
	}
	g.MOVQ(a, pa)
	if rows > 3 {
		g.LEAQ(item(lda, lda, 2), pa3)
		g.ADDQ(a, pa3)
	}
	g.Load(g.Param("quads"), left)
	if panels > 1 {
		g.MOVQ(left, b2)
		g.SHLQ(Imm(6), b2)
		g.ADDQ(b, b2)
	}
	v, x := []reg.VecVirtual{g.ZMM(), g.ZMM()}[:panels], g.ZMM()
	loop := g.kernel + "Quads"
	g.align()
	g.Label(loop)
	const unroll = 2
	for u := range unroll {
		for i, at0 := range []reg.Register{b, b2}[:panels] {
			g.VMOVDQU64(at(at0, 64*u), v[i])
		}
		for r := range totals {
			base := pa
			if r >= 3 {
				base = pa3
			}
			m := at(base, 4*u)
			if r%3 > 0 {
				m.Index, m.Scale = lda, uint8(r%3)
			}
			g.VPBROADCASTD(m, x)
			for i := range v {
				g.VPDPBUSD(v[i], x, totals[r][i])
			}
		}
	}
	g.ADDQ(Imm(4*unroll), pa)
	if rows > 3 {
		g.ADDQ(Imm(4*unroll), pa3)
	}
	for _, q := range []reg.Register{b, b2}[:panels] {
		g.ADDQ(U32(64*unroll), q)
	}
	g.SUBQ(Imm(unroll), left)
	g.JNZ(LabelRef(loop))
	if panels > 1 {
		g.MOVQ(b2, b)
	}
	g.MOVQ(c, p)
	g.Load(g.Param("sizes"), pa)
	g.Load(g.Param("zeros"), pa3)
	zero, t := g.ZMM(), g.ZMM()
	for r := range totals {
		g.VPBROADCASTD(at(pa3, 4*r), zero)
		g.VBROADCASTSS(at(pa, 4*r), x)
		for i, s := range totals[r] {
			g.VPMULLD(at(sums, 64*i), zero, t)
			g.VPSUBD(t, s, s)
			g.VCVTDQ2PS(s, s)
			g.VMULPS(x, s, s)
			g.VMOVUPS(at(scales, 64*i), t)
			g.VFMADD213PS(at(bias, 64*i), t, s)
			g.VMOVUPS(s, at(p, 64*i))
		}
		if r+1 < rows {
			g.ADDQ(g.place(g.Param("ldc")), p)
		}
	}
	for _, q := range []reg.GPVirtual{c, scales, sums, bias} {
		g.ADDQ(U32(uint32(64*panels)), q)
	}
	g.DECQ(groups)
	g.JNZ(LabelRef(group))
	g.end()
}

// quantize makes steps of numbers, 254 from the least to the greatest or 0: from 0 on, in 16
// bits, or from the least on, in bytes.
func (g *gen) quantize(name, signature string, steps, tiny Mem, bytes bool) {
	g.begin(name, signature, "works on sixteen numbers at a time.")
	dst, x, n := g.argument("dst"), g.argument("x"), g.argument("n")
	p, left := g.copyOf(x), g.copyOf(n)
	least, greatest, v, w := g.YMM(), g.YMM(), g.YMM(), g.YMM()
	g.VXORPS(least, least, least)
	g.VXORPS(greatest, greatest, greatest)
	g.kernel = name + "Range"
	g.each(left, 8, func() {
		g.VMOVUPS(at(p, 0), v)
		g.VMINPS(v, least, least)
		g.VMAXPS(v, greatest, greatest)
	}, move{p, 32})
	g.fold(greatest, func(a, b, c Op) { g.VMAXPS(a, b, c) })
	g.fold(least, func(a, b, c Op) { g.VMINPS(a, b, c) })
	g.VSUBPS(least, greatest, greatest)
	g.VMAXPS(tiny, greatest, greatest)
	g.VBROADCASTSS(greatest.AsX(), greatest)
	g.VMOVUPS(steps, v)
	g.VDIVPS(v, greatest, w)
	g.Store(w.AsX(), g.ReturnIndex(0))
	g.VDIVPS(greatest, v, greatest)
	if bytes { // the step of 0, in all places
		zero := g.argument("zero")
		g.VBROADCASTSS(least.AsX(), least)
		g.VMULPS(greatest, least, least)
		g.VCVTPS2DQ(least, least)
		g.VPXOR(v, v, v)
		g.VPSUBD(least, v, least)
		g.VMOVD(least.AsX(), at(zero, 0))
	}
	g.kernel = name + "Round"
	width := uint64(32)
	if bytes {
		width = 16
	}
	g.each(n, 16, func() {
		g.VMULPS(at(x, 0), greatest, v)
		g.VMULPS(at(x, 32), greatest, w)
		g.VCVTPS2DQ(v, v)
		g.VCVTPS2DQ(w, w)
		if bytes {
			g.VPADDD(least, v, v)
			g.VPADDD(least, w, w)
		}
		g.VPACKSSDW(w, v, v)
		g.VPERMQ(Imm(0xd8), v, v)
		if !bytes {
			g.VMOVDQU(v, at(dst, 0))
			return
		}
		g.VEXTRACTI128(Imm(1), v, w.AsX())
		g.VPACKUSWB(w.AsX(), v.AsX(), v.AsX())
		g.VMOVDQU(v.AsX(), at(dst, 0))
	}, move{x, 64}, move{dst, width})
	g.end()
}

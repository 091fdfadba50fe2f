package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// integer holds the products of whole numbers.
func integer(g *gen) {
	for rows := 1; rows <= mostRows; rows++ {
		g.integerProduct(rows)
	}
	g.quantize()
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

func (g *gen) quantize() {
	steps := g.constant("quantizeSteps", 2047)
	tiny := g.constant("quantizeTiny", 1e-30)
	magnitude := g.constant("magnitude", math.Float32frombits(1<<31-1))
	g.begin("quantizeAVX2", "func(dst *int16, x *float32, n int) float32",
		"works on sixteen numbers at a time.")
	dst, x, n := g.argument("dst"), g.argument("x"), g.argument("n")
	p, left := g.copyOf(x), g.copyOf(n)
	greatest, mask, v, w := g.YMM(), g.YMM(), g.YMM(), g.YMM()
	g.VMOVUPS(magnitude, mask)
	g.VMOVUPS(tiny, greatest)
	g.kernel = "quantizeAVX2Max"
	g.each(left, 8, func() {
		g.VANDPS(at(p, 0), mask, v)
		g.VMAXPS(v, greatest, greatest)
	}, move{p, 32})
	g.fold(greatest, func(a, b, c Op) { g.VMAXPS(a, b, c) })
	g.VBROADCASTSS(greatest.AsX(), greatest)
	g.VMOVUPS(steps, v)
	g.VDIVPS(v, greatest, w)
	g.Store(w.AsX(), g.ReturnIndex(0))
	g.VDIVPS(greatest, v, greatest)
	g.kernel = "quantizeAVX2Round"
	g.each(n, 16, func() {
		g.VMULPS(at(x, 0), greatest, v)
		g.VMULPS(at(x, 32), greatest, w)
		g.VCVTPS2DQ(v, v)
		g.VCVTPS2DQ(w, w)
		g.VPACKSSDW(w, v, v)
		g.VPERMQ(Imm(0xd8), v, v)
		g.VMOVDQU(v, at(dst, 0))
	}, move{x, 64}, move{dst, 32})
	g.end()
}

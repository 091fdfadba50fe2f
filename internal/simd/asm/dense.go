package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dense holds the kernels of dense vectors.
func dense(g *gen) {
	g.dots("dotsFloatAVX2", 4, func(m Mem, v reg.VecVirtual) { g.VMOVUPS(m, v) })
	g.dots("dotsHalfAVX2", 2, func(m Mem, v reg.VecVirtual) { g.VCVTPH2PS(m, v) })
	g.dotsByte()
	g.estimate()
}

// dots is the inner products of a query with pairs of rows. Each row has two sums of
// eight lanes; load makes eight floats of eight numbers of a row.
func (g *gen) dots(name string, size int, load func(Mem, reg.VecVirtual)) {
	g.begin(name, "func(dst, query *float32, rows *byte, steps, stride, pairs int)",
		"takes 16 numbers a step; stride is the bytes from one row to the next.")
	dst, query, rows, pairs := g.argument("dst"), g.argument("query"), g.argument("rows"), g.argument("pairs")
	stride, steps := g.argument("stride"), g.argument("steps")
	first, second, q, left := g.GP64(), g.GP64(), g.GP64(), g.GP64()
	pair, step := g.kernel+"Pair", g.kernel+"Step"
	g.Label(pair)
	g.MOVQ(rows, first)
	g.LEAQ(item(rows, stride, 1), second)
	g.MOVQ(query, q)
	g.MOVQ(steps, left)
	sums := g.zeros(4, g.YMM)
	a, b := g.YMM(), g.YMM()
	x := [4]reg.VecVirtual{g.YMM(), g.YMM(), g.YMM(), g.YMM()}
	g.align()
	g.Label(step)
	g.VMOVUPS(at(q, 0), a)
	g.VMOVUPS(at(q, 32), b)
	for i, p := range []reg.Register{first, first, second, second} {
		load(at(p, i%2*8*size), x[i])
	}
	for i := range x {
		g.VMULPS([]reg.VecVirtual{a, b}[i%2], x[i], x[i])
		g.VADDPS(x[i], sums[i], sums[i])
	}
	g.ADDQ(Imm(64), q)
	g.ADDQ(Imm(uint64(16*size)), first)
	g.ADDQ(Imm(uint64(16*size)), second)
	g.DECQ(left)
	g.JNZ(LabelRef(step))
	for i := range 2 {
		s, h := sums[2*i], g.XMM()
		g.VADDPS(sums[2*i+1], s, s)
		g.VEXTRACTF128(Imm(1), s, h)
		g.VADDPS(h, s.AsX(), s.AsX())
		g.VMOVHLPS(s.AsX(), s.AsX(), h)
		g.VADDPS(h, s.AsX(), s.AsX())
		g.VMOVSHDUP(s.AsX(), h)
		g.VADDSS(h, s.AsX(), s.AsX())
		g.VMOVSS(s.AsX(), at(dst, 4*i))
	}
	g.ADDQ(Imm(8), dst)
	g.LEAQ(item(rows, stride, 2), rows)
	g.DECQ(pairs)
	g.JNZ(LabelRef(pair))
	g.end()
}

// dotsByte is the inner products of whole numbers, which have no rounding: pairs of
// products are added to eight sums of four bytes, two for each of two rows.
func (g *gen) dotsByte() {
	g.begin("dotsByteAVX2", "func(dst *int32, query *int16, rows *byte, steps, stride, pairs int)",
		"takes 16 numbers a step; stride is the bytes from one row to the next.")
	dst, query, rows, pairs := g.argument("dst"), g.argument("query"), g.argument("rows"), g.argument("pairs")
	stride, steps := g.argument("stride"), g.argument("steps")
	first, q, left := g.GP64(), g.GP64(), g.GP64()
	pair, step := g.kernel+"Pair", g.kernel+"Step"
	g.Label(pair)
	g.MOVQ(rows, first)
	g.MOVQ(query, q)
	g.MOVQ(steps, left)
	sums := g.zeros(2, g.YMM)
	x := [2]reg.VecVirtual{g.YMM(), g.YMM()}
	g.align()
	g.Label(step)
	g.VPMOVSXBW(at(first, 0), x[0])
	g.VPMOVSXBW(item(first, stride, 1), x[1])
	for i := range x {
		g.VPMADDWD(at(q, 0), x[i], x[i])
		g.VPADDD(x[i], sums[i], sums[i])
	}
	g.ADDQ(Imm(32), q)
	g.ADDQ(Imm(16), first)
	g.DECQ(left)
	g.JNZ(LabelRef(step))
	for i, s := range sums {
		h := g.XMM()
		g.VEXTRACTI128(Imm(1), s, h)
		g.VPADDD(h, s.AsX(), s.AsX())
		g.VPSHUFD(Imm(0x4e), s.AsX(), h)
		g.VPADDD(h, s.AsX(), s.AsX())
		g.VPSHUFD(Imm(0xb1), s.AsX(), h)
		g.VPADDD(h, s.AsX(), s.AsX())
		g.VMOVD(s.AsX(), at(dst, 4*i))
	}
	g.ADDQ(Imm(8), dst)
	g.LEAQ(item(rows, stride, 2), rows)
	g.DECQ(pairs)
	g.JNZ(LabelRef(pair))
	g.end()
}

// estimate adds up what tables say of the four-bit codes of blocks of 32 rows, two
// tables a step, and finds the rows that can be good enough. Sums of bytes are added
// as words, twice: all of them, and the high ones; what the high ones carry is taken off
// in the end.
func (g *gen) estimate() {
	g.begin("estimateAVX2", "func(masks *uint32, sums *uint16, codes, tables, factors *byte, steps, blocks int, unit, start, least float32)",
		"works on a block of 32 rows at a time.")
	masks, sums, codes, factors := g.argument("masks"), g.argument("sums"), g.argument("codes"), g.argument("factors")
	tables, steps, blocks := g.argument("tables"), g.argument("steps"), g.argument("blocks")
	var scalars [3]reg.VecVirtual
	for i, name := range []string{"unit", "start", "least"} {
		scalars[i] = g.YMM()
		g.VBROADCASTSS(g.place(g.Param(name)), scalars[i])
	}
	unit, start, least := scalars[0], scalars[1], scalars[2]
	table, left := g.GP64(), g.GP64()
	block, step := g.kernel+"Block", g.kernel+"Step"
	g.Label(block)
	g.MOVQ(tables, table)
	g.MOVQ(steps, left)
	all, high := g.zeros(2, g.YMM), g.zeros(2, g.YMM)
	low := g.YMM()
	g.VPCMPEQB(low, low, low)
	g.VPSRLW(Imm(12), low, low)
	g.VPACKUSWB(low, low, low)
	t, c := g.YMM(), [2]reg.VecVirtual{g.YMM(), g.YMM()}
	g.align()
	g.Label(step)
	g.VMOVDQU(at(codes, 0), c[0])
	g.VMOVDQU(at(table, 0), t)
	g.VPSRLW(Imm(4), c[0], c[1])
	for i := range c {
		g.VPAND(low, c[i], c[i])
		g.VPSHUFB(c[i], t, c[i])
		g.VPADDW(c[i], all[i], all[i])
		g.VPSRLW(Imm(8), c[i], c[i])
		g.VPADDW(c[i], high[i], high[i])
	}
	g.ADDQ(Imm(32), codes)
	g.ADDQ(Imm(32), table)
	g.DECQ(left)
	g.JNZ(LabelRef(step))
	mask, bits := g.GP32(), g.GP32()
	g.XORL(mask, mask)
	for i := range 2 { // rows 16·i to 16·i + 15
		g.VPSLLW(Imm(8), high[i], c[0])
		g.VPSUBW(c[0], all[i], all[i]) // even rows
		x, y := g.XMM(), g.XMM()
		g.VEXTRACTI128(Imm(1), all[i], x)
		g.VPADDW(x, all[i].AsX(), x)
		g.VEXTRACTI128(Imm(1), high[i], y)
		g.VPADDW(y, high[i].AsX(), y) // odd rows
		for j := range 2 {
			z, f := g.YMM(), g.YMM()
			if j == 0 {
				g.VPUNPCKLWD(y, x, z.AsX())
			} else {
				g.VPUNPCKHWD(y, x, z.AsX())
			}
			at8 := 16*i + 8*j
			g.VMOVDQU(z.AsX(), at(sums, 2*at8))
			g.VPMOVZXWD(z.AsX(), z)
			g.VCVTDQ2PS(z, z)
			g.VMULPS(unit, z, z)
			g.VADDPS(start, z, z)
			g.VMOVUPS(at(factors, 4*at8), f)
			g.VMULPS(f, z, z)
			g.VADDPS(at(factors, 128+4*at8), z, z)
			g.VCMPPS(Imm(notLess), least, z, z)
			g.VMOVMSKPS(z, bits)
			if at8 > 0 {
				g.SHLL(Imm(uint64(at8)), bits)
			}
			g.ORL(bits, mask)
		}
	}
	g.MOVL(mask, at(masks, 0))
	g.ADDQ(Imm(4), masks)
	g.ADDQ(Imm(64), sums)
	g.ADDQ(U32(256), factors)
	g.DECQ(blocks)
	g.JNZ(LabelRef(block))
	g.end()
}

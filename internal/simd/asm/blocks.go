package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Of a record of a panel: the whole numbers of 32 rows of it, then what a step of each column
// is, then its least number, or a step of the second 16. Of a record of the other side: 32 whole
// numbers, what a step is, that times their sum, -128 times their sum, and that of the first 16.
const (
	panelStep   = 512
	panelSecond = 576
	panelRecord = 640

	rowStep   = 32
	rowSum    = 36
	rowZero   = 40
	rowFirst  = 44
	rowRecord = 48
)

// blocks holds the products with numbers that stay in the blocks of a file.
func blocks(g *gen) {
	g.quantizeBlocks()
	for _, second := range []string{"", "Least", "Halved"} {
		for rows := 1; rows <= mostRows; rows++ {
			g.blockProductVNNI(rows, second)
		}
		for rows := 1; rows <= narrowRows; rows++ {
			g.blockProductAVX2(rows, second)
		}
	}
	for _, wide := range []bool{true, false} {
		for _, l := range layouts {
			form{g, wide}.unpack(l)
		}
		form{g, wide}.unpackFourK(false)
		form{g, wide}.unpackFourK(true)
		form{g, wide}.unpackSixK()
	}
}

// narrowRows is how many rows a strip of the products of the narrow form has at most.
const narrowRows = 4

// everywhere is a doubleword in read-only memory, from where it is broadcast.
func (g *gen) everywhere(name string, value uint32) Mem {
	m := g.StaticGlobal(name)
	g.DataAttributes(attr.RODATA | attr.NOPTR)
	g.AddDatum(0, U32(value))
	return m
}

// byteOf is a byte in read-only memory, likewise.
func (g *gen) byteOf(value int) Mem {
	m, ok := g.single[uint8(value)]
	if !ok {
		m = g.StaticGlobal(fmt.Sprintf("byte%d", uint8(value)))
		g.DataAttributes(attr.RODATA | attr.NOPTR)
		g.AddDatum(0, U8(uint8(value)))
		g.single[uint8(value)] = m
	}
	return m
}

// quantizeBlocks makes records of rows: each 32 numbers in steps of a 127th of the greatest. That
// is found among the bits of the numbers without sign, where what is no number is greatest.
func (g *gen) quantizeBlocks() {
	tiny, full, absolute := g.constant("blockTiny", 1e-30), g.constant("blockSteps", 127), g.everywhere("blockAbsolute", 1<<31-1)
	order := g.table("blockOrder", 0|4<<32, 1|5<<32, 2|6<<32, 3|7<<32)
	g.begin("quantizeBlocksAVX2", "func(dst *int8, x *float32, blocks int)", "works on 32 numbers at a time.")
	dst, x, n := g.argument("dst"), g.argument("x"), g.argument("blocks")
	var v [4]reg.VecVirtual
	for i := range v {
		v[i] = g.YMM()
	}
	greatest, t, step, sum, first, abs, places := g.YMM(), g.YMM(), g.YMM(), g.YMM(), g.YMM(), g.YMM(), g.YMM()
	g.VPBROADCASTD(absolute, abs)
	g.VMOVDQU(order, places)
	g.each(n, 1, func() {
		g.VMOVDQU(tiny, greatest)
		for i := range v {
			g.VMOVUPS(at(x, 32*i), v[i])
			g.VPAND(abs, v[i], t)
			g.VPMAXUD(t, greatest, greatest)
		}
		g.fold(greatest, func(a, b, c Op) { g.VPMAXUD(a, b, c) })
		g.VBROADCASTSS(greatest.AsX(), greatest)
		g.VMOVUPS(full, t)
		g.VDIVPS(t, greatest, step)
		g.VDIVPS(greatest, t, greatest)
		for i := range v {
			g.VMULPS(greatest, v[i], v[i])
			g.VCVTPS2DQ(v[i], v[i])
		}
		g.VPADDD(v[0], v[1], first)
		g.VPADDD(v[2], v[3], sum)
		g.VPADDD(first, sum, sum)
		g.VPACKSSDW(v[1], v[0], v[0])
		g.VPACKSSDW(v[3], v[2], v[2])
		g.VPACKSSWB(v[2], v[0], v[0])
		g.VPERMD(v[0], places, v[0])
		g.VMOVDQU(v[0], at(dst, 0))
		g.fold(sum, func(a, b, c Op) { g.VPADDD(a, b, c) })
		g.VMOVSS(step.AsX(), at(dst, rowStep))
		g.VCVTDQ2PS(sum.AsX(), t.AsX())
		g.VMULSS(step.AsX(), t.AsX(), t.AsX())
		g.VMOVSS(t.AsX(), at(dst, rowSum))
		g.fold(first, func(a, b, c Op) { g.VPADDD(a, b, c) })
		for _, z := range []struct {
			sum  reg.VecVirtual
			disp int
		}{{sum, rowZero}, {first, rowFirst}} {
			g.VPSLLD(Imm(7), z.sum.AsX(), z.sum.AsX())
			g.VPXOR(t, t, t)
			g.VPSUBD(z.sum.AsX(), t.AsX(), t.AsX())
			g.VMOVD(t.AsX(), at(dst, z.disp))
		}
	}, move{x, 128}, move{dst, rowRecord})
	g.end()
}

const blockProductSignature = "func(c *float32, ldc int, a *int8, lda int, panel *int8, blocks int, start *float32, lds int)"

// strip are the rows of the left side, of which three are in reach of each pointer.
type strip struct {
	near, far, step reg.Register
}

func (g *gen) strip(rows int) strip {
	s := strip{g.argument("a"), nil, g.argument("lda")}
	if rows > 3 {
		far := g.GP64()
		g.LEAQ(item(s.step, s.step, 2), far)
		g.ADDQ(s.near, far)
		s.far = far
	}
	return s
}

func (s strip) at(r, disp int) Mem {
	m := at(s.near, disp)
	if r >= 3 {
		m.Base = s.far
	}
	if r%3 > 0 {
		m.Index, m.Scale = s.step, uint8(r%3)
	}
	return m
}

func (g *gen) next(s strip) {
	g.ADDQ(Imm(rowRecord), s.near)
	if s.far != nil {
		g.ADDQ(Imm(rowRecord), s.far)
	}
}

// rowsOf are vectors of the rows of c or start, and move steps from one to the next.
func (g *gen) rowsOf(pointer, stride string, vs []reg.VecVirtual, f func(v reg.VecVirtual, m Mem)) {
	p := g.argument(pointer)
	for i, v := range vs {
		if i > 0 {
			g.ADDQ(g.place(g.Param(stride)), p)
		}
		f(v, at(p, 0))
	}
}

// blockProductVNNI is a strip of a product with one panel, whose bytes are 128 more than the
// whole numbers: what that adds is there from the start, with the other sign.
func (g *gen) blockProductVNNI(rows int, second string) {
	g.begin(fmt.Sprintf("blocks%d%sVNNI", rows, second), blockProductSignature, "is a strip of a product; steps from row to row are in bytes.")
	a, panel, blocks := g.strip(rows), g.argument("panel"), g.argument("blocks")
	sums, whole := make([]reg.VecVirtual, rows), make([]reg.VecVirtual, rows)
	for r := range sums {
		sums[r], whole[r] = g.ZMM(), g.ZMM()
	}
	g.rowsOf("start", "lds", sums, func(v reg.VecVirtual, m Mem) { g.VMOVUPS(m, v) })
	w, t := g.ZMM(), g.ZMM()
	g.each(blocks, 1, func() {
		for _, p := range partsOf(second) {
			for r := range whole {
				g.VPBROADCASTD(a.at(r, p.zero), whole[r])
				if p.from > 0 {
					g.VPSUBD_BCST(a.at(r, rowFirst), whole[r], whole[r])
				}
			}
			for q := p.from; q < p.to; q++ {
				g.VMOVDQU64(at(panel, 64*q), w)
				for r := range whole {
					g.VPDPBUSD_BCST(a.at(r, 4*q), w, whole[r])
				}
			}
			g.VMOVUPS(at(panel, p.step), w)
			for r := range sums {
				g.VMULPS_BCST(a.at(r, rowStep), w, t)
				g.VCVTDQ2PS(whole[r], whole[r])
				g.VFMADD231PS(t, whole[r], sums[r])
			}
		}
		if second == "Least" {
			g.VMOVUPS(at(panel, panelSecond), w)
			for r := range sums {
				g.VFMADD231PS_BCST(a.at(r, rowSum), w, sums[r])
			}
		}
		g.next(a)
		g.ADDQ(U32(panelRecord), panel)
	})
	g.rowsOf("c", "ldc", sums, func(v reg.VecVirtual, m Mem) { g.VMOVUPS(v, m) })
	g.end()
}

// parts are the fours of numbers that share a step.
type parts struct {
	from, to, zero, step int
}

func partsOf(second string) []parts {
	if second == "Halved" {
		return []parts{{0, 4, rowFirst, panelStep}, {4, 8, rowZero, panelSecond}}
	}
	return []parts{{0, 8, rowZero, panelStep}}
}

// blockProductAVX2 is the same for half of a panel. The signs of the panel's bytes go to those of
// the other side, so that one side has none, as the instruction wants.
func (g *gen) blockProductAVX2(rows int, second string) {
	g.begin(fmt.Sprintf("blocks%d%sAVX2", rows, second), blockProductSignature, "is a strip of half a product; steps from row to row are in bytes.")
	a, panel, blocks := g.strip(rows), g.argument("panel"), g.argument("blocks")
	sums, whole := make([]reg.VecVirtual, rows), make([]reg.VecVirtual, rows)
	for r := range sums {
		sums[r], whole[r] = g.YMM(), g.YMM()
	}
	g.rowsOf("start", "lds", sums, func(v reg.VecVirtual, m Mem) { g.VMOVUPS(m, v) })
	w, positive, t, ones := g.YMM(), g.YMM(), g.YMM(), g.YMM()
	g.VPCMPEQW(ones, ones, ones)
	g.VPSRLW(Imm(15), ones, ones)
	g.each(blocks, 1, func() {
		for _, p := range partsOf(second) {
			for r := range whole {
				g.VPXOR(whole[r], whole[r], whole[r])
			}
			for q := p.from; q < p.to; q++ {
				g.VMOVDQU(at(panel, 64*q), w)
				g.VPABSB(w, positive)
				for r := range whole {
					g.VPBROADCASTD(a.at(r, 4*q), t)
					g.VPSIGNB(w, t, t)
					g.VPMADDUBSW(t, positive, t)
					g.VPMADDWD(ones, t, t)
					g.VPADDD(t, whole[r], whole[r])
				}
			}
			g.VMOVUPS(at(panel, p.step), w)
			for r := range sums {
				g.VBROADCASTSS(a.at(r, rowStep), t)
				g.VMULPS(w, t, t)
				g.VCVTDQ2PS(whole[r], whole[r])
				g.VFMADD231PS(t, whole[r], sums[r])
			}
		}
		if second == "Least" {
			g.VMOVUPS(at(panel, panelSecond), w)
			for r := range sums {
				g.VBROADCASTSS(a.at(r, rowSum), t)
				g.VFMADD231PS(t, w, sums[r])
			}
		}
		g.next(a)
		g.ADDQ(U32(panelRecord), panel)
	})
	g.rowsOf("c", "ldc", sums, func(v reg.VecVirtual, m Mem) { g.VMOVUPS(v, m) })
	g.end()
}

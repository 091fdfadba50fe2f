package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// mostRows is how many rows of a product the registers hold, 16 columns wide.
const mostRows = 6

// matrix holds the kernels of matrix products.
func matrix(g *gen) {
	for rows := 1; rows <= mostRows; rows++ {
		g.product(rows)
	}
	for rows := 1; rows <= mostRows; rows++ {
		for panels := 1; panels <= 2; panels++ {
			g.wideProduct(rows, panels)
		}
	}
}

// product is a strip of rows × all columns of c = start + a·b. The sums of 16
// columns stay in registers, two vectors a row, and take their addends in the
// order of k. Six rows need twelve vectors; two hold b, two an element of a.
func (g *gen) product(rows int) {
	g.begin(fmt.Sprintf("product%dAVX2", rows),
		"func(c *float32, ldc int, a *float32, lda int, b *float32, k, stride, panels int, start *float32, lds int)",
		"is a strip of a product; steps from row to row and panel to panel are in bytes.")
	c, a, b, start := g.argument("c"), g.argument("a"), g.argument("b"), g.argument("start")
	panels := g.argument("panels")
	left, pa, pa3, lda, p := g.GP64(), g.GP64(), g.GP64(), g.GP64(), g.GP64()
	g.Load(g.Param("lda"), lda)
	panel := g.kernel + "Panel"
	g.Label(panel)

	sums := make([][2]reg.VecVirtual, rows)
	g.MOVQ(start, p)
	g.Load(g.Param("lds"), left)
	for r := range sums {
		sums[r] = [2]reg.VecVirtual{g.YMM(), g.YMM()}
		g.VMOVUPS(at(p, 0), sums[r][0])
		g.VMOVUPS(at(p, 32), sums[r][1])
		if r+1 < rows {
			g.ADDQ(left, p)
		}
	}
	g.MOVQ(a, pa)
	if rows > 3 {
		g.LEAQ(item(lda, lda, 2), pa3)
		g.ADDQ(a, pa3)
	}
	g.MOVQ(b, p)
	v := [2]reg.VecVirtual{g.YMM(), g.YMM()}
	x := [2]reg.VecVirtual{g.YMM(), g.YMM()}
	step := func(u int) {
		g.VMOVUPS(at(p, 64*u), v[0])
		g.VMOVUPS(at(p, 64*u+32), v[1])
		for r := range sums {
			base := pa
			if r >= 3 {
				base = pa3
			}
			m := at(base, 4*u)
			if r%3 > 0 {
				m.Index, m.Scale = lda, uint8(r%3)
			}
			g.VBROADCASTSS(m, x[r%2])
			for i := range v {
				g.VFMADD231PS(v[i], x[r%2], sums[r][i])
			}
		}
	}
	advance := func(n uint64) {
		g.ADDQ(Imm(4*n), pa)
		if rows > 3 {
			g.ADDQ(Imm(4*n), pa3)
		}
		g.ADDQ(U32(uint32(64*n)), p)
	}
	fours, ones, one, done := g.kernel+"Fours", g.kernel+"Ones", g.kernel+"One", g.kernel+"Done"
	g.Load(g.Param("k"), left)
	g.SUBQ(Imm(4), left)
	g.JL(LabelRef(ones))
	g.align()
	g.Label(fours)
	for u := range 4 {
		step(u)
	}
	advance(4)
	g.SUBQ(Imm(4), left)
	g.JGE(LabelRef(fours))
	g.Label(ones)
	g.ADDQ(Imm(4), left)
	g.JZ(LabelRef(done))
	g.Label(one)
	step(0)
	advance(1)
	g.DECQ(left)
	g.JNZ(LabelRef(one))
	g.Label(done)

	g.MOVQ(c, p)
	g.Load(g.Param("ldc"), left)
	for r := range sums {
		g.VMOVUPS(sums[r][0], at(p, 0))
		g.VMOVUPS(sums[r][1], at(p, 32))
		if r+1 < rows {
			g.ADDQ(left, p)
		}
	}
	g.ADDQ(Imm(64), c)
	g.ADDQ(Imm(64), start)
	g.Load(g.Param("stride"), left)
	g.ADDQ(left, b)
	g.DECQ(panels)
	g.JNZ(LabelRef(panel))
	g.end()
}

// wideProduct is product with vectors of 16 numbers, for one panel or two side by side.
func (g *gen) wideProduct(rows, panels int) {
	g.begin(fmt.Sprintf("product%dx%dAVX512", rows, panels),
		"func(c *float32, ldc int, a *float32, lda int, b *float32, k, stride, groups int, start *float32, lds int)",
		"is a strip of a product; steps from row to row and panel to panel are in bytes.")
	c, a, b, start := g.argument("c"), g.argument("a"), g.argument("b"), g.argument("start")
	groups := g.argument("groups")
	left, pa, pa3, lda, step := g.GP64(), g.GP64(), g.GP64(), g.GP64(), g.GP64()
	p := [2]reg.GPVirtual{g.GP64(), g.GP64()}
	g.Load(g.Param("lda"), lda)
	group := g.kernel + "Group"
	g.Label(group)

	sums := make([][]reg.VecVirtual, rows)
	g.MOVQ(start, p[0])
	g.Load(g.Param("lds"), step)
	for r := range sums {
		for i := range panels {
			sums[r] = append(sums[r], g.ZMM())
			g.VMOVUPS(at(p[0], 64*i), sums[r][i])
		}
		if r+1 < rows {
			g.ADDQ(step, p[0])
		}
	}
	g.MOVQ(a, pa)
	if rows > 3 {
		g.LEAQ(item(lda, lda, 2), pa3)
		g.ADDQ(a, pa3)
	}
	g.Load(g.Param("stride"), step)
	g.MOVQ(b, p[0])
	g.MOVQ(b, p[1])
	g.ADDQ(step, p[1])
	v, x := []reg.VecVirtual{g.ZMM(), g.ZMM()}[:panels], [2]reg.VecVirtual{g.ZMM(), g.ZMM()}
	add := func(u int) {
		for i := range v {
			g.VMOVUPS(at(p[i], 64*u), v[i])
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
			g.VBROADCASTSS(m, x[r%2])
			for i := range v {
				g.VFMADD231PS(v[i], x[r%2], sums[r][i])
			}
		}
	}
	advance := func(n uint32) {
		g.ADDQ(Imm(uint64(4*n)), pa)
		if rows > 3 {
			g.ADDQ(Imm(uint64(4*n)), pa3)
		}
		for _, q := range p[:panels] {
			g.ADDQ(U32(64*n), q)
		}
	}
	fours, ones, one, done := g.kernel+"Fours", g.kernel+"Ones", g.kernel+"One", g.kernel+"Done"
	g.Load(g.Param("k"), left)
	g.SUBQ(Imm(4), left)
	g.JL(LabelRef(ones))
	g.align()
	g.Label(fours)
	for u := range 4 {
		add(u)
	}
	advance(4)
	g.SUBQ(Imm(4), left)
	g.JGE(LabelRef(fours))
	g.Label(ones)
	g.ADDQ(Imm(4), left)
	g.JZ(LabelRef(done))
	g.Label(one)
	add(0)
	advance(1)
	g.DECQ(left)
	g.JNZ(LabelRef(one))
	g.Label(done)

	g.MOVQ(c, p[0])
	g.Load(g.Param("ldc"), left)
	for r := range sums {
		for i, s := range sums[r] {
			g.VMOVUPS(s, at(p[0], 64*i))
		}
		if r+1 < rows {
			g.ADDQ(left, p[0])
		}
	}
	for range panels {
		g.ADDQ(step, b)
	}
	for _, q := range []reg.GPVirtual{c, start} {
		g.ADDQ(U32(uint32(64*panels)), q)
	}
	g.DECQ(groups)
	g.JNZ(LabelRef(group))
	g.end()
}

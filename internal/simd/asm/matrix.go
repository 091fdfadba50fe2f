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
		g.product(fmt.Sprintf("product%dAVX2", rows), rows, 1, g.YMM)
	}
	for rows := 1; rows <= mostRows; rows++ {
		for panels := 1; panels <= 2; panels++ {
			g.product(fmt.Sprintf("product%dx%dAVX512", rows, panels), rows, panels, g.ZMM)
		}
	}
}

// product is a strip of rows × all columns of c = start + a·b, as many panels of 16 columns
// side by side. Their sums stay in registers and take their addends in the order of k. Of the
// sixteen vectors of AVX2 six rows need twelve; two hold b, two an element of a.
func (g *gen) product(name string, rows, panels int, vector func() reg.VecVirtual) {
	g.begin(name,
		"func(c *float32, ldc int, a *float32, lda int, b *float32, k, stride, groups int, start *float32, lds int)",
		"is a strip of a product; steps from row to row and panel to panel are in bytes.")
	c, a, b, start := g.argument("c"), g.argument("a"), g.argument("b"), g.argument("start")
	groups := g.argument("groups")
	left, pa, pa3, lda, step := g.GP64(), g.GP64(), g.GP64(), g.GP64(), g.GP64()
	p := []reg.GPVirtual{g.GP64(), g.GP64()}[:panels]
	g.Load(g.Param("lda"), lda)
	group := g.kernel + "Group"
	g.Label(group)

	x := [2]reg.VecVirtual{vector(), vector()}
	width := int(x[0].Size())
	v := make([]reg.VecVirtual, panels*64/width)
	for i := range v {
		v[i] = vector()
	}
	sums := make([][]reg.VecVirtual, rows)
	g.MOVQ(start, p[0])
	g.Load(g.Param("lds"), step)
	for r := range sums {
		for i := range v {
			sums[r] = append(sums[r], vector())
			g.VMOVUPS(at(p[0], width*i), sums[r][i])
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
	for i, q := range p {
		g.MOVQ(b, q)
		if i > 0 {
			g.ADDQ(step, q)
		}
	}
	add := func(u int) {
		for i := range v {
			g.VMOVUPS(at(p[width*i/64], 64*u+width*i%64), v[i])
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
		for _, q := range p {
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
			g.VMOVUPS(s, at(p[0], width*i))
		}
		if r+1 < rows {
			g.ADDQ(left, p[0])
		}
	}
	for range p {
		g.ADDQ(step, b)
	}
	for _, q := range []reg.GPVirtual{c, start} {
		g.ADDQ(U32(uint32(64*panels)), q)
	}
	g.DECQ(groups)
	g.JNZ(LabelRef(group))
	g.end()
}

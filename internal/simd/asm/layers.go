package main

import (
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// layers holds what an encoder does between its products.
func layers(g *gen) {
	e := g.exponential()
	g.softmax(e)
	g.gate(e)
	g.gelu()
	g.addNorm()
	g.raise()
}

// constant is a float32 in all eight lanes of read-only memory.
func (g *gen) constant(name string, value float32) Mem {
	m := g.StaticGlobal(name)
	g.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 8 {
		g.AddDatum(4*i, U32(math.Float32bits(value)))
	}
	return m
}

// floats fills a vector with a parameter.
func (g *gen) floats(name string) reg.VecVirtual {
	v := g.YMM()
	g.VBROADCASTSS(g.place(g.Param(name)), v)
	return v
}

// fold makes one number of eight: op on the halves, until one is left in all lanes
// of the low half of v.
func (g *gen) fold(v reg.VecVirtual, op func(a, b, c Op)) {
	x := g.XMM()
	g.VEXTRACTF128(Imm(1), v.AsY(), x)
	op(x, v.AsX(), v.AsX())
	g.VPERMILPS(Imm(0x4e), v.AsX(), x)
	op(x, v.AsX(), v.AsX())
	g.VPERMILPS(Imm(0xb1), v.AsX(), x)
	op(x, v.AsX(), v.AsX())
}

// exponential holds the numbers that e to the x is made of.
type exponential struct {
	log2e, high, low, least, most Mem
	factors                       []Mem // 1/7! … 1/0!
}

func (g *gen) exponential() (e exponential) {
	e.log2e = g.constant("log2e", math.Log2E)
	const ln2High = 0x1.62e4p-1 // few enough bits that products with whole numbers are exact
	e.high, e.low = g.constant("ln2High", ln2High), g.constant("ln2Low", math.Ln2-ln2High)
	e.least, e.most = g.constant("leastExponent", -87), g.constant("mostExponent", 87)
	f := 5040.0
	for i := 7; i >= 0; i-- {
		e.factors = append(e.factors, g.constant("factorial"+string(rune('0'+i)), float32(1/f)))
		if i > 0 {
			f /= float64(i)
		}
	}
	return e
}

// exp sets r to e to the v. It is 2 to the whole part of v/ln 2, put into the exponent, times
// a polynomial of the rest.
func (g *gen) exp(e exponential, v, r, whole reg.VecVirtual) {
	g.VMULPS(e.log2e, v, whole)
	g.VROUNDPS(Imm(8), whole, whole)
	g.VFNMADD231PS(e.high, whole, v)
	g.VFNMADD231PS(e.low, whole, v)
	g.VCVTPS2DQ(whole, whole)
	g.VPSLLD(Imm(23), whole, whole)
	g.VMOVUPS(e.factors[0], r)
	for _, f := range e.factors[1:] {
		g.VFMADD213PS(f, v, r)
	}
	g.VPADDD(whole, r, r)
}

// gate is x / (1 + e^-x) · y.
func (g *gen) gate(e exponential) {
	one := g.constant("gateOne", 1)
	g.begin("gateAVX2", "func(x, y *float32, n int)", "works on eight numbers at a time.")
	x, y, n := g.argument("x"), g.argument("y"), g.argument("n")
	v, t, r, whole := g.YMM(), g.YMM(), g.YMM(), g.YMM()
	g.each(n, 8, func() {
		g.VMOVUPS(at(x, 0), v)
		g.VXORPS(t, t, t)
		g.VSUBPS(v, t, t)
		g.VMINPS(e.most, t, t)
		g.VMAXPS(e.least, t, t)
		g.exp(e, t, r, whole)
		g.VADDPS(one, r, r)
		g.VDIVPS(r, v, v)
		g.VMULPS(at(y, 0), v, v)
		g.VMOVUPS(v, at(x, 0))
	}, move{x, 32}, move{y, 32})
	g.end()
}

func (g *gen) softmax(e exponential) {
	g.begin("softmaxAVX2", "func(x *float32, n int, scale float32) float32",
		"works on eight numbers at a time.")
	x, n := g.argument("x"), g.argument("n")
	p, left := g.copyOf(x), g.copyOf(n)
	greatest, v, sum, r, whole := g.YMM(), g.YMM(), g.YMM(), g.YMM(), g.YMM()
	scale := g.floats("scale")
	g.VMOVUPS(at(x, 0), greatest)
	g.kernel = "softmaxAVX2Max"
	g.each(left, 8, func() { g.VMAXPS(at(p, 0), greatest, greatest) }, move{p, 32})
	g.fold(greatest, func(a, b, c Op) { g.VMAXPS(a, b, c) })
	g.VBROADCASTSS(greatest.AsX(), greatest)
	g.VMULPS(scale, greatest, greatest)
	g.VXORPS(sum, sum, sum)
	g.kernel = "softmaxAVX2Exp"
	g.each(n, 8, func() {
		g.VMOVUPS(at(x, 0), v)
		g.VFMSUB213PS(greatest, scale, v)
		g.VMAXPS(e.least, v, v)
		g.exp(e, v, r, whole)
		g.VMOVUPS(r, at(x, 0))
		g.VADDPS(r, sum, sum)
	}, move{x, 32})
	g.fold(sum, func(a, b, c Op) { g.VADDPS(a, b, c) })
	g.Store(sum.AsX(), g.ReturnIndex(0))
	g.end()
}

// erfOver and erfUnder are a rational function of the square that, times x, is
// erf x within 4e-7 up to erfEnd, where erf is 1 in float32. They were fitted for
// this file: least squares, weights moved to where the error is greatest.
var (
	erfOver  = []float32{1.128378987312317, 0.1940358430147171, 0.05320706591010094, 0.003917319234460592, 0.00028759983251802623, 2.0117306576139526e-06}
	erfUnder = []float32{1, 0.5052912831306458, 0.11559080332517624, 0.015270707197487354, 0.0011981995776295662, 3.7839545257156715e-05}
)

const erfEnd = 3.95

func (g *gen) gelu() {
	half, root, end, minus := g.constant("half", .5), g.constant("rootHalf", math.Sqrt2/2), g.constant("erfEnd", erfEnd), g.constant("minusErfEnd", -erfEnd)
	var over, under []Mem
	for i := range erfOver {
		over = append(over, g.constant("erfOver"+string(rune('0'+i)), erfOver[i]))
	}
	for i := range erfUnder {
		under = append(under, g.constant("erfUnder"+string(rune('0'+i)), erfUnder[i]))
	}
	g.begin("geluAVX2", "func(x *float32, n int)", "works on eight numbers at a time.")
	x, n := g.argument("x"), g.argument("n")
	v, z, t, a, b := g.YMM(), g.YMM(), g.YMM(), g.YMM(), g.YMM()
	horner := func(sum reg.VecVirtual, factors []Mem) {
		g.VMOVUPS(factors[len(factors)-1], sum)
		for i := len(factors) - 2; i >= 0; i-- {
			g.VFMADD213PS(factors[i], t, sum)
		}
	}
	g.each(n, 8, func() {
		g.VMOVUPS(at(x, 0), v)
		g.VMULPS(root, v, z)
		g.VMINPS(end, z, z)
		g.VMAXPS(minus, z, z)
		g.VMULPS(z, z, t)
		horner(a, over)
		horner(b, under)
		g.VMULPS(z, a, a)
		g.VDIVPS(b, a, a)
		g.VMULPS(half, v, v)
		g.VFMADD231PS(v, a, v)
		g.VMOVUPS(v, at(x, 0))
	}, move{x, 32})
	g.end()
}

func (g *gen) addNorm() {
	one := g.constant("ones", 1)
	g.begin("addNormAVX2", "func(x, y, weight, bias *float32, n int, per, eps float32)",
		"works on eight numbers at a time, three times through the row.")
	x, y, weight, bias := g.argument("x"), g.argument("y"), g.argument("weight"), g.argument("bias")
	n := g.argument("n")
	p, left := g.copyOf(x), g.copyOf(n)
	v, sum, mean := g.YMM(), g.YMM(), g.YMM()
	per := g.floats("per")
	add := func(a, b, c Op) { g.VADDPS(a, b, c) }
	average := func(to reg.VecVirtual) {
		g.fold(sum, add)
		g.VBROADCASTSS(sum.AsX(), sum)
		g.VMULPS(per, sum, to)
	}
	g.VXORPS(sum, sum, sum)
	g.kernel = "addNormAVX2Sum"
	g.each(left, 8, func() {
		g.VMOVUPS(at(p, 0), v)
		g.VADDPS(at(y, 0), v, v)
		g.VMOVUPS(v, at(p, 0))
		g.VADDPS(v, sum, sum)
	}, move{p, 32}, move{y, 32})
	average(mean)
	g.VXORPS(sum, sum, sum)
	g.MOVQ(x, p)
	g.MOVQ(n, left)
	g.kernel = "addNormAVX2Square"
	g.each(left, 8, func() {
		g.VMOVUPS(at(p, 0), v)
		g.VSUBPS(mean, v, v)
		g.VFMADD231PS(v, v, sum)
	}, move{p, 32})
	scale, eps := g.YMM(), g.floats("eps")
	average(scale)
	g.VADDPS(eps, scale, scale)
	g.VSQRTPS(scale, scale)
	g.VMOVUPS(one, v)
	g.VDIVPS(scale, v, scale)
	g.kernel = "addNormAVX2Scale"
	g.each(n, 8, func() {
		g.VMOVUPS(at(x, 0), v)
		g.VSUBPS(mean, v, v)
		g.VMULPS(scale, v, v)
		g.VMOVUPS(at(weight, 0), sum)
		g.VFMADD213PS(at(bias, 0), sum, v)
		g.VMOVUPS(v, at(x, 0))
	}, move{x, 32}, move{weight, 32}, move{bias, 32})
	g.end()
}

func (g *gen) raise() {
	g.begin("raiseAVX2", "func(dst, x *float32, n int)", "works on eight numbers at a time.")
	dst, x, n := g.argument("dst"), g.argument("x"), g.argument("n")
	v := g.YMM()
	g.each(n, 8, func() {
		g.VMOVUPS(at(x, 0), v)
		g.VMAXPS(at(dst, 0), v, v)
		g.VMOVUPS(v, at(dst, 0))
	}, move{dst, 32}, move{x, 32})
	g.end()
}

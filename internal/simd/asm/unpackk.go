package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Blocks of 256 numbers become eight records. Steps are numbers of a few bits, times one of the
// block.

// byteFloats are the floats of a byte of each doubleword.
func (f form) byteFloats(v reg.VecVirtual, i int, signed bool) reg.VecVirtual {
	t := f.vector()
	f.VPSLLD(Imm(uint64(24-8*i)), v, t)
	if signed {
		f.VPSRAD(Imm(24), t, t)
	} else {
		f.VPSRLD(Imm(24), t, t)
	}
	f.VCVTDQ2PS(t, t)
	return t
}

// shifted moves bits of words to the left, or to the right where by is negative.
func (f form) shifted(by int, v, to reg.VecVirtual) {
	switch {
	case by > 0:
		f.VPSLLW(Imm(uint64(by)), v, to)
	case by < 0:
		f.VPSRLW(Imm(uint64(-by)), v, to)
	default:
		f.copied(v, to)
	}
}

// copied copies a vector.
func (f form) copied(v, to reg.VecVirtual) {
	if f.wide {
		f.VMOVDQA64(v, to)
	} else {
		f.VMOVDQA(v, to)
	}
}

// scratch reads 32 bytes of each row to where the numbers of a record will be written last.
func (f form) scratch(p *places, disp, record int) {
	for half := range 2 {
		for c, v := range f.transpose(p, disp+16*half) {
			f.write(v, at(p.dst, panelRecord*record+64*(4*half+c)))
		}
	}
}

// unpackFourK unpacks Q4_K, and Q5_K, of which the fifth bits stand apart: bit i of 32 bytes for the
// i-th 32 numbers.
func (f form) unpackFourK(fifth bool) {
	name, size, quants := "Q4_K", 144, 16
	if fifth {
		name, size, quants = "Q5_K", 176, 48
	}
	p := f.unpacking(name, 0)
	f.through(p, 8, size, func() {
		f.fetch(p, size)
		f.sixBits(p)
		low := f.bytes(15)
		var bit reg.VecVirtual
		if fifth {
			bit = f.bytes(16)
			f.scratch(p, 16, 7)
		}
		for i := range 4 {
			for part := range 2 {
				for c, v := range f.transpose(p, quants+32*i+16*part) {
					quad, t, b := 4*part+c, f.vector(), f.vector()
					var bits reg.VecVirtual
					if fifth {
						bits = f.vector()
						f.read(at(p.dst, panelRecord*7+64*quad), bits)
					}
					for half := range 2 {
						if half == 1 {
							f.VPSRLW(Imm(4), v, v)
						}
						f.and(low, v, t)
						if fifth {
							f.shifted(4-(2*i+half), bits, b)
							f.and(bit, b, b)
							f.or(b, t, t)
						}
						f.put(p, t, 2*i+half, quad)
					}
				}
			}
		}
	})
	f.end()
}

// sixBits writes the steps and least numbers of eight records: numbers of six bits, of which the
// last four have their upper two bits beside the first four.
func (f form) sixBits(p *places) {
	z := f.transpose(p, 0)
	step, least := f.halves(z[0], false), f.halves(z[0], true)
	sign := f.vector()
	if f.wide {
		f.VPXORD(sign, sign, sign)
	} else {
		f.VPXOR(sign, sign, sign)
	}
	f.VSUBPS(least, sign, least)
	six, four, two := f.bytes(63), f.bytes(15), f.bytes(48)
	write := func(v, factor reg.VecVirtual, first, disp int) {
		for i := range 4 {
			x := f.byteFloats(v, i, false)
			f.VMULPS(factor, x, x)
			f.VMOVUPS(x, at(p.dst, panelRecord*(first+i)+disp))
		}
	}
	for _, w := range []struct {
		low    reg.VecVirtual
		factor reg.VecVirtual
		shift  uint64
		disp   int
	}{{z[1], step, 0, panelStep}, {z[2], least, 4, panelSecond}} {
		a, b := f.vector(), f.vector()
		f.and(six, w.low, a)
		write(a, w.factor, 0, w.disp)
		f.VPSRLD(Imm(2), w.low, a)
		f.and(two, a, a)
		if w.shift > 0 {
			f.VPSRLD(Imm(w.shift), z[3], b)
			f.and(four, b, b)
		} else {
			f.and(four, z[3], b)
		}
		f.or(b, a, a)
		write(a, w.factor, 4, w.disp)
	}
}

// unpackSixK unpacks Q6_K: 16 steps with a sign, and of each number four bits, and two apart.
func (f form) unpackSixK() {
	const size, two, steps, last = 210, 128, 192, 206
	p := f.unpacking("Q6_K", 32)
	f.through(p, 8, size, func() { // the last four bytes end with the half that steps are multiplied by
		for r := range f.rows() {
			t := f.GP32()
			f.MOVL(p.row(r, last), t)
			f.MOVL(t, at(p.dst, panelStep+4*r))
		}
	})
	f.through(p, 8, size, func() {
		f.fetch(p, size)
		head := f.vector()
		f.read(at(p.dst, panelStep), head)
		factor := f.halves(head, true)
		for i, v := range f.transpose(p, steps) {
			for j := range 4 {
				x := f.byteFloats(v, j, true)
				f.VMULPS(factor, x, x)
				f.VMOVUPS(x, at(p.dst, panelRecord*(2*i+j/2)+panelStep+j%2*(panelSecond-panelStep)))
			}
		}
		low, high := f.bytes(15), f.bytes(48)
		for side := range 2 {
			record := 4 * side
			f.scratch(p, two+32*side, record+3)
			for i := range 4 { // of 16 bytes
				for c, v := range f.transpose(p, 64*side+16*i) {
					quad, t, b, bits := i%2*4+c, f.vector(), f.vector(), f.vector()
					f.read(at(p.dst, panelRecord*(record+3)+64*quad), bits)
					for half := range 2 {
						quarter := i/2 + 2*half
						if half == 1 {
							f.VPSRLW(Imm(4), v, v)
						}
						f.and(low, v, t)
						f.shifted(4-2*quarter, bits, b)
						f.and(high, b, b)
						f.or(b, t, t)
						f.put(p, t, record+quarter, quad)
					}
				}
			}
		}
	})
	f.end()
}

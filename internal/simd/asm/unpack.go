package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// form is how many rows of a panel are unpacked at a time: 16, for bytes that are 128 more than
// the numbers, or 8, for those with a sign.
type form struct {
	*gen
	wide bool
}

func (f form) vector() reg.VecVirtual {
	if f.wide {
		return f.ZMM()
	}
	return f.YMM()
}

func (f form) rows() int {
	if f.wide {
		return 16
	}
	return 8
}

func (f form) read(m Mem, v reg.VecVirtual)  { f.move(m, v, v.Size()) }
func (f form) write(v reg.VecVirtual, m Mem) { f.move(v, m, v.Size()) }

func (f form) and(a, b, c Op) {
	if f.wide {
		f.VPANDD(a, b, c)
	} else {
		f.VPAND(a, b, c)
	}
}

func (f form) or(a, b, c Op) {
	if f.wide {
		f.VPORD(a, b, c)
	} else {
		f.VPOR(a, b, c)
	}
}

// places are where the blocks of the rows are that come next, and where they go.
type places struct {
	bases      []reg.GPVirtual // of each fourth row
	one, three reg.Register    // bytes from row to row, and of three rows
	dst, ahead reg.Register
	bias       reg.VecVirtual // what is added to each number, nil for nothing
}

// row is memory at a place in the block of a row.
func (p *places) row(r, disp int) Mem {
	m := at(p.bases[r/4], disp)
	switch r % 4 {
	case 1, 2:
		m.Index, m.Scale = p.one, uint8(r%4)
	case 3:
		m.Index, m.Scale = p.three, 1
	}
	return m
}

// transpose takes 16 bytes of each row: four vectors, each a doubleword of every row.
func (f form) transpose(p *places, disp int) [4]reg.VecVirtual {
	var z, t [4]reg.VecVirtual
	for j := range z {
		z[j], t[j] = f.vector(), f.vector()
		if f.wide { // a load that fills the vector leaves nothing of what was there before
			f.VBROADCASTI32X4(p.row(j, disp), z[j])
		} else {
			f.VBROADCASTI128(p.row(j, disp), z[j])
		}
		for i := 1; i < f.rows()/4; i++ {
			if f.wide {
				f.VINSERTI32X4(Imm(uint64(i)), p.row(4*i+j, disp), z[j], z[j])
			} else {
				f.VINSERTI128(Imm(uint64(i)), p.row(4*i+j, disp), z[j], z[j])
			}
		}
	}
	f.VPUNPCKLDQ(z[1], z[0], t[0])
	f.VPUNPCKLDQ(z[3], z[2], t[1])
	f.VPUNPCKHDQ(z[1], z[0], t[2])
	f.VPUNPCKHDQ(z[3], z[2], t[3])
	f.VPUNPCKLQDQ(t[1], t[0], z[0])
	f.VPUNPCKHQDQ(t[1], t[0], z[1])
	f.VPUNPCKLQDQ(t[3], t[2], z[2])
	f.VPUNPCKHQDQ(t[3], t[2], z[3])
	return z
}

// put writes four numbers of each row, the quad-th of some records.
func (f form) put(p *places, v reg.VecVirtual, record, quad int) {
	if p.bias != nil {
		f.VPADDB(p.bias, v, v)
	}
	f.write(v, at(p.dst, panelRecord*record+64*quad))
}

// halves are the floats of which the low or high words of doublewords are the halves.
func (f form) halves(v reg.VecVirtual, high bool) reg.VecVirtual {
	t := f.vector()
	switch {
	case high:
		f.VPSRLD(Imm(16), v, t)
	case f.wide:
		t = v
	default:
		f.VPSLLD(Imm(16), v, t)
		f.VPSRLD(Imm(16), t, t)
	}
	if f.wide {
		words := f.YMM()
		f.VPMOVDW(t, words)
		t = f.ZMM()
		f.VCVTPH2PS(words, t)
		return t
	}
	f.VPACKUSDW(t, t, t)
	f.VPERMQ(Imm(8), t, t)
	f.VCVTPH2PS(t.AsX(), t)
	return t
}

// layout is that of a block of 32 numbers in a file: half-precision floats come first, the step
// and, where least is set, the least number.
type layout struct {
	name   string
	bytes  int
	zero   int // the number that is 0
	least  bool
	fifth  int // where the fifth bits are, 0 for nowhere
	quants int
}

var layouts = []layout{
	{"Q4_0", 18, 8, false, 0, 2}, {"Q4_1", 20, 0, true, 0, 4},
	{"Q5_0", 22, 16, false, 2, 6}, {"Q5_1", 24, 0, true, 4, 8},
	{"Q8_0", 34, 0, false, 0, 2},
}

// unpacking starts a kernel that lays blocks of rows out as records of a panel.
func (f form) unpacking(name string, zero int) *places {
	suffix, bias := "AVX2", -zero
	if f.wide {
		suffix, bias = "VNNI", 128-zero
	}
	f.begin("unpack"+name+suffix, "func(dst *int8, src *byte, stride, blocks, ahead int)",
		fmt.Sprintf("lays out blocks of %d rows, stride bytes apart, and fetches as many bytes ahead of them.", f.rows()))
	p := &places{one: f.argument("stride"), three: f.GP64(), dst: f.GP64(), ahead: f.argument("ahead")}
	f.LEAQ(item(p.one, p.one, 2), p.three)
	f.ADDQ(f.place(f.Param("src")), p.ahead)
	for range f.rows() / 4 {
		p.bases = append(p.bases, f.GP64())
	}
	if bias != 0 {
		p.bias = f.bytes(bias)
	}
	return p
}

// bytes are the same byte everywhere.
func (f form) bytes(value int) reg.VecVirtual {
	v := f.vector()
	f.VPBROADCASTB(f.byteOf(value), v)
	return v
}

// unpack unpacks blocks of 32 numbers.
func (f form) unpack(l layout) {
	p := f.unpacking(l.name, l.zero)
	f.heads(p, l)
	low := f.bytes(15)
	var spread, fifth reg.VecVirtual
	if l.fifth > 0 {
		spread, fifth = f.vector(), f.bytes(16)
		f.VPBROADCASTD(f.everywhere(f.kernel+"Spread", 0x02040810), spread)
	}
	f.through(p, 1, l.bytes, func() {
		f.fetch(p, l.bytes)
		head, bits := f.vector(), f.vector()
		f.read(at(p.dst, panelStep), head)
		if l.fifth > 0 {
			f.read(at(p.dst, panelSecond), bits)
		}
		f.write(f.halves(head, false), at(p.dst, panelStep))
		if l.least {
			f.write(f.halves(head, true), at(p.dst, panelSecond))
		}
		if l.name == "Q8_0" {
			for half := range 2 {
				for c, v := range f.transpose(p, l.quants+16*half) {
					f.put(p, v, 0, 4*half+c)
				}
			}
			return
		}
		for c, v := range f.transpose(p, l.quants) {
			for half := range 2 {
				t := f.vector()
				if half == 1 {
					f.VPSRLW(Imm(4), v, v)
				}
				f.and(low, v, t)
				if l.fifth > 0 {
					// Four bits to bit 4 of four bytes.
					b := f.vector()
					f.VPSRLD(Imm(uint64(16*half+4*c)), bits, b)
					f.VPSLLD(Imm(28), b, b)
					f.VPSRLD(Imm(28), b, b)
					f.VPMULLD(spread, b, b)
					f.and(fifth, b, b)
					f.or(b, t, t)
				}
				f.put(p, t, 0, 4*half+c)
			}
		}
	})
	f.end()
}

// heads copies the first doubleword of each block, and that of fifth bits, to where the floats
// will stand: one after the other here, since a vector cannot be read soon after that.
func (f form) heads(p *places, l layout) {
	f.through(p, 1, l.bytes, func() {
		for r := range f.rows() {
			t := f.GP32()
			f.MOVL(p.row(r, 0), t)
			f.MOVL(t, at(p.dst, panelStep+4*r))
			if l.fifth > 0 {
				f.MOVL(p.row(r, l.fifth), t)
				f.MOVL(t, at(p.dst, panelSecond+4*r))
			}
		}
	})
}

// fetch asks for what comes later, line after line.
func (f form) fetch(p *places, bytes int) {
	n := f.rows() * bytes
	for i := 0; i < n; i += 64 {
		f.PREFETCHT1(at(p.ahead, i))
	}
	f.ADDQ(U32(uint32(n)), p.ahead)
}

// through goes through the blocks, of so many records.
func (f form) through(p *places, records, bytes int, body func()) {
	f.Load(f.Param("src"), p.bases[0])
	for i, b := range p.bases[1:] {
		f.LEAQ(item(p.bases[i], p.one, 4), b)
	}
	f.Load(f.Param("dst"), p.dst)
	f.kernel += "Again"
	moves := []move{{p.dst, uint64(records * panelRecord)}}
	for _, b := range p.bases {
		moves = append(moves, move{b, uint64(bytes)})
	}
	left := f.argument("blocks")
	f.loop(left, 1, func() {
		body()
		for _, m := range moves {
			f.ADDQ(U32(uint32(m.stride)), m.pointer)
		}
	})
}

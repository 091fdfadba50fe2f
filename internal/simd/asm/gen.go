package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gen builds kernels. Its methods are the pieces that several of them share.
type gen struct {
	*build.Context
	kernel string
	single map[uint8]Mem // in read-only memory
}

// begin starts a kernel. The last form of a name says which vectors it needs.
func (g *gen) begin(name, signature string, doc ...string) {
	g.kernel = name
	g.Function(name)
	g.Attributes(attr.NOSPLIT)
	g.Pragma("noescape")
	g.SignatureExpr(signature)
	g.Doc(append([]string{fmt.Sprintf("%s %s", name, doc[0])}, doc[1:]...)...)
}

// end returns from a kernel that used the high halves of vectors.
func (g *gen) end() {
	g.VZEROUPPER()
	g.RET()
}

// argument loads a parameter of eight bytes.
func (g *gen) argument(name string) reg.GPVirtual {
	r := g.GP64()
	g.Load(g.Param(name), r)
	return r
}

// argument32 loads a parameter of four bytes, or widens one of two.
func (g *gen) argument32(name string) reg.GPVirtual {
	r := g.GP32()
	g.Load(g.Param(name), r)
	return r
}

// argument64 is argument32 in the low half of a register of eight.
func (g *gen) argument64(name string) reg.GPVirtual {
	r := g.GP64()
	g.Load(g.Param(name), r.As32())
	return r
}

// place is where a parameter lies in memory.
func (g *gen) place(c gotypes.Component) Mem {
	b, err := c.Resolve()
	if err != nil {
		panic(err) // a name that the signature does not have
	}
	return b.Addr
}

// words fills v with a parameter of two bytes.
func (g *gen) words(name string, v reg.VecVirtual) reg.VecVirtual {
	g.VPBROADCASTW(g.place(g.Param(name)), v)
	return v
}

// doublewords fills a vector of 32 bytes with a parameter of four.
func (g *gen) doublewords(name string) reg.VecVirtual {
	v := g.YMM()
	g.VMOVD(g.argument32(name), v.AsX())
	g.VPBROADCASTD(v.AsX(), v)
	return v
}

// copyOf is a register of its own with the value of a 64-bit one.
func (g *gen) copyOf(r reg.Register) reg.GPVirtual {
	c := g.GP64()
	g.MOVQ(r, c)
	return c
}

// copyOf32 is the same for 32 bits.
func (g *gen) copyOf32(r reg.Register) reg.GPVirtual {
	c := g.GP32()
	g.MOVL(r, c)
	return c
}

// loop repeats body until left, less step each time, is 0. It is not 0 at first.
func (g *gen) loop(left Op, step uint64, body func()) {
	label := g.kernel + "Loop"
	g.align()
	g.Label(label)
	body()
	if step == 1 {
		g.DECQ(left)
	} else {
		g.SUBQ(Imm(step), left)
	}
	g.JNZ(LabelRef(label))
}

// each is loop over the elements of arrays: every pointer moves on by its stride.
func (g *gen) each(left Op, step uint64, body func(), moves ...move) {
	g.loop(left, step, func() {
		body()
		for _, m := range moves {
			g.ADDQ(Imm(m.stride), m.pointer)
		}
	})
}

// align puts what follows where a line of decoded instructions begins, so that the
// time of a short loop does not depend on the code before it.
func (g *gen) align() {
	g.Instruction(&ir.Instruction{Opcode: "PCALIGN", Operands: []Op{Imm(64)}})
}

type move struct {
	pointer reg.Register
	stride  uint64
}

// at is memory at base and disp bytes.
func at(base reg.Register, disp int) Mem { return Mem{Base: base, Disp: disp} }

// item is element i of an array of elements of scale bytes.
func item(base, i reg.Register, scale uint8) Mem { return Mem{Base: base, Index: i, Scale: scale} }

// byteImpacts turns bytes in the high halves of words into their impacts: byte
// · 256 · factor / 65536, which is the high half of the product.
func (g *gen) byteImpacts(v, factors reg.Register) { g.VPMULHUW(factors, v, v) }

// wideImpacts is byteImpacts for bytes in the low halves of words.
func (g *gen) wideImpacts(v, factors reg.Register) {
	g.VPSLLW(Imm(8), v, v)
	g.byteImpacts(v, factors)
}

// returnGreatest returns the greatest word of v. VPHMINPOSUW finds the least of
// eight, so the complement is searched.
func (g *gen) returnGreatest(v reg.VecVirtual) {
	x, ones, r := g.XMM(), g.XMM(), g.GP32()
	g.VEXTRACTI128(Imm(1), v.AsY(), x)
	g.VPMAXUW(x, v.AsX(), x)
	g.VPCMPEQW(ones, ones, ones)
	g.VPXOR(ones, x, x)
	g.VPHMINPOSUW(x, x)
	g.VMOVD(x, r)
	g.NOTL(r)
	g.Store(r.As16(), g.ReturnIndex(0))
}

// returnCount returns how many elements of 1<<shift bytes lie between the pointers.
func (g *gen) returnCount(end reg.Register, start Op, shift uint64) {
	g.SUBQ(start, end)
	g.SHRQ(Imm(shift), end)
	g.Store(end, g.ReturnIndex(0))
	g.end()
}

// indexes writes first + i for each set bit i<<shift of mask to dst, ascending,
// and leaves dst behind them. mask becomes 0; the flags say whether it is already.
func (g *gen) indexes(dst, first, mask reg.Register, shift uint64) {
	bit, next := g.kernel+"Bit", g.kernel+"Next"
	i := g.GP32()
	g.JZ(LabelRef(next))
	g.Label(bit)
	g.BSFL(mask, i)
	if shift > 0 {
		g.SHRL(Imm(shift), i)
	}
	g.ADDL(first, i)
	g.MOVL(i, at(dst, 0))
	g.ADDQ(Imm(4), dst)
	g.BLSRL(mask, mask)
	g.JNZ(LabelRef(bit))
	g.Label(next)
}

// Predicates of VPCMPUW and VCMPPS.
const (
	lessOrEqual         = 2
	notLess             = 5
	notLessNorUnordered = 0x0d
)

// zeros are n vectors of zero bytes.
func (g *gen) zeros(n int, vector func() reg.VecVirtual) []reg.VecVirtual {
	vs := make([]reg.VecVirtual, n)
	for i := range vs {
		v := vector()
		if vs[i] = v; v.Size() == 64 {
			g.VPXORQ(v, v, v)
		} else {
			g.VPXOR(v, v, v)
		}
	}
	return vs
}

// loads reads n bytes into as many vectors as they fill.
func (g *gen) loads(from Mem, n int, vector func() reg.VecVirtual) (vs []reg.VecVirtual) {
	for i := 0; i < n; {
		v := vector()
		g.move(from.Offset(i), v, v.Size())
		vs = append(vs, v)
		i += int(v.Size())
	}
	return vs
}

// stores writes vectors side by side.
func (g *gen) stores(vs []reg.VecVirtual, to Mem) {
	for i, v := range vs {
		g.move(v, to.Offset(i*int(v.Size())), v.Size())
	}
}

func (g *gen) move(from, to Op, size uint) {
	if size == 64 {
		g.VMOVDQU64(from, to)
	} else {
		g.VMOVDQU(from, to)
	}
}

// table is read-only data of 8-byte values.
func (g *gen) table(name string, values ...U64) Mem {
	m := g.StaticGlobal(name)
	g.DataAttributes(attr.RODATA | attr.NOPTR)
	for i, v := range values {
		g.AddDatum(8*i, v)
	}
	return m
}

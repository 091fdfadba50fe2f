package simd

import "encoding/binary"

// Grouped is how many numbers of a block share a step, whatever its format.
const Grouped = 32

// Format is how a GGUF file writes numbers in blocks, as ggml defines it. A number is a whole
// number of steps, and in some formats a least number added to that.
type Format struct {
	Numbers, Bytes int  // of a block
	Least          bool // a group has a least number
	read           func(g []Group, b []byte)
	avx2, vnni     func(dst *int8, src *byte, stride, blocks, ahead int)
}

// Group is some numbers of a block: Step times a whole number, plus Least.
type Group struct {
	Whole       [Grouped]int8
	Step, Least float32
}

var formats = map[string]*Format{
	"Q4_0": {Numbers: 32, Bytes: 18, read: q4_0, avx2: unpackQ4_0AVX2, vnni: unpackQ4_0VNNI},
	"Q4_1": {Numbers: 32, Bytes: 20, Least: true, read: q4_1, avx2: unpackQ4_1AVX2, vnni: unpackQ4_1VNNI},
	"Q5_0": {Numbers: 32, Bytes: 22, read: q5_0, avx2: unpackQ5_0AVX2, vnni: unpackQ5_0VNNI},
	"Q5_1": {Numbers: 32, Bytes: 24, Least: true, read: q5_1, avx2: unpackQ5_1AVX2, vnni: unpackQ5_1VNNI},
	"Q8_0": {Numbers: 32, Bytes: 34, read: q8_0, avx2: unpackQ8_0AVX2, vnni: unpackQ8_0VNNI},
}

// FormatOf is the format of a name, nil for one that is not multiplied in its blocks.
func FormatOf(name string) *Format { return formats[name] }

// Read reads a block: Numbers/Grouped groups.
func (f *Format) Read(g []Group, b []byte) { f.read(g[:f.Numbers/Grouped], b[:f.Bytes]) }

// Floats reads the numbers of a block.
func (f *Format) Floats(dst []float32, b []byte) {
	var groups [256 / Grouped]Group
	f.Read(groups[:], b)
	for i := range dst[:f.Numbers] {
		g := &groups[i/Grouped]
		x := g.Step * float32(g.Whole[i%Grouped])
		if f.Least {
			x = float32(x) + g.Least
		}
		dst[i] = x
	}
}

func halfAt(b []byte) float32 { return FromHalf(binary.LittleEndian.Uint16(b)) }

func q4_0(g []Group, b []byte) {
	g[0].Step = halfAt(b)
	nibbles(&g[0], b[2:18], 0, -8)
}

func q4_1(g []Group, b []byte) {
	g[0].Step, g[0].Least = halfAt(b), halfAt(b[2:])
	nibbles(&g[0], b[4:20], 0, 0)
}

func q5_0(g []Group, b []byte) {
	g[0].Step = halfAt(b)
	nibbles(&g[0], b[6:22], binary.LittleEndian.Uint32(b[2:]), -16)
}

func q5_1(g []Group, b []byte) {
	g[0].Step, g[0].Least = halfAt(b), halfAt(b[2:])
	nibbles(&g[0], b[8:24], binary.LittleEndian.Uint32(b[4:]), 0)
}

// nibbles reads numbers of four bits, the first 16 from the low halves of the bytes. The fifth
// bit of each, where there is one, stands apart.
func nibbles(g *Group, b []byte, fifth uint32, zero int8) {
	for i, q := range b {
		g.Whole[i] = int8(q&15|byte(fifth>>i&1<<4)) + zero
		g.Whole[i+16] = int8(q>>4|byte(fifth>>(i+16)&1<<4)) + zero
	}
}

func q8_0(g []Group, b []byte) {
	g[0].Step = halfAt(b)
	for i, q := range b[2:34] {
		g[0].Whole[i] = int8(q)
	}
}

package simd

import "encoding/binary"

// Grouped is how many numbers are multiplied as whole numbers before floats are made of their sum.
const Grouped = 32

// Format is how a GGUF file writes numbers in blocks, as ggml defines it: 32 numbers with a step, and
// in some formats a least number; or 256 in groups whose steps are themselves numbers of a few
// bits, times one of the block (the types that end in K).
type Format struct {
	Numbers, Bytes int // of a block
	second         second
	read           func(g []Group, b []byte)
	avx2, vnni     func(dst *int8, src *byte, stride, blocks, ahead int)
}

// second is what Second of a group is.
type second int

const (
	none   second = iota
	least         // a number that is added
	halved        // the step of the second 16 numbers
)

// Group is some numbers of a block: each a whole number of steps, and what Second says.
type Group struct {
	Whole        [Grouped]int8
	Step, Second float32
}

var formats = map[string]*Format{
	"Q4_0": {Numbers: 32, Bytes: 18, read: q4_0, avx2: unpackQ4_0AVX2, vnni: unpackQ4_0VNNI},
	"Q4_1": {Numbers: 32, Bytes: 20, second: least, read: q4_1, avx2: unpackQ4_1AVX2, vnni: unpackQ4_1VNNI},
	"Q5_0": {Numbers: 32, Bytes: 22, read: q5_0, avx2: unpackQ5_0AVX2, vnni: unpackQ5_0VNNI},
	"Q5_1": {Numbers: 32, Bytes: 24, second: least, read: q5_1, avx2: unpackQ5_1AVX2, vnni: unpackQ5_1VNNI},
	"Q8_0": {Numbers: 32, Bytes: 34, read: q8_0, avx2: unpackQ8_0AVX2, vnni: unpackQ8_0VNNI},
	"Q4_K": {Numbers: 256, Bytes: 144, second: least, read: q4K, avx2: unpackQ4_KAVX2, vnni: unpackQ4_KVNNI},
	"Q5_K": {Numbers: 256, Bytes: 176, second: least, read: q5K, avx2: unpackQ5_KAVX2, vnni: unpackQ5_KVNNI},
	"Q6_K": {Numbers: 256, Bytes: 210, second: halved, read: q6K, avx2: unpackQ6_KAVX2, vnni: unpackQ6_KVNNI},
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
		step, more := g.Step, float32(0)
		switch {
		case f.second == least:
			more = g.Second
		case f.second == halved && i%Grouped >= Grouped/2:
			step = g.Second
		}
		dst[i] = float32(step*float32(g.Whole[i%Grouped])) + more
	}
}

func halfAt(b []byte) float32 { return FromHalf(binary.LittleEndian.Uint16(b)) }

func q4_0(g []Group, b []byte) {
	g[0].Step = halfAt(b)
	nibbles(&g[0], b[2:18], 0, -8)
}

func q4_1(g []Group, b []byte) {
	g[0].Step, g[0].Second = halfAt(b), halfAt(b[2:])
	nibbles(&g[0], b[4:20], 0, 0)
}

func q5_0(g []Group, b []byte) {
	g[0].Step = halfAt(b)
	nibbles(&g[0], b[6:22], binary.LittleEndian.Uint32(b[2:]), -16)
}

func q5_1(g []Group, b []byte) {
	g[0].Step, g[0].Second = halfAt(b), halfAt(b[2:])
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

// sixBits are the scale and the least value of a group, six bits each, of the twelve bytes that
// Q4_K and Q5_K share.
func sixBits(packed []byte, group int) (scale, least byte) {
	if group < 4 {
		return packed[group] & 63, packed[group+4] & 63
	}
	return packed[group+4]&15 | packed[group-4]>>6<<4, packed[group+4]>>4 | packed[group]>>6<<4
}

func q4K(g []Group, b []byte) { fourK(g, b, nil, b[16:144]) }
func q5K(g []Group, b []byte) { fourK(g, b, b[16:48], b[48:176]) }

// fourK reads Q4_K, and Q5_K, of which fifth has the fifth bits: bit i for the i-th group.
func fourK(g []Group, b, fifth, quants []byte) {
	step, least := halfAt(b), 0-halfAt(b[2:])
	for i := range g {
		s, l := sixBits(b[4:16], i)
		g[i].Step, g[i].Second = step*float32(s), least*float32(l)
		for j, q := range quants[i/2*32:][:32] {
			q = q >> (i % 2 * 4) & 15
			if fifth != nil {
				q |= fifth[j] >> i & 1 << 4
			}
			g[i].Whole[j] = int8(q)
		}
	}
}

func q6K(g []Group, b []byte) {
	low, high, scales, step := b[:128], b[128:192], b[192:208], halfAt(b[208:])
	for i := range g { // four groups in each half
		side, quarter := i/4, i%4
		g[i].Step, g[i].Second = step*float32(int8(scales[2*i])), step*float32(int8(scales[2*i+1]))
		of, two := low[side*64+quarter%2*32:], high[side*32:]
		for j := range g[i].Whole {
			g[i].Whole[j] = int8(of[j]>>(quarter/2*4)&15|two[j]>>(quarter*2)&3<<4) - 32
		}
	}
}

package weights

import (
	"encoding/binary"

	"github.com/tamis-search/tamis/internal/simd"
)

// ggufTypes are the types of numbers by their codes in GGUF files. Those of which neither
// sizes nor blocks know the bytes are not here.
var ggufTypes = map[uint32]string{
	0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K",
	24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 30: "BF16",
}

// block is a run of numbers that share scales.
type block struct {
	numbers, bytes int
	read           func(dst []float32, b []byte)
}

// blocks are the types of numbers that come in blocks, as ggml defines them: 32 numbers with
// a scale, and a least value in the types that end in 1; or 256 in eight or sixteen groups
// whose scales are themselves numbers of a few bits (the types that end in K).
var blocks = map[string]*block{
	"Q4_0": multiplied("Q4_0"), "Q4_1": multiplied("Q4_1"), "Q5_0": multiplied("Q5_0"), "Q5_1": multiplied("Q5_1"), "Q8_0": multiplied("Q8_0"),
	"Q2_K": {256, 84, q2K}, "Q3_K": {256, 110, q3K}, "Q4_K": multiplied("Q4_K"), "Q5_K": multiplied("Q5_K"), "Q6_K": multiplied("Q6_K"),
}

// multiplied is a type that the kernels know.
func multiplied(name string) *block {
	f := simd.FormatOf(name)
	return &block{f.Numbers, f.Bytes, f.Floats}
}

// Blocks are the bytes of a tensor whose numbers are in blocks, row after row; nil for another.
// They are those of the mapped file.
func (t Tensor) Blocks() []byte {
	if t.block == nil {
		return nil
	}
	return t.data
}

// readBlocks fills dst with the numbers from the given one on.
func (t Tensor) readBlocks(dst []float32, from int) {
	k := t.block
	var whole [256]float32
	for n := 0; n < len(dst); {
		at := from + n
		b, skip := t.data[at/k.numbers*k.bytes:][:k.bytes], at%k.numbers
		if skip == 0 && len(dst)-n >= k.numbers {
			k.read(dst[n:][:k.numbers], b)
			n += k.numbers
			continue
		}
		k.read(whole[:k.numbers], b)
		n += copy(dst[n:], whole[skip:k.numbers])
	}
}

func half16(b []byte) float32 { return half(binary.LittleEndian.Uint16(b)) }

func q2K(dst []float32, b []byte) {
	scales, quants, d, least := b[:16], b[16:80], half16(b[80:]), half16(b[82:])
	for group, s := range scales {
		// Of each half of 128 numbers, 32 bytes hold four runs of 32, two bits each.
		of, shift := quants[group/8*32+group%2*16:], group%8/2*2
		scale, offset := d*float32(s&15), least*float32(s>>4)
		for i := range 16 {
			dst[group*16+i] = float32(scale*float32(of[i]>>shift&3)) - offset
		}
	}
}

func q3K(dst []float32, b []byte) {
	high, quants, packed, d := b[:32], b[32:96], b[96:108], half16(b[108:])
	for group := range 16 {
		// Of a scale of six bits, four are in a half of one of the first eight bytes, two in
		// one of the last four.
		low := packed[group%8] >> (group / 8 * 4) & 15
		scale := d * float32(int(low|packed[8+group%4]>>(group/4*2)&3<<4)-32)
		of, mask, shift := quants[group/8*32+group%2*16:], high[group%2*16:], group%8/2*2
		for i := range 16 {
			q := int(of[i] >> shift & 3)
			if mask[i]>>(group/2)&1 == 0 {
				q -= 4
			}
			dst[group*16+i] = scale * float32(q)
		}
	}
}

// Package simd holds the inner loops of decoding and bounding. Each kernel has a
// scalar twin in Go that defines its result; on amd64 with AVX2 an assembly
// form replaces it, chosen once at start, and a test holds both equal bit for
// bit.
package simd

// BlockSize is the number of values that the block kernels work on.
const BlockSize = 128

// Slack is how many readable bytes must follow the packed bytes of a block:
// the vector form of Unpack reads whole vectors.
const Slack = 32

// Unpack reads n values of width bits (0 to 32) that follow one another in src,
// least significant bit first. src must hold the (n·width+7)/8 bytes of the
// values and Slack more. Entries of dst from n on become arbitrary.
func Unpack(dst *[BlockSize]uint32, src []byte, width, n int) {
	if n <= 0 {
		return
	}
	_ = src[(n*width+7)/8+Slack-1]
	unpackScalar(dst, src, width, n)
}

// PrefixSum turns gaps into rows: the first is next + gap, each other the one
// before it + 1 + gap, modulo 2³². Entries of v from n on become arbitrary.
func PrefixSum(v *[BlockSize]uint32, next uint32, n int) {
	prefixSumScalar(v, next, n)
}

// Increment adds one to each of the first n values; the others become
// arbitrary.
func Increment(v *[BlockSize]uint32, n int) {
	for i := range v[:n] {
		v[i]++
	}
}

func unpackScalar(dst *[BlockSize]uint32, src []byte, width, n int) {
	mask := uint64(1)<<width - 1
	for i := range dst[:n] {
		bit := i * width
		b := src[bit>>3 : bit>>3+8]
		v := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32
		dst[i] = uint32(v >> (bit & 7) & mask)
	}
}

func prefixSumScalar(v *[BlockSize]uint32, next uint32, n int) {
	for i, gap := range v[:n] {
		v[i] = next + gap
		next = v[i] + 1
	}
}

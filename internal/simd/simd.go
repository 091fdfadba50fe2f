// Package simd holds the inner loops of decoding postings and of finding what
// can score enough. Each kernel has a scalar twin in Go that defines its
// result; on amd64 with AVX2 an assembly form does the same, chosen once at
// start, and a test holds both equal bit for bit.
//
// Where floats are computed, both forms round each operation by itself, so
// results do not depend on the machine.
//
// The assembly and its declarations are written by the program in asm, a module
// of its own; a test of that module holds them equal.
package simd

//go:generate env GOWORK=off go -C asm run . -dir ..

// BlockSize is the number of values that the block kernels work on.
const BlockSize = 128

// Slack is how many readable bytes must follow the packed bytes of a block and
// the bounds of AddBounds: the vector forms read whole vectors.
const Slack = 32

// Lanes divides the lengths of the slices of the kernels that say so.
const Lanes = 16

// Unpack reads n values of width bits (0 to 32) that follow one another in src,
// least significant bit first, and adds add to each, modulo 2³². src must hold
// the (n·width+7)/8 bytes of the values and Slack more. Entries of dst from n
// on become arbitrary.
func Unpack(dst *[BlockSize]uint32, src []byte, width, n int, add uint32) {
	if n <= 0 || n > BlockSize {
		return
	}
	_ = src[(n*width+7)/8+Slack-1]
	if avx2 && width <= maxVectorWidth {
		unpackVector(dst, src, width, n, add)
		return
	}
	unpackScalar(dst, src, width, n, add)
}

// PrefixSum replaces v[i] by first + v[0] + … + v[i], modulo 2³², for i < n.
// Entries from n on become arbitrary.
func PrefixSum(v *[BlockSize]uint32, first uint32, n int) {
	if n <= 0 || n > BlockSize {
		return
	}
	if avx2 {
		prefixSumAVX2(&v[0], first, (n+3)/4)
		return
	}
	prefixSumScalar(v, first, n)
}

// Impacts computes weight · (tf / (tf + norms[codes[row]])) for n postings, each
// operation rounded to float32 by itself. Rows ascend
// and each has a code. Frequencies are below 2³¹.
func Impacts(dst *[BlockSize]float32, rows, tfs *[BlockSize]uint32, from, to int, codes []byte, norms *[256]float32, weight float32) {
	if from < 0 || to > BlockSize || from >= to {
		return
	}
	_ = codes[rows[to-1]] // the last one bounds them all: rows ascend
	i := from
	if n := (to - from) &^ 3; avx2 && n > 0 {
		impactsAVX2(&dst[from], &rows[from], &tfs[from], n, &codes[0], norms, weight)
		i += n
	}
	impactsScalar(dst, rows, tfs, i, to, codes, norms, weight)
}

// Between counts the values below low and those below high. Values are below
// 2³¹; the count is over the whole array, so entries that do not count must be
// at least high.
func Between(v *[BlockSize]uint32, low, high uint32) (below, until int) {
	if avx2 {
		r := betweenAVX2(&v[0], low, high)
		return int(uint32(r)), int(r >> 32)
	}
	return betweenScalar(v, low, high)
}

// Below counts the values below high, as Between does.
func Below(v *[BlockSize]uint32, high uint32) int {
	if avx2 {
		return int(belowAVX2(&v[0], high))
	}
	_, n := betweenScalar(v, 0, high)
	return n
}

// AddBounds adds bounds[i]·factor/256, rounded down, to each sums[i], which
// stays at most 65535. len(sums) is a multiple of Lanes; bounds has as many
// entries, or fewer by less than Lanes and Slack bytes of capacity behind them.
// Sums beyond len(bounds) become arbitrary.
func AddBounds(sums []uint16, bounds []byte, factor uint16) {
	if len(sums) == 0 {
		return
	}
	if avx2 && len(sums)%Lanes == 0 {
		bounds = bounds[:len(sums)] // within the capacity
		addBoundsAVX2(&sums[0], &bounds[0], len(sums), factor)
		return
	}
	addBoundsScalar(sums, bounds, factor)
}

// Max returns the greatest value, 0 for none. len(v) is a multiple of Lanes.
func Max(v []uint16) uint16 {
	if avx2 && len(v) > 0 && len(v)%Lanes == 0 {
		return maxAVX2(&v[0], len(v))
	}
	return maxScalar(v)
}

// SelectRange writes the ascending indexes of all low ≤ v[i] ≤ high to dst and
// returns how many there are. len(v) is a multiple of Lanes, dst is as long; what
// is behind them becomes arbitrary.
func SelectRange(dst []uint32, v []uint16, low, high uint16) int {
	if len(v) == 0 || low > high {
		return 0
	}
	_ = dst[len(v)-1]
	if avx512 && len(v)%(2*Lanes) == 0 {
		return selectRangeAVX512(&dst[0], &v[0], len(v), low, high-low)
	}
	if avx2 && len(v)%Lanes == 0 {
		return selectRangeAVX2(&dst[0], &v[0], len(v), low, high-low)
	}
	return selectRangeScalar(dst, v, low, high)
}

// SelectFrom writes the ascending indexes of all v[i] ≥ low to dst and returns
// how many there are. len(v) is a multiple of Lanes, dst is as long.
func SelectFrom(dst []uint32, v []float32, low float32) int {
	if len(v) == 0 {
		return 0
	}
	_ = dst[len(v)-1]
	if avx2 && len(v)%Lanes == 0 {
		return selectFromAVX2(&dst[0], &v[0], len(v), low)
	}
	return selectFromScalar(dst, v, low)
}

func unpackScalar(dst *[BlockSize]uint32, src []byte, width, n int, add uint32) {
	mask := uint64(1)<<width - 1
	for i := range dst[:n] {
		bit := i * width
		b := src[bit>>3 : bit>>3+5]
		v := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32
		dst[i] = uint32(v>>(bit&7)&mask) + add
	}
}

func prefixSumScalar(v *[BlockSize]uint32, first uint32, n int) {
	for i, x := range v[:n] {
		first += x
		v[i] = first
	}
}

func addBoundsScalar(sums []uint16, bounds []byte, factor uint16) {
	for i, b := range bounds[:min(len(bounds), len(sums))] {
		sums[i] = uint16(min(uint32(sums[i])+uint32(b)*uint32(factor)>>8, 1<<16-1))
	}
}

func impactsScalar(dst *[BlockSize]float32, rows, tfs *[BlockSize]uint32, from, to int, codes []byte, norms *[256]float32, weight float32) {
	for i := from; i < to; i++ {
		tf := float32(tfs[i])
		dst[i] = float32(weight * float32(tf/float32(tf+norms[codes[rows[i]]])))
	}
}

func betweenScalar(v *[BlockSize]uint32, low, high uint32) (below, until int) {
	for _, x := range v {
		if x < low {
			below++
		}
		if x < high {
			until++
		}
	}
	return below, until
}

func maxScalar(v []uint16) (m uint16) {
	for _, x := range v {
		m = max(m, x)
	}
	return m
}

func selectRangeScalar(dst []uint32, v []uint16, low, high uint16) int {
	n := 0
	for i, x := range v {
		if low <= x && x <= high {
			dst[n] = uint32(i)
			n++
		}
	}
	return n
}

func selectFromScalar(dst []uint32, v []float32, low float32) int {
	n := 0
	for i, x := range v {
		if x >= low {
			dst[n] = uint32(i)
			n++
		}
	}
	return n
}

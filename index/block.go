package index

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/tamis-search/tamis/internal/simd"
)

// BlockSize is the number of postings in a full block.
const BlockSize = simd.BlockSize

// blockHeader is the length of a block's header: width of the gaps, width of
// the frequencies, and their numbers of exceptions in one byte.
const blockHeader = 3

// maxExceptions is what half a byte can count.
const maxExceptions = 15

// putVarint is binary.AppendUvarint; uvarint reads it back and says how many
// bytes it took, 0 when src is too short or the number has more than 64 bits.
func putVarint(dst []byte, v uint64) []byte { return binary.AppendUvarint(dst, v) }

func uvarint(src []byte) (uint64, int) {
	if len(src) > 0 && src[0] < 0x80 {
		return uint64(src[0]), 1
	}
	v, n := binary.Uvarint(src)
	return v, max(n, 0)
}

// chooseWidth finds the width that packs values in the fewest bytes when those
// that do not fit go to the exception list.
func chooseWidth(values []uint32) (width, exceptions int) {
	var count [33]int // values by bit length
	for _, v := range values {
		count[bits.Len32(v)]++
	}
	top := 32
	for top > 0 && count[top] == 0 {
		top--
	}
	width = top
	best, n := (len(values)*top+7)/8, 0
	for w := top - 1; w >= 0; w-- {
		n += count[w+1]
		if n > maxExceptions {
			break
		}
		cost := (len(values)*w + 7) / 8
		for l := w + 1; l <= top; l++ {
			cost += count[l] * (1 + (l-w+6)/7)
		}
		if cost < best {
			best, width, exceptions = cost, w, n
		}
	}
	return width, exceptions
}

// appendBlock writes up to BlockSize postings. Both slices are overwritten.
func appendBlock(dst []byte, gaps, tfs []uint32) []byte {
	for i := range tfs {
		tfs[i]--
	}
	gw, ge := chooseWidth(gaps)
	tw, te := chooseWidth(tfs)
	dst = append(dst, byte(gw), byte(tw), byte(ge|te<<4))
	dst = pack(dst, gaps, gw)
	dst = pack(dst, tfs, tw)
	dst = appendExceptions(dst, gaps, gw)
	return appendExceptions(dst, tfs, tw)
}

// pack writes the low bits of values one after another, least significant bit
// first, and fills the last byte with zeros.
func pack(dst []byte, values []uint32, width int) []byte {
	var acc uint64
	n := 0
	for _, v := range values {
		acc |= uint64(v&uint32(1<<width-1)) << n
		for n += width; n >= 8; n -= 8 {
			dst = append(dst, byte(acc))
			acc >>= 8
		}
	}
	if n > 0 {
		dst = append(dst, byte(acc))
	}
	return dst
}

func appendExceptions(dst []byte, values []uint32, width int) []byte {
	if width == 32 {
		return dst
	}
	for i, v := range values {
		if high := v >> width; high != 0 {
			dst = putVarint(append(dst, byte(i)), uint64(high))
		}
	}
	return dst
}

// A Block is a decoded run of up to BlockSize postings. N says how many
// entries of Rows (ascending) and TFs (1 or more) count; the others are
// arbitrary.
type Block struct {
	N    int
	Rows [BlockSize]uint32
	TFs  [BlockSize]uint32

	// Frequencies that DenseList.Load left packed: nil when there are none.
	packed             []byte
	width, at, patches int // bits of a value; place and number of exceptions
}

// decode reads n postings whose rows follow next-1 from the start of src and
// says how many bytes they took. It returns 0, with N = 0, when the bytes
// cannot be a block of rows below limit. src must go on for simd.Slack bytes
// beyond what a true block takes.
func (b *Block) decode(src []byte, n int, next, limit uint32) int {
	if !b.decodeRows(src, n, next, limit) {
		return 0
	}
	start := len(src) - len(b.packed)
	size := b.decodeTFs()
	if size < 0 {
		b.N = 0
		return 0
	}
	return start + size
}

// decodeRows is the first half of decode.
func (b *Block) decodeRows(src []byte, n int, next, limit uint32) bool {
	b.N, b.packed = 0, nil
	if len(src) < blockHeader {
		return false
	}
	gw, tw := int(src[0]), int(src[1])
	ge, te := int(src[2]&15), int(src[2]>>4)
	gapBytes, tfBytes := (n*gw+7)/8, (n*tw+7)/8
	at := blockHeader + gapBytes + tfBytes
	if gw > 32 || tw > 32 || len(src) < at+simd.Slack {
		return false
	}
	simd.Unpack(&b.Rows, src[blockHeader:], gw, n, 1)
	most := uint64(next) + uint64(n)<<gw
	if ge > 0 {
		var added uint64
		if at, added = patch(&b.Rows, src, at, ge, gw); at == 0 {
			return false
		}
		most += added
	}
	// Rows ascend when no sum wraps, and then the last one bounds them all.
	if most > math.MaxUint32 {
		sum := uint64(next)
		for _, g := range b.Rows[:n] {
			sum += uint64(g)
		}
		if sum > uint64(limit) {
			return false
		}
	}
	simd.PrefixSum(&b.Rows, next-1, n)
	if b.Rows[n-1] >= limit {
		return false
	}
	b.N, b.packed = n, src[blockHeader+gapBytes:]
	b.width, b.at, b.patches = tw, at-blockHeader-gapBytes, te
	return true
}

// decodeTFs is the second half; it returns the bytes taken from b.packed or -1.
func (b *Block) decodeTFs() int {
	src, at := b.packed, b.at
	b.packed = nil
	simd.Unpack(&b.TFs, src, b.width, b.N, 1)
	if b.patches > 0 {
		if at, _ = patch(&b.TFs, src, at, b.patches, b.width); at == 0 {
			return -1
		}
	}
	return at
}

// Frequencies makes TFs valid after DenseList.Load. Damaged bytes give some
// frequencies.
func (b *Block) Frequencies() {
	if b.packed != nil {
		b.decodeTFs()
	}
}

// patch adds the high bits of count exceptions. It returns where they end, or 0
// when they cannot be exceptions, and what it added in all.
func patch(values *[BlockSize]uint32, src []byte, at, count, width int) (end int, added uint64) {
	if width > 31 {
		return 0, 0
	}
	for ; count > 0; count-- {
		if at+1 >= len(src) || src[at] >= BlockSize {
			return 0, 0
		}
		high, n := uint64(src[at+1]), 1
		if high >= 0x80 {
			if high, n = binary.Uvarint(src[at+1:]); n <= 0 || high>>(32-width) != 0 {
				return 0, 0
			}
		}
		high <<= width
		if high > math.MaxUint32 {
			return 0, 0
		}
		values[src[at]] += uint32(high)
		added += high
		at += 1 + n
	}
	return at, added
}

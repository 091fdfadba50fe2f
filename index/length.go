package index

import (
	"math"
	"math/bits"
	"sort"
)

// A LengthTable turns a one-byte length code into the length it stands for.
// Codes ascend with length.
type LengthTable [256]uint32

// luceneFree is the number of lengths that Lucene's code keeps exactly:
// 255 - longToInt4(MaxInt32), as in org.apache.lucene.util.SmallFloat.
const luceneFree = 24

var (
	luceneLengths = makeLuceneLengths()
	fineLengths   = makeFineLengths()
)

// makeLuceneLengths tabulates SmallFloat.byte4ToInt: exact below 24, then four
// significant bits.
func makeLuceneLengths() *LengthTable {
	var t LengthTable
	for i := range t {
		if i < luceneFree {
			t[i] = uint32(i)
			continue
		}
		low, shift := uint64(i-luceneFree)&7, (i-luceneFree)>>3-1
		if shift >= 0 {
			low = (low | 8) << shift
		}
		t[i] = uint32(min(luceneFree+low, 1<<32-1))
	}
	return &t
}

// luceneCode is SmallFloat.intToByte4: it rounds down.
func luceneCode(n uint32) byte {
	if n < luceneFree {
		return byte(n)
	}
	i := min(uint64(n)-luceneFree, 1<<31-1)
	if i < 8 {
		return byte(luceneFree + i)
	}
	shift := bits.Len64(i) - 4
	return byte(luceneFree + (i>>shift&7 | uint64(shift+1)<<3))
}

// makeFineLengths tabulates the default codes: exact to 64, steps of at most 3 %
// to 300, of 5.5 % to 130,000, and doubling from there to 2³¹. Integer
// arithmetic only, so that every machine has the same table.
func makeFineLengths() *LengthTable {
	var t LengthTable
	for i := 1; i < len(t); i++ {
		v := t[i-1]
		switch {
		case v < 300:
			v += max(1, v/32)
		case v < 130000:
			v += v * 11 / 200
		case v < 1<<30:
			v *= 2
		default:
			v += 1 << 28
		}
		t[i] = v
	}
	return &t
}

// fineCode rounds to the nearest length in the table, down at the middle.
func fineCode(n uint32) byte {
	t := fineLengths
	i := sort.Search(len(t), func(i int) bool { return t[i] >= n })
	if i == len(t) {
		return 255
	}
	if i > 0 && n-t[i-1] <= t[i]-n {
		i--
	}
	return byte(i)
}

func lengthTable(lucene bool) *LengthTable {
	if lucene {
		return luceneLengths
	}
	return fineLengths
}

func lengthCode(lucene bool, n uint32) byte {
	if lucene {
		return luceneCode(n)
	}
	return fineCode(n)
}

// StoredLength is the length that the code of a length stands for.
func (c Config) StoredLength(length uint64) uint64 {
	code := lengthCode(c.LuceneLengths, uint32(min(length, math.MaxUint32)))
	return uint64(lengthTable(c.LuceneLengths)[code])
}

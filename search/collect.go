package search

import (
	"math"
	"slices"
)

// A collector keeps the k best rows seen. A row is a key: the bits of its score
// (which order like the score, for it is positive) above the complement of its
// number over all sources, so that a greater key is a better hit and no two are
// equal.
type collector struct {
	k     int
	keys  []uint64 // the best so far; for a small k descending
	floor uint64   // only keys above it can still be among the best
	min   float32  // only scores from it on can; positive
}

// smallK is the k up to which keys are kept sorted; a larger k collects up to
// 2k keys before it drops the worse half.
const smallK = 48

func (c *collector) reset(k int) {
	c.k, c.keys = k, c.keys[:0]
	c.floor, c.min = 0, math.SmallestNonzeroFloat32
}

func rowKey(score float32, number uint32) uint64 {
	return uint64(math.Float32bits(score))<<32 | uint64(^number)
}

func (c *collector) setFloor(floor uint64) {
	c.floor, c.min = floor, math.Float32frombits(uint32(floor>>32))
}

// add takes a key.
func (c *collector) add(key uint64) {
	if key <= c.floor {
		return
	}
	if c.k > smallK {
		c.keys = append(c.keys, key)
		if len(c.keys) >= 2*c.k {
			c.settle()
		}
		return
	}
	if len(c.keys) < c.k {
		c.keys = append(c.keys, 0)
	}
	i := len(c.keys) - 1
	for ; i > 0 && c.keys[i-1] < key; i-- {
		c.keys[i] = c.keys[i-1]
	}
	c.keys[i] = key
	if len(c.keys) == c.k {
		c.setFloor(c.keys[c.k-1])
	}
}

// settle drops what is not among the k best, as far as that is not done yet.
func (c *collector) settle() {
	if c.k <= smallK || len(c.keys) <= c.k {
		if c.k > smallK && len(c.keys) == c.k && c.floor == 0 {
			c.setFloor(slices.Min(c.keys))
		}
		return
	}
	c.setFloor(selectKth(c.keys, c.k))
	c.keys = c.keys[:c.k]
}

// selectKth reorders keys so that the k greatest come first and returns the
// least of them (quickselect; keys are distinct).
func selectKth(keys []uint64, k int) uint64 {
	lo, hi := 0, len(keys) // the k-th lies in keys[lo:hi]
	for hi-lo > 12 {
		a, b, c := keys[lo], keys[(lo+hi)/2], keys[hi-1]
		pivot := max(min(a, b), min(max(a, b), c))
		i, j := lo, hi-1
		for i <= j {
			for keys[i] > pivot {
				i++
			}
			for keys[j] < pivot {
				j--
			}
			if i <= j {
				keys[i], keys[j] = keys[j], keys[i]
				i++
				j--
			}
		}
		switch {
		case k-1 <= j:
			hi = j + 1
		case k-1 >= i:
			lo = i
		default:
			return keys[k-1]
		}
	}
	part := keys[lo:hi]
	for i := 1; i < len(part); i++ {
		for j := i; j > 0 && part[j-1] < part[j]; j-- {
			part[j-1], part[j] = part[j], part[j-1]
		}
	}
	return keys[k-1]
}

// sorted returns the best keys in descending order; spare is scratch space that
// it may replace.
func (c *collector) sorted(spare *[]uint64) []uint64 {
	c.settle()
	if c.k > smallK {
		c.keys = radixSort(c.keys, spare)
	}
	return c.keys
}

// radixSort sorts keys in descending order, eleven bits at a time, and skips
// digits that all keys share. The result lies in keys or in *spare, which are
// exchanged in that case.
func radixSort(keys []uint64, spare *[]uint64) []uint64 {
	if len(keys) < 128 {
		slices.SortFunc(keys, func(a, b uint64) int {
			if a > b {
				return -1
			}
			return 1
		})
		return keys
	}
	differ := uint64(0)
	for _, key := range keys {
		differ |= key ^ keys[0]
	}
	out := slices.Grow((*spare)[:0], len(keys))[:len(keys)]
	const digit = 11
	for shift := 0; shift < 64; shift += digit {
		if differ>>shift&(1<<digit-1) == 0 {
			continue
		}
		var count [1 << digit]uint32
		for _, key := range keys {
			count[key>>shift&(1<<digit-1)]++
		}
		at := uint32(0)
		for i := len(count) - 1; i >= 0; i-- {
			count[i], at = at, at+count[i]
		}
		for _, key := range keys {
			d := key >> shift & (1<<digit - 1)
			out[count[d]] = key
			count[d]++
		}
		keys, out = out, keys
	}
	*spare = out
	return keys
}

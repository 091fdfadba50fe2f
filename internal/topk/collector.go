package topk

import (
	"math"
	"slices"
)

// Key is the key of a row by its score, which is not negative, and its number over
// all segments: a greater key is a better hit, and no two are equal.
func Key(score float32, number uint32) uint64 {
	return uint64(math.Float32bits(score))<<32 | uint64(^number)
}

// Score is the score in a key.
func Score(key uint64) float32 { return math.Float32frombits(uint32(key >> 32)) }

// A Collector keeps the k greatest of the keys that it is given, which differ.
type Collector struct {
	k     int
	keys  []uint64 // the best so far; for a small k descending
	floor uint64   // only keys above it can still be among the best
	min   float32  // only scores from it on can; positive
	spare []uint64
}

// SmallK is the k up to which keys are kept sorted, so that Floor is always that
// of the k best; a larger k collects up to 2k keys before it drops the worse half.
const SmallK = 48

// Reset forgets all keys.
func (c *Collector) Reset(k int) {
	c.k, c.keys = k, c.keys[:0]
	c.floor, c.min = 0, math.SmallestNonzeroFloat32
}

// K is the number of keys that are kept.
func (c *Collector) K() int { return c.k }

// Floor is the key that others must exceed to be kept, as far as it is known; 0
// where it is not.
func (c *Collector) Floor() uint64 { return c.floor }

// MinScore is the least score that can be kept, above 0.
func (c *Collector) MinScore() float32 { return c.min }

func (c *Collector) setFloor(floor uint64) { c.floor, c.min = floor, Score(floor) }

// Add takes a key.
func (c *Collector) Add(key uint64) {
	if key <= c.floor {
		return
	}
	if c.k > SmallK {
		c.keys = append(c.keys, key)
		if len(c.keys) >= 2*c.k {
			c.Settle()
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

// Settle drops what is not among the k best, as far as that is not done yet.
func (c *Collector) Settle() {
	if c.k <= SmallK || len(c.keys) <= c.k {
		if c.k > SmallK && len(c.keys) == c.k && c.floor == 0 {
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

// Sorted is the k greatest keys in descending order, until the next Reset.
func (c *Collector) Sorted() []uint64 {
	c.Settle()
	if c.k > SmallK {
		c.keys = radixSort(c.keys, &c.spare)
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

// Select reorders keys, which differ, so that the k greatest come first; k is at most their
// number, and not 0.
func Select(keys []uint64, k int) { selectKth(keys, k) }

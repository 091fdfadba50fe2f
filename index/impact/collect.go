package impact

import (
	"math"
	"slices"
)

// A collector keeps the rows that can be among the k best by a count that may
// differ from the score by slack. Keys hold a count above a source above a place.
type collector struct {
	k     int
	slack int
	floor uint16 // only counts from it on can be among the best; at least 1
	keys  []uint64
	bins  [1 << (16 - binBits)]uint32 // rows by count
	at    int                         // the k best lie in bins from it on
	above int                         // rows there
	prune int                         // number of keys from which they are pruned
}

// binBits is how much of a count the bins do not tell apart.
const binBits = 4

func (c *collector) reset(k, slack int) {
	clear(c.bins[:])
	c.k, c.slack = k, slack
	c.floor, c.at, c.above = 1, 0, 0
	c.keys = c.keys[:0]
	c.prune = 4*k + 1024
}

func rowKey(count uint16, source int, place uint32) uint64 {
	return uint64(count)<<48 | uint64(source)<<32 | uint64(place)
}

func keySource(key uint64) int { return int(uint16(key >> 32)) }

// loose says that rows with a count of 0 could be among the best.
func (c *collector) loose() bool { return c.above < c.k || c.at<<binBits-c.slack < 1 }

// add takes a row whose count is at least floor.
func (c *collector) add(count uint16, key uint64) {
	c.keys = append(c.keys, key)
	bin := int(count >> binBits)
	if bin < c.at {
		return
	}
	c.bins[bin]++
	c.above++
	if c.above < c.k {
		return
	}
	for c.above-int(c.bins[c.at]) >= c.k {
		c.above -= int(c.bins[c.at])
		c.at++
	}
	c.floor = uint16(max(1, c.at<<binBits-c.slack))
	if len(c.keys) >= c.prune {
		c.drop()
		c.prune = 2*len(c.keys) + 1024
	}
}

// drop forgets rows below the floor.
func (c *collector) drop() {
	least := uint64(c.floor) << 48
	c.keys = slices.DeleteFunc(c.keys, func(key uint64) bool { return key < least })
}

// finish returns the rows from the floor on in order of source and place.
func (c *collector) finish() []uint64 {
	c.drop()
	for i := range c.keys {
		c.keys[i] &= math.MaxUint64 >> 16
	}
	slices.Sort(c.keys)
	return c.keys
}

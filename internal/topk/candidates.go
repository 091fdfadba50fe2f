package topk

import (
	"math"
	"slices"
)

// Candidates keeps the rows that can be among the k best by a count that may
// differ from the score by slack. A row is known by a number below 2⁴⁸.
type Candidates struct {
	k     int
	slack int
	floor uint16 // only counts from it on can be among the best; at least 1
	keys  []uint64
	bins  [1 << (16 - binBits)]uint32 // rows by count
	at    int                         // the k best lie in bins from it on
	above int                         // rows there
	prune int                         // number of keys from which they are pruned
}

const (
	binBits    = 4  // how much of a count the bins do not tell apart
	numberBits = 48 // of a key, below the count
)

// Reset forgets all rows.
func (c *Candidates) Reset(k, slack int) {
	clear(c.bins[:])
	c.k, c.slack = k, slack
	c.floor, c.at, c.above = 1, 0, 0
	c.keys = c.keys[:0]
	c.prune = 4*k + 1024
}

// K is the number of rows that are looked for.
func (c *Candidates) K() int { return c.k }

// Floor is the least count, at least 1, with which a row can be among the best.
func (c *Candidates) Floor() uint16 { return c.floor }

// Loose says that rows with a count of 0 could be among the best.
func (c *Candidates) Loose() bool { return c.above < c.k || c.at<<binBits-c.slack < 1 }

// Add takes a row whose count is at least Floor.
func (c *Candidates) Add(count uint16, number uint64) {
	c.keys = append(c.keys, uint64(count)<<numberBits|number)
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
func (c *Candidates) drop() {
	least := uint64(c.floor) << numberBits
	c.keys = slices.DeleteFunc(c.keys, func(key uint64) bool { return key < least })
}

// Numbers are the rows from the floor on, ascending. Nothing can be added
// afterwards.
func (c *Candidates) Numbers() []uint64 {
	c.drop()
	for i := range c.keys {
		c.keys[i] &= math.MaxUint64 >> (64 - numberBits)
	}
	slices.Sort(c.keys)
	return c.keys
}

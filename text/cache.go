package text

import (
	"strings"

	"github.com/tamis-search/tamis/internal/strhash"
)

const (
	cacheMaxWord  = 64      // bytes; longer words are rare and are analysed each time
	cacheMaxWords = 1 << 18 // entries before the cache starts anew
	cacheMaxTerms = 1 << 19 // terms before the cache starts anew
	cacheMaxBytes = 8 << 20 // bytes of remembered words before the cache starts anew
	arenaBlock    = 32 << 10
)

// cache maps a word as it stands in the text to its terms: an open-addressing
// table with linear probing, at most half full. The hash is seeded per process,
// so no text can be made that collides on purpose; results do not depend on it.
type cache struct {
	slots []slot
	used  int
	words []byte   // the remembered words, one after the other
	terms []string // the terms of all words; a slot holds a range of them
	arena strings.Builder
}

// slot is one remembered word. A zero size marks an empty slot.
type slot struct {
	hash  uint32
	word  uint32 // offset in cache.words
	first uint32 // offset in cache.terms
	size  uint8  // bytes of the word
	n     uint8  // terms
}

// get returns the terms of word, and whether it is known. The result is valid
// until the next put.
func (c *cache) get(word string, h uint64) ([]string, bool) {
	if len(c.slots) == 0 {
		return nil, false
	}
	mask := uint64(len(c.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		e := &c.slots[i]
		if e.size == 0 {
			return nil, false
		}
		if e.hash == uint32(h>>32) && int(e.size) == len(word) && string(c.words[e.word:e.word+uint32(e.size)]) == word {
			return c.terms[e.first : e.first+uint32(e.n)], true
		}
	}
}

// put remembers terms for word, which must not be known yet, and returns the
// remembered copies.
func (c *cache) put(word string, h uint64, terms []string) []string {
	if c.used >= cacheMaxWords || len(c.terms) >= cacheMaxTerms || len(c.words) > cacheMaxBytes {
		*c = cache{}
	}
	if 2*(c.used+1) > len(c.slots) {
		c.grow()
	}
	first := len(c.terms)
	for _, t := range terms {
		c.terms = append(c.terms, c.keep(t))
	}
	e := slot{hash: uint32(h >> 32), word: uint32(len(c.words)), first: uint32(first), size: uint8(len(word)), n: uint8(len(terms))}
	c.words = append(c.words, word...)
	c.used++
	c.insert(e, h)
	return c.terms[first:]
}

func (c *cache) insert(e slot, h uint64) {
	mask := uint64(len(c.slots) - 1)
	i := h & mask
	for c.slots[i].size != 0 {
		i = (i + 1) & mask
	}
	c.slots[i] = e
}

func (c *cache) grow() {
	old := c.slots
	c.slots = make([]slot, max(1<<10, 2*len(old)))
	for _, e := range old {
		if e.size != 0 {
			c.insert(e, strhash.Sum(string(c.words[e.word:e.word+uint32(e.size)])))
		}
	}
}

// keep copies t into the arena. A strings.Builder never rewrites bytes that its
// String has shown as long as its capacity suffices, so the pieces are stable.
func (c *cache) keep(t string) string {
	if len(t) > arenaBlock/8 {
		return strings.Clone(t)
	}
	if c.arena.Cap()-c.arena.Len() < len(t) {
		c.arena = strings.Builder{}
		c.arena.Grow(arenaBlock)
	}
	at := c.arena.Len()
	c.arena.WriteString(t)
	return c.arena.String()[at:]
}

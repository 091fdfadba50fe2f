// Package runeclass sorts runes into the few classes that the expressions of
// byte-pair encodings tell apart, by the general categories of Unicode 16.0.
//
// Those of Go's package unicode are of another version, which changes with the
// toolchain: the same text would have another number of tokens. OpenAI's
// tiktoken 0.14 has those of 16.0; a test of package tokens compares all runes.
package runeclass

import (
	"sort"
	"unicode"
)

// Class is one bit, so that sets of classes are sums.
type Class = uint8

// The classes.
const (
	Upper    Class = 1 << iota // Lu, Lt
	Lower                      // Ll
	Caseless                   // Lm, Lo
	Mark                       // M
	Number                     // N
	Space                      // White_Space
	Other                      // anything else
)

// Letters are those of the classes of letters.
const Letters = Upper | Lower | Caseless

// Letters of the classes in the table runs.
var names = map[byte]Class{'U': Upper, 'l': Lower, 'c': Caseless, 'm': Mark, 'n': Number, 's': Space, 'o': Other}

// Runs calls f for the runs of runes of one class, in ascending order, until it
// returns false; they cover all from 0 to unicode.MaxRune. end is exclusive.
func Runs(f func(start, end rune, c Class) bool) {
	start := rune(0)
	for i := 0; i < len(runs); {
		c := names[runs[i]]
		n := rune(0)
		for i++; i < len(runs) && '0' <= runs[i] && runs[i] <= '9'; i++ {
			n = 10*n + rune(runs[i]-'0')
		}
		end := start + max(n, 1)
		if !f(start, end, c) {
			return
		}
		start = end
	}
}

// Table maps runes to classes.
type Table struct {
	low    [lowRunes]Class
	starts []rune  // of the runs from lowRunes on
	class  []Class // of those
}

// lowRunes is the part of Unicode that is looked up in one step; runes above
// are Han and rarities.
const lowRunes = 0x20000

// New makes the table: 128 KiB, in some 100 µs.
func New() *Table {
	t := new(Table)
	Runs(func(start, end rune, c Class) bool {
		for r := start; r < min(end, lowRunes); r++ {
			t.low[r] = c
		}
		if end > lowRunes {
			t.starts, t.class = append(t.starts, max(start, lowRunes)), append(t.class, c)
		}
		return true
	})
	return t
}

// Of returns the class of a rune.
func (t *Table) Of(r rune) Class {
	if uint32(r) < lowRunes {
		return t.low[r]
	}
	return t.high(r)
}

func (t *Table) high(r rune) Class {
	if uint32(r) > unicode.MaxRune {
		return Other
	}
	return t.class[sort.Search(len(t.starts), func(i int) bool { return t.starts[i] > r })-1]
}

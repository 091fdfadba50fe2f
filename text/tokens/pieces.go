package tokens

import (
	"sync"
	"unicode/utf8"

	"github.com/tamis-search/tamis/internal/runeclass"
)

// Classes of runes, as bits.
const (
	upper    = runeclass.Upper
	lower    = runeclass.Lower
	caseless = runeclass.Caseless
	mark     = runeclass.Mark
	number   = runeclass.Number
	space    = runeclass.Space
	other    = runeclass.Other
	newline  = 1 << 7 // \r and \n, with space

	letters = runeclass.Letters
	// startRun and endRun are the two classes of a word in o200k_base: an upper
	// run, then a lower run; caseless letters and marks go in both.
	startRun = upper | caseless | mark
	endRun   = lower | caseless | mark
)

// asciiClass holds the classes of ASCII, which runs of bytes are scanned by.
var asciiClass = func() (t [256]uint8) {
	runeclass.Runs(func(start, end rune, c runeclass.Class) bool {
		for r := start; r < min(end, utf8.RuneSelf); r++ {
			t[r] = c
		}
		return end < utf8.RuneSelf
	})
	t['\r'] |= newline
	t['\n'] |= newline
	return t
}()

// wideClass has the classes of all runes, made at first need.
var wideClass = sync.OnceValue(runeclass.New)

// class returns the class and the length of the rune at s[i]; 0, 0 at the end.
func class(s string, i int) (uint8, int) {
	if i >= len(s) {
		return 0, 0
	}
	if c := s[i]; c < utf8.RuneSelf {
		return asciiClass[c], 1
	}
	return classWide(s[i:])
}

func classWide(s string) (uint8, int) {
	r, size := utf8.DecodeRuneInString(s)
	return wideClass().Of(r), size
}

// o200kPiece returns the length of the first match in s of o200k_base's pattern:
//
//	[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//	|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//	|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
//
// s must be valid UTF-8 and not empty.
func o200kPiece(s string) int {
	c, size := class(s, 0)
	if c&(letters|number|newline) == 0 {
		// A prefix: any rune but a letter, a number or a line break.
		if end := lowerWord(s, size); end > 0 {
			return end
		}
	}
	if c&(startRun|endRun) != 0 {
		if end := lowerWord(s, 0); end > 0 {
			return end
		}
	}
	if c&(letters|number|newline) == 0 {
		if end := upperWord(s, size); end > 0 {
			return end
		}
	}
	if c&startRun != 0 {
		if end := upperWord(s, 0); end > 0 {
			return end
		}
	}
	return rest(s, c, size, true)
}

// lowerWord matches the first alternative of o200k_base behind its prefix, at i:
// an upper run, then at least one of a lower run. It returns the end, or 0.
func lowerWord(s string, i int) int {
	for i < len(s) && asciiClass[s[i]] == upper {
		i++
	}
	lastBoth := 0 // the end of the last rune of the upper run that may also be in a lower run
	c, size := class(s, i)
	for c&startRun != 0 {
		i += size
		if c&endRun != 0 {
			lastBoth = i
		}
		c, size = class(s, i)
	}
	if c&endRun == 0 {
		// The upper run gives runes back until one of them can be the lower run.
		if lastBoth == 0 {
			return 0
		}
		return suffix(s, lastBoth)
	}
	for c&endRun != 0 {
		i += size
		for i < len(s) && asciiClass[s[i]] == lower {
			i++
		}
		c, size = class(s, i)
	}
	return suffix(s, i)
}

// upperWord matches the second alternative: at least one of an upper run, then
// a lower run. It returns the end, or 0.
func upperWord(s string, i int) int {
	from := i
	c, size := class(s, i)
	for c&startRun != 0 {
		i += size
		c, size = class(s, i)
	}
	if i == from {
		return 0
	}
	for c&endRun != 0 {
		i += size
		c, size = class(s, i)
	}
	return suffix(s, i)
}

// suffix returns the end of (?i:'s|'t|'re|'ve|'m|'ll|'d)? at i. Case folding
// makes U+017F, the long s, an s.
func suffix(s string, i int) int {
	if i >= len(s) || s[i] != '\'' || i+1 >= len(s) {
		return i
	}
	switch s[i+1] | 0x20 {
	case 's', 't', 'm', 'd':
		return i + 2
	case 'r', 'v':
		if i+2 < len(s) && s[i+2]|0x20 == 'e' {
			return i + 3
		}
	case 'l':
		if i+2 < len(s) && s[i+2]|0x20 == 'l' {
			return i + 3
		}
	}
	if len(s) >= i+3 && s[i+1:i+3] == "ſ" {
		return i + 3
	}
	return i
}

// cl100kPiece returns the length of the first match in s of cl100k_base's pattern:
//
//	'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+
//	| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s
//
// but that white space at the end of s is two matches, to its last line break and
// behind it: no token goes over that border, so that it changes no count.
// s must be valid UTF-8 and not empty.
func cl100kPiece(s string) int {
	if s[0] == '\'' {
		if end := suffix(s, 0); end > 0 {
			return end
		}
	}
	c, size := class(s, 0)
	i := 0
	if c&(letters|number|newline) == 0 {
		i = size
	}
	from := i
	d, dsize := class(s, i)
	for d&letters != 0 {
		i += dsize
		d, dsize = class(s, i)
	}
	if i > from {
		return i
	}
	return rest(s, c, size, false)
}

// rest matches the alternatives that both patterns share, at the start of s
// whose first rune has class c and length size; slash lets a run of symbols end
// in slashes between line breaks.
func rest(s string, c uint8, size int, slash bool) int {
	if c == number {
		i := size
		for range 2 {
			d, n := class(s, i)
			if d != number {
				break
			}
			i += n
		}
		return i
	}
	i := 0
	if s[0] == ' ' {
		i = 1
	}
	from := i
	d, n := class(s, i)
	for d&(other|mark) != 0 {
		i += n
		d, n = class(s, i)
	}
	if i > from {
		for i < len(s) && (s[i] == '\r' || s[i] == '\n' || slash && s[i] == '/') {
			i++
		}
		return i
	}
	// White space: to the last line break; else all at the end of the text, else
	// all but the last rune, which goes with what follows; a lone rune by itself.
	i = 0
	last, lineEnd := 0, 0
	d, n = class(s, 0)
	for d&space != 0 {
		last = i
		i += n
		if d&newline != 0 {
			lineEnd = i
		}
		d, n = class(s, i)
	}
	switch {
	case lineEnd > 0:
		return lineEnd
	case i == len(s) || last == 0:
		return i
	}
	return last
}

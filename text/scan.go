package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/words"
)

// maxWord is the longest word in UTF-16 units; longer ones are cut, as in
// Lucene's StandardTokenizer.
const maxWord = 255

// kind says how a stretch of text becomes terms.
type kind uint8

const (
	kindNone  kind = iota // the end of the text
	kindWord              // a word, or an emoji
	kindChars             // a run of characters that gives bigrams
)

// Classes of bytes. A word goes on over letters, digits and underscores, and
// over a joiner between two letters or two digits (UAX #29, WB5 to WB13b).
const (
	letter     = 1 << iota
	digit      // Numeric
	underscore // ExtendNumLet
	joinLetter // MidLetter, MidNumLet, Single_Quote: joins two letters
	joinDigit  // MidNum, MidNumLet, Single_Quote: joins two digits
	high       // a byte of a rune that is not ASCII
)

// style is a set of rules for words.
type style struct {
	class [256]uint8
	// uax29 lets the rules of UAX #29 decide on words that are not ASCII; else a
	// word is a run of letters, digits, marks and underscores.
	uax29 bool
	// bigrams splits the scripts without spaces into characters, and joins the groups
	// of digits that narrow and no-break spaces part.
	bigrams bool
}

var (
	proseStyle  = newStyle(':', ".'", ",;", true, true)
	luceneStyle = newStyle(':', ".'", ",;", true, false)
	// In code a dot selects and a colon types: they end a word. A dot inside a
	// number and an apostrophe inside a word of a comment do not.
	codeStyle = newStyle('\'', "", ".", false, true)
)

// newStyle returns a style in which the byte midLetter joins letters, those of
// midNum join digits, and those of both do either.
func newStyle(midLetter byte, both, midNum string, uax29, bigrams bool) *style {
	st := &style{uax29: uax29, bigrams: bigrams}
	for c := range st.class {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			st.class[c] = letter
		case c >= '0' && c <= '9':
			st.class[c] = digit
		case c == '_':
			st.class[c] = underscore
		case c >= utf8.RuneSelf:
			st.class[c] = high
		}
	}
	st.class[midLetter] |= joinLetter
	for _, c := range []byte(both) {
		st.class[c] = joinLetter | joinDigit
	}
	for _, c := range []byte(midNum) {
		st.class[c] = joinDigit
	}
	return st
}

// next finds the first word or run of characters of s at or after i.
func (st *style) next(s string, i int) (start, end int, k kind) {
	for i < len(s) {
		c := st.class[s[i]]
		if c&(letter|digit|underscore) == 0 {
			if c != high {
				i++
				continue
			}
			if start, end, k = st.slow(s, i); k != kindNone {
				return start, end, k
			}
			i = end
			continue
		}
		start = i
		seen := c
		prev := c
		limit := min(len(s), start+maxWord)
		for i++; i < limit; i++ {
			c = st.class[s[i]]
			if c&(letter|digit|underscore) != 0 {
				seen |= c
				prev = c
				continue
			}
			if c == 0 {
				break
			}
			if c == high {
				goto slow
			}
			// A joiner: it holds when what follows is of the kind that came before.
			if i+1 == limit {
				break
			}
			after := st.class[s[i+1]]
			if c&joinLetter != 0 && prev == letter && after == letter ||
				c&joinDigit != 0 && prev == digit && after == digit {
				prev = 0 // a joiner after a joiner ends the word
				continue
			}
			if after == high && (c&joinLetter != 0 && prev == letter || c&joinDigit != 0 && prev == digit) {
				goto slow
			}
			break
		}
		if seen&(letter|digit) != 0 {
			return start, i, kindWord
		}
		continue
	slow:
		if start, end, k = st.slow(s, start); k != kindNone {
			return start, end, k
		}
		i = end
	}
	return len(s), len(s), kindNone
}

// slow is next for a stretch that starts at i and holds runes that are not
// ASCII. Without a word there it returns kindNone and, as end, where to go on.
func (st *style) slow(s string, i int) (start, end int, k kind) {
	r, size := utf8.DecodeRuneInString(s[i:])
	if st.bigrams && isChar(r) {
		return i, i + charRun(s[i:]), kindChars
	}
	// Words end within the window, however long the text goes on without a
	// break; the rest of the window is for looking ahead.
	window := s[i:]
	if len(window) > 1024 {
		w := 1024
		for w > 1020 && !utf8.RuneStart(window[w]) {
			w--
		}
		window = window[:w]
	}
	if st.uax29 {
		it := words.FromString(window)
		it.Next()
		end = len(it.Value())
	} else {
		end = plainWord(window)
	}
	if end < size {
		return i, i + size, kindNone
	}
	if st.bigrams && isDigits(window[:end]) {
		if n := grouped(window, groupSpace); n > end {
			return i, i + n, kindWord
		}
	}
	seg := window[:end]
	word := false
	units := 0
	for at, r := range seg {
		if st.bigrams && at > 0 && isChar(r) {
			seg = seg[:at]
			break
		}
		units++
		if r > 0xFFFF {
			units++
		}
		if units > maxWord {
			seg = seg[:at]
			break
		}
		word = word || isWordRune(r) || isEmoji(r) && (r >= 0x2600 || !st.bigrams) || at > 0 && isFlag(r)
	}
	if !st.bigrams && isComplex(r) {
		// Lucene keeps a run of a South East Asian script as one token.
		seg = window[:complexRun(window)]
		word = true
	}
	if !word {
		return i, i + len(seg), kindNone
	}
	return i, i + len(seg), kindWord
}

// groupSpace is the length of the narrow or no-break space that s begins with, as it
// stands between groups of digits, or 0.
func groupSpace(s string) int {
	for _, space := range []string{"\u202f", "\u2009", "\u00a0"} {
		if strings.HasPrefix(s, space) {
			return len(space)
		}
	}
	return 0
}

// groupSign is the length of the sign between groups of digits that s begins with, or 0.
func groupSign(s string) int {
	if s != "" && (s[0] == ',' || s[0] == '\'' || s[0] == '_') {
		return 1
	}
	if strings.HasPrefix(s, "’") {
		return len("’")
	}
	return groupSpace(s)
}

// grouped is the length of the number at the start of s whose digits stand in groups of
// three after the first, parted by the same sign each time; 0 where there is none.
func grouped(s string, sign func(string) int) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n == 0 || n > 3 {
		return 0
	}
	size := sign(s[n:])
	if size == 0 {
		return 0
	}
	part, end := s[n:n+size], 0
	for strings.HasPrefix(s[n:], part) && len(s) >= n+size+3 && isDigits(s[n+size:n+size+3]) {
		n += size + 3
		end = n
	}
	if end == 0 || end < len(s) && (s[end] >= '0' && s[end] <= '9' || strings.HasPrefix(s[end:], part) && len(s) > end+size && isDigits(s[end+size:end+size+1])) {
		return 0
	}
	return end
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// plainWord returns the length of the run of letters, digits, marks and
// underscores, with an apostrophe between letters, at the start of s.
func plainWord(s string) int {
	for i, r := range s {
		switch {
		case r == '_', unicode.IsLetter(r), unicode.IsNumber(r), unicode.IsMark(r) && i > 0, r == 0x200C, r == 0x200D, r == 0xAD:
		case r == '\'' || r == '’':
			next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
			if i == 0 || !unicode.IsLetter(next) {
				return i
			}
		default:
			return i
		}
	}
	return len(s)
}

// attached reports whether r belongs to the character before it.
func attached(r rune) bool {
	return r >= 0x300 && (unicode.IsMark(r) || r == 0x200C || r == 0x200D || voiced(r))
}

// charRun returns the length of the run of characters at the start of s.
func charRun(s string) int {
	for i, r := range s {
		if !isChar(r) && (i == 0 || !attached(r)) {
			return i
		}
	}
	return len(s)
}

// char returns the length of the first character of a run: a rune with what is
// attached to it.
func char(s string) int {
	for i, r := range s {
		if i > 0 && !attached(r) {
			return i
		}
		if i > cacheMaxWord/2-utf8.UTFMax {
			return i // a heap of marks is no character
		}
	}
	return len(s)
}

func complexRun(s string) int {
	units := 0
	for i, r := range s {
		if units == maxWord || i > 0 && !isComplex(r) && !attached(r) {
			return i
		}
		units++
	}
	return len(s)
}

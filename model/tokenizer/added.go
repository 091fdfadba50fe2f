package tokenizer

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// added finds tokens that stand in a text literally, the longest where several begin.
type added struct {
	tokens  map[string]literal
	ids     map[int32]bool // of these
	lengths [256][]int     // of those that begin with a byte, the longest first
}

type literal struct {
	id          int32
	alone       bool // not inside of a word
	left, right bool // with the white space on its sides
}

// match is a token and where it stands. The next one is looked for from next on, which
// is before white space that it takes with it.
type match struct {
	id             int32
	from, to, next int
}

func (a *added) add(text string, l literal) {
	if a.tokens == nil {
		a.tokens, a.ids = map[string]literal{}, map[int32]bool{}
	}
	a.tokens[text], a.ids[l.id] = l, true
	if lengths := &a.lengths[text[0]]; !slices.Contains(*lengths, len(text)) {
		*lengths = append(*lengths, len(text))
		slices.SortFunc(*lengths, func(x, y int) int { return y - x })
	}
}

// has says whether a number is that of one of the tokens.
func (a *added) has(id int32) bool { return a.ids[id] }

// next is the first match from search on; what stands before at is taken already.
// Without one both ends are that of the text.
func (a *added) next(text string, at, search int) match {
	if a.tokens == nil {
		return match{0, len(text), len(text), len(text)}
	}
	for i := search; i < len(text); {
		l, to, ok := a.match(text, i)
		if !ok {
			i++
			continue
		}
		from := i
		i = to
		if l.alone && (within(lastRune(text[:from])) || within(firstRune(text[to:]))) {
			continue
		}
		for l.left && from > at {
			r, size := utf8.DecodeLastRuneInString(text[at:from])
			if !unicode.IsSpace(r) {
				break
			}
			from -= size
		}
		for l.right && to < len(text) {
			r, size := utf8.DecodeRuneInString(text[to:])
			if !unicode.IsSpace(r) {
				break
			}
			to += size
		}
		return match{l.id, from, to, i}
	}
	return match{0, len(text), len(text), len(text)}
}

func (a *added) match(text string, at int) (l literal, to int, ok bool) {
	for _, n := range a.lengths[text[at]] {
		if at+n <= len(text) {
			if l, ok := a.tokens[text[at:at+n]]; ok {
				return l, at + n, true
			}
		}
	}
	return l, 0, false
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// within says whether r is a character of words, \w of regular expressions.
func within(r rune) bool {
	return r != utf8.RuneError && (unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic) || r == 0x200c || r == 0x200d)
}

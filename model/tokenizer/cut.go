package tokenizer

import (
	"bytes"
	"regexp"
	"unicode"
	"unicode/utf8"
)

// cutter cuts a text into parts that match something and those between, in order and
// without holes.
type cutter func(text []byte, emit func(from, to int, match bool))

// step cuts a word into words.
type step func(word aligned, emit func(aligned))

// each makes a cutter of what says of a character whether it matches; a match is
// always a single character.
func each(is func(rune) bool) cutter {
	return func(text []byte, emit func(from, to int, match bool)) {
		from := 0
		for at := 0; at < len(text); {
			r, size := utf8.DecodeRune(text[at:])
			if is(r) {
				if from < at {
					emit(from, at, false)
				}
				emit(at, at+size, true)
				from = at + size
			}
			at += size
		}
		if from < len(text) {
			emit(from, len(text), false)
		}
	}
}

// occurrences of a text that is not empty.
func occurrences(of string) cutter {
	pattern := []byte(of)
	return func(text []byte, emit func(from, to int, match bool)) {
		for at := 0; at < len(text); {
			i := bytes.Index(text[at:], pattern)
			if i < 0 {
				emit(at, len(text), false)
				return
			}
			if i > 0 {
				emit(at, at+i, false)
			}
			emit(at+i, at+i+len(pattern), true)
			at += i + len(pattern)
		}
	}
}

func matches(re *regexp.Regexp) cutter {
	return func(text []byte, emit func(from, to int, match bool)) {
		at := 0
		for _, m := range re.FindAllIndex(text, -1) {
			if m[0] == m[1] {
				continue
			}
			if at < m[0] {
				emit(at, m[0], false)
			}
			emit(m[0], m[1], true)
			at = m[1]
		}
		if at < len(text) {
			emit(at, len(text), false)
		}
	}
}

// split makes a step of a cutter. What becomes of the matches is told by the name that
// files use.
func split(c cutter, behaviour string, invert bool) (step, bool) {
	switch behaviour {
	case "Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous":
	default:
		return nil, false
	}
	return func(word aligned, emit func(aligned)) {
		type part struct {
			from, to int
			match    bool
		}
		var last part
		flush := func() {
			if last.from < last.to && !(last.match && behaviour == "Removed") {
				emit(word.slice(last.from, last.to))
			}
		}
		c(word.text, func(from, to int, match bool) {
			next := part{from, to, match != invert}
			var joined bool
			switch behaviour {
			case "MergedWithPrevious":
				joined = next.match && !last.match
			case "MergedWithNext":
				joined = last.match && !next.match
			case "Contiguous":
				joined = next.match == last.match
			}
			if joined && last.from < last.to {
				last.to, last.match = to, next.match
				return
			}
			flush()
			last = next
		})
		flush()
	}, true
}

// wordRuns cuts runs of characters of words and of other signs; white space matches.
func wordRuns(text []byte, emit func(from, to int, match bool)) {
	const space, word, sign = 0, 1, 2
	from, last := 0, space
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		kind := sign
		switch {
		case unicode.IsSpace(r):
			kind = space
		case within(r):
			kind = word
		}
		if kind != last && from < at {
			emit(from, at, last == space)
			from = at
		}
		last = kind
		at += size
	}
	if from < len(text) {
		emit(from, len(text), last == space)
	}
}

// metaspace writes white space as SentencePiece does and cuts before each of it.
func metaspace(mark, prepend string, cut bool) step {
	words, _ := split(occurrences(mark), "MergedWithNext", false)
	spaces := replace(occurrences(" "), mark)
	return func(word aligned, emit func(aligned)) {
		first := len(word.at) > 0 && word.at[0].from == 0
		word = spaces(word)
		if (prepend == "always" || prepend == "first" && first) && !bytes.HasPrefix(word.text, []byte(mark)) {
			word = word.prepend(mark)
		}
		if !cut {
			emit(word)
			return
		}
		words(word, emit)
	}
}

// prefixed puts a space before words that do not begin with one.
func prefixed(word aligned, emit func(aligned)) {
	if !bytes.HasPrefix(word.text, []byte(" ")) {
		word = word.prepend(" ")
	}
	emit(word)
}

// scanner is one of the published patterns that cut words for byte-level BPE. They
// look ahead, which package regexp does not.
type scanner struct {
	fold   bool // contractions in any case, and a letter's word takes any one sign before it
	digits int  // most in a word; 0 for any number
}

const (
	patternGPT2   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	patternLlama3 = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	patternQwen2  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	patternGPT4   = `'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`
)

var scanners = map[string]scanner{patternGPT2: {}, patternLlama3: {true, 3}, patternQwen2: {true, 1}, patternGPT4: {true, 3}}

func (s scanner) cut(text []byte, emit func(from, to int, match bool)) {
	for at := 0; at < len(text); {
		n := s.word(text[at:])
		emit(at, at+n, true)
		at += n
	}
}

// kinds of characters.
const (
	isSign = iota
	isLetter
	isNumber
	isSpace
)

func kindOf(r rune) int {
	switch {
	case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
		return isLetter
	case r == ' ':
		return isSpace
	case unicode.IsLetter(r):
		return isLetter
	case unicode.Is(unicode.N, r):
		return isNumber
	case unicode.IsSpace(r):
		return isSpace
	}
	return isSign
}

// run is how many bytes of characters of a kind the text begins with, most of them.
func run(text []byte, kind, most int) int {
	n := 0
	for i := 0; n < len(text) && (most == 0 || i < most); i++ {
		r, size := utf8.DecodeRune(text[n:])
		if kindOf(r) != kind {
			break
		}
		n += size
	}
	return n
}

// word is how many bytes the first word of text has.
func (s scanner) word(text []byte) int {
	if n := s.contraction(text); n > 0 {
		return n
	}
	r, size := utf8.DecodeRune(text)
	kind := kindOf(r)
	switch {
	case kind == isLetter:
		return run(text, isLetter, 0)
	case kind == isNumber:
		return run(text, isNumber, s.digits)
	}
	// A space, or any sign, before a word.
	if next, _ := utf8.DecodeRune(text[size:]); size < len(text) {
		switch k := kindOf(next); {
		case k == isLetter && (r == ' ' || s.fold && r != '\r' && r != '\n'):
			return size + run(text[size:], isLetter, 0)
		case k == isNumber && r == ' ' && !s.fold:
			return size + run(text[size:], isNumber, 0)
		case k == isSign && r == ' ':
			return size + s.signs(text[size:])
		}
	}
	if kind == isSign {
		return s.signs(text)
	}
	return s.spaces(text)
}

func (s scanner) signs(text []byte) int {
	n := run(text, isSign, 0)
	for s.fold && n < len(text) && (text[n] == '\r' || text[n] == '\n') {
		n++
	}
	return n
}

func (s scanner) spaces(text []byte) int {
	n := run(text, isSpace, 0)
	if s.fold {
		if i := bytes.LastIndexAny(text[:n], "\r\n"); i >= 0 {
			return i + 1
		}
	}
	if _, size := utf8.DecodeLastRune(text[:n]); n < len(text) && n > size {
		n -= size // which belongs to the next word
	}
	return n
}

func (s scanner) contraction(text []byte) int {
	if len(text) < 2 || text[0] != '\'' {
		return 0
	}
	if s.fold && bytes.HasPrefix(text[1:], []byte("ſ")) {
		return 1 + len("ſ")
	}
	at := func(i int) byte {
		if i >= len(text) {
			return 0
		}
		if c := text[i]; s.fold && c >= 'A' && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return text[i]
	}
	switch a, b := at(1), at(2); {
	case a == 's' || a == 't' || a == 'm' || a == 'd':
		return 2
	case (a == 'r' || a == 'v') && b == 'e' || a == 'l' && b == 'l':
		return 3
	}
	return 0
}

package filter

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SyntaxError says where a filter cannot be read, and why.
type SyntaxError struct {
	Offset int    // of the byte at fault; the filter's length at its end
	Column int    // of the character at fault, from 1
	Reason string // what was expected there
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("filter, column %d: %s", e.Column, e.Reason)
}

type tokenKind uint8

const (
	end   tokenKind = iota
	word            // a bare word
	text            // a quoted text
	other           // a number, time or operator
)

// A token is a piece of a filter.
type token struct {
	kind tokenKind
	at   int    // first byte
	src  string // as it is written
	val  Value  // of a text, a number or a time
}

// is says whether the token is one of the language's words or an operator.
func (t *token) is(s string) bool {
	switch t.kind {
	case word:
		return strings.EqualFold(t.src, s)
	case other:
		return t.val.Kind == 0 && t.src == s
	}
	return false
}

func reserved(s string) bool {
	switch strings.ToLower(s) {
	case "and", "or", "not", "in", "has", "true", "false":
		return true
	}
	return false
}

func startsWord(r rune) bool { return r == '_' || unicode.IsLetter(r) }

func inWord(r rune) bool {
	return startsWord(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '.' || r == '-'
}

// bare says whether a field's name can be written without quotes.
func bare(name string) bool {
	for i, r := range name {
		if i == 0 && !startsWord(r) || !inWord(r) {
			return false
		}
	}
	return name != "" && !reserved(name)
}

// fail keeps the first error; after it the filter is at its end.
func (p *parser) fail(at int, format string, args ...any) {
	if p.err == nil {
		p.err = &SyntaxError{at, 1 + utf8.RuneCountInString(p.src[:at]), fmt.Sprintf(format, args...)}
	}
	p.pos, p.tok = len(p.src), token{at: len(p.src)}
}

// next reads a token into p.tok.
func (p *parser) next() {
	rest := p.src[p.pos:]
	p.pos += len(rest) - len(strings.TrimLeftFunc(rest, unicode.IsSpace))
	at := p.pos
	rest = p.src[at:]
	p.tok = token{at: at}
	if rest == "" {
		return
	}
	r, size := utf8.DecodeRuneInString(rest)
	switch {
	case r == utf8.RuneError && size == 1:
		p.fail(at, "expected UTF-8, found the byte %#x", rest[0])
		return
	case r == '"' || r == '\'':
		p.text(byte(r))
		return
	case startsWord(r):
		p.tok.kind = word
		p.pos += span(rest, inWord)
	case r >= '0' && r <= '9' || r == '-' || r == '.':
		p.tok.kind = other
		p.pos += span(rest, func(r rune) bool { return inWord(r) || r == '+' || r == ':' })
	case r == '!' || r == '<' || r == '>':
		p.tok.kind = other
		if p.pos++; strings.HasPrefix(p.src[p.pos:], "=") {
			p.pos++
		} else if r == '!' {
			p.fail(at, `expected "!=", found "!"`)
			return
		}
	case strings.ContainsRune("=^(),", r):
		p.tok.kind = other
		p.pos++
	default:
		p.fail(at, "expected a field, a value or an operator, found %q", r)
		return
	}
	p.tok.src = p.src[at:p.pos]
	if r >= '0' && r <= '9' || r == '-' || r == '.' {
		p.number()
	}
}

func span(s string, in func(rune) bool) int {
	for i, r := range s {
		if !in(r) {
			return i
		}
	}
	return len(s)
}

// number reads p.tok as a number or a time.
func (p *parser) number() {
	src, at := p.tok.src, p.tok.at
	if startsAsTime(src) {
		t, ok := parseTime(src)
		if !ok {
			p.fail(at, "expected a date (2024-01-31) or a time of RFC 3339 (2024-01-31T12:00:00Z), found %s", src)
		}
		p.tok.val = Value{Kind: Time, Time: t}
		return
	}
	x, err := strconv.ParseFloat(src, 64)
	switch {
	case strings.Trim(src, "0123456789+-.eE") != "" || err != nil && !isRange(err):
		p.fail(at, "expected a number, found %s (a text is written in quotes)", src)
	case err != nil:
		p.fail(at, "expected a number that fits 64 bits, found %s", src)
	}
	p.tok.val = Value{Kind: Number, Number: x + 0} // no -0
}

func isRange(err error) bool {
	n, ok := err.(*strconv.NumError)
	return ok && n.Err == strconv.ErrRange
}

// text reads a quoted text.
func (p *parser) text(quote byte) {
	at := p.pos
	var b strings.Builder
	for i := at + 1; i < len(p.src); {
		switch c := p.src[i]; {
		case c == quote:
			p.pos = i + 1
			p.tok = token{text, at, p.src[at:p.pos], Value{Kind: Keyword, Text: b.String()}}
			return
		case c == '\\':
			r, n := escape(p.src[i+1:])
			if n == 0 {
				p.fail(i, `expected one of the escapes \\ \" \' \n \t \r \uXXXX`)
				return
			}
			b.WriteRune(r)
			i += 1 + n
		default:
			r, n := utf8.DecodeRuneInString(p.src[i:])
			if r == utf8.RuneError && n == 1 {
				p.fail(i, "expected UTF-8, found the byte %#x", c)
				return
			}
			b.WriteRune(r)
			i += n
		}
	}
	p.fail(len(p.src), "expected %c to end the text that begins at column %d", quote, 1+utf8.RuneCountInString(p.src[:at]))
}

// escape reads what follows a backslash: a character and the bytes it took.
func escape(s string) (rune, int) {
	if s == "" {
		return 0, 0
	}
	switch s[0] {
	case '\\', '"', '\'':
		return rune(s[0]), 1
	case 'n':
		return '\n', 1
	case 't':
		return '\t', 1
	case 'r':
		return '\r', 1
	case 'u':
		if len(s) >= 5 {
			if x, err := strconv.ParseUint(s[1:5], 16, 16); err == nil && utf8.ValidRune(rune(x)) {
				return rune(x), 5
			}
		}
	}
	return 0, 0
}

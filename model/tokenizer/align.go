package tokenizer

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// aligned is a text that was changed, with the bytes of the original that each of its
// bytes stands for. All bytes of a character stand for the same.
type aligned struct {
	text []byte
	at   []span
}

type span struct{ from, to int32 }

// align takes text[from:to] as it is; what is no UTF-8 becomes U+FFFD.
func align(text string, from, to int) aligned {
	a := aligned{make([]byte, 0, to-from), make([]span, 0, to-from)}
	for at := from; at < to; {
		r, size := utf8.DecodeRuneInString(text[at:to])
		a.add(r, span{int32(at), int32(at + size)})
		at += size
	}
	return a
}

func (a *aligned) add(r rune, s span) {
	n := len(a.text)
	a.text = utf8.AppendRune(a.text, r)
	for range len(a.text) - n {
		a.at = append(a.at, s)
	}
}

func (a *aligned) addAll(text string, s span) {
	a.text = append(a.text, text...)
	for range len(text) {
		a.at = append(a.at, s)
	}
}

func (a aligned) slice(from, to int) aligned { return aligned{a.text[from:to], a.at[from:to]} }

// over is the span of the bytes from to to, of which there is one at least.
func (a aligned) over(from, to int) span { return span{a.at[from].from, a.at[to-1].to} }

// prepend puts text before a, as if the first character were it too.
func (a aligned) prepend(text string) aligned {
	if len(a.text) == 0 {
		return a
	}
	var out aligned
	out.addAll(text, a.at[0])
	return aligned{append(out.text, a.text...), append(out.at, a.at...)}
}

// normaliser changes a text.
type normaliser func(aligned) aligned

// characters applies f to each character; it adds what becomes of it to out.
func characters(f func(out *aligned, r rune, s span)) normaliser {
	return func(in aligned) aligned {
		out := aligned{make([]byte, 0, len(in.text)), make([]span, 0, len(in.text))}
		for at := 0; at < len(in.text); {
			r, size := utf8.DecodeRune(in.text[at:])
			f(&out, r, in.at[at])
			at += size
		}
		return out
	}
}

// form brings a text into a normal form of Unicode.
func form(f norm.Form) normaliser {
	return func(in aligned) aligned {
		if f.QuickSpan(in.text) == len(in.text) {
			return in
		}
		// Each stretch by itself, so that none takes the place of one before it.
		out := aligned{make([]byte, 0, len(in.text)), make([]span, 0, len(in.text))}
		for at := 0; at < len(in.text); {
			n := f.NextBoundary(in.text[at:], true)
			out.addAll(string(f.Bytes(in.text[at:at+n])), in.over(at, at+n))
			at += n
		}
		return out
	}
}

func lowercase(out *aligned, r rune, s span) {
	if r == 'İ' { // the only one that becomes two
		out.addAll("i\u0307", s)
		return
	}
	out.add(unicode.ToLower(r), s)
}

func stripAccents(out *aligned, r rune, s span) {
	if !mark(r) {
		out.add(r, s)
	}
}

// strip takes white space from the ends.
func strip(left, right bool) normaliser {
	return func(in aligned) aligned {
		from, to := 0, len(in.text)
		for left && from < to {
			r, size := utf8.DecodeRune(in.text[from:to])
			if !unicode.IsSpace(r) {
				break
			}
			from += size
		}
		for right && from < to {
			r, size := utf8.DecodeLastRune(in.text[from:to])
			if !unicode.IsSpace(r) {
				break
			}
			to -= size
		}
		return in.slice(from, to)
	}
}

// replace puts other text where a pattern matches.
func replace(c cutter, by string) normaliser {
	return func(in aligned) aligned {
		var out aligned
		c(in.text, func(from, to int, match bool) {
			if match && from < to {
				out.addAll(by, in.over(from, to))
			} else if from < to {
				out.text, out.at = append(out.text, in.text[from:to]...), append(out.at, in.at[from:to]...)
			}
		})
		return out
	}
}

// nmt is what SentencePiece's models of translation do before anything else: control
// characters go, odd spaces become spaces.
func nmt(out *aligned, r rune, s span) {
	switch {
	case r >= 1 && r <= 8, r == 0xb, r >= 0xe && r <= 0x1f, r == 0x7f, r == 0x8f, r == 0x9f:
	case r == 9, r == 0xa, r == 0xc, r == 0xd, r == 0x1680, r >= 0x200b && r <= 0x200f, r == 0x2028, r == 0x2029, r == 0x2581, r == 0xfeff, r == 0xfffd:
		out.add(' ', s)
	default:
		out.add(r, s)
	}
}

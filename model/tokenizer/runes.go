package tokenizer

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// rune takes a character from outside of ASCII through the rules.
func (w *words) rune(r rune, start, end int) {
	if w.rules.clean && control(r) {
		return
	}
	if unicode.IsSpace(r) {
		w.finish()
		return
	}
	alone := w.rules.ideographs && ideograph(r)
	if alone {
		w.finish()
	}
	if w.rules.accents {
		w.buf = norm.NFD.AppendString(w.buf[:0], string(r))
		for b := w.buf; len(b) > 0; {
			d, size := utf8.DecodeRune(b)
			if b = b[size:]; !nonspacing(d) {
				w.lower(d, start, end)
			}
		}
	} else {
		w.lower(r, start, end)
	}
	if alone {
		w.finish()
	}
}

func (w *words) lower(r rune, start, end int) {
	switch {
	case !w.rules.lower:
		w.put(r, start, end)
	case r == 'İ': // the only one that becomes two
		w.put('i', start, end)
		w.put('\u0307', start, end)
	default:
		w.put(unicode.ToLower(r), start, end)
	}
}

// ideograph says whether r is in one of the blocks of CJK ideographs that BERT
// separates (0x2b820 to 0x2b91f is left out in what others published). Kana and hangul are written with words of their own.
func ideograph(r rune) bool {
	switch {
	case r < 0x3400:
		return false
	case r <= 0x4dbf, r >= 0x4e00 && r <= 0x9fff, r >= 0xf900 && r <= 0xfaff,
		r >= 0x20000 && r <= 0x2a6df, r >= 0x2a700 && r <= 0x2b81f, r >= 0x2b920 && r <= 0x2ceaf, r >= 0x2f800 && r <= 0x2fa1f:
		return true
	}
	return false
}

package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Literal says that a term is written for itself and has no other form: a part number, an
// error code, a version, an identifier. It has a digit, beside letters or as one of three and
// more, or an underscore. What expands questions or passages neither gives such terms away nor
// lets others stand for them.
func Literal(term string) bool {
	digits, letters := 0, 0
	for _, r := range term {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
		case r == '_':
			return true
		}
	}
	return digits > 0 && (letters > 0 || digits > 2)
}

// Literals are the words of a question that mean exactly themselves: literal ones, and those
// that capitals mark as names, inside a word ("iPhone", "IBM") or, but for the first, at its
// beginning. A question that is written in capitals marks nothing by them.
func Literals(question string) []string {
	var out []string
	shouts := strings.ToUpper(question) == question
	for i, w := range strings.Fields(question) {
		w = strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' })
		_, n := utf8.DecodeRuneInString(w)
		first := i > 0 && n > 0 && unicode.IsUpper([]rune(w)[0])
		if Literal(w) || !shouts && w != "" && (first || strings.ContainsFunc(w[n:], unicode.IsUpper)) {
			out = append(out, w)
		}
	}
	return out
}

// Package acronym finds what acronyms stand for: where a text defines them, and, where it
// does not, by the words around them, with a dictionary that was learned of other texts.
package acronym

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Definition is a place where a text says what an acronym stands for. The ranges are bytes.
type Definition struct {
	Short      string `json:"acronym"`
	Long       string `json:"expansion"`
	ShortStart int    `json:"start"`
	ShortEnd   int    `json:"end"`
	LongStart  int    `json:"expansion_start"`
	LongEnd    int    `json:"expansion_end"`
}

// An acronym has so many runes, in so many words at most.
const (
	shortest  = 2
	longest   = 10
	mostWords = 2
	// mostLong bounds what may stand for one, in bytes.
	mostLong = 200
)

var parenthesis = regexp.MustCompile(`[(\[]([^()\[\]\n]{1,200})[)\]]`)

// Find finds definitions, in their order, by the method of Schwartz and Hearst (A simple
// algorithm for identifying abbreviation definitions in biomedical text, 2003): "long form
// (SF)" and "SF (long form)". The letters of the short form stand in the long one, in
// their order, the first at the beginning of its first word.
func Find(text string) []Definition {
	var found []Definition
	for _, m := range parenthesis.FindAllStringSubmatchIndex(text, -1) {
		inside, at := text[m[2]:m[3]], m[2]
		if i := strings.IndexAny(inside, ",;"); i > 0 { // (SF, 2004)
			inside = inside[:i]
		}
		trimmed := strings.TrimSpace(inside)
		at += strings.Index(inside, trimmed)
		before := strings.TrimRight(text[max(0, m[0]-mostLong):m[0]], " \t\n")
		from := m[0] - len(text[max(0, m[0]-mostLong):m[0]])
		if isShort(trimmed) {
			if i, ok := longBefore(trimmed, before); ok {
				found = append(found, Definition{trimmed, oneLine(before[i:]), at, at + len(trimmed), from + i, from + len(before)})
				continue
			}
		}
		// SF (long form)
		i := strings.LastIndexAny(before, " \t\n") + 1
		word := strings.TrimLeft(before[i:], `"'“`)
		i += len(before[i:]) - len(word)
		if isShort(word) && MostlyUpper(word) && strings.ContainsAny(trimmed, " -") {
			if j, ok := longBefore(word, trimmed); ok && j == 0 {
				found = append(found, Definition{word, oneLine(trimmed), from + i, from + i + len(word), at, at + len(trimmed)})
			}
		}
	}
	return found
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// isShort says that s can be an acronym.
func isShort(s string) bool {
	n := utf8.RuneCountInString(s)
	if n < shortest || n > longest || len(strings.Fields(s)) > mostWords {
		return false
	}
	first, _ := utf8.DecodeRuneInString(s)
	if !unicode.IsLetter(first) && !unicode.IsDigit(first) {
		return false
	}
	return strings.ContainsFunc(s, unicode.IsUpper)
}

// MostlyUpper says that a text has more letters in upper case than in lower case, two at
// least: an acronym, or what is written all in capitals.
func MostlyUpper(s string) bool {
	upper, lower := 0, 0
	for _, r := range s {
		switch {
		case unicode.IsUpper(r):
			upper++
		case unicode.IsLower(r):
			lower++
		}
	}
	return upper >= 2 && upper > lower
}

// longBefore finds the shortest end of text that short can stand for.
func longBefore(short, text string) (start int, ok bool) {
	s := lettersOf(short)
	var t []rune
	var at []int // where the runes of t begin, which need not be whole
	for i, r := range text {
		t, at = append(t, r), append(at, i)
	}
	words := min(len(s)+5, 2*len(s))
	if len(s) == 0 {
		return 0, false
	}
	j := len(t) - 1
	for i := len(s) - 1; i >= 0; i-- {
		for ; j >= 0; j-- {
			if unicode.ToLower(t[j]) == s[i] && (i > 0 || j == 0 || !isWord(t[j-1])) {
				break
			}
		}
		if j < 0 {
			return 0, false
		}
		if i > 0 {
			j--
		}
	}
	start = at[max(j, 0)]
	long := text[start:]
	fields := strings.Fields(long)
	switch {
	case utf8.RuneCountInString(long) <= utf8.RuneCountInString(short), len(fields) > words, strings.ContainsAny(long, ".;:!?()[]"):
		return 0, false
	case len(fields) == 1 && !strings.Contains(long, "-") && len(s) > 3:
		return 0, false // a word that holds the letters by chance
	}
	if strings.Contains(" "+strings.ToLower(oneLine(long))+" ", " "+strings.ToLower(short)+" ") {
		return 0, false // it says the short form again
	}
	return start, true
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func lettersOf(s string) (letters []rune) {
	for _, r := range s {
		if isWord(r) {
			letters = append(letters, unicode.ToLower(r))
		}
	}
	return letters
}

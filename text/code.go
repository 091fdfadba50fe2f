package text

import (
	"strings"
	"unicode"
)

// code analyses source code. A word that is written like prose ("policies",
// "Policies", "don't", "TODO") gives what "english" gives, its stem. A compound
// identifier (RedirectPolicies, redirect_policies, utf8) gives, in this order:
//
//   - the whole, lower-cased, without underscores: redirectpolicies;
//   - each part that is no stop word, lower-cased: redirect, policies;
//   - behind a part its English stem where that differs: polici.
//
// So a question in words ("redirect policy") meets the identifier on stems, and
// a question that spells it out meets it on the rarer whole and parts. A word of
// a question gives its stem and, where that differs, the word as it stands:
// one analysis of a question serves an index that holds prose and code.
type code struct{}

func (code) expand(dst []string, word string, asking bool) []string {
	word = strings.Trim(word, "_")
	cuts := identifierCuts(word)
	if len(cuts) <= 1 {
		w := english.fold(word)
		if w == "" || english.stop[w] || asking && english.stopAsking[w] {
			return dst
		}
		stem := english.stemmed(w)
		dst = append(dst, stem)
		if asking && stem != w {
			dst = append(dst, w)
		}
		return dst
	}
	whole := english.fold(strings.ReplaceAll(word, "_", ""))
	if whole != "" {
		dst = append(dst, whole)
	}
	for _, c := range cuts {
		part := english.fold(word[c.start:c.end])
		if part == "" || english.stop[part] {
			continue
		}
		dst = append(dst, part)
		if stem := english.stemmed(part); stem != part {
			dst = append(dst, stem)
		}
	}
	return dst
}

type span struct{ start, end int }

// identifierCuts returns the parts of an identifier: cut at underscores, between
// lower and upper case (readAll), before the last capital of several that is
// followed by lower case (HTTPServer), and between letters and digits (utf8).
// A plural s behind capitals stays with them (URLs).
func identifierCuts(word string) []span {
	const (
		none = iota
		lower
		upper
		number
		other
	)
	class := func(r rune) int {
		switch {
		case r == '_':
			return none
		case unicode.IsUpper(r) || unicode.IsTitle(r):
			return upper
		case unicode.IsLetter(r):
			return lower
		case unicode.IsNumber(r):
			return number
		}
		return other // an apostrophe, a dot or a mark goes on with what came before
	}
	var cuts []span
	start, prev, last := 0, none, 0 // last: where the previous rune starts
	add := func(end int) {
		if end > start {
			cuts = append(cuts, span{start, end})
		}
	}
	for i, r := range word {
		c := class(r)
		if c == other {
			c = prev
		}
		switch {
		case c == none:
			add(i)
			start = i + 1
		case prev == none:
			start = i
		case c == upper && prev == lower, c == number && prev != number, c != number && prev == number:
			add(i)
			start = i
		case c == lower && prev == upper && last > start:
			rest := word[i:]
			if r == 's' && (len(rest) == 1 || class([]rune(rest)[1]) != lower) {
				break
			}
			add(last)
			start = last
		}
		prev, last = c, i
	}
	add(len(word))
	return cuts
}

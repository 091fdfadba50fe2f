package turn

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	longestRun  = 4  // words of a name in capitals
	longestName = 40 // bytes of any other
)

// around are what stands beside words and is no part of them.
const around = ".,;:?!()[]<>“”‘’\"'`*"

// Names are what a text marks as names, each once and in its order: runs of up to four words in
// capitals, one alone unless a sentence begins with it or it is all in capitals, what stands
// between backquotes, and words with a dash, a dot, an underscore or a digit inside.
func Names(s string) (out []string) {
	seen := map[string]bool{}
	add := func(name string) {
		for _, own := range []string{"'s", "’s"} {
			name = strings.TrimSuffix(name, own)
		}
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	start, end, n := 0, 0, 0 // of a run
	flush := func() {
		alone := n == 1 && (upper(s[start:end]) || !sentenceBegins(s[:start]) && !strings.ContainsRune("\n-*#|", lastRune(strings.TrimRight(s[:start], " "))))
		if n > 1 && n <= longestRun || alone {
			add(s[start:end])
		}
		n = 0
	}
	for at := 0; at < len(s); {
		if s[at] == '`' {
			flush()
			code, _, closed := strings.Cut(s[at+1:], "`")
			if closed && code != "" && len(code) <= longestName && !strings.Contains(code, "\n") {
				add(code)
				at += len(code) + 2
				continue
			}
		}
		r, size := utf8.DecodeRuneInString(s[at:])
		if unicode.IsSpace(r) || r == '`' {
			at += size
			continue
		}
		from := at
		for at < len(s) {
			r, size := utf8.DecodeRuneInString(s[at:])
			if unicode.IsSpace(r) || r == '`' {
				break
			}
			at += size
		}
		word := strings.TrimLeft(s[from:at], around)
		from = at - len(word)
		word = strings.TrimRight(word, around)
		to := from + len(word)
		switch {
		case madeUp(word):
			flush()
			add(word)
		case unicode.IsUpper(first(word)) && len(word) > 1 && (n > 0 || !little(word)):
			if n > 0 && s[end:from] != " " {
				flush()
			}
			if n == 0 {
				start = from
			}
			n, end = n+1, to
		default:
			flush()
		}
	}
	flush()
	return out
}

// madeUp says that a word is a command, a file, a function or a version: something inside it is
// no letter.
func madeUp(w string) bool {
	if len(w) < 4 || len(w) > longestName || strings.Contains(w, "/") {
		return false
	}
	inside := strings.ContainsAny(w[1:len(w)-1], "-_.") && unicode.IsLower(first(w))
	return inside || strings.ContainsFunc(w, unicode.IsDigit) && strings.ContainsFunc(w, unicode.IsLetter)
}

// little says that a word is one of grammar, with which no name begins: "Does LVM grow?"
func little(w string) bool {
	w = strings.ToLower(w)
	return bare[w] || shortened[w] || pronouns[w]
}

// upper says that all letters of a word are capitals.
func upper(w string) bool { return strings.ToUpper(w) == w && len(w) > 1 }

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

package gather

import (
	"regexp"
	"strings"

	"github.com/tamis-search/tamis/corpus/role"
)

// asked is what kind of thing a question asks for, by the words it does so with.
// They are English; other questions ask for nothing special.
type asked struct {
	value bool     // a number
	roles []string // documents of these
}

var (
	asksValue = regexp.MustCompile(`(?i)\b(how (many|long|large|big|much|far|often|old|small|similar|wide|deep|high)|what (number|port|size|limit|value|octal)|which (port|version|release|number|value|exit code|size|octal|kernel)|since (when|which)|after (how|which time)|from which|above which|range of|limit|default|minim(al|um)|maxim(al|um)|longest|at most)\b`)
	// What a question that wants code says: where something is done, or how
	// inside; examples.
	asksCode = regexp.MustCompile(`(?i)\b(where (is|are|does|do|in)|implement(s|ed|ation)?|source( code)?|internally|inside|(sample|example) (code|program)|code)\b`)
	asksRole = map[string]*regexp.Regexp{
		role.Test:        regexp.MustCompile(`(?i)\b(unit tests?|(which|what|the|a|any) tests?|tests? (for|of|that|which)|tested)\b|_test\b`),
		role.Log:         regexp.MustCompile(`(?i)\b(change ?log|release notes?|what('s| is) new|changed|since (when|which)|which (release|version)|removed|introduced|history)\b`),
		role.Declaration: regexp.MustCompile(`(?i)\b(declar(e|es|ed|ation)|types?|signature|interface|\.d\.ts)\b`),
	}
)

func askedFor(question string) asked {
	a := asked{value: asksValue.MatchString(question)}
	if asksCode.MatchString(question) {
		a.roles = append(a.roles, role.Source)
	}
	for _, r := range role.All {
		if of := asksRole[r]; of != nil && of.MatchString(question) {
			a.roles = append(a.roles, r)
		}
	}
	return a
}

func (a *asked) role(of string) bool {
	for _, r := range a.roles {
		if r == of {
			return true
		}
	}
	return false
}

// values says whether a text has a number, 1, and one that something is set to, is
// or has, 2.
func values(s string) float64 {
	found := 0.0
	for i := 0; i < len(s); i++ {
		if !digit(s[i]) || i > 0 && digit(s[i-1]) {
			continue
		}
		found = 1
		before := strings.TrimRight(s[max(0, i-40):i], "'\"`(")
		cut := strings.TrimRight(before, " \t\r\n")
		switch {
		case strings.HasSuffix(cut, "="), strings.HasSuffix(cut, ":"):
			return 2
		case len(cut) == len(before):
		case endsInWord(cut, "is"), endsInWord(cut, "are"), endsInWord(cut, "to"):
			return 2
		}
	}
	return found
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// endsInWord says whether s ends in a word of ASCII, in any case.
func endsInWord(s, word string) bool {
	at := len(s) - len(word)
	return at >= 0 && strings.EqualFold(s[at:], word) && (at == 0 || s[at-1] == ' ' || s[at-1] == '\n' || s[at-1] == '\t')
}

package turn

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/text"
)

const (
	// answerWeight is what a name that only the answers have weighs: what they say was chosen
	// for the question before, and holds more names than one.
	answerWeight = .6
	answerBytes  = 4 << 10 // of the answers to a turn that are looked at
)

// fromAnswers is what the answers name and a pronoun of the question may stand for: after
// "which command lists them?", "what options does it take?" asks for those of the command;
// "he" and "she" are the person that was spoken of last, where no question names one.
func (t *Thread) fromAnswers(now *said) (Carried, bool) {
	if !now.pronoun || len(t.turns) == 0 {
		return Carried{}, false
	}
	last := len(t.turns) - 1
	if name := t.turns[last].named; name != "" && !now.person {
		return Carried{name, answerWeight, t.number(last)}, true
	}
	for at := last; now.person && at >= 0 && !t.turns[at].names; at-- {
		if who := t.turns[at].who; who != "" {
			return Carried{who, answerWeight, t.number(at)}, true
		}
	}
	return Carried{}, false
}

// number of a turn in the conversation, from 1 on.
func (t *Thread) number(at int) int {
	if at == 0 {
		return 1
	}
	return at + 1 + t.skipped
}

var asksName = list("which who whose")

// answered says what the answers to a turn name: the thing, where the turn asks for one, and
// the person of two words and more.
func (p *past) answered(an *text.Analyzer, answers []string) (named, who string) {
	if len(answers) == 0 || len(p.tokens) == 0 {
		return "", ""
	}
	asks := asksName[p.tokens[0]] || len(p.tokens) > 1 && p.tokens[0] == "what" && !bare[p.tokens[1]]
	things, persons := map[string]int{}, map[string]int{}
	left := answerBytes
	for _, s := range answers {
		s = s[:min(left, len(s))]
		left -= len(s)
		for _, name := range names(s) {
			own := true // no word of the question
			an.EachContent(name, func(term string, _, _ int) { own = own && !p.has(term) })
			if !own {
				continue
			}
			if things[name]++; asks && things[name] > things[named] {
				named = name
			}
			if strings.Contains(name, " ") && unicode.IsUpper(first(name)) {
				if persons[name]++; persons[name] > persons[who] {
					who = name
				}
			}
		}
	}
	return named, who
}

func first(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// names are what a text marks as a name: runs of up to four words in capitals, not those that
// a sentence begins with unless there are two, and what stands between backquotes.
func names(s string) (out []string) {
	for rest := s; ; {
		_, after, ok := strings.Cut(rest, "`")
		code, left, closed := strings.Cut(after, "`")
		if !ok || !closed {
			break
		}
		if code != "" && len(code) <= 40 && !strings.Contains(code, "\n") {
			out = append(out, code)
		}
		rest = left
	}
	start, end, n := 0, 0, 0
	flush := func() {
		if n > 1 && n <= 4 || n == 1 && !sentenceBegins(s[:start]) && !strings.ContainsRune("\n-*#|", lastRune(strings.TrimRight(s[:start], " "))) {
			out = append(out, s[start:end])
		}
		n = 0
	}
	for at := 0; at < len(s); {
		r, size := utf8.DecodeRuneInString(s[at:])
		if !unicode.IsLetter(r) {
			at += size
			continue
		}
		from := at
		for at < len(s) {
			r, size := utf8.DecodeRuneInString(s[at:])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' && r != '-' {
				break
			}
			at += size
		}
		upper := unicode.IsUpper(r) && at-from > 1
		if upper && n > 0 && s[end:from] == " " {
			n, end = n+1, at
			continue
		}
		flush()
		if upper {
			start, end, n = from, at, 1
		}
	}
	flush()
	return out
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

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
	// followWeight is what the subject of the last turn weighs in a question of what its
	// answers spoke of at least followedTimes.
	followWeight  = .5
	followedTimes = 2
	answerBytes   = 4 << 10 // of the answers to a turn that are looked at
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

// answered reads the answers to a turn: the words that they have, what stands with most of
// the turn's words, where the turn asks for a name, and the person that they name most.
func (p *past) answered(an *text.Analyzer, answers []string) {
	p.answer = map[string]int{}
	if len(p.tokens) == 0 {
		return
	}
	asks := asksName[p.tokens[0]] || len(p.tokens) > 1 && p.tokens[0] == "what" && !bare[p.tokens[1]]
	persons, things := map[string]int{}, map[string]int{}
	left := answerBytes
	for _, s := range answers {
		s = s[:min(left, len(s))]
		left -= len(s)
		for _, sentence := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("\n?!;", r) }) {
			met := map[string]bool{}
			an.EachContent(sentence, func(term string, _, _ int) {
				p.answer[term]++
				if p.has(term) {
					met[term] = true
				}
			})
			for _, name := range Names(sentence) {
				own := false // more than words of the question
				an.EachContent(name, func(term string, _, _ int) { own = own || !p.has(term) })
				if !own {
					continue
				}
				if things[name] += len(met); asks && things[name] > max(1, things[p.named]) {
					p.named = name
				}
				if strings.Contains(name, " ") && unicode.IsUpper(first(name)) {
					if persons[name]++; persons[name] > persons[p.who] {
						p.who = name
					}
				}
			}
		}
	}
}

// follows says that a question which stands by itself asks of something that the answers to
// the last turn spoke of: then it is asked of what that turn was about.
func (t *Thread) follows(now *said) bool {
	if len(t.turns) == 0 || now.pronoun {
		return false
	}
	last := t.turns[len(t.turns)-1]
	n := 0
	for _, w := range now.words {
		if last.answer[w.term] < followedTimes || last.focus[w.term] {
			return false
		}
		n++
	}
	return n > 0 && n <= 2 && now.defines
}

func first(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

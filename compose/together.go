package compose

import (
	"slices"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/text"
)

// particles are what an English verb has behind it that its noun is written with: back up, backup. Alone
// they are words that a question is full of, and are not looked for.
var particles = map[string]bool{"up": true, "down": true, "in": true, "out": true, "off": true, "on": true, "over": true, "back": true, "around": true, "through": true, "away": true}

// verbAlone is what the verb weighs where texts have the two as one: it means something else without its
// particle.
const verbAlone = .5

// together adds the terms of what an English question has as two words and texts have as one, too: "back up"
// is asked, "backup" is written, and of the two "back" alone would be looked for. Where no text has them as
// one nothing is added. Other pairs of words ("host name") are both looked for, and gain nothing that is
// seen by being one more term (docs/benchmarks.md).
func together(from Words, analyzers *text.Pool, names []string, question, asked string, terms []search.Term) ([]search.Term, error) {
	if asked != "en" {
		return terms, nil
	}
	an, err := analyzers.Get("english")
	if err != nil {
		return nil, err
	}
	words := strings.Fields(question)
	var pairs [][2]string // the stem of the verb, and both
	for i := 1; i < len(words); i++ {
		first, second := strings.ToLower(words[i-1]), strings.ToLower(strings.TrimRight(words[i], ".,;:?!)"))
		if !particles[second] || !plain(first) {
			continue
		}
		if stems := an.AskedIn(nil, first, asked); len(stems) == 1 {
			pairs = append(pairs, [2]string{stems[0], stems[0] + second}) // of backing up, backed up too
		}
	}
	analyzers.Put(an)
	for _, p := range pairs {
		before := len(terms)
		for _, name := range names {
			an, err := analyzers.Get(name)
			if err != nil {
				return nil, err
			}
			of := an.AskedIn(nil, p[1], asked)
			analyzers.Put(an)
			if len(of) != 1 || slices.ContainsFunc(terms, func(t search.Term) bool { return t.Text == of[0] }) {
				continue
			}
			st, err := from.PassageStats(of)
			if err != nil {
				return nil, err
			}
			if st.DF[0] > 0 {
				terms = append(terms, search.Term{Text: of[0], Weight: 1})
			}
		}
		if k := slices.IndexFunc(terms, func(t search.Term) bool { return t.Text == p[0] }); k >= 0 && len(terms) > before && terms[k].Share == 0 {
			terms[k].Weight, terms[k].Share = terms[k].Weight*verbAlone, verbAlone
		}
	}
	return terms, nil
}

// plain says that a word is letters alone.
func plain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })
}

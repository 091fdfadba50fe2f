package compose

import (
	"slices"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/text"
)

// shares are what terms have of their own inverse document frequency.
type shares map[string]float64

func (s shares) of(term string) float64 {
	if share, ok := s[term]; ok {
		return share
	}
	return 1
}

// exact is what the word itself weighs in code beside its stem.
const exact = .25

// sharing has words themselves weigh less that code has beside their stems. In code "package" is two
// terms, in prose the stem alone: the word itself is rare where most of an index is prose, so that code
// which has the word would count three times what prose has that speaks of the matter.
func sharing(from Words, analyzers *text.Pool, names []string, question, asked string, terms []search.Term) error {
	pairs, err := beside(analyzers, names, question, asked)
	if err != nil || len(pairs) == 0 {
		return err
	}
	st, err := from.PassageStats(pairs)
	if err != nil {
		return err
	}
	for i := 0; i < len(pairs); i += 2 {
		k := slices.IndexFunc(terms, func(t search.Term) bool { return t.Text == pairs[i+1] })
		if k < 0 || terms[k].Share > 0 || st.DF[i+1] == 0 {
			continue
		}
		stem, word := search.IDF(st.Rows, max(st.DF[i], st.DF[i+1])), search.IDF(st.Rows, st.DF[i+1])
		terms[k].Share = float32(exact * stem / word)
		terms[k].Weight = float32(terms[k].Weight * terms[k].Share)
	}
	return nil
}

// beside are the stems of a question's words, each before the word itself, where code alone has both.
func beside(analyzers *text.Pool, names []string, question, asked string) (pairs []string, err error) {
	if !slices.Contains(names, "code") {
		return nil, nil
	}
	for _, w := range strings.Fields(question) {
		var others, code []string
		for _, name := range names {
			an, err := analyzers.Get(name)
			if err != nil {
				return nil, err
			}
			if own := an.AskedIn(nil, w, asked); name == "code" {
				code = own
			} else {
				others = append(others, own...)
			}
			analyzers.Put(an)
		}
		if len(code) == 2 && strings.EqualFold(code[1], strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })) && !slices.Contains(others, code[1]) {
			pairs = append(pairs, code...)
		}
	}
	return pairs, nil
}

package keyphrase

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/text"
)

// Phrase is a phrase with where it stands first, in bytes.
type Phrase struct {
	Text  string  `json:"text"`
	Start int     `json:"start"`
	End   int     `json:"end"`
	Count int     `json:"count"`
	Score float64 `json:"score"`
}

// oneWord is what a word alone counts beside phrases of several. It and the roots below are
// chosen on every other document of inspec and of semeval2010.
const oneWord = .4

// Extract returns the n phrases that say most of what a text is about, the best first:
// those of frequent words, which stand there often and early. idf, which may be nil, is the
// inverse document frequency of a term in the corpus.
func Extract(a *text.Analyzer, s string, n int, idf func(term string) float64) []Phrase {
	list := candidates(a, s)
	count := map[string]int{}
	for _, c := range list {
		for _, t := range c.terms {
			count[t] += c.places
		}
	}
	phrases := make([]Phrase, 0, len(list))
	for _, c := range list {
		sum := 0.0
		for _, t := range c.terms {
			w := float64(count[t])
			if idf != nil {
				w *= idf(t)
			}
			sum += math.Sqrt(w)
		}
		places := c.places + c.within
		score := sum * math.Sqrt(float64(places)/float64(len(c.terms))) / portable.Log(float64(3+c.first))
		if len(c.terms) == 1 {
			score *= oneWord
		}
		phrases = append(phrases, Phrase{strings.Join(strings.Fields(s[c.start:c.end]), " "), c.start, c.end, places, score})
	}
	slices.SortStableFunc(phrases, func(a, b Phrase) int { return cmp.Compare(b.Score, a.Score) })
	return phrases[:min(n, len(phrases))]
}

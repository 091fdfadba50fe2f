package compose

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/text"
)

// fewTexts is the share of documents, one of so many, below which a language is not
// one of a corpus.
const fewTexts = 50

// LanguageHint says, in one sentence, that a question is in another language than
// the texts that somebody sees, whose words it can hardly meet; "" where it is not,
// or nobody can tell. count counts these texts, all and those of languages by their codes.
func LanguageHint(question string, count func(codes []string) (all int, of map[string]int, err error)) (string, error) {
	lang := text.DetectLanguage(question)
	if lang == "" {
		return "", nil
	}
	names := text.Detectable()
	codes := slices.Sorted(maps.Keys(names))
	all, of, err := count(codes)
	if err != nil {
		return "", err
	}
	if n := of[lang]; n > 0 && n*fewTexts >= all {
		return "", nil
	}
	most, main := 0, ""
	for _, code := range codes {
		if n := of[code]; n > most {
			most, main = n, code
		}
	}
	if main == "" || main == lang {
		return "", nil
	}
	title := func(code string) string { return strings.ToUpper(names[code][:1]) + names[code][1:] }
	return fmt.Sprintf("the question looks %s, the texts are mostly %s: ask in %[2]s; in %[1]s only names, numbers and commands can be found", title(lang), title(main)), nil
}

// Meets returns a function that says which words of a text a question meets, as they
// stand there first (of "send" and "sending" one), and how much each says: its inverse
// document frequency. It is for one goroutine.
func Meets(from Words, analyzers *text.Pool, question string) (func(text string) map[string]float64, error) {
	terms, err := Terms(from, analyzers, question)
	if err != nil {
		return nil, err
	}
	weights := map[string]float64{}
	idf := IDF(from, terms)
	for _, t := range terms {
		weights[t.Text] = idf(t.Text)
	}
	names := from.Analyzers()
	return func(text string) map[string]float64 {
		met, seen := map[string]float64{}, map[string]bool{}
		for _, name := range names {
			an, err := analyzers.Get(name)
			if err != nil {
				continue // the question was analysed by it
			}
			an.Each(text, func(term string, start, end int) {
				if w, ok := weights[term]; ok && !seen[term] {
					seen[term] = true
					met[text[start:end]] = max(w, met[text[start:end]])
				}
			})
			analyzers.Put(an)
		}
		return met
	}, nil
}

package tamis

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/store"
	"github.com/tamis-search/tamis/text"
)

// terms analyses a question by every analysis that the index uses and joins
// the results in order. A term weighs as often as one analysis gives it: a
// word that the question repeats counts again, one that two analyses share
// does not. A compound that hardly any text has brings its parts along.
func (ix *Index) terms(v *store.Snapshot, question string) ([]search.Term, error) {
	var terms []search.Term
	at := map[string]int{}
	add := func(t string, weight float32) {
		i, ok := at[t]
		if !ok {
			i = len(terms)
			at[t] = i
			terms = append(terms, search.Term{Text: t})
		}
		terms[i].Weight = max(terms[i].Weight, weight)
	}
	lang := text.DetectLanguage(question)
	names := analyses(v, lang)
	asked := lang
	if lang == "" && slices.Contains(names, "english") {
		asked = "en" // "how" is rare where texts are German
	}
	for _, name := range names {
		an, err := ix.analyzers.Get(name)
		if err != nil {
			return nil, err
		}
		times := map[string]float32{}
		for _, t := range an.AskedIn(nil, question, asked) {
			times[t]++
			add(t, times[t])
		}
		if lang == "" || text.AnalyzerName("", lang) == name {
			for _, c := range an.Compounds(question) {
				for _, t := range parts(v, &c) {
					add(t, partWeight)
				}
			}
		}
		ix.analyzers.Put(an)
	}
	return terms, nil
}

// analyses are those that a question in a language is analysed by. Where that
// language has an analysis here, it, and English, which texts of no certain
// language have: stems of other languages would meet words that they have nothing
// to do with. Else all that are common.
func analyses(v *store.Snapshot, lang string) []string {
	all := v.Analyzers()
	own := text.AnalyzerName("", lang)
	known := lang != "" && slices.Contains(all, own)
	var names []string
	for _, name := range all {
		switch {
		case name == "english", name == "code", name == "simple", name == own, !known && v.IsCommon(name):
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return all
	}
	return names
}

// partWeight is what a part of a compound weighs beside a word: it says less than
// the whole did.
const partWeight = 0.5

// rareCompound is the share of documents, one of so many, up to which a compound is rare.
const rareCompound = 100

// parts are those of a compound that is rare in the index.
func parts(v *store.Snapshot, c *text.Compound) []string {
	st := v.Statistics(store.Documents, append(slices.Clone(c.Terms), c.Term))
	n := len(c.Terms)
	if st.DF[n] > max(5, st.Rows/rareCompound) {
		return nil
	}
	return c.Split(st.DF[:n])
}

// fewTexts is the share of documents, one of so many, below which a language is not
// one of a corpus.
const fewTexts = 50

// LanguageHint says, in one sentence, that a question is in another language than
// the texts that somebody sees, whose words it can hardly meet; "" where it is not,
// or nobody can tell.
func (ix *Index) LanguageHint(question string, scope Scope) (string, error) {
	lang := text.DetectLanguage(question)
	if lang == "" {
		return "", nil
	}
	v, err := ix.store.Snapshot()
	if err != nil {
		return "", err
	}
	defer v.Release()
	seen, err := scope.restrict(v)
	if err != nil {
		return "", err
	}
	all := seen.Seen()
	names := text.Detectable()
	most, main := 0, ""
	for _, code := range slices.Sorted(maps.Keys(names)) {
		in, err := seen.Filtered(&filter.Expr{Op: filter.Equal, Field: "lang", Values: []filter.Value{{Kind: filter.Keyword, Text: code}}})
		if err != nil {
			return "", err
		}
		n := in.Seen()
		if code == lang && n > 0 && n*fewTexts >= all {
			return "", nil
		}
		if n > most {
			most, main = n, code
		}
	}
	if main == "" || main == lang {
		return "", nil
	}
	title := func(code string) string { return strings.ToUpper(names[code][:1]) + names[code][1:] }
	return fmt.Sprintf("the question looks %s, the texts are mostly %s: ask in %[2]s; in %[1]s only names, numbers and commands can be found", title(lang), title(main)), nil
}

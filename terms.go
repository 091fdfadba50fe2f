package tamis

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/compose"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/store"
	"github.com/tamis-search/tamis/text"
)

// terms are those of a question: see compose.Terms.
func (ix *Index) terms(v *store.Snapshot, question string) ([]search.Term, error) {
	return compose.Terms(snapshotReader{ix, &view{Snapshot: v}}, &ix.analyzers, question)
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

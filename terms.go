package tamis

import (
	"github.com/tamis-search/tamis/compose"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/store"
)

// terms are those of a question: see compose.Terms.
func (ix *Index) terms(v *store.Snapshot, question string) ([]search.Term, error) {
	return compose.Terms(snapshotReader{ix, &view{Snapshot: v}}, &ix.analyzers, question)
}

// LanguageHint says, in one sentence, that a question is in another language than
// the texts that somebody sees, whose words it can hardly meet; "" where it is not,
// or nobody can tell.
func (ix *Index) LanguageHint(question string, scope Scope) (string, error) {
	return compose.LanguageHint(question, func(codes []string) (all int, of map[string]int, err error) {
		v, err := ix.store.Snapshot()
		if err != nil {
			return 0, nil, err
		}
		defer v.Release()
		seen, err := scope.restrict(v)
		if err != nil {
			return 0, nil, err
		}
		of = map[string]int{}
		for _, code := range codes {
			in, err := seen.Filtered(&filter.Expr{Op: filter.Equal, Field: "lang", Values: []filter.Value{{Kind: filter.Keyword, Text: code}}})
			if err != nil {
				return 0, nil, err
			}
			of[code] = in.Seen()
		}
		return seen.Seen(), of, nil
	})
}

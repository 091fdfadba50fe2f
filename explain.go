package tamis

import (
	"strings"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/store"
)

// TermShare is what a word of a query adds to the score of a hit by words, over all terms that
// analyses make of it. Where a plan ranks, that score is one of its lists.
type TermShare struct {
	Word  string  `json:"word"` // as the query has it; a term that no single word makes as it is
	Score float32 `json:"score"`
}

// explain says of hits what each word of the query brought them.
func (ix *Index) explain(v *view, unit store.Unit, question string, terms []search.Term, found []topk.Hit, hits []Hit) error {
	var rows []topk.Row
	for _, h := range found {
		rows = append(rows, h.Row)
	}
	words, of := []string{}, map[string]int{} // of terms, places in words
	for _, w := range strings.Fields(question) {
		own, err := ix.terms(v.Snapshot, w)
		if err != nil {
			return err
		}
		w = strings.Trim(w, ".,;:!?()\"'")
		for _, t := range own {
			if _, known := of[t.Text]; known {
				continue
			}
			if len(words) == 0 || words[len(words)-1] != w {
				words = append(words, w)
			}
			of[t.Text] = len(words) - 1
		}
	}
	shares := v.rows(nil).Words(unit, terms).Shares(rows)
	for i := range hits {
		sums := make([]float32, len(words), len(words)+1)
		var others []TermShare
		for k, t := range terms {
			if at, known := of[t.Text]; known {
				sums[at] += shares[i][k]
			} else if shares[i][k] > 0 {
				others = append(others, TermShare{t.Text, shares[i][k]})
			}
		}
		for k, w := range words {
			hits[i].Terms = append(hits[i].Terms, TermShare{w, sums[k]})
		}
		hits[i].Terms = append(hits[i].Terms, others...)
	}
	return nil
}

package pack

import (
	"math"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/internal/neardup"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/pack/unit"
)

// preferOriginals lets what a mail says score more than what another quotes of it, so
// that it is chosen instead, where it stands with who wrote it and when. The quotation
// is folded then as what repeats something kept.
func preferOriginals(all *unit.Set, scores *score.Scoring) {
	var quotes []int
	for i := range all.Units {
		if u := &all.Units[i]; u.Kind == corpus.Quote && all.Docs[u.Doc].Letter() {
			quotes = append(quotes, i)
		}
	}
	if len(quotes) == 0 {
		return
	}
	var said neardup.Folder
	for i := range all.Units {
		if u := &all.Units[i]; u.Kind != corpus.Quote && all.Docs[u.Doc].Letter() {
			said.Keep(i, all.Shingles(i))
		}
	}
	for _, i := range quotes {
		if j := said.Has(all.Shingles(i)); j >= 0 && scores.Total[j] <= scores.Total[i] {
			scores.Total[j] = math.Nextafter(scores.Total[i], math.Inf(1))
		}
	}
}

package search

import (
	"sort"

	"github.com/tamis-search/tamis/index"
)

// Exhaustive scores every posting of every term: the slow form that defines
// what TopK returns.
func Exhaustive(sources []Source, terms []Term, stats Stats, p Params, k int) []Hit {
	if k <= 0 {
		return nil
	}
	w := weights(nil, terms, &stats)
	var hits []Hit
	for si := range sources {
		s := &sources[si]
		v := s.Inverted
		norms := index.Norms(v.Lengths(), p.K1, p.B, uint64(stats.Rows), stats.TotalLength)
		scores := make([]float32, v.Rows())
		for i, t := range terms {
			if w[i] == 0 {
				continue
			}
			list, _ := v.Lookup(t.Text)
			for row, tf := range list.All() {
				scores[row] += score(w[i], float32(tf), norms[v.Codes()[row]])
			}
		}
		for row, x := range scores {
			if x > 0 && s.visible(uint32(row)) {
				hits = append(hits, Hit{si, uint32(row), x})
			}
		}
	}
	sort.Slice(hits, func(i, j int) bool { return before(hits[i], hits[j]) })
	return hits[:min(k, len(hits))]
}

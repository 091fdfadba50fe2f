package score

import (
	"context"

	"github.com/tamis-search/tamis/pack/unit"
)

// drafts sets Draft, the best overlap of a unit with a draft answer: the mean of
// the BM25 of its sentence and of the window around, each divided by the best.
// What overlaps with a draft may hold the answer, even where it shares no word
// with the question (Chen et al., FB-RAG, 2025). A draft that is wrong about the
// facts still has the words that an answer would have.
type drafts struct{ each []draft }

type draft struct {
	terms          []unit.Term
	sentence, near float64 // best scores among the first candidates
}

func (s *drafts) Score(ctx context.Context, q *Question, units *unit.Set, out []Features) error {
	if s.each == nil {
		for _, d := range q.Drafts {
			if of := units.Weigh(d); len(of) > 0 {
				s.each = append(s.each, draft{terms: of})
			}
		}
	}
	for k := range s.each {
		d := &s.each[k]
		count := d.count(units)
		sentence, near := bm25(units, d.terms, count, 0, 0, bSentence), bm25(units, d.terms, count, nearBytes, 0, bWindow)
		if d.near == 0 {
			d.sentence, d.near = highest(sentence), highest(near)
		}
		for i := range out {
			x := float64(share(d.sentence, sentence[i])+share(d.near, near[i])) / 2
			if k > 0 {
				x = max(x, out[i][Draft])
			}
			out[i][Draft] = x
		}
	}
	return ctx.Err()
}

// count is how many of each term lie before each unit.
func (d *draft) count(units *unit.Set) [][]int32 {
	at := make(map[uint32]int, len(d.terms))
	count := make([][]int32, len(d.terms))
	for t := range d.terms {
		at[d.terms[t].Hash] = t
		count[t] = make([]int32, len(units.Units)+1)
	}
	for i := range units.Units {
		for t := range count {
			count[t][i+1] = count[t][i]
		}
		for _, h := range units.Occ[units.Units[i].From:units.Units[i].To] {
			if t, ok := at[h]; ok {
				count[t][i+1]++
			}
		}
	}
	return count
}

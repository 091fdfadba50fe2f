package pack

// draft is a draft answer: what overlaps with it may hold the answer, even where
// it shares no word with the question (Chen et al., FB-RAG, 2025). A draft that is
// wrong about the facts still has the words that an answer would have.
type draft struct {
	terms          []term
	sentence, near float64 // best scores among the first candidates
}

// draftScores is, for every unit, its best overlap with a draft: the mean of
// the BM25 of its sentence and of the window around, each divided by the best;
// nil without drafts.
func (r *reader) draftScores() []float64 {
	if len(r.drafts) == 0 {
		return nil
	}
	out := make([]float64, len(r.units))
	for k := range r.drafts {
		d := &r.drafts[k]
		at := make(map[uint32]int, len(d.terms))
		count := make([][]int32, len(d.terms))
		for t := range d.terms {
			at[d.terms[t].hash] = t
			count[t] = make([]int32, len(r.units)+1)
		}
		for i := range r.units {
			for t := range count {
				count[t][i+1] = count[t][i]
			}
			for _, h := range r.occ[r.units[i].from:r.units[i].to] {
				if t, ok := at[h]; ok {
					count[t][i+1]++
				}
			}
		}
		sentence, near := r.windows(d.terms, count, 0, 0, bSentence), r.windows(d.terms, count, nearBytes, 0, bWindow)
		if d.near == 0 {
			d.sentence, d.near = highest(sentence), highest(near)
		}
		var s scales
		for i := range out {
			out[i] = max(out[i], float64(s.of(d.sentence, sentence[i])+s.of(d.near, near[i]))/2)
		}
	}
	return out
}

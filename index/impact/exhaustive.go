package impact

import "github.com/tamis-search/tamis/vector"

// Exhaustive is TopK at recall 1 by scoring every posting: the oracle, and what
// TopK does where bounds say nothing.
func Exhaustive(sources []Source, query vector.Sparse, k int) []Hit {
	var hits []Hit
	for id := range sources {
		src := &sources[id]
		add := func(row, place uint32, score float32) {
			if score > 0 && src.Visible.has(place) {
				hits = append(hits, Hit{id, row, score})
			}
		}
		g := src.Segment
		scores := g.scores(query)
		for place := range uint32(g.rows) {
			add(g.row(place), place, scores[place])
		}
	}
	return firstHits(hits, max(k, 0))
}

// scores is the score of every place.
func (g *Segment) scores(query vector.Sparse) []float32 {
	scores := make([]float32, g.rows)
	if g.conf.Precision != Bits8 {
		places := make([]int, query.Len())
		for j, name := range query.Terms {
			place, ok := g.lookup(name)
			if !ok {
				place = -1
			}
			places[j] = place
		}
		for place := range scores {
			scores[place] = g.dot(g.row(uint32(place)), places, query.Weights)
		}
		return scores
	}
	for j, name := range query.Terms {
		if at, ok := g.lookup(name); ok {
			t, weight := g.term(at), query.Weights[j]
			g.codes(t, func(place uint32, code byte) {
				scores[place] += float32(weight * float32(float32(code)*t.unit))
			})
		}
	}
	return scores
}

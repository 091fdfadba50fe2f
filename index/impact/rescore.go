package impact

import (
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/internal/topk"
)

// scoredRows is the number of rows whose data is brought near together.
const scoredRows = 128

// rescoring is memory for exact scores.
type rescoring struct {
	blocks [scoredRows]uint32
	lanes  [scoredRows]byte
	codes  [scoredRows]byte
	found  []foundTerm
	refs   []simd.Ref
	spans  [scoredRows][2]int
	known  []uint64 // a bit for each term of the query, by place
	places [scoredRows]uint32
	rows   [scoredRows]uint32
	scores [scoredRows]float32
	best   topk.Collector
}

// hits scores what was collected exactly and returns the k best.
func (s *searcher) hits(k int) []topk.Hit {
	r := &s.rescoring
	r.best.Reset(k)
	for id, left := 0, s.best.Numbers(); len(left) > 0; {
		for left[0] >= s.numbers.First(id+1) {
			id++
		}
		g, first, end := s.sources[id].Segment, s.numbers.First(id), s.numbers.First(id+1)
		n := 0
		for n < min(len(left), scoredRows) && left[n] < end {
			r.places[n] = uint32(left[n] - first)
			r.rows[n], r.scores[n] = g.row(r.places[n]), 0
			n++
		}
		left = left[n:]
		if g.conf.Precision == Bits8 {
			s.scorePlaces(g, n)
		} else {
			s.scoreRows(g, n)
		}
		for i, row := range r.rows[:n] {
			if int(row) < g.rows { // not where the segment is damaged
				r.best.Add(topk.Key(r.scores[i], uint32(first)+row))
			}
		}
	}
	return s.numbers.Hits(r.best.Sorted(), topk.Score)
}

// scorePlaces scores the first n places by the records. First all records are
// asked for, then what they point to, so that little is waited for.
func (s *searcher) scorePlaces(g *Segment, n int) {
	r := &s.rescoring
	for i, place := range r.places[:n] {
		r.blocks[i], r.lanes[i] = place/blockRows, byte(place%blockRows)
	}
	s.findRecords(g, r.blocks[:n])
	for i := range r.found {
		f := &r.found[i]
		refs := r.refs[f.from:f.to]
		simd.Pick(r.codes[:len(refs)], refs, r.lanes[:], g.data[secRecords][4*f.term.record:], g.data[secOverflow])
		for j, ref := range refs {
			// Nothing is added for code 0.
			r.scores[uint16(ref>>32)] += float32(f.weight * float32(float32(r.codes[j])*f.term.unit))
		}
	}
}

// foundTerm says which Refs are those of a term of the query.
type foundTerm struct {
	term     term
	weight   float32
	from, to int
}

// findRecords finds and asks for the records of the query's terms in blocks.
func (s *searcher) findRecords(g *Segment, blocks []uint32) {
	r := &s.rescoring
	r.found, r.refs = r.found[:0], r.refs[:0]
	groups := g.stride / simd.RowLanes * 4
	for j, name := range s.query.Terms {
		place, ok := g.lookup(name)
		if !ok {
			continue
		}
		f := foundTerm{term: g.term(place), weight: s.query.Weights[j], from: len(r.refs)}
		r.refs = slices.Grow(r.refs, scoredRows)
		refs := r.refs[f.from : f.from+scoredRows]
		if f.term.dense {
			row, counts := g.data[secRows][int(f.term.list)*g.stride:][:g.stride], g.data[secCounts][int(f.term.list)*groups:][:groups]
			f.to = f.from + simd.Locate(refs, row, counts, g.data[secRecords][4*f.term.record:], blocks)
		} else {
			f.to = f.from + g.search(refs, f.term, blocks)
		}
		r.refs = r.refs[:f.to]
		r.found = append(r.found, f)
	}
	for i := range r.found {
		f := &r.found[i]
		simd.Approach(r.refs[f.from:f.to], g.data[secRecords][4*f.term.record:], g.data[secOverflow])
	}
}

// search writes the Refs of a term that is not dense, for ascending blocks.
func (g *Segment) search(refs []simd.Ref, t term, blocks []uint32) (n int) {
	list := g.data[secBlocks][2*t.list:][:2*t.blocks]
	at := 0
	for i, b := range blocks {
		hi := int(t.blocks)
		for at < hi {
			if mid := (at + hi) / 2; uint32(le.Uint16(list[2*mid:])) < b {
				at = mid + 1
			} else {
				hi = mid
			}
		}
		if at < int(t.blocks) && uint32(le.Uint16(list[2*at:])) == b {
			refs[n] = simd.NewRef(uint32(at), i, 0)
			n++
		}
	}
	return n
}

// scoreRows scores the first n rows by the forward index.
func (s *searcher) scoreRows(g *Segment, n int) {
	r := &s.rescoring
	places := s.work.places[:0]
	r.known = slices.Grow(r.known[:0], g.terms/64+1)[:g.terms/64+1]
	for _, name := range s.query.Terms {
		place, ok := g.lookup(name)
		if ok {
			r.known[place/64] |= 1 << (place % 64)
		} else {
			place = -1
		}
		places = append(places, place)
	}
	s.work.places = places
	for i, row := range r.rows[:n] {
		r.spans[i][0], r.spans[i][1] = g.entries(row)
	}
	for _, span := range r.spans[:n] {
		entries := span[1] - span[0]
		simd.Fetch(g.data[secForward], span[0]*g.forwardBytes, entries*g.forwardBytes)
		simd.Fetch(g.data[secWeights], span[0]*g.weightBytes(), entries*g.weightBytes())
	}
	for i := range n {
		r.scores[i] = g.knownDot(r.spans[i][0], r.spans[i][1], r.known, places, s.query.Weights)
	}
	for _, place := range places {
		if place >= 0 {
			r.known[place/64] = 0
		}
	}
}

// knownDot is dot, for entries from lo to hi, with known saying which terms are in
// places.
func (g *Segment) knownDot(lo, hi int, known []uint64, places []int, weights []float32) float32 {
	sum, j := float32(0), 0
	add := func(place, i int) {
		for j < len(places) && places[j] < place {
			j++
		}
		if j < len(places) && places[j] == place {
			_, weight := g.entry(i)
			sum += float32(weights[j] * weight)
		}
	}
	if g.forwardBytes == 2 {
		for i, data := lo, g.data[secForward][2*lo:2*hi]; len(data) >= 2; i, data = i+1, data[2:] {
			if place := int(le.Uint16(data)); place>>6 < len(known) && known[place>>6]>>(place&63)&1 != 0 {
				add(place, i)
			}
		}
		return sum
	}
	for i := lo; i < hi; i++ {
		if place := int(le.Uint32(g.data[secForward][4*i:])); place>>6 < len(known) && known[place>>6]>>(place&63)&1 != 0 {
			add(place, i)
		}
	}
	return sum
}

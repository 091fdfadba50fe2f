package impact

import (
	"math/bits"

	"github.com/tamis-search/tamis/internal/simd"
)

// hits scores what was collected exactly and returns the k best.
func (s *searcher) hits(k int) []Hit {
	keys := s.best.finish()
	hits := make([]Hit, 0, len(keys))
	for i := 0; i < len(keys); {
		id, start := keySource(keys[i]), i
		for i < len(keys) && keySource(keys[i]) == id {
			i++
		}
		part := keys[start:i]
		first := len(hits)
		if s.sources[id].Live != nil {
			for _, key := range part {
				hits = append(hits, Hit{id, uint32(key), s.exact[key]})
			}
			continue
		}
		g := s.sources[id].Segment
		for _, key := range part {
			hits = append(hits, Hit{Source: id, Row: g.row(uint32(key))})
		}
		if g.conf.Precision == Bits8 {
			s.scorePlaces(g, hits[first:], part)
		} else {
			s.scoreRows(g, hits[first:])
		}
	}
	clear(s.exact)
	return firstHits(hits, k)
}

// scoreRows adds the scores by the forward index.
func (s *searcher) scoreRows(g *Segment, found []Hit) {
	places := s.work.places[:0]
	for _, name := range s.query.Terms {
		place, ok := g.lookup(name)
		if !ok {
			place = -1
		}
		places = append(places, place)
	}
	s.work.places = places
	for i := range found {
		found[i].Score = g.dot(found[i].Row, places, s.query.Weights)
	}
}

// scoreBlocks is the number of blocks whose records are brought near together.
const scoreBlocks = 64

// scorePlaces adds the scores of places, which ascend, by the records. First all
// records are asked for, then what they point to, so that little is waited for.
func (s *searcher) scorePlaces(g *Segment, found []Hit, keys []uint64) {
	w := &s.work
	for len(keys) > 0 {
		// The next blocks, and where their keys end.
		w.blocks, w.ends = w.blocks[:0], w.ends[:0]
		n := 0
		for ; n < len(keys); n++ {
			b := uint32(keys[n]) / blockRows
			if last := len(w.blocks) - 1; last < 0 || w.blocks[last] != b {
				if len(w.blocks) == scoreBlocks {
					break
				}
				w.blocks, w.ends = append(w.blocks, b), append(w.ends, 0)
			}
			w.ends[len(w.ends)-1] = n + 1
		}
		s.findRecords(g)
		for i := range w.found {
			f := &w.found[i]
			for _, ref := range w.near[f.from:f.to] {
				block := int(uint16(ref >> 32))
				at := min(uint32(ref), f.term.blocks-1)
				record := le.Uint32(g.data[secRecords][4*(f.term.record+at):])
				first := 0
				if block > 0 {
					first = w.ends[block-1]
				}
				for j := first; j < w.ends[block]; j++ {
					if code := g.code(record, uint32(keys[j])%blockRows); code != 0 {
						found[j].Score += float32(f.weight * float32(float32(code)*f.term.unit))
					}
				}
			}
		}
		keys, found = keys[n:], found[n:]
	}
}

// foundTerm says which Refs are those of a term of the query.
type foundTerm struct {
	term     term
	weight   float32
	from, to int
}

// findRecords fills found and near for the query's terms in work.blocks.
func (s *searcher) findRecords(g *Segment) {
	w := &s.work
	w.found, w.near = w.found[:0], w.near[:0]
	groups := g.stride / simd.RowLanes * 4
	for j, name := range s.query.Terms {
		place, ok := g.lookup(name)
		if !ok {
			continue
		}
		f := foundTerm{term: g.term(place), weight: s.query.Weights[j], from: len(w.near)}
		records := g.data[secRecords][4*f.term.record:]
		if f.term.dense {
			row, counts := g.data[secRows][int(f.term.list)*g.stride:][:g.stride], g.data[secCounts][int(f.term.list)*groups:][:groups]
			n := simd.Locate(w.refs[0][:], row, counts, records, w.blocks)
			w.near = append(w.near, w.refs[0][:n]...)
		} else {
			w.near = g.search(w.near, f.term, w.blocks)
		}
		f.to = len(w.near)
		w.found = append(w.found, f)
	}
	for i := range w.found {
		f := &w.found[i]
		simd.Approach(w.near[f.from:f.to], g.data[secRecords][4*f.term.record:], g.data[secOverflow])
	}
}

// search adds the Refs of a term that is not dense, for ascending blocks.
func (g *Segment) search(refs []simd.Ref, t term, blocks []uint32) []simd.Ref {
	list := g.data[secBlocks][2*t.list:][:2*t.blocks]
	at := 0
	for i, b := range blocks {
		lo, hi := at, int(t.blocks)
		for lo < hi {
			if mid := (lo + hi) / 2; uint32(le.Uint16(list[2*mid:])) < b {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		if at = lo; at < int(t.blocks) && uint32(le.Uint16(list[2*at:])) == b {
			refs = append(refs, simd.NewRef(uint32(at), i, 0))
		}
	}
	return refs
}

// code is a lane's weight in a record, 0 for none.
func (g *Segment) code(record, lane uint32) byte {
	if record>>30 != 3 {
		if record&31 == lane {
			return byte(record >> 10)
		}
		if record>>31 != 0 && record>>5&31 == lane {
			return byte(record >> 18)
		}
		return 0
	}
	over := g.data[secOverflow]
	start := min(int(record&(1<<30-1)), len(over)-tail)
	lanes := le.Uint32(over[start:])
	if lanes>>lane&1 == 0 {
		return 0
	}
	return over[start+4+bits.OnesCount32(lanes&(1<<lane-1))]
}

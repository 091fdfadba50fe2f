package impact

import "math"

// A Mask says which rows of a source are visible. Inside a segment rows lie in an
// order of their own, so a Mask belongs to its source: make it once for a set of
// deleted rows or a filter, and keep it. The zero Mask hides nothing.
type Mask struct{ lanes []uint32 } // by block, a bit for each place

// Mask returns one that shows the rows for which visible is true.
func (s *Segment) Mask(visible func(row uint32) bool) Mask {
	m := Mask{make([]uint32, s.blocks)}
	for place := range uint32(s.rows) {
		if visible(s.row(place)) {
			m.lanes[place/blockRows] |= 1 << (place % blockRows)
		}
	}
	return m
}

// Show returns a Mask that shows only the given rows.
func (s *Segment) Show(rows []uint32) Mask {
	m := Mask{make([]uint32, s.blocks)}
	places := s.inverse()
	for _, row := range rows {
		if int(row) < s.rows {
			m.lanes[places[row]/blockRows] |= 1 << (places[row] % blockRows)
		}
	}
	return m
}

// Hide returns m, a Mask of s, less the given rows.
func (s *Segment) Hide(m Mask, rows []uint32) Mask {
	lanes := make([]uint32, s.blocks)
	if copy(lanes, m.lanes); m.lanes == nil {
		for i := range lanes {
			lanes[i] = math.MaxUint32
		}
	}
	places := s.inverse()
	for _, row := range rows {
		if int(row) < s.rows {
			lanes[places[row]/blockRows] &^= 1 << (places[row] % blockRows)
		}
	}
	return Mask{lanes}
}

// And shows what both masks of a source show.
func (m Mask) And(o Mask) Mask {
	switch {
	case m.lanes == nil:
		return o
	case o.lanes == nil:
		return m
	}
	both := Mask{make([]uint32, min(len(m.lanes), len(o.lanes)))}
	for i := range both.lanes {
		both.lanes[i] = m.lanes[i] & o.lanes[i]
	}
	return both
}

func (m Mask) has(place uint32) bool {
	if m.lanes == nil {
		return true
	}
	block := int(place / blockRows)
	return block < len(m.lanes) && m.lanes[block]>>(place%blockRows)&1 != 0
}

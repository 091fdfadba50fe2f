package topk

import "math"

// MaskPlaces is how many places an entry of a Mask has a bit for.
const MaskPlaces = 32

// A Mask says which rows of a segment of vectors are visible. Rows lie there in an
// order of their own, so a Mask belongs to its segment: make it once for a set of
// deleted rows or a filter, and keep it. The zero Mask hides nothing.
type Mask struct{ Lanes []uint32 } // by 32 places, a bit for each

// NewMask shows the places for which visible is true.
func NewMask(places int, visible func(place uint32) bool) Mask {
	m := Mask{make([]uint32, (places+MaskPlaces-1)/MaskPlaces)}
	for place := range uint32(places) {
		if visible(place) {
			m.Lanes[place/MaskPlaces] |= 1 << (place % MaskPlaces)
		}
	}
	return m
}

// Hide is m, which has so many places, less those of some rows, which are numbered as
// many.
func (m Mask) Hide(places int, rows []uint32, placeOf func(row uint32) uint32) Mask {
	lanes := make([]uint32, (places+MaskPlaces-1)/MaskPlaces)
	if copy(lanes, m.Lanes); m.Lanes == nil {
		for i := range lanes {
			lanes[i] = math.MaxUint32
		}
	}
	for _, row := range rows {
		if int(row) < places {
			place := placeOf(row)
			lanes[place/MaskPlaces] &^= 1 << (place % MaskPlaces)
		}
	}
	return Mask{lanes}
}

// And shows what both masks of a segment show.
func (m Mask) And(o Mask) Mask {
	switch {
	case m.Lanes == nil:
		return o
	case o.Lanes == nil:
		return m
	}
	both := Mask{make([]uint32, min(len(m.Lanes), len(o.Lanes)))}
	for i := range both.Lanes {
		both.Lanes[i] = m.Lanes[i] & o.Lanes[i]
	}
	return both
}

// Has says whether a place is visible.
func (m Mask) Has(place uint32) bool {
	if m.Lanes == nil {
		return true
	}
	i := int(place / MaskPlaces)
	return i < len(m.Lanes) && m.Lanes[i]>>(place%MaskPlaces)&1 != 0
}

// From is which of the 32 places from one on are visible, the first in the lowest bit.
func (m Mask) From(place uint32) uint32 {
	if m.Lanes == nil {
		return math.MaxUint32
	}
	lane := func(i int) uint64 {
		if i < len(m.Lanes) {
			return uint64(m.Lanes[i])
		}
		return 0
	}
	i := int(place / MaskPlaces)
	return uint32((lane(i) | lane(i+1)<<MaskPlaces) >> (place % MaskPlaces))
}

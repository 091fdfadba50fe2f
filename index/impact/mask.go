package impact

import "github.com/tamis-search/tamis/internal/topk"

// Mask returns one that shows the rows for which visible is true.
func (s *Segment) Mask(visible func(row uint32) bool) topk.Mask {
	return topk.NewMask(s.rows, func(place uint32) bool { return visible(s.row(place)) })
}

// Show returns a Mask that shows only the given rows.
func (s *Segment) Show(rows []uint32) topk.Mask {
	m := topk.NewMask(s.rows, func(uint32) bool { return false })
	places := s.inverse()
	for _, row := range rows {
		if int(row) < s.rows {
			m.Lanes[places[row]/blockRows] |= 1 << (places[row] % blockRows)
		}
	}
	return m
}

// Hide returns m, a Mask of s, less the given rows.
func (s *Segment) Hide(m topk.Mask, rows []uint32) topk.Mask {
	places := s.inverse()
	return m.Hide(s.rows, rows, func(row uint32) uint32 { return places[row] })
}

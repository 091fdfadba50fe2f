package dense

import (
	"math"

	"github.com/tamis-search/tamis/internal/yield"
)

// ListsFromRows is how many rows a segment needs to have lists: smaller ones are always
// searched exactly.
const ListsFromRows = 1 << 13

// listsFor is how many lists so many rows have.
func listsFor(rows int) int { return int(4 * math.Sqrt(float64(rows))) }

// withLists is the bytes of a segment whose places are rows, in lists instead.
func (s *Segment) withLists() ([]byte, error) {
	dims := s.conf.padded()
	c := cluster(s.rows, dims, listsFor(s.rows), s.read)
	lists := len(c.centroids) / dims
	order, first := c.order(lists)
	out := &Segment{conf: s.conf, rows: s.rows, loss: s.loss}
	d := &out.data
	size := s.conf.rowBytes()
	d[secNumbers] = make([]byte, 0, len(s.data[secNumbers]))
	for _, row := range order {
		d[secNumbers] = append(d[secNumbers], s.data[secNumbers][int(row)*size:][:size]...)
		if s.conf.Bits == 8 {
			d[secScales] = append(d[secScales], s.data[secScales][4*row:][:4]...)
		}
		d[secOrder] = le.AppendUint32(d[secOrder], row)
	}
	for _, place := range first {
		d[secLists] = le.AppendUint32(d[secLists], place)
	}
	for _, x := range c.centroids {
		d[secCenters] = le.AppendUint32(d[secCenters], math.Float32bits(x))
	}
	out.encode(c.centroids, first)
	if err := out.openLists(); err != nil {
		return nil, err
	}
	out.calibrate()
	return out.assemble(), nil
}

// encode writes the codes of all places.
func (s *Segment) encode(centroids []float32, first []uint32) {
	dims := s.conf.padded()
	rotate := newRotation(dims)
	row, center := make([]float32, dims), make([]float32, dims)
	var work yield.Work
	for l := range len(first) - 1 {
		copy(center, centroids[l*dims:])
		rotate.apply(center)
		for at := int(first[l]); at < int(first[l+1]); at += blockRows {
			codes, factors := make([]byte, s.conf.codeBytes()), make([]byte, factorBytes)
			for place := range min(blockRows, int(first[l+1])-at) {
				s.read(at+place, row)
				rotate.apply(row)
				encode(codes, factors, place, row, center)
			}
			s.data[secCodes] = append(s.data[secCodes], codes...)
			s.data[secFactors] = append(s.data[secFactors], factors...)
			work.Did(blockRows * dims)
		}
	}
}

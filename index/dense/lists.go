package dense

import (
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/yield"
)

// ListsFromRows is how many rows a segment needs to have lists: smaller ones are always
// searched exactly.
const ListsFromRows = 1 << 13

// listsFor is how many lists so many rows have.
func listsFor(rows int) int { return int(2 * math.Sqrt(float64(rows))) }

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
	mean := meanOf(c.centroids, dims)
	for _, x := range slices.Concat(c.centroids, mean) {
		d[secCenters] = le.AppendUint32(d[secCenters], math.Float32bits(x))
	}
	out.encode(c.centroids, first, mean)
	if err := out.openLists(); err != nil {
		return nil, err
	}
	out.calibrate()
	return out.assemble(), nil
}

func meanOf(rows []float32, dims int) []float32 {
	mean := make([]float32, dims)
	n := len(rows) / dims
	for j := range mean {
		sum := 0.0
		for i := range n {
			sum += float64(rows[i*dims+j])
		}
		mean[j] = float32(sum / float64(n))
	}
	return mean
}

// encode writes the codes of all places and centroids.
func (s *Segment) encode(centroids []float32, first []uint32, mean []float32) {
	dims := s.conf.padded()
	rotate := newRotation(dims)
	row, center := make([]float32, dims), make([]float32, dims)
	var work yield.Work
	gone := 0.0 // squared distances
	around := func(middle []float32, n int, read func(i int), codes, factors *[]byte) {
		copy(center, middle)
		rotate.apply(center)
		for at := 0; at < n; at += blockRows {
			c, f := make([]byte, s.conf.codeBytes()), make([]byte, factorBytes)
			for place := range min(blockRows, n-at) {
				read(at + place)
				rotate.apply(row)
				gone += encode(c, f, place, row, center)
			}
			*codes, *factors = append(*codes, c...), append(*factors, f...)
			work.Did(blockRows * dims)
		}
	}
	d := &s.data
	for l := range len(first) - 1 {
		read := func(i int) { s.read(int(first[l])+i, row) }
		n := int(first[l+1] - first[l])
		gone = 0
		around(centroids[l*dims:][:dims], n, read, &d[secCodes], &d[secFactors])
		d[secSpreads] = le.AppendUint32(d[secSpreads], math.Float32bits(float32(math.Sqrt(gone/float64(max(1, n))))))
	}
	read := func(i int) { copy(row, centroids[i*dims:]) }
	around(mean, len(first)-1, read, &d[secHeads], &d[secSlopes])
}

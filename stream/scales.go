package stream

import (
	"errors"
	"fmt"
	"slices"
)

// A Block is rows from First to before End, as one.
type Block struct{ First, End int }

// Scales covers rows by at most n blocks, fine around the rows that are asked about and
// coarser the farther away: a block of 2^k rows, at a multiple of 2^k, has its nearest
// asked row at least near·2^k rows away, and near is as great as n allows. It is an error where even
// 1 needs more than n. (BP-Transformer, Ye et al. 2019, arXiv:1911.04070, attends to such
// partitions of a text.)
func Scales(rows int, asked []int, n int) ([]Block, error) {
	asked = slices.Clone(asked)
	slices.Sort(asked)
	if len(asked) == 0 {
		return nil, errors.New("no row is asked about")
	}
	for _, row := range []int{asked[0], asked[len(asked)-1]} {
		if row < 0 || row >= rows {
			return nil, fmt.Errorf("row %d is asked about: there are %d, from 0 on", row, rows)
		}
	}
	best := blocks(rows, asked, 1)
	if len(best) > n {
		return nil, fmt.Errorf("%d blocks are too few around %d rows of %d: %d at least", n, len(asked), rows, len(best))
	}
	low, high := 1, rows+1 // blocks at low fit
	for high-low > 1 {
		mid := (low + high) / 2
		if b := blocks(rows, asked, mid); len(b) <= n {
			low, best = mid, b
		} else {
			high = mid
		}
	}
	return best, nil
}

// blocks halves blocks that are too near to an asked row for their size.
func blocks(rows int, asked []int, near int) (out []Block) {
	size := 1
	for size < rows {
		size *= 2
	}
	var cut func(first, size int)
	cut = func(first, size int) {
		if first >= rows {
			return
		}
		if size == 1 || distance(asked, first, first+size) >= near*size {
			out = append(out, Block{first, min(first+size, rows)})
			return
		}
		cut(first, size/2)
		cut(first+size/2, size/2)
	}
	cut(0, size)
	return out
}

// distance is that of the nearest asked row to rows from first to before end.
func distance(asked []int, first, end int) int {
	i, _ := slices.BinarySearch(asked, first)
	if i < len(asked) && asked[i] < end {
		return 0
	}
	nearest := int(^uint(0) >> 1)
	if i < len(asked) {
		nearest = asked[i] - end + 1
	}
	if i > 0 {
		nearest = min(nearest, first-asked[i-1])
	}
	return nearest
}

// Means are blocks' mean rows, gathered row by row.
type Means struct {
	blocks []Block
	at     int
	sums   []float64
	spans  []Span
	width  int
}

// NewMeans is for blocks that cover rows in order.
func NewMeans(blocks []Block, width int) *Means {
	return &Means{blocks: blocks, sums: make([]float64, len(blocks)*width), spans: make([]Span, len(blocks)), width: width}
}

// Push takes a row and its time; rows ascend.
func (m *Means) Push(row int, time float64, v []float32) {
	for row >= m.blocks[m.at].End {
		m.at++
	}
	s := &m.spans[m.at]
	if s.Count == 0 {
		s.From = time
	}
	s.To = time
	s.Count++
	for i, x := range v {
		m.sums[m.at*m.width+i] += float64(x)
	}
}

// Spans are the blocks with their means, without those of which each row was left out.
func (m *Means) Spans() (out []Span) {
	for b, s := range m.spans {
		if s.Count == 0 {
			continue
		}
		s.First, s.Last = m.blocks[b].First, m.blocks[b].End-1
		s.Centroid = make([]float32, m.width)
		for i := range s.Centroid {
			s.Centroid[i] = float32(m.sums[b*m.width+i] / float64(s.Count))
		}
		out = append(out, s)
	}
	return out
}

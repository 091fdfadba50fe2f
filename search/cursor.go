package search

import (
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/internal/simd"
)

// A cursor gives the scores of one term.
type cursor struct {
	number int // in query order
	weight float32
	unit   float32 // of a frequent term's bounds

	// A rare term's postings, all decoded.
	rows   []uint32
	scores []float32
	at     int

	// A frequent term's blocks.
	frequent bool
	dense    index.DenseList
	loaded   int // block in block, or -1
	seekAt   int // block that the last lookup ended at
	block    index.Block
	impacts  [index.BlockSize]float32 // scores of postings of block, where asked for
}

func (s *searcher) cursor() *cursor {
	if s.used == len(s.cursors) {
		s.cursors = append(s.cursors, new(cursor))
	}
	s.used++
	c := s.cursors[s.used-1]
	c.number = s.used - 1
	return c
}

// addScores adds a rare term's scores of the rows from lo to before hi.
func (c *cursor) addScores(scores *[spanRows]float32, lo, hi uint32) {
	i := seek(c.rows, c.at, lo)
	for ; i < len(c.rows) && c.rows[i] < hi; i++ {
		scores[(c.rows[i]-lo)%spanRows] += c.scores[i]
	}
	c.at = i
}

// seek finds the first of rows[i:] that is row or after it.
func seek(rows []uint32, i int, row uint32) int {
	lo, step := i, 1
	for ; i < len(rows) && rows[i] < row; i += step {
		lo = i + 1
		step *= 2
	}
	hi := min(i, len(rows))
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); rows[mid] < row {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// addBlocks adds a frequent term's scores of the rows from lo to before hi.
func (c *cursor) addBlocks(s *searcher, lo, hi uint32) {
	if hi-lo <= index.WindowRows && c.dense.Bounds[lo/index.WindowRows] == 0 {
		return
	}
	b := &c.block
	for i := c.dense.Seek(c.at, lo); i < c.dense.Blocks; i++ {
		c.at = i
		if c.loaded != i {
			c.dense.Load(i, b)
			c.loaded = i
		}
		j, end := simd.Between(&b.Rows, lo, hi)
		if j < end {
			b.Frequencies()
		}
		simd.Impacts(&c.impacts, &b.Rows, &b.TFs, j, end, s.codes, &s.norms, c.weight)
		if j < end {
			rows := b.Rows[j:end]
			for i, x := range c.impacts[j:end][:len(rows)] {
				s.scores[(rows[i]-lo)%spanRows] += x
			}
		}
		if end < index.BlockSize {
			return
		}
	}
}

// window adds a frequent term's scores of one window, rows lo to before hi, to
// its lanes and to the sums.
func (c *cursor) window(s *searcher, lo, hi uint32, lanes, sums *[index.WindowRows]float32) {
	b := &c.block
	for i := c.dense.Seek(c.at, lo); i < c.dense.Blocks; i++ {
		c.at = i
		if c.loaded != i {
			c.dense.Load(i, b)
			c.loaded = i
		}
		j, end := simd.Between(&b.Rows, lo, hi)
		if j < end {
			b.Frequencies()
		}
		simd.Impacts(&c.impacts, &b.Rows, &b.TFs, j, end, s.codes, &s.norms, c.weight)
		if j < end {
			rows := b.Rows[j:end]
			for i, x := range c.impacts[j:end][:len(rows)] {
				at := rows[i] % index.WindowRows
				lanes[at] = x
				sums[at] += x
			}
		}
		if end < index.BlockSize {
			return
		}
	}
}

// lookup is a frequent term's score of one row, 0 when the row lacks the term.
// Rows come in ascending order since seekAt was 0.
func (c *cursor) lookup(s *searcher, row uint32) float32 {
	i := c.seekAt
	if i >= c.dense.Blocks || c.dense.Last(i) < row {
		i = c.dense.Seek(i, row)
		c.seekAt = i
		if i >= c.dense.Blocks {
			return 0
		}
	}
	b := &c.block
	if c.loaded != i {
		c.dense.Load(i, b)
		c.loaded = i
	}
	j := simd.Below(&b.Rows, row)
	if j >= b.N || b.Rows[j] != row {
		return 0
	}
	b.Frequencies()
	return score(c.weight, float32(b.TFs[j]), s.norms[s.codes[row]])
}

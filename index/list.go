package index

import (
	"iter"
	"math"

	"github.com/tamis-search/tamis/internal/simd"
)

// List is the postings of one term. The zero List is empty.
type List struct {
	v       *Inverted
	df      int
	row, tf uint32 // where df is 1
	data    []byte // with simd.Slack bytes behind its end
}

// DF is the number of postings.
func (l List) DF() int { return l.df }

// Cursor starts at the first posting.
func (l List) Cursor() Cursor {
	c := Cursor{list: l, left: l.df}
	if l.df >= shortList && dense(l.df, l.v.rows) {
		c.at = windows(l.v.rows) + skipEntry*blocks(l.df)
	}
	return c
}

// All yields row and weighted term frequency of every posting, rows ascending.
func (l List) All() iter.Seq2[uint32, uint32] {
	return func(yield func(row, tf uint32) bool) {
		var b Block
		for c := l.Cursor(); c.Next(&b); {
			for i, row := range b.Rows[:b.N] {
				if !yield(row, b.TFs[i]) {
					return
				}
			}
		}
	}
}

// CountIn is how many of rows, which ascend, the list has.
func (l List) CountIn(rows []uint32) int {
	n := 0
	var b Block
	if d, ok := l.Dense(); ok {
		for i := 0; len(rows) > 0; i++ {
			if i = d.Seek(i, rows[0]); i == d.Blocks {
				break
			}
			d.Load(i, &b)
			n += common(&rows, b.Rows[:b.N])
		}
		return n
	}
	for c := l.Cursor(); len(rows) > 0 && c.Next(&b); {
		n += common(&rows, b.Rows[:b.N])
	}
	return n
}

// common is how many of rows are in list, both ascending; it takes those that
// are not after the last of list off rows.
func common(rows *[]uint32, list []uint32) (n int) {
	r := *rows
	for _, x := range list {
		for len(r) > 0 && r[0] < x {
			r = r[1:]
		}
		if len(r) == 0 {
			break
		}
		if r[0] == x {
			n++
			r = r[1:]
		}
	}
	*rows = r
	return n
}

// Cursor reads a List block by block, from its start.
type Cursor struct {
	list List
	at   int
	left int
	next uint32
}

// Next decodes the next postings into b; false at the end, and where stored
// bytes turn out damaged (Check tells the two apart).
func (c *Cursor) Next(b *Block) bool {
	b.N, b.packed = 0, nil
	l := &c.list
	switch {
	case c.left == 0:
		return false
	case l.df == 1:
		b.N, b.Rows[0], b.TFs[0] = 1, l.row, l.tf
		c.left = 0
		return true
	case l.df < shortList:
		return c.short(b)
	case c.at > len(l.data):
		return false
	}
	n := min(c.left, BlockSize)
	size := b.decode(l.data[c.at:], n, c.next, uint32(l.v.rows))
	if size == 0 {
		c.left = 0
		return false
	}
	c.at += size
	c.left -= n
	c.next = b.Rows[n-1] + 1
	return true
}

func (c *Cursor) short(b *Block) bool {
	data := c.list.data[:len(c.list.data)-simd.Slack]
	for i := range c.left {
		row, tf, n := getPosting(data[c.at:], c.next)
		if n == 0 || int64(row) >= int64(c.list.v.rows) {
			c.left, b.N = 0, 0
			return false
		}
		b.Rows[i], b.TFs[i] = row, tf
		b.N++
		c.at += n
		c.next = row + 1
	}
	c.left = 0
	return true
}

// getPosting reads what putPosting wrote; n is 0 when the bytes cannot be that.
func getPosting(src []byte, next uint32) (row, tf uint32, n int) {
	v, n := uvarint(src)
	if n == 0 || v>>1 > uint64(math.MaxUint32-next) {
		return 0, 0, 0
	}
	row, tf = next+uint32(v>>1), 1
	if v&1 != 0 {
		more, m := uvarint(src[n:])
		if m == 0 || more > math.MaxUint32-2 {
			return 0, 0, 0
		}
		tf, n = uint32(more)+2, n+m
	}
	return row, tf, n
}

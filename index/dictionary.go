package index

import (
	"encoding/binary"

	"github.com/tamis-search/tamis/internal/simd"
)

// dictCursor walks the entries of the dictionary from the start of a block.
type dictCursor struct {
	v        *Inverted
	at, left int
	posting  uint64
	term     []byte
}

// block puts the cursor at a block; false when there is no such block.
func (c *dictCursor) block(i int) bool {
	v := c.v
	at := int(binary.LittleEndian.Uint32(v.dictIndex[4*i:]))
	if at >= len(v.dict) {
		return false
	}
	posting, n := uvarint(v.dict[at:])
	if n == 0 {
		return false
	}
	c.at, c.posting = at+n, posting
	c.left = min(dictBlock, v.terms-i*dictBlock)
	c.term = c.term[:0]
	return true
}

// next reads an entry of the block: its term into c.term. False at the end of
// the block or where the bytes cannot be an entry.
func (c *dictCursor) next(l *List) bool {
	if c.left == 0 || !c.readTerm() {
		return false
	}
	c.left--
	return c.readList(l)
}

// termCursor walks all terms in order.
type termCursor struct {
	dictCursor
	terms int // read so far
	list  List
}

func (c *termCursor) next() bool {
	if c.left == 0 && (c.terms == c.v.terms || !c.block(c.terms/dictBlock)) {
		return false
	}
	if !c.dictCursor.next(&c.list) {
		return false
	}
	c.terms++
	return true
}

func (c *dictCursor) varint() (uint64, bool) {
	if c.at >= len(c.v.dict) {
		return 0, false
	}
	x, n := uvarint(c.v.dict[c.at:])
	c.at += n
	return x, n > 0
}

// sizes reads how many bytes a term shares with the one before it and how many
// of its own follow, which are there.
func (c *dictCursor) sizes() (shared, suffix int, ok bool) {
	d := c.v.dict
	if c.at >= len(d) {
		return 0, 0, false
	}
	shared, suffix = int(d[c.at]&15), int(d[c.at]>>4)
	c.at++
	for _, n := range [2]*int{&shared, &suffix} {
		if *n == 15 {
			more, ok := c.varint()
			if !ok || more > uint64(len(d)) {
				return 0, 0, false
			}
			*n += int(more)
		}
	}
	return shared, suffix, suffix <= len(d)-c.at
}

func (c *dictCursor) readTerm() bool {
	shared, suffix, ok := c.sizes()
	if !ok || shared > len(c.term) {
		return false
	}
	c.term = append(c.term[:shared], c.v.dict[c.at:c.at+suffix]...)
	c.at += suffix
	return true
}

func (c *dictCursor) readList(l *List) bool {
	df, ok := c.varint()
	if !ok || df == 0 || df > uint64(c.v.rows) {
		return false
	}
	*l = List{v: c.v, df: int(df)}
	if df == 1 {
		row, tf, n := getPosting(c.v.dict[c.at:], 0)
		if n == 0 || int(row) >= c.v.rows {
			return false
		}
		l.row, l.tf = row, tf
		c.at += n
		return true
	}
	size, ok := c.varint()
	// The slack behind the lists belongs to none of them.
	end := uint64(len(c.v.postings) - simd.Slack)
	if !ok || c.posting > end || size > end-c.posting {
		return false
	}
	l.data = c.v.postings[c.posting : c.posting+size+simd.Slack]
	c.posting += size
	return true
}

// prefix is the first eight bytes of a term, zeros behind a shorter one, as a
// number that orders like them.
func prefix[T string | []byte](term T) (key uint64) {
	for i := range min(8, len(term)) {
		key |= uint64(term[i]) << (56 - 8*i)
	}
	return key
}

// find moves the cursor, which stands at the start of a block, to the list of a
// term. It compares without putting the block's terms together: as long as
// they are before the term, the one that shares more with its predecessor than
// that shared with the term is before it, too, and the one that shares less is
// behind it.
func (c *dictCursor) find(term string) bool {
	d := c.v.dict
	match := 0 // bytes that the last term shares with the one looked for
	for ; c.left > 0; c.left-- {
		shared, suffix, ok := c.sizes()
		if !ok || shared < match {
			return false
		}
		if shared == match {
			own := d[c.at : c.at+suffix]
			n := 0
			for n < len(own) && match+n < len(term) && own[n] == term[match+n] {
				n++
			}
			match += n
			if n < len(own) && (match == len(term) || own[n] > term[match]) {
				return false
			}
			if n == len(own) && match == len(term) {
				c.at += suffix
				return true
			}
		}
		c.at += suffix
		if !c.skipList() {
			return false
		}
	}
	return false
}

// skipList passes over what readList reads.
func (c *dictCursor) skipList() bool {
	df, ok := c.varint()
	if !ok {
		return false
	}
	x, ok := c.varint()
	switch {
	case !ok:
		return false
	case df != 1:
		c.posting += x
	case x&1 != 0:
		_, ok = c.varint()
	}
	return ok
}

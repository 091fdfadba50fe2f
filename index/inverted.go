package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
)

// MaxRows is the most rows that an inverted unit space holds.
const MaxRows = 1<<31 - 1

const (
	magic      = "tamisinv"
	version    = 1
	flagLucene = 1
	sections   = 4
	headerSize = 8 + 6*4 + 2*8 + sections*12 + 4
)

// ErrCorrupt is wrapped by every error that says stored bytes are not an
// inverted unit space; ErrVersion by the one that says they are of another
// version of the format.
var (
	ErrCorrupt = errors.New("index: damaged inverted unit space")
	ErrVersion = errors.New("index: unknown version of the inverted format")
)

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// Inverted is an opened inverted unit space. It is immutable and safe for
// concurrent use.
type Inverted struct {
	conf                             Config
	lengths                          *LengthTable
	boundNorms                       [256]float32
	lowest, highest                  byte // length codes in use
	rows, terms                      int
	total, pairs                     uint64
	codes, dictIndex, dict, postings []byte
	firsts                           []uint64 // prefix of each dictionary block's first term
}

// OpenInverted opens the bytes that a Builder or Merge wrote. It checks the
// sections' checksums and borders; what lies inside is checked where it is
// decoded, so that no bytes make later code panic (Check decodes everything).
// data is kept and never written. The error wraps ErrCorrupt or ErrVersion.
func OpenInverted(data []byte) (*Inverted, error) {
	if len(data) < headerSize {
		return nil, corrupt("%d bytes are less than a header", len(data))
	}
	if string(data[:8]) != magic {
		return nil, corrupt("no magic number")
	}
	le := binary.LittleEndian
	if v := le.Uint32(data[8:]); v != version {
		return nil, fmt.Errorf("%w: %d, this program reads %d", ErrVersion, v, version)
	}
	if crc32.Checksum(data[:headerSize-4], castagnoli) != le.Uint32(data[headerSize-4:]) {
		return nil, corrupt("header checksum differs")
	}
	flags := le.Uint32(data[12:])
	if flags&^flagLucene != 0 {
		return nil, corrupt("unknown flags %#x", flags)
	}
	v := &Inverted{
		conf: Config{
			TitleWeight:   int(le.Uint32(data[16:])),
			HeadingWeight: int(le.Uint32(data[20:])),
			LuceneLengths: flags&flagLucene != 0,
		},
		rows:  int(le.Uint32(data[24:])),
		terms: int(le.Uint32(data[28:])),
		total: le.Uint64(data[32:]),
		pairs: le.Uint64(data[40:]),
	}
	v.lengths = lengthTable(v.conf.LuceneLengths)
	v.boundNorms = Norms(v.lengths, DefaultK1, DefaultB, uint64(v.rows), v.total)
	at := uint64(headerSize)
	for i, s := range [sections]*[]byte{&v.codes, &v.dictIndex, &v.dict, &v.postings} {
		size, sum := le.Uint64(data[48+12*i:]), le.Uint32(data[56+12*i:])
		if size > uint64(len(data))-at {
			return nil, corrupt("section %d ends beyond the data", i)
		}
		*s = data[at : at+size : at+size]
		at += size
		if crc32.Checksum(*s, castagnoli) != sum {
			return nil, corrupt("checksum of section %d differs", i)
		}
	}
	switch {
	case at != uint64(len(data)):
		return nil, corrupt("%d bytes after the end", uint64(len(data))-at)
	case v.rows != len(v.codes) || v.rows > MaxRows:
		return nil, corrupt("%d lengths for %d rows", len(v.codes), v.rows)
	case len(v.dictIndex) != 4*((v.terms+dictBlock-1)/dictBlock):
		return nil, corrupt("dictionary index of %d bytes for %d terms", len(v.dictIndex), v.terms)
	case len(v.postings) < simd.Slack:
		return nil, corrupt("postings without their end")
	}
	c := dictCursor{v: v}
	v.firsts = make([]uint64, len(v.dictIndex)/4)
	for i := range v.firsts {
		if !c.block(i) || !c.readTerm() {
			return nil, corrupt("dictionary block %d has no first term", i)
		}
		v.firsts[i] = prefix(c.term)
		if i > 0 && v.firsts[i] < v.firsts[i-1] {
			return nil, corrupt("dictionary block %d is not in order", i)
		}
	}
	v.lowest, v.highest = 255, 0
	for _, c := range v.codes {
		v.lowest, v.highest = min(v.lowest, c), max(v.highest, c)
	}
	return v, nil
}

// CodeRange says between which length codes, inclusive, all rows lie.
func (v *Inverted) CodeRange() (lowest, highest byte) { return v.lowest, v.highest }

// Config is what the rows were added with.
func (v *Inverted) Config() Config { return v.conf }

// Rows is the number of rows.
func (v *Inverted) Rows() int { return v.rows }

// Terms is the number of terms.
func (v *Inverted) Terms() int { return v.terms }

// TotalLength is the sum of the exact weighted lengths of all rows.
func (v *Inverted) TotalLength() uint64 { return v.total }

// Codes are the length codes of all rows, to be read only.
func (v *Inverted) Codes() []byte { return v.codes }

// Lengths says what the length codes stand for.
func (v *Inverted) Lengths() *LengthTable { return v.lengths }

// DF is the number of rows that hold the term.
func (v *Inverted) DF(term string) int {
	p, _ := v.Lookup(term)
	return p.df
}

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

// Lookup finds a term's postings.
func (v *Inverted) Lookup(term string) (List, bool) {
	// The last block whose first term is not after the term; the first eight
	// bytes decide all but the blocks that share them.
	key := prefix(term)
	lo, _ := slices.BinarySearch(v.firsts, key)
	hi := lo
	for hi < len(v.firsts) && v.firsts[hi] == key {
		hi++
	}
	var buf [128]byte
	c := dictCursor{v: v, term: buf[:0]}
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if !c.block(mid) || !c.readTerm() {
			return List{}, false
		}
		if string(c.term) <= term {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 || !c.block(lo-1) {
		return List{}, false
	}
	var l List
	if !c.find(term) || !c.readList(&l) {
		return List{}, false
	}
	return l, true
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

// All yields the terms in byte order with their postings. The bytes of a term
// are valid until the next one.
func (v *Inverted) All() iter.Seq2[[]byte, List] {
	return func(yield func([]byte, List) bool) {
		c := termCursor{dictCursor: dictCursor{v: v}}
		for c.next() {
			if !yield(c.term, c.list) {
				return
			}
		}
	}
}

// Check decodes everything and returns an error that wraps ErrCorrupt when
// something is not as a Builder writes it.
func (v *Inverted) Check() error {
	terms, pairs, total := 0, uint64(0), uint64(0)
	var last []byte
	var b Block
	for term, list := range v.All() {
		if terms > 0 && string(term) <= string(last) {
			return corrupt("term %q is not after %q", term, last)
		}
		last = append(last[:0], term...)
		terms++
		n := 0
		for c := list.Cursor(); c.Next(&b); {
			n += b.N
			for _, tf := range b.TFs[:b.N] {
				total += uint64(tf)
			}
		}
		if n != list.DF() {
			return corrupt("term %q: %d of its %d postings can be read", term, n, list.DF())
		}
		pairs += uint64(n)
	}
	if terms != v.terms || pairs != v.pairs || total != v.total {
		return corrupt("%d terms, %d postings, length %d where the header says %d, %d, %d", terms, pairs, total, v.terms, v.pairs, v.total)
	}
	return nil
}

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

package index

import (
	"hash/maphash"
	"math"
)

// Fields are the analysed terms of one row, in text order. Nothing of them is
// kept after Add returns.
type Fields struct{ Title, Headings, Body []string }

// Config fixes how rows become weighted term frequencies and lengths.
type Config struct {
	// TitleWeight and HeadingWeight multiply a term's occurrences in the title
	// and the headings, for frequency and for length (the body has weight 1);
	// 0 stands for 1. This is BM25F with one length normalisation for the
	// weighted sum (Robertson, Zaragoza, Taylor 2004).
	TitleWeight, HeadingWeight int
	// LuceneLengths stores lengths with Lucene's one-byte code instead of the
	// finer one of this package.
	LuceneLengths bool
}

// weight limits a configured weight to what a frequency can hold.
func weight(w int) uint32 { return uint32(min(max(w, 1), 1<<8)) }

// Builder collects rows and writes an inverted unit space. It is not safe for
// concurrent use.
type Builder struct {
	conf           Config
	title, heading uint32

	seed  maphash.Seed
	slots []uint64 // upper half of the hash << 32 | term + 1; 0 is free
	terms []termState
	text  []byte // the terms' bytes, one after another

	arena   arena
	touched []uint32 // terms of the row being added
	codes   []byte
	total   uint64
}

// termState is what the builder knows about one term. Its postings are a
// stream in the arena: for every row a variable-length gap << 1 | (tf > 1),
// then tf - 2 where tf > 1.
type termState struct {
	text, textLen uint32
	df            uint32
	next          uint32 // last row + 1
	tf            uint32 // in the row being added; 0 when it is not there
	stream        stream
}

// NewBuilder returns an empty Builder.
func NewBuilder(c Config) *Builder {
	return &Builder{
		conf:    c,
		title:   weight(c.TitleWeight),
		heading: weight(c.HeadingWeight),
		seed:    maphash.MakeSeed(),
		slots:   make([]uint64, 1<<12),
	}
}

// Rows is the number of rows added so far.
func (b *Builder) Rows() int { return len(b.codes) }

// Add adds a row and returns its number: 0, 1, 2 …
func (b *Builder) Add(f Fields) (row uint32) {
	row = uint32(len(b.codes))
	b.count(f.Title, b.title)
	b.count(f.Headings, b.heading)
	b.count(f.Body, 1)
	length := uint64(len(f.Title))*uint64(b.title) + uint64(len(f.Headings))*uint64(b.heading) + uint64(len(f.Body))
	for _, id := range b.touched {
		t := &b.terms[id]
		b.arena.posting(&t.stream, row-t.next, t.tf)
		t.next, t.tf = row+1, 0
		t.df++
	}
	b.touched = b.touched[:0]
	b.finishRow(length)
	return row
}

func (b *Builder) finishRow(length uint64) {
	b.total += length
	b.codes = append(b.codes, lengthCode(b.conf.LuceneLengths, uint32(min(length, math.MaxUint32))))
}

func (b *Builder) count(terms []string, w uint32) {
	for _, s := range terms {
		id := b.term(s)
		t := &b.terms[id]
		if t.tf == 0 {
			b.touched = append(b.touched, id)
		}
		t.tf += w
	}
}

// term finds or adds a term.
func (b *Builder) term(s string) uint32 {
	h := maphash.String(b.seed, s)
	mask := uint64(len(b.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		slot := b.slots[i]
		if slot == 0 {
			id := uint32(len(b.terms))
			b.slots[i] = h&^(1<<32-1) | uint64(id+1)
			b.terms = append(b.terms, termState{text: uint32(len(b.text)), textLen: uint32(len(s))})
			b.text = append(b.text, s...)
			if len(b.terms)*2 > len(b.slots) {
				b.grow()
			}
			return id
		}
		if slot>>32 == h>>32 {
			id := uint32(slot) - 1
			if t := &b.terms[id]; string(b.text[t.text:t.text+t.textLen]) == s {
				return id
			}
		}
	}
}

func (b *Builder) grow() {
	slots := make([]uint64, 2*len(b.slots))
	mask := uint64(len(slots) - 1)
	for id := range b.terms {
		h := maphash.Bytes(b.seed, b.termText(uint32(id)))
		i := h & mask
		for slots[i] != 0 {
			i = (i + 1) & mask
		}
		slots[i] = h&^(1<<32-1) | uint64(id+1)
	}
	b.slots = slots
}

func (b *Builder) termText(id uint32) []byte {
	t := &b.terms[id]
	return b.text[t.text : t.text+t.textLen]
}

// An arena holds many growing byte streams without a slice header or a
// garbage-collected object for each. A stream is a chain of chunks of 16, 32 …
// 512 bytes; the last four bytes of a full chunk are the address of the next.
// Addresses count units of 16 bytes, so 64 GiB can be named.
type arena struct {
	pages [][]byte
	used  int // bytes of the last page
}

const (
	pageBits  = 20
	chunkUnit = 16
	chunkMax  = 512
)

// stream is the state of one growing stream. The zero stream is empty.
type stream struct {
	head, tail uint32 // chunk addresses + 1
	pos, size  uint16 // of the tail chunk
}

func (a *arena) chunk(addr uint32, size uint16) []byte {
	at := uint64(addr-1) * chunkUnit
	off := at & (1<<pageBits - 1)
	return a.pages[at>>pageBits][off : off+uint64(size)]
}

func (a *arena) newChunk(size int) uint32 {
	if len(a.pages) == 0 || a.used+size > 1<<pageBits {
		a.pages = append(a.pages, make([]byte, 1<<pageBits))
		a.used = 0
	}
	addr := uint64(len(a.pages)-1)<<pageBits + uint64(a.used)
	a.used += size
	return uint32(addr/chunkUnit) + 1
}

// posting appends one posting to a stream.
func (a *arena) posting(s *stream, gap, tf uint32) {
	var buf [12]byte
	n := 0
	v := uint64(gap) << 1
	if tf > 1 {
		v |= 1
	}
	for ; v >= 0x80; v >>= 7 {
		buf[n] = byte(v) | 0x80
		n++
	}
	buf[n] = byte(v)
	n++
	if tf > 1 {
		for v = uint64(tf - 2); v >= 0x80; v >>= 7 {
			buf[n] = byte(v) | 0x80
			n++
		}
		buf[n] = byte(v)
		n++
	}
	if s.tail == 0 {
		s.head = a.newChunk(chunkUnit)
		s.tail, s.pos, s.size = s.head, 0, chunkUnit
	}
	c := a.chunk(s.tail, s.size)
	free := int(s.size) - 4 - int(s.pos)
	if n <= free {
		copy(c[s.pos:], buf[:n])
		s.pos += uint16(n)
		return
	}
	copy(c[s.pos:], buf[:free])
	size := min(2*s.size, chunkMax)
	next := a.newChunk(int(size))
	c = c[len(c)-4:]
	c[0], c[1], c[2], c[3] = byte(next), byte(next>>8), byte(next>>16), byte(next>>24)
	s.tail, s.size = next, size
	s.pos = uint16(copy(a.chunk(next, size), buf[free:n]))
}

// read appends the bytes of a stream to dst.
func (a *arena) read(dst []byte, s stream) []byte {
	if s.head == 0 {
		return dst
	}
	for addr, size := s.head, uint16(chunkUnit); ; size = min(2*size, chunkMax) {
		c := a.chunk(addr, size)
		if addr == s.tail {
			return append(dst, c[:s.pos]...)
		}
		dst = append(dst, c[:size-4]...)
		c = c[size-4:]
		addr = uint32(c[0]) | uint32(c[1])<<8 | uint32(c[2])<<16 | uint32(c[3])<<24
	}
}

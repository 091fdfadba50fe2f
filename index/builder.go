package index

import "math"

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

	terms  *terms
	states []termState // by number; those of a sibling's terms may be missing

	arena   arena
	ahead   uint64   // length of what Ahead has counted
	numbers Numbered // scratch of Add
	touched []uint32 // terms of the row being added
	codes   []byte
	total   uint64
}

// termState is what the builder knows about one term. Its postings are a
// stream in the arena: for every row a variable-length gap << 1 | (tf > 1),
// then tf - 2 where tf > 1.
type termState struct {
	df     uint32 // 0: only a sibling has it
	next   uint32 // last row + 1
	tf     uint32 // in the row being added; 0 when it is not there
	stream stream
}

// NewBuilder returns an empty Builder.
func NewBuilder(c Config) *Builder {
	return &Builder{
		conf:    c,
		title:   weight(c.TitleWeight),
		heading: weight(c.HeadingWeight),
		terms:   newTerms(),
	}
}

// Sibling returns an empty Builder of another unit that numbers terms as b
// does: what occurs in rows of both is looked up once. They are one for
// concurrent use.
func (b *Builder) Sibling() *Builder {
	return &Builder{conf: b.conf, title: b.title, heading: b.heading, terms: b.terms}
}

// Rows is the number of rows added so far.
func (b *Builder) Rows() int { return len(b.codes) }

// TotalLength is the sum of the weighted lengths of the rows added so far.
func (b *Builder) TotalLength() uint64 { return b.total }

// Numbered are Fields by the numbers of their terms.
type Numbered struct{ Title, Headings, Body []uint32 }

// Number appends the numbers of terms, which hold for b and its siblings.
func (b *Builder) Number(dst []uint32, terms []string) []uint32 {
	for _, s := range terms {
		dst = append(dst, b.terms.number(s))
	}
	return dst
}

// Add adds a row and returns its number: 0, 1, 2 …
func (b *Builder) Add(f Fields) (row uint32) {
	n := &b.numbers
	n.Title, n.Headings, n.Body = b.Number(n.Title[:0], f.Title), b.Number(n.Headings[:0], f.Headings), b.Number(n.Body[:0], f.Body)
	return b.AddNumbered(*n)
}

// Ahead counts a part of the body of the row that is added next, so that a long
// one need not be gathered.
func (b *Builder) Ahead(body []uint32) {
	b.room()
	b.count(body, 1)
	b.ahead += uint64(len(body))
}

// Forget takes back what Ahead has counted.
func (b *Builder) Forget() {
	for _, id := range b.touched {
		b.states[id].tf = 0
	}
	b.touched, b.ahead = b.touched[:0], 0
}

// room makes states for the terms that were numbered since.
func (b *Builder) room() {
	if missing := len(b.terms.spans) - len(b.states); missing > 0 {
		b.states = append(b.states, make([]termState, missing)...)
	}
}

// Memory is how many bytes the builder holds, and how many of them it shares with
// its siblings.
func (b *Builder) Memory() (own, shared int64) {
	own = int64(20*cap(b.states) + len(b.arena.pages)<<pageBits + 4*cap(b.touched) + cap(b.codes))
	return own, int64(8*len(b.terms.slots) + 8*cap(b.terms.spans) + cap(b.terms.text))
}

// AddNumbered is Add for terms that were numbered before.
func (b *Builder) AddNumbered(f Numbered) (row uint32) {
	b.room()
	row = uint32(len(b.codes))
	b.count(f.Title, b.title)
	b.count(f.Headings, b.heading)
	b.count(f.Body, 1)
	length := uint64(len(f.Title))*uint64(b.title) + uint64(len(f.Headings))*uint64(b.heading) + uint64(len(f.Body)) + b.ahead
	b.ahead = 0
	for _, id := range b.touched {
		t := &b.states[id]
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

func (b *Builder) count(numbers []uint32, w uint32) {
	for _, id := range numbers {
		t := &b.states[id]
		if t.tf == 0 {
			b.touched = append(b.touched, id)
		}
		t.tf += w
	}
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

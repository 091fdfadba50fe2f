package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
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

// LengthIn is the sum of the exact weighted lengths of rows, which ascend. It
// reads all postings.
func (v *Inverted) LengthIn(rows []uint32) (sum uint64) {
	in := make([]bool, v.rows)
	for _, row := range rows {
		if int(row) < v.rows {
			in[row] = true
		}
	}
	var b Block
	for _, list := range v.All() {
		for c := list.Cursor(); c.Next(&b); {
			for i, row := range b.Rows[:b.N] {
				if in[row] {
					sum += uint64(b.TFs[i])
				}
			}
		}
	}
	return sum
}

// Codes are the length codes of all rows, to be read only.
func (v *Inverted) Codes() []byte { return v.codes }

// Lengths says what the length codes stand for.
func (v *Inverted) Lengths() *LengthTable { return v.lengths }

// DF is the number of rows that hold the term.
func (v *Inverted) DF(term string) int {
	p, _ := v.Lookup(term)
	return p.df
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

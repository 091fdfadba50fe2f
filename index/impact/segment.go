package impact

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/bits"
	"sync"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/vector"
)

// ErrCorrupt is wrapped by every error that says stored bytes are not a segment;
// ErrVersion by the one that says they are of another version of the format.
var (
	ErrCorrupt = errors.New("impact: damaged segment of sparse vectors")
	ErrVersion = errors.New("impact: unknown version of the format of sparse vectors")
)

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// Segment is an opened segment. It is immutable and safe for concurrent use.
type Segment struct {
	conf         Config
	rows, terms  int
	postings     uint64
	loss         float32
	dense        int
	forwardBytes int
	blocks       int
	stride       int
	size         int
	data         [sections][]byte
	recalls      []setting

	starts []uint32 // of the terms whose high bits are at least the place here
	shift  int

	inverse func() []uint32
}

// term is an entry of the section terms.
type term struct {
	name     uint32
	unit     float32
	postings uint32
	blocks   uint32
	list     uint32
	record   uint32
	highest  byte
	dense    bool
}

// Open opens the bytes that a Builder or Merge wrote. It checks the sections'
// checksums and borders; what lies inside is checked where it is used, so that no
// bytes make later code panic. data is kept and never written. The error wraps
// ErrCorrupt or ErrVersion.
func Open(data []byte) (*Segment, error) {
	if len(data) < headerSize {
		return nil, corrupt("%d bytes are less than a header", len(data))
	}
	if string(data[:8]) != magic {
		return nil, corrupt("no magic number")
	}
	if v := le.Uint32(data[8:]); v != version {
		return nil, fmt.Errorf("%w: %d, this program reads %d", ErrVersion, v, version)
	}
	if crc32.Checksum(data[:headerSize-4], castagnoli) != le.Uint32(data[headerSize-4:]) {
		return nil, corrupt("header checksum differs")
	}
	s := &Segment{
		conf:         Config{Precision: Precision(le.Uint32(data[12:])), Unit: math.Float32frombits(le.Uint32(data[32:]))},
		rows:         int(le.Uint32(data[16:])),
		terms:        int(le.Uint32(data[20:])),
		postings:     le.Uint64(data[24:]),
		loss:         math.Float32frombits(le.Uint32(data[36:])),
		dense:        int(le.Uint32(data[40:])),
		forwardBytes: int(le.Uint32(data[44:])),
		size:         len(data),
	}
	s.blocks = (s.rows + blockRows - 1) / blockRows
	s.stride = stride(s.blocks)
	at := headerSize
	for i := range s.data {
		size, sum := le.Uint64(data[48+12*i:]), le.Uint32(data[56+12*i:])
		at = aligned(at)
		if at > len(data) || size > uint64(len(data)-at) {
			return nil, corrupt("section %d ends beyond the data", i)
		}
		s.data[i] = data[at : at+int(size) : at+int(size)]
		at += int(size)
		if crc32.Checksum(s.data[i], castagnoli) != sum {
			return nil, corrupt("checksum of section %d differs", i)
		}
	}
	if at != len(data) {
		return nil, corrupt("%d bytes after the end", len(data)-at)
	}
	if err := s.checkSizes(); err != nil {
		return nil, err
	}
	if err := s.checkTerms(); err != nil {
		return nil, err
	}
	for r := s.data[secRecalls]; len(r) > 0; r = r[settingSize:] {
		s.recalls = append(s.recalls, setting{math.Float32frombits(le.Uint32(r)), math.Float32frombits(le.Uint32(r[4:])), math.Float32frombits(le.Uint32(r[8:]))})
	}
	s.inverse = sync.OnceValue(s.places)
	return s, nil
}

func (s *Segment) checkSizes() error {
	d := &s.data
	entries := len(d[secMaxima])
	switch {
	case s.rows > MaxRows || len(d[secOrder]) != 4*s.rows:
		return corrupt("order of %d bytes for %d rows", len(d[secOrder]), s.rows)
	case len(d[secTerms]) != termSize*s.terms:
		return corrupt("%d bytes for %d terms", len(d[secTerms]), s.terms)
	case s.dense > s.terms || len(d[secRows]) != s.dense*s.stride || len(d[secCounts]) != s.dense*(s.stride/simd.RowLanes)*4:
		return corrupt("%d bytes of maxima for %d dense terms", len(d[secRows]), s.dense)
	case len(d[secBlocks]) != 2*entries:
		return corrupt("%d bytes of blocks for %d maxima", len(d[secBlocks]), entries)
	case len(d[secRecords])%4 != 0 || len(d[secOverflow]) < tail:
		return corrupt("records without their end")
	case len(d[secRecalls])%settingSize != 0:
		return corrupt("%d bytes of recalls", len(d[secRecalls]))
	case s.conf.Precision > Float32 || (s.conf.Precision == Bits8) != (s.forwardBytes == 0):
		return corrupt("precision %d", s.conf.Precision)
	}
	if s.conf.Precision == Bits8 {
		return nil
	}
	weight, units := 4, 0
	if s.conf.Precision == Bits16 {
		weight, units = 2, 4*s.terms
	}
	entries = len(d[secWeights]) / weight
	switch {
	case s.forwardBytes != 2 && s.forwardBytes != 4, len(d[secStarts]) != 4*(s.rows+1), len(d[secForward]) != s.forwardBytes*entries, len(d[secWeights]) != weight*entries, len(d[secUnits]) != units:
		return corrupt("forward index of %d, %d, %d and %d bytes for %d rows", len(d[secStarts]), len(d[secForward]), len(d[secWeights]), len(d[secUnits]), s.rows)
	}
	return nil
}

// checkTerms also makes the table that finds terms.
func (s *Segment) checkTerms() error {
	d := &s.data
	records := len(d[secRecords]) / 4
	last := uint32(0)
	if s.terms > 0 {
		last = s.term(s.terms - 1).name
	}
	s.shift = max(0, bits.Len32(last)-bits.Len(uint(s.terms)))
	s.starts = make([]uint32, last>>s.shift+2)
	for i := range s.terms {
		t := s.term(i)
		end := uint64(t.list) + uint64(t.blocks)
		switch {
		case i > 0 && t.name <= s.term(i-1).name, t.name > last:
			return corrupt("term %d is not in order", t.name)
		case !(t.unit > 0) || t.unit > math.MaxFloat32:
			return corrupt("term %d has the unit %g", t.name, t.unit)
		case t.dense && int(t.list) >= s.dense, !t.dense && end > uint64(len(d[secMaxima])):
			return corrupt("maxima of term %d lie outside", t.name)
		case int(t.blocks) > s.blocks || t.blocks == 0 || uint64(t.record)+uint64(t.blocks) > uint64(records):
			return corrupt("records of term %d lie outside", t.name)
		}
		s.starts[t.name>>s.shift+1] = uint32(i + 1)
	}
	for i := range s.starts[1:] {
		s.starts[i+1] = max(s.starts[i+1], s.starts[i])
	}
	return nil
}

func (s *Segment) term(i int) term {
	e := s.data[secTerms][i*termSize:][:termSize]
	return term{
		name: le.Uint32(e), unit: math.Float32frombits(le.Uint32(e[4:])),
		postings: le.Uint32(e[8:]), blocks: le.Uint32(e[12:]), list: le.Uint32(e[16:]), record: le.Uint32(e[20:]),
		highest: e[24], dense: e[25] != 0,
	}
}

// lookup finds a term by its name.
func (s *Segment) lookup(name uint32) (place int, ok bool) {
	h := name >> s.shift
	if uint64(h)+1 >= uint64(len(s.starts)) {
		return 0, false
	}
	lo, hi := int(s.starts[h]), int(s.starts[h+1])
	for lo < hi {
		mid := (lo + hi) / 2
		switch n := le.Uint32(s.data[secTerms][mid*termSize:]); {
		case n == name:
			return mid, true
		case n < name:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return 0, false
}

// Rows is the number of rows.
func (s *Segment) Rows() int { return s.rows }

// Terms is the number of terms.
func (s *Segment) Terms() int { return s.terms }

// Postings is the number of weights.
func (s *Segment) Postings() uint64 { return s.postings }

// Size is the number of bytes, the forward index and ForwardSize included.
func (s *Segment) Size() int { return s.size }

// ForwardSize is the number of bytes of the forward index.
func (s *Segment) ForwardSize() int {
	return len(s.data[secStarts]) + len(s.data[secForward]) + len(s.data[secWeights]) + len(s.data[secUnits])
}

// Config is what the rows were added with, without the queries.
func (s *Segment) Config() Config { return s.conf }

// Loss is the root of the mean squared error of the stored weights, over that of
// the weights given.
func (s *Segment) Loss() float32 { return s.loss }

func (s *Segment) row(place uint32) uint32 { return le.Uint32(s.data[secOrder][4*place:]) }

// places is the place of each row. A row beyond the last, which only damage can
// make, is ignored.
func (s *Segment) places() []uint32 {
	list := make([]uint32, s.rows)
	for place := range uint32(s.rows) {
		if row := s.row(place); int(row) < s.rows {
			list[row] = place
		}
	}
	return list
}

// records yields the records of a term: block, highest weight, record.
func (s *Segment) records(t term, yield func(block uint32, highest byte, record uint32)) {
	record := s.data[secRecords][4*t.record:]
	if t.dense {
		n := 0
		for b, most := range s.data[secRows][int(t.list)*s.stride:][:s.blocks] {
			if most != 0 && n < int(t.blocks) {
				yield(uint32(b), most, le.Uint32(record[4*n:]))
				n++
			}
		}
		return
	}
	for i := range int(t.blocks) {
		if b := uint32(le.Uint16(s.data[secBlocks][2*(int(t.list)+i):])); int(b) < s.blocks {
			yield(b, s.data[secMaxima][int(t.list)+i], le.Uint32(record[4*i:]))
		}
	}
}

// codes yields the 8-bit weights of a term with their places.
func (s *Segment) codes(t term, yield func(place uint32, code byte)) {
	var weights [blockRows]byte
	s.records(t, func(block uint32, _ byte, record uint32) {
		n := 0
		for lanes := simd.Decode(&weights, record, s.data[secOverflow]); lanes != 0; lanes &= lanes - 1 {
			if place := block*blockRows + uint32(bits.TrailingZeros32(lanes)); int(place) < s.rows {
				yield(place, weights[n])
			}
			n++
		}
	})
}

// entries are the bounds of a row in the forward index.
func (s *Segment) entries(row uint32) (lo, hi int) {
	if int(row) >= s.rows {
		return 0, 0
	}
	at := s.data[secStarts][4*row:]
	lo, hi = int(le.Uint32(at)), int(le.Uint32(at[4:]))
	if lo > hi || hi*s.forwardBytes > len(s.data[secForward]) {
		return 0, 0
	}
	return lo, hi
}

// weightBytes is the size of a weight in the forward index.
func (s *Segment) weightBytes() int {
	if s.conf.Precision == Bits16 {
		return 2
	}
	return 4
}

// entry is a term's place and the stored weight in the forward index.
func (s *Segment) entry(i int) (place int, weight float32) {
	if s.forwardBytes == 2 {
		place = int(le.Uint16(s.data[secForward][2*i:]))
	} else {
		place = int(le.Uint32(s.data[secForward][4*i:]))
	}
	if s.conf.Precision == Float32 {
		return place, math.Float32frombits(le.Uint32(s.data[secWeights][4*i:]))
	}
	unit := float32(0)
	if place < s.terms {
		unit = math.Float32frombits(le.Uint32(s.data[secUnits][4*place:]))
	}
	return place, float32(float32(le.Uint16(s.data[secWeights][2*i:])) * unit)
}

// Vectors yields every row with its vector of stored weights, in order of rows.
func (s *Segment) Vectors(yield func(row uint32, v vector.Sparse) bool) {
	starts, terms, weights := s.byRow()
	for row := range uint32(s.rows) {
		lo, hi := starts[row], starts[row+1]
		if !yield(row, vector.Sparse{Terms: terms[lo:hi:hi], Weights: weights[lo:hi:hi]}) {
			return
		}
	}
}

// byRow is the vectors of all rows, one behind the other.
func (s *Segment) byRow() (starts []uint64, terms []uint32, weights []float32) {
	starts = make([]uint64, s.rows+1)
	if s.conf.Precision != Bits8 {
		for row := range uint32(s.rows) {
			lo, hi := s.entries(row)
			for i := lo; i < hi; i++ {
				if place, w := s.entry(i); place < s.terms {
					terms, weights = append(terms, s.term(place).name), append(weights, w)
				}
			}
			starts[row+1] = uint64(len(terms))
		}
		return starts, terms, weights
	}
	all := func(f func(t term, row uint32, code byte)) {
		for i := range s.terms {
			t := s.term(i)
			s.codes(t, func(place uint32, code byte) {
				if row := s.row(place); int(row) < s.rows {
					f(t, row, code)
				}
			})
		}
	}
	all(func(_ term, row uint32, _ byte) { starts[row+1]++ })
	for row := range s.rows {
		starts[row+1] += starts[row]
	}
	next := append([]uint64(nil), starts...)
	terms, weights = make([]uint32, starts[s.rows]), make([]float32, starts[s.rows])
	all(func(t term, row uint32, code byte) {
		at := next[row]
		next[row]++
		terms[at], weights[at] = t.name, float32(float32(code)*t.unit)
	})
	return starts, terms, weights
}

// Section is a part of the file.
type Section struct {
	Name string
	Size int
}

// Sections says where the bytes are.
func (s *Segment) Sections() []Section {
	names := [sections]string{"order", "terms", "rows", "counts", "blocks", "maxima", "records", "overflow", "starts", "forward", "weights", "units", "recalls"}
	var list []Section
	for i, d := range s.data {
		list = append(list, Section{names[i], len(d)})
	}
	return list
}

package dense

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"sync"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// ErrCorrupt is wrapped by every error that says stored bytes are not a segment;
// ErrVersion by the one that says they are of another version of the format.
var (
	ErrCorrupt = errors.New("dense: damaged segment of dense vectors")
	ErrVersion = errors.New("dense: unknown version of the format of dense vectors")
)

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// Segment is an opened segment. It is immutable and safe for concurrent use.
type Segment struct {
	conf Config
	rows int
	loss float32
	size int
	data [sections][]byte

	lists   []list    // nil where places are rows
	recalls []setting // measured, in falling order of recall and cost
	inverse func() []uint32
	rotate  *rotation
}

// list is the places [first, end) around a centroid.
type list struct {
	first, end, block int
	square            float32 // of the length of the centroid
	spread            float32 // root of the mean squared distance of its rows from it
}

// setting is a shortcut: how far beyond its centroid a list may reach, what deviations an
// estimate may be off by, and the recall at 10 that was reached so.
type setting struct {
	reach      float32 // times the spread of the list and the distance of the query
	deviations float32
	recall     float32
}

const settingSize = 12

// Open opens the bytes that a Builder or Merge wrote, and checks all that later reads
// rely on. data is kept and never written. The error wraps ErrCorrupt or ErrVersion.
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
		conf: Config{Bits: int(le.Uint32(data[12:])), Dims: int(le.Uint32(data[16:]))},
		rows: int(le.Uint32(data[20:])), loss: math.Float32frombits(le.Uint32(data[24:])), size: len(data),
	}
	at := headerSize
	for i := range s.data {
		size, sum := le.Uint64(data[28+12*i:]), le.Uint32(data[36+12*i:])
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
	scales := 0
	if s.conf.Bits == 8 {
		scales = 4 * s.rows
	}
	if s.conf.check() != nil || s.rows > MaxRows || len(s.data[secNumbers]) != s.rows*s.conf.rowBytes() || len(s.data[secScales]) != scales {
		return nil, corrupt("sizes of sections do not fit %d rows of %d numbers of %d bits", s.rows, s.conf.Dims, s.conf.Bits)
	}
	if err := s.openLists(); err != nil {
		return nil, err
	}
	return s, nil
}

// openLists checks the sections of lists, so that no place, row or block that they lead
// to is beyond the end.
func (s *Segment) openLists() error {
	d := &s.data
	if len(d[secOrder]) == 0 {
		if slices.ContainsFunc(d[secOrder:], func(sec []byte) bool { return len(sec) > 0 }) {
			return corrupt("lists without an order")
		}
		return nil
	}
	n := len(d[secLists])/4 - 1
	if len(d[secOrder]) != 4*s.rows || n < 1 || len(d[secLists]) != 4*(n+1) || len(d[secCenters]) != 4*(n+1)*s.conf.padded() || len(d[secSpreads]) != 4*n || len(d[secRecalls])%settingSize != 0 {
		return corrupt("sizes of lists do not fit %d rows", s.rows)
	}
	s.lists = make([]list, n)
	at, block := 0, 0
	for i := range s.lists {
		l := list{first: int(le.Uint32(d[secLists][4*i:])), end: int(le.Uint32(d[secLists][4*i+4:])), block: block}
		if l.first != at || l.end < at || l.end > s.rows {
			return corrupt("list %d is out of order", i)
		}
		at, block = l.end, block+l.blocks()
		square := float32(0)
		for j := range s.conf.padded() {
			x := math.Float32frombits(le.Uint32(s.centroid(i)[4*j:]))
			square += float32(x * x)
		}
		l.square, l.spread = square, float(d[secSpreads][4*i:])
		s.lists[i] = l
	}
	heads := (n + blockRows - 1) / blockRows
	if len(d[secHeads]) != heads*s.conf.codeBytes() || len(d[secSlopes]) != heads*factorBytes {
		return corrupt("%d lists have not as many heads", n)
	}
	if at != s.rows || len(d[secCodes]) != block*s.conf.codeBytes() || len(d[secFactors]) != block*factorBytes {
		return corrupt("lists do not hold %d rows", s.rows)
	}
	seen := make([]bool, s.rows)
	for place := range s.rows {
		row := s.rowAt(place)
		if int(row) >= s.rows || seen[row] {
			return corrupt("place %d has row %d", place, row)
		}
		seen[row] = true
	}
	for r := d[secRecalls]; len(r) > 0; r = r[settingSize:] {
		s.recalls = append(s.recalls, setting{float(r), math.Float32frombits(le.Uint32(r[4:])), math.Float32frombits(le.Uint32(r[8:]))})
	}
	s.rotate = newRotation(s.conf.padded())
	s.inverse = sync.OnceValue(func() []uint32 {
		places := make([]uint32, s.rows)
		for place := range places {
			places[s.rowAt(place)] = uint32(place)
		}
		return places
	})
	return nil
}

func (l *list) blocks() int { return (l.end - l.first + blockRows - 1) / blockRows }

func (s *Segment) centroid(i int) []byte {
	size := 4 * s.conf.padded()
	return s.data[secCenters][i*size:][:size]
}

// rowAt is the row of a place.
func (s *Segment) rowAt(place int) uint32 {
	if len(s.data[secOrder]) == 0 {
		return uint32(place)
	}
	return le.Uint32(s.data[secOrder][4*place:])
}

// place is the place of a row.
func (s *Segment) place(row uint32) uint32 {
	if s.lists == nil {
		return row
	}
	return s.inverse()[row]
}

// Rows is the number of rows.
func (s *Segment) Rows() int { return s.rows }

// Config is how the vectors are stored.
func (s *Segment) Config() Config { return s.conf }

// Size is the number of bytes.
func (s *Segment) Size() int { return s.size }

// Loss is the error of the stored numbers: the root of its mean square by that of the
// numbers given.
func (s *Segment) Loss() float32 { return s.loss }

// Vector is what is stored of a row.
func (s *Segment) Vector(row uint32) vector.Dense {
	if int(row) >= s.rows {
		return nil
	}
	v := make(vector.Dense, s.conf.Dims)
	s.read(int(s.place(row)), v)
	return v
}

// read decodes the first numbers of a place.
func (s *Segment) read(place int, into []float32) {
	b := s.row(place, 1)
	switch s.conf.Bits {
	case 32:
		for i := range into {
			into[i] = math.Float32frombits(le.Uint32(b[4*i:]))
		}
	case 16:
		for i := range into {
			into[i] = simd.FromHalf(le.Uint16(b[2*i:]))
		}
	case 8:
		scale := s.scale(place)
		for i := range into {
			into[i] = float32(float32(int8(b[i])) * scale)
		}
	}
}

// row is the bytes of the numbers of n places.
func (s *Segment) row(first, n int) []byte {
	size := s.conf.rowBytes()
	return s.data[secNumbers][first*size : (first+n)*size]
}

func (s *Segment) scale(row int) float32 {
	return math.Float32frombits(le.Uint32(s.data[secScales][4*row:]))
}

// Mask returns one that shows the rows for which visible is true.
func (s *Segment) Mask(visible func(row uint32) bool) topk.Mask {
	return topk.NewMask(s.rows, func(place uint32) bool { return visible(s.rowAt(int(place))) })
}

// Hide returns m, a Mask of s, less the given rows.
func (s *Segment) Hide(m topk.Mask, rows []uint32) topk.Mask {
	return m.Hide(s.rows, rows, s.place)
}

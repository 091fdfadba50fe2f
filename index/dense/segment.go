package dense

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math"

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
}

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
	return s, nil
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
	v, b := make(vector.Dense, s.conf.Dims), s.row(int(row), 1)
	for i := range v {
		switch s.conf.Bits {
		case 32:
			v[i] = math.Float32frombits(le.Uint32(b[4*i:]))
		case 16:
			v[i] = simd.FromHalf(le.Uint16(b[2*i:]))
		case 8:
			v[i] = float32(float32(int8(b[i])) * s.scale(int(row)))
		}
	}
	return v
}

// row is the bytes of n rows.
func (s *Segment) row(first, n int) []byte {
	size := s.conf.rowBytes()
	return s.data[secNumbers][first*size : (first+n)*size]
}

func (s *Segment) scale(row int) float32 {
	return math.Float32frombits(le.Uint32(s.data[secScales][4*row:]))
}

// Mask returns one that shows the rows for which visible is true.
func (s *Segment) Mask(visible func(row uint32) bool) topk.Mask {
	return topk.NewMask(s.rows, visible)
}

// Hide returns m, a Mask of s, less the given rows.
func (s *Segment) Hide(m topk.Mask, rows []uint32) topk.Mask {
	return m.Hide(s.rows, rows, func(row uint32) uint32 { return row })
}

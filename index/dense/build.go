package dense

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/vector"
)

// Config says how vectors are stored.
type Config struct {
	Dims int // numbers of a vector
	Bits int // of a number: 32, 16 or 8
}

// ErrFull is wrapped by the error of Add when the segment has no room.
var ErrFull = errors.New("dense: segment is full")

// MaxRows is how many rows a segment can hold.
const MaxRows = 1 << 26

const (
	magic       = "TAMISDNS"
	version     = 2
	secNumbers  = 0
	secScales   = 1
	secOrder    = 2
	secLists    = 3
	secCenters  = 4
	secCodes    = 5
	secFactors  = 6
	secHeads    = 7
	secSlopes   = 8
	secSpreads  = 9
	secRecalls  = 10
	sections    = 11
	headerSize  = 28 + 12*sections + 4
	alignment   = 64
	mostStep    = 127
	leastNormal = 1e-30 // a vector whose greatest number is less is one of zeros in bytes
)

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// padded is how many numbers of a row are stored.
func (c Config) padded() int {
	return (c.Dims + simd.DotStep - 1) / simd.DotStep * simd.DotStep
}

func (c Config) rowBytes() int { return c.padded() * c.Bits / 8 }

func (c Config) check() error {
	if c.Dims < 1 || c.Dims > vector.MaxDims || c.Bits != 32 && c.Bits != 16 && c.Bits != 8 {
		return fmt.Errorf("dense: vectors of %d numbers of %d bits", c.Dims, c.Bits)
	}
	return nil
}

// A Builder collects the rows of a segment.
type Builder struct {
	conf    Config
	rows    int
	flat    bool // without lists
	numbers []byte
	scales  []byte
	// What the loss is made of.
	lost, all float64
}

// NewBuilder returns an empty Builder.
func NewBuilder(c Config) *Builder { return &Builder{conf: c} }

// Add adds a valid vector as the next row. The error wraps ErrFull where there is no
// room.
func (b *Builder) Add(v vector.Dense) error {
	if err := b.conf.check(); err != nil {
		return err
	}
	if len(v) != b.conf.Dims {
		return fmt.Errorf("dense: a vector of %d numbers, where they have %d", len(v), b.conf.Dims)
	}
	if b.rows == MaxRows {
		return fmt.Errorf("%w: it has %d rows", ErrFull, b.rows)
	}
	b.rows++
	at := len(b.numbers)
	b.numbers = append(b.numbers, make([]byte, b.conf.rowBytes())...)
	row := b.numbers[at:]
	lose := func(x, stored float32) {
		b.lost += (float64(x) - float64(stored)) * (float64(x) - float64(stored))
		b.all += float64(x) * float64(x)
	}
	switch b.conf.Bits {
	case 32:
		for i, x := range v {
			le.PutUint32(row[4*i:], math.Float32bits(x))
		}
	case 16:
		for i, x := range v {
			h := simd.ToHalf(x)
			le.PutUint16(row[2*i:], h)
			lose(x, simd.FromHalf(h))
		}
	case 8:
		scale := stepOf(v, mostStep)
		b.scales = le.AppendUint32(b.scales, math.Float32bits(scale))
		for i, x := range v {
			n := int8(steps(x, scale))
			row[i] = byte(n)
			lose(x, float32(n)*scale)
		}
	}
	return nil
}

// stepOf is the step of which the greatest number of a vector is most; 0 for zeros.
func stepOf(v vector.Dense, most float32) float32 {
	greatest := float32(0)
	for _, x := range v {
		greatest = max(greatest, x, -x)
	}
	if greatest < leastNormal {
		return 0
	}
	return greatest / most
}

// steps is x in whole steps, the nearest.
func steps(x, step float32) float64 {
	if step == 0 {
		return 0
	}
	return math.RoundToEven(float64(x) / float64(step))
}

// Bytes returns the segment.
func (b *Builder) Bytes() ([]byte, error) {
	if err := b.conf.check(); err != nil {
		return nil, err
	}
	loss := float32(0)
	if b.all > 0 {
		loss = float32(math.Sqrt(b.lost / b.all))
	}
	s := &Segment{conf: b.conf, rows: b.rows, loss: loss, data: [sections][]byte{secNumbers: b.numbers, secScales: b.scales}}
	if b.flat || b.rows < ListsFromRows {
		return s.assemble(), nil
	}
	return s.withLists()
}

// assemble is the segment as it is stored.
func (s *Segment) assemble() []byte {
	size := headerSize
	for _, d := range s.data {
		size = aligned(size) + len(d)
	}
	out := append(make([]byte, 0, size), magic...)
	for _, n := range []uint32{version, uint32(s.conf.Bits), uint32(s.conf.Dims), uint32(s.rows), math.Float32bits(s.loss)} {
		out = le.AppendUint32(out, n)
	}
	secs := s.data
	for _, s := range secs {
		out = le.AppendUint32(le.AppendUint64(out, uint64(len(s))), crc32.Checksum(s, castagnoli))
	}
	out = le.AppendUint32(out, crc32.Checksum(out, castagnoli))
	for _, s := range secs {
		out = append(out, make([]byte, aligned(len(out))-len(out))...)
		out = append(out, s...)
	}
	return out
}

func aligned(n int) int { return (n + alignment - 1) / alignment * alignment }

// Part is one input of Merge.
type Part struct {
	Segment *Segment
	// Keep says which rows go into the result; nil for all of them.
	Keep func(row uint32) bool
}

// Merge writes the segment of all kept rows of the parts, in the order of parts and
// rows. All have the same Config; no stored number changes.
func Merge(parts []Part) ([]byte, error) {
	var b *Builder
	for _, p := range parts {
		s := p.Segment
		if b == nil {
			b = NewBuilder(s.conf)
		}
		if err := b.like(s); err != nil {
			return nil, err
		}
		for row := range uint32(s.rows) {
			if p.Keep == nil || p.Keep(row) {
				place := int(s.place(row))
				if err := b.take(s, place, place+1); err != nil {
					return nil, err
				}
			}
		}
	}
	if b == nil {
		return nil, errors.New("dense: nothing to merge")
	}
	return b.Bytes()
}

// like says why the rows of a segment cannot be taken.
func (b *Builder) like(s *Segment) error {
	if b.conf == s.conf {
		return nil
	}
	return fmt.Errorf("dense: vectors of %d numbers of %d bits beside those of %d of %d bits", s.conf.Dims, s.conf.Bits, b.conf.Dims, b.conf.Bits)
}

// take adds what is stored at the places [first, end) of a segment that is like b.
func (b *Builder) take(s *Segment, first, end int) error {
	if b.rows += end - first; b.rows > MaxRows {
		return fmt.Errorf("%w: it has %d rows", ErrFull, MaxRows)
	}
	b.numbers = append(b.numbers, s.row(first, end-first)...)
	if s.conf.Bits == 8 {
		b.scales = append(b.scales, s.data[secScales][4*first:4*end]...)
	}
	// The loss of all is taken for that of what is left.
	n := float64(end - first)
	b.lost, b.all = b.lost+float64(n*float64(s.loss)*float64(s.loss)), b.all+n
	return nil
}

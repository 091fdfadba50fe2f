package impact

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/vector"
)

// Precision says what weights are stored as.
type Precision uint32

const (
	Bits8 Precision = iota
	Bits16
	Float32
)

// Config says how a field stores its vectors.
type Config struct {
	Precision Precision
	// Unit is the weight that one step of 8 or 16 bits stands for; 0 chooses it
	// for each term of each segment. Float32 has none.
	Unit float32
	// Queries are typical queries, on which the segment measures what recall it
	// reaches by which shortcut. Without any, rows stand in for them.
	Queries []vector.Sparse
}

// What a segment can hold at most.
const (
	MaxRows     = 65536 * blockRows
	maxPostings = 1 << 30 / 7 * 3 // three postings take at most seven bytes of overflow
	blockRows   = simd.BlockLanes
)

// ErrFull is wrapped by the error of Add when the segment has no room: write it
// and go on in a new one.
var ErrFull = errors.New("impact: segment is full")

// A Builder collects the rows of a segment.
type Builder struct {
	conf   Config
	names  []uint32 // of the terms, by number
	number map[uint32]uint32
	direct []uint32 // number + 1 of small terms

	starts  []uint32 // first entry of each row
	terms   []uint32 // numbers
	weights []float32
}

// directTerms is the number of terms that are looked up in a table.
const directTerms = 1 << 17

// NewBuilder returns an empty Builder.
func NewBuilder(c Config) *Builder {
	return &Builder{conf: c, number: map[uint32]uint32{}, direct: make([]uint32, directTerms), starts: []uint32{0}}
}

// Rows is the number of rows added so far.
func (b *Builder) Rows() int { return len(b.starts) - 1 }

// Add adds a row and returns its number: 0, 1, 2 … A vector that is not valid is
// an error, and so is one for which there is no room (ErrFull); both leave the
// Builder as it was.
func (b *Builder) Add(v vector.Sparse) (row uint32, err error) {
	if err := v.Validate(); err != nil {
		return 0, err
	}
	if b.Rows() == MaxRows || len(b.terms)+v.Len() > maxPostings {
		return 0, fmt.Errorf("%w: it has %d rows and %d weights", ErrFull, b.Rows(), len(b.terms))
	}
	for _, t := range v.Terms {
		b.terms = append(b.terms, b.termNumber(t))
	}
	b.weights = append(b.weights, v.Weights...)
	b.starts = append(b.starts, uint32(len(b.terms)))
	return uint32(b.Rows() - 1), nil
}

// find is the number of a term.
func (b *Builder) find(term uint32) (n uint32, ok bool) {
	if term < directTerms {
		n = b.direct[term]
		return n - 1, n != 0
	}
	n, ok = b.number[term]
	return n, ok
}

func (b *Builder) termNumber(term uint32) uint32 {
	if n, ok := b.find(term); ok {
		return n
	}
	n := uint32(len(b.names))
	b.names = append(b.names, term)
	if term < directTerms {
		b.direct[term] = n + 1
	} else {
		b.number[term] = n
	}
	return n
}

// row is the entries of a row.
func (b *Builder) row(row uint32) (terms []uint32, weights []float32) {
	lo, hi := b.starts[row], b.starts[row+1]
	return b.terms[lo:hi], b.weights[lo:hi]
}

// Bytes writes the segment of all rows added so far. The Builder can go on.
func (b *Builder) Bytes() ([]byte, error) {
	w := newWriter(b)
	w.write(clusterRows(b))
	data := w.finish(nil)
	recalls, err := calibrate(data, b)
	if err != nil {
		return nil, err
	}
	return w.finish(recalls), nil
}

// steps are how weights of one term become whole numbers.
type steps struct {
	unit float32 // of 8 bits
	fine float32 // of 16 bits
}

// unitFor is what a step is worth so that highest takes the last of them.
func unitFor(highest float32, last int) float32 {
	return max(highest/float32(last), math.SmallestNonzeroFloat32)
}

// round is the nearest number of steps of unit, from 1 to last.
func round(w, unit float32, last int) uint32 {
	return uint32(min(max(math.Round(float64(w)/float64(unit)), 1), float64(last)))
}

// stored is what a weight counts as, under a precision.
func (s steps) stored(p Precision, w float32) float32 {
	switch p {
	case Bits8:
		return float32(float32(round(w, s.unit, 255)) * s.unit)
	case Bits16:
		return float32(float32(round(w, s.fine, 65535)) * s.fine)
	}
	return w
}

// code is the 8-bit weight: the stored one for Bits8, else one that is not below
// it.
func (s steps) code(p Precision, stored float32) byte {
	if p == Bits8 {
		return byte(round(stored, s.unit, 255))
	}
	return byte(min(max(math.Ceil(float64(stored)/float64(s.unit)), 1), 255))
}

// termSteps are the steps of every term, by number.
func (b *Builder) termSteps() []steps {
	all := make([]steps, len(b.names))
	if b.conf.Unit > 0 && b.conf.Precision == Bits8 {
		for i := range all {
			all[i].unit = b.conf.Unit
		}
		return all
	}
	highest := make([]float32, len(b.names))
	for i, t := range b.terms {
		highest[t] = max(highest[t], b.weights[i])
	}
	for t, h := range highest {
		all[t].fine = unitFor(h, 65535)
		if b.conf.Unit > 0 && b.conf.Precision == Bits16 {
			all[t].fine = b.conf.Unit
			h = min(h, float32(b.conf.Unit*65535))
		}
		all[t].unit = unitFor(h, 255)
	}
	return all
}

// byName is the numbers of the terms in ascending order of terms.
func (b *Builder) byName() []uint32 {
	order := make([]uint32, len(b.names))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(x, y uint32) int { return int(int64(b.names[x]) - int64(b.names[y])) })
	return order
}

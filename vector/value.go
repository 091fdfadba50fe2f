package vector

import (
	"fmt"
	"math"
)

// Kind says what a vector is.
type Kind uint8

// The kinds of vector.
const (
	// KindSparse is weights by term.
	KindSparse Kind = iota
	// KindDense is a list of numbers.
	KindDense
	// KindMulti is a list of dense vectors, one for each token or part.
	KindMulti
)

// Value is one vector: Sparse or Named, Dense, or Multi.
type Value interface {
	Kind() Kind
	// Validate says what keeps the value from being a vector of its kind.
	Validate() error
}

// Dense is a vector by all its numbers, which are finite.
type Dense []float32

// Multi is several dense vectors with as many numbers each.
type Multi []Dense

// Kind is KindSparse.
func (Sparse) Kind() Kind { return KindSparse }

// Kind is KindSparse.
func (Named) Kind() Kind { return KindSparse }

// Kind is KindDense.
func (Dense) Kind() Kind { return KindDense }

// Kind is KindMulti.
func (Multi) Kind() Kind { return KindMulti }

// Validate says which number keeps d from being a vector, or that it is empty.
func (d Dense) Validate() error {
	if len(d) == 0 {
		return ErrEmpty
	}
	for i, x := range d {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return fmt.Errorf("%w: number %d of a dense vector is %g", ErrFormat, i+1, x)
		}
	}
	return nil
}

// Validate says which of the vectors is none, or has another length.
func (m Multi) Validate() error {
	if len(m) == 0 {
		return ErrEmpty
	}
	for i, d := range m {
		if err := d.Validate(); err != nil {
			return fmt.Errorf("vector %d: %w", i+1, err)
		}
		if len(d) != len(m[0]) {
			return fmt.Errorf("%w: vector %d has %d numbers, the first %d", ErrFormat, i+1, len(d), len(m[0]))
		}
	}
	return nil
}

// stored says why vectors of a kind that JSON gives are not stored.
func (k Kind) stored() error {
	switch k {
	case KindSparse:
		return nil
	case KindDense:
		return fmt.Errorf("%w: a list of numbers is a dense vector, which is not stored yet; give an object of term: weight", ErrKind)
	case KindMulti:
		return fmt.Errorf("%w: a list of lists is a multi-vector, which is not stored yet; give an object of term: weight", ErrKind)
	}
	return fmt.Errorf("%w: %v", ErrKind, k)
}

package vector

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

// Kind is KindSparse.
func (Sparse) Kind() Kind { return KindSparse }

// Kind is KindSparse.
func (Named) Kind() Kind { return KindSparse }

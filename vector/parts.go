package vector

import "fmt"

// Parts are vectors of parts of a document, in order: those of passages.
type Parts []Part

// Part is the vector of a range of bytes of a document's source.
type Part struct {
	Start, End int
	Vector     Value // Sparse or Named, Dense, or Multi
}

// Kind is that of the first vector.
func (p Parts) Kind() Kind {
	if len(p) == 0 || p[0].Vector == nil {
		return KindSparse
	}
	return p[0].Vector.Kind()
}

// Validate says which vector is none, or has no place after the one before.
func (p Parts) Validate() error {
	if len(p) == 0 {
		return ErrEmpty
	}
	end := 0
	for i, x := range p {
		if x.Start < end || x.End < x.Start {
			return fmt.Errorf("%w: part %d has the range %d to %d: parts ascend", ErrFormat, i+1, x.Start, x.End)
		}
		end = x.End
		if _, nested := x.Vector.(Parts); nested || x.Vector == nil {
			return fmt.Errorf("%w: part %d has no vector", ErrFormat, i+1)
		}
		if err := x.Vector.Validate(); err != nil {
			return fmt.Errorf("part %d: %w", i+1, err)
		}
		if x.Vector.Kind() != p.Kind() || Dims(x.Vector) != Dims(p[0].Vector) {
			return fmt.Errorf("%w: part %d has another kind of vector than the first, or another number of numbers", ErrFormat, i+1)
		}
	}
	return nil
}

// UnitOf says what a value gives vectors to.
func UnitOf(v Value) Unit {
	if _, ok := v.(Parts); ok {
		return Passages
	}
	return Documents
}

// Numbers is how many weights or numbers a value has.
func Numbers(v Value) (n int) {
	switch v := v.(type) {
	case Sparse:
		return v.Len()
	case Named:
		return len(v)
	case Dense:
		return len(v)
	case Multi:
		return len(v) * Dims(v)
	case Parts:
		for _, p := range v {
			n += Numbers(p.Vector)
		}
	}
	return n
}

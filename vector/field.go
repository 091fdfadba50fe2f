package vector

import (
	"fmt"
	"math"
	"unicode/utf8"
)

// Unit says what the rows of a field of vectors stand for.
type Unit uint8

// The units of a field.
const (
	Documents Unit = iota
	Passages
)

// Field says how a field stores its vectors. The zero Field is one of documents, of
// the kind of the vector that comes first.
type Field struct {
	// Kind is that of all vectors of the field.
	Kind Kind `json:"kind,omitempty"`
	Unit Unit `json:"unit,omitempty"`
	// Bits of a stored number: 8, 16, or 32 (the default), the number itself. Of a dense
	// vector 16 bits are a half-precision float, 8 a step of the vector's greatest
	// number by 127.
	Bits int `json:"bits"`
	// Max is the weight that the greatest step of 8 or 16 bits of sparse vectors stands
	// for; what is greater counts as Max.
	Max float32 `json:"max,omitempty"`
	// Dims is how many numbers each dense vector has: as many as the one that comes
	// first, where it is 0 before.
	Dims int `json:"dims,omitempty"`
	// Similarity is what dense vectors are compared by.
	Similarity Similarity `json:"similarity,omitempty"`
	// Model is where the model lies that made the vectors; "" where they were given.
	Model string `json:"model,omitempty"`
}

// Steps is the number of steps of a weight of 8 or 16 bits.
func (f Field) Steps() int { return 1<<f.Bits - 1 }

// Step is the weight that a step of 8 or 16 bits stands for.
func (f Field) Step() float32 { return f.Max / float32(f.Steps()) }

// Complete fills in the default and says what is wrong with the field of a name.
func (f *Field) Complete(name string) error {
	if f.Bits == 0 {
		f.Bits = 32
	}
	switch {
	case name == "" || !utf8.ValidString(name):
		return fmt.Errorf("a field of vectors has the name %q: it must be valid UTF-8 and not empty", name)
	case f.Kind > KindDense:
		return fmt.Errorf("field %q: %w: %s vectors are not stored; use %s or %s", name, ErrKind, f.Kind, KindSparse, KindDense)
	case f.Unit > Passages:
		return fmt.Errorf("field %q: unknown unit of vectors %s: use %s or %s", name, f.Unit, Documents, Passages)
	case f.Bits != 8 && f.Bits != 16 && f.Bits != 32:
		return fmt.Errorf("field %q: %d bits a number: use 8, 16 or 32", name, f.Bits)
	case f.Similarity > Cosine:
		return fmt.Errorf("field %q: unknown similarity %s: use %s or %s", name, f.Similarity, InnerProduct, Cosine)
	case f.Dims < 0 || f.Dims > MaxDims:
		return fmt.Errorf("field %q: vectors of %d numbers: up to %d can be", name, f.Dims, MaxDims)
	case f.Kind == KindSparse && (f.Dims != 0 || f.Similarity != InnerProduct):
		return fmt.Errorf("field %q: sparse vectors have no number of numbers, and the similarity %s", name, InnerProduct)
	case f.Kind != KindSparse && f.Max != 0:
		return fmt.Errorf("field %q: the greatest weight is one of sparse vectors, not of %s ones", name, f.Kind)
	case f.Kind != KindSparse:
		return nil
	case f.Bits == 32:
		f.Max = 0
	case !(f.Max >= 0 && f.Max < math.MaxFloat32) || f.Max > 0 && f.Step() < math.SmallestNonzeroFloat32:
		return fmt.Errorf("field %q: the greatest weight cannot be %g", name, f.Max)
	}
	return nil
}

// The names of kinds and units.
var (
	kinds = [...]string{"sparse", "dense", "multi"}
	units = [...]string{"document", "passage"}
)

func (k Kind) String() string { return nameOf(kinds[:], uint8(k)) }

func (u Unit) String() string { return nameOf(units[:], uint8(u)) }

// MarshalText writes sparse, dense or multi.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// MarshalText writes document or passage.
func (u Unit) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (k *Kind) UnmarshalText(text []byte) error {
	i, err := placeOf(kinds[:], "kind of vector", text)
	*k = Kind(i)
	return err
}

// UnmarshalText reads what MarshalText writes.
func (u *Unit) UnmarshalText(text []byte) error {
	i, err := placeOf(units[:], "unit of vectors", text)
	*u = Unit(i)
	return err
}

func nameOf(names []string, i uint8) string {
	if int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprint("number ", i)
}

func placeOf(names []string, what string, text []byte) (uint8, error) {
	for i, name := range names {
		if name == string(text) {
			return uint8(i), nil
		}
	}
	return 0, fmt.Errorf("unknown %s %q: use one of %v", what, text, names)
}

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

// Field says how a field stores its vectors. The zero Field is one of sparse
// vectors of documents.
type Field struct {
	// Kind is KindSparse, the one that is stored yet.
	Kind Kind `json:"kind,omitempty"`
	Unit Unit `json:"unit,omitempty"`
	// Bits of a stored weight: 8, 16, or 32 (the default), the weight itself.
	Bits int `json:"bits"`
	// Max is the weight that the greatest step of 8 or 16 bits stands for; what is
	// greater counts as Max.
	Max float32 `json:"max,omitempty"`
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
	case f.Kind != KindSparse:
		return fmt.Errorf("field %q: %w: %s vectors are not stored yet; use %s", name, ErrKind, f.Kind, KindSparse)
	case f.Unit > Passages:
		return fmt.Errorf("field %q: unknown unit of vectors %s: use %s or %s", name, f.Unit, Documents, Passages)
	case f.Bits != 8 && f.Bits != 16 && f.Bits != 32:
		return fmt.Errorf("field %q: %d bits a weight: use 8, 16 or 32", name, f.Bits)
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

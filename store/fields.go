package store

import (
	"fmt"
	"maps"
	"math"
	"unicode/utf8"

	"github.com/tamis-search/tamis/index/impact"
)

// VectorField says how a field stores its vectors. It is stored when the field
// is used first.
type VectorField struct {
	// Bits of a stored weight: 8, 16, or 32 (the default), the weight itself.
	Bits int `json:"bits"`
	// Max is the weight that the greatest step of 8 or 16 bits stands for; what is
	// greater counts as Max.
	Max float32 `json:"max,omitempty"`
}

var precisions = map[int]impact.Precision{8: impact.Bits8, 16: impact.Bits16, 32: impact.Float32}

// config has the same unit for all segments, so that no score depends on how
// documents are spread over them.
func (f VectorField) config() impact.Config {
	c := impact.Config{Precision: precisions[f.Bits]}
	if f.Bits != 32 {
		c.Unit = f.Max / float32(f.steps())
	}
	return c
}

func (f VectorField) steps() int { return 1<<f.Bits - 1 }

// complete fills in the default and says what is wrong.
func (f *VectorField) complete(name string) error {
	if f.Bits == 0 {
		f.Bits = 32
	}
	_, ok := precisions[f.Bits]
	switch {
	case name == "" || !utf8.ValidString(name):
		return fmt.Errorf("a field of vectors has the name %q: it must be valid UTF-8 and not empty", name)
	case !ok:
		return fmt.Errorf("field %q: %d bits a weight: use 8, 16 or 32", name, f.Bits)
	case f.Bits == 32:
		f.Max = 0
	case !(f.Max >= 0 && f.Max < math.MaxFloat32) || f.Max > 0 && f.config().Unit < math.SmallestNonzeroFloat32:
		return fmt.Errorf("field %q: the greatest weight cannot be %g", name, f.Max)
	}
	return nil
}

// openFields takes the stored fields over and notes how new ones are to be.
func (s *Store) openFields(stored, wanted map[string]VectorField) error {
	s.fields, s.wanted = maps.Clone(stored), map[string]VectorField{}
	if s.fields == nil {
		s.fields = map[string]VectorField{}
	}
	for name, f := range wanted {
		bits := f.Bits
		if err := f.complete(name); err != nil {
			return err
		}
		if have, ok := stored[name]; ok && (bits != 0 && bits != have.Bits || f.Max != 0 && f.Max != have.Max) {
			return fmt.Errorf("index %s: %w: its field %q has %d bits a weight and the greatest weight %g", s.dir, ErrConfig, name, have.Bits, have.Max)
		}
		s.wanted[name] = f
	}
	return nil
}

// useField fixes how a field stores its vectors.
func (s *Store) useField(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.fields[name]; ok {
		return nil
	}
	f := s.wanted[name]
	if err := f.complete(name); err != nil {
		return err
	}
	if f.Bits != 32 && f.Max == 0 {
		return fmt.Errorf("field %q keeps %d bits a weight: say which weight is the greatest (Max)", name, f.Bits)
	}
	s.fields[name] = f
	return nil
}

// NeedsMax says whether a field is to keep 8 or 16 bits a weight and does not know
// its greatest weight yet, and what the greatest step of its weights is.
func (s *Store) NeedsMax(field string) (steps int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, used := s.fields[field]
	f := s.wanted[field]
	return f.steps(), !used && (f.Bits == 8 || f.Bits == 16) && f.Max == 0
}

// SetMax tells such a field its greatest weight.
func (s *Store) SetMax(field string, most float32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.wanted[field]
	f.Max = most
	s.wanted[field] = f
}

// fieldConfigs is how segments store the vectors of each field.
func (s *Store) fieldConfigs() map[string]impact.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	configs := make(map[string]impact.Config, len(s.fields))
	for name, f := range s.fields {
		configs[name] = f.config()
	}
	return configs
}

package store

import (
	"fmt"
	"maps"

	"github.com/tamis-search/tamis/vector"
)

// VectorField says how a field stores its vectors. It is stored when the field
// is used first. The step of a weight is the same for all segments, so that no
// score depends on how documents are spread over them.
type VectorField = vector.Field

// openFields takes the stored fields over and notes how new ones are to be.
func (s *Store) openFields(stored, wanted map[string]VectorField) error {
	s.fields, s.wanted = maps.Clone(stored), map[string]VectorField{}
	if s.fields == nil {
		s.fields = map[string]VectorField{}
	}
	for name, f := range stored {
		if err := f.Complete(name); err != nil {
			return fmt.Errorf("index %s: %w: %w", s.dir, ErrNewer, err)
		}
	}
	for name, f := range wanted {
		bits := f.Bits
		if err := f.Complete(name); err != nil {
			return err
		}
		have, ok := stored[name]
		switch {
		case ok && (bits != 0 && bits != have.Bits || f.Max != 0 && f.Max != have.Max):
			return fmt.Errorf("index %s: %w: its field %q has %d bits a weight and the greatest weight %g", s.dir, ErrConfig, name, have.Bits, have.Max)
		case ok && f.Unit != vector.Documents && f.Unit != have.Unit:
			return fmt.Errorf("index %s: %w: its field %q has vectors of the unit %s, not %s", s.dir, ErrConfig, name, have.Unit, f.Unit)
		}
		s.wanted[name] = f
	}
	return nil
}

// useField fixes how a field stores its vectors, which are of documents.
func (s *Store) useField(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, used := s.fields[name]
	if !used {
		f = s.wanted[name]
	}
	if err := f.Complete(name); err != nil {
		return err
	}
	switch {
	case f.Unit != vector.Documents:
		return fmt.Errorf("field %q has vectors of the unit %s: give a document's vector in a field of the unit %s", name, f.Unit, vector.Documents)
	case used:
		return nil
	}
	if f.Bits != 32 && f.Max == 0 {
		return fmt.Errorf("field %q keeps %d bits a weight: say which weight is the greatest (Max)", name, f.Bits)
	}
	s.fields[name] = f
	return nil
}

// FieldUnit is what the vectors of a field stand for; that of a field which was
// never used is what Options say.
func (s *Store) FieldUnit(name string) vector.Unit {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.fields[name]; ok {
		return f.Unit
	}
	return s.wanted[name].Unit
}

// NeedsMax says whether a field is to keep 8 or 16 bits a weight and does not know
// its greatest weight yet, and what the greatest step of its weights is.
func (s *Store) NeedsMax(field string) (steps int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, used := s.fields[field]
	f := s.wanted[field]
	return f.Steps(), !used && (f.Bits == 8 || f.Bits == 16) && f.Max == 0
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
func (s *Store) fieldConfigs() map[string]VectorField {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.fields)
}

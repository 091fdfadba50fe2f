package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/vector"
)

// VectorField says how a field stores its vectors.
type VectorField = vector.Field

// MaxNumbers bounds the weights and numbers that one document's vectors have together.
const MaxNumbers = 1 << 24

// vectorsOf numbers the vectors of a document.
func (s *Store) vectorsOf(d *corpus.Document) (record.Vectors, error) {
	if len(d.Vectors) == 0 {
		return nil, nil
	}
	out := make(record.Vectors, len(d.Vectors))
	for _, field := range slices.Sorted(maps.Keys(d.Vectors)) {
		if d.Vectors[field] == nil {
			return nil, &DocumentError{d.ID, fmt.Sprintf("field %q: %v", field, vector.ErrEmpty)}
		}
		err := d.Vectors[field].Validate()
		if err != nil {
			return nil, &DocumentError{d.ID, fmt.Sprintf("field %q: %v", field, err)}
		}
		if out[field], err = s.numbered(d.Vectors[field]); err != nil {
			return nil, err
		}
	}
	return out, s.checkVectors(d.ID, out)
}

// numbered is a valid value with the terms of sparse vectors numbered.
func (s *Store) numbered(v vector.Value) (vector.Value, error) {
	switch v := v.(type) {
	case vector.Named:
		return s.names.Of(v, true)
	case vector.Parts:
		out := slices.Clone(v)
		for i := range out {
			var err error
			if out[i].Vector, err = s.numbered(v[i].Vector); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

// checkVectors says why the vectors of a document cannot be stored.
func (s *Store) checkVectors(id string, v record.Vectors) error {
	if n := v.Numbers(); n > MaxNumbers {
		return &DocumentError{id, fmt.Sprintf("its vectors have %d weights or numbers, more than the %d that one document may have", n, MaxNumbers)}
	}
	for _, field := range slices.Sorted(maps.Keys(v)) {
		if err := s.fields.Use(field, v[field]); err != nil {
			return &DocumentError{id, err.Error()}
		}
	}
	return nil
}

// VectorFields names the fields of vectors that documents have had, and those
// that Options name, ascending.
func (s *Store) VectorFields() []string { return s.fields.All() }

// Field is how a field stores its vectors; that of a field which was never used is
// what Options say.
func (s *Store) Field(name string) VectorField { return s.fields.Field(name) }

// Want says how a field is to store its vectors if it was never used, and where the model
// lies that makes them.
func (s *Store) Want(name string, f VectorField) error {
	if !s.fields.Want(name, f) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failed(); err != nil {
		return err
	}
	wb := s.db.NewBatch()
	defer wb.Close()
	return s.publish(s.manifest.Clone(), wb, nil)
}

// NeedsMax says whether a field is to keep 8 or 16 bits a weight and does not know
// its greatest weight yet, and what the greatest step of its weights is.
func (s *Store) NeedsMax(field string) (steps int, ok bool) { return s.fields.NeedsMax(field) }

// SetMax tells such a field its greatest weight.
func (s *Store) SetMax(field string, most float32) { s.fields.SetMax(field, most) }

// Renumber returns a function that gives vectors, whose terms v numbers, the
// index's numbers instead. It is not safe for concurrent use.
func (b *Batch) Renumber(v *vector.Vocabulary) func(vector.Sparse) (vector.Value, error) {
	number := b.s.names.Renumber(v)
	return func(x vector.Sparse) (vector.Value, error) { return number(x) }
}

// recordVectors writes the vectors of a document under its ordinal.
func (b *Batch) recordVectors(h *Header, value []byte, attached record.Vectors) error {
	var err error
	if h.Vectors != nil {
		err = b.records.Set(record.VectorsKey(h.Ordinal), value, nil)
	}
	for field, x := range attached {
		b.s.base.Attached.Store(true)
		err = errors.Join(err, b.records.Set(record.AttachedKey(h.Ordinal, field), record.AppendAttached(nil, field, x), nil))
	}
	return err
}

// removeVectors deletes the vectors of a document.
func removeVectors(wb *pebble.Batch, h *Header) error {
	if h.Vectors == nil {
		return nil
	}
	return wb.Delete(record.VectorsKey(h.Ordinal), nil)
}

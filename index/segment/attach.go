package segment

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tamis-search/tamis/index/dense"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/vector"
)

// FieldVectors are the vectors of a field, by document row or by passage row. A
// vector is valid and not empty, and is kept.
type FieldVectors struct {
	unit    vector.Unit
	mixed   bool // some are of the other unit
	rows    []uint32
	vectors []vector.Value
}

// Add adds the vector of a document row; rows ascend.
func (f *FieldVectors) Add(doc uint32, v vector.Value) { f.add(vector.Documents, doc, v) }

// AddPassage adds the vector of a passage row; rows ascend.
func (f *FieldVectors) AddPassage(passage uint32, v vector.Value) { f.add(vector.Passages, passage, v) }

func (f *FieldVectors) add(unit vector.Unit, row uint32, v vector.Value) {
	if len(f.rows) == 0 {
		f.unit = unit
	}
	f.mixed = f.mixed || f.unit != unit
	f.rows, f.vectors = append(f.rows, row), append(f.vectors, v)
}

// precisions are what sparse vectors store a weight as, by its bits.
var precisions = map[int]impact.Precision{8: impact.Bits8, 16: impact.Bits16, 32: impact.Float32}

// sparse is how a field stores sparse vectors: with the same unit of weight in all
// segments, so that no score depends on how documents are spread over them.
func sparse(f vector.Field) impact.Config {
	c := impact.Config{Precision: precisions[f.Bits]}
	if f.Bits != 32 {
		c.Unit = f.Step()
	}
	return c
}

// build writes the vectors as the field of a name stores them.
func (f *FieldVectors) build(name string, conf vector.Field) (storedField, error) {
	if err := conf.Complete(name); err != nil {
		return storedField{}, err
	}
	if f.mixed || f.unit != conf.Unit {
		return storedField{}, fmt.Errorf("field %q: %w: it has vectors of the unit %s alone", name, vector.ErrKind, conf.Unit)
	}
	data, err := f.data(conf)
	if err != nil {
		return storedField{}, fmt.Errorf("field %q: %w", name, err)
	}
	return storedField{name, conf.Kind, conf.Unit, f.rows, data}, nil
}

// data is what the field's kind of structure holds.
func (f *FieldVectors) data(conf vector.Field) ([]byte, error) {
	for _, v := range f.vectors {
		if err := conf.Fits(v); err != nil {
			return nil, err
		}
	}
	if conf.Kind == vector.KindDense {
		b := dense.NewBuilder(dense.Config{Dims: conf.Dims, Bits: conf.Bits})
		for _, v := range f.vectors {
			x := v.(vector.Dense)
			if conf.Similarity == vector.Cosine {
				x, _ = x.Unit() // Fits
			}
			if err := b.Add(x); err != nil {
				return nil, err
			}
		}
		return b.Bytes()
	}
	b := impact.NewBuilder(sparse(conf))
	for _, v := range f.vectors {
		if _, err := b.Add(v.(vector.Sparse)); err != nil {
			return nil, err
		}
	}
	return b.Bytes()
}

// ReplaceVectors writes the segment in file with the vectors of some fields
// instead of those that it has; other fields, and all beside vectors, are copied.
// fields says how each stores its vectors. The error wraps impact.ErrFull where a
// segment cannot hold them, ErrCorrupt where file is not a segment.
func ReplaceVectors(file []byte, with map[string]*FieldVectors, fields map[string]vector.Field) ([]byte, error) {
	secs, err := sections(file)
	if err != nil {
		return nil, err
	}
	s, err := Open(file)
	if err != nil {
		return nil, err
	}
	names := maps.Clone(with)
	if names == nil {
		names = map[string]*FieldVectors{}
	}
	for _, name := range s.Fields() {
		if _, ok := names[name]; !ok {
			names[name] = nil
		}
	}
	var w vectorsWriter
	for _, name := range slices.Sorted(maps.Keys(names)) {
		f := names[name]
		switch {
		case f == nil:
			v := s.Vectors(name)
			rows := make([]uint32, v.Rows())
			for row := range rows {
				rows[row] = v.Row(uint32(row))
			}
			w.add(storedField{name, v.kind, v.unit, rows, v.data})
		case len(f.rows) > 0:
			field, err := f.build(name, fields[name])
			if err != nil {
				return nil, err
			}
			w.add(field)
		}
	}
	var list []numbered
	for id := uint32(secDocs); id <= secColumns; id++ {
		list = append(list, numbered{id, secs[id].data})
	}
	if vectors := w.bytes(); vectors != nil {
		list = append(list, numbered{secVectors, vectors})
	}
	if s.lengths != nil {
		list = append(list, numbered{secLengths, s.lengths})
	}
	return assemble(list), nil
}

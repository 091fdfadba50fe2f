package segment

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/vector"
)

// FieldVectors are the vectors of a field, by row of what they stand for:
// documents, but for those that Builder collects of passages. A vector is valid
// and not empty, and is kept.
type FieldVectors struct {
	unit    vector.Unit
	rows    []uint32
	vectors []vector.Value
	mixed   bool // some are of the other unit
}

// Add adds the vector of a row; rows ascend.
func (f *FieldVectors) Add(row uint32, v vector.Value) {
	f.rows, f.vectors = append(f.rows, row), append(f.vectors, v)
}

// bytes are the vectors as a field stores them.
func (f *FieldVectors) bytes(conf vector.Field) ([]byte, error) {
	if f.mixed || f.unit != conf.Unit {
		return nil, fmt.Errorf("%w: it has vectors of the unit %s alone", vector.ErrKind, conf.Unit)
	}
	b := impact.NewBuilder(sparse(conf))
	for _, v := range f.vectors {
		x, ok := v.(vector.Sparse)
		if !ok {
			return nil, fmt.Errorf("%w: it has %s vectors, not %s ones", vector.ErrKind, conf.Kind, v.Kind())
		}
		if _, err := b.Add(x); err != nil {
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
			w.add(fieldVectors{name, v.kind, v.unit, rows, v.data})
		case len(f.rows) > 0:
			conf := fields[name]
			if err := conf.Complete(name); err != nil {
				return nil, err
			}
			data, err := f.bytes(conf)
			if err != nil {
				return nil, fmt.Errorf("field %q: %w", name, err)
			}
			w.add(fieldVectors{name, conf.Kind, conf.Unit, f.rows, data})
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

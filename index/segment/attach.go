package segment

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/vector"
)

// FieldVectors are the vectors of a field, by document row. A vector is valid and
// not empty, and is kept.
type FieldVectors struct {
	docs    []uint32
	vectors []vector.Sparse
}

// Add adds the vector of a document row; rows ascend.
func (f *FieldVectors) Add(doc uint32, v vector.Sparse) {
	f.docs, f.vectors = append(f.docs, doc), append(f.vectors, v)
}

// ReplaceVectors writes the segment in file with the vectors of some fields
// instead of those that it has; other fields, and all beside vectors, are copied.
// fields says how each stores its vectors. The error wraps impact.ErrFull where a
// segment cannot hold them, ErrCorrupt where file is not a segment.
func ReplaceVectors(file []byte, with map[string]*FieldVectors, fields map[string]impact.Config) ([]byte, error) {
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
			docs := make([]uint32, v.Rows())
			for row := range docs {
				docs[row] = v.Document(uint32(row))
			}
			w.add(name, docs, v.data)
		case len(f.docs) > 0:
			data, err := buildField(f.vectors, fields[name])
			if err != nil {
				return nil, fmt.Errorf("field %q: %w", name, err)
			}
			w.add(name, f.docs, data)
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

func buildField(vectors []vector.Sparse, c impact.Config) ([]byte, error) {
	b := impact.NewBuilder(c)
	for _, v := range vectors {
		if _, err := b.Add(v); err != nil {
			return nil, err
		}
	}
	return b.Bytes()
}

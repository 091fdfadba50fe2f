package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"

	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/vector"
)

// fieldEntry is the size of what the vectors section says of a field.
const fieldEntry = 16

// Vectors are the learned sparse vectors of one field. Only documents that have
// one have a row among them.
type Vectors struct {
	*impact.Segment
	field string
	rows  []byte
	data  []byte // of Segment
}

// Document is the document row of a row of the vectors. A row beyond the last,
// which only damage can lead to, is taken for the first.
func (v *Vectors) Document(row uint32) uint32 {
	if int(row) >= v.Rows() {
		row = 0
	}
	return binary.LittleEndian.Uint32(v.rows[4*int(row):])
}

// Row is the row of a document row; ok is false where the document has none.
func (v *Vectors) Row(doc uint32) (row uint32, ok bool) {
	n := v.Rows()
	row = uint32(sort.Search(n, func(i int) bool { return v.Document(uint32(i)) >= doc }))
	return row, int(row) < n && v.Document(row) == doc
}

// Fields names the fields that have vectors, ascending.
func (s *Segment) Fields() []string {
	var names []string
	for _, v := range s.vectors {
		names = append(names, v.field)
	}
	return names
}

// Vectors are those of a field; nil where no document has one.
func (s *Segment) Vectors(field string) *Vectors {
	for _, v := range s.vectors {
		if v.field == field {
			return v
		}
	}
	return nil
}

// AddVector gives the document begun last its vector in a field, at most one. The
// vector is valid and not empty, and is kept.
func (b *Builder) AddVector(field string, v vector.Sparse) {
	f := b.vectors[field]
	if f == nil {
		f = &FieldVectors{}
		b.vectors[field] = f
	}
	f.Add(uint32(b.numDocs-1), v)
}

func (b *Builder) buildVectors(fields map[string]impact.Config) ([]byte, error) {
	var w vectorsWriter
	for _, name := range slices.Sorted(maps.Keys(b.vectors)) {
		f := b.vectors[name]
		data, err := buildField(f.vectors, fields[name])
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", name, err)
		}
		w.add(name, f.docs, data)
	}
	return w.bytes(), nil
}

// mergeVectors merges the vectors of parts; rows maps document rows as copyTables
// does.
func mergeVectors(parts []Part, rows [][]int64) ([]byte, error) {
	names := map[string]bool{}
	for _, p := range parts {
		for _, v := range p.Segment.vectors {
			names[v.field] = true
		}
	}
	var w vectorsWriter
	for _, name := range slices.Sorted(maps.Keys(names)) {
		var in []impact.Part
		var docs []uint32
		var conf impact.Config
		for i, p := range parts {
			v := p.Segment.Vectors(name)
			if v == nil {
				continue
			}
			conf = v.Config()
			to := rows[i]
			in = append(in, impact.Part{Segment: v.Segment, Keep: func(row uint32) bool { return to[v.Document(row)] >= 0 }})
			for row := range uint32(v.Rows()) {
				if doc := to[v.Document(row)]; doc >= 0 {
					docs = append(docs, uint32(doc))
				}
			}
		}
		if len(docs) == 0 {
			continue
		}
		data, err := impact.Merge(conf, in)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", name, err)
		}
		w.add(name, docs, data)
	}
	return w.bytes(), nil
}

// vectorsWriter puts the vectors section together.
type vectorsWriter struct {
	names []string
	docs  [][]uint32
	data  [][]byte
}

func (w *vectorsWriter) add(name string, docs []uint32, data []byte) {
	w.names, w.docs, w.data = append(w.names, name), append(w.docs, docs), append(w.data, data)
}

// bytes is the section; nil without a field.
func (w *vectorsWriter) bytes() []byte {
	if len(w.names) == 0 {
		return nil
	}
	size := 4
	for _, name := range w.names {
		size += fieldEntry + len(name)
	}
	for i := range w.names {
		size = aligned(aligned(size)+4*len(w.docs[i])) + len(w.data[i])
	}
	out := binary.LittleEndian.AppendUint32(make([]byte, 0, size), uint32(len(w.names)))
	for i, name := range w.names {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(name)))
		out = binary.LittleEndian.AppendUint32(out, uint32(len(w.docs[i])))
		out = binary.LittleEndian.AppendUint64(out, uint64(len(w.data[i])))
	}
	for _, name := range w.names {
		out = append(out, name...)
	}
	for i := range w.names {
		out = pad(out)
		for _, doc := range w.docs[i] {
			out = binary.LittleEndian.AppendUint32(out, doc)
		}
		out = append(pad(out), w.data[i]...)
	}
	return out
}

// openVectors reads the section; one that is not there has no field.
func openVectors(sec []byte, documents int) ([]*Vectors, error) {
	if len(sec) == 0 {
		return nil, nil
	}
	short := errors.New("section cut short")
	if len(sec) < 4 {
		return nil, short
	}
	n := int(binary.LittleEndian.Uint32(sec))
	if n > (len(sec)-4)/fieldEntry {
		return nil, short
	}
	pos := uint64(4 + n*fieldEntry)
	// take returns the next bytes, from a multiple of align on.
	take := func(length, align uint64) ([]byte, bool) {
		start := (pos + align - 1) &^ (align - 1)
		if start > uint64(len(sec)) || length > uint64(len(sec))-start {
			return nil, false
		}
		pos = start + length
		return sec[start:pos:pos], true
	}
	list := make([]*Vectors, n)
	for i := range list {
		name, ok := take(uint64(binary.LittleEndian.Uint32(sec[4+i*fieldEntry:])), 1)
		if !ok {
			return nil, short
		}
		list[i] = &Vectors{field: string(name)}
		if i > 0 && list[i].field <= list[i-1].field {
			return nil, errors.New("fields are out of order")
		}
	}
	for i, v := range list {
		e := sec[4+i*fieldEntry:]
		rows := binary.LittleEndian.Uint32(e[4:])
		docs, ok := take(4*uint64(rows), alignment)
		data, ok2 := take(binary.LittleEndian.Uint64(e[8:]), alignment)
		if !ok || !ok2 {
			return nil, short
		}
		var err error
		if v.Segment, err = impact.Open(data); err != nil {
			return nil, fmt.Errorf("field %q: %w", v.field, err)
		}
		v.rows, v.data = docs, data
		if v.Segment.Rows() != int(rows) {
			return nil, fmt.Errorf("field %q has %d rows for %d documents", v.field, v.Segment.Rows(), rows)
		}
		next := uint32(0)
		for row := range rows {
			doc := v.Document(row)
			if doc < next || int(doc) >= documents {
				return nil, fmt.Errorf("the rows of field %q are out of order", v.field)
			}
			next = doc + 1
		}
	}
	return list, nil
}

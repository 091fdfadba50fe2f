package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"

	"github.com/tamis-search/tamis/index/dense"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// fieldEntry is the size of what the vectors section says of a field, and fieldEntry3
// what it was up to version 3.
const (
	fieldEntry  = 24
	fieldEntry3 = 16
)

// Vectors are those of one field. Only documents that have one, or passages, have a
// row among them.
type Vectors struct {
	// Sparse are the vectors where they are of vector.KindSparse, Dense where they are
	// of vector.KindDense; the others are nil.
	Sparse *impact.Segment
	Dense  *dense.Segment
	field  string
	kind   vector.Kind
	unit   vector.Unit
	rows   []byte
	data   []byte // what these read
	of     *Segment
}

// Kind says what the vectors are.
func (v *Vectors) Kind() vector.Kind { return v.kind }

// Unit says what they stand for.
func (v *Vectors) Unit() vector.Unit { return v.unit }

// structure is what every kind of vectors can say.
type structure interface {
	Rows() int
	Size() int
	Loss() float32
	Mask(visible func(row uint32) bool) topk.Mask
	Hide(m topk.Mask, rows []uint32) topk.Mask
}

func (v *Vectors) structure() structure {
	if v.Dense != nil {
		return v.Dense
	}
	return v.Sparse
}

// Rows is their number.
func (v *Vectors) Rows() int { return len(v.rows) / 4 }

// Numbers is how many weights or numbers they have.
func (v *Vectors) Numbers() uint64 {
	if v.Dense != nil {
		return uint64(v.Dense.Rows()) * uint64(v.Dense.Config().Dims)
	}
	return v.Sparse.Postings()
}

// Size is the number of their bytes.
func (v *Vectors) Size() int { return v.structure().Size() }

// Loss is the error of the stored numbers: the root of its mean square by that of the
// numbers given.
func (v *Vectors) Loss() float32 { return v.structure().Loss() }

// Mask shows the rows for which visible is true.
func (v *Vectors) Mask(visible func(row uint32) bool) topk.Mask { return v.structure().Mask(visible) }

// Hide is m, a Mask of v, less some rows.
func (v *Vectors) Hide(m topk.Mask, rows []uint32) topk.Mask { return v.structure().Hide(m, rows) }

// Row is the document or passage row of a row of the vectors. A row beyond the last,
// which only damage can lead to, is taken for the first.
func (v *Vectors) Row(row uint32) uint32 {
	if int(row) >= v.Rows() {
		row = 0
	}
	return binary.LittleEndian.Uint32(v.rows[4*int(row):])
}

// Document is the document row of a row of the vectors.
func (v *Vectors) Document(row uint32) uint32 {
	if v.unit == vector.Passages {
		return v.of.DocumentOf(v.Row(row))
	}
	return v.Row(row)
}

// OfDocument is the half-open range of the rows that a document row has, its
// passages' too.
func (v *Vectors) OfDocument(doc uint32) (first, end uint32) {
	from, to := doc, doc+1
	if v.unit == vector.Passages {
		from, to = v.of.PassageRows(doc)
	}
	return v.from(from), v.from(to)
}

// from is the first row of a unit's, or of one after it.
func (v *Vectors) from(unit uint32) uint32 {
	return uint32(sort.Search(v.Rows(), func(i int) bool { return v.Row(uint32(i)) >= unit }))
}

// Find is the row of a document or passage row, where it has a vector.
func (v *Vectors) Find(unit uint32) (row uint32, ok bool) {
	row = v.from(unit)
	return row, int(row) < v.Rows() && v.Row(row) == unit
}

// EachPart calls f with the passage rows of a document that parts have the ranges of.
func (s *Segment) EachPart(doc uint32, parts vector.Parts, f func(passage uint32, v vector.Value)) {
	first, end := s.PassageRows(doc)
	for row := first; row < end && len(parts) > 0; row++ {
		from, to := s.Range(row)
		for len(parts) > 0 && parts[0].Start < from {
			parts = parts[1:]
		}
		if len(parts) > 0 && parts[0].Start == from && parts[0].End == to {
			f(row, parts[0].Vector)
		}
	}
}

// Fields names the fields that have vectors, ascending.
func (s *Segment) Fields() []string {
	var names []string
	for _, v := range s.vectors {
		names = append(names, v.field)
	}
	return names
}

// Vectors are those of a field; nil where nothing has one.
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
func (b *Builder) AddVector(field string, v vector.Value) {
	b.field(field).Add(uint32(b.numDocs-1), v)
}

// AddPassageVector is AddVector for the passage added last.
func (b *Builder) AddPassageVector(field string, v vector.Value) {
	b.field(field).add(vector.Passages, uint32(b.numPass-1), v)
}

func (b *Builder) field(name string) *FieldVectors {
	f := b.vectors[name]
	if f == nil {
		f = &FieldVectors{}
		b.vectors[name] = f
	}
	return f
}

func (b *Builder) buildVectors(fields map[string]vector.Field) ([]byte, error) {
	var w vectorsWriter
	for _, name := range slices.Sorted(maps.Keys(b.vectors)) {
		f, err := b.vectors[name].build(name, fields[name])
		if err != nil {
			return nil, err
		}
		w.add(f)
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
		out := storedField{name: name}
		var m merging
		passages := uint32(0) // kept of the parts before
		for i, p := range parts {
			to, kept := rows[i], passages
			if v := p.Segment.Vectors(name); v != nil {
				if m.parts > 0 && (v.kind != out.kind || v.unit != out.unit) {
					return nil, fmt.Errorf("field %q: %w: it has %s vectors of the unit %s, and %s ones of the unit %s", name, vector.ErrKind, out.kind, out.unit, v.kind, v.unit)
				}
				out.kind, out.unit = v.kind, v.unit
				m.add(v, func(row uint32) bool { return to[v.Document(row)] >= 0 })
				out.rows = v.appendKept(out.rows, to, kept)
			}
			passages += p.Segment.keptPassages(to)
		}
		if len(out.rows) == 0 {
			continue
		}
		var err error
		if out.data, err = m.bytes(); err != nil {
			return nil, fmt.Errorf("field %q: %w", name, err)
		}
		w.add(out)
	}
	return w.bytes(), nil
}

// merging is the vectors of a field that are merged, of one kind.
type merging struct {
	parts  int
	sparse []impact.Part
	conf   impact.Config
	dense  []dense.Part
}

func (m *merging) add(v *Vectors, keep func(row uint32) bool) {
	m.parts++
	if v.Dense != nil {
		m.dense = append(m.dense, dense.Part{Segment: v.Dense, Keep: keep})
		return
	}
	m.conf = v.Sparse.Config()
	m.sparse = append(m.sparse, impact.Part{Segment: v.Sparse, Keep: keep})
}

func (m *merging) bytes() ([]byte, error) {
	if len(m.dense) > 0 {
		return dense.Merge(m.dense)
	}
	return impact.Merge(m.conf, m.sparse)
}

// appendKept appends the new rows of what the kept vectors stand for. to maps
// document rows, and passages are kept of segments before.
func (v *Vectors) appendKept(rows []uint32, to []int64, passages uint32) []uint32 {
	at := uint32(0) // the document whose first passage is the next one
	for row := range uint32(v.Rows()) {
		doc := v.Document(row)
		if to[doc] < 0 {
			continue
		}
		if v.unit == vector.Documents {
			rows = append(rows, uint32(to[doc]))
			continue
		}
		for ; at < doc; at++ {
			if first, end := v.of.PassageRows(at); to[at] >= 0 {
				passages += end - first
			}
		}
		rows = append(rows, passages+v.Row(row)-v.of.firstPassage(doc))
	}
	return rows
}

// keptPassages counts the passages of the documents that to keeps.
func (s *Segment) keptPassages(to []int64) (n uint32) {
	for doc, row := range to {
		if row >= 0 {
			first, end := s.PassageRows(uint32(doc))
			n += end - first
		}
	}
	return n
}

// storedField is what the vectors section holds of a field.
type storedField struct {
	name string
	kind vector.Kind
	unit vector.Unit
	rows []uint32
	data []byte
}

// vectorsWriter puts the vectors section together.
type vectorsWriter struct{ fields []storedField }

func (w *vectorsWriter) add(f storedField) { w.fields = append(w.fields, f) }

// bytes is the section; nil without a field.
func (w *vectorsWriter) bytes() []byte {
	if len(w.fields) == 0 {
		return nil
	}
	size := 4
	for _, f := range w.fields {
		size += fieldEntry + len(f.name)
	}
	for _, f := range w.fields {
		size = aligned(aligned(size)+4*len(f.rows)) + len(f.data)
	}
	out := binary.LittleEndian.AppendUint32(make([]byte, 0, size), uint32(len(w.fields)))
	for _, f := range w.fields {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(f.name)))
		out = binary.LittleEndian.AppendUint32(out, uint32(len(f.rows)))
		out = binary.LittleEndian.AppendUint64(out, uint64(len(f.data)))
		out = append(out, byte(f.kind), byte(f.unit), 0, 0, 0, 0, 0, 0)
	}
	for _, f := range w.fields {
		out = append(out, f.name...)
	}
	for _, f := range w.fields {
		out = pad(out)
		for _, row := range f.rows {
			out = binary.LittleEndian.AppendUint32(out, row)
		}
		out = append(pad(out), f.data...)
	}
	return out
}

// openVectors reads the section; one that is not there has no field. The error wraps
// ErrNewer where a field is of a kind or a unit that is not known.
func (s *Segment) openVectors(sec []byte) error {
	if len(sec) == 0 {
		return nil
	}
	size := fieldEntry
	if s.version <= 3 {
		size = fieldEntry3
	}
	short := errors.New("section cut short")
	if len(sec) < 4 {
		return short
	}
	n := int(binary.LittleEndian.Uint32(sec))
	if n > (len(sec)-4)/size {
		return short
	}
	pos := uint64(4 + n*size)
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
		e := sec[4+i*size:][:size]
		name, ok := take(uint64(binary.LittleEndian.Uint32(e)), 1)
		if !ok {
			return short
		}
		list[i] = &Vectors{field: string(name), of: s}
		if i > 0 && list[i].field <= list[i-1].field {
			return errors.New("fields are out of order")
		}
		if size == fieldEntry {
			list[i].kind, list[i].unit = vector.Kind(e[16]), vector.Unit(e[17])
		}
		if v := list[i]; v.kind > vector.KindDense || v.unit > vector.Passages {
			return fmt.Errorf("%w: field %q has vectors of the kind %s and the unit %s, which this program does not read", ErrNewer, v.field, v.kind, v.unit)
		}
	}
	for i, v := range list {
		e := sec[4+i*size:]
		rows := binary.LittleEndian.Uint32(e[4:])
		units, ok := take(4*uint64(rows), alignment)
		data, ok2 := take(binary.LittleEndian.Uint64(e[8:]), alignment)
		if !ok || !ok2 {
			return short
		}
		v.rows = units
		if err := v.open(data); err != nil {
			return fmt.Errorf("field %q: %w", v.field, err)
		}
	}
	s.vectors = list
	return nil
}

// open opens the vectors and checks what their rows stand for.
func (v *Vectors) open(data []byte) (err error) {
	if v.data = data; v.kind == vector.KindDense {
		v.Dense, err = dense.Open(data)
	} else {
		v.Sparse, err = impact.Open(data)
	}
	if err != nil {
		return err
	}
	if n := v.structure().Rows(); n != v.Rows() {
		return fmt.Errorf("it has %d vectors in %d rows", n, v.Rows())
	}
	end := v.of.numDocs
	if v.unit == vector.Passages {
		end = v.of.numPass
	}
	next := uint32(0)
	for row := range uint32(v.Rows()) {
		at := v.Row(row)
		if at < next || int(at) >= end {
			return errors.New("its rows are out of order")
		}
		next = at + 1
	}
	return nil
}

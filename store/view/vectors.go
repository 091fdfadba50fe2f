package view

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// VectorSpace is the vectors of a field in one segment, with those that can be
// seen.
type VectorSpace struct {
	Segment int // as Spaces count them
	Vectors *segment.Vectors
	Visible topk.Mask
}

// VectorSpaces are the vectors of a field, in order of addition; segments
// without any are left out.
func (v *View) VectorSpaces(field string) []VectorSpace {
	var out []VectorSpace
	for i := range v.segments {
		o := &v.segments[i]
		x := o.file.seg.Vectors(field)
		if x == nil {
			continue
		}
		s := VectorSpace{Segment: i, Vectors: x}
		if o.shown != nil {
			s.Visible = o.shown.mask(field, x)
		}
		for _, f := range o.filters {
			s.Visible = s.Visible.And(f.mask(field, x))
		}
		out = append(out, s)
	}
	return out
}

// QueryVector is a valid vector as those of a field f are compared with it: its terms
// numbered, less those that no document has; of the length 1 where directions are
// compared. The error says why it cannot be.
func (v *View) QueryVector(f vector.Field, q vector.Value) (vector.Value, error) {
	if n, ok := q.(vector.Named); ok {
		x, err := v.base.names.Of(n, false)
		if err != nil {
			return nil, err
		}
		q = x
	}
	f.Bits = 0 // a query has all of its bits
	if err := f.Fits(q); err != nil {
		return nil, err
	}
	return f.Compared(q), nil
}

// shown are document rows that can be seen, and the masks of fields that follow:
// they are made once, for many searches.
type shown struct {
	docs  Bits
	mu    sync.Mutex
	masks map[string]topk.Mask
}

func (s *shown) mask(field string, v *segment.Vectors) topk.Mask {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.masks[field]
	if !ok {
		m = v.Mask(func(row uint32) bool { return s.docs.Has(v.Document(row)) })
		if s.masks == nil {
			s.masks = map[string]topk.Mask{}
		}
		s.masks[field] = m
	}
	return m
}

// VectorField says how a field stores its vectors.
type VectorField = vector.Field

// VectorStats counts a field of vectors.
type VectorStats struct {
	Field string `json:"field"`
	VectorField
	Documents  int   `json:"documents"`   // or passages: what has a vector
	Weights    int64 `json:"weights"`     // or numbers; of deleted documents too, until they are merged away
	IndexBytes int64 `json:"index_bytes"` // of segments
	// Loss is the error of the stored weights when segments were built: the root of
	// its mean square by that of the weights, the greatest over segments.
	Loss float32 `json:"loss"`
}

// VectorStats counts the vectors of fields, ascending.
func (v *View) VectorStats(fields map[string]vector.Field) (list []VectorStats) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		st := VectorStats{Field: name, VectorField: fields[name]}
		for i := range v.segments {
			o := &v.segments[i]
			x := o.file.seg.Vectors(name)
			if x == nil {
				continue
			}
			st.Weights += int64(x.Numbers())
			st.IndexBytes += int64(x.Size())
			st.Loss = max(st.Loss, x.Loss())
			st.Documents += o.rowsSeen(x)
		}
		list = append(list, st)
	}
	return list
}

// rowsSeen counts the rows of documents that are not deleted.
func (o *Segment) rowsSeen(x *segment.Vectors) int {
	if o.shown == nil {
		return x.Rows()
	}
	n := 0
	for row := range uint32(x.Rows()) {
		if o.shown.docs.Has(x.Document(row)) {
			n++
		}
	}
	return n
}

// checkVectors says in which field the segment has not as many vectors as the
// store has for its documents.
func (o *Segment) checkVectors(rows map[string]int) (reason string) {
	for _, field := range o.file.seg.Fields() {
		if _, ok := rows[field]; !ok {
			rows[field] = 0
		}
	}
	for _, field := range slices.Sorted(maps.Keys(rows)) {
		seen := 0
		if x := o.file.seg.Vectors(field); x != nil {
			seen = o.rowsSeen(x)
		}
		if seen != rows[field] {
			return fmt.Sprintf("segment %d holds %d vectors in field %q, the store %d", o.Entry.ID, seen, field, rows[field])
		}
	}
	return ""
}

// without is what is left of s (nil: of all), docs, when some documents are gone:
// its masks are those of s, less these.
func (s *shown) without(gone []uint32, docs Bits, seg *segment.Segment) *shown {
	next := &shown{docs: docs, masks: map[string]topk.Mask{}}
	if s == nil {
		return next
	}
	s.mu.Lock()
	masks := maps.Clone(s.masks)
	s.mu.Unlock()
	for field, m := range masks {
		v := seg.Vectors(field)
		var rows []uint32
		for _, doc := range gone {
			for row, end := v.OfDocument(doc); row < end; row++ {
				rows = append(rows, row)
			}
		}
		next.masks[field] = v.Hide(m, rows)
	}
	return next
}

// PassageVectors returns a function that finds the vector of a passage in a field of
// dense vectors of passages; nil where it has none.
func (v *View) PassageVectors(field string) func(passage Row) vector.Dense {
	return func(passage Row) vector.Dense {
		x := v.segments[passage.Segment].file.seg.Vectors(field)
		if x == nil || x.Dense == nil || x.Unit() != vector.Passages {
			return nil
		}
		row, ok := x.Find(passage.Row)
		if !ok {
			return nil
		}
		return x.Dense.Vector(row)
	}
}

// Whole says whether each passage of a document has a vector in a field; of sparse ones
// any, since a model may have nothing to say of a passage.
func (v *View) Whole(doc Row, field string) bool {
	first, end := v.PassageRows(doc)
	if first == end {
		return true
	}
	x := v.segments[doc.Segment].file.seg.Vectors(field)
	if x == nil || x.Unit() != vector.Passages {
		return false
	}
	from, to := x.OfDocument(doc.Row)
	return to-from == end-first || x.Kind() == vector.KindSparse && to > from
}

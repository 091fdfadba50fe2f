package view

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/vector"
)

// VectorSpace is the vectors of a field in one segment, with those that can be
// seen.
type VectorSpace struct {
	Segment int // as Spaces count them
	Vectors *segment.Vectors
	Visible impact.Mask
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

// QueryVector is a vector with its terms numbered, less those that no document
// has.
func (v *View) QueryVector(n vector.Named) (vector.Sparse, error) { return v.base.names.Of(n, false) }

// shown are document rows that can be seen, and the masks of fields that follow:
// they are made once, for many searches.
type shown struct {
	docs  Bits
	mu    sync.Mutex
	masks map[string]impact.Mask
}

func (s *shown) mask(field string, v *segment.Vectors) impact.Mask {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.masks[field]
	if !ok {
		m = v.Sparse.Mask(func(row uint32) bool { return s.docs.Has(v.Document(row)) })
		if s.masks == nil {
			s.masks = map[string]impact.Mask{}
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
	Documents  int   `json:"documents"`
	Weights    int64 `json:"weights"`     // of deleted documents too, until they are merged away
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
			st.Weights += int64(x.Sparse.Postings())
			st.IndexBytes += int64(x.Sparse.Size())
			st.Loss = max(st.Loss, x.Sparse.Loss())
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
	next := &shown{docs: docs, masks: map[string]impact.Mask{}}
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
		next.masks[field] = v.Sparse.Hide(m, rows)
	}
	return next
}

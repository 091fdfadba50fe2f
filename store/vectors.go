package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/vector"
)

// maxWeights bounds the weights that one document's vectors have together.
const maxWeights = 1 << 24

// vectorsOf numbers the vectors of a document.
func (s *Store) vectorsOf(d *corpus.Document) (record.Vectors, error) {
	if len(d.Vectors) == 0 {
		return nil, nil
	}
	out := make(record.Vectors, len(d.Vectors))
	for _, field := range slices.Sorted(maps.Keys(d.Vectors)) {
		err := d.Vectors[field].Validate()
		if err != nil {
			return nil, &DocumentError{d.ID, fmt.Sprintf("field %q: %v", field, err)}
		}
		if out[field], err = s.number(d.Vectors[field], true); err != nil {
			return nil, err
		}
	}
	return out, s.checkVectors(d.ID, out)
}

// checkVectors says why the vectors of a document cannot be stored.
func (s *Store) checkVectors(id string, v record.Vectors) error {
	if n := v.Weights(); n > maxWeights {
		return &DocumentError{id, fmt.Sprintf("its vectors have %d weights, more than the %d that one document may have", n, maxWeights)}
	}
	for field := range v {
		if err := s.useField(field); err != nil {
			return &DocumentError{id, err.Error()}
		}
	}
	return nil
}

// VectorSpace is the vectors of a field in one segment, with those that can be
// seen.
type VectorSpace struct {
	Segment int // as Spaces count them
	Vectors *segment.Vectors
	Visible impact.Mask
}

// VectorSpaces are the vectors of a field, in order of addition; segments
// without any are left out.
func (v *Snapshot) VectorSpaces(field string) []VectorSpace {
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

// VectorFields names the fields of vectors that documents have had, and those
// that Options name, ascending.
func (s *Store) VectorFields() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := maps.Clone(s.wanted)
	maps.Copy(all, s.fields)
	return slices.Sorted(maps.Keys(all))
}

// QueryVector is a vector with its terms numbered, less those that no document
// has.
func (v *Snapshot) QueryVector(n vector.Named) (vector.Sparse, error) { return v.s.number(n, false) }

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

func (v *Snapshot) vectorStats() (list []VectorStats) {
	v.s.mu.Lock()
	fields := maps.Clone(v.s.fields)
	v.s.mu.Unlock()
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
func (o *openSegment) rowsSeen(x *segment.Vectors) int {
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
func (o *openSegment) checkVectors(rows map[string]int) (reason string) {
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
			return fmt.Sprintf("segment %d holds %d vectors in field %q, the store %d", o.entry.ID, seen, field, rows[field])
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

// weightBytes is what merging vectors takes in memory for each weight, in the
// units of a segment's size: it is bounded as what other merging takes.
const weightBytes = 8

// oneSegment says whether one segment can hold the vectors of some, and be built
// in the memory that one of so many bytes may take.
func oneSegment(segs []openSegment, most int) bool {
	rows, weights := map[string]int{}, map[string]uint64{}
	for i := range segs {
		for _, field := range segs[i].file.seg.Fields() {
			x := segs[i].file.seg.Vectors(field)
			rows[field] += x.Rows()
			weights[field] += x.Sparse.Postings()
			if !impact.Fits(rows[field], weights[field]) || weights[field] > uint64(most/weightBytes) {
				return false
			}
		}
	}
	return true
}

// recordVectors writes the vectors of a document under its ordinal.
func (b *Batch) recordVectors(h *Header, value []byte, attached record.Vectors) error {
	var err error
	if h.Vectors != nil {
		err = b.records.Set(record.VectorsKey(h.Ordinal), value, nil)
	}
	for field, x := range attached {
		b.s.attachedEver.Store(true)
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

package store

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/vector"
)

// VectorField says how a field stores its vectors. It is stored when the field
// is used first.
type VectorField struct {
	// Bits of a stored weight: 8, 16, or 32 (the default), the weight itself.
	Bits int `json:"bits"`
	// Max is the weight that the greatest step of 8 or 16 bits stands for; what is
	// greater counts as Max.
	Max float32 `json:"max,omitempty"`
}

var precisions = map[int]impact.Precision{8: impact.Bits8, 16: impact.Bits16, 32: impact.Float32}

// config has the same unit for all segments, so that no score depends on how
// documents are spread over them.
func (f VectorField) config() impact.Config {
	c := impact.Config{Precision: precisions[f.Bits]}
	if f.Bits != 32 {
		c.Unit = f.Max / float32(f.steps())
	}
	return c
}

func (f VectorField) steps() int { return 1<<f.Bits - 1 }

// complete fills in the default and says what is wrong.
func (f *VectorField) complete(name string) error {
	if f.Bits == 0 {
		f.Bits = 32
	}
	_, ok := precisions[f.Bits]
	switch {
	case name == "" || !utf8.ValidString(name):
		return fmt.Errorf("a field of vectors has the name %q: it must be valid UTF-8 and not empty", name)
	case !ok:
		return fmt.Errorf("field %q: %d bits a weight: use 8, 16 or 32", name, f.Bits)
	case f.Bits == 32:
		f.Max = 0
	case !(f.Max >= 0 && f.Max < math.MaxFloat32) || f.Max > 0 && f.config().Unit < math.SmallestNonzeroFloat32:
		return fmt.Errorf("field %q: the greatest weight cannot be %g", name, f.Max)
	}
	return nil
}

// openFields takes the stored fields over and notes how new ones are to be.
func (s *Store) openFields(stored, wanted map[string]VectorField) error {
	s.fields, s.wanted = maps.Clone(stored), map[string]VectorField{}
	if s.fields == nil {
		s.fields = map[string]VectorField{}
	}
	for name, f := range wanted {
		bits := f.Bits
		if err := f.complete(name); err != nil {
			return err
		}
		if have, ok := stored[name]; ok && (bits != 0 && bits != have.Bits || f.Max != 0 && f.Max != have.Max) {
			return fmt.Errorf("index %s: %w: its field %q has %d bits a weight and the greatest weight %g", s.dir, ErrConfig, name, have.Bits, have.Max)
		}
		s.wanted[name] = f
	}
	return nil
}

// useField fixes how a field stores its vectors.
func (s *Store) useField(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.fields[name]; ok {
		return nil
	}
	f := s.wanted[name]
	if err := f.complete(name); err != nil {
		return err
	}
	if f.Bits != 32 && f.Max == 0 {
		return fmt.Errorf("field %q keeps %d bits a weight: say which weight is the greatest (Max)", name, f.Bits)
	}
	s.fields[name] = f
	return nil
}

// NeedsMax says whether a field is to keep 8 or 16 bits a weight and does not know
// its greatest weight yet, and what the greatest step of its weights is.
func (s *Store) NeedsMax(field string) (steps int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, used := s.fields[field]
	f := s.wanted[field]
	return f.steps(), !used && (f.Bits == 8 || f.Bits == 16) && f.Max == 0
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
func (s *Store) fieldConfigs() map[string]impact.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	configs := make(map[string]impact.Config, len(s.fields))
	for name, f := range s.fields {
		configs[name] = f.config()
	}
	return configs
}

// maxWeights bounds the weights that one document's vectors have together.
const maxWeights = 1 << 24

// vectors are those of one document, by field.
type vectors map[string]vector.Sparse

func (v vectors) weights() (n int) {
	for _, x := range v {
		n += x.Len()
	}
	return n
}

// vectorsOf numbers the vectors of a document.
func (s *Store) vectorsOf(d *corpus.Document) (vectors, error) {
	if len(d.Vectors) == 0 {
		return nil, nil
	}
	out := make(vectors, len(d.Vectors))
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
func (s *Store) checkVectors(id string, v vectors) error {
	if n := v.weights(); n > maxWeights {
		return &DocumentError{id, fmt.Sprintf("its vectors have %d weights, more than the %d that one document may have", n, maxWeights)}
	}
	for field := range v {
		if err := s.useField(field); err != nil {
			return &DocumentError{id, err.Error()}
		}
	}
	return nil
}

// PutVector gives the document with an id a vector in a field, beside the
// vectors it has. Where there is no such document d, whose id it is, becomes one.
func (b *Batch) PutVector(d corpus.Document, field string, x vector.Sparse) (Outcome, error) {
	if b.err != nil {
		return 0, b.err
	}
	if err := x.Validate(); err != nil {
		return 0, &DocumentError{d.ID, fmt.Sprintf("field %q: %v", field, err)}
	}
	if x.Len() == 0 {
		return 0, &DocumentError{d.ID, fmt.Sprintf("field %q: %v", field, vector.ErrEmpty)}
	}
	if b.changes[d.ID] != nil {
		if err := b.Flush(); err != nil {
			return 0, err
		}
	}
	v, err := b.s.Snapshot()
	if err != nil {
		return 0, err
	}
	defer v.Release()
	h, err := v.stored(d.ID)
	if err != nil {
		return 0, err
	}
	all := vectors{}
	if h != nil {
		stored, err := v.Document(h)
		if err != nil {
			return 0, err
		}
		d = *stored
		if all, err = v.vectors(h); err != nil {
			return 0, err
		}
		if all == nil {
			all = vectors{}
		}
	}
	all[field] = x
	if err := b.s.checkVectors(d.ID, all); err != nil {
		return 0, err
	}
	return b.put(d, all)
}

// vectors reads the vectors of a document.
func (v *Snapshot) vectors(h *Header) (vectors, error) {
	if h.Vectors == nil {
		return nil, nil
	}
	b, err := getFrom(v.kv, ordinalKey(keyVectors, h.Ordinal))
	if err != nil {
		return nil, fmt.Errorf("document %q: %w: its vectors: %w", h.ID, ErrCorrupt, err)
	}
	if !slices.Equal(vectorsDigest(b), h.Vectors) {
		return nil, fmt.Errorf("document %q: %w: its vectors do not match their digest", h.ID, ErrCorrupt)
	}
	all, err := decodeVectors(b)
	if err != nil {
		return nil, fmt.Errorf("document %q: %w", h.ID, err)
	}
	return all, nil
}

// vectorsDigest is the beginning of the SHA-256 of a record of vectors.
func vectorsDigest(record []byte) []byte {
	sum := sha256.Sum256(record)
	return sum[:16]
}

// scales are what weights of a document are whole numbers of, if they are: those
// of impacts, and of files that were rounded. 0 stands for float32.
var scales = []float32{0, 1, 100, 1000, 10000}

// whole is the number of 1/scale that a weight is exactly.
func whole(w, scale float32) (uint32, bool) {
	n := math.Round(float64(w) * float64(scale))
	return uint32(n), n < 1<<21 && float32(n)/scale == w
}

// appendVectors encodes vectors: uvarint number of fields, then for each,
// ascending by name: uvarint length and bytes of the name, uvarint number of
// weights, a byte that names one of scales, and for each weight uvarint of the
// difference to the term before and the weight, a uvarint of whole numbers or the
// four bytes of a float32.
func appendVectors(b []byte, v vectors) []byte {
	b = binary.AppendUvarint(b, uint64(len(v)))
	for _, field := range slices.Sorted(maps.Keys(v)) {
		x := v[field]
		b = binary.AppendUvarint(b, uint64(len(field)))
		b = append(b, field...)
		b = binary.AppendUvarint(b, uint64(x.Len()))
		scale := max(0, slices.IndexFunc(scales, func(scale float32) bool {
			return scale > 0 && !slices.ContainsFunc(x.Weights, func(w float32) bool { _, ok := whole(w, scale); return !ok })
		}))
		b = append(b, byte(scale))
		last := uint32(0)
		for i, t := range x.Terms {
			b = binary.AppendUvarint(b, uint64(t-last))
			last = t
			if scale == 0 {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x.Weights[i]))
				continue
			}
			n, _ := whole(x.Weights[i], scales[scale])
			b = binary.AppendUvarint(b, uint64(n))
		}
	}
	return b
}

func decodeVectors(b []byte) (vectors, error) {
	d := decoder{b: b}
	v := vectors{}
	for n := d.uvarint(); n > 0 && d.err == nil; n-- {
		field := d.string()
		size := d.uvarint()
		scale := int(d.byte())
		if size > uint64(len(d.b)) || scale >= len(scales) {
			return nil, errDecode
		}
		x := vector.Sparse{Terms: make([]uint32, size), Weights: make([]float32, size)}
		last := uint64(0)
		for i := range x.Terms {
			last += d.uvarint()
			x.Terms[i] = uint32(last)
			if scale > 0 {
				x.Weights[i] = float32(uint32(d.uvarint())) / scales[scale]
			} else if len(d.b) >= 4 {
				x.Weights[i] = math.Float32frombits(binary.LittleEndian.Uint32(d.b))
				d.b = d.b[4:]
			} else {
				d.fail()
			}
		}
		if d.err == nil && x.Validate() != nil {
			return nil, errDecode
		}
		v[field] = x
	}
	return v, d.done()
}

// VectorSpace is the vectors of a field in one segment.
type VectorSpace struct {
	impact.Source
	segment int
	vectors *segment.Vectors
}

// Document is the document that a row stands for.
func (s *VectorSpace) Document(row uint32) Row { return Row{s.segment, s.vectors.Document(row)} }

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
		s := VectorSpace{Source: impact.Source{Segment: x.Segment}, segment: i, vectors: x}
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
		m = v.Mask(func(row uint32) bool { return s.docs.Has(v.Document(row)) })
		if s.masks == nil {
			s.masks = map[string]impact.Mask{}
		}
		s.masks[field] = m
	}
	return m
}

// recordVectors writes the vectors of a document under its ordinal.
func (b *Batch) recordVectors(h *Header, record []byte) error {
	if h.Vectors == nil {
		return nil
	}
	return b.records.Set(ordinalKey(keyVectors, h.Ordinal), record, nil)
}

// removeVectors deletes the vectors of a document.
func removeVectors(kv *pebble.Batch, h *Header) error {
	if h.Vectors == nil {
		return nil
	}
	return kv.Delete(ordinalKey(keyVectors, h.Ordinal), nil)
}

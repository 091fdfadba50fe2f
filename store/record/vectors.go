package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/tamis-search/tamis/vector"
)

// Vectors are those of one document, by field, their terms numbered.
type Vectors map[string]vector.Sparse

// Weights is how many weights they have together.
func (v Vectors) Weights() (n int) {
	for _, x := range v {
		n += x.Len()
	}
	return n
}

// With is a copy of v with more instead of what v has in the same fields.
func (v Vectors) With(more Vectors) Vectors {
	all := make(Vectors, len(v)+len(more))
	maps.Copy(all, v)
	maps.Copy(all, more)
	return all
}

// VectorsDigest is the beginning of the SHA-256 of a record of vectors.
func VectorsDigest(record []byte) []byte {
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

// AppendVectors encodes vectors: uvarint number of fields, then for each,
// ascending by name: uvarint length and bytes of the name, uvarint number of
// weights, a byte that names one of scales, and for each weight uvarint of the
// difference to the term before and the weight, a uvarint of whole numbers or the
// four bytes of a float32.
func AppendVectors(b []byte, v Vectors) []byte {
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

// DecodeVectors reads what AppendVectors wrote.
func DecodeVectors(b []byte) (Vectors, error) {
	d := decoder{b: b}
	v := Vectors{}
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

// AppendAttached encodes an attached vector: its VectorsDigest, then what
// AppendVectors writes of it and its field.
func AppendAttached(b []byte, field string, v vector.Sparse) []byte {
	value := AppendVectors(nil, Vectors{field: v})
	return append(append(b, VectorsDigest(value)...), value...)
}

// DecodeAttached reads what AppendAttached wrote for a field.
func DecodeAttached(b []byte, field string) (vector.Sparse, error) {
	const sum = 16
	if len(b) < sum || !bytes.Equal(VectorsDigest(b[sum:]), b[:sum]) {
		return vector.Sparse{}, fmt.Errorf("%w: it does not match its digest", ErrCorrupt)
	}
	all, err := DecodeVectors(b[sum:])
	if err != nil {
		return vector.Sparse{}, err
	}
	v, ok := all[field]
	if !ok || len(all) != 1 {
		return vector.Sparse{}, fmt.Errorf("%w: it is of another field", ErrCorrupt)
	}
	return v, nil
}

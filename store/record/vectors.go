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

// Vectors are those of one document, by field, their terms numbered: vector.Sparse,
// vector.Dense, vector.Multi, or vector.Parts of these.
type Vectors map[string]vector.Value

// Numbers is how many weights and numbers they have together.
func (v Vectors) Numbers() (n int) {
	for _, x := range v {
		n += vector.Numbers(x)
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

// What stands in the place of a scale where vectors are not sparse.
const (
	codeDense = 16 + iota
	codeMulti
	codeParts
)

// AppendVectors encodes vectors: uvarint number of fields, then for each, ascending by
// name, uvarint length and bytes of the name, and its vector: a uvarint, a byte that
// says what it is, and
//
//	below 16  a sparse one, of so many weights; the byte names one of scales. For each
//	          weight uvarint of the difference to the term before and the weight, a
//	          uvarint of whole numbers or the four bytes of a float32
//	16        a dense one: so many float32
//	17        so many dense ones: uvarint how many float32 each has, then these
//	18        vectors of so many parts: for each uvarint of the bytes since the end of
//	          the part before, uvarint length, and its vector
func AppendVectors(b []byte, v Vectors) []byte {
	b = binary.AppendUvarint(b, uint64(len(v)))
	for _, field := range slices.Sorted(maps.Keys(v)) {
		b = binary.AppendUvarint(b, uint64(len(field)))
		b = append(b, field...)
		b = appendVector(b, v[field])
	}
	return b
}

func appendVector(b []byte, v vector.Value) []byte {
	switch x := v.(type) {
	case vector.Sparse:
		b = appendSparse(b, x)
	case vector.Dense:
		b = appendFloats(append(binary.AppendUvarint(b, uint64(len(x))), codeDense), x)
	case vector.Multi:
		b = append(binary.AppendUvarint(b, uint64(len(x))), codeMulti)
		b = binary.AppendUvarint(b, uint64(vector.Dims(x)))
		for _, d := range x {
			b = appendFloats(b, d)
		}
	case vector.Parts:
		b = append(binary.AppendUvarint(b, uint64(len(x))), codeParts)
		end := 0
		for _, p := range x {
			b = binary.AppendUvarint(b, uint64(p.Start-end))
			b = binary.AppendUvarint(b, uint64(p.End-p.Start))
			b = appendVector(b, p.Vector)
			end = p.End
		}
	}
	return b
}

func appendFloats(b []byte, d vector.Dense) []byte {
	for _, x := range d {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func appendSparse(b []byte, x vector.Sparse) []byte {
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
	return b
}

// DecodeVectors reads what AppendVectors wrote.
func DecodeVectors(b []byte) (Vectors, error) {
	d := decoder{b: b}
	v := Vectors{}
	for n := d.uvarint(); n > 0 && d.err == nil; n-- {
		field := d.string()
		x := d.vector(true)
		if d.err == nil && x.Validate() != nil {
			return nil, errDecode
		}
		v[field] = x
	}
	return v, d.done()
}

// vector reads one vector; parts may be one.
func (d *decoder) vector(parts bool) vector.Value {
	size := d.uvarint()
	code := d.byte()
	if size > uint64(len(d.b)) {
		d.fail()
		return nil
	}
	switch {
	case int(code) < len(scales):
		return d.sparse(int(size), scales[code])
	case code == codeDense:
		return d.floats(size)
	case code == codeMulti:
		dims := d.uvarint()
		if dims > uint64(len(d.b))/4/max(size, 1) {
			d.fail()
			return nil
		}
		m := make(vector.Multi, size)
		for i := range m {
			m[i] = d.floats(dims)
		}
		return m
	case code == codeParts && parts:
		p := vector.Parts{}
		at := uint64(0)
		for ; size > 0 && d.err == nil; size-- {
			start := at + d.uvarint()
			if at = start + d.uvarint(); at > math.MaxUint32 || start > at {
				d.fail()
				return nil
			}
			p = append(p, vector.Part{Start: int(start), End: int(at), Vector: d.vector(false)})
		}
		return p
	}
	d.fail()
	return nil
}

func (d *decoder) floats(n uint64) vector.Dense {
	if n > uint64(len(d.b))/4 {
		d.fail()
		return nil
	}
	v := make(vector.Dense, n)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(d.b[4*i:]))
	}
	d.b = d.b[4*n:]
	return v
}

func (d *decoder) sparse(size int, scale float32) vector.Sparse {
	x := vector.Sparse{Terms: make([]uint32, size), Weights: make([]float32, size)}
	last := uint64(0)
	for i := range x.Terms {
		last += d.uvarint()
		x.Terms[i] = uint32(last)
		if scale > 0 {
			x.Weights[i] = float32(uint32(d.uvarint())) / scale
		} else if len(d.b) >= 4 {
			x.Weights[i] = math.Float32frombits(binary.LittleEndian.Uint32(d.b))
			d.b = d.b[4:]
		} else {
			d.fail()
		}
	}
	return x
}

// AppendAttached encodes an attached vector: its VectorsDigest, then what
// AppendVectors writes of it and its field.
func AppendAttached(b []byte, field string, v vector.Value) []byte {
	value := AppendVectors(nil, Vectors{field: v})
	return append(append(b, VectorsDigest(value)...), value...)
}

// DecodeAttached reads what AppendAttached wrote for a field.
func DecodeAttached(b []byte, field string) (vector.Value, error) {
	const sum = 16
	if len(b) < sum || !bytes.Equal(VectorsDigest(b[sum:]), b[:sum]) {
		return nil, fmt.Errorf("%w: it does not match its digest", ErrCorrupt)
	}
	all, err := DecodeVectors(b[sum:])
	if err != nil {
		return nil, err
	}
	v, ok := all[field]
	if !ok || len(all) != 1 {
		return nil, fmt.Errorf("%w: it is of another field", ErrCorrupt)
	}
	return v, nil
}

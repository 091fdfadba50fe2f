package vector

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// MaxDims is the greatest number of numbers of a dense vector.
const MaxDims = 1 << 16

// maxLength bounds the length of a dense vector, so that the product of two, and
// every sum on the way to it, is a float32.
const maxLength = 1e18

// Similarity says what dense vectors are compared by.
type Similarity uint8

// The similarities.
const (
	// InnerProduct is that of the vectors as they are given.
	InnerProduct Similarity = iota
	// Cosine is the inner product of the vectors with the length 1.
	Cosine
)

var similarities = [...]string{"dot", "cosine"}

func (s Similarity) String() string { return nameOf(similarities[:], uint8(s)) }

// MarshalText writes dot or cosine.
func (s Similarity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *Similarity) UnmarshalText(text []byte) error {
	i, err := placeOf(similarities[:], "similarity of vectors", text)
	*s = Similarity(i)
	return err
}

// Dense is a vector by all its numbers, which are finite.
type Dense []float32

// Multi is several dense vectors with as many numbers each.
type Multi []Dense

// Kind is KindDense.
func (Dense) Kind() Kind { return KindDense }

// Kind is KindMulti.
func (Multi) Kind() Kind { return KindMulti }

// Length is the Euclidean length.
func (d Dense) Length() float64 {
	sum := 0.0
	for _, x := range d {
		sum += float64(float64(x) * float64(x))
	}
	return math.Sqrt(sum)
}

// Unit is d with the length 1; false where it has no length, or cannot have that one.
func (d Dense) Unit() (Dense, bool) {
	length := d.Length()
	if !(length > 0) {
		return nil, false
	}
	u := make(Dense, len(d))
	for i, x := range d {
		u[i] = float32(float64(x) / length)
	}
	return u, true
}

// Dot is the inner product with a vector of as many numbers, summed in their order.
func (d Dense) Dot(e Dense) float32 {
	sum := 0.0
	for i, x := range d {
		sum += float64(float64(x) * float64(e[i]))
	}
	return float32(sum)
}

// Validate says which number keeps d from being a vector, that it is empty, or too
// long for products to be numbers.
func (d Dense) Validate() error {
	if len(d) == 0 {
		return ErrEmpty
	}
	if len(d) > MaxDims {
		return fmt.Errorf("%w: a dense vector has %d numbers, more than %d", ErrFormat, len(d), MaxDims)
	}
	for i, x := range d {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return fmt.Errorf("%w: number %d of a dense vector is %g", ErrFormat, i+1, x)
		}
	}
	if length := d.Length(); length > maxLength {
		return fmt.Errorf("%w: a dense vector has the length %.3g, more than %g", ErrFormat, length, float64(maxLength))
	}
	return nil
}

// Validate says which of the vectors is none, or has another length.
func (m Multi) Validate() error {
	if len(m) == 0 {
		return ErrEmpty
	}
	for i, d := range m {
		if err := d.Validate(); err != nil {
			return fmt.Errorf("vector %d: %w", i+1, err)
		}
		if len(d) != len(m[0]) {
			return fmt.Errorf("%w: vector %d has %d numbers, the first %d", ErrFormat, i+1, len(d), len(m[0]))
		}
	}
	return nil
}

// Dims is how many numbers a dense vector has, or each of a multi-vector; 0 of a
// sparse one.
func Dims(v Value) int {
	switch v := v.(type) {
	case Dense:
		return len(v)
	case Multi:
		if len(v) > 0 {
			return len(v[0])
		}
	case Parts:
		if len(v) > 0 {
			return Dims(v[0].Vector)
		}
	}
	return 0
}

// Parse reads a vector of any kind: an object of term: weight (Named), a list of
// numbers (Dense), or a list of such lists (Multi).
func Parse(raw []byte) (Value, error) {
	if !json.Valid(raw) {
		return nil, jsonError(raw, json.Unmarshal(raw, new(any)))
	}
	i := skipBlank(raw, 0)
	var v Value
	var err error
	switch kind, ok := kindOf(raw[i:]); {
	case !ok:
		return nil, fmt.Errorf(`%w: a vector is an object of term: weight, a list of numbers, or a list of lists`, ErrFormat)
	case kind == KindDense:
		v, _, err = parseDense(raw, i)
	case kind == KindMulti:
		v, err = parseMulti(raw, i)
	default:
		return ParseNamed(raw)
	}
	if err == nil {
		err = v.Validate()
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// parseDense reads the list of numbers at i of valid JSON, and returns the place
// after it.
func parseDense(raw []byte, i int) (Dense, int, error) {
	var d Dense
	for i++; ; {
		i = skipBlank(raw, i)
		if raw[i] == ',' {
			i = skipBlank(raw, i+1)
		}
		if raw[i] == ']' {
			return d, i + 1, nil
		}
		if !isNumber(raw[i]) || raw[i] == '+' {
			return nil, 0, fmt.Errorf("%w: item %d of a dense vector is not a number", ErrFormat, len(d)+1)
		}
		start := i
		for isNumber(raw[i]) {
			i++
		}
		// A number out of range gives ±Inf, which Validate finds.
		x, _ := strconv.ParseFloat(string(raw[start:i]), 32)
		d = append(d, float32(x))
	}
}

func parseMulti(raw []byte, i int) (Multi, error) {
	var m Multi
	for i++; ; {
		i = skipBlank(raw, i)
		if raw[i] == ',' {
			i = skipBlank(raw, i+1)
		}
		if raw[i] == ']' {
			return m, nil
		}
		if raw[i] != '[' {
			return nil, fmt.Errorf("%w: item %d of a multi-vector is not a list", ErrFormat, len(m)+1)
		}
		d, end, err := parseDense(raw, i)
		if err != nil {
			return nil, fmt.Errorf("vector %d: %w", len(m)+1, err)
		}
		m, i = append(m, d), end
	}
}

func isNumber(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// maxHalf is the greatest half-precision float.
const maxHalf = 65504

// Fits says why a valid vector cannot be one of a complete field, whose Dims may not
// be known yet. The error wraps ErrKind where it is of another kind.
func (f Field) Fits(v Value) error {
	if parts, ok := v.(Parts); ok {
		for i, p := range parts {
			if err := f.Fits(p.Vector); err != nil {
				return fmt.Errorf("part %d: %w", i+1, err)
			}
		}
		return nil
	}
	if v.Kind() != f.Kind {
		return fmt.Errorf("%w: a %s vector in a field of %s ones", ErrKind, v.Kind(), f.Kind)
	}
	switch n := Dims(v); {
	case f.Kind == KindSparse:
		return nil
	case f.Dims != 0 && n != f.Dims:
		return fmt.Errorf("%w: a vector of %d numbers, where those of the field have %d", ErrFormat, n, f.Dims)
	}
	all, ok := v.(Multi)
	if !ok {
		all = Multi{v.(Dense)}
	}
	for _, d := range all {
		if f.Similarity == Cosine {
			if d.Length() == 0 {
				return fmt.Errorf("%w: a vector of zeros has no direction, which is what the field compares", ErrFormat)
			}
			continue
		}
		for i, x := range d {
			if f.Bits == 16 && (x > maxHalf || x < -maxHalf) {
				return fmt.Errorf("%w: number %d of a dense vector is %g: 16 bits hold up to %d", ErrFormat, i+1, x, maxHalf)
			}
		}
	}
	return nil
}

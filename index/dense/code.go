package dense

import (
	"math"
	"math/bits"

	"github.com/tamis-search/tamis/internal/simd"
)

// A row's code is the signs of what its rotated numbers differ from its centroid's by
// (Gao and Long, RaBitQ, SIGMOD 2024). With P the rotation, c the centroid, r = P(x − c),
// s the signs and q a query,
//
//	⟨x, q⟩ = ⟨c, q⟩ + ⟨r, Pc⟩ + ⟨r, P(q − c)⟩
//
// where the last is about f · ⟨s, P(q − c)⟩, without bias, for f = |r|² / ⟨s, r⟩; its error
// has about the standard deviation deviation · f · |q − c|. So f and the offset
// ⟨r, Pc⟩ − f · ⟨s, Pc⟩ are all that is stored of a row beside its signs, and one set of
// tables serves all centroids.

// deviation is √(1 − 2/π): what of the signs is not along r.
const deviation = .6028

// rotation is an orthogonal map: signs, then Hadamard's matrix over as many of the first
// numbers as it takes, then over as many of the last, a few times.
type rotation struct{ signs [][]float32 }

const rotations = 3

func newRotation(dims int) *rotation {
	r := &rotation{}
	state := uint64(dims)*0x9e3779b97f4a7c15 + 1
	for range rotations {
		signs := make([]float32, dims)
		for i := range signs {
			state ^= state << 13
			state ^= state >> 7
			state ^= state << 17
			signs[i] = 1 - 2*float32(state>>40&1)
		}
		r.signs = append(r.signs, signs)
	}
	return r
}

// apply rotates v in place.
func (r *rotation) apply(v []float32) {
	size := 1 << (bits.Len(uint(len(v))) - 1)
	factor := float32(1 / math.Sqrt(float64(size)))
	for _, signs := range r.signs {
		for i := range v {
			v[i] = float32(v[i] * signs[i])
		}
		hadamard(v[:size], factor)
		if size < len(v) {
			hadamard(v[len(v)-size:], factor)
		}
	}
}

// hadamard multiplies v, of a power of two, by Hadamard's matrix and factor: two levels
// at once, so that v is read half as often.
func hadamard(v []float32, factor float32) {
	half := 1
	if bits.Len(uint(len(v)))%2 == 0 { // an odd number of levels
		for at := 0; at < len(v); at += 2 {
			v[at], v[at+1] = v[at]+v[at+1], v[at]-v[at+1]
		}
		half = 2
	}
	for ; half < len(v); half *= 4 {
		for at := 0; at < len(v); at += 4 * half {
			a := v[at:][:half]
			b, c, d := v[at+half:][:len(a)], v[at+2*half:][:len(a)], v[at+3*half:][:len(a)]
			for i := range a {
				x, y := a[i]+b[i], a[i]-b[i]
				z, w := c[i]+d[i], c[i]-d[i]
				a[i], b[i], c[i], d[i] = x+z, y+w, x-z, y-w
			}
		}
	}
	for i := range v {
		v[i] = float32(v[i] * factor)
	}
}

const (
	blockRows   = simd.EstimateRows
	factorBytes = 8 * blockRows // of a block
)

// codeBytes is the size of a block of codes.
func (c Config) codeBytes() int { return c.padded() / 4 * blockRows / 2 }

// encode writes the code of a row, which is rotated, at a place of a block of zeros;
// center is its rotated centroid. It returns the squared distance of the two.
func encode(codes, factors []byte, place int, row, center []float32) (norm float64) {
	var along, offset, signed float64
	for i, x := range row {
		r, c := float64(x)-float64(center[i]), float64(center[i])
		norm += float64(r * r)
		offset += float64(r * c)
		if r > 0 {
			along += r
			signed += c
			codes[i/4*blockRows/2+place%16] |= 1 << (i%4 + place/16*4)
		} else {
			along -= r
			signed -= c
		}
	}
	f := 0.0
	if along > 0 {
		f = norm / along
	}
	le.PutUint32(factors[4*place:], math.Float32bits(float32(f)))
	le.PutUint32(factors[4*(blockRows+place):], math.Float32bits(float32(offset-float64(f*signed))))
	return norm
}

// tables are what signs add up to for a rotated query: sums of entries are
// ⟨s, Pq⟩ less start, in units of unit.
func tables(q []float32) (entries []byte, unit, start float32) {
	n := len(q) / 4
	entries = make([]byte, 16*n)
	least, widest := make([]float32, n), float32(0)
	for t := range n {
		for _, x := range q[4*t:][:4] {
			least[t] -= float32(math.Abs(float64(x)))
		}
		widest = max(widest, -2*least[t])
		start += least[t]
	}
	if widest == 0 {
		return entries, 0, 0
	}
	unit = widest / float32(min(255, math.MaxUint16/n))
	units := 1 / unit
	var sums [16]float32 // above the least
	for t := range n {
		v := q[4*t:][:4]
		sums[0] = -v[0] - v[1] - v[2] - v[3] - least[t]
		for j, x := range v { // the signs that bit j makes of those before it
			for e := range 1 << j {
				sums[1<<j+e] = sums[e] + x + x
			}
		}
		for e, sum := range sums {
			entries[16*t+e] = byte(max(0, min(float32(sum*units)+.5, 255)))
		}
	}
	return entries, unit, start
}

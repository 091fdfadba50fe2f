package decoder

import (
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/attention"
)

// held is in two parts where it is coded: whole groups in few bits, what follows in float32. Tokens of
// a block read what was coded before it, and each other as they are; blocks of a text end where groups
// do, so that what a token reads does not depend on how the text was divided between calls.
var _ [0]struct{} = [blockRows - attention.Group]struct{}{}

// tokens is how many are held.
func (h *held) tokens() int {
	if h.coded == nil {
		return h.N
	}
	return h.coded.N() + h.N
}

// code puts whole groups into few bits.
func (h *held) code() {
	groups := h.N / attention.Group
	if h.coded == nil || groups == 0 {
		return
	}
	values := make([][]float32, len(h.values))
	for g := range groups {
		for p, v := range h.values {
			values[p] = v[g*attention.Group*simd.Columns:]
		}
		h.coded.Add(h.Packed[g*attention.Group*h.Size:], values)
	}
	first := groups * attention.Group
	h.N -= first
	h.Packed = append(make([]float32, 0, (2*attention.Group)*h.Size), h.Packed[first*h.Size:]...)
	for p, v := range h.values {
		h.values[p] = append(make([]float32, 0, (2*attention.Group)*simd.Columns), v[first*simd.Columns:]...)
	}
}

// open is all that is held in float32: itself, or in room what was coded and what follows it. Room
// is used again. What planners learn of pages stays with h.
func (h *held) open(room *held) *held {
	if h.coded == nil || h.coded.N() == 0 {
		return h
	}
	first, n := h.coded.N(), h.tokens()
	packed, values := sized(room.Packed, simd.Padded(n)*h.Size), room.values
	if values == nil {
		values = make([][]float32, len(h.values))
	}
	for p := range values {
		values[p] = sized(values[p], n*simd.Columns)
	}
	h.coded.Open(packed, values, 0, first/attention.Group)
	copy(packed[first*h.Size:], h.Packed)
	for p, v := range h.values {
		copy(values[p][first*simd.Columns:], v)
	}
	*room = held{Keys: h.Keys.Whole(packed, n), values: values, places: h.places}
	return room
}

// sized is of a length, in the same memory where there is enough.
func sized(x []float32, n int) []float32 { return slices.Grow(x[:0], n)[:n] }

// cut forgets all but the first n tokens that are held.
func (h *held) cut(n int) {
	if h.coded != nil && n < h.coded.N() {
		first, groups := n/attention.Group*attention.Group, n/attention.Group
		h.Packed = make([]float32, attention.Group*h.Size, 2*attention.Group*h.Size)
		for p := range h.values {
			h.values[p] = make([]float32, attention.Group*simd.Columns, 2*attention.Group*simd.Columns)
		}
		h.coded.Open(h.Packed, h.values, groups, groups+1)
		h.coded.Cut(groups)
		n -= first
	} else if h.coded != nil {
		n -= h.coded.N()
	}
	h.Keys.Cut(n, h.tokens()-h.N)
	for p := range h.values {
		h.values[p] = h.values[p][:n*simd.Columns]
	}
}

// tile is room for a group.
func (r *room) tile(thread, size int) []float32 {
	if len(r.tiles[thread]) == 0 {
		r.tiles[thread] = make([]float32, attention.Group*size)
	}
	return r.tiles[thread]
}

// codedProducts are the view's products of one query, group by group, so that nothing but a group stands
// in float32 at a time.
func (v *view) codedProducts(scores, q, zeros, tile []float32, tokens int) {
	for g := range v.coded.N() / attention.Group {
		v.coded.OpenKeys(tile, g)
		simd.Multiply(scores[g*attention.Group:], attention.Group, q, len(q), tile, zeros, 1, len(q), attention.Group)
	}
	if first := v.coded.N(); first < tokens {
		simd.Multiply(scores[first:], len(scores)-first, q, len(q), v.keys, zeros, 1, len(q), tokens-first)
	}
}

// codedMix sets a row to the sum of the view's values, each times its score: sums go on where the last
// group left them.
func (v *view) codedMix(dst, scores, zeros, tile []float32, tokens int) {
	panels, sum := make([][]float32, len(v.values)), zeros[:len(dst)]
	for p := range panels {
		panels[p] = tile[p*attention.Group*simd.Columns:][:attention.Group*simd.Columns]
	}
	add := func(values [][]float32, from, n int) {
		for p := range panels {
			at := p * simd.Columns
			simd.Multiply(dst[at:], len(dst)-at, scores[from:], n, values[p], sum[at:], 1, n, simd.Columns)
		}
		sum = dst
	}
	for g := range v.coded.N() / attention.Group {
		v.coded.OpenValues(panels, g)
		add(panels, g*attention.Group, attention.Group)
	}
	if first := v.coded.N(); first < tokens {
		add(v.values, first, tokens-first)
	}
}

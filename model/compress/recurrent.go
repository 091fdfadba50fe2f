package compress

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/decoder"
)

// Recurrent is the kind of compressor that folds a text of any length into one state of so many vectors, segment after
// segment (LCIRC, An et al. 2025, 2502.06139): the vectors so far attend to the states of the next segment, and what
// comes out is the next state. Each vector attends to itself too, and becomes the mean of what it attends to: where a
// segment has nothing for it, it stays what it is over thousands of segments. (The paper's Perceiver adds to
// its vectors, and has a network behind; its decoder reads the states of all steps through attention of its own.)
//
// Where the question is known, it moves what each vector looks for. A state is then of that question alone, and the
// encoder's states of segments are what is kept; else the states of all beginnings are, so that a text that goes on, or
// one that begins as another did, is read from where they part.
const Recurrent = "recurrent"

// Tensors of a recurrent compressor, beside IntoName: the state before the first segment, what each vector looks for,
// how much it looks at itself, and what makes queries of vectors, keys and values of an encoder's states, and of a
// question what is added to each query.
const (
	StartName = "compress.start.weight"
	PlaceName = "compress.place.weight"
	KeepName  = "compress.keep.weight"
	QueryName = "compress.query.weight"
	KeyName   = "compress.key.weight"
	ValueName = "compress.value.weight"
	AskedName = "compress.asked.weight"
)

// recurrent is what a step of the recurrence is made of. All is as wide as the encoder, but for what into makes.
type recurrent struct {
	vectors, width                 int
	start, place, keep             []float32
	query, key, value, asked, into product
}

// product is a matrix that Multiply takes, outputs first.
type product struct {
	packed  []float32
	in, out int
}

func newProduct(w []float32, out, in int) product {
	p := product{make([]float32, in*simd.Padded(out)), in, out}
	simd.Pack(p.packed, in, out, func(i, j int) float32 { return w[j*in+i] })
	return p
}

// of are rows of outputs, Padded(out) apart.
func (p product) of(x []float32) []float32 {
	rows, wide := len(x)/p.in, simd.Padded(p.out)
	y := make([]float32, rows*wide)
	simd.Multiply(y, wide, x, p.in, p.packed, make([]float32, wide), rows, p.in, p.out)
	return y
}

// loadRecurrent reads the tensors of a recurrent compressor.
func (c *Compressor) loadRecurrent(read func(name string, shape ...int) []float32) error {
	n, w := c.State, c.encoder.Width
	if w%simd.Columns != 0 || c.model.Width%simd.Columns != 0 {
		return fmt.Errorf("models of the widths %d and %d have no recurrent compressors: widths are multiples of %d", w, c.model.Width, simd.Columns)
	}
	r := &recurrent{vectors: n, width: w, start: read(StartName, n, w), place: read(PlaceName, n, w), keep: read(KeepName, n)}
	square := func(name string, out int) (p product) {
		if m := read(name, out, w); m != nil {
			p = newProduct(m, out, w)
		}
		return p
	}
	r.query, r.key, r.value, r.into = square(QueryName, w), square(KeyName, w), square(ValueName, w), square(IntoName, c.model.Width)
	if c.Asked {
		r.asked = square(AskedName, w)
	}
	c.recurrent = r
	return nil
}

// step is the state behind a segment, whose states the encoder made. Shift is what a question adds to queries, or nil.
func (r *recurrent) step(state, states, shift []float32) []float32 {
	n, w, tokens := r.vectors, r.width, len(states)/r.width
	queries, keys, values := r.query.of(state), r.key.of(states), r.value.of(states)
	for i := range queries {
		if queries[i] += r.place[i]; shift != nil {
			queries[i] += shift[i%w]
		}
	}
	columns := simd.Padded(tokens)
	scores, panels, zeros := make([]float32, n*columns), make([]float32, w*columns), make([]float32, max(columns, w))
	simd.Pack(panels, w, tokens, func(i, j int) float32 { return keys[j*w+i] })
	simd.Multiply(scores, columns, queries, w, panels, zeros, n, w, tokens)
	root := math.Sqrt(float64(w))
	own, row := make([]float32, n), make([]float32, columns+simd.Vector)
	for i := range n {
		row[0] = r.keep[i] * float32(root)
		some := scores[i*columns:][:tokens]
		for j := 1 + copy(row[1:], some); j < len(row); j++ {
			row[j] = float32(math.Inf(-1))
		}
		sum := simd.Softmax(row, float32(1/root))
		own[i] = row[0] / sum
		for j := range some {
			some[j] = row[1+j] / sum
		}
	}
	panels = make([]float32, tokens*w)
	simd.Pack(panels, tokens, w, func(i, j int) float32 { return values[i*w+j] })
	next := make([]float32, n*w)
	simd.Multiply(next, w, scores, columns, panels, zeros, n, tokens, w)
	for i := range next {
		next[i] += float32(own[i/w] * state[i])
	}
	return next
}

// shift is what a question adds to each query.
func (c *Compressor) shift(ctx context.Context, asked []int32) ([]float32, error) {
	if len(asked) == 0 || len(asked) > MostSegment {
		return nil, fmt.Errorf("the vectors of %s depend on the question: it has %d tokens, and 1 to %d are read", c.Name, len(asked), MostSegment)
	}
	states, err := c.encoder.States(ctx, asked, nil, 0)
	if err != nil {
		return nil, err
	}
	w := c.encoder.Width
	mean := make([]float32, w)
	for i, v := range states {
		mean[i%w] += v / float32(len(asked))
	}
	return c.recurrent.asked.of(mean), nil
}

// fold is the state behind a text, whose parts are cut into segments each for itself; nil where it has no tokens.
func (c *Compressor) fold(ctx context.Context, parts [][]int32, asked []int32) (state []float32, err error) {
	var shift []float32
	var before key // of all segments so far
	for _, part := range parts {
		for ids := range slices.Chunk(part, c.Segment) {
			if state == nil {
				if state = c.recurrent.start; c.Asked {
					if shift, err = c.shift(ctx, asked); err != nil {
						return nil, err
					}
				}
			}
			if before = before.and(ids); c.Asked {
				before = keyOf(ids) // its states do not depend on those before
			}
			v, ok := c.kept.get(before)
			if !ok {
				if v, err = c.encoder.States(ctx, ids, nil, 0); err != nil {
					return nil, err
				}
				if !c.Asked {
					v = c.recurrent.step(state, v, nil)
				}
				c.kept.put(before, v)
			}
			if c.Asked {
				v = c.recurrent.step(state, v, shift)
			}
			state = v
		}
	}
	return state, nil
}

// folded is the prompt with the vectors of one state in the place of all that is compressed.
func (c *Compressor) folded(ctx context.Context, p Prompt) (in input, err error) {
	in.ids = slices.Clone(p.Before)
	state, err := c.fold(ctx, p.Between, p.Asked)
	if err != nil {
		return in, err
	}
	if state != nil {
		in.rows = c.recurrent.into.of(state)
		for range c.State {
			in.ids = append(in.ids, decoder.Vector)
		}
	}
	in.ids = append(in.ids, p.Behind...)
	return in, nil
}

var errFolded = errors.New("a recurrent compressor folds all segments into the same vectors: none of them can be read as tokens")

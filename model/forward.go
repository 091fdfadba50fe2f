package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/internal/simd"
)

const (
	blockRows   = 96  // rows that go through a feed-forward network together: their inner states stay in a cache
	blockWords  = 256 // words whose logits are made together
	attendRows  = 12  // rows of attention made together
	mostRunRows = 1 << 20
)

// room is what one run works in. It grows and is used again.
type room struct {
	states, qkv, mixed, inner, scores, keys, values, other []float32

	steps []int16 // of the inputs of a product
	sizes []float32
}

// sized returns *s with n numbers, of any value.
func sized(s *[]float32, n int) []float32 {
	if cap(*s) < n {
		*s = make([]float32, n+n/4)
	}
	*s = (*s)[:n]
	return *s
}

// run calls f with the states of all sequences, a row of Width numbers for each
// token. They may be changed, and are not valid after it returns.
func (e *Encoder) run(sequences [][]int32, f func(r *room, states []float32) error) error {
	rows := 0
	for i, ids := range sequences {
		if len(ids) == 0 || len(ids) > e.Positions {
			return fmt.Errorf("sequence %d has %d tokens; the model takes from 1 to %d", i, len(ids), e.Positions)
		}
		for _, id := range ids {
			if id < 0 || int(id) >= e.Words {
				return fmt.Errorf("token %d of sequence %d is outside of the model's %d words: its tokenizer belongs to another model", id, i, e.Words)
			}
		}
		if rows += len(ids); rows > mostRunRows {
			return fmt.Errorf("a batch has more than %d tokens", mostRunRows)
		}
	}
	r, _ := e.room.Get().(*room)
	if r == nil {
		r = &room{}
	}
	defer e.room.Put(r)
	x := sized(&r.states, rows*e.Width)
	e.embed(x, sequences)
	for i := range e.layers {
		e.layer(r, &e.layers[i], x, sequences)
	}
	return f(r, x)
}

func (e *Encoder) embed(x []float32, sequences [][]int32) {
	for _, ids := range sequences {
		for at, id := range ids {
			row := x[:e.Width]
			e.words.Read(row, int(id)*e.Width)
			e.norm.add(row, e.places[at*e.Width:][:e.Width])
			x = x[e.Width:]
		}
	}
}

// add replaces each row of x by the norm of its sum with y's.
func (n norm) add(x, y []float32) {
	width := len(n.weight)
	for i := 0; i < len(x); i += width {
		simd.AddNorm(x[i:i+width], y[i:i+width], n.weight, n.bias, n.eps)
	}
}

// apply computes y = x · w + bias for rows of x.
func (m linear) apply(r *room, y, x []float32, rows int) {
	m.quantize(r, x, rows)
	m.columns(r, y, simd.Padded(m.out), x, 0, rows, 0, m.out)
}

// quantize brings rows of x into steps, where the weights are.
func (m linear) quantize(r *room, x []float32, rows int) {
	if m.w != nil {
		return
	}
	if cap(r.steps) < rows*m.in {
		r.steps = make([]int16, rows*m.in)
	}
	steps, sizes := r.steps[:rows*m.in], sized(&r.sizes, rows)
	for i := range rows {
		sizes[i] = simd.Quantize(steps[i*m.in:][:m.in], x[i*m.in:][:m.in])
	}
}

// columns computes n columns of y, from first on, for rows of x from the one given on.
// quantize comes before it.
func (m linear) columns(r *room, y []float32, ldy int, x []float32, from, rows, first, n int) {
	if m.w != nil {
		simd.Multiply(y, ldy, x[from*m.in:], m.in, m.w[first*m.in:], m.bias[first:], rows, m.in, n)
		return
	}
	simd.MultiplyInt8(y, ldy, r.steps[from*m.in:], r.sizes[from:], m.steps[first*m.in:], m.sizes[first:], m.bias[first:], rows, m.in, n)
}

// blocks calls f with ranges of rows.
func blocks(rows, size int, f func(from, to int)) {
	for from := 0; from < rows; from += size {
		f(from, min(rows, from+size))
	}
}

func (e *Encoder) layer(r *room, l *layer, x []float32, sequences [][]int32) {
	width, rows := e.Width, len(x)/e.Width
	qkv, mixed, y := sized(&r.qkv, 3*len(x)), sized(&r.mixed, len(x)), sized(&r.other, blockRows*width)
	blocks(rows, blockRows, func(from, to int) {
		l.qkv.apply(r, qkv[3*from*width:], x[from*width:], to-from)
	})
	at := 0
	for _, ids := range sequences {
		e.attend(r, mixed[at*width:], qkv[3*at*width:], len(ids))
		at += len(ids)
	}
	inner := sized(&r.inner, blockRows*e.Inner)
	blocks(rows, blockRows, func(from, to int) {
		x, n := x[from*width:to*width], to-from
		l.out.apply(r, y, mixed[from*width:], n)
		l.attended.add(x, y)
		l.up.apply(r, inner, x, n)
		simd.GELU(inner[:n*e.Inner])
		l.down.apply(r, y, inner, n)
		l.done.add(x, y)
	})
}

// attend makes rows of mixed from the queries, keys and values of one sequence. For
// each head: softmax(q · kᵀ / √size) · v.
func (e *Encoder) attend(r *room, mixed, qkv []float32, tokens int) {
	width, size := e.Width, e.Width/e.Heads
	stride, columns := 3*width, simd.Padded(tokens)
	scale := float32(1 / math.Sqrt(float64(size)))
	keys, values := sized(&r.keys, columns*size), sized(&r.values, tokens*size)
	scores := sized(&r.scores, attendRows*columns)
	for h := range e.Heads {
		packKeys(keys, qkv[width+h*size:], stride, tokens, size)
		packValues(values, qkv[2*width+h*size:], stride, tokens, size)
		blocks(tokens, attendRows, func(from, to int) {
			n := to - from
			simd.Multiply(scores, columns, qkv[from*stride+h*size:], stride, keys, e.zeros, n, size, tokens)
			var sums [attendRows]float32
			for i := range n {
				row := scores[i*columns:][:columns]
				for j := tokens; j < columns; j++ {
					row[j] = float32(math.Inf(-1))
				}
				sums[i] = simd.Softmax(row, scale)
			}
			simd.Multiply(mixed[from*width+h*size:], width, scores, columns, values, e.zeros, n, tokens, size)
			for i := range n {
				row, factor := mixed[(from+i)*width+h*size:][:size], 1/sums[i]
				for j := range row {
					row[j] *= factor
				}
			}
		})
	}
}

// packKeys lays keys out as simd.Pack does with their transpose.
func packKeys(dst, keys []float32, stride, tokens, size int) {
	for i := range simd.Padded(tokens) {
		panel := dst[i/simd.Columns*simd.Columns*size+i%simd.Columns:]
		if i >= tokens {
			for j := range size {
				panel[j*simd.Columns] = 0
			}
			continue
		}
		for j, v := range keys[i*stride:][:size] {
			panel[j*simd.Columns] = v
		}
	}
}

// packValues lays values out as simd.Pack does. Their size is whole panels.
func packValues(dst, values []float32, stride, tokens, size int) {
	for p := 0; p < size; p += simd.Columns {
		for i := range tokens {
			copy(dst[p*tokens+i*simd.Columns:][:simd.Columns], values[i*stride+p:][:simd.Columns])
		}
	}
}

// States returns the last states of each sequence: a row of Width numbers a token.
func (e *Encoder) States(sequences [][]int32) (states [][]float32, err error) {
	err = e.run(sequences, func(_ *room, x []float32) error {
		for _, ids := range sequences {
			n := len(ids) * e.Width
			states = append(states, slices.Clone(x[:n]))
			x = x[n:]
		}
		return nil
	})
	return states, err
}

// Dense returns a vector of length 1 for each sequence, by the model's pooling.
func (e *Encoder) Dense(sequences [][]int32) (vectors [][]float32, err error) {
	err = e.run(sequences, func(_ *room, x []float32) error {
		for i, ids := range sequences {
			v := make([]float32, e.Width)
			n := len(ids)
			if e.Pooling == CLS {
				n = 1
			}
			for j := range n {
				for k := range v {
					v[k] += x[j*e.Width+k]
				}
			}
			if !normalise(v) {
				return fmt.Errorf("sequence %d: the model's answer is not a number: its weights are damaged", i)
			}
			vectors = append(vectors, v)
			x = x[len(ids)*e.Width:]
		}
		return nil
	})
	return vectors, err
}

// normalise makes the length of v 1, and says whether that can be.
func normalise(v []float32) bool {
	sum := 0.
	for _, x := range v {
		sum += float64(float64(x) * float64(x)) // rounded by itself on every machine
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return false
	}
	factor := 1 / math.Sqrt(sum)
	for i := range v {
		v[i] = float32(float64(v[i]) * factor)
	}
	return true
}

// Weights returns, for each sequence, a weight for each word of the vocabulary, most
// of them 0. The model must have the head (Pooling is Terms).
func (e *Encoder) Weights(sequences [][]int32) (all [][]float32, err error) {
	if e.head == nil {
		return nil, fmt.Errorf("%w: the model has no masked-language head, which makes weights of words", ErrUnsupported)
	}
	err = e.run(sequences, func(r *room, x []float32) error {
		for i, ids := range sequences {
			n := len(ids) * e.Width
			w := make([]float32, e.Words)
			e.head.weights(r, w, x[:n], len(ids))
			if slices.ContainsFunc(w, func(v float32) bool { return v-v != 0 }) {
				return fmt.Errorf("sequence %d: the model's answer is not a number: its weights are damaged", i)
			}
			all = append(all, w)
			x = x[n:]
		}
		return nil
	})
	return all, err
}

// weights overwrites dst with log(1 + max(0, greatest logit)) of each word.
func (h *head) weights(r *room, dst, x []float32, rows int) {
	width := h.dense.in
	y := sized(&r.mixed, rows*width)
	h.dense.apply(r, y, x, rows)
	simd.GELU(y)
	h.norm.add(y, make([]float32, len(y)))
	logits := sized(&r.inner, blockRows*blockWords)
	greatest := sized(&r.scores, blockWords)
	h.words.quantize(r, y, rows)
	blocks(simd.Padded(h.words.out), blockWords, func(first, end int) {
		n := end - first
		blocks(rows, blockRows, func(from, to int) {
			h.words.columns(r, logits, n, y, from, to-from, first, n)
			for i := from; i < to; i++ {
				if row := logits[(i-from)*n:][:n]; i == 0 {
					copy(greatest, row)
				} else {
					simd.Raise(greatest[:n], row)
				}
			}
		})
		for j, v := range greatest[:min(n, len(dst)-first)] {
			dst[first+j] = float32(portable.Log(1 + float64(max(v, 0))))
		}
	})
}

package model

import (
	"fmt"
	"math"

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
	states, qkv, mixed, inner, scores, keys, values, other, normed, unnormed, toKeys, toRows []float32

	whole simd.Rows8 // the inputs of a product
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
// kinds say which text of a pair each token is of; nil for texts alone.
func (e *Encoder) run(sequences, kinds [][]int32, f func(r *room, states []float32) error) error {
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
		if kinds != nil && (len(kinds) != len(sequences) || len(kinds[i]) != len(ids)) {
			return fmt.Errorf("sequence %d has %d tokens, and another number of kinds", i, len(ids))
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
	e.embed(x, sequences, kinds)
	for i := range e.layers {
		e.layer(r, i, x, sequences)
	}
	if r.unnormed = r.unnormed[:0]; e.final.weight != nil {
		if e.prune != nil {
			r.unnormed = append(r.unnormed, x...)
		}
		e.final.apply(x)
	}
	return f(r, x)
}

func (e *Encoder) embed(x []float32, sequences, kinds [][]int32) {
	other := make([]float32, e.Width)
	for i, ids := range sequences {
		for at, id := range ids {
			row, kind := x[:e.Width], 0
			if kinds != nil {
				kind = min(max(0, int(kinds[i][at])), len(e.types)/e.Width-1)
			}
			copy(other, e.types[kind*e.Width:][:e.Width])
			if e.places != nil {
				for j, v := range e.places[(at+e.form.offset)*e.Width:][:e.Width] {
					other[j] += v
				}
			}
			e.words.Read(row, int(id)*e.Width)
			e.norm.add(row, other)
			x = x[e.Width:]
		}
	}
}

// apply replaces each row of x by its norm.
func (n norm) apply(x []float32) {
	n.add(x, make([]float32, len(x)))
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
	if m.whole != nil {
		r.whole.Quantize(x[:rows*m.in], m.in)
	}
}

// columns computes n columns of y, from first on, for rows of x from the one given on.
// quantize comes before it.
func (m linear) columns(r *room, y []float32, ldy int, x []float32, from, rows, first, n int) {
	if m.whole != nil {
		m.whole.Multiply(y, ldy, &r.whole, from, rows, first, n, m.bias[first:])
		return
	}
	simd.Multiply(y, ldy, x[from*m.in:], m.in, m.w[first*m.in:], m.bias[first:], rows, m.in, n)
}

// blocks calls f with ranges of rows.
func blocks(rows, size int, f func(from, to int)) {
	for from := 0; from < rows; from += size {
		f(from, min(rows, from+size))
	}
}

func (e *Encoder) layer(r *room, number int, x []float32, sequences [][]int32) {
	l, width, rows := &e.layers[number], e.Width, len(x)/e.Width
	qkv, mixed, y := sized(&r.qkv, 3*len(x)), sized(&r.mixed, len(x)), sized(&r.other, blockRows*width)
	normed := sized(&r.normed, blockRows*width)
	// before is what goes into a sublayer.
	before := func(n norm, x []float32) []float32 {
		if !e.form.before || n.weight == nil {
			return x
		}
		in := normed[:len(x)]
		copy(in, x)
		n.apply(in)
		return in
	}
	// after adds what comes out of one.
	after := func(n norm, x, y []float32) {
		if !e.form.before {
			n.add(x, y)
			return
		}
		for i := range x {
			x[i] += y[i]
		}
	}
	blocks(rows, blockRows, func(from, to int) {
		l.qkv.apply(r, qkv[3*from*width:], before(l.attended, x[from*width:to*width]), to-from)
	})
	at := 0
	for _, ids := range sequences {
		e.attend(r, number, mixed[at*width:], qkv[3*at*width:], len(ids))
		at += len(ids)
	}
	inner := sized(&r.inner, blockRows*l.up.out)
	blocks(rows, blockRows, func(from, to int) {
		x, n := x[from*width:to*width], to-from
		l.out.apply(r, y, mixed[from*width:], n)
		after(l.attended, x, y)
		l.up.apply(r, inner, before(l.done, x), n)
		e.activate(inner[:n*l.up.out], l.up.out)
		l.down.apply(r, y, inner, n)
		after(l.done, x, y)
	})
}

// activate makes rows of Inner numbers, one after the other, of those of the inner
// layer, which are twice as long where a half is a gate.
func (e *Encoder) activate(x []float32, stride int) {
	if !e.form.gated {
		e.act(x)
		return
	}
	for i := 0; i*stride < len(x); i++ {
		a, b := x[i*stride:][:e.Inner], x[i*stride+e.Inner:][:e.Inner]
		e.act(a)
		row := x[i*e.Inner:][:e.Inner]
		for j := range row {
			row[j] = float32(a[j] * b[j])
		}
	}
}

// attend makes rows of mixed from the queries, keys and values of one sequence. For
// each head: softmax(q · kᵀ / √size) · v.
func (e *Encoder) attend(r *room, layer int, mixed, qkv []float32, tokens int) {
	width, size := e.Width, e.Width/e.Heads
	stride, columns := 3*width, simd.Padded(tokens)
	scale := float32(1 / math.Sqrt(float64(size*e.where.kinds())))
	keys, values := sized(&r.keys, columns*size), sized(&r.values, tokens*size)
	scores := sized(&r.scores, attendRows*columns)
	e.where.turn(layer, qkv, width, size, tokens)
	for h := range e.Heads {
		packKeys(keys, qkv[width+h*size:], stride, tokens, size)
		packValues(values, qkv[2*width+h*size:], stride, tokens, size)
		beside := e.beside(r, layer, h, qkv[width+h*size:], stride, tokens)
		blocks(tokens, attendRows, func(from, to int) {
			n := to - from
			simd.Multiply(scores, columns, qkv[from*stride+h*size:], stride, keys, e.zeros, n, size, tokens)
			beside.block(qkv[from*stride+h*size:], stride, n, size, e.zeros)
			var sums [attendRows]float32
			for i := range n {
				row := scores[i*columns:][:columns]
				for j := tokens; j < columns; j++ {
					row[j] = float32(math.Inf(-1))
				}
				beside.add(row[:tokens], from+i, i)
				e.where.weigh(row[:tokens], layer, h, from+i, scale)
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

// turn rotates queries and keys, which stand before the values in rows of 3 · width.
func (p *positions) turn(layer int, qkv []float32, width, size, tokens int) {
	angles := p.turns[0]
	if p.local(layer) {
		angles = p.turns[1]
	}
	if angles == nil {
		return
	}
	for at := range tokens {
		turn(qkv[3*at*width:][:2*width], angles[at*size:][:size], size)
	}
}

// weigh changes the scores of the keys for the query at a place. They are multiplied
// by scale later.
func (p *positions) weigh(row []float32, layer, head, at int, scale float32) {
	if p.slopes != nil {
		slope := p.slopes[head] / scale
		for j := range row {
			row[j] -= float32(slope * float32(max(at-j, j-at)))
		}
	}
	if p.near != nil {
		for j, v := range p.near[head*(2*p.places-1)+p.places-1-at:][:len(row)] {
			row[j] += v / scale
		}
	}
	if p.local(layer) {
		for j := range row[:max(0, min(len(row), at-p.window))] {
			row[j] = float32(math.Inf(-1))
		}
		for j := min(len(row), at+p.window+1); j < len(row); j++ {
			row[j] = float32(math.Inf(-1))
		}
	}
}

// packKeys lays keys out as simd.Pack does with their transpose.
func packKeys(dst, keys []float32, stride, tokens, size int) {
	for i := 0; i < tokens; i += simd.Columns {
		panel := dst[i*size:][:simd.Columns*size]
		n := min(tokens-i, simd.Columns)
		if n < simd.Columns {
			clear(panel)
		}
		var rows [simd.Columns][]float32
		for r := range n {
			rows[r] = keys[(i+r)*stride:][:size]
		}
		for j := range size {
			column := panel[j*simd.Columns:][:simd.Columns]
			for r := range n {
				column[r] = rows[r][j]
			}
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

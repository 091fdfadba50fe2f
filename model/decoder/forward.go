package decoder

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/attention"
)

const (
	blockRows  = 96 // tokens that go through the layers together
	attendRows = 12 // rows of attention made together
)

// ErrFull is wrapped where a text is longer than a model was trained for.
var ErrFull = errors.New("the text is too long for the model")

// Read reads tokens on from what the cache holds, and returns the logits of the token after
// the last one, a number for each word; they may be changed. Where it fails the cache holds
// what it held before.
func (d *Decoder) Read(ctx context.Context, c *Cache, ids []int32) ([]float32, error) {
	all, err := d.read(ctx, c, ids, 1, nil)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// ReadEach is Read with the logits after each of the tokens, of which there are at most
// MostEach: the same as if each were read by itself.
func (d *Decoder) ReadEach(ctx context.Context, c *Cache, ids []int32) ([][]float32, error) {
	if len(ids) > MostEach {
		return nil, fmt.Errorf("%d tokens are read for the logits after each; %d are at once", len(ids), MostEach)
	}
	return d.read(ctx, c, ids, len(ids), nil)
}

// MostEach is how many tokens ReadEach takes.
const MostEach = 32

// read returns the logits after the last tokens, so many of them. Vectors stand where
// an id is Vector; nil for none.
func (d *Decoder) read(ctx context.Context, c *Cache, ids []int32, last int, in *inputs) ([][]float32, error) {
	before := len(c.tokens)
	if len(ids) == 0 {
		return nil, errors.New("no tokens to read")
	}
	words, err := in.words(d, ids)
	if err != nil {
		return nil, err
	}
	if err := d.fits(c, words); err != nil {
		return nil, err
	}
	r := d.room(c, min(len(ids), blockRows))
	var x []float32
	for from, n := 0, 0; from < len(ids); from += n {
		if err := ctx.Err(); err != nil {
			c.Cut(before)
			return nil, err
		}
		if n = len(ids); last == 1 {
			n = d.plan(r, c, before+from, before+len(ids), len(ids) == 1)
		} else {
			r.planner = nil
		}
		some := ids[from:][:n]
		x = r.states[:len(some)*d.Width]
		d.embed(x, c.next(), words[from:][:n])
		in.enter(d, x, c.next(), some)
		c.seen(0, x)
		d.angles(r, c.next(), len(some))
		for i := range d.layers {
			d.layer(r, c, i, x)
			c.seen(i+1, x)
		}
		in.leave(d, x, some)
		c.tokens = append(c.tokens, some...)
	}
	all, err := d.logitsOf(r, x[len(x)-last*d.Width:], last)
	if err != nil {
		c.Cut(before)
	}
	return all, err
}

// fits says why tokens cannot be read on from a cache.
func (d *Decoder) fits(c *Cache, ids []int32) error {
	n, err := c.needs(len(ids))
	if err != nil {
		return err
	}
	if err := d.own.Fits(c.Policy); err != nil {
		return err
	}
	if c.Policy != nil && len(c.tokens) == 0 {
		if err := c.Policy.Fits(d.Layers, d.KeyHeads); err != nil {
			return err
		}
	}
	if n > d.Positions {
		return fmt.Errorf("%w: %d tokens, of which it takes %d", ErrFull, n, d.Positions)
	}
	for _, id := range ids {
		if id < 0 || int(id) >= d.Words {
			return fmt.Errorf("token %d is outside of the model's %d words: its tokenizer belongs to another model", id, d.Words)
		}
	}
	return nil
}

// logitsOf are those of the last states of so many tokens.
func (d *Decoder) logitsOf(r *room, x []float32, last int) ([][]float32, error) {
	d.norm(x, x, d.final)
	columns := simd.Padded(d.Words)
	logits := make([]float32, last*columns)
	d.product(r, &d.logits, logits, x, last)
	all := make([][]float32, last)
	for i := range all {
		all[i] = logits[i*columns:][:d.Words:d.Words]
		soften(all[i], 1, d.logitsSoft)
		for _, v := range all[i] {
			if v != v {
				return nil, errors.New("the model's logits are no numbers: its weights are damaged")
			}
		}
	}
	return all, nil
}

// embed sets the states of tokens from a position on.
func (d *Decoder) embed(x []float32, first int, ids []int32) {
	for i, id := range ids {
		row := x[i*d.Width:][:d.Width]
		d.row(row, id)
		d.place(row, first+i)
	}
}

// row sets row to the embedding of a token.
func (d *Decoder) row(row []float32, id int32) {
	d.words.Read(row, int(id)*d.Width)
	if d.raised {
		scale := float32(math.Sqrt(float64(d.Width)))
		for j := range row {
			row[j] *= scale
		}
	}
}

// place adds the embedding of a position, where positions have some.
func (d *Decoder) place(row []float32, at int) {
	if !d.first {
		return
	}
	place := make([]float32, d.Width)
	d.places.Read(place, at*d.Width)
	for j := range row {
		row[j] += place[j]
	}
}

// soften multiplies each x by scale and lets it only come near to a bound, where there is one.
func soften(x []float32, scale, bound float32) {
	if bound == 0 {
		return
	}
	for i, v := range x {
		x[i] = bound * float32(math.Tanh(float64(v*scale/bound)))
	}
}

// room is what a call works in. It stays with the cache.
type room struct {
	rows                                 int
	states, normed, qkv, mixed, inner, y []float32
	turns                                [2]turns          // of layers that read all, and of those with a window
	planner                              attention.Planner // of the block; nil where it reads all
	apart                                bool              // it has documents apart, in layers with windows too
	gathered                             []gathered        // by head of keys
	opened                               []held            // the same: what was coded, in float32
	scores, tiles                        [][]float32       // by thread
	zeros                                []float32         // as many as the tokens, in whole panels
	gates                                []float32         // of the block's tokens, one after the other
	whole                                simd.BlockRows
	mixture                              *mixture // nil before the first layer with experts
	inside                               func(layer int, x, gate, up []float32)
}

// turns are the sines and cosines of a block's positions, HeadSize/2 each; nil where nothing turns.
type turns struct{ sines, cosines []float32 }

// room is one for so many rows at once.
func (d *Decoder) room(c *Cache, rows int) *room {
	if c.room != nil && c.room.rows >= rows {
		c.room.inside = c.Inside
		return c.room
	}
	qkv := (d.Heads + 2*d.KeyHeads) * d.HeadSize
	c.room = &room{
		rows: rows, states: make([]float32, rows*d.Width), normed: make([]float32, rows*d.Width),
		qkv: make([]float32, rows*simd.Padded(qkv)), mixed: make([]float32, rows*d.Heads*d.HeadSize),
		inner: make([]float32, rows*simd.Padded(2*max(d.Inner, d.together))), y: make([]float32, rows*simd.Padded(d.Width)),
		gathered: make([]gathered, d.KeyHeads), opened: make([]held, d.KeyHeads), inside: c.Inside,
	}
	for i, steps := range d.steps {
		if steps != nil {
			c.room.turns[i] = turns{make([]float32, rows*d.HeadSize/2), make([]float32, rows*d.HeadSize/2)}
		}
	}
	return c.room
}

// angles sets the sines and cosines of positions from one on.
func (d *Decoder) angles(r *room, first, n int) {
	half := d.HeadSize / 2
	for k, t := range r.turns {
		if k > 0 && d.Window == 0 {
			return
		}
		for j, step := range d.steps[k] {
			for i := range n {
				sin, cos := math.Sincos(float64(first+i) * step)
				t.sines[i*half+j], t.cosines[i*half+j] = float32(sin), float32(cos)
			}
		}
	}
}

// turn turns one query or key at the i-th position of a block.
func (d *Decoder) turn(t turns, x []float32, i int) {
	if t.sines == nil {
		return
	}
	half := d.HeadSize / 2
	sin, cos := t.sines[i*half:][:half], t.cosines[i*half:][:half]
	for j := range half {
		a, b := j, j+half
		if d.adjacent {
			a, b = 2*j, 2*j+1
		}
		u, v := x[a], x[b]
		x[a] = float32(u*cos[j]) - float32(v*sin[j])
		x[b] = float32(u*sin[j]) + float32(v*cos[j])
	}
}

// norm sets y to x, less its mean where there is a bias, over its root mean square, times
// weight, plus bias.
func (d *Decoder) norm(y, x []float32, w norm) {
	n := len(w.weight)
	for from := 0; n > 0 && from < len(x); from += n {
		row, mean := x[from:from+n], 0.0
		if w.bias != nil {
			for _, v := range row {
				mean += float64(v)
			}
			mean /= float64(n)
		}
		sum := 0.0
		for _, v := range row {
			off := float64(v) - mean
			sum += float64(off * off)
		}
		scale := float32(1 / math.Sqrt(sum/float64(n)+float64(d.Eps)))
		for j, v := range row {
			y[from+j] = float32((v-float32(mean))*scale) * w.weight[j]
		}
		for j, b := range w.bias {
			y[from+j] += b
		}
	}
}

// product computes y = x · m for rows of x, its columns divided between threads. Rows
// of y stand Padded(out) apart.
func (d *Decoder) product(r *room, m *matrix, y, x []float32, rows int) {
	columns := simd.Padded(m.out)
	if m.parts != nil {
		d.products(r, m, y, x, rows)
		return
	}
	if m.blocks == nil {
		d.divide(columns/simd.Columns, rows*m.in*m.out, func(from, to int) {
			first, n := from*simd.Columns, (to-from)*simd.Columns
			simd.Multiply(y[first:], columns, x, m.in, m.w[first*m.in:], m.bias[first:], rows, m.in, n)
		})
		return
	}
	r.whole.Resize(rows, m.in)
	d.divide(rows, 16*rows*m.in, func(from, to int) { r.whole.Set(from, x[from*m.in:to*m.in]) })
	panels := 0
	for _, b := range m.blocks {
		panels += simd.Padded(b.Rows()) / simd.Columns
	}
	d.divide(panels, rows*m.in*m.out/blocksFaster, func(from, to int) {
		first := 0 // column of the part
		for _, b := range m.blocks {
			n := b.Rows()
			if j, end := max(from, 0)*simd.Columns, min(to*simd.Columns, n); j < end {
				b.Multiply(y[first+j:], columns, &r.whole, rows, j, end-j, m.bias[first+j:])
			}
			panels := simd.Padded(n) / simd.Columns
			from, to, first = from-panels, to-panels, first+n
		}
	})
}

// blocksFaster is how many multiplications in blocks take the time of one in float32.
const blocksFaster = 2

// worthDividing is how many multiplications make up for waking a thread.
const worthDividing = 1 << 18

// divide calls f with ranges of n, each in a thread where there is enough to do.
func (d *Decoder) divide(n, work int, f func(from, to int)) {
	d.share(n, work, func(_, from, to int) { f(from, to) })
}

// share is divide for those who want to know which thread they are in.
func (d *Decoder) share(n, work int, f func(thread, from, to int)) {
	threads := min(d.Threads, n, 1+work/worthDividing)
	if threads < 2 {
		f(0, 0, n)
		return
	}
	var wait sync.WaitGroup
	for t := range threads {
		wait.Go(func() { f(t, n*t/threads, n*(t+1)/threads) })
	}
	wait.Wait()
}

// layer takes the states of a block of tokens through a layer.
func (d *Decoder) layer(r *room, c *Cache, number int, x []float32) {
	l, rows := &d.layers[number], len(x)/d.Width
	normed := r.normed[:len(x)]
	d.norm(normed, x, l.attended)
	d.product(r, &l.qkv, r.qkv, normed, rows)
	d.gate(r, l, normed, rows)
	d.keep(r, c, l, &c.layers[number], rows)
	d.attend(r, c, l, &c.layers[number], rows)
	for i, width := 0, d.Heads*d.HeadSize; i < rows && c.Heads != nil; i++ {
		c.Heads(number, normed[i*d.Width:][:d.Width], r.mixed[i*width:][:width])
	}
	d.rest(r, l, x, rows)
}

// rest takes the states of rows through what follows attention in a layer.
func (d *Decoder) rest(r *room, l *layer, x []float32, rows int) {
	normed := r.normed[:len(x)]
	d.product(r, &l.out, r.y, r.mixed, rows)
	d.add(x, r.y, l.after[0])
	d.norm(normed, x, l.done)
	if l.experts == nil {
		d.feed(r, &l.net, r.y, normed, rows)
	} else {
		d.mix(r, l, normed, rows)
	}
	d.add(x, r.y, l.after[1])
}

// feed takes rows of x through a feed-forward network; rows of y stand Padded(Width) apart.
func (d *Decoder) feed(r *room, n *network, y, x []float32, rows int) {
	d.product(r, &n.up, r.inner, x, rows)
	inner, stride := n.down.in, simd.Padded(n.up.out)
	for i := 0; i < rows && r.inside != nil; i++ {
		row := r.inner[i*stride:]
		r.inside(n.layer, x[i*d.Width:][:d.Width], row[:inner], row[n.up.out-inner:][:inner])
	}
	d.divide(rows, 4*rows*inner, func(from, to int) {
		for i := from; i < to; i++ {
			row := r.inner[i*stride:]
			d.open(row[:inner], row[n.up.out-inner:][:inner])
		}
	})
	for i := 1; i < rows; i++ {
		copy(r.inner[i*inner:], r.inner[i*stride:][:inner])
	}
	d.product(r, &n.down, y, r.inner, rows)
}

// open lets through gate what up has; where both are the same nothing is gated.
//
// GELU by tanh (Hendrycks and Gimpel 2016) is x / (1 + e^-u) for u = x · (a + b·x²): what SiLU
// gives for u, over (a + b·x²).
func (d *Decoder) open(gate, up []float32) {
	if !d.tanh {
		simd.Gate(gate, up)
		return
	}
	const a, b = 1.5957691216057308, 1.5957691216057308 * 0.044715
	alone := d.first
	var room [64]float32
	for at := 0; at < len(gate); at += len(room) {
		some := gate[at:min(at+len(room), len(gate))]
		over := room[:len(some)]
		for j, x := range some {
			k := float32(float32(x*x)*b) + a
			some[j] = x * k
			if over[j] = 1 / k; !alone {
				over[j] *= up[at+j]
			}
		}
		simd.Gate(some, over)
	}
}

// add adds rows that stand Padded(Width) apart, normed.
func (d *Decoder) add(x, y []float32, w norm) {
	columns := simd.Padded(d.Width)
	for i := 0; i*d.Width < len(x); i++ {
		row, more := x[i*d.Width:][:d.Width], y[i*columns:][:d.Width]
		d.norm(more, more, w)
		for j := range row {
			row[j] += more[j]
		}
	}
}

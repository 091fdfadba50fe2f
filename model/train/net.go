package train

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/tamis-search/tamis/internal/simd"
)

// Shape is the shape of a model, that of Llama and Qwen2: heads of queries have keys of their own, the matrix of
// words goes in and out.
type Shape struct {
	Words     int     `json:"words"`     // in the vocabulary; Width, HeadSize, Inner and it are multiples of 16
	Width     int     `json:"width"`     // numbers of a state
	Layers    int     `json:"layers"`    //
	Heads     int     `json:"heads"`     //
	HeadSize  int     `json:"headsize"`  // numbers of a query, a key, a value
	Inner     int     `json:"inner"`     // numbers inside a feed-forward network
	Positions int     `json:"positions"` // that the model is said to take
	Base      float64 `json:"base"`      // of the angles of positions
	Still     int     `json:"still"`     // queries and keys are not turned in the layers from this one on; 0: in all they are
	Gate      Gate    `json:"gate"`      // what attention reads; the zero Gate is dense
}

const eps = 1e-5

func (s Shape) check() error {
	for _, n := range []int{s.Words, s.Width, s.HeadSize, s.Inner} {
		if n < 16 || n%16 != 0 || n > 4096 {
			return fmt.Errorf("a model of %d words, width %d, heads of %d and %d inner numbers: each is a multiple of 16, 4096 at most", s.Words, s.Width, s.HeadSize, s.Inner)
		}
	}
	if s.Layers < 1 || s.Layers > 16 || s.Heads < 1 || s.Heads > 64 || s.Still < 0 || !(s.Base > 1) {
		return fmt.Errorf("a model of %d layers and %d heads, whose positions have the base %g: 1 to 16, 1 to 64, and above 1 are made", s.Layers, s.Heads, s.Base)
	}
	return s.Gate.check()
}

// turns says whether queries and keys of a layer are turned by their positions.
func (s Shape) turns(layer int) bool { return s.Still == 0 || layer < s.Still }

// matrix is one of the parameters, outputs first.
type matrix struct{ at, out, in int }

func (m matrix) of(all []float32) []float32 { return all[m.at:][:m.out*m.in] }

// layer are the parameters of a layer. Queries, keys, values and gates of heads are one product with
// biases, as in Qwen2, and gate and up of the network are one.
type layer struct {
	attended, done    matrix // norms
	qkvg, biases, out matrix
	gated, projected  matrix
	own               matrix // numbers of heads that belong to no token, of kinds of attention that have some
}

// net is a model's parameters, all in one slice.
type net struct {
	Shape
	params []float32
	words  matrix
	layers []layer
	final  matrix
	turned [2][]float32 // sines and cosines, HeadSize/2 for each position
}

// newNet is one with random weights, begun so that recall is learned within hundreds of steps and not thousands: words
// fill one half of a state, and what the first layer finds goes into the other; what heads of later
// layers give is what they took turned back, so that they copy (mimetic initialisation, Trockman and
// Kolter 2023, 2305.09828).
func newNet(s Shape, positions int, random *rand.Rand) *net {
	n := &net{Shape: s}
	at := 0
	take := func(out, in int) matrix {
		m := matrix{at, out, in}
		at += out * in
		return m
	}
	n.words = take(s.Words, s.Width)
	heads := s.Heads * s.HeadSize
	for range s.Layers {
		n.layers = append(n.layers, layer{
			attended: take(1, s.Width), done: take(1, s.Width),
			qkvg: take(3*heads+s.Heads*s.Gate.parts(), s.Width), biases: take(1, 3*heads+s.Heads*s.Gate.parts()), out: take(s.Width, heads),
			gated: take(2*s.Inner, s.Width), projected: take(s.Width, s.Inner),
			own: take(s.Heads, s.Gate.own(s.HeadSize)),
		})
	}
	n.final = take(1, s.Width)
	n.params = make([]float32, at)
	fill := func(m matrix, deviation float64) {
		p := m.of(n.params)
		for i := range p {
			p[i] = float32(random.NormFloat64() * deviation)
		}
	}
	ones := func(m matrix) {
		p := m.of(n.params)
		for i := range p {
			p[i] = 1
		}
	}
	ones(n.final)
	fill(n.words, math.Sqrt2/math.Sqrt(float64(s.Width)))
	for i := range s.Words { // half of a state is left free
		clear(n.words.of(n.params)[i*s.Width+s.Width/2:][:s.Width/2])
	}
	for i, l := range n.layers {
		ones(l.attended)
		ones(l.done)
		fill(l.qkvg, 1/math.Sqrt(float64(s.Width)))
		fill(l.gated, 1/math.Sqrt(float64(s.Width)))
		fill(l.projected, .5/math.Sqrt(float64(s.Inner*s.Width)))
		if i == 0 {
			fill(l.out, math.Sqrt2/math.Sqrt(float64(heads*s.Width)))
			clear(l.out.of(n.params)[:s.Width/2*heads]) // where it is written to
			continue
		}
		qkv, out := l.qkvg.of(n.params), l.out.of(n.params)
		for h := range heads {
			for j, v := range qkv[(2*heads+h)*s.Width:][:s.Width] {
				out[j*heads+h] = 4 * v / float32(math.Sqrt(float64(s.Width)))
			}
		}
	}
	n.begin(random)
	n.look()
	for _, l := range n.layers {
		for h := 0; h < s.Heads && s.Gate.Kind == "nsa"; h++ { // blocks are pooled by their mean at first
			l.biases.of(n.params)[n.pooled(h)] = -float32(math.Log(float64(s.Gate.Block - 1)))
		}
	}
	n.turn(positions)
	return n
}

// look has the heads of the first layer begin with looking at the token before, the one before that and so on: what
// a short convolution over keys gives to later designs, and what training finds late by itself. It
// is where they begin; training moves it.
func (n *net) look() {
	biases, size := n.layers[0].biases.of(n.params), n.HeadSize
	for h := range n.Heads {
		q, k := biases[h*size:], biases[(n.Heads+h)*size:]
		for j := range size / 2 {
			sin, cos := math.Sincos(-float64(1+h) * math.Pow(n.Base, -2*float64(j)/float64(size)))
			k[j] = sight
			q[j], q[j+size/2] = float32(sight*cos), float32(sight*sin)
		}
	}
}

// sight is how strongly.
const sight = 5

// turn makes the sines and cosines of positions.
func (n *net) turn(positions int) {
	half := n.HeadSize / 2
	for k := range n.turned {
		n.turned[k] = make([]float32, positions*half)
	}
	for j := range half {
		step := math.Pow(n.Base, -2*float64(j)/float64(n.HeadSize))
		for i := range positions {
			sin, cos := math.Sincos(float64(i) * step)
			n.turned[0][i*half+j], n.turned[1][i*half+j] = float32(sin), float32(cos)
		}
	}
}

// packed is a matrix as products take it: forwards, from inputs to outputs, and backwards.
type packed struct{ forwards, backwards []float32 }

func pack(m matrix, params []float32, into *packed) {
	if into.forwards == nil {
		into.forwards, into.backwards = make([]float32, m.in*simd.Padded(m.out)), make([]float32, m.out*simd.Padded(m.in))
	}
	w := m.of(params)
	packAcross(into.forwards, w, m.in, m.in, m.out)
	packRows(into.backwards, w, m.in, m.out, m.in)
}

// packRows packs k × n numbers in rows stride apart.
func packRows(dst, x []float32, stride, k, n int) {
	for p := 0; p < n; p += simd.Columns {
		panel, some := dst[p*k:], min(simd.Columns, n-p)
		for i := range k {
			row := panel[i*simd.Columns:][:simd.Columns]
			copy(row[:some], x[i*stride+p:][:some])
			clear(row[some:])
		}
	}
}

// packAcross packs k × n numbers whose columns lie in rows stride apart.
func packAcross(dst, x []float32, stride, k, n int) {
	for p := 0; p < n; p += simd.Columns {
		panel := dst[p*k:][:k*simd.Columns]
		for j := range simd.Columns {
			if p+j >= n {
				for i := range k {
					panel[i*simd.Columns+j] = 0
				}
				continue
			}
			for i, v := range x[(p+j)*stride:][:k] {
				panel[i*simd.Columns+j] = v
			}
		}
	}
}

// transpose sets dst, rows of it k apart, to the k × n numbers of x turned over.
func transpose(dst, x []float32, stride, k, n int) {
	for i := range k {
		for j, v := range x[i*stride:][:n] {
			dst[j*k+i] = v
		}
	}
}

// all are the packed matrices of a step, which workers share.
type all struct {
	words  packed
	layers []struct{ qkvg, out, gated, projected packed }
}

func (n *net) pack(a *all) {
	if a.layers == nil {
		a.layers = make([]struct{ qkvg, out, gated, projected packed }, n.Layers)
	}
	pack(n.words, n.params, &a.words)
	for i, l := range n.layers {
		pack(l.qkvg, n.params, &a.layers[i].qkvg)
		pack(l.out, n.params, &a.layers[i].out)
		pack(l.gated, n.params, &a.layers[i].gated)
		pack(l.projected, n.params, &a.layers[i].projected)
	}
}

// tape is what a layer computed, kept for the way back.
type tape struct {
	before, between   []float32 // states before attention and before the network
	normed, done      []float32
	scaled, doneScale []float32 // one over the root mean squares
	qkvg, mixed       []float32
	gates, inner      []float32 // of the network: gate and up, and what goes down
	tempers           []float32 // by which queries and values were multiplied (ssa)
	heads             []head
}

// worker takes sequences there and back, one at a time, and sums up gradients.
type worker struct {
	n                                      *net
	a                                      *all
	grads                                  []float32
	tapes                                  []tape
	length                                 int
	states, normed, scaled, logits, picked []float32
	d, dNormed, dWide, dMixed, y           []float32
	across, panels, sum, zeros, bias       []float32
	room                                   attendRoom
	places                                 []int  // from 0 on
	parts                                  []span // of the sequence; one where nothing else is said
	all                                    bool   // of a memory is read, as in learning; else what is nearest
	still                                  bool   // parameters learn nothing: gradients are those of what went in
}

func (n *net) worker(a *all) *worker {
	return &worker{n: n, a: a, grads: make([]float32, len(n.params))}
}

// wide is how far rows of a matrix's outputs stand apart.
func (m matrix) wide() int { return simd.Padded(m.out) }

func (w *worker) resize(length int) {
	w.parts = append(w.parts[:0], span{0, length})
	if w.length == length {
		return
	}
	n := w.n
	w.length = length
	l := n.layers[0]
	make32 := func(k int) []float32 { return make([]float32, length*k) }
	w.tapes = make([]tape, n.Layers)
	heads := n.Heads * n.HeadSize
	for i := range w.tapes {
		w.tapes[i] = tape{
			before: make32(n.Width), between: make32(n.Width), normed: make32(n.Width), done: make32(n.Width),
			scaled: make32(1), doneScale: make32(1), qkvg: make32(l.qkvg.wide()), mixed: make32(heads),
			gates: make32(2 * n.Inner), inner: make32(n.Inner), heads: make([]head, n.Heads),
		}
	}
	w.states, w.normed, w.scaled, w.logits, w.picked = make32(n.Width), make32(n.Width), make32(1), make32(n.Words), make32(n.Width)
	widest := max(l.qkvg.wide(), 2*n.Inner, n.Width, n.Words)
	w.d, w.dNormed, w.dWide, w.dMixed, w.y = make32(n.Width), make32(n.Width), make32(widest), make32(heads), make32(n.Width)
	w.across, w.panels = make32(widest), make32(widest)
	w.sum = make([]float32, widest*simd.Padded(max(n.Width, n.Inner, heads)))
	w.zeros = make([]float32, simd.Padded(max(widest, length)))
	w.bias = make([]float32, l.qkvg.wide())
	w.room, w.places = attendRoom{}, make([]int, length)
	for i := range w.places {
		w.places[i] = i
	}
}

// norm sets y to rows of x over their root mean square, times weight, and keeps the factors.
func norm(y, x, factors, weight []float32) {
	n := len(weight)
	for i := range factors {
		row, sum := x[i*n:][:n], 0.
		for _, v := range row {
			sum += float64(float64(v) * float64(v))
		}
		f := float32(1 / math.Sqrt(sum/float64(n)+eps))
		factors[i] = f
		for j, v := range row {
			y[i*n+j] = float32(v*f) * weight[j]
		}
	}
}

// normBack adds to d what the gradient dy of a norm is for its input, and to dWeight for its weight.
func normBack(d, dy, x, factors, weight, dWeight []float32) {
	n := len(weight)
	for i, f := range factors {
		row, up, sum := x[i*n:][:n], dy[i*n:][:n], 0.
		for j, v := range row {
			dWeight[j] += float32(up[j] * float32(v*f))
			sum += float64(float64(up[j]) * float64(weight[j]) * float64(v))
		}
		back := float32(sum / float64(n) * float64(f) * float64(f) * float64(f))
		for j, v := range row {
			d[i*n+j] += float32(float32(up[j]*weight[j])*f) - float32(v*back)
		}
	}
}

// forward is y = x · m.
func (w *worker) forward(y, x []float32, m matrix, p *packed, rows int) {
	simd.Multiply(y, m.wide(), x, m.in, p.forwards, w.zeros, rows, m.in, m.out)
}

// backward sets dx, and adds to the gradient of m, what dy is for them, where y = x · m.
func (w *worker) backward(dx, dy, x []float32, m matrix, p *packed, rows int) {
	simd.Multiply(dx, simd.Padded(m.in), dy, m.wide(), p.backwards, w.zeros, rows, m.out, m.in)
	if w.still {
		return
	}
	transpose(w.across, dy, m.wide(), rows, m.out)
	packRows(w.panels, x, m.in, rows, m.in)
	simd.Multiply(w.sum, simd.Padded(m.in), w.across, rows, w.panels, w.zeros, m.out, rows, m.in)
	for i, v := range w.sum[:m.out*m.in] { // inputs are whole panels
		w.grads[m.at+i] += v
	}
}

// run takes tokens through the layers, in parts where some are named.
func (w *worker) run(ids []int32, parts ...span) {
	w.resize(len(ids))
	if len(parts) > 0 {
		w.parts = append(w.parts[:0], parts...)
	}
	for i, id := range ids {
		copy(w.states[i*w.n.Width:], w.n.word(id))
	}
	w.through()
}

// word is the embedding of one.
func (n *net) word(id int32) []float32 { return n.words.of(n.params)[int(id)*n.Width:][:n.Width] }

// through takes the states that stand in states through the layers; normed is what comes out.
func (w *worker) through() {
	n, rows, x := w.n, w.length, w.states
	for i, l := range n.layers {
		t, p := &w.tapes[i], &w.a.layers[i]
		copy(t.before, x)
		norm(t.normed, x, t.scaled, l.attended.of(n.params))
		copy(w.bias, l.biases.of(n.params))
		simd.Multiply(t.qkvg, l.qkvg.wide(), t.normed, n.Width, p.qkvg.forwards, w.bias, rows, n.Width, l.qkvg.out)
		w.rotate(t.qkvg, i, 1)
		w.temper(t, l)
		w.attend(t, i)
		w.forward(w.y, t.mixed, l.out, &p.out, rows)
		add(x, w.y)
		copy(t.between, x)
		norm(t.done, x, t.doneScale, l.done.of(n.params))
		w.forward(t.gates, t.done, l.gated, &p.gated, rows)
		for r := range rows {
			row := t.gates[r*2*n.Inner:][:2*n.Inner]
			inner := t.inner[r*n.Inner:][:n.Inner]
			copy(inner, row)
			simd.Gate(inner, row[n.Inner:])
		}
		w.forward(w.y, t.inner, l.projected, &p.projected, rows)
		add(x, w.y)
	}
	norm(w.normed, x, w.scaled, n.final.of(n.params))
}

func add(x, y []float32) {
	for i, v := range y {
		x[i] += v
	}
}

// rotate turns queries and keys by their positions, or back.
func (w *worker) rotate(qkvg []float32, layer int, sign float32) {
	n := w.n
	if !n.turns(layer) {
		return
	}
	half, wide := n.HeadSize/2, n.layers[0].qkvg.wide()
	for _, p := range w.parts {
		for i := range p.to - p.from {
			sin, cos := n.turned[0][i*half:][:half], n.turned[1][i*half:][:half]
			for h := range 2 * n.Heads {
				x := qkvg[(p.from+i)*wide+h*n.HeadSize:][:n.HeadSize]
				for j := range half {
					u, v, s := x[j], x[j+half], sign*sin[j]
					x[j] = float32(u*cos[j]) - float32(v*s)
					x[j+half] = float32(u*s) + float32(v*cos[j])
				}
			}
		}
	}
}

// learn adds the gradient of a sequence, weighted, and returns the sum of losses at the scored tokens and how
// many of them were right.
func (w *worker) learn(s *sample, weight float32) (loss float64, right int) {
	n := w.n
	w.all = true
	w.run(s.ids, s.parts...)
	targets := make([]int32, len(s.scored))
	for i, at := range s.scored {
		targets[i] = s.ids[at+1]
	}
	loss, right = w.score(s.scored, targets, weight)
	w.wayBack()
	for i, id := range s.ids {
		add(n.words.of(w.grads)[int(id)*n.Width:][:n.Width], w.d[i*n.Width:][:n.Width])
	}
	return loss, right
}

// score is how far the logits at some rows are from what comes next there; dNormed is set to its gradient.
func (w *worker) score(rows []int, targets []int32, weight float32) (loss float64, right int) {
	n := w.n
	picked := w.pick(rows)
	count := len(rows)
	d := w.y[:count*n.Width]
	for i, target := range targets {
		row, best := w.logits[i*n.Words:][:n.Words], 0
		for j, v := range row {
			if v > row[best] {
				best = j
			}
		}
		if best == int(target) {
			right++
		}
		top, own := row[best], row[target]
		sum := float64(simd.Softmax(row, 1))
		loss += math.Log(sum) - float64(own-top)
		for j, v := range row {
			row[j] = v / float32(sum) * weight
		}
		row[target] -= weight
	}
	w.backward(d, w.logits, picked, n.words, &w.a.words, count)
	clear(w.dNormed)
	for i, at := range rows {
		copy(w.dNormed[at*n.Width:][:n.Width], d[i*n.Width:])
	}
	return loss, right
}

// wayBack takes dNormed back to d, the gradient of the states that went in.
func (w *worker) wayBack() {
	n := w.n
	clear(w.d)
	normBack(w.d, w.dNormed, w.states, w.scaled, n.final.of(n.params), n.final.of(w.grads))
	for i := n.Layers - 1; i >= 0; i-- {
		w.back(i, w.length)
	}
}

// pick sets the logits after some of the tokens, and returns their states.
func (w *worker) pick(at []int) []float32 {
	n := w.n
	for i, t := range at {
		copy(w.picked[i*n.Width:][:n.Width], w.normed[t*n.Width:])
	}
	w.forward(w.logits, w.picked, n.words, &w.a.words, len(at))
	return w.picked[:len(at)*n.Width]
}

// back takes the gradient of the states behind a layer to those before it.
func (w *worker) back(i, rows int) {
	n, l, t, p := w.n, w.n.layers[i], &w.tapes[i], &w.a.layers[i]
	inner := w.dWide[:rows*n.Inner]
	w.backward(inner, w.d, t.inner, l.projected, &p.projected, rows)
	both := w.room.both(2 * n.Inner * rows)
	for r := range rows {
		row, down := t.gates[r*2*n.Inner:][:2*n.Inner], inner[r*n.Inner:][:n.Inner]
		for j, d := range down {
			g, u := row[j], row[n.Inner+j]
			s := float32(1 / (1 + math.Exp(-float64(g))))
			both[r*2*n.Inner+n.Inner+j] = float32(d*g) * s
			both[r*2*n.Inner+j] = float32(d*u) * float32(s*(1+float32(g*(1-s))))
		}
	}
	w.backward(w.dNormed, both, t.done, l.gated, &p.gated, rows)
	normBack(w.d, w.dNormed, t.between, t.doneScale, l.done.of(n.params), l.done.of(w.grads))
	w.backward(w.dMixed, w.d, t.mixed, l.out, &p.out, rows)
	wide := w.dWide[:rows*l.qkvg.wide()]
	clear(wide)
	w.attendBack(wide, t, i)
	w.temperBack(wide, t, l)
	w.rotate(wide, i, -1)
	for r := range rows {
		add(l.biases.of(w.grads), wide[r*l.qkvg.wide():][:l.qkvg.out])
	}
	w.backward(w.dNormed, wide, t.normed, l.qkvg, &p.qkvg, rows)
	normBack(w.d, w.dNormed, t.before, t.scaled, l.attended.of(n.params), l.attended.of(w.grads))
}

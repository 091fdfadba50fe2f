package train

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/compress"
	"github.com/tamis-search/tamis/model/weights"
)

// recurrent reads a context segment after segment into a state of as many vectors for any context (package compress).
// Its encoder begins as a copy of the decoder. Vectors begin with looking at themselves most, and each for something
// else.
type recurrent struct {
	*net
	vectors, segment        int
	start, place, keep      matrix // vectors × Width, and 1 × vectors
	query, key, value, into matrix // Width × Width
	asked                   matrix // of a question; of no rows where none is known
}

const (
	kept  = 3  // logit of what a vector is, before anything is learned
	plain = .1 // how large products with vectors and questions are in their queries, beside what each looks for
)

func newRecurrent(of *net, r CompressorRecipe, random *rand.Rand) *recurrent {
	own, at, w := *of, len(of.params), of.Width
	take := func(out, in int) matrix {
		m := matrix{at, out, in}
		at += out * in
		return m
	}
	e := &recurrent{net: &own, vectors: r.State, segment: r.Segment}
	e.start, e.place, e.keep = take(r.State, w), take(r.State, w), take(1, r.State)
	e.query, e.key, e.value, e.into = take(w, w), take(w, w), take(w, w), take(w, w)
	if r.Asked {
		e.asked = take(w, w)
	}
	own.params = make([]float32, at)
	copy(own.params, of.params)
	near := 1 / math.Sqrt(float64(w))
	fill := func(m matrix, deviation float64) {
		for i, p := 0, m.of(own.params); i < len(p); i++ {
			p[i] = float32(random.NormFloat64() * deviation)
		}
	}
	same := func(m matrix, factor float64) {
		for i, p := 0, m.of(own.params); i < w; i++ {
			p[i*w+i] = float32(factor)
		}
	}
	fill(e.start, plain)
	fill(e.place, 1)
	for i, p := 0, e.keep.of(own.params); i < len(p); i++ {
		p[i] = kept
	}
	fill(e.query, plain*near)
	fill(e.key, near)
	fill(e.asked, plain*near)
	same(e.value, 1)
	same(e.into, near)
	own.turn(max(2*r.Segment, 64))
	return e
}

// packedRecurrent are its packed matrices.
type packedRecurrent struct {
	all
	query, key, value, into, asked packed
}

func (e *recurrent) pack(a *packedRecurrent) {
	e.net.pack(&a.all)
	pack(e.query, e.params, &a.query)
	pack(e.key, e.params, &a.key)
	pack(e.value, e.params, &a.value)
	pack(e.into, e.params, &a.into)
	if e.asked.out > 0 {
		pack(e.asked, e.params, &a.asked)
	}
}

// beside are its tensors beside the encoder's.
func (e *recurrent) beside() []weights.Written {
	cut := func(name string, m matrix, shape ...int) weights.Written {
		if len(shape) == 0 {
			shape = []int{m.out, m.in}
		}
		return weights.Written{Name: name, Shape: shape, Floats: m.of(e.params)}
	}
	all := []weights.Written{
		cut(compress.StartName, e.start), cut(compress.PlaceName, e.place), cut(compress.KeepName, e.keep, e.vectors),
		cut(compress.QueryName, e.query), cut(compress.KeyName, e.key), cut(compress.ValueName, e.value), cut(compress.IntoName, e.into),
	}
	if e.asked.out > 0 {
		all = append(all, cut(compress.AskedName, e.asked))
	}
	return all
}

// folded is what a step of the recurrence computed.
type folded struct {
	span                          // the tokens of the segment
	learned                       bool
	before, queries, own, weights []float32 // the state, and what each vector looks at: itself, and tokens, columns apart
}

// reader takes texts through a recurrent compressor and a decoder, and back to what the compressor learns of them. The
// decoder stays as it is.
type reader struct {
	e                         *recurrent
	a                         *packedRecurrent
	enc, dec                  *worker
	rest                      *worker // reads segments that are not learned from
	at                        []int   // of the encoder's rows, the tokens of the context
	asked                     []span  // of the encoder's rows, the questions that are known
	steps                     []folded
	keys, values              []float32 // of all tokens
	dKeys, dValues, dNormed   []float32
	state, vectors            []float32
	dState, dQueries, dBefore []float32
	dWeights                  []float32
	panels, turned, sum       []float32
	zeros                     []float32
}

// across sets y, in rows wide apart, to the products of rows of x and rows of m, which have k numbers.
func (p *reader) across(y []float32, wide int, x, m []float32, rows, k, n int) {
	packAcross(resized(&p.panels, k*simd.Padded(n)), m, k, k, n)
	simd.Multiply(y, wide, x, k, p.panels, p.none(n), rows, k, n)
}

// along sets y to the sums of the k rows of m that rows of x, wide apart, weigh.
func (p *reader) along(y, x []float32, wide int, m []float32, rows, k, n int) {
	packRows(resized(&p.panels, k*simd.Padded(n)), m, n, k, n)
	simd.Multiply(y, n, x, wide, p.panels, p.none(n), rows, k, n)
}

// back adds to y the sums of the rows of m that columns of x, whose rows are wide apart, weigh.
func (p *reader) back(y, x []float32, wide int, m []float32, rows, k, n int) {
	transpose(resized(&p.turned, rows*k), x, wide, rows, k)
	p.along(resized(&p.sum, k*n), p.turned, rows, m, k, rows, n)
	add(y, p.sum)
}

func (p *reader) none(n int) []float32 {
	if len(p.zeros) < simd.Padded(n) {
		p.zeros = make([]float32, simd.Padded(n))
	}
	return p.zeros
}

// read takes a context through the encoder, and the questions of it that are known. Where only some segments are learned
// from, another worker reads all of them.
func (p *reader) read(t *text) {
	e, width, ids := p.e, p.e.Width, t.context[1:]
	var all []span
	for at := 0; at < len(ids); at += e.segment {
		all = append(all, span{at, min(at+e.segment, len(ids))})
	}
	some := all
	if t.learned != nil {
		some = nil
		for _, i := range t.learned {
			some = append(some, all[i])
		}
	}
	p.at, p.asked, p.steps = p.at[:0], p.asked[:0], slices.Grow(p.steps[:0], len(all))[:len(all)]
	for i, s := range all {
		p.steps[i].span, p.steps[i].learned = s, t.learned == nil || slices.Contains(t.learned, i)
	}
	var read []int32
	var parts []span
	put := func(some []int32) span {
		s := span{len(read), len(read) + len(some)}
		if read = append(read, some...); len(some) > 0 {
			parts = append(parts, s)
		}
		return s
	}
	for _, s := range some {
		put(ids[s.from:s.to])
		for i := s.from; i < s.to; i++ {
			p.at = append(p.at, i)
		}
	}
	for _, r := range t.readings {
		p.asked = append(p.asked, put(r.known))
	}
	p.enc.put(read, parts)
	states := p.enc
	if t.learned != nil {
		states = p.rest
		states.put(ids, all)
	}
	n := len(ids)
	p.enc.forward(resized(&p.keys, n*width), states.normed, e.key, &p.a.key, n)
	p.enc.forward(resized(&p.values, n*width), states.normed, e.value, &p.a.value, n)
}

// put takes tokens through the layers, in parts that are read by themselves.
func (w *worker) put(ids []int32, parts []span) {
	w.resize(len(ids))
	w.parts = append(w.parts[:0], parts...)
	for i, id := range ids {
		copy(w.states[i*w.n.Width:], w.n.word(id))
	}
	w.through()
}

// shift is the mean of a question's states, and what it adds to queries; nothing where it is not known.
func (p *reader) shift(asked span) (mean, shift []float32) {
	if asked.from == asked.to {
		return nil, nil
	}
	width := p.e.Width
	mean, shift = make([]float32, width), make([]float32, width)
	for i, v := range p.enc.normed[asked.from*width : asked.to*width] {
		mean[i%width] += v / float32(asked.to-asked.from)
	}
	p.enc.forward(shift, mean, p.e.asked, &p.a.asked, 1)
	return mean, shift
}

// fold sets vectors to what the decoder reads of the state behind the last segment.
func (p *reader) fold(shift []float32) {
	e, width := p.e, p.e.Width
	n := e.vectors * width
	place, keep, root := e.place.of(e.params), e.keep.of(e.params), float32(math.Sqrt(float64(width)))
	copy(resized(&p.state, n), e.start.of(e.params))
	for i := range p.steps {
		s := &p.steps[i]
		tokens := s.to - s.from
		columns := simd.Padded(tokens)
		copy(resized(&s.before, n), p.state)
		p.enc.forward(resized(&s.queries, n), s.before, e.query, &p.a.query, e.vectors)
		add(s.queries, place)
		if shift != nil {
			for j := range s.queries {
				s.queries[j] += shift[j%width]
			}
		}
		p.across(resized(&s.weights, e.vectors*columns), columns, s.queries, p.keys[s.from*width:s.to*width], e.vectors, width, tokens)
		row := make([]float32, columns+simd.Vector)
		for v := range resized(&s.own, e.vectors) {
			some := s.weights[v*columns:][:tokens]
			row[0] = float32(keep[v] * root)
			copy(row[1:], some)
			soften(row, 1+tokens, 1/root)
			s.own[v] = row[0]
			copy(some, row[1:])
		}
		p.along(p.state, s.weights, columns, p.values[s.from*width:s.to*width], e.vectors, tokens, width)
		for j, v := range s.before {
			p.state[j] += float32(s.own[j/width] * v)
		}
	}
	p.enc.forward(resized(&p.vectors, n), p.state, e.into, &p.a.into, e.vectors)
}

// foldBack takes d, the gradient of vectors, back to the recurrence, keys and values, and adds that of what was added to
// queries to dShift. Where a step is not learned from, the gradient goes through what each vector keeps of itself.
func (p *reader) foldBack(d, dShift []float32) {
	e, w, width := p.e, p.enc, p.e.Width
	n, root := e.vectors*width, float32(math.Sqrt(float64(width)))
	dKeep, dPlace := e.keep.of(w.grads), e.place.of(w.grads)
	w.backward(resized(&p.dState, n), d, p.state, e.into, &p.a.into, e.vectors)
	for i := len(p.steps) - 1; i >= 0; i-- {
		s := &p.steps[i]
		if s.learned {
			tokens := s.to - s.from
			columns := simd.Padded(tokens)
			keys, values := p.keys[s.from*width:s.to*width], p.values[s.from*width:s.to*width]
			p.across(resized(&p.dWeights, e.vectors*columns), columns, p.dState, values, e.vectors, width, tokens)
			p.back(p.dValues[s.from*width:s.to*width], s.weights, columns, p.dState, e.vectors, tokens, width)
			for v := range e.vectors {
				row, weights := p.dWeights[v*columns:][:columns], s.weights[v*columns:][:tokens]
				own := float32(0)
				for j, b := range s.before[v*width:][:width] {
					own += float32(b * p.dState[v*width+j])
				}
				mean := float32(s.own[v] * own)
				for j, a := range weights {
					mean += float32(a * row[j])
				}
				dKeep[v] += float32(s.own[v] * (own - mean))
				for j, a := range weights {
					row[j] = float32(a*(row[j]-mean)) / root
				}
				clear(row[tokens:])
			}
			p.along(resized(&p.dQueries, n), p.dWeights, columns, keys, e.vectors, tokens, width)
			p.back(p.dKeys[s.from*width:s.to*width], p.dWeights, columns, s.queries, e.vectors, tokens, width)
			add(dPlace, p.dQueries)
			if dShift != nil {
				for j, v := range p.dQueries {
					dShift[j%width] += v
				}
			}
			w.backward(resized(&p.dBefore, n), p.dQueries, s.before, e.query, &p.a.query, e.vectors)
		}
		for j := range p.dState {
			p.dState[j] *= s.own[j/width]
		}
		if s.learned {
			add(p.dState, p.dBefore)
		}
	}
	add(e.start.of(w.grads), p.dState)
}

// learn adds the gradient of a text, weighted, and returns the sum of losses and how many answers were right.
func (p *reader) learn(t *text, weight float32) (loss float64, right int) {
	e, w, width := p.e, p.enc, p.e.Width
	p.read(t)
	clear(resized(&p.dKeys, len(p.keys)))
	clear(resized(&p.dValues, len(p.values)))
	clear(resized(&p.dNormed, w.length*width))
	for i := range t.readings {
		r, asked := &t.readings[i], p.asked[i]
		mean, shift := p.shift(asked)
		p.fold(shift)
		l, ok, d := p.dec.learnBehind(t.context[0], p.vectors, r, weight)
		loss, right = loss+l, right+ok
		if mean == nil {
			p.foldBack(d, nil)
			continue
		}
		dShift, dMean := make([]float32, width), make([]float32, width)
		p.foldBack(d, dShift)
		w.backward(dMean, dShift, mean, e.asked, &p.a.asked, 1)
		for j := range p.dNormed[asked.from*width : asked.to*width] {
			p.dNormed[asked.from*width+j] += dMean[j%width] / float32(asked.to-asked.from)
		}
	}
	p.encoderBack(t)
	return loss, right
}

// encoderBack takes the gradients of keys, values and questions back through the encoder.
func (p *reader) encoderBack(t *text) {
	e, w, width := p.e, p.enc, p.e.Width
	d := make([]float32, w.length*width)
	for _, g := range []struct {
		d []float32
		m matrix
		p *packed
	}{{p.dKeys, e.key, &p.a.key}, {p.dValues, e.value, &p.a.value}} {
		for i, token := range p.at {
			copy(d[i*width:][:width], g.d[token*width:])
		}
		w.backward(w.dNormed, d, w.normed, g.m, g.p, w.length)
		add(p.dNormed, w.dNormed)
	}
	copy(w.dNormed, p.dNormed)
	w.wayBack()
	words := e.words.of(w.grads)
	for i, token := range p.at {
		add(words[int(t.context[1+token])*width:][:width], w.d[i*width:][:width])
	}
	for i, r := range t.readings {
		for j, id := range r.known {
			add(words[int(id)*width:][:width], w.d[(p.asked[i].from+j)*width:][:width])
		}
	}
}

func (p *reader) worker() *worker { return p.enc }

package train

import (
	"math"
	"math/rand/v2"

	"github.com/tamis-search/tamis/model/compress"
	"github.com/tamis-search/tamis/model/weights"
)

// encoder reads segments of a context and, behind each, memory tokens, whose last states go through a matrix and are
// read by a decoder in the place of embeddings (package compress). It begins as a copy of the decoder.
type encoder struct {
	*net
	rate, segment int
	memory        matrix // segment/rate × Width
	into          matrix // Width × Width
}

func newEncoder(of *net, rate, segment int, random *rand.Rand) *encoder {
	own, at := *of, len(of.params)
	e := &encoder{net: &own, rate: rate, segment: segment, memory: matrix{at, segment / rate, of.Width}}
	e.into = matrix{at + e.memory.out*e.memory.in, of.Width, of.Width}
	own.params = make([]float32, e.into.at+of.Width*of.Width)
	copy(own.params, of.params)
	near := 1 / math.Sqrt(float64(of.Width)) // as large as words are
	for i, p := 0, e.memory.of(own.params); i < len(p); i++ {
		p[i] = float32(random.NormFloat64() * near)
	}
	for i, p := 0, e.into.of(own.params); i < of.Width; i++ {
		p[i*of.Width+i] = float32(near)
	}
	own.turn(2 * segment)
	return e
}

// beside are its tensors beside those of the net.
func (e *encoder) beside() []weights.Written {
	return []weights.Written{
		{Name: compress.MemoryName, Shape: []int{e.memory.out, e.memory.in}, Floats: e.memory.of(e.params)},
		{Name: compress.IntoName, Shape: []int{e.into.out, e.into.in}, Floats: e.into.of(e.params)},
	}
}

// segments are what is read together of a context, without its first token.
func (e *encoder) segments(context []int32) (all [][]int32) {
	for at := 1; at < len(context); at += e.segment {
		all = append(all, context[at:min(at+e.segment, len(context))])
	}
	return all
}

// vectors is how many a segment of so many tokens has.
func (e *encoder) vectors(tokens int) int { return (tokens + e.rate - 1) / e.rate }

// text is a context, and what is read behind it: once, or for each question that a recurrent compressor knows.
type text struct {
	context  []int32
	readings []reading
	learned  []int // segments that a recurrent compressor learns from, ascending; nil for all
}

// reading is what is read behind a context.
type reading struct {
	known, behind []int32 // the question, where it is known as the context is read; and all that is asked and answered
	scored        []int   // of behind, after which the next is scored
}

// pupil takes texts through an encoder and a decoder, and back to what the encoder learns of them. The decoder stays as
// it is.
type pupil struct {
	e                        *encoder
	enc, dec                 *worker
	rows                     []int // of enc, in which memory tokens stand
	picked, vectors, dPicked []float32
}

// squeeze sets vectors to those of a context.
func (p *pupil) squeeze(context []int32) {
	e, w, width := p.e, p.enc, p.e.Width
	segments, length := e.segments(context), 0
	for _, ids := range segments {
		length += len(ids) + e.vectors(len(ids))
	}
	w.resize(length)
	w.parts, p.rows = w.parts[:0], p.rows[:0]
	at := 0
	for _, ids := range segments {
		from, n := at, e.vectors(len(ids))
		for _, id := range ids {
			copy(w.states[at*width:], e.word(id))
			at++
		}
		copy(w.states[at*width:], e.memory.of(e.params)[:n*width])
		for range n {
			p.rows = append(p.rows, at)
			at++
		}
		w.parts = append(w.parts, span{from, at})
	}
	w.through()
	n, into := len(p.rows)*width, e.into.of(e.params)
	resized(&p.picked, n)
	clear(resized(&p.vectors, n))
	for i, r := range p.rows {
		x, y := p.picked[i*width:][:width], p.vectors[i*width:][:width]
		copy(x, w.normed[r*width:])
		for j := range y {
			for k, v := range into[j*width:][:width] {
				y[j] += float32(v * x[k])
			}
		}
	}
}

// back takes d, the gradient of the vectors, to the encoder's parameters.
func (p *pupil) back(segments [][]int32, d []float32) {
	e, w, width := p.e, p.enc, p.e.Width
	into, dInto := e.into.of(e.params), e.into.of(w.grads)
	clear(resized(&p.dPicked, len(p.picked)))
	clear(w.dNormed)
	for i, r := range p.rows {
		x, dx := p.picked[i*width:][:width], p.dPicked[i*width:][:width]
		for j, v := range d[i*width:][:width] {
			row, dRow := into[j*width:][:width], dInto[j*width:][:width]
			for k := range x {
				dRow[k] += float32(v * x[k])
				dx[k] += float32(v * row[k])
			}
		}
		copy(w.dNormed[r*width:], dx)
	}
	w.wayBack()
	words, memory := e.words.of(w.grads), e.memory.of(w.grads)
	for i, ids := range segments {
		own := w.d[w.parts[i].from*width:][:(w.parts[i].to-w.parts[i].from)*width]
		for j, id := range ids {
			add(words[int(id)*width:][:width], own[j*width:][:width])
		}
		behind := own[len(ids)*width:]
		add(memory[:len(behind)], behind)
	}
}

// learn adds the gradient of a text, weighted, and returns the sum of losses and how many answers were right.
func (p *pupil) learn(t *text, weight float32) (loss float64, right int) {
	p.squeeze(t.context)
	loss, right, d := p.dec.learnBehind(t.context[0], p.vectors, &t.readings[0], weight)
	p.back(p.e.segments(t.context), d)
	return loss, right
}

func (p *pupil) worker() *worker { return p.enc }

// learnBehind reads a first token, vectors and what is behind; it returns the sum of losses, how many answers were right,
// and the gradient of the vectors.
func (w *worker) learnBehind(token int32, vectors []float32, r *reading, weight float32) (loss float64, right int, d []float32) {
	width := w.n.Width
	first := 1 + len(vectors)/width // of behind
	w.resize(first + len(r.behind))
	copy(w.states, w.n.word(token))
	copy(w.states[width:], vectors)
	for i, id := range r.behind {
		copy(w.states[(first+i)*width:], w.n.word(id))
	}
	w.through()
	rows, targets := make([]int, len(r.scored)), make([]int32, len(r.scored))
	for i, at := range r.scored {
		rows[i], targets[i] = first+at, r.behind[at+1]
	}
	loss, right = w.score(rows, targets, weight)
	w.wayBack()
	return loss, right, w.d[width : first*width]
}

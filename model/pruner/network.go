package pruner

import (
	"github.com/tamis-search/tamis/internal/portable"
)

// network has one hidden layer, and a way past it for numbers: bias + skip·numbers + out·max(0, in·x + start).
// The numbers are scaled, the vectors behind them are not.
type network struct {
	numbers, inputs, hidden int
	least, scale            []float32 // of numbers: x becomes (x - least) · scale
	p                       []float32 // in: hidden × inputs; start; out: hidden; skip: numbers; bias
}

func newNetwork(numbers, width, hidden int) *network {
	n := &network{numbers: numbers, inputs: numbers + 3*width, hidden: hidden, least: make([]float32, numbers), scale: make([]float32, numbers)}
	n.p = make([]float32, hidden*n.inputs+2*hidden+numbers+1)
	return n
}

// parts are the parameters, or gradients, by what they are.
func (n *network) parts(p []float32) (in, start, out, skip, bias []float32) {
	a := n.hidden * n.inputs
	return p[:a], p[a : a+n.hidden], p[a+n.hidden : a+2*n.hidden], p[a+2*n.hidden : len(p)-1], p[len(p)-1:]
}

// scaled changes an input into what the layers read.
func (n *network) scaled(x []float32) {
	for i := range n.numbers {
		x[i] = float32((x[i] - n.least[i]) * n.scale[i])
	}
}

// forward is the logit of a scaled input; inner gets the states of the hidden layer.
func (n *network) forward(x, inner []float32) float32 {
	in, start, out, skip, bias := n.parts(n.p)
	sum := bias[0] + dot(skip, x[:n.numbers])
	for h := range inner {
		inner[h] = max(0, start[h]+dot(in[h*n.inputs:][:n.inputs], x))
		sum += float32(out[h] * inner[h])
	}
	return sum
}

// backward adds to g the gradient for d, that of the logit.
func (n *network) backward(g, x, inner []float32, d float32) {
	_, _, out, _, _ := n.parts(n.p)
	in, start, gout, skip, bias := n.parts(g)
	bias[0] += d
	for i := range skip {
		skip[i] += float32(d * x[i])
	}
	for h, v := range inner {
		if v == 0 {
			continue
		}
		gout[h] += float32(d * v)
		dh := float32(d * out[h])
		start[h] += dh
		row := in[h*n.inputs:][:n.inputs]
		for i, v := range x {
			row[i] += float32(dh * v)
		}
	}
}

// Head says of examples what it has learned. It does not change: several goroutines may use it.
type Head struct {
	Width      int
	Rare       []float32 // how much each word of the vocabulary weighs
	rank, keep *network
}

// Rank is how well the passage of an example answers its question: the greater, the better.
func (h *Head) Rank(e *Example) float32 {
	x := e.rankInput(nil)
	h.rank.scaled(x)
	return h.rank.forward(x, make([]float32, h.rank.hidden))
}

// Keep is the probability for each sentence that it is worth keeping.
func (h *Head) Keep(e *Example) []float32 {
	p := make([]float32, len(e.Sentences))
	inner := make([]float32, h.keep.hidden)
	var x []float32
	for i := range p {
		x = e.keepInput(x, i)
		h.keep.scaled(x)
		p[i] = float32(portable.Logistic(float64(h.keep.forward(x, inner))))
	}
	return p
}

// Weighs is what a token weighs.
func (h *Head) Weighs(id int32) float32 {
	if id < 0 || int(id) >= len(h.Rare) {
		return 0
	}
	return h.Rare[id]
}

package train

import (
	"container/heap"
	"math"
	"math/rand/v2"

	"github.com/tamis-search/tamis/internal/simd"
)

// begin sets what attention begins with: temperatures near to one, and scores of keys that lie near to each other, since
// what a score shuts out at random is not learned from.
func (n *net) begin(random *rand.Rand) {
	heads := n.Heads * n.HeadSize
	for _, l := range n.layers {
		own := l.own.of(n.params)
		switch n.Gate.Kind {
		case "ssa":
			rows := l.qkvg.of(n.params)[3*heads*n.Width:]
			for i := range rows {
				rows[i] *= .1
			}
			for h := range own {
				own[h] = -2
			}
		case "dma":
			for h := range n.Heads {
				row := own[h*l.own.in:][:l.own.in]
				row[0] = 1
				for j := range row[1:] {
					row[1+j] = float32(.1 * random.NormFloat64() / math.Sqrt(float64(n.HeadSize)))
				}
			}
		}
	}
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// temper multiplies queries and values by their temperatures: of selective self-attention, 1 + tanh of a product of the
// state and, of queries, a share of log n, where n tokens are read.
func (w *worker) temper(t *tape, l layer) {
	n := w.n
	if n.Gate.Kind != "ssa" {
		return
	}
	tempers, size, wide, heads := resized(&t.tempers, w.length*2*n.Heads), n.HeadSize, l.qkvg.wide(), n.Heads*n.HeadSize
	own := l.own.of(n.params)
	for _, s := range w.parts {
		for i := s.from; i < s.to; i++ {
			row := t.qkvg[i*wide:][:wide]
			for h := range n.Heads {
				z := row[3*heads+2*h:][:2]
				q := 1 + math.Tanh(float64(z[0])) + float64(sigmoid(float64(own[h]))*math.Log(float64(i-s.from+1)))
				v := 1 + math.Tanh(float64(z[1]))
				tempers[(i*n.Heads+h)*2], tempers[(i*n.Heads+h)*2+1] = float32(q), float32(v)
				for j := range size {
					row[h*size+j] *= float32(q)
					row[2*heads+h*size+j] *= float32(v)
				}
			}
		}
	}
}

// temperBack makes of the gradients of what was multiplied those of what it was before, and of temperatures.
func (w *worker) temperBack(d []float32, t *tape, l layer) {
	n := w.n
	if n.Gate.Kind != "ssa" {
		return
	}
	size, wide, heads := n.HeadSize, l.qkvg.wide(), n.Heads*n.HeadSize
	own, dOwn := l.own.of(n.params), l.own.of(w.grads)
	dot := func(x, y []float32) (sum float64) {
		for j, v := range x {
			sum += float64(float64(v) * float64(y[j]))
		}
		return sum
	}
	for _, s := range w.parts {
		for i := s.from; i < s.to; i++ {
			row, up := t.qkvg[i*wide:][:wide], d[i*wide:][:wide]
			for h := range n.Heads {
				tq, tv := t.tempers[(i*n.Heads+h)*2], t.tempers[(i*n.Heads+h)*2+1]
				dq, dv := up[h*size:][:size], up[2*heads+h*size:][:size]
				z, open := row[3*heads+2*h:][:2], sigmoid(float64(own[h]))
				each := dot(dq, row[h*size:]) / max(float64(tq), 1e-30)
				x := math.Tanh(float64(z[0]))
				up[3*heads+2*h] += float32(each * (1 - float64(x*x)))
				dOwn[h] += float32(each * open * (1 - open) * math.Log(float64(i-s.from+1)))
				x = 1 + math.Tanh(float64(z[1]))
				up[3*heads+2*h+1] += float32(dot(dv, row[2*heads+h*size:]) * (2 - x))
				for j := range size {
					dq[j] *= tq
					dv[j] *= tv
				}
			}
		}
	}
}

// judge sets the biases of a head's keys, and when each is read last: dynamic mask attention. A bias is e to a product of
// A and the softplus of what Δ makes of the value. It asks no query, so that a key that falls out of the best never
// comes back.
func (w *worker) judge(to *head, m matrix, h int, values []float32, stride int, s span) {
	n, rows, size := w.n, s.to-s.from, w.n.HeadSize
	own := m.of(n.params)[h*m.in:][:m.in]
	bias := resized(&to.bias, w.length)[s.from:s.to]
	if len(to.until) != w.length {
		to.until = make([]int, w.length)
	}
	until := to.until[s.from:s.to]
	best := &worst{scores: bias}
	for j := range rows {
		_, soft := pressed(own[1:], values[j*stride:][:size])
		bias[j], until[j] = float32(math.Exp(float64(own[0])*soft)), rows
		heap.Push(best, j)
		if best.Len() > n.Gate.Taken {
			until[heap.Pop(best).(int)] = j
		}
	}
}

// pressed are the product of two rows, and its softplus.
func pressed(a, b []float32) (z, soft float64) {
	sum := float32(0)
	for i, v := range a {
		sum += float32(v * b[i])
	}
	z = float64(sum)
	return z, max(z, 0) + math.Log1p(math.Exp(-math.Abs(z)))
}

// worst is a heap of keys, on top of it the one with the least score, of equals the last.
type worst struct {
	scores []float32
	keys   []int
}

func (w *worst) Len() int      { return len(w.keys) }
func (w *worst) Swap(i, j int) { w.keys[i], w.keys[j] = w.keys[j], w.keys[i] }
func (w *worst) Push(x any)    { w.keys = append(w.keys, x.(int)) }
func (w *worst) Less(i, j int) bool {
	a, b := w.keys[i], w.keys[j]
	return w.scores[a] < w.scores[b] || w.scores[a] == w.scores[b] && a > b
}
func (w *worst) Pop() any {
	last := w.keys[len(w.keys)-1]
	w.keys = w.keys[:len(w.keys)-1]
	return last
}

// judgeBack adds the gradients of what biases are made of; ds are those of logits.
func (w *worker) judgeBack(dValues, ds []float32, columns int, of *head, m matrix, h int, values []float32, stride int, s span) {
	n, size, rows := w.n, w.n.HeadSize, s.to-s.from
	own, dOwn := m.of(n.params)[h*m.in:][:m.in], m.of(w.grads)[h*m.in:][:m.in]
	sums := make([]float64, rows)
	for i := range rows {
		for j, v := range ds[i*columns:][:i+1] {
			sums[j] += float64(v)
		}
	}
	for j, sum := range sums {
		v, to := values[j*stride:][:size], dValues[j*stride:][:size]
		z, soft := pressed(own[1:], v)
		sum *= float64(of.bias[s.from+j]) * math.Sqrt(float64(size)) // logits are products over that
		dOwn[0] += float32(sum * soft)
		dz := float32(sum * float64(own[0]) * sigmoid(z))
		for i, x := range v {
			dOwn[1+i] += float32(dz * x)
			to[i] += float32(dz * own[1+i])
		}
	}
}

// single is soften where keys are chosen one by one. A row of s reads its window and, by dma, the keys whose bias is
// best, which is added to logits; by memory, in layers that have one, the keys before the window whose logits are best:
// all of them in learning, and all of other documents, from which it is to tell its own apart.
func (w *worker) single(of *head, row []float32, layer, i int, s span, scale float32) {
	g, rows := w.n.Gate, s.to-s.from
	own := span{0, rows} // document
	for _, p := range w.parts {
		if p.from <= s.from+i && s.from+i < p.to {
			own = span{p.from - s.from, p.to - s.from}
		}
	}
	near, to := max(own.from, i+1-g.Window), (rows+simd.Vector-1)/simd.Vector*simd.Vector
	switch {
	case g.Kind == "dma":
		for j := range row[:i+1] {
			if row[j] = float32(row[j]*scale) + of.bias[s.from+j]; j < near && i >= of.until[s.from+j] {
				row[j] = nothing
			}
		}
		scale = 1
	case layer < g.From:
		nowhere(row[:near])
	case !w.all:
		logits := make([]float64, near)
		for j, v := range row[:near] {
			logits[j] = float64(v)
		}
		kept := best(logits, g.Taken)
		nowhere(row[:near])
		for _, j := range kept {
			row[j] = float32(logits[j])
		}
	}
	nowhere(row[i+1 : own.to])
	nowhere(row[rows:to])
	factor := 1 / simd.Softmax(row[:to], scale)
	for j, v := range row[:rows] {
		row[j] = v * factor
	}
	clear(row[rows:])
}

var nothing = float32(math.Inf(-1))

func nowhere(row []float32) {
	for j := range row {
		row[j] = nothing
	}
}

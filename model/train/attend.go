package train

import (
	"math"

	"github.com/tamis-search/tamis/internal/simd"
)

// head is what attention of a head computed: the weights of its branches.
type head struct {
	weights []float32 // rows × rows
	rows    []*row    // what these were made by; nil where they are of one softmax
	bias    []float32 // of keys (dma)
	until   []int     // the first row that reads a key no more (dma)
}

// attendRoom is what attention works in.
type attendRoom struct {
	gates              []float32
	panels, across, ds []float32
	dq, dkv            []float32
}

func (r *attendRoom) both(n int) []float32 { return resized(&r.gates, n) }

func resized(x *[]float32, n int) []float32 {
	if cap(*x) < n {
		*x = make([]float32, n)
	}
	*x = (*x)[:n]
	return *x
}

// span is a part of a sequence, to excluded, that attends to itself alone and has positions of its own.
type span struct{ from, to int }

// columns is how far rows of weights stand apart.
func (w *worker) columns() int {
	n := 0
	for _, s := range w.parts {
		n = max(n, s.to-s.from)
	}
	return simd.Padded(n)
}

// attend sets mixed to what the heads of a layer read.
func (w *worker) attend(t *tape, layer int) {
	columns, parts := w.together(layer)
	for h := range w.n.Heads {
		resized(&t.heads[h].weights, w.length*columns)
		t.heads[h].rows = t.heads[h].rows[:0]
		for _, s := range parts {
			w.attendPart(t, layer, h, columns, s)
		}
	}
}

// together are the parts of a sequence that read each other in a layer, and how far rows of weights stand apart: all
// of them where they are each other's memory.
func (w *worker) together(layer int) (columns int, parts []span) {
	if w.n.Gate.Kind == "memory" && layer >= w.n.Gate.From && len(w.parts) > 1 {
		return simd.Padded(w.length), []span{{0, w.length}}
	}
	return w.columns(), w.parts
}

func (w *worker) attendPart(t *tape, layer, h, columns int, s span) {
	n, rows := w.n, s.to-s.from
	wide, heads, size := n.layers[0].qkvg.wide(), n.Heads*n.HeadSize, n.HeadSize
	scale := float32(1 / math.Sqrt(float64(size)))
	own, qkvg := &t.heads[h], t.qkvg[s.from*wide:]
	q, k, v := qkvg[h*size:], qkvg[heads+h*size:], qkvg[2*heads+h*size:]
	p, panels := own.weights[s.from*columns:], resized(&w.room.panels, columns*size)
	packAcross(panels, k, wide, size, rows)
	simd.Multiply(p, columns, q, wide, panels, w.zeros, rows, size, rows)
	pool := n.pool(qkvg, h, rows)
	if n.Gate.Kind == "dma" {
		w.judge(own, n.layers[layer].own, h, v, wide, s)
	}
	for i := range rows {
		some := p[i*columns:][:columns]
		switch {
		case n.Gate.whole():
			soften(some, i+1, scale)
		case n.Gate.single():
			w.single(own, some, layer, i, s, scale)
		default:
			own.rows = append(own.rows, w.weigh(some, qkvg[i*wide+3*heads+h*n.Gate.parts():], pool, i+1, scale))
		}
	}
	packRows(panels, v, wide, rows, size)
	simd.Multiply(t.mixed[s.from*heads+h*size:], heads, p, columns, panels, w.zeros, rows, rows, size)
}

// pool is what the keys of a head weigh in their blocks; nil where they are pooled by their means.
func (n *net) pool(qkvg []float32, h, rows int) []float64 {
	if n.Gate.Kind != "nsa" {
		return nil
	}
	pool, wide, at := make([]float64, rows), n.layers[0].qkvg.wide(), n.pooled(h)
	for i := range pool {
		pool[i] = 1 / (1 + math.Exp(-float64(qkvg[i*wide+at])))
	}
	return pool
}

// pooled is where in a row that is, before its sigmoid.
func (n *net) pooled(h int) int { return 3*n.Heads*n.HeadSize + h*n.Gate.parts() + 3 }

// soften makes weights of the first logits, and nothing of the others.
func soften(row []float32, n int, scale float32) {
	end := min(len(row), (n+simd.Vector-1)/simd.Vector*simd.Vector)
	for j := n; j < end; j++ {
		row[j] = float32(math.Inf(-1))
	}
	factor := 1 / simd.Softmax(row[:end], scale)
	for j := range n {
		row[j] *= factor
	}
	clear(row[n:])
}

// weigh is soften for what is not dense.
func (w *worker) weigh(s, gates []float32, pool []float64, n int, scale float32) *row {
	scaled, open := make([]float64, n), make([]float64, w.n.Gate.parts())
	for j, v := range s[:n] {
		scaled[j] = float64(v * scale)
	}
	for i := range open {
		open[i] = 1 / (1 + math.Exp(-float64(gates[i])))
	}
	r := newRow(w.n.Gate, scaled, open, pool, w.places)
	r.weigh(s[:n])
	clear(s[n:])
	return r
}

// attendBack adds to d the gradients of queries, keys, values and gates, which come from dMixed.
func (w *worker) attendBack(d []float32, t *tape, layer int) {
	columns, parts := w.together(layer)
	for h := range w.n.Heads {
		for _, s := range parts {
			w.attendPartBack(d[s.from*w.n.layers[0].qkvg.wide():], t, layer, h, columns, s)
		}
	}
}

func (w *worker) attendPartBack(d []float32, t *tape, layer, h, columns int, s span) {
	n, rows := w.n, s.to-s.from
	wide, heads, size := n.layers[0].qkvg.wide(), n.Heads*n.HeadSize, n.HeadSize
	scale := float32(1 / math.Sqrt(float64(size)))
	r, qkvg := &w.room, t.qkvg[s.from*wide:]
	q, k, v := qkvg[h*size:], qkvg[heads+h*size:], qkvg[2*heads+h*size:]
	p, up := t.heads[h].weights[s.from*columns:], w.dMixed[s.from*heads+h*size:]
	panels, ds := resized(&r.panels, columns*size), resized(&r.ds, rows*columns)
	packAcross(panels, v, wide, size, rows)
	simd.Multiply(ds, columns, up, heads, panels, w.zeros, rows, size, rows)
	dPool := make([]float64, rows)
	for i := range rows {
		some := ds[i*columns:][:columns]
		if n.Gate.whole() {
			softenBack(some, p[i*columns:][:columns], i+1, scale)
			continue
		}
		if n.Gate.single() {
			softenBack(some, p[i*columns:][:columns], rows, scale)
			continue
		}
		for j, v := range t.heads[h].rows[s.from+i].back(some[:i+1], dPool) {
			d[i*wide+3*heads+h*n.Gate.parts()+j] += float32(v)
		}
		for j := range some[:i+1] {
			some[j] *= scale
		}
		clear(some[i+1:])
	}
	for i, v := range n.pool(qkvg, h, rows) {
		d[i*wide+n.pooled(h)] += float32(dPool[i] * v * (1 - v))
	}
	if n.Gate.Kind == "dma" {
		w.judgeBack(d[2*heads+h*size:], ds, columns, &t.heads[h], n.layers[layer].own, h, v, wide, s)
	}
	w.spread(d[2*heads+h*size:], p, up, columns, heads, rows)
	w.spread(d[heads+h*size:], ds, q, columns, wide, rows)
	packRows(panels, k, wide, rows, size)
	w.collect(d[h*size:], ds, panels, columns, rows)
}

// softenBack makes of the gradients of weights those of logits.
func softenBack(d, p []float32, to int, scale float32) {
	sum := float32(0)
	for j, v := range p[:to] {
		sum += float32(v * d[j])
	}
	for j, v := range p[:to] {
		d[j] = float32(v*(d[j]-sum)) * scale
	}
	clear(d[to:])
}

// collect adds to rows of d the weighted sums of what is packed.
func (w *worker) collect(d, weights, panels []float32, columns, rows int) {
	size := w.n.HeadSize
	sum := resized(&w.room.dq, rows*size)
	simd.Multiply(sum, size, weights, columns, panels, w.zeros, rows, rows, size)
	w.into(d, sum, rows)
}

// spread adds to rows of d what weights, from rows to them, make of x.
func (w *worker) spread(d, weights, x []float32, columns, stride, rows int) {
	size := w.n.HeadSize
	across, panels, sum := resized(&w.room.across, rows*rows), resized(&w.room.dkv, rows*size), resized(&w.room.dq, rows*size)
	transpose(across, weights, columns, rows, rows)
	packRows(panels, x, stride, rows, size)
	simd.Multiply(sum, size, across, rows, panels, w.zeros, rows, rows, size)
	w.into(d, sum, rows)
}

func (w *worker) into(d, sum []float32, rows int) {
	size, wide := w.n.HeadSize, w.n.layers[0].qkvg.wide()
	for i := range rows {
		add(d[i*wide:][:size], sum[i*size:][:size])
	}
}

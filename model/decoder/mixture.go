package decoder

import (
	"cmp"
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
)

// mixture is what a layer of experts works in.
type mixture struct {
	logits  []float32 // rows × experts, padded
	taken   [][]share // by row
	some, y []float32 // the rows that take an expert, and what it gives
	among   []int     // which rows these are
	all     []share
}

// share is how much a token takes of an expert.
type share struct {
	expert int
	weight float32
}

// mix sets rows of r.y, Padded(Width) apart, to what the experts of each give (Shazeer et al.
// 2017; Jiang et al. 2024): the softmax over the router's logits tells how much of which, and
// the expert that all take is added by a gate of its own (Qwen).
func (d *Decoder) mix(r *room, l *layer, x []float32, rows int) {
	if r.mixture == nil {
		r.mixture = &mixture{logits: make([]float32, r.rows*simd.Padded(d.Experts)), taken: make([][]share, r.rows), some: make([]float32, r.rows*d.Width), y: make([]float32, r.rows*simd.Padded(d.Width))}
	}
	m, columns := r.mixture, simd.Padded(d.Width)
	d.product(r, &l.router, m.logits, x, rows)
	for i := range rows {
		m.taken[i] = d.route(m, m.logits[i*simd.Padded(d.Experts):][:d.Experts], m.taken[i][:0])
	}
	clear(r.y[:rows*columns])
	for e := range l.experts {
		var weights []float32
		m.among = m.among[:0]
		for i := range rows {
			for _, s := range m.taken[i] {
				if s.expert == e {
					copy(m.some[len(m.among)*d.Width:], x[i*d.Width:][:d.Width])
					m.among, weights = append(m.among, i), append(weights, s.weight)
				}
			}
		}
		if len(m.among) > 0 {
			d.feed(r, &l.experts[e], m.y, m.some[:len(m.among)*d.Width], len(m.among))
			d.addShares(r, m, weights)
		}
	}
	if l.share.out == 0 {
		return
	}
	d.product(r, &l.share, m.logits, x, rows)
	weights := make([]float32, rows)
	m.among = m.among[:0]
	for i := range rows {
		weights[i] = float32(1 / (1 + math.Exp(-float64(m.logits[i*simd.Padded(1)]))))
		m.among = append(m.among, i)
	}
	d.feed(r, &l.net, m.y, x, rows)
	d.addShares(r, m, weights)
}

// addShares adds the rows of m.y to those that they are among.
func (d *Decoder) addShares(r *room, m *mixture, weights []float32) {
	columns := simd.Padded(d.Width)
	for k, i := range m.among {
		row, more := r.y[i*columns:][:d.Width], m.y[k*columns:]
		for j := range row {
			row[j] += float32(weights[k] * more[j])
		}
	}
}

// route are the experts that a token takes.
func (d *Decoder) route(m *mixture, logits []float32, taken []share) []share {
	most, sum := slices.Max(logits), 0.0
	m.all = m.all[:0]
	for e, v := range logits {
		w := math.Exp(float64(v - most))
		sum += w
		m.all = append(m.all, share{e, float32(w)})
	}
	slices.SortStableFunc(m.all, func(a, b share) int { return cmp.Compare(b.weight, a.weight) })
	taken = append(taken, m.all[:d.Taken]...)
	if d.renewed {
		sum = 0
		for _, s := range taken {
			sum += float64(s.weight)
		}
	}
	for i := range taken {
		taken[i].weight = float32(float64(taken[i].weight) / sum)
	}
	return taken
}

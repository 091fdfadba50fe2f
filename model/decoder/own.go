package decoder

import (
	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/attention"
)

// Own is the attention that the model was trained with; nil for dense attention.
func (d *Decoder) Own() *attention.Trained { return d.own }

// gate makes what the gates of rows are made of.
func (d *Decoder) gate(r *room, l *layer, normed []float32, rows int) {
	if l.gates.out == 0 {
		return
	}
	stride := simd.Padded(l.gates.out)
	if len(r.gates) < rows*stride {
		r.gates = make([]float32, rows*stride)
	}
	d.product(r, &l.gates, r.gates, normed, rows)
	for i := 1; i < rows; i++ {
		copy(r.gates[i*l.gates.out:], r.gates[i*stride:][:l.gates.out])
	}
}

// attendOwn is attend by the model's own attention.
func (d *Decoder) attendOwn(r *room, c *Cache, l *layer, k *kept, rows int) {
	group, size, width := d.Heads/d.KeyHeads, d.HeadSize, d.Heads*d.HeadSize
	stride, some := simd.Padded((d.Heads+2*d.KeyHeads)*size), (rows+attendRows-1)/attendRows
	part := group * d.own.Gates()
	wholes, read := make([]*held, d.KeyHeads), make([]int64, d.KeyHeads*some)
	for g := range k.heads {
		in := &k.heads[g]
		for i := 0; i < rows && part > 0; i++ {
			d.own.Weigh(&in.Keys, r.gates[i*l.gates.out+g*part:][:part])
		}
		wholes[g] = in.open(&r.opened[g])
		n := len(l.own) / d.KeyHeads
		d.own.Learn(&wholes[g].Keys, wholes[g].values, l.own[g*n:][:n])
		if wholes[g] != in {
			in.Learn(&wholes[g].Keys)
		}
	}
	most := wholes[0].N
	d.divide(d.KeyHeads*some, 2*rows*most*size, func(from, to int) {
		for i := from; i < to; i++ {
			g, first := i/some, i%some*attendRows
			n := min(rows-first, attendRows)
			h := wholes[g]
			q := attention.NewQueries(r.qkv[first*stride+g*group*size:], stride, n, group, h.N-rows+first, d.scale)
			gates := make([]float32, n*part)
			for j := range n {
				copy(gates[j*part:][:part], r.gates[min(len(r.gates), (first+j)*l.gates.out+g*part):])
			}
			read[i] = int64(d.own.Attend(r.mixed[first*width+g*group*size:], width, q, &h.Keys, h.values, gates))
		}
	})
	for g := range k.heads {
		k.heads[g].code()
	}
	if w := c.Watch; w != nil {
		for _, n := range read {
			w.Read += n * int64(group)
		}
		for i := range rows {
			w.Visible += int64((len(c.tokens) + i + 1) * d.Heads)
		}
	}
}

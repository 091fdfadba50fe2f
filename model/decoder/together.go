package decoder

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
)

// MostTogether is how many conversations ReadTogether takes.
const MostTogether = 32

// ReadTogether reads one token on from each of several caches, which are different ones, and returns
// the logits after each: what Read returns for each by itself, to the last bit. The weights are gone
// through once for all, which is what a token by itself takes most of its time for. Where it fails the
// caches hold what they held before.
func (d *Decoder) ReadTogether(ctx context.Context, caches []*Cache, ids []int32) ([][]float32, error) {
	if n := len(caches); n == 0 || n > MostTogether || len(ids) != n {
		return nil, fmt.Errorf("%d conversations and %d tokens are read together; as many of either are, at most %d", n, len(ids), MostTogether)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for i, c := range caches {
		if slices.Contains(caches[:i], c) {
			return nil, errors.New("a conversation is read together with itself")
		}
		if err := d.fits(c, ids[i:i+1]); err != nil {
			return nil, err
		}
	}
	rows := len(caches)
	r := d.room(caches[0], rows)
	x := r.states[:rows*d.Width]
	own := make([]room, rows)
	for i, c := range caches {
		d.embed(r, x[i*d.Width:][:d.Width], c.next(), ids[i:i+1])
		own[i] = *d.room(c, 1)
		own[i].turns = [2]turns{}
		for k, t := range r.turns {
			if t.sines != nil {
				at, n := i*d.HeadSize/2, d.HeadSize/2
				own[i].turns[k] = turns{t.sines[at:][:n], t.cosines[at:][:n]}
			}
		}
		d.angles(&own[i], c.next(), 1)
		d.plan(&own[i], c, len(c.tokens), len(c.tokens)+1, true)
	}
	for i := range d.layers {
		d.layerTogether(r, own, caches, i, x)
	}
	for i, c := range caches {
		c.room.keepOf(&own[i])
		c.tokens = append(c.tokens, ids[i])
	}
	all, err := d.logitsOf(r, x, rows)
	if err != nil {
		for _, c := range caches {
			c.Cut(len(c.tokens) - 1)
		}
	}
	return all, err
}

// layerTogether is layer for a token of each of several conversations.
func (d *Decoder) layerTogether(r *room, own []room, caches []*Cache, number int, x []float32) {
	l, rows := &d.layers[number], len(caches)
	normed := r.normed[:len(x)]
	d.norm(normed, x, l.attended)
	d.product(r, &l.qkv, r.qkv, normed, rows)
	stride := simd.Padded((d.Heads + 2*d.KeyHeads) * d.HeadSize)
	for i, c := range caches {
		o := &own[i]
		o.qkv, o.mixed = r.qkv[i*stride:][:stride], r.mixed[i*d.Heads*d.HeadSize:][:d.Heads*d.HeadSize]
		d.keep(o, c, l, &c.layers[number], 1)
		d.attend(o, c, l, &c.layers[number], 1)
	}
	d.rest(r, l, x, rows)
}

// keepOf takes back the memory that grew while another room used it.
func (r *room) keepOf(o *room) {
	r.gathered, r.opened, r.scores, r.tiles, r.zeros = o.gathered, o.opened, o.scores, o.tiles, o.zeros
}

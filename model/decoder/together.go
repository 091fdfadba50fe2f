package decoder

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
)

// MostTogether is how many tokens ReadTogether takes.
const MostTogether = blockRows

// ReadTogether reads a few tokens on from each of several caches, which are different ones, and returns
// the logits after each token: what ReadEach returns for each cache by itself, to the last bit. The weights
// are gone through once for all, which is what a token by itself takes most of its time for. Where it
// fails the caches hold what they held before.
func (d *Decoder) ReadTogether(ctx context.Context, caches []*Cache, ids [][]int32) ([][][]float32, error) {
	rows := 0
	for _, some := range ids {
		rows += len(some)
	}
	if n := len(caches); n == 0 || len(ids) != n || rows > MostTogether {
		return nil, fmt.Errorf("%d tokens of %d conversations are read together from %d caches; %d are at most, and one cache for each", rows, len(ids), n, MostTogether)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for i, c := range caches {
		switch {
		case slices.Contains(caches[:i], c):
			return nil, errors.New("a conversation is read together with itself")
		case len(ids[i]) == 0:
			return nil, errors.New("no tokens to read")
		}
		if err := d.fits(c, ids[i]); err != nil {
			return nil, err
		}
	}
	r := d.room(caches[0], rows)
	x := r.states[:rows*d.Width]
	own, at := make([]room, len(caches)), 0
	for i, c := range caches {
		n := len(ids[i])
		d.embed(x[at*d.Width:][:n*d.Width], c.next(), ids[i])
		own[i] = *d.room(c, n)
		own[i].turns = [2]turns{}
		for k, t := range r.turns {
			if half := d.HeadSize / 2; t.sines != nil {
				own[i].turns[k] = turns{t.sines[at*half:][:n*half], t.cosines[at*half:][:n*half]}
			}
		}
		d.angles(&own[i], c.next(), n)
		if own[i].planner = nil; n == 1 {
			d.plan(&own[i], c, len(c.tokens), len(c.tokens)+1, true)
		}
		at += n
	}
	for i := range d.layers {
		d.layerTogether(r, own, caches, ids, i, x)
	}
	for i, c := range caches {
		c.room.keepOf(&own[i])
		c.tokens = append(c.tokens, ids[i]...)
	}
	flat, err := d.logitsOf(r, x, rows)
	if err != nil {
		for i, c := range caches {
			c.Cut(len(c.tokens) - len(ids[i]))
		}
		return nil, err
	}
	all := make([][][]float32, len(caches))
	for i := range all {
		all[i], flat = flat[:len(ids[i])], flat[len(ids[i]):]
	}
	return all, nil
}

// layerTogether is layer for tokens of several conversations.
func (d *Decoder) layerTogether(r *room, own []room, caches []*Cache, ids [][]int32, number int, x []float32) {
	l, rows := &d.layers[number], len(x)/d.Width
	normed := r.normed[:len(x)]
	d.norm(normed, x, l.attended)
	d.product(r, &l.qkv, r.qkv, normed, rows)
	d.gate(r, l, normed, rows)
	stride, width, at := simd.Padded((d.Heads+2*d.KeyHeads)*d.HeadSize), d.Heads*d.HeadSize, 0
	for i, c := range caches {
		o, n := &own[i], len(ids[i])
		o.qkv, o.mixed = r.qkv[at*stride:][:n*stride], r.mixed[at*width:][:n*width]
		o.gates = r.gates[at*l.gates.out:][:n*l.gates.out]
		d.keep(o, c, l, &c.layers[number], n)
		d.attend(o, c, l, &c.layers[number], n)
		at += n
	}
	d.rest(r, l, x, rows)
}

// keepOf takes back the memory that grew while another room used it.
func (r *room) keepOf(o *room) {
	r.gathered, r.opened, r.scores, r.tiles, r.zeros = o.gathered, o.opened, o.scores, o.tiles, o.zeros
}

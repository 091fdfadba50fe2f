package decoder

import (
	"fmt"

	"github.com/tamis-search/tamis/model/attention"
)

// Look is how much attention the last token pays to each part of what was read, by layer and head: a
// row for each part, Layers · Heads numbers, each a share of what that head pays to everything. ends are
// the first token of the first part, then the end of each part. What the cache read last was read with
// Looks, and nothing was dropped.
func (d *Decoder) Look(c *Cache, ends []int) ([][]float32, error) {
	parts := attention.Documents{Ends: ends}
	if !parts.Valid() || ends[len(ends)-1] > len(c.tokens) {
		return nil, fmt.Errorf("parts that end at %v: they have to ascend, up to %d tokens", ends, len(c.tokens))
	}
	out := make([][]float32, len(ends)-1)
	for i := range out {
		out[i] = make([]float32, d.Layers*d.Heads)
	}
	width, group := d.Heads*d.HeadSize, d.Heads/d.KeyHeads
	for l := range c.layers {
		k := &c.layers[l]
		if len(k.recent) < width || k.heads[0].places != nil || d.layers[l].window > 0 {
			return nil, fmt.Errorf("layer %d: a look is for layers that read all, at what was read with Looks, before anything is dropped", l)
		}
		last := k.recent[len(k.recent)-width:]
		for h := range d.Heads {
			whole := k.heads[h/group].open(&held{})
			q := attention.NewQueries(last[h*d.HeadSize:], width, 1, 1, whole.N-1, d.scale)
			for i, m := range parts.Mass(q, &whole.Keys) {
				out[i][l*d.Heads+h] = float32(m)
			}
		}
	}
	return out, nil
}

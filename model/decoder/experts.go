package decoder

import (
	"context"
	"errors"
)

// ErrNoExperts: each layer has one feed-forward network that all tokens go through.
var ErrNoExperts = errors.New("the model is no mixture: each layer has one feed-forward network, which all tokens go through")

// Routes reads tokens on as States does, and returns which experts they take: a list for each layer, in it Taken
// numbers for each token, the one that it takes most of first.
func (d *Decoder) Routes(ctx context.Context, c *Cache, ids []int32) ([][]int, error) {
	if d.Experts == 0 {
		return nil, ErrNoExperts
	}
	all := make([][]int, d.Layers)
	err := d.blocks(ctx, c, ids, func(r *room, layer, rows int) {
		for _, taken := range r.mixture.taken[:rows] {
			for _, s := range taken {
				all[layer] = append(all[layer], s.expert)
			}
		}
	}, func(*room, []float32) {})
	return all, err
}

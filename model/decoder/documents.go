package decoder

import (
	"fmt"

	"github.com/tamis-search/tamis/model/attention"
)

// ranked is by how many of the last tokens documents are ranked (BlockRank).
const ranked = 2

// needs is how many positions are needed where n tokens more are read; it has the cache know what its
// documents are.
func (c *Cache) needs(n int) (int, error) {
	if p := c.Policy; p == nil || p.Alone == 0 {
		return c.next() + n, nil
	}
	if len(c.tokens) == 0 {
		asked := c.Asked
		if asked == 0 {
			asked = 64
		}
		if c.parts = c.Parts; c.parts == nil {
			c.parts = attention.InDocuments(n, asked).Ends
		}
	}
	d := attention.Documents{Ends: c.parts}
	if !d.Valid() {
		return 0, fmt.Errorf("the parts of a prompt end at %v: they have to ascend", c.parts)
	}
	end := len(c.tokens) + n
	from, _, position := d.Part(end - 1)
	most := position + end - from
	for _, e := range c.parts {
		if from, _, position := d.Part(e - 1); e > 0 && from < end {
			most = max(most, position+min(e, end)-from)
		}
	}
	return most, nil
}

// apart is the planner of the part that a token is in, and where this ends; positions are set.
func (c *Cache) apart(token int) (attention.Planner, int) {
	d := attention.Documents{Ends: c.parts, Share: c.Policy.Alone}
	from, to, position := d.Part(token)
	c.gone = from - position
	return d, to
}

// Rank is how much attention the last two tokens pay to each document of a prompt that was read in parts,
// in a layer, in the mean of heads and tokens: BlockRank's score of a document for the question.
func (d *Decoder) Rank(c *Cache, layer int) ([]float64, error) {
	if c.Policy == nil || c.Policy.Alone == 0 || layer < 0 || layer >= d.Layers || d.layers[layer].window > 0 {
		return nil, fmt.Errorf("documents are ranked by a layer that reads all, and where a policy reads them by themselves; layer %d is not such a one", layer)
	}
	k, width := &c.layers[layer], d.Heads*d.HeadSize
	rows, group := min(ranked, len(k.recent)/width), d.Heads/d.KeyHeads
	if rows < ranked || len(c.parts) == 0 || c.parts[len(c.parts)-1] > len(c.tokens)-rows || k.heads[0].places != nil {
		return nil, fmt.Errorf("documents are ranked when a question of %d tokens or more was read behind them, before anything is dropped", ranked)
	}
	recent, sums := k.recent[len(k.recent)-rows*width:], make([]float64, len(c.parts)-1)
	for h := range k.heads {
		whole := k.heads[h].open(&held{})
		q := attention.NewQueries(recent[h*group*d.HeadSize:], width, rows, group, whole.N-rows, d.scale)
		for i, m := range (attention.Documents{Ends: c.parts}).Mass(q, &whole.Keys) {
			sums[i] += m / float64(rows*d.Heads)
		}
	}
	return sums, nil
}

package attend

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/tamis-search/tamis/eval/ring"
	"github.com/tamis-search/tamis/model/attention"
	"github.com/tamis-search/tamis/model/decoder"
)

// Plans is what a policy reads of a text of so many tokens, block by block in each head of
// keys, as the runtime does it.
func Plans(ctx context.Context, d *decoder.Decoder, o Options, name string, tokens int) ([]ring.Block, error) {
	p, err := attention.Parse(name)
	if err != nil {
		return nil, err
	}
	o.Lengths = []int{tokens}
	m, err := makerOf(d, o)
	if err != nil {
		return nil, err
	}
	c := d.NewCache()
	c.Policy = p
	var blocks []ring.Block
	c.Watch = &decoder.Watch{Plan: func(layer, _, rows int, spans []attention.Span) {
		blocks = append(blocks, ring.Block{Layer: layer, First: spans[len(spans)-1].To - rows, Rows: rows, Spans: slices.Clone(spans)})
	}}
	defer d.Drop(c)
	_, err = d.Read(ctx, c, m.prompt("needle", tokens, rand.New(rand.NewPCG(o.Seed, 0))).ids[:tokens])
	return blocks, err
}

package attend

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	"github.com/tamis-search/tamis/model/attention"
	"github.com/tamis-search/tamis/model/decoder"
)

// Sizes of a mask: a line is a block of tokens, a column so many keys.
const (
	maskTokens  = 2304
	maskColumns = 96
	maskSteps   = 3
)

// WriteMask draws what a policy reads in a layer and a head of keys, as the runtime does it: the
// built model, or another, reads a text with a fact in it and a question about that, and decodes a
// few tokens.
func WriteMask(ctx context.Context, w io.Writer, d *decoder.Decoder, o Options, name string, layer, head int) error {
	p, err := attention.Parse(name)
	if err != nil {
		return err
	}
	if layer < 0 || layer >= d.Layers || head < 0 || head >= d.KeyHeads {
		return fmt.Errorf("layer %d and head %d of keys are not of the model, which has %d layers and %d heads, from 0 on", layer, head, d.Layers, d.KeyHeads)
	}
	o.Lengths = []int{maskTokens}
	m, err := makerOf(d, o)
	if err != nil {
		return err
	}
	text := m.prompt("needle", maskTokens, rand.New(rand.NewPCG(o.Seed, 0)))
	q := text.questions[0]
	ids := append(text.ids[:maskTokens-len(q.ask)], q.ask...)
	c := d.NewCache()
	c.Policy, c.Asked = p, len(q.ask)
	var lines []string
	c.Watch = &decoder.Watch{Plan: func(l, h, tokens int, spans []attention.Span) {
		if l == layer && h == head {
			lines = append(lines, maskLine(spans, c.Kept(l, h), len(c.Tokens()), tokens))
		}
	}}
	if _, err := d.Read(ctx, c, ids); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s, layer %d, head %d: %d tokens are read, then %d are decoded; a column is %d keys\n", p.Name, layer, head, maskTokens, maskSteps, maskTokens/maskColumns)
	fmt.Fprintln(w, "█ all are read  ▒ some are  · none is, though they could")
	d.Drop(c)
	if p.Prefill == nil && p.Alone == 0 {
		fmt.Fprintln(w, "prefill reads everything")
		lines = nil
	}
	for i := 1; i < len(lines); i += 2 { // as many tell as much
		fmt.Fprintf(w, "%5d %s\n", i, lines[i])
	}
	if kept := c.Kept(layer, head); kept != nil {
		var spans []attention.Span
		for i := range kept {
			spans = append(spans, attention.Span{From: i, To: i + 1})
		}
		fmt.Fprintf(w, " kept %s\n", maskLine(spans, kept, maskTokens, 0))
	}
	lines = nil
	for i := range maskSteps {
		if _, err := d.Read(ctx, c, []int32{q.answer[min(i, len(q.answer)-1)]}); err != nil {
			return err
		}
	}
	if p.Step == nil && p.Cache == nil && p.Alone == 0 {
		_, err := fmt.Fprintln(w, "decoding reads everything")
		return err
	}
	for _, line := range lines {
		if _, err := fmt.Fprintf(w, " step %s\n", line); err != nil {
			return err
		}
	}
	return nil
}

// maskLine shows spans of what is held, by the positions of these, up to the end of a block.
func maskLine(spans []attention.Span, places []int32, before, tokens int) string {
	const wide = maskTokens / maskColumns
	var read [maskColumns + 1]int
	for _, s := range spans {
		for i := s.From; i < s.To; i++ {
			at := i
			if i < len(places) {
				at = int(places[i])
			}
			read[min(at/wide, maskColumns)]++
		}
	}
	var line strings.Builder
	for i := range min((before+tokens+wide-1)/wide, maskColumns+1) {
		whole := min(wide, before+tokens-i*wide)
		switch {
		case read[i] == 0:
			line.WriteRune('·')
		case read[i] >= whole:
			line.WriteRune('█')
		default:
			line.WriteRune('▒')
		}
	}
	return line.String()
}

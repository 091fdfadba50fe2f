package local

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/model/compress"
	"github.com/tamis-search/tamis/model/decoder"
)

// compressor is one of the model's (package compress), and the share of segments that is read as tokens all the same.
type compressor struct {
	*compress.Compressor
	open float64
}

// compressorOf loads the compressor that text names: NAME or NAME:SHARE.
func compressorOf(d *decoder.Decoder, path, text string) (*compressor, error) {
	name, share, some := strings.Cut(text, ":")
	open := 0.
	if some {
		var err error
		if open, err = strconv.ParseFloat(share, 64); err != nil || !(open > 0 && open <= 1) {
			return nil, fmt.Errorf("compress is %q: behind the colon is the share of the context that is read as tokens, above 0, and 1 at most", text)
		}
	}
	c, err := compress.Open(d, path, name)
	if err != nil {
		return nil, err
	}
	if open > 0 && c.Kind == compress.Recurrent {
		return nil, errors.Join(fmt.Errorf("compress is %q: %s folds all of the context into the same vectors, and no share of it can be read as tokens", text, name), c.Close())
	}
	return &compressor{c, open}, nil
}

// prompt is what of a prompt is compressed: its documents, where it has some, each by itself.
func (*compressor) prompt(ids []int32, ends []int) (p compress.Prompt) {
	if len(ends) == 0 {
		p.Behind = ids
		return p
	}
	last := len(ends) - 1
	p.Before, p.Behind = ids[:ends[0]], ids[ends[last]:]
	p.Asked = p.Behind
	for i := range last {
		p.Between = append(p.Between, ids[ends[i]:ends[i+1]])
	}
	return p
}

// readCompressed reads a prompt into a cache from its beginning.
func (m *Model) readCompressed(ctx context.Context, cache *decoder.Cache, ids []int32, ends []int) ([]float32, error) {
	c := m.compressor
	p := c.prompt(ids, ends)
	if n := c.Positions(p); n >= m.decoder.Positions {
		return nil, fmt.Errorf("the conversation has %d tokens and vectors, the model takes %d and needs some for its answer: ask with a smaller --budget", n, m.decoder.Positions)
	}
	cache.Cut(0)
	return c.Read(ctx, cache, p, c.open)
}

var errBoth = errors.New("a context is compressed, or attention reads a part of it: not both")

package encoding

import (
	"context"
	"iter"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/vector"
)

// Short makes vectors of short texts that are compared with each other, none of which is
// a question about the others.
func Short(e Encoder) func(ctx context.Context, texts iter.Seq[string]) iter.Seq2[vector.Value, error] {
	return func(ctx context.Context, texts iter.Seq[string]) iter.Seq2[vector.Value, error] {
		return e.All(ctx, texts, encode.Passage)
	}
}

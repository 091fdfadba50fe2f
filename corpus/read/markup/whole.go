package markup

import (
	"context"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// Whole gives add the blocks of all that a page shows, with their texts, in order: of
// a page that is a letter, say, where nothing is navigation. It returns the title.
func Whole(ctx context.Context, src string, add func(b corpus.Block, text string)) (title string, err error) {
	x, err := extract(ctx, strings.ToValidUTF8(src, "\uFFFD"), false)
	if err != nil {
		return "", err
	}
	for i := range x.blocks {
		add(x.blocks[i].Block, x.blocks[i].text)
	}
	return x.title, nil
}

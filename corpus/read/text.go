package read

import (
	"context"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/corpus"
)

// readText leaves the finding of paragraphs to the splitter.
func readText(_ context.Context, d *corpus.Document, text string) error {
	d.Source = text
	return nil
}

// appendTrimmed appends b without the white space at its ends, unless nothing
// is left. It is for formats whose source is the file's own text.
func appendTrimmed(blocks []corpus.Block, b corpus.Block, text string) []corpus.Block {
	t := text[b.Start:b.End]
	l := strings.TrimLeftFunc(t, unicode.IsSpace)
	b.Start += len(t) - len(l)
	b.End = b.Start + len(strings.TrimRightFunc(l, unicode.IsSpace))
	if b.Start == b.End {
		return blocks
	}
	b.FileStart, b.FileEnd = b.Start, b.End
	return append(blocks, b)
}

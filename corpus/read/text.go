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

// readRows makes each line of a CSV or TSV file, or each record whose quoted
// cells hold line breaks, a table row.
func readRows(_ context.Context, d *corpus.Document, text string) error {
	d.Source = text
	d.Blocks = []corpus.Block{}
	quoted, start := false, 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && text[i] == '"' {
			quoted = !quoted
		}
		// A quote that is never closed must not make one row of the file.
		if i == len(text) || text[i] == '\n' && (!quoted || i-start > 1<<16) {
			d.Blocks = appendTrimmed(d.Blocks, corpus.Block{Kind: corpus.TableRow, Start: start, End: i}, text)
			start, quoted = i+1, false
		}
	}
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

package read

import (
	"context"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// textual makes a reader of a format that is one text a file. decode turns a text
// that is not valid UTF-8 into UTF-8, or returns ""; nil knows none. parse fills
// Source, Blocks, Title and what else the format states from a text that is
// valid UTF-8 without a byte order mark; lines are found here.
func textual(kind, lang string, decode func(text string) string, parse func(ctx context.Context, d *corpus.Document, text string) error) format.Func {
	return func(ctx context.Context, f *format.File, _ *format.Options, yield func(corpus.Document, error) bool) error {
		text, err := f.Text(decode)
		if err != nil {
			return err
		}
		d := corpus.Document{Type: kind, Lang: lang}
		body := strings.TrimPrefix(text, bom)
		if err := parse(ctx, &d, body); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if blank(d.Source) {
			if blank(text) {
				return f.Skip("empty")
			}
			return f.Skip("there is no text in it")
		}
		d.Verbatim = d.Source == body
		if n := len(text) - len(body); n > 0 {
			shift(&d, text, n)
		}
		if d.Verbatim {
			d.Place.Line = 1
		} else {
			number(d.Blocks, text)
		}
		yield(d, nil)
		return nil
	}
}

// shift puts back the byte order mark of n bytes that text began with: the source
// of a verbatim document keeps it.
func shift(d *corpus.Document, text string, n int) {
	if d.Verbatim {
		d.Source = text
	}
	for i := range d.Blocks {
		b := &d.Blocks[i]
		b.FileStart += n
		b.FileEnd += n
		if d.Verbatim {
			b.Start += n
			b.End += n
		}
	}
}

// number gives blocks the lines of the file at which they begin.
func number(blocks []corpus.Block, file string) {
	line, at := 1, 0
	places := make([]corpus.Place, len(blocks))
	for i := range blocks {
		start := min(max(blocks[i].FileStart, at), len(file))
		line += strings.Count(file[at:start], "\n")
		at = start
		places[i].Line = line
		blocks[i].Place = &places[i]
	}
}

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

func blank(s string) bool {
	return strings.TrimFunc(strings.TrimPrefix(s, bom), unicode.IsSpace) == ""
}

func put(d *corpus.Document, key string, v any) {
	if d.Metadata == nil {
		d.Metadata = make(map[string]any)
	}
	d.Metadata[key] = v
}

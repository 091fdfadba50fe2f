package format

import (
	"context"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/corpus"
)

// Textual makes a reader of a format that is one text a file. decode turns a text
// that is not valid UTF-8 into UTF-8, or returns ""; nil knows none. parse fills
// Source, Blocks, Title and what else the format states from a text that is
// valid UTF-8 without a byte order mark; lines are found here.
func Textual(kind, lang string, decode func(text string) string, parse func(ctx context.Context, d *corpus.Document, text string) error) Func {
	return func(ctx context.Context, f *File, _ *Options, yield func(corpus.Document, error) bool) error {
		text, err := f.Text(decode)
		if err != nil {
			return err
		}
		d := corpus.Document{Type: kind, Lang: lang}
		body := strings.TrimPrefix(text, BOM)
		if err := parse(ctx, &d, body); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if Blank(d.Source) {
			if Blank(text) {
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

// Blank says that a text holds nothing but white space, after a byte order mark.
func Blank(s string) bool {
	return strings.TrimFunc(strings.TrimPrefix(s, BOM), unicode.IsSpace) == ""
}

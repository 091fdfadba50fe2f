package format

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/corpus"
)

// Textual makes a reader of a format that is one text a file. decode turns a text
// that is not valid UTF-8 into UTF-8, or returns ""; nil knows none. parse fills
// Source, Blocks, Title and what else the format states from a text that is
// valid UTF-8 without a byte order mark; lines are found here.
func Textual(kind, lang string, decode func(text string) string, parse Parse) Func {
	return Costly(kind, lang, decode, Cost{}, parse, nil)
}

// Parse makes a document of a text, see Textual. A SkipError needs no path.
type Parse func(ctx context.Context, d *corpus.Document, text string) error

// Cost is about how many bytes of memory a parser takes: for each byte of a text,
// and for each occurrence of Mark in it.
type Cost struct {
	Byte, Each int64
	Mark       string
}

// Costly is Textual for a parser that may take many times the bytes of its text.
// Where that would be more than Options.Memory, instead parses the text; where that
// is nil, the file is skipped.
func Costly(kind, lang string, decode func(text string) string, cost Cost, parse, instead Parse) Func {
	return func(ctx context.Context, f *File, o *Options, yield func(corpus.Document, error) bool) error {
		text, err := f.Text(decode)
		if err != nil {
			return err
		}
		parse := parse
		if need := cost.Byte*int64(len(text)) + cost.Each*int64(strings.Count(text, cost.Mark)); o.Memory > 0 && need > o.Memory {
			if instead == nil {
				return f.Skip("to read it as %s takes about %d MiB of memory, more than the %d MiB that are allowed (--memory)", kind, need>>20, o.Memory>>20)
			}
			parse = instead
		}
		d := corpus.Document{Type: kind, Lang: lang}
		body := strings.TrimPrefix(text, BOM)
		if err := parse(ctx, &d, body); err != nil {
			var s *SkipError
			if errors.As(err, &s) && s.Path == "" {
				s.Path, s.Inside = f.Path, f.Inside
			}
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
		d.Verbatim = d.Source == body && inPlace(d.Blocks)
		if n := len(text) - len(body); n > 0 {
			shift(&d, text, n)
		}
		if d.Verbatim {
			d.Place.Line = 1
		} else {
			Number(d.Blocks, text, 1)
		}
		yield(d, nil)
		return nil
	}
}

// inPlace says that blocks of an extracted text are where they are in the file, too.
func inPlace(blocks []corpus.Block) bool {
	for i := range blocks {
		if blocks[i].Start != blocks[i].FileStart || blocks[i].End != blocks[i].FileEnd {
			return false
		}
	}
	return true
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

// Number gives blocks the lines of a text, which begins at a line of the file, at
// which they begin, beside what else is known of their places. Their file ranges
// count the text.
func Number(blocks []corpus.Block, file string, line int) {
	at := 0
	places := make([]corpus.Place, len(blocks))
	for i := range blocks {
		start := min(max(blocks[i].FileStart, at), len(file))
		line += strings.Count(file[at:start], "\n")
		at = start
		if p := blocks[i].Place; p != nil {
			places[i] = *p
		}
		places[i].Line = line
		blocks[i].Place = &places[i]
	}
}

// Blank says that a text holds nothing but white space, after a byte order mark.
func Blank(s string) bool {
	return strings.TrimFunc(strings.TrimPrefix(s, BOM), unicode.IsSpace) == ""
}

// AppendTrimmed appends b without the white space at its ends, unless nothing
// is left. It is for formats whose source is the file's own text.
func AppendTrimmed(blocks []corpus.Block, b corpus.Block, text string) []corpus.Block {
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

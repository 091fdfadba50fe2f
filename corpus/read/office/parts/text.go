package parts

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// Text is a document that is being written, as large as its file may be.
type Text struct {
	// Page, Paragraph, Slide and Sheet are where the next blocks stand, Line that of
	// the file.
	Page, Paragraph, Slide, Line int
	Sheet                        string

	x       format.Extract
	f       *format.File
	o       *format.Options
	place   *corpus.Place
	early   []*corpus.Place // those without a page
	paged   bool
	blocks  int64
	dropped []corpus.Dropped
	title   string
}

// blockBytes is what a block takes beside its text.
const blockBytes = 160

// NewText begins.
func NewText(f *format.File, o *format.Options) *Text { return &Text{f: f, o: o} }

// FirstPage says that what had no page stood on the first: the format states where
// pages break, and the first break was met.
func (t *Text) FirstPage() {
	for _, p := range t.early {
		p.Page = 1
	}
	t.early, t.paged = nil, true
}

// at is where the next block stands; blocks of one place share it.
func (t *Text) at(cell string) *corpus.Place {
	p := corpus.Place{Page: t.Page, Paragraph: t.Paragraph, Slide: t.Slide, Line: t.Line, Sheet: t.Sheet, Cell: cell}
	if p.Page == 0 && t.paged {
		p.Page = 1
	}
	if t.place == nil || *t.place != p {
		t.place = &p
		if p.Page == 0 && p.Slide == 0 && p.Sheet == "" {
			t.early = append(t.early, t.place)
		}
	}
	return t.place
}

// Add appends a block. The first heading of level 1 is the title, unless there is one.
func (t *Text) Add(kind corpus.BlockKind, level int, text string) {
	t.add(corpus.Block{Kind: kind, Level: uint8(level), Place: t.at("")}, text)
}

// Row appends the row of a table that begins in a cell of a sheet: its cells are
// parted by tabs.
func (t *Text) Row(cell, text string) {
	t.add(corpus.Block{Kind: corpus.TableRow, Place: t.at(cell)}, text)
}

// Place is Add of a block that stands in a cell of a sheet.
func (t *Text) Place(kind corpus.BlockKind, level int, cell, text string) {
	t.add(corpus.Block{Kind: kind, Level: uint8(level), Place: t.at(cell)}, text)
}

func (t *Text) add(b corpus.Block, text string) {
	text = Clean(text)
	if b.Kind == corpus.TableRow {
		text = strings.TrimRight(text, "\t ")
	}
	if format.Blank(text) {
		return
	}
	t.blocks++
	if b.Kind == corpus.Heading && b.Level == 1 && t.title == "" {
		t.title = strings.Join(strings.Fields(text), " ")
	}
	t.x.Add(b, text)
}

// Part parts the table or list that follows from the one before.
func (t *Text) Part() { t.x.Part() }

// Drop notes what is left out, if that is asked for.
func (t *Text) Drop(reason, text string) {
	if !t.o.Explain {
		return
	}
	if text = strings.TrimSpace(Clean(text)); text == "" {
		return
	}
	if n := len(t.dropped); n > 0 && t.dropped[n-1].Reason == reason && len(t.dropped[n-1].Text) < 4<<10 {
		t.dropped[n-1].Text += "\n" + text
		return
	}
	if len(t.dropped) < 1000 {
		t.dropped = append(t.dropped, corpus.Dropped{Reason: reason, Text: text})
	}
}

// Full says why no more may be written. Rows without their blocks are still text, but
// one that cannot be cited by its cell is not what was asked for.
func (t *Text) Full() error {
	switch n := int64(t.x.Len()); {
	case n > max(t.o.MaxBytes, 1<<20):
		return t.f.Skip("its text is larger than the limit of %d bytes (MaxFileBytes)", t.o.MaxBytes)
	case t.o.Memory > 0 && t.blocks*blockBytes > t.o.Memory:
		return t.f.Skip("its %d rows and paragraphs take more than the %d MiB of memory that are allowed (--memory)", t.blocks, t.o.Memory>>20)
	}
	return nil
}

// Yield hands the document over. title is what the file states.
func (t *Text) Yield(kind, title string, metadata map[string]any, yield func(corpus.Document, error) bool) error {
	if err := t.Full(); err != nil {
		return err
	}
	d := corpus.Document{Type: kind, Title: t.title, Dropped: t.dropped}
	if title != "" {
		d.Title = title
	}
	if len(metadata) > 0 {
		d.Metadata = metadata
	}
	t.x.Put(&d)
	if format.Blank(d.Source) {
		return t.f.Skip("there is no text in it")
	}
	yield(d, nil)
	return nil
}

// Clean is s without what no text holds: bytes that are not UTF-8, control
// characters, marks that are not shown.
func Clean(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || c < ' ' && c != '\t' && c != '\n' {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return r
		case r == '\u00AD' || r == '\uFEFF' || r == '\u200B' || r == '\u2060' || r < ' ' || r == 0x7F:
			return -1
		case r == '\u2028' || r == '\u2029' || r == '\u0085' || r == '\v' || r == '\f':
			return '\n'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// Cell is text on one line, as a cell holds it.
func Cell(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) && r != ' ' && r != '\u00A0' && r != '\u3000' }) {
		return strings.Trim(s, " ")
	}
	return strings.Join(strings.Fields(s), " ")
}

// Explaining says that it is asked for what is left out.
func (t *Text) Explaining() bool { return t.o.Explain }

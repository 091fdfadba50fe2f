// Package rtf reads the Rich Text Format (Microsoft, 1.0 to 1.9.1).
//
// A file is groups in braces, control words (\word with a number that may follow) and
// text. A group takes over the state of the one around it and gives it back. The first
// word of a group may name a destination: what is in it is no text of the body (fonts,
// styles, pictures, notes …); \* says that a reader that does not know the destination
// passes over it. Bytes above 127 come as \'hh in the code page of the font, other
// characters as \uN with a stand-in of \uc characters behind it.
package rtf

import (
	"context"
	"io"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
)

// maxGroups is how deep groups may nest.
const maxGroups = 2000

// destination is what becomes of the text of a group.
type destination uint8

const (
	body destination = iota
	skipped
	fonts
	styles
	number   // of an item, as it is shown
	footnote // in the text of a note
	title
	author
	leftOut // noted as dropped
)

// state is what groups inherit.
type state struct {
	to      destination
	font    int
	uc      int
	hidden  bool
	deleted bool
	why     string // of leftOut
	star    bool
	fresh   bool // the group has just begun
	upr     bool // the group that follows is the same in code pages
}

// para is what holds of the open paragraph until \pard.
type para struct {
	style, outline int
	item, row      bool
}

type style struct {
	level       int
	quote, code bool
}

type reader struct {
	ctx  context.Context
	src  string
	at   int
	t    *parts.Text
	flow parts.Flow

	s     state
	stack []state
	p     para

	page    int // the code page of the document
	charset map[int]int
	font    int // that the table of fonts is at
	styles  map[int]style
	style   int
	named   strings.Builder // of a style

	raw    []byte // bytes of a code page that are not yet text
	rawAt  int    // where they begin
	begin  int    // where the open paragraph begins, and the open note
	began  int
	lines  int // before upTo
	upTo   int
	rawCP  int
	skip   int // characters that stand in for one that was read
	text   strings.Builder
	number strings.Builder
	note   strings.Builder
	notes  []notice
	noted  int
	gone   strings.Builder
	info   [2]strings.Builder
	high   rune // the first half of a pair

	inTable bool
}

// Read reads a file.
func Read(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) (err error) {
	defer parts.Recovered(f, &err)
	src, ok := f.ReaderAt.(format.Memory)
	if !ok {
		var b strings.Builder
		if _, err := io.Copy(&b, f.Reader()); err != nil {
			return err
		}
		src = format.Memory(b.String())
	}
	t := parts.NewText(f, o)
	r := &reader{ctx: ctx, src: string(src), t: t, flow: parts.Flow{T: t}, page: 1252, charset: map[int]int{}, styles: map[int]style{}, s: state{uc: 1}}
	if err := r.read(f); err != nil {
		return err
	}
	meta := map[string]any{}
	if a := parts.Cell(parts.Clean(r.info[1].String())); a != "" {
		meta["author"] = a
	}
	return t.Yield("rtf", parts.Cell(parts.Clean(r.info[0].String())), meta, yield)
}

func (r *reader) read(f *format.File) error {
	for n := 0; r.at < len(r.src); n++ {
		if n%4096 == 0 {
			if err := r.ctx.Err(); err != nil {
				return err
			}
			if err := r.t.Full(); err != nil {
				return err
			}
		}
		c := r.src[r.at]
		r.at++
		switch c {
		case '{':
			r.flush()
			if len(r.stack) >= maxGroups {
				return f.SkipAs(format.Damaged, "its groups nest more than %d deep", maxGroups)
			}
			r.stack = append(r.stack, r.s)
			r.s.star, r.s.fresh, r.skip = false, true, 0
			if r.s.upr {
				r.s.upr = false
				r.s.to = skipped
				r.stack[len(r.stack)-1].upr = false
			}
		case '}':
			r.close()
		case '\\':
			r.control()
		case '\r', '\n', 0:
		default:
			r.s.fresh = false
			if r.skip > 0 {
				r.skip--
				continue
			}
			r.byte(c)
		}
	}
	r.flush()
	switch {
	case len(r.stack) > 0:
		return f.SkipAs(format.Damaged, "it ends inside a group: it is cut")
	case strings.TrimSpace(r.text.String()) != "":
		r.paragraph()
	}
	r.endTable()
	for _, n := range r.notes {
		r.t.Line = n.line
		r.t.Add(corpus.Paragraph, 0, n.text)
	}
	return nil
}

// close ends a group.
func (r *reader) close() {
	r.flush()
	if len(r.stack) == 0 {
		return
	}
	was := r.s
	r.s = r.stack[len(r.stack)-1]
	r.stack = r.stack[:len(r.stack)-1]
	r.skip = 0
	switch {
	case was.to == footnote && r.s.to != footnote:
		r.notes = append(r.notes, notice{r.note.String(), r.line(r.began)})
		r.note.Reset()
	case was.to == leftOut && r.s.to != leftOut:
		r.t.Drop(was.why, r.gone.String())
		r.gone.Reset()
	case was.to == styles:
		r.styles[r.style] = r.settle(r.styles[r.style])
	}
}

// settle ends a style of the table: its name tells what it is.
func (r *reader) settle(st style) style {
	name := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(r.named.String()), ";"))
	r.named.Reset()
	switch rest, ok := strings.CutPrefix(name, "heading "); {
	case ok && len(rest) > 0 && rest[0] >= '1' && rest[0] <= '6':
		st.level = int(rest[0] - '0')
	case name == "title":
		st.level = 1
	case name == "quote" || name == "intense quote":
		st.quote = true
	case name == "html preformatted":
		st.code = true
	}
	return st
}

// byte takes a byte of text.
func (r *reader) byte(c byte) {
	cp := r.codePage()
	if cp != r.rawCP || len(r.raw) > 4096 {
		r.flush()
		r.rawCP = cp
	}
	if len(r.raw) == 0 {
		r.rawAt = r.at
	}
	r.raw = append(r.raw, c)
}

func (r *reader) codePage() int {
	if cp := r.charset[r.s.font]; cp != 0 && r.s.to != fonts {
		return cp
	}
	return r.page
}

// flush makes text of the bytes.
func (r *reader) flush() {
	r.high = 0
	if len(r.raw) == 0 {
		return
	}
	raw := r.raw
	r.raw = r.raw[:0]
	r.take(decode(raw, r.rawCP), true)
}

// put takes text where it belongs.
func (r *reader) put(t string) { r.take(t, false) }

func (r *reader) take(t string, fromRaw bool) {
	switch r.s.to {
	case skipped, fonts:
		return
	case styles:
		r.named.WriteString(t)
		return
	case title:
		r.info[0].WriteString(t)
		return
	case author:
		r.info[1].WriteString(t)
		return
	case leftOut:
		r.gone.WriteString(t)
		return
	}
	switch {
	case r.s.hidden:
		r.t.Drop("hidden", t)
	case r.s.deleted:
		r.t.Drop("deleted", t)
	case r.s.to == number:
		r.number.WriteString(t)
	case r.s.to == footnote:
		if r.note.Len() == 0 {
			r.began = r.at
		}
		r.note.WriteString(t)
	default:
		if strings.TrimSpace(t) != "" && strings.TrimSpace(r.text.String()) == "" {
			r.begin = r.at
			if fromRaw {
				r.begin = r.rawAt
			}
		}
		r.text.WriteString(t)
	}
}

// notice is a note, and the line of the file where it begins.
type notice struct {
	text string
	line int
}

// line is that of a place in the file; those that are asked for mostly ascend.
func (r *reader) line(at int) int {
	if at < r.upTo {
		r.lines, r.upTo = 0, 0
	}
	r.lines += strings.Count(r.src[r.upTo:at], "\n")
	r.upTo = at
	return r.lines + 1
}

// paragraph ends the open one.
func (r *reader) paragraph() {
	text := r.text.String()
	r.text.Reset()
	mark := strings.TrimSpace(r.number.String())
	listed := r.number.Len() > 0
	r.number.Reset()
	if !r.p.row {
		r.endTable()
	} else {
		r.openCell()
	}
	if strings.TrimSpace(text) == "" {
		r.flow.Blank()
		return
	}
	st := r.styles[r.p.style]
	b := parts.Piece{Text: text, Level: st.level, Line: r.line(r.begin)}
	if r.p.outline > 0 {
		b.Level = r.p.outline
	}
	if b.Level > 6 {
		b.Level = 0
	}
	switch {
	case b.Level > 0:
		b.Kind = corpus.Heading
	case r.p.item || listed:
		b.Kind = corpus.ListItem
	case st.quote:
		b.Kind = corpus.Quote
	case st.code:
		b.Kind = corpus.Code
	}
	if strings.ContainsAny(mark, "0123456789") || len(mark) > 1 && len(mark) < 8 && strings.ContainsAny(mark, ".)") {
		b.Text = mark + " " + strings.TrimLeft(text, " \t")
	}
	r.flow.Emit(b)
}

func (r *reader) openCell() {
	if !r.inTable {
		r.inTable = true
		r.flow.BeginTable()
	}
	if !r.flow.InRow() {
		r.flow.BeginRow()
	}
	if !r.flow.InCell() {
		r.flow.BeginCell(1)
	}
}

func (r *reader) endTable() {
	if r.inTable {
		r.inTable = false
		r.flow.EndTable()
	}
}

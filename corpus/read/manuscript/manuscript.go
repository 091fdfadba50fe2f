// Package manuscript reads the formats in which people write documents as plain
// text with marks: reStructuredText, AsciiDoc, Org and the manual pages of troff, and
// what makeinfo makes of their like for GNU Info. LaTeX, which stands beside it, writes
// its pages with it.
//
// The stored source is what a reader of the finished document sees, without marks:
// that is what is cited. Blocks keep their kinds and the lines of the file at which
// they begin. What is no text is left out: comments, targets of links, settings,
// pictures. Files are not followed to others that they include.
package manuscript

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// maxDepth bounds how deep lists, quotations and braces are followed; deeper text is
// kept as paragraphs.
const maxDepth = 60

// maxMarked is how many bytes may stand between two marks.
const maxMarked = 1000

// line is a line of the file, or what of it stands behind an indent.
type line struct {
	text string
	at   int // of text in the file
}

func (l line) blank() bool { return strings.TrimSpace(l.text) == "" }

func (l line) end() int { return l.at + len(l.text) }

// indent is how many columns of white space begin the line; tabs go on to the next of
// eight.
func (l line) indent() int {
	n := 0
	for i := 0; i < len(l.text); i++ {
		switch l.text[i] {
		case ' ':
			n++
		case '\t':
			n += 8 - n%8
		default:
			return n
		}
	}
	return n
}

// from is the line without its first n columns of white space, or what it has of them.
func (l line) from(n int) line {
	col, i := 0, 0
	for i < len(l.text) && col < n {
		switch l.text[i] {
		case ' ':
			col++
		case '\t':
			col += 8 - col%8
		default:
			return line{l.text[i:], l.at + i}
		}
		i++
	}
	return line{l.text[i:], l.at + i}
}

func (l line) cut(i int) line { return line{l.text[i:], l.at + i} }

// linesOf splits a text.
func linesOf(src string) []line {
	var all []line
	at := 0
	for s := range strings.Lines(src) {
		all = append(all, line{strings.TrimRight(s, " \t\r\n\f\v"), at})
		at += len(s)
	}
	return all
}

// indented is how many of the lines, from the first on, are blank or indented by n
// columns at least; blank ones at the end do not count.
func indented(ls []line, n int) int {
	k := 0
	for i, l := range ls {
		if l.blank() {
			continue
		}
		if l.indent() < n {
			break
		}
		k = i + 1
	}
	return k
}

// dedent takes the indent that all lines share.
func dedent(ls []line) []line {
	least := -1
	for _, l := range ls {
		if !l.blank() && (least < 0 || l.indent() < least) {
			least = l.indent()
		}
	}
	out := make([]line, len(ls))
	for i, l := range ls {
		out[i] = l.from(max(least, 0))
	}
	return out
}

// trimBlank cuts blank lines at both ends.
func trimBlank(ls []line) []line {
	for len(ls) > 0 && ls[0].blank() {
		ls = ls[1:]
	}
	for len(ls) > 0 && ls[len(ls)-1].blank() {
		ls = ls[:len(ls)-1]
	}
	return ls
}

// joined is the text of lines, each behind sep.
func joined(ls []line, sep string) string {
	var b strings.Builder
	for i, l := range ls {
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(l.text)
	}
	return b.String()
}

// Page is a document that is being written.
type Page struct {
	D     *corpus.Document
	Ctx   context.Context
	out   strings.Builder
	apart bool // the next row or item begins another table or list
	// Lead goes before the text of the next block, if that is an item.
	Lead string
}

func closeKinds(a, b corpus.BlockKind) bool {
	in := func(k corpus.BlockKind) bool { return k == corpus.ListItem || k == corpus.Term }
	return in(a) && in(b) || a == corpus.TableRow && b == corpus.TableRow
}

// Add writes a block of text that stands at [from, to) in the file. Text of code and
// rows is kept as it is, that of others without white space around it.
func (p *Page) Add(k corpus.BlockKind, level int, text string, from, to int) {
	switch k {
	case corpus.Code:
		text = strings.Trim(strings.TrimRight(text, " \t\n"), "\n")
	case corpus.TableRow:
		text = strings.TrimRight(text, " \t\n")
	default:
		text = strings.TrimSpace(text)
	}
	if format.Blank(text) {
		return
	}
	if k == corpus.ListItem {
		text = p.Lead + text
	}
	p.Lead = ""
	if n := len(p.D.Blocks); n > 0 {
		p.out.WriteByte('\n')
		if p.apart || !closeKinds(p.D.Blocks[n-1].Kind, k) {
			p.out.WriteByte('\n')
		}
	}
	p.apart = false
	b := corpus.Block{Kind: k, Start: p.out.Len(), FileStart: from, FileEnd: max(from, to)}
	p.out.WriteString(text)
	b.End = p.out.Len()
	if k == corpus.Heading {
		b.Level, b.Label = uint8(min(max(level, 1), 6)), strings.Join(strings.Fields(text), " ")
		if p.D.Title == "" {
			p.D.Title = b.Label
		}
	}
	p.D.Blocks = append(p.D.Blocks, b)
}

// code writes lines as they stand.
func (p *Page) code(ls []line) {
	if ls = trimBlank(ls); len(ls) > 0 {
		p.Add(corpus.Code, 0, joined(dedent(ls), "\n"), ls[0].at, ls[len(ls)-1].end())
	}
}

// Row is one of a table, and where it begins in the file.
type Row struct {
	Cells []string
	At    int
}

// Rows writes a table, with what shown makes of its cells.
func (p *Page) Rows(rows []Row, shown func(string) string) {
	p.apart = true
	for _, r := range rows {
		for i, c := range r.Cells {
			r.Cells[i] = strings.Join(strings.Fields(shown(c)), " ")
		}
		p.Add(corpus.TableRow, 0, strings.Join(r.Cells, "\t"), r.At, r.At)
	}
	p.apart = true
}

// Same shows cells as they are.
func Same(s string) string { return s }

// Reader makes a reader of one of the formats: parse writes the page.
func Reader(kind string, parse func(p *Page, src string)) format.Func {
	read := func(ctx context.Context, d *corpus.Document, src string) error {
		p := &Page{D: d, Ctx: ctx}
		parse(p, src)
		d.Source = p.out.String()
		// The file's order is that of the blocks: what moved (notes) stays where it is
		// written, at the line of what comes before.
		last := 0
		for i := range d.Blocks {
			b := &d.Blocks[i]
			b.FileStart = max(min(b.FileStart, len(src)), last)
			b.FileEnd = max(min(b.FileEnd, len(src)), b.FileStart)
			last = b.FileStart
			if i > 0 {
				d.Blocks[i-1].FileEnd = min(d.Blocks[i-1].FileEnd, last)
			}
		}
		return ctx.Err()
	}
	plain := func(_ context.Context, d *corpus.Document, src string) error {
		d.Source = src
		return nil
	}
	return format.Costly(kind, "", nil, format.Cost{Byte: 4, Each: 120, Mark: "\n"}, read, plain)
}

// wordBefore says that the sign before i is a letter or a digit; wordAt the same of the
// one at i.
func wordBefore(s string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return i > 0 && isWord(r)
}

func wordAt(s string, i int) bool {
	r, _ := utf8.DecodeRuneInString(s[i:])
	return i < len(s) && isWord(r)
}

func isWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r >= utf8.RuneSelf && r != '\u201c' && r != '\u201d' && r != '\u2018' && r != '\u2019' && r != '\u2013' && r != '\u2014' && r != '\u00a0' && r != '\u2026'
}

func spaceAt(s string, i int) bool {
	return i >= len(s) || s[i] == ' ' || s[i] == '\t' || s[i] == '\n'
}

func spaceBefore(s string, i int) bool {
	return i == 0 || s[i-1] == ' ' || s[i-1] == '\t' || s[i-1] == '\n'
}

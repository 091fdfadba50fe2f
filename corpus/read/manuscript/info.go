package manuscript

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// Info reads manuals as makeinfo writes them for GNU Info: nodes, each behind a line that
// names it and its neighbours. What leads from node to node is left out: these lines, menus,
// indices and the tables at the end of a file. Pictures and indices stand in marks that have
// NUL bytes.
func Info(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	var b strings.Builder
	if _, err := io.Copy(&b, f.Reader()); err != nil {
		return err
	}
	shown := *f
	shown.ReaderAt = format.Memory(strings.ReplaceAll(infoMark.ReplaceAllStringFunc(b.String(), shownMark), "\x00", " "))
	return readInfo(ctx, &shown, o, func(d corpus.Document, err error) bool {
		f.Charset = shown.Charset
		return yield(d, err)
	})
}

var readInfo = Reader("info", func(p *Page, src string) {
	i := &info{p}
	var node []line
	first := true
	end := func() {
		i.node(node, first)
		node, first = node[:0], false
	}
	for _, l := range linesOf(src) {
		if strings.Trim(l.text, "\f\x1f") == "" && l.text != "" {
			end()
			continue
		}
		node = append(node, l)
	}
	end()
})

type info struct{ *Page }

var (
	infoMark  = regexp.MustCompile(`\x00\x08\[(?:[^\x00]|\x00[^\x08])*\x00\x08\]`)
	infoAlt   = regexp.MustCompile(`(?s)\balt="((?:[^"\\]|\\.)*)"`)
	infoDir   = regexp.MustCompile(`^\* ([^:]+): \([^)]*\)[^.]*\.\s*(.*)$`)
	infoNote  = regexp.MustCompile(`(?s)([Ss]ee\s+)?\*([Nn])ote\s+([^:]{1,200}?):(?::|\s*(?:\([^)]*\))?[^.,:]{0,200}[.,])`)
	infoItem  = regexp.MustCompile(`^\s*(?:[*•◦⁃-]|\d+\.|[a-z]\.)\s+`)
	infoRule  = regexp.MustCompile(`^(?:\*+|=+|-+|\.+)$`)
	infoIndex = "\x01" // stands where an index did
)

const infoIndent = 5 // columns, of examples and of what explains a term

// IsInfo says that a file begins as makeinfo writes it.
func IsInfo(head []byte) bool {
	start := head[:min(len(head), 300)]
	return bytes.HasPrefix(head, []byte("This is ")) && bytes.Contains(bytes.ToLower(start), []byte("produced by makeinfo")) ||
		bytes.Contains(head, []byte("\x1f\nFile: ")) && bytes.Contains(head, []byte("Node: "))
}

// shownMark is what is shown of a mark: of a picture the words that stand for it, in as many
// bytes, so that places stay.
func shownMark(s string) string {
	shown := ""
	if strings.HasPrefix(s, "\x00\x08[index") {
		shown = infoIndex
	} else if m := infoAlt.FindStringSubmatch(s); m != nil {
		shown = strings.ReplaceAll(strings.Join(strings.Fields(m[1]), " "), `\"`, `"`)
	}
	return shown + strings.Repeat(" ", len(s)-len(shown))
}

// node reads what stands between two separators; the first is what stands before all nodes.
func (i *info) node(ls []line, first bool) {
	ls = trimBlank(ls)
	if len(ls) == 0 {
		return
	}
	switch t := ls[0].text; {
	case first:
		ls = i.before(ls)
	case strings.HasPrefix(t, "File: "):
		ls = ls[1:]
	default: // Indirect:, Tag Table:, End Tag Table, Local Variables:
		return
	}
	for n, l := range ls {
		if strings.Contains(l.text, infoIndex) {
			ls = ls[:n]
			for n--; n >= 0 && (ls[n].blank() || infoRule.MatchString(ls[n].text)); n-- {
			}
			ls = ls[:max(n, 0)] // its heading too
			break
		}
	}
	i.body(ls, corpus.Paragraph, 0)
}

// before reads what stands before the nodes: the manual's name in the directory is its title.
func (i *info) before(ls []line) []line {
	if t := ls[0].text; strings.HasPrefix(t, "This is ") {
		n := 0
		for n < len(ls) && !ls[n].blank() && ls[n].text != "START-INFO-DIR-ENTRY" {
			n++
		}
		ls = ls[n:]
	}
	var kept []line
	in := false
	for _, l := range ls {
		switch t := l.text; {
		case strings.HasPrefix(t, "INFO-DIR-SECTION"):
		case t == "START-INFO-DIR-ENTRY":
			in = true
		case t == "END-INFO-DIR-ENTRY":
			in = false
		case !in:
			kept = append(kept, l)
		case i.D.Title == "":
			if m := infoDir.FindStringSubmatch(t); m != nil {
				i.D.Title = strings.TrimSuffix(strings.TrimSpace(m[1]+": "+m[2]), ":")
				i.D.Title = strings.TrimSuffix(i.D.Title, ".")
			}
		}
	}
	return kept
}

func (i *info) body(ls []line, k corpus.BlockKind, depth int) {
	for at := 0; at < len(ls); {
		if i.Ctx.Err() != nil {
			return
		}
		if ls[at].blank() {
			at++
			continue
		}
		at += max(i.block(ls[at:], k, depth), 1)
	}
}

// block reads the block that the lines begin with, and says how many it has.
func (i *info) block(ls []line, k corpus.BlockKind, depth int) int {
	l := ls[0]
	t := strings.TrimSpace(l.text)
	if depth > maxDepth {
		return i.paragraph(ls, k)
	}
	if n := i.heading(ls); n > 0 {
		return n
	}
	switch {
	case t == "* Menu:" && l.indent() == 0:
		return menu(ls)
	case strings.HasPrefix(t, "-- ") && l.indent() == 1:
		return i.definition(ls, depth)
	case infoItem.MatchString(l.text) && l.indent() < infoIndent:
		mark := len(infoItem.FindString(l.text))
		n := 1 + indented(ls[1:], l.indent()+1)
		i.items(append([]line{l.cut(mark)}, dedent(ls[1:n])...), depth)
		return n
	case l.indent() >= infoIndent:
		n := indented(ls, infoIndent)
		i.apartText(ls[:n])
		return n
	}
	// Terms stand above what explains them.
	n := 0
	for n < len(ls) && !ls[n].blank() && ls[n].indent() == 0 {
		n++
	}
	if n > 0 && n < len(ls) && ls[n].indent() >= infoIndent && !ls[n].blank() {
		for _, l := range ls[:n] {
			i.Add(corpus.Term, 0, shownNotes(l.text), l.at, l.end())
		}
		more := indented(ls[n:], infoIndent)
		i.body(dedent(ls[n:n+more]), corpus.ListItem, depth+1)
		return n + more
	}
	return i.paragraph(ls, k)
}

// items reads an item: its first paragraph, and what else is indented below it.
func (i *info) items(ls []line, depth int) {
	n := 0
	for n < len(ls) && !ls[n].blank() {
		n++
	}
	i.Add(corpus.ListItem, 0, flowing(ls[:n]), ls[0].at, ls[n-1].end())
	i.body(ls[n:], corpus.ListItem, depth+1)
}

// heading reads a title and the line below it, which is as long and says its level.
func (i *info) heading(ls []line) int {
	if len(ls) < 2 || ls[0].indent() > 0 || !infoRule.MatchString(ls[1].text) || utf8.RuneCountInString(ls[0].text) > len(ls[1].text) {
		return 0
	}
	level := 1 + strings.IndexByte("*=-.", ls[1].text[0])
	i.Add(corpus.Heading, level, shownNotes(ls[0].text), ls[0].at, ls[1].end())
	return 2
}

// definition reads " -- Function: name ARGUMENTS" and what explains it.
func (i *info) definition(ls []line, depth int) int {
	n := 0
	for n < len(ls) && strings.HasPrefix(ls[n].text, " -- ") {
		from := n
		for n++; n < len(ls) && !ls[n].blank() && ls[n].indent() >= 2*infoIndent; n++ {
		}
		i.Add(corpus.Term, 0, strings.TrimPrefix(flowing(ls[from:n]), "-- "), ls[from].at, ls[n-1].end())
	}
	more := indented(ls[n:], infoIndent)
	i.body(dedent(ls[n:n+more]), corpus.ListItem, depth+1)
	return n + more
}

// menu says how many lines a menu has: its entries and what continues them. The listing of
// all nodes, which follows in the first, is a part of it.
func menu(ls []line) int {
	n := 1
	for n < len(ls) {
		t := ls[n].text
		switch {
		case strings.Contains(t, "Detailed Node Listing"):
			return len(ls)
		case ls[n].blank(), strings.HasPrefix(t, "* "), ls[n].indent() > 1:
			n++
		case n+2 < len(ls) && ls[n+1].blank() && strings.HasPrefix(ls[n+2].text, "* "):
			n += 2 // what groups entries
		default:
			return n
		}
	}
	return n
}

// apartText reads what is set apart by its indent: examples, and where it reads so, quotations.
func (i *info) apartText(ls []line) {
	from := 0 // of the example that goes on
	for n := 0; n < len(ls); {
		end := n
		for end < len(ls) && !ls[end].blank() {
			end++
		}
		if quoted(ls[n:end]) {
			i.code(ls[from:n])
			i.Add(corpus.Quote, 0, flowing(ls[n:end]), ls[n].at, ls[end-1].end())
			from = end
		}
		for n = end; n < len(ls) && ls[n].blank(); n++ {
		}
	}
	i.code(ls[from:])
}

// quoted says that lines read as sentences do, not as an example.
func quoted(ls []line) bool {
	words, letters, all, last := 0, 0, 0, ls[len(ls)-1].text
	for _, l := range ls {
		for _, w := range strings.Fields(l.text) {
			words++
			all += len(w)
			letters += len(strings.Trim(w, ".,;:!?()'\"`_*")) - strings.Count(w, "=") - strings.Count(w, "$")
		}
	}
	return words >= 12 && words >= 7*len(ls) && 10*letters >= 9*all && strings.ContainsAny(last[len(last)-1:], ".!?)")
}

func (i *info) paragraph(ls []line, k corpus.BlockKind) int {
	n := 1
	for n < len(ls) && !ls[n].blank() && !(infoItem.MatchString(ls[n].text) && ls[n].indent() > 0 && ls[n].indent() < infoIndent) {
		n++
	}
	i.Add(k, 0, flowing(ls[:n]), ls[0].at, ls[n-1].end())
	return n
}

// flowing is the text of lines as one, with what it refers to named as a reader sees it.
func flowing(ls []line) string {
	return strings.Join(strings.Fields(shownNotes(joined(ls, " "))), " ")
}

// shownNotes shows references to other nodes: "*note Name::" and "*note Label: (file)Name.".
func shownNotes(s string) string {
	if !strings.Contains(s, "*note") && !strings.Contains(s, "*Note") {
		return s
	}
	return infoNote.ReplaceAllStringFunc(s, func(m string) string {
		p := infoNote.FindStringSubmatch(m)
		end := m[len(m)-1:]
		if end == ":" {
			end = ""
		}
		see := p[1]
		if see == "" {
			see = map[string]string{"n": "see ", "N": "See "}[p[2]]
		}
		return see + strings.TrimSpace(p[3]) + end
	})
}

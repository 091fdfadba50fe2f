package unit

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// keys are the headings above unit i of nested data, and the terms between, under which
// it is indented.
func (all *Set) keys(i int) []Need {
	u := &all.Units[i]
	if !all.Docs[u.Doc].Nested() {
		return nil
	}
	var out []Need
	margin := indentOf(u.Text)
	for j, n := all.before(i), 0; j >= 0 && n < farthest && u.Kind != corpus.Heading && margin > 0; j, n = all.before(j), n+1 {
		k := &all.Units[j]
		if k.Kind == corpus.Heading {
			break
		}
		if in := indentOf(k.Text); k.Kind == corpus.Term && in < margin {
			out = append(out, Need{Unit: j})
			margin = in
		}
	}
	path := all.HeadingsOf(u.Doc, u.Section)
	for _, h := range slices.Backward(path) {
		if h >= 0 && all.Units[h].Start < u.Start {
			out = append(out, Need{Unit: h})
		}
	}
	return out
}

// bareKey is a key and nothing else: "ports:", "[server]", `"paths": {`, "<plugins>".
var bareKey = regexp.MustCompile(`^\s*(?:- )?[^\n]*[:{[]\s*$|^\s*\[{1,2}[^\n]*\]\s*$|^\s*<[^\s>]+>\s*$`)

// BareKey says that unit i is a key of nested data, which says nothing without what
// stands under it, and is brought by that.
func (all *Set) BareKey(i int) bool {
	u := &all.Units[i]
	return (u.Kind == corpus.Heading || u.Kind == corpus.Term) && all.Docs[u.Doc].Nested() && bareKey.MatchString(u.Text)
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// blanks is how many blanks stand before a byte of a document, where nothing else does
// on its line.
func (all *Set) blanks(doc, at int) int {
	for n := 0; ; n++ {
		c, ok := all.byteAt(doc, at-n-1)
		switch {
		case at-n == 0 || ok && c == '\n':
			return n
		case !ok || c != ' ' && c != '\t':
			return 0
		}
	}
}

// letterLine is a line of the head of a mail, as its reader writes it.
var letterLine = regexp.MustCompile(`^(?:From|To|Cc|Date): `)

// longLine is how much of such a line is kept: that of many who were written to goes on.
const longLine = 100

// letter are the subject and the lines of the head of the mail that unit i is in, the
// nearest above it.
func (all *Set) letter(i int) []Need {
	u := &all.Units[i]
	if !all.Docs[u.Doc].Letter() || u.Kind == corpus.Heading {
		return nil
	}
	var out []Need
	for j := i - 1; j >= 0 && all.Units[j].Doc == u.Doc; j-- {
		k := &all.Units[j]
		switch line := k.Kind == corpus.Paragraph && letterLine.MatchString(k.Text); {
		case !line && len(out) == 0:
			continue
		case !line && k.Kind == corpus.Heading:
			return append(out, Need{Unit: j})
		case !line:
			return out
		case strings.HasPrefix(k.Text, "Cc: "):
			continue
		}
		n := Need{Unit: j}
		if len(k.Text) > longLine {
			if at := strings.LastIndexByte(k.Text[:longLine], ','); at > 0 {
				n.Head = at + 1
			}
		}
		out = append(out, n)
	}
	return out
}

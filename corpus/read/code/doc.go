package code

import (
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// proseBlocks appends what a comment says: its paragraphs, the tags and items of its
// lists, and its examples as code. Signs of comments are not in the blocks where a
// block begins.
func proseBlocks(blocks []corpus.Block, text string, start, end int) []corpus.Block {
	p := prose{text: text, blocks: blocks, from: -1, margin: -1}
	for at := start; at < end; {
		stop := min(lineEnd(text, at), end)
		p.line(at, stop)
		at = stop + 1
	}
	p.flush()
	return p.blocks
}

type prose struct {
	text   string
	blocks []corpus.Block
	from   int // of the open block; -1 for none
	to     int
	kind   corpus.BlockKind
	margin int // blanks before a line of the comment; -1 before the first
	fenced bool
	sample bool // after @example
}

func (p *prose) flush() {
	if p.from >= 0 && p.from < p.to {
		p.blocks = format.AppendTrimmed(p.blocks, corpus.Block{Kind: p.kind, Start: p.from, End: p.to}, p.text)
	}
	p.from = -1
}

// line takes the line of a comment from at to stop.
func (p *prose) line(at, stop int) {
	a, b, indent := unmark(p.text, at, stop)
	if a >= b {
		if p.kind != corpus.Code || !p.fenced {
			p.flush()
		}
		return
	}
	body := p.text[a:b]
	if quoted := strings.HasPrefix(strings.TrimLeft(p.text[at:stop], " \tr"), p.text[a-min(a, 3):a]) && a > 2 && (p.text[a-1] == '"' || p.text[a-1] == '\''); !quoted && (p.margin < 0 || indent < p.margin) {
		p.margin = indent // what follows a quote says nothing of the lines below
	}
	kind, begins := corpus.Paragraph, false
	switch {
	case strings.HasPrefix(body, "```"):
		kind, begins = corpus.Code, !p.fenced && !p.sample
		p.fenced = !p.fenced
	case p.fenced:
		kind = corpus.Code
	case tagged(body):
		kind, begins = corpus.ListItem, true
		if p.sample = strings.HasPrefix(body, "@example"); p.sample {
			kind = corpus.Code
		}
	case p.sample, strings.HasPrefix(body, ">>> ") || strings.HasPrefix(body, "... ") && p.kind == corpus.Code:
		kind = corpus.Code
	case item(body):
		kind, begins = corpus.ListItem, true
	case p.from >= 0 && p.kind == corpus.ListItem && indent > p.margin:
		kind = corpus.ListItem
	case p.from >= 0 && p.kind == corpus.ListItem && p.text[p.from] == '@':
		kind = corpus.ListItem
	case p.margin >= 0 && indent >= p.margin+4 && (p.from < 0 || p.kind == corpus.Code):
		kind = corpus.Code
	case p.from >= 0 && p.kind == corpus.Code && p.margin >= 0 && indent > p.margin:
		kind = corpus.Code
	}
	if begins || kind != p.kind || p.from < 0 {
		p.flush()
		p.from, p.kind = a, kind
	}
	p.to = b
}

// unmark is a line of a comment without the signs of comments, and how many blanks
// stand after them.
func unmark(t string, a, b int) (int, int, int) {
	from := a
	for a < b && (t[a] == ' ' || t[a] == '\t') {
		a++
	}
	marked := false
	for a < b {
		switch {
		case strings.HasPrefix(t[a:b], "*/"):
			a += 2
		case strings.IndexByte("/#;%!", t[a]) >= 0 && (marked || commentMark(t[a:b])), strings.HasPrefix(t[a:b], "/*"), strings.HasPrefix(t[a:b], "--") && !marked, t[a] == '-' && marked && a > from && t[a-1] == '-',
			t[a] == '*' && (!marked && (a+1 == b || t[a+1] == ' ' || t[a+1] == '\t' || t[a+1] == '\r') || marked && a > from && (t[a-1] == '/' || t[a-1] == '*')):
			a++
		case strings.HasPrefix(t[a:b], `"""`) || strings.HasPrefix(t[a:b], "'''"):
			a += 3
			marked = true
			goto done
		case !marked && strings.HasPrefix(t[a:b], `r"""`):
			a += 4
			marked = true
			goto done
		default:
			goto done
		}
		marked = true
	}
done:
	indent := 0
	if !marked {
		indent = a - from
	}
	for a < b && (t[a] == ' ' || t[a] == '\t' || t[a] == '|' && marked && a > from && t[a-1] == ' ' && a+1 < b && t[a+1] == ' ') {
		if t[a] == '\t' {
			indent += 3
		}
		indent++
		a++
	}
	for b > a && (t[b-1] == ' ' || t[b-1] == '\t' || t[b-1] == '\r') {
		b--
	}
	for _, end := range []string{"*/", `"""`, "'''", "-}", "]]"} {
		b = a + len(strings.TrimSuffix(t[a:b], end))
	}
	for b > a && (t[b-1] == ' ' || t[b-1] == '*' && !strings.Contains(t[a:b-1], "*")) {
		b--
	}
	return a, b, indent
}

// commentMark says whether a line begins as a comment of some language does.
func commentMark(s string) bool {
	return strings.HasPrefix(s, "//") || s[0] == '#' || s[0] == ';' || s[0] == '%'
}

// tagged says whether a line begins with a tag of a documentation comment.
func tagged(s string) bool {
	if len(s) < 3 {
		return false
	}
	switch s[0] {
	case '@', '\\':
		return 'a' <= s[1] && s[1] <= 'z'
	case ':':
		n := strings.IndexByte(s[1:], ':')
		return n > 2 && n < 60 && 'a' <= s[1] && s[1] <= 'z'
	}
	return false
}

func item(s string) bool {
	if strings.HasPrefix(s, "- ") || strings.HasPrefix(s, "* ") || strings.HasPrefix(s, "+ ") {
		return true
	}
	n := 0
	for n < len(s) && n < 3 && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n > 0 && n+1 < len(s) && (s[n] == '.' || s[n] == ')') && s[n+1] == ' '
}

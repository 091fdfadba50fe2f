// Package markdown reads Markdown: CommonMark with tables, and the front matter
// above it.
package markdown

import (
	"context"
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// blockParser finds the block structure of CommonMark and of tables. Inlines
// are not parsed: their markup is part of the stored source as it stands. Nor
// are link definitions, which take goldmark quadratic time: isDefinitions knows
// them.
func blockParser() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(parser.DefaultBlockParsers()...),
		parser.WithParagraphTransformers(util.Prioritized(extension.NewTableParagraphTransformer(), 200)),
	)
}

// maxMarkdownBytes bounds what is parsed as Markdown; a larger file is a dump
// rather than a document and is read as plain text, whose paragraphs, lists and
// tables the splitter finds.
const maxMarkdownBytes = 16 << 20

// Read reads a file of Markdown, as plain text where its lines would take too much
// memory.
func Read(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	plain := func(_ context.Context, d *corpus.Document, src string) error {
		d.Source = src
		frontMatter(d, src)
		return nil
	}
	return format.Costly("markdown", "", nil, format.Cost{Byte: 2, Each: 800, Mark: "\n"}, read, plain)(ctx, f, o, yield)
}

// read keeps the file's own text as source and finds its blocks.
func read(_ context.Context, d *corpus.Document, src string) error {
	d.Source = src
	d.Blocks = blocks(src, frontMatter(d, src))
	for _, b := range d.Blocks {
		if b.Kind == corpus.Heading && b.Level == 1 && d.Title == "" {
			d.Title = b.Label
		}
	}
	return nil
}

// Blocks are those of a text without front matter: ranges of src. Marks of lists and
// headings are inside them, fences and underlines of headings outside. It is nil
// where the text is too long or nested too deeply to be parsed.
func Blocks(src string) []corpus.Block { return blocks(src, 0) }

// blocks are those of src from body on.
func blocks(src string, body int) []corpus.Block {
	if len(src) > maxMarkdownBytes || deeplyNested(src) {
		return nil
	}
	m := markdown{src: src, shift: body, blocks: make([]corpus.Block, 0, 16)}
	root := blockParser().Parse(text.NewReader([]byte(src[body:])))
	m.children(root, corpus.Paragraph, 0)
	return m.blocks
}

type markdown struct {
	src    string
	shift  int // of the parsed part in src
	blocks []corpus.Block
	at     int // the end of the last block
}

// maxDepth bounds how deep lists and quotations are followed.
const maxDepth = 200

func (m *markdown) children(n ast.Node, k corpus.BlockKind, depth int) {
	if depth > maxDepth {
		return
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Heading:
			start, end, ok := m.lines(c)
			if !ok {
				continue
			}
			label := headingLabel(m.src[start:end])
			// The "#" marks before the text belong to the block, those after it
			// up to the end of the line too.
			start = m.lineStart(start)
			if n := strings.IndexByte(m.src[end:], '\n'); n >= 0 {
				end += n
			} else {
				end = len(m.src)
			}
			m.add(corpus.Block{Kind: corpus.Heading, Level: uint8(c.Level), Start: start, End: end, Label: label})
		case *ast.Paragraph, *ast.TextBlock:
			if start, end, ok := m.lines(c); ok && !isDefinitions(m.src[start:end]) && !isContents(m.src[start:end]) {
				m.add(corpus.Block{Kind: k, Start: start, End: end})
			}
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			if start, end, ok := m.lines(c); ok {
				m.add(corpus.Block{Kind: corpus.Code, Start: start, End: end})
			}
		case *ast.HTMLBlock:
			if start, end, ok := m.lines(c); ok {
				if c.HasClosure() {
					end = max(end, m.shift+c.ClosureLine.Stop)
				}
				start = m.htmlHeading(start, end)
				if tagsHoldText(m.src[start:end]) {
					m.add(corpus.Block{Kind: k, Start: start, End: end})
				}
			}
		case *ast.List:
			for item := c.FirstChild(); item != nil; item = item.NextSibling() {
				first := item.FirstChild()
				if first == nil {
					continue
				}
				if start, end, ok := m.lines(first); ok && (first.Kind() == ast.KindTextBlock || first.Kind() == ast.KindParagraph) && !isContents(m.src[start:end]) {
					m.add(corpus.Block{Kind: corpus.ListItem, Start: m.markStart(start), End: end})
				}
				m.children(item, corpus.Paragraph, depth+1)
			}
		case *ast.Blockquote:
			m.children(c, corpus.Quote, depth+1)
		case *east.Table:
			m.table(c)
		default:
			m.children(c, k, depth+1)
		}
	}
}

// htmlHeading adds the heading that HTML begins with, as those of pages that are centred do, and
// returns where what follows it begins.
func (m *markdown) htmlHeading(start, end int) int {
	found := htmlHeading.FindStringSubmatchIndex(m.src[start:end])
	if found == nil {
		return start
	}
	at := func(i int) int { return start + found[i] }
	label := m.src[at(4):at(5)]
	if m.src[at(2)] != m.src[at(6)] || !tagsHoldText(label) {
		return start
	}
	m.add(corpus.Block{Kind: corpus.Heading, Level: m.src[at(2)] - '0', Start: start, End: at(1), Label: html.UnescapeString(headingLabel(label))})
	return at(1)
}

// htmlHeading is a heading that a block of HTML begins with, boxes around it aside: its level, what
// stands in it, and the level that its end says.
var htmlHeading = regexp.MustCompile(`(?is)^(?:\s*<(?:div|center|p)\b[^>]*>)*\s*<h([1-6])\b[^>]*>(.*?)</h([1-6])>(?:[ \t]*</(?:div|center|p)>\s*$)*`)

// lines returns the range of a node's lines.
func (m *markdown) lines(n ast.Node) (start, end int, ok bool) {
	l := n.Lines()
	if l == nil || l.Len() == 0 {
		return 0, 0, false
	}
	return m.shift + l.At(0).Start, m.shift + l.At(l.Len()-1).Stop, true
}

func (m *markdown) table(t ast.Node) {
	for row := t.FirstChild(); row != nil; row = row.NextSibling() {
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			if start, _, ok := m.lines(cell); ok {
				end := len(m.src)
				if n := strings.IndexByte(m.src[start:], '\n'); n >= 0 {
					end = start + n
				}
				m.add(corpus.Block{Kind: corpus.TableRow, Start: m.lineStart(start), End: end})
				break
			}
		}
	}
}

// lineStart goes back from i over what stands before it on its line, but not
// over the "> " of a quotation nor into the block before.
func (m *markdown) lineStart(i int) int {
	a := max(strings.LastIndexByte(m.src[:i], '\n')+1, m.at)
	for a < i && (m.src[a] == '>' || m.src[a] == ' ') {
		a++
	}
	return a
}

// markStart goes back from the text of a list item to its mark.
func (m *markdown) markStart(i int) int {
	a := i
	for a > m.at && (m.src[a-1] == ' ' || m.src[a-1] == '\t') {
		a--
	}
	for a > m.at && i-a < 24 && m.src[a-1] > ' ' {
		a--
	}
	return a
}

// add appends a block; of blocks that would overlap the first keeps its place
// (the first paragraph of a list item is met twice).
func (m *markdown) add(b corpus.Block) {
	b.Start = max(b.Start, m.at)
	if b.Start >= b.End {
		return
	}
	n := len(m.blocks)
	m.blocks = format.AppendTrimmed(m.blocks, b, m.src)
	if len(m.blocks) > n {
		m.at = b.End
	}
}

// deeplyNested says whether a line begins with more marks of quotations or
// lists than any text has: the parser's time grows with their square.
func deeplyNested(src string) bool {
	for len(src) > 0 {
		marks := 0
	line:
		for i := 0; i < len(src); i++ {
			switch c := src[i]; c {
			case '>', '-', '*', '+', '.', ')':
				number := c == '.' || c == ')' // of an item
				if number && (i == 0 || src[i-1] < '0' || src[i-1] > '9') {
					break line
				}
				if marks++; marks > 200 && (c == '>' || number || marks > 2000) {
					return true
				}
			case ' ', '\t', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			default:
				break line
			}
		}
		n := strings.IndexByte(src, '\n')
		if n < 0 {
			break
		}
		src = src[n+1:]
	}
	return false
}

// isDefinitions says whether each line of a paragraph is a link definition:
// "[label]: destination".
func isDefinitions(s string) bool {
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if n := strings.Index(line, "]:"); line == "" || line[0] != '[' || n < 2 || n+2 == len(line) || strings.HasPrefix(line, "[^") {
			return false
		}
	}
	return true
}

// isContents says that a text is a link to a heading of the page and nothing else: an entry of its
// table of contents, which says again what the heading does.
func isContents(s string) bool { return contents.MatchString(s) }

var contents = regexp.MustCompile("^\\s*\\[[^\\]\n]{1,200}\\]\\(#[^)\\s]*\\)\\s*(?:<!--[^>]*-->\\s*)?$")

// headingLabel returns the text of a heading without inline markup.
func headingLabel(s string) string {
	s = strings.TrimSpace(s)
	if !strings.ContainsAny(s, "`*_[<\\\n{") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			if i+1 < len(s) && strings.IndexByte("\\`*_{}[]()#+-.!<>|", s[i+1]) >= 0 {
				i++
			}
			b.WriteByte(s[i])
		case '`', '*':
		case '_':
			// Inside a word an underscore is a letter.
			if i > 0 && i+1 < len(s) && wordByte(s[i-1]) && wordByte(s[i+1]) {
				b.WriteByte(c)
			}
		case '!':
			if i+1 >= len(s) || s[i+1] != '[' {
				b.WriteByte(c)
			}
		case '[':
		case ']':
			if i+1 < len(s) && s[i+1] == '(' {
				if n := strings.IndexByte(s[i:], ')'); n > 0 {
					i += n
				}
			}
		case '<':
			if n := strings.IndexByte(s[i:], '>'); n > 0 && i+1 < len(s) && (wordByte(s[i+1]) || s[i+1] == '/' || s[i+1] == '!') {
				i += n
			} else {
				b.WriteByte(c)
			}
		case '\n', '\r':
			b.WriteByte(' ')
		case '{':
			if strings.HasPrefix(s[i:], "{#") && strings.HasSuffix(s, "}") { // "{#anchor}"
				i = len(s)
				break
			}
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	if label := strings.Join(strings.Fields(b.String()), " "); label != "" {
		return label
	}
	return s
}

func wordByte(c byte) bool {
	return c == '_' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// tagsHoldText says whether a block of HTML has text outside its tags and
// comments.
func tagsHoldText(s string) bool {
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			return strings.TrimSpace(s) != ""
		}
		if strings.TrimSpace(s[:i]) != "" {
			return true
		}
		s = s[i:]
		end := ">"
		if strings.HasPrefix(s, "<!--") {
			end = "-->"
		}
		n := strings.Index(s, end)
		if n < 0 {
			return false
		}
		s = s[n+len(end):]
	}
}

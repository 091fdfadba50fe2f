// Package nested reads data under keys: JSON, YAML, TOML, and XML that holds data.
//
// The stored source is the text of the file. What a person needs to understand a
// value are the keys that lead to it, so the tree is cut where its parts are small
// enough to be read whole:
//
//   - An entry, a key with all that stands under it, of at most some hundred bytes is a
//     block of code, which stays one unit.
//   - The key of a larger one is a heading, or a term where it is about a passage long
//     and what stands under it is indented, and its entries follow. A
//     member of a list is named by the first of its entries that names things: its
//     heading ends with it.
//   - A long text is a term or heading and a paragraph.
//
// Blocks have the level of their depth, so that an entry after a large one stands
// under the keys that lead to it, and not under those of its neighbour.
//
// Text that is not well-formed (templates, comments in JSON) is read as code.
package nested

import (
	"context"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/role"
)

// Type is that of the documents.
const Type = "data"

const (
	wholeBytes = 180 // an entry of so many bytes is a block
	termBytes  = 800 // the key of a larger one is a heading
	nameBytes  = 240 // of a member before and with what names it
	maxDepth   = 16  // deeper entries are whole, whatever their size
)

// node is an entry: a key with what stands under it, or a member of a list.
type node struct {
	label      string // its key, empty for a member
	start, end int
	head       int // where what names it ends: its key, an opening bracket
	value      string
	kids       []node
	text       bool // a scalar
	element    bool // of XML, which may be named by one of its entries though it has a key
}

// member says that a node has no key.
func (n *node) member() bool { return n.label == "" }

// parser makes the tree of a text: the root has no key, and the entries of the file
// are its kids.
type parser func(ctx context.Context, text string) (root node, err error)

// reader is the reader of a language. fallback reads what does not parse.
func reader(lang string, each int64, parse parser) func(fallback format.Parse) format.Func {
	return func(fallback format.Parse) format.Func {
		return textual(lang, nil, each, parse, fallback)
	}
}

func textual(lang string, decode func(string) string, each int64, parse parser, fallback format.Parse) format.Func {
	code := func(ctx context.Context, d *corpus.Document, text string) error {
		d.Type = "code"
		return fallback(ctx, d, text)
	}
	read := func(ctx context.Context, d *corpus.Document, text string) error {
		return Parse(ctx, d, text, lang, parse, code)
	}
	return format.Costly(Type, lang, decode, format.Cost{Byte: each}, read, code)
}

// Parse gives a document the blocks of a text.
func Parse(ctx context.Context, d *corpus.Document, text, lang string, parse parser, fallback format.Parse) error {
	root, err := parse(ctx, text)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil || len(root.kids) == 0 {
		return fallback(ctx, d, text)
	}
	d.Type, d.Lang, d.Source = Type, lang, text
	if lang == "xml" && sitemap.MatchString(text[:min(len(text), 4096)]) {
		d.Role = role.Generated
	}
	b := builder{text: text, at: 0}
	b.kids(&root, 1)
	b.between(len(text), 1)
	d.Blocks = b.blocks
	return nil
}

type builder struct {
	text   string
	at     int // what was taken ends there
	blocks []corpus.Block
}

// add takes the range up to end as a block.
func (b *builder) add(kind corpus.BlockKind, start, end, depth int, label string) {
	start = max(start, b.at)
	if start >= end {
		return
	}
	b.blocks = format.AppendTrimmed(b.blocks, corpus.Block{Kind: kind, Level: uint8(depth), Start: start, End: end, Label: label}, b.text)
	b.at = end
}

// between takes what stands between two entries, where it is more than signs: comments.
func (b *builder) between(end, depth int) {
	if b.at >= end {
		return
	}
	t := b.text[b.at:end]
	if i := strings.IndexAny(t, "#"); i >= 0 || strings.Contains(t, "<!--") || strings.Contains(t, "//") {
		if j := strings.Index(t, "<!--"); j >= 0 && (i < 0 || j < i) {
			i = j
		}
		if i >= 0 {
			b.add(corpus.Code, b.at+i, end, depth, "")
		}
	}
	b.at = max(b.at, end)
}

// kids takes the entries of a node, which stand at a depth.
func (b *builder) kids(n *node, depth int) {
	for i := 0; i < len(n.kids); i++ {
		k := &n.kids[i]
		if k.end <= b.at {
			continue
		}
		b.between(k.start, depth)
		// Short members of a list are a block together.
		if k.member() && k.text {
			for i+1 < len(n.kids) && n.kids[i+1].member() && n.kids[i+1].text && n.kids[i+1].end-k.start <= wholeBytes {
				i++
			}
			b.entry(&node{start: k.start, end: n.kids[i].end, head: k.start, text: true}, depth)
			continue
		}
		b.entry(k, depth)
	}
}

// entry takes an entry.
func (b *builder) entry(n *node, depth int) {
	end := n.end
	if end < len(b.text) && b.text[end] == ',' { // goes with it
		end++
	}
	if len(n.kids) == 0 && n.end-n.start > wholeBytes && n.head > n.start && n.text {
		b.add(b.keyKind(n, n.head), n.start, n.head, depth, n.label)
		b.long(n, end, min(depth+1, maxDepth))
		return
	}
	if len(n.kids) == 0 || end-n.start <= wholeBytes || depth >= maxDepth {
		kind := corpus.Code
		if n.text && end-n.start > wholeBytes {
			kind = corpus.Paragraph
		}
		b.add(kind, n.start, end, depth, b.label(n))
		return
	}
	head, label := n.head, n.label
	if n.member() || n.element {
		if at, name := n.named(b.text); at > 0 {
			head, label = at, strings.TrimSpace(label+" "+name)
		} else if n.member() {
			head = n.start // brackets say nothing
		}
	}
	if head > n.start {
		b.add(b.keyKind(n, head), n.start, head, depth, label)
		depth++
	}
	b.kids(n, depth)
	b.between(n.end, depth)
	b.at = max(b.at, end)
}

// scripts are the keys of texts that programs read.
var scripts = []string{"run", "script", "scripts", "command", "args", "before_script", "after_script", "entrypoint", "cmd", "sql", "query", "code"}

// long takes the text of an entry: as code, or its paragraphs and items.
func (b *builder) long(n *node, end, depth int) {
	if slices.Contains(scripts, strings.ToLower(n.label)) {
		b.add(corpus.Code, n.head, end, depth, "")
		return
	}
	open, kind := n.head, corpus.Paragraph
	for at := n.head; at < end; {
		next := end
		if i := strings.IndexByte(b.text[at:end], '\n'); i >= 0 {
			next = at + i + 1
		}
		line := strings.TrimSpace(b.text[at:next])
		item := strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "* ")
		if line == "" || item {
			b.add(kind, open, at, depth, "")
			open, kind = at, corpus.Paragraph
			if item {
				kind = corpus.ListItem
			}
		}
		at = next
	}
	b.add(kind, open, end, depth, "")
}

// label of an entry that is a block, which is not cut where it has one: its key, or
// the beginning of a member.
func (b *builder) label(n *node) string {
	if s := strings.TrimSpace(n.label); s != "" {
		return s
	}
	first, _, _ := strings.Cut(b.text[n.start:n.end], "\n")
	return strings.ToValidUTF8(first[:min(len(first), 40)], "")
}

// keyKind is that of the key of an entry which is more than one block: a term where it
// is short and what stands under it is indented, so that its parts stay in a passage.
func (b *builder) keyKind(n *node, head int) corpus.BlockKind {
	if n.end-n.start > termBytes {
		return corpus.Heading
	}
	rest := b.text[head:n.end]
	i := strings.IndexByte(rest, '\n')
	if i < 0 || strings.Trim(rest[:i], " \t\r,{[") != "" {
		return corpus.Heading
	}
	under := strings.TrimLeft(rest[i:], "\r\n")
	line := b.text[strings.LastIndexByte(b.text[:n.start], '\n')+1 : n.start]
	if strings.TrimLeft(line, " \t") != "" || indent(under) <= len(line) {
		return corpus.Heading
	}
	return corpus.Term
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// names are the keys by whose value people name a thing.
var names = map[string]int{
	"name": 4, "id": 3, "@id": 3, "_id": 3, "title": 3, "artifactid": 4, "key": 2, "path": 2, "kind": 1, "type": 1, "uses": 1, "metadata": 5, "alert": 4, "job_name": 4, "hostname": 2,
	"host": 1, "label": 2, "code": 1, "email": 1, "version": 0, "groupid": 0, "apiversion": 0,
}

// named is where the head of a member ends, and what it is called: with the entry that
// names it best among the first ones; nowhere without one.
func (n *node) named(text string) (head int, label string) {
	best := 0
	for i := range n.kids[:min(len(n.kids), 6)] {
		k := &n.kids[i]
		if k.end-n.start > nameBytes {
			break
		}
		rank := names[strings.ToLower(k.label)]
		if rank <= best {
			continue
		}
		value, end := k.value, k.end
		for j := range k.kids {
			if k.kids[j].label == "name" {
				value, end = k.kids[j].value, k.kids[j].end
			}
		}
		if value == "" || len(value) > 80 {
			continue
		}
		if best == 1 && rank == 5 { // of a kind and with a name
			value = label + " " + value
		}
		best, head, label = rank, end, value
		if head < len(text) && text[head] == ',' {
			head++
		}
	}
	return head, strings.Join(strings.Fields(label), " ")
}

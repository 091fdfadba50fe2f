package code

import (
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// Sizes in bytes: up to them a declaration with its comment is one block.
const (
	wholeUnit   = 300  // a comment with a line or two of code
	wholeHolder = 400  // a type with its members
	wholeLeaf   = 6000 // a function with the functions in it
	deepest     = 8    // declarations in each other
)

// emitter makes blocks of declarations.
type emitter struct {
	text   string
	join   string
	decls  []decl
	inside [][]int // of each declaration, and of the text at 0, those in it
	pods   []span  // documentation between code that is no comment
	blocks []corpus.Block
}

// emit makes blocks of a text whose declarations are known, and pieces of what lies
// between them.
func emit(text string, decls []decl, comments, pods []span, join string) []corpus.Block {
	e := &emitter{text: text, join: join, decls: decls, pods: pods}
	e.attach(comments)
	e.inside = make([][]int, len(decls)+1)
	order := make([]int, 0, len(decls))
	for i := range decls {
		d := &decls[i]
		if d.end > d.at && (!d.weak || d.doc.end > 0) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return decls[a].start - decls[b].start })
	for _, i := range order {
		in := decls[i].in
		for in >= 0 && decls[in].weak {
			in = decls[in].in
		}
		e.inside[in+1] = append(e.inside[in+1], i)
	}
	at := 0
	if first := firstComment(text, comments); first.end > 0 && (len(order) == 0 || decls[order[0]].start >= first.end) && !licence(text[first.start:first.end]) {
		e.pieces(0, first.start, 1)
		e.prose(first, 1)
		at = first.end
	}
	e.members(0, at, len(text), 1, "")
	return e.blocks
}

// attach finds the comments before declarations: on the lines above, with no empty
// line between.
func (e *emitter) attach(comments []span) {
	order := make([]int, len(e.decls))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return e.decls[a].at - e.decls[b].at })
	c := 0
	for _, i := range order {
		d := &e.decls[i]
		for c < len(comments) && comments[c].end <= d.at {
			c++
		}
		from := 0
		if d.in >= 0 {
			from = e.decls[d.in].body
		}
		start, end := d.at, 0
		for k := c - 1; k >= 0 && comments[k].start >= from && (near(e.text[comments[k].end:start], 1) || end == 0 && strings.HasPrefix(e.text[comments[k].start:], "/**") && near(e.text[comments[k].end:start], 2)); k-- {
			start = comments[k].start
			end = max(end, comments[k].end)
		}
		if end > 0 {
			d.start = start
			if d.doc.end == 0 {
				d.doc = span{start, end}
			}
		}
	}
}

// near says that no more than blanks and so many line breaks are between a comment and
// what follows it.
func near(gap string, breaks int) bool {
	return len(gap) < 200 && strings.Count(gap, "\n") <= breaks && strings.TrimSpace(gap) == ""
}

// members emits the declarations in one, or in the text, and what is between them.
func (e *emitter) members(of, at, end, depth int, path string) {
	for _, i := range e.inside[of] {
		d := &e.decls[i]
		if d.start < at || d.end > end {
			continue
		}
		e.pieces(at, d.start, depth)
		e.declaration(i, depth, path)
		at = d.end
	}
	// What only closes belongs to what stands before it.
	if rest := strings.TrimSpace(e.text[at:end]); len(e.blocks) > 0 && of > 0 && len(rest) < 20 && strings.Trim(rest, "})]>;, \n\r\tend") == "" {
		if b := &e.blocks[len(e.blocks)-1]; b.End <= at && strings.TrimSpace(e.text[b.End:at]) == "" && b.Kind == corpus.Code {
			if n := at + strings.Index(e.text[at:end], rest) + len(rest); n > b.End {
				b.End, b.FileEnd = n, n
			}
			return
		}
	}
	e.pieces(at, end, depth)
}

func (e *emitter) declaration(i, depth int, path string) {
	d := &e.decls[i]
	label, path := e.label(d, path)
	kids := e.inside[i+1]
	size := d.end - d.start
	split := len(kids) > 0 && depth < deepest && (d.what == holder && size > wholeHolder || size > wholeLeaf)
	at := d.start
	if d.doc.end > 0 && size > wholeUnit {
		if d.doc.start == d.start { // above the declaration
			e.prose(d.doc, depth)
			at = d.doc.end
		} else { // below its head
			e.code(at, d.doc.start, depth, label)
			e.prose(d.doc, depth+1)
			at, label = d.doc.end, ""
			if !split {
				e.code(at, d.end, depth+1, "")
				return
			}
		}
	}
	if !split {
		e.code(at, d.end, depth, label)
		return
	}
	first := e.decls[kids[0]].start
	if at < d.body {
		head := min(max(d.body, at), first)
		e.code(at, head, depth, label)
		at = head
	}
	e.members(i+1, at, d.end, depth+1, path)
}

// label is how a declaration is called, and the path of its members.
func (e *emitter) label(d *decl, path string) (string, string) {
	name := d.name
	if name == "" {
		name = d.word
		if name == "" {
			name = "…"
		}
		return strings.TrimSpace(d.word + " " + path), path
	}
	full := name
	if path != "" && !strings.HasPrefix(name, path+e.join) {
		full = path + e.join + name
	}
	if d.what == leaf && d.word == "" {
		return full, full
	}
	return strings.TrimSpace(d.word + " " + full), full
}

func (e *emitter) code(start, end, depth int, label string) {
	if start >= end {
		return
	}
	e.blocks = format.AppendTrimmed(e.blocks, corpus.Block{Kind: corpus.Code, Level: uint8(depth), Start: start, End: end, Label: label}, e.text)
}

// pieces are what is no declaration, cut at empty lines.
func (e *emitter) pieces(start, end, depth int) {
	if start >= end {
		return
	}
	from := len(e.blocks)
	for len(e.pods) > 0 && e.pods[0].start < end {
		p := e.pods[0]
		e.pods = e.pods[1:]
		if p.start >= start && p.end <= end {
			e.blocks = codeBlocks(e.blocks, e.text, start, p.start)
			e.blocks = podBlocks(e.blocks, e.text, p.start, p.end)
			start = p.end
		}
	}
	e.blocks = codeBlocks(e.blocks, e.text, start, end)
	levelled(e.blocks, from, depth)
}

func (e *emitter) prose(s span, depth int) {
	from := len(e.blocks)
	e.blocks = proseBlocks(e.blocks, e.text, s.start, s.end)
	levelled(e.blocks, from, depth)
}

// levelled says of the blocks from one on how deep they stand; headings have levels of
// their own.
func levelled(blocks []corpus.Block, from, depth int) []corpus.Block {
	for i := from; i < len(blocks); i++ {
		if blocks[i].Kind != corpus.Heading {
			blocks[i].Level = uint8(depth)
		}
	}
	return blocks
}

// firstComment is what a text begins with, after the line that says what runs it.
func firstComment(text string, comments []span) span {
	at := 0
	if strings.HasPrefix(text, "#!") || strings.HasPrefix(text, "<?") {
		at = lineEnd(text, 0)
	}
	var all span
	for _, c := range comments {
		if c.end <= at || c.start == 0 && at > 0 {
			continue
		}
		if all.end == 0 && strings.TrimSpace(text[at:c.start]) == "" {
			all = c
		} else if all.end > 0 && near(text[all.end:c.start], 1) {
			all.end = c.end
		} else {
			break
		}
	}
	return all
}

// licence says that a comment is the terms of the file, which explain no code.
func licence(s string) bool {
	s = strings.ToLower(s[:min(len(s), 1500)])
	return strings.Contains(s, "copyright") || strings.Contains(s, "license") || strings.Contains(s, "licence")
}

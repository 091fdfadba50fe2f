package code

import (
	"bytes"
	"strings"
)

// decl is a declaration of a text.
type decl struct {
	start int // with the comment, the decorators and attributes before it
	at    int // without them
	body  int // behind its head: the sign that opens it, or the end of its first line
	end   int
	doc   span // of a comment that stands before it, or a docstring in it; empty without
	weak  bool // one that counts only where it has a comment: a constant
	in    int  // the declaration that it stands in, -1 for none
	what  what
	word  string // what it is, as the language says it: "class"; may be empty
	name  string
}

// what a declaration is.
type what uint8

const (
	nothing what = iota
	leaf         // a function, or a type without members
	holder       // its members are declarations of their own: a class, a module
	object       // no declaration, but its members may be functions: a literal
)

// frame is an open brace.
type frame struct {
	decl  int  // that it is the body of; -1 for none
	what  what // of what is open
	inner bool // stands within a statement, which goes on behind it
	stmt  int  // where the statement began that it is in
	paren int
}

// maxSaved bounds what is kept for the branches of #if.
const maxSaved = 64

// braces finds the declarations of a language whose bodies stand in braces.
type braces struct {
	*lexed
	g      *grammar
	decls  []decl
	open   []frame
	stmt   int // where the statement began
	paren  int // open parentheses in it
	closed int // the declaration that ended last, -1 for none
	saved  [][]frame
	macro  int // of lexed.macros, the next
	last   int // the last sign that is no blank
}

// find takes linear time: of a statement no more than its head is looked at.
func (b *braces) find() []decl {
	b.closed = -1
	m := b.mask
	for i := 0; i < len(m); i++ {
		switch c := m[i]; c {
		case ' ', '\t', '\r':
			goto macros
		case '{':
			b.enter(i)
		case '}':
			b.leave(i)
		case '(', '[':
			b.paren++
		case ')', ']':
			b.paren = max(b.paren-1, 0)
		case ';':
			if b.paren == 0 {
				b.statement(i + 1)
			}
		case ',':
			if b.paren == 0 && len(b.open) > 0 && b.open[len(b.open)-1].what == object {
				b.stmt = i + 1
			}
		case ':':
			if b.g.access && b.paren == 0 && i-b.stmt < 200 && accessLabel(m[b.stmt:i]) {
				b.stmt = i + 1
			}
		case '\n':
			if b.g.newline && b.paren == 0 && b.ends(i) {
				b.statement(i)
			}
		}
		if m[i] != '\n' {
			b.last = i
		}
	macros:
		if b.g.syntax.macros && b.macro < len(b.macros) && i >= b.macros[b.macro].start {
			b.preprocessor(b.macros[b.macro])
			b.macro++
		}
		if b.g.objc && m[i] == '@' {
			b.directive(i)
		}
	}
	for len(b.open) > 0 { // what is not closed ends with the text
		b.leave(len(m) - 1)
	}
	return b.decls
}

// within is the innermost open declaration, and whether members may stand here.
func (b *braces) within() (in int, members bool) {
	if len(b.open) == 0 {
		return -1, true
	}
	f := &b.open[len(b.open)-1]
	return f.decl, f.what == holder
}

func (b *braces) enter(i int) {
	in, members := b.within()
	f := frame{decl: in, stmt: b.stmt, paren: b.paren}
	head := b.mask[b.stmt:i]
	trimmed := bytes.TrimSpace(head)
	switch {
	case b.paren > 0:
		f.inner = true
	case b.closed >= 0 && b.decls[b.closed].end == b.stmt && b.decls[b.closed].in == in && (len(trimmed) == 0 || trimmed[0] == ','):
		// What seemed its body was a part of the head: a type, an initialiser.
		f.decl, f.what = b.closed, b.decls[b.closed].what
		b.decls[b.closed].body = i + 1
	case b.g.protos && bytes.HasPrefix(trimmed, []byte("extern")) && trimmed[len(trimmed)-1] == '"':
		f.what = holder // extern "C"
	default:
		d := b.g.head(head, members, len(b.open) > 0 && b.open[len(b.open)-1].what == object)
		if d.what != nothing {
			f.what, f.decl = d.what, b.declare(d, in, i+1, 0)
		} else {
			f.inner = b.g.value(trimmed)
		}
	}
	if f.what == nothing && b.g.literals && (f.inner || b.g.value(trimmed)) {
		f.what = object
	}
	b.open = append(b.open, f)
	b.stmt, b.paren, b.closed = i+1, 0, -1
}

// declare adds a declaration of the statement whose body begins at body.
func (b *braces) declare(h head, in, body, end int) int {
	d := decl{at: b.stmt + h.at, body: body, end: end, in: in, what: h.what, word: h.word, name: h.name, weak: h.weak}
	for d.at < len(b.mask) && d.at < body && blankByte(b.mask[d.at]) {
		d.at++
	}
	d.start = d.at
	b.decls = append(b.decls, d)
	return len(b.decls) - 1
}

func (b *braces) leave(i int) {
	if len(b.open) == 0 {
		b.stmt, b.paren = i+1, 0
		return
	}
	// A last statement may lack its end.
	if b.g.newline {
		b.statement(i)
	}
	f := b.open[len(b.open)-1]
	b.open = b.open[:len(b.open)-1]
	in, _ := b.within()
	b.closed = -1
	if f.decl >= 0 && f.decl != in {
		d := &b.decls[f.decl]
		d.end = max(d.end, i+1)
		b.closed = f.decl
	}
	if f.inner {
		b.stmt, b.paren, b.closed = f.stmt, f.paren, -1
	} else {
		b.stmt, b.paren = i+1, 0
	}
}

// statement looks at one without a body: a prototype, a constant, an alias.
func (b *braces) statement(end int) {
	in, members := b.within()
	if end <= b.stmt {
		return
	}
	if members && end-b.stmt > 3 {
		if h := b.g.short(b.mask[b.stmt:end]); h.what != nothing {
			b.declare(h, in, end, end)
		}
	}
	if len(bytes.TrimSpace(b.mask[b.stmt:min(end, b.stmt+200)])) > 0 || end-b.stmt > 200 {
		b.closed = -1
	}
	b.stmt = end
}

// ends says whether a statement ends with the line that ends at i: neither that
// line nor the next says that it goes on.
func (b *braces) ends(i int) bool {
	p := b.last
	if p < b.stmt {
		return false
	}
	if strings.IndexByte(",=+-*/%&|^<:.?([{!~@", b.mask[p]) >= 0 || bytes.HasSuffix(b.mask[b.stmt:p+1], []byte("=>")) {
		return false
	}
	for n := i + 1; n < len(b.mask); n++ {
		switch c := b.mask[n]; c {
		case ' ', '\t', '\r', '\n':
			if n-i > 2000 {
				return true
			}
			continue
		case '{':
			// The brace of a declaration may stand on the next line.
			return false
		case '.', ',', '=', '|', '&', '?', ':', ')', ']', '+', '*':
			return false
		default:
			return !bytes.HasPrefix(b.mask[n:], []byte("where ")) && !bytes.HasPrefix(b.mask[n:], []byte("extends ")) && !bytes.HasPrefix(b.mask[n:], []byte("implements "))
		}
	}
	return true
}

// preprocessor keeps what was open before #if, for each of its branches opens and
// closes braces for itself, and notes macros that take arguments or several lines.
func (b *braces) preprocessor(at span) {
	word, rest := macroWord(b.text[at.start:at.end])
	switch word {
	case "if", "ifdef", "ifndef":
		var open []frame
		if len(b.open) <= maxSaved {
			open = append(open, b.open...)
		}
		if len(b.saved) < maxSaved {
			b.saved = append(b.saved, open)
		}
	case "else", "elif":
		if n := len(b.saved); n > 0 && len(b.saved[n-1])+len(b.open) > 0 && len(b.open) <= maxSaved {
			b.branch(b.saved[n-1])
		}
	case "endif":
		if n := len(b.saved); n > 0 {
			b.saved = b.saved[:n-1]
		}
	case "define":
		n := 0
		for n < len(rest) && wordByte(rest[n]) {
			n++
		}
		if in, members := b.within(); members && n > 0 && (n < len(rest) && rest[n] == '(' || strings.IndexByte(b.text[at.start:at.end], '\n') >= 0) {
			b.decls = append(b.decls, decl{start: at.start, at: at.start, body: at.end, end: at.end, in: in, what: leaf, word: "#define", name: rest[:n]})
		}
	}
	if b.paren == 0 && len(bytes.TrimSpace(b.mask[b.stmt:max(b.stmt, at.start)])) == 0 {
		b.stmt = max(b.stmt, at.end)
	}
}

// branch goes back to what was open where a branch began.
func (b *braces) branch(open []frame) {
	for len(b.open) > len(open) { // opened in this branch and not closed
		f := b.open[len(b.open)-1]
		if f.decl >= 0 {
			b.decls[f.decl].end = max(b.decls[f.decl].end, b.stmt)
		}
		b.stmt, b.paren = f.stmt, f.paren
		b.open = b.open[:len(b.open)-1]
	}
	if len(b.open) < len(open) {
		b.open = append(b.open[:0], open...)
	}
}

// directive opens and closes what Objective-C does not put into braces.
func (b *braces) directive(i int) {
	rest := b.mask[i:min(len(b.mask), i+300)]
	switch {
	case bytes.HasPrefix(rest, []byte("@end")):
		for k := len(b.open) - 1; k >= 0; k-- {
			if f := b.open[k]; f.decl >= 0 && b.decls[f.decl].word[:1] == "@" {
				b.open = b.open[:k+1]
				b.leave(i + 3)
				return
			}
		}
	case bytes.HasPrefix(rest, []byte("@interface")), bytes.HasPrefix(rest, []byte("@implementation")), bytes.HasPrefix(rest, []byte("@protocol")):
		n := bytes.IndexByte(rest, '\n')
		if n < 0 || bytes.IndexByte(rest[:n], ';') >= 0 {
			return
		}
		words := bytes.FieldsFunc(rest[1:n], func(r rune) bool { return r != '_' && !wordByte(byte(min(r, 0x80))) })
		if len(words) < 2 || len(b.open) > 0 && len(b.open) < 100 && b.open[len(b.open)-1].what != holder {
			return
		}
		in, _ := b.within()
		b.stmt = i
		d := b.declare(head{what: holder, word: "@" + string(words[0]), name: string(words[1])}, in, i+n, 0)
		b.open = append(b.open, frame{decl: d, what: holder, stmt: i})
		b.stmt, b.paren, b.closed = i+n, 0, -1
	}
}

func macroWord(line string) (word, rest string) {
	i := 1
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	n := i
	for n < len(line) && wordByte(line[n]) {
		n++
	}
	word = line[i:n]
	for n < len(line) && (line[n] == ' ' || line[n] == '\t') {
		n++
	}
	return word, line[n:]
}

func accessLabel(stmt []byte) bool {
	switch string(bytes.TrimSpace(stmt)) {
	case "public", "private", "protected", "signals", "slots", "public slots", "private slots", "protected slots", "default":
		return true
	}
	return false
}

func blankByte(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

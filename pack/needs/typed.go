package needs

import (
	"regexp"
	"strings"
)

// typed matches how languages say of which type a variable is; %s is the variable, the group
// the type. Types of their own are told from those of the language by keywords.
var typed = []string{
	`\b(?:var|let|const)\s+(?:mut\s+)?%s(?:\s*,\s*\w+)*(?:\s*:)?\s+(?:[*&]|\[\]|mut\s+)*([A-Za-z_][\w.]*)`,   // var x T, let x: T
	`[(,]\s*%s(?:\s*,\s*\w+)*\s+(?:\.\.\.)?(?:[*&]|\[\])*([A-Za-z_][\w.]*)\s*(?:\[[^\]\n]*\])?\s*[,)]`,       // (x T, of Go
	`[(,]\s*(?:mut\s+)?%s\??\s*:\s*(?:[*&"']|mut\s+|Optional\[|dyn\s+|impl\s+)*([A-Za-z_][\w.]*)`,            // (x: T
	`\b%s(?:\s*,\s*\w+)?\s*:?=\s*(?:&|new\s+|await\s+)*((?:[A-Za-z_]\w*\.)?[A-Z]\w*)(?:<[^>\n]{0,40}>)?[({]`, // x := &T{, x = T(, x = new T(
	`\b%s\s*:?=\s*new\(([A-Za-z_][\w.]*)\)`, // x := new(T)
	`(?:^|[\n;{(,])\s*(?:const\s+|final\s+|struct\s+)*([A-Za-z_][\w.]*)(?:<[^>\n]{0,40}>)?(?:\s*[*&]+\s*|\s+)%s\s*[=;,)]`, // T *x;
}

// typeOf is the type that the declaration around the range says its variable has, "" where
// it says none: of several places the last before the range.
func (p *picker) typeOf(variable string) string {
	start, _ := p.whole()
	if p.outer >= start || p.outer < p.own.start {
		return ""
	}
	s := withoutStrings(p.own.slice(p.outer, start))
	best, at := "", -1
	for _, form := range typed {
		re := regexp.MustCompile(strings.Replace(form, "%s", regexp.QuoteMeta(variable), 1))
		for _, m := range re.FindAllStringSubmatchIndex(s, -1) {
			if name := s[m[2]:m[3]]; m[2] > at && !keywords[name] && name != variable {
				best, at = name, m[2]
			}
		}
	}
	return best
}

// typedNames gives the names behind a dot the type of what stands before it, and returns
// these types, which are names of the range too, though it does not write them.
func (p *picker) typedNames(all []name) (out []name) {
	types := map[string]string{}
	for i := range all {
		n := &all[i]
		if n.kind != identifier || n.of == "" || p.own.imports(n.of) {
			continue
		}
		t, known := types[n.of]
		if !known {
			full := p.typeOf(n.of)
			pkg, last := "", full
			if i := strings.LastIndexByte(full, '.'); i >= 0 {
				pkg, last = full[:i], full[i+1:]
			}
			if t = last; t != "" {
				out = append(out, name{text: t, of: pkg, kind: identifier, worth: p.worth(t), what: "of which type " + n.of + " is"})
			}
			types[n.of] = t
		}
		n.typ = t
	}
	return out
}

var (
	holds = regexp.MustCompile(`\b(?:type|class|struct|interface|trait|impl|enum|union|object)\b`)
)

// variable says that what is declared at a byte is a variable inside something, which no
// name behind a dot means.
func (d *part) variable(at int) bool {
	line := d.slice(d.start, at)
	line = line[strings.LastIndexByte(line, '\n')+1:]
	switch f := strings.Fields(line); {
	case len(f) == 1 && indentOf(line) > 0:
		return f[0] == "var" || f[0] == "let" || f[0] == "const"
	}
	return false
}

// ofType says that what is declared at a byte is a member of a type: a method with it as
// receiver, or a line in its declaration.
func (d *part) ofType(at int, before, typ string) bool {
	if m := receiver.FindString(before); m != "" {
		_, of, _ := strings.Cut(m, "(")
		of = strings.TrimRight(strings.SplitN(of, "[", 2)[0], " )")
		return strings.TrimLeft(of[strings.LastIndexByte(of, ' ')+1:], "*") == typ
	}
	lines := opened(d.text, at-d.start)
	for _, l := range lines {
		if line := d.text[l[0]:l[1]]; holds.MatchString(line) && hasWord(line, typ) {
			return true
		}
	}
	return false
}

func hasWord(s, word string) bool {
	for at := 0; ; {
		i := strings.Index(s[at:], word)
		if i < 0 {
			return false
		}
		if whole(s, at+i, at+i+len(word)) {
			return true
		}
		at += i + len(word)
	}
}

var (
	docstring = regexp.MustCompile(`^[ \t]*(?:[rRuUbB]{0,2})("""|''')`)
	opensBody = regexp.MustCompile(`^\s*(?:async\s+)?(?:def|class)\b`)
)

// mostRemark is how much of what a comment says is kept with a declaration, in bytes.
const mostRemark = 300

// remarkOf is what the comment above a declaration, or the string that its body begins with,
// says of it first: a paragraph, or as many lines of it as are short.
func (d *part) remarkOf(at int) (start, end int) {
	begin := strings.LastIndexByte(d.text[:at-d.start], '\n') + 1
	line, _, _ := strings.Cut(d.text[begin:], "\n")
	if opensBody.MatchString(line) {
		return d.docstring(begin)
	}
	c := commentAbove(d.text, at-d.start)
	return d.firstOf(c[0], c[1])
}

// docstring is the first paragraph of the string under a line that opens a body.
func (d *part) docstring(at int) (start, end int) {
	line, _, _ := strings.Cut(d.text[at:], "\n")
	stop := balanced(d.text, at, at+len(line))
	if stop+1 >= len(d.text) {
		return 0, 0
	}
	rest := d.text[stop+1:]
	m := docstring.FindStringSubmatchIndex(rest)
	if m == nil {
		return 0, 0
	}
	close := strings.Index(rest[m[3]:], rest[m[2]:m[3]])
	if close < 0 {
		return 0, 0
	}
	return d.firstOf(stop+1+m[2], stop+1+m[3]+close+m[3]-m[2])
}

// firstOf is the first paragraph of a comment at bytes of the text, as a range of the document.
func (d *part) firstOf(start, end int) (int, int) {
	said, n := false, 0
	for line := range strings.Lines(d.text[start:end]) {
		empty := !strings.ContainsFunc(line, func(r rune) bool { return r == '_' || 'a' <= r|0x20 && r|0x20 <= 'z' || r >= 0x80 })
		if said && (empty && strings.TrimSpace(line) != "*/" || n+len(line) > mostRemark) {
			break
		}
		said = said || !empty
		n += len(line)
	}
	return d.start + start, d.start + start + len(strings.TrimRight(d.text[start:start+n], " \t\r\n"))
}

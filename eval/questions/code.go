package questions

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// comments asks what functions and types do, of what their comments say first.
func (m *maker) comments(d *corpus.Document) {
	if !m.wanted[Comment] {
		return
	}
	unit := ""
	for i := range d.Blocks {
		b := &d.Blocks[i]
		if name, ok := strings.CutPrefix(b.Label, "package "); ok {
			unit = name
		}
		if b.Label == "" || b.Kind != corpus.Code {
			continue
		}
		x, ok := comment(d, i)
		if !ok {
			continue
		}
		m.comment(d, unit, b.Label, x)
	}
}

// lineMark is what a line of a comment begins with.
var lineMark = regexp.MustCompile(`^[ \t]*(?://+!?|#+|;+|--+|\*+)?[ \t]?`)

// comment is the first statement of what is said about a declaration: in the comment
// above it, or in the text below it that is deeper, as of Python.
func comment(d *corpus.Document, i int) (x extent, ok bool) {
	b := &d.Blocks[i]
	if i+1 < len(d.Blocks) && d.Blocks[i+1].Kind == corpus.Paragraph && d.Blocks[i+1].Level > b.Level {
		n := &d.Blocks[i+1]
		return statement(d.Source, n.Start, n.End)
	}
	at, s := b.Start, d.Source[b.Start:b.End]
	end := at
	switch {
	case strings.HasPrefix(s, "/*"):
		n := strings.Index(s, "*/")
		if n < 0 {
			return x, false
		}
		at, end = b.Start+len(s[:n])-len(strings.TrimLeft(s[:n], "/*! \t\n")), b.Start+n
	default:
		for line := range strings.Lines(s) {
			if t := strings.TrimSpace(line); !strings.HasPrefix(t, "//") && !strings.HasPrefix(t, "#") || strings.HasPrefix(t, "#include") || strings.HasPrefix(t, "#define") ||
				strings.HasPrefix(t, "#if") || strings.HasPrefix(t, "#[") || strings.HasPrefix(t, "//go:") || strings.HasPrefix(t, "#!") {
				break
			}
			end += len(line)
		}
	}
	return statement(d.Source, at, end)
}

// statement is the first sentences of a comment, up to three: those that stand before an
// empty line and end within mostSaid bytes.
func statement(source string, start, end int) (x extent, ok bool) {
	at, said := start, 0
	for line := range strings.Lines(source[start:end]) {
		mark := len(lineMark.FindString(line))
		body := strings.TrimRight(line, " \t\r\n")
		if mark >= len(body) {
			if ok {
				break // an empty line
			}
			at += len(line)
			continue
		}
		from := mark + len(body[mark:]) - len(strings.TrimLeft(body[mark:], " \t"))
		if !ok {
			x, ok = extent{at + from, at + len(body)}, true
		} else if said == 0 {
			x.end = at + len(body)
		}
		for said < 3 {
			k := sentenceEnd(body[from:])
			if k == 0 || said > 0 && at+from+k-x.start > mostSaid {
				break
			}
			from += k
			x.end = at + from
			said++
		}
		if said == 3 || at+len(body)-x.start > mostSaid && said > 0 {
			break
		}
		at += len(line)
	}
	return x, ok
}

// sentenceEnd is where the first sentence of a line ends, 0 for nowhere.
func sentenceEnd(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] != '.' || i+1 < len(s) && s[i+1] != ' ' {
			continue
		}
		if i+2 < len(s) {
			if r, _ := utf8.DecodeRuneInString(s[i+2:]); unicode.IsLower(r) {
				continue
			}
		}
		if strings.HasSuffix(s[:i], "e.g") || strings.HasSuffix(s[:i], "i.e") || strings.HasSuffix(s[:i], "etc") || strings.HasSuffix(s[:i], "vs") || strings.HasSuffix(s[:i], " cf") {
			continue
		}
		return i + 1
	}
	return 0
}

// plainly are first words of comments that say what every such method does.
var plainly = regexp.MustCompile(`(?i)^\S+ (?:implements|satisfies|is like|is a (?:wrapper|helper|convenience|shorthand|synonym|variant)|is an alias|is the same as|is equivalent to|wraps|calls|must be|returns the (?:receiver|name|length|value|string)\b)`)

func (m *maker) comment(d *corpus.Document, unit, label string, x extent) {
	quote := d.Source[x.start:x.end]
	kind, name, of := declared(label)
	if kind == "" || name == "" || plainly.MatchString(quote) || !isEnglish(d, quote) || strings.HasPrefix(name, "_") || strings.HasPrefix(name, "Test") && len(name) > 4 {
		return
	}
	if !whole(quote) && strings.Contains(quote, ":") {
		return
	}
	if d.Type == "go" || d.Lang == "go" {
		if r, _ := utf8.DecodeRuneInString(name); !unicode.IsUpper(r) {
			return // no program can ask for it
		}
		if r, _ := utf8.DecodeRuneInString(of); of != "" && !unicode.IsUpper(r) {
			return
		}
		if unit == "main" || unit == "" || strings.Contains(d.Path, "/internal/") {
			return
		}
	}
	place := ""
	switch {
	case of != "" && unit != "":
		place = " of " + of + " in package " + unit
	case of != "":
		place = " of " + of
	case unit != "":
		place = " in package " + unit
	}
	if unit == "" {
		file := strings.TrimSuffix(path.Base(d.Path), path.Ext(d.Path))
		if file == "__init__" || file == "index" || file == "mod" {
			file = path.Base(path.Dir(d.Path))
		}
		place += " in " + file
	}
	// What only says the name again answers nothing.
	own := m.analyzer.Terms(nil, apart(name)+" "+apart(of)+" "+unit)
	said := m.analyzer.Terms(nil, quote)
	slices.Sort(said)
	said = slices.DeleteFunc(slices.Compact(said), func(t string) bool { return slices.Contains(own, t) })
	if len(said) < newWords {
		m.left["comments that say the name again"]++
		return
	}
	var q string
	switch kind {
	case "type", "class", "struct", "interface", "enum", "trait":
		q = "What is the " + kind + " " + name + place + "?"
	case "func":
		q = "What does " + name + place + " do?"
	default:
		q = "What is " + name + place + "?"
	}
	m.add(d, candidate{kind: Comment, subject: unit + "." + of + "." + name, text: q}, x.start, x.end)
}

// declared is what a label of a declaration names: "func (*Reader) Read" the function Read
// of Reader, "def TextWrapper.wrap" the function wrap of TextWrapper.
func declared(label string) (kind, name, of string) {
	kind, name, _ = strings.Cut(label, " ")
	if strings.ContainsAny(name, ",…") {
		return "", "", ""
	}
	if rest, ok := strings.CutPrefix(name, "("); ok {
		of, name, _ = strings.Cut(rest, ") ")
		of = strings.TrimLeft(of, "*")
		if i := strings.IndexByte(of, '['); i > 0 {
			of = of[:i]
		}
	}
	if i := strings.LastIndexAny(name, ".:"); i > 0 && i+1 < len(name) && of == "" {
		of, name = strings.TrimRight(name[:i], ":"), name[i+1:]
	}
	switch kind {
	case "func", "def", "fn", "function", "method", "sub", "proc", "fun":
		kind = "func"
	case "type", "class", "struct", "interface", "enum", "trait", "const", "var":
	default:
		return "", "", ""
	}
	if strings.ContainsAny(name, " \t") {
		return "", "", ""
	}
	return kind, name, of
}

// apart is an identifier as its words.
func apart(s string) string {
	var b strings.Builder
	for i, r := range s {
		if unicode.IsUpper(r) && i > 0 || r == '_' {
			b.WriteByte(' ')
		}
		if r != '_' {
			b.WriteRune(r)
		}
	}
	return s + " " + b.String()
}

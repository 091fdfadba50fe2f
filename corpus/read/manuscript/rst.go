package manuscript

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// RST reads reStructuredText, with the directives of docutils and Sphinx.
var RST = Reader("rst", func(p *Page, src string) {
	r := &rst{Page: p, levels: map[string]int{}, names: map[string]string{}}
	ls := linesOf(src)
	for _, l := range ls { // substitutions may be used before they are defined
		if m := rstReplace.FindStringSubmatch(l.text); m != nil {
			r.names[m[1]] = m[2]
		}
	}
	r.body(ls, corpus.Paragraph, 0)
})

type rst struct {
	*Page
	levels map[string]int    // of the signs that underline titles
	names  map[string]string // substitutions
}

var (
	rstReplace   = regexp.MustCompile(`^\.\. \|([^|]+)\| replace::\s*(.*)$`)
	rstDirective = regexp.MustCompile(`^\.\. (?:\|[^|]*\| )?([A-Za-z][\w:.+-]*)::(?:\s+(.*))?$`)
	rstTarget    = regexp.MustCompile("^(?:\\.\\. _(?:[^`:\\\\]|\\\\.|:[^ ]|`[^`]*`)*:(?: .*)?|__ .*)$")
	rstNote      = regexp.MustCompile(`^\.\. \[([^\]]+)\]\s?(.*)$`)
	rstBullet    = regexp.MustCompile(`^[-*+•‣⁃](?:\s+|$)`)
	rstNumber    = regexp.MustCompile(`^(?:\(?(?:\d+|#|[A-Za-z]|[ivxlcdmIVXLCDM]+)[.)])(?:\s+|$)`)
	rstField     = regexp.MustCompile(`^:((?:[^:\\]|\\.|:[^ ])+):(?:\s+|$)`)
	rstOption    = regexp.MustCompile(`^(?:(?:--?|/)[\w?][\w-]*(?:[ =]<?[\w.-]+>?)?(?:, )?)+(?:  |$)`)
	rstSimple    = regexp.MustCompile(`^=+(?: +=+)+$`)
)

// body reads the blocks of lines whose common indent is taken; k is the kind of its
// paragraphs.
func (r *rst) body(ls []line, k corpus.BlockKind, depth int) {
	for i := 0; i < len(ls); {
		if r.Ctx.Err() != nil {
			return
		}
		if ls[i].blank() {
			i++
			continue
		}
		n := r.block(ls[i:], k, depth)
		if k == corpus.ListItem { // what follows in the item is beside its first paragraph
			k = corpus.Paragraph
		}
		i += max(n, 1)
	}
}

// block reads the block that the lines begin with, and says how many it has.
func (r *rst) block(ls []line, k corpus.BlockKind, depth int) int {
	l := ls[0]
	if depth > maxDepth {
		return r.paragraph(ls, k, depth)
	}
	if n := r.title(ls, depth); n > 0 {
		return n
	}
	t := l.text
	switch {
	case l.indent() > 0:
		n := indented(ls, 1)
		inner := corpus.Quote
		if k == corpus.ListItem {
			inner = k
		}
		r.body(dedent(ls[:n]), inner, depth+1)
		return n
	case t == ".." || strings.HasPrefix(t, ".. ") || strings.HasPrefix(t, "__ "):
		return r.explicit(ls, depth)
	case strings.HasPrefix(t, ">>> "):
		n := 0
		for n < len(ls) && !ls[n].blank() {
			n++
		}
		r.code(ls[:n])
		return n
	case t == "|" || strings.HasPrefix(t, "| "):
		return r.lineBlock(ls)
	case strings.HasPrefix(t, "+-") && strings.Trim(t, "+-=") == "":
		return r.gridTable(ls)
	case rstSimple.MatchString(t):
		if n := r.simpleTable(ls); n > 0 {
			return n
		}
	case rstBullet.MatchString(t):
		return r.item(ls, len(rstBullet.FindString(t)), "", depth)
	case rstField.MatchString(t):
		m := rstField.FindStringSubmatch(t)
		n := 1 + indented(ls[1:], 1)
		rest := append([]line{l.cut(len(m[0]))}, dedent(ls[1:n])...)
		r.Add(corpus.ListItem, 0, r.inline(m[1])+": "+r.inline(joined(trimBlank(rest), " ")), l.at, ls[n-1].end())
		return n
	case rstOption.MatchString(t):
		m := rstOption.FindString(t)
		n := 1 + indented(ls[1:], 1)
		r.Add(corpus.Term, 0, m, l.at, l.end())
		r.body(append([]line{l.cut(len(m)).from(99)}, dedent(ls[1:n])...), corpus.ListItem, depth+1)
		return n
	case rstNumber.MatchString(t) && (len(ls) == 1 || ls[1].blank() || ls[1].indent() > 1 || rstNumber.MatchString(ls[1].text)):
		m := rstNumber.FindString(t)
		shown := strings.TrimSpace(m) + " "
		if strings.Contains(m, "#") {
			shown = ""
		}
		return r.item(ls, len(m), shown, depth)
	}
	if len(ls) > 1 && !ls[1].blank() && ls[1].indent() > 0 && !strings.HasSuffix(t, "::") {
		n := 1 + indented(ls[1:], 1)
		term, class, _ := strings.Cut(t, " : ")
		if class != "" {
			term += " (" + class + ")"
		}
		r.Add(corpus.Term, 0, r.inline(term), l.at, l.end())
		r.body(dedent(ls[1:n]), corpus.ListItem, depth+1)
		return n
	}
	return r.paragraph(ls, k, depth)
}

// paragraph reads lines up to a blank one, and the literal block that it may lead in.
func (r *rst) paragraph(ls []line, k corpus.BlockKind, depth int) int {
	n := 0
	for n < len(ls) && !ls[n].blank() && (n == 0 || ls[n].indent() == 0 || depth > maxDepth) {
		n++
	}
	text := joined(ls[:n], " ")
	literal := strings.HasSuffix(text, "::")
	if literal {
		text = strings.TrimSuffix(text, ":")
		if strings.HasSuffix(text, " :") || text == ":" {
			text = strings.TrimSuffix(text, ":")
		}
	}
	r.Add(k, 0, r.inline(text), ls[0].at, ls[n-1].end())
	if literal {
		m := indented(ls[n:], 1)
		if m == 0 { // quoted: each line begins with the same sign
			for m = 0; n+m < len(ls) && ls[n+m].blank(); m++ {
			}
			if n+m == len(ls) || utf8.RuneLen(rune(ls[n+m].text[0])) > 1 || isWord(rune(ls[n+m].text[0])) {
				return n
			}
			for mark := ls[n+m].text[0]; n+m < len(ls) && !ls[n+m].blank() && ls[n+m].text[0] == mark; m++ {
			}
		}
		r.code(ls[n : n+m])
		n += m
	}
	return n
}

// item reads a list item whose mark has n bytes; shown is what stays of the mark.
func (r *rst) item(ls []line, n int, shown string, depth int) int {
	width := utf8.RuneCountInString(ls[0].text[:n])
	end := 1 + indented(ls[1:], min(width, 2))
	rest := append([]line{ls[0].cut(n)}, dedent(ls[1:end])...)
	r.Lead = shown
	r.body(rest, corpus.ListItem, depth+1)
	r.Lead = ""
	return end
}

// underline says that a line is of one sign that may underline a title.
func underline(s string) bool {
	if s == "" || isWord(rune(s[0])) || s[0] <= ' ' || s[0] >= utf8.RuneSelf {
		return false
	}
	return strings.Trim(s, s[:1]) == ""
}

// title reads a title and the lines above and below it.
func (r *rst) title(ls []line, depth int) int {
	first := ls[0].text
	over := 0
	if len(ls) > 2 && len(first) > 1 && underline(first) && ls[2].text == first && !ls[1].blank() {
		over = 1
	}
	if over == 0 && underline(first) {
		if len(first) >= 4 && (len(ls) == 1 || ls[1].blank()) {
			return 1 // a transition
		}
		return 0
	}
	if len(ls) < over+2 || over == 0 && ls[0].indent() > 0 {
		return 0
	}
	title, under := strings.TrimSpace(ls[over].text), ls[over+1].text
	if !underline(under) || len(under) < min(utf8.RuneCountInString(title), 4) {
		return 0
	}
	style := under[:1] + strings.Repeat("^", over)
	level := r.levels[style]
	if level == 0 {
		level = len(r.levels) + 1
		r.levels[style] = level
	}
	if depth > 0 {
		level = 6
	}
	r.Add(corpus.Heading, level, r.inline(title), ls[over].at, ls[over].end())
	return over + 2
}

// lineBlock reads lines that begin with bars.
func (r *rst) lineBlock(ls []line) int {
	n := 0
	var b strings.Builder
	for ; n < len(ls) && !ls[n].blank(); n++ {
		t := ls[n].text
		switch {
		case t == "|" || strings.HasPrefix(t, "| "):
			if n > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(strings.TrimSpace(t[1:]))
		default:
			b.WriteString(" " + strings.TrimSpace(t))
		}
	}
	r.Add(corpus.Paragraph, 0, r.inline(b.String()), ls[0].at, ls[n-1].end())
	return n
}

// explicit reads what begins with two points: directives, notes, targets, comments.
func (r *rst) explicit(ls []line, depth int) int {
	l := ls[0]
	if l.text == ".." && len(ls) > 1 && ls[1].blank() {
		return 1 // it parts what follows from what came before
	}
	n := 1 + indented(ls[1:], 1)
	inner := dedent(ls[1:n])
	if m := rstDirective.FindStringSubmatch(l.text); m != nil {
		r.directive(strings.ToLower(m[1]), line{m[2], l.end() - len(m[2])}, inner, depth)
		return n
	}
	if m := rstNote.FindStringSubmatch(l.text); m != nil {
		text := m[2] + " " + joined(trimBlank(inner), " ")
		label := strings.TrimPrefix(m[1], "#")
		if label != "" && label != "*" {
			label = "[" + label + "] "
		}
		r.Add(corpus.Paragraph, 0, label+r.inline(text), l.at, ls[n-1].end())
		return n
	}
	if rstTarget.MatchString(l.text) && strings.HasPrefix(l.text, "__") {
		return 1
	}
	return n
}

// directive reads one; arg is what follows its name on the line.
func (r *rst) directive(name string, arg line, inner []line, depth int) {
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	options := map[string]string{}
	signatures := inner
	for len(inner) > 0 && !inner[0].blank() { // the argument goes on, then options
		m := rstField.FindStringSubmatch(inner[0].text)
		if m == nil {
			break
		}
		options[m[1]] = inner[0].text[len(m[0]):]
		inner = inner[1:]
	}
	inner = trimBlank(inner)
	switch name {
	case "code", "code-block", "sourcecode", "parsed-literal", "math", "doctest", "testcode", "testoutput", "ipython", "prompt", "graphviz", "productionlist":
		if name == "math" && arg.text != "" {
			inner = append([]line{arg}, inner...)
		}
		r.code(inner)
	case "note", "warning", "tip", "important", "caution", "danger", "error", "hint", "attention", "seealso", "todo":
		title := map[string]string{"seealso": "See also", "danger": "!DANGER!"}[name]
		if title == "" {
			title = strings.ToUpper(name[:1]) + name[1:]
		}
		r.Add(corpus.Paragraph, 0, title, arg.at, arg.at)
		if arg.text != "" {
			inner = append([]line{arg}, inner...)
		}
		r.body(inner, corpus.Paragraph, depth+1)
	case "versionadded", "versionchanged", "deprecated", "deprecated-removed":
		lead := map[string]string{"versionadded": "New in version ", "versionchanged": "Changed in version "}[name]
		if lead == "" {
			lead = "Deprecated since version "
		}
		version, rest, _ := strings.Cut(arg.text, " ")
		text := lead + version + ": " + rest + " " + joined(inner, " ")
		r.Add(corpus.Paragraph, 0, r.inline(text), arg.at, arg.end())
	case "list-table":
		r.caption(arg)
		r.listTable(inner)
	case "csv-table":
		r.caption(arg)
		var rows []Row
		if h := options["header"]; h != "" {
			rows = append(rows, Row{commaRow(h), arg.at})
		}
		for _, l := range inner {
			rows = append(rows, Row{commaRow(l.text), l.at})
		}
		r.Rows(rows, r.inline)
	case "image", "include", "raw", "meta", "toctree", "contents", "highlight", "index", "default-role", "literalinclude", "currentmodule", "module", "sectnum", "header", "footer",
		"role", "replace", "unicode", "date", "target-notes", "title", "tabularcolumns", "autosummary", "only-latex", "plot", "codeauthor", "sectionauthor", "bibliography", "program", "py:currentmodule":
	case "figure", "compound", "container", "class", "only", "epigraph", "highlights", "pull-quote", "rst-class", "glossary", "tab-set", "grid", "ifconfig":
		r.body(inner, map[bool]corpus.BlockKind{true: corpus.Quote}[name == "epigraph" || name == "highlights" || name == "pull-quote"], depth+1)
	case "admonition", "topic", "sidebar", "rubric", "centered", "table", "tab", "tab-item", "dropdown", "card":
		r.caption(arg)
		r.body(inner, corpus.Paragraph, depth+1)
	default:
		if strings.HasPrefix(name, "auto") {
			return
		}
		if describes[name] {
			r.Add(corpus.Term, 0, r.inline(arg.text), arg.at, arg.end())
			for len(signatures) > 0 && !signatures[0].blank() && len(options) == 0 {
				r.Add(corpus.Term, 0, r.inline(signatures[0].text), signatures[0].at, signatures[0].end())
				signatures, inner = signatures[1:], trimBlank(inner[1:])
			}
			r.body(inner, corpus.ListItem, depth+1)
			return
		}
		r.body(inner, corpus.Paragraph, depth+1)
	}
}

// describes are the directives of Sphinx that describe what they name.
var describes = func() map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Fields("function method class exception attribute data staticmethod classmethod decorator property option envvar describe object macro type struct member var enum enumerator union confval setting command opcode cmdoption decoratormethod") {
		m[n] = true
	}
	return m
}()

func (r *rst) caption(arg line) {
	if arg.text != "" {
		r.Add(corpus.Paragraph, 0, r.inline(arg.text), arg.at, arg.end())
	}
}

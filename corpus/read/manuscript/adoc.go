package manuscript

import (
	"regexp"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// AsciiDoc reads AsciiDoc as Asciidoctor understands it.
var AsciiDoc = Reader("asciidoc", func(p *Page, src string) {
	a := &adoc{Page: p, attrs: map[string]string{"nbsp": " ", "sp": " ", "empty": "", "amp": "&", "lt": "<", "gt": ">", "apos": "'", "quot": `"`, "startsb": "[", "endsb": "]", "vbar": "|", "asterisk": "*",
		"backtick": "`", "plus": "+", "caret": "^", "tilde": "~", "lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”", "deg": "°", "cpp": "C++", "pp": "++", "two-colons": "::", "two-semicolons": ";;", "zwsp": "", "wj": "", "backslash": `\`, "blank": ""}}
	ls := a.included(linesOf(src))
	a.ids(ls)
	a.body(a.header(ls), corpus.Paragraph, 0)
})

type adoc struct {
	*Page
	attrs map[string]string
	names map[string]string // titles, by what references call them
	code  bool              // the next block is code: [source] stands above it
	style string            // of the next block: "quote", "NOTE" …
	cols  int               // of the next table, where that is said
	table string            // its options
	lists int               // that are open
}

var (
	adocHeading   = regexp.MustCompile(`^(={1,6}|#{1,6}) +(\S.*?)(?: +(?:=+|#+))?$`)
	adocID        = regexp.MustCompile(`^\[(?:\[([^\],]+)[^\]]*\]|#([\w-]+)[^\]]*)\]$`)
	adocNoID      = regexp.MustCompile(`[^\p{L}\p{N}]+`)
	adocAttr      = regexp.MustCompile(`^:(!?[\w-]+!?):(?: +(.*))?$`)
	adocUse       = regexp.MustCompile(`\{([\w-]+)\}`)
	adocAbove     = regexp.MustCompile(`^\[(?:[\w.#%,"'].*|\[.*\])?\]$`)
	adocMacro     = regexp.MustCompile(`^(?:image|include|toc|video|audio|ifeval|xref)::?\S*\[.*\]$`)
	adocCond      = regexp.MustCompile(`^(ifdef|ifndef|ifeval|endif)::([^\[]*)\[(.*)\]$`)
	adocItem      = regexp.MustCompile(`^\s*(\*{1,5}|-|\.{1,5}|\d+\.|[a-zA-Z]\.|[ivxIVX]+\)|<(?:\d+|\.)>|•)\s+(\S.*)$`)
	adocTerm      = regexp.MustCompile(`^\s*((?:[^:;]|:[^:;]|;[^:;])+)(:{2,4}|;;)(?:\s+(.*))?$`)
	adocAdmonish  = regexp.MustCompile(`^(NOTE|TIP|IMPORTANT|WARNING|CAUTION): +(.*)$`)
	adocDelimiter = regexp.MustCompile("^(-{4,}|\\.{4,}|={4,}|\\*{4,}|_{4,}|\\+{4,}|/{4,}|--|```.*|\\|===|,===|:===|!===)$")
	adocCheck     = regexp.MustCompile(`^\[[ xX*]\] +`)
	adocCols      = regexp.MustCompile(`cols="?([^"\]]*)"?`)
	adocSpec      = regexp.MustCompile(`(?:(\d+)\*)?(?:(\d+)?(?:\.(\d+))?\+)?[<^>]?(?:\.[<^>])?[a-z]?$`)
	adocCallout   = regexp.MustCompile(`(?m)[ \t]*(?://|#|--|;;)?[ \t]*(?:<(?:\d+|\.)>[ \t]*)+$|[ \t]*<!--\d+-->[ \t]*$`)
)

// ids notes what references call the sections.
func (a *adoc) ids(ls []line) {
	a.names = map[string]string{}
	id := ""
	for _, l := range ls {
		if m := adocID.FindStringSubmatch(l.text); m != nil {
			id = m[1] + m[2]
			continue
		}
		if m := adocHeading.FindStringSubmatch(l.text); m != nil {
			a.names["_"+strings.Trim(adocNoID.ReplaceAllString(strings.ToLower(m[2]), "_"), "_")] = m[2]
			a.names[id] = m[2]
		}
		id = ""
	}
}

// included drops what conditions leave out, and comments.
func (a *adoc) included(ls []line) []line {
	var out []line
	var off []bool
	skip := 0
	set := map[string]bool{}
	comment, verbatim := "", ""
	for _, l := range ls {
		switch {
		case verbatim != "" && l.text == verbatim:
			verbatim = ""
		case verbatim != "":
			if skip == 0 && !adocCond.MatchString(l.text) {
				out = append(out, l)
				continue
			}
		case comment == "" && len(l.text) > 3 && (strings.Trim(l.text, "-") == "" || strings.Trim(l.text, ".") == ""):
			verbatim = l.text
		}
		if comment != "" || strings.HasPrefix(l.text, "////") && strings.Trim(l.text, "/") == "" {
			switch {
			case comment == "":
				comment = l.text
			case l.text == comment:
				comment = ""
			}
			continue
		}
		if m := adocAttr.FindStringSubmatch(l.text); m != nil {
			set[strings.Trim(m[1], "!")] = !strings.Contains(m[1], "!")
		}
		if m := adocCond.FindStringSubmatch(l.text); m != nil {
			switch {
			case m[1] == "endif":
				if len(off) > 0 {
					if off[len(off)-1] {
						skip--
					}
					off = off[:len(off)-1]
				}
			case m[3] != "" && m[1] != "ifeval":
				if set[m[2]] == (m[1] == "ifdef") && skip == 0 {
					out = append(out, line{m[3], l.at})
				}
			default:
				leave := m[1] == "ifeval" || set[m[2]] != (m[1] == "ifdef")
				off = append(off, leave)
				if leave {
					skip++
				}
			}
			continue
		}
		if skip > 0 || strings.HasPrefix(l.text, "//") && !strings.HasPrefix(l.text, "///") {
			continue
		}
		out = append(out, l)
	}
	return out
}

// header reads the title and the attributes that the document begins with.
func (a *adoc) header(ls []line) []line {
	for len(ls) > 0 && ls[0].blank() {
		ls = ls[1:]
	}
	for len(ls) > 0 && a.attribute(ls[0].text) {
		ls = ls[1:]
	}
	for len(ls) > 0 && (ls[0].blank() || adocAbove.MatchString(ls[0].text)) {
		ls = ls[1:]
	}
	if len(ls) == 0 || !strings.HasPrefix(ls[0].text, "= ") && !strings.HasPrefix(ls[0].text, "# ") {
		return ls
	}
	a.Add(corpus.Heading, 1, a.inline(ls[0].text[2:]), ls[0].at, ls[0].end())
	ls = ls[1:]
	for i := 0; len(ls) > 0 && !ls[0].blank(); i++ {
		if !a.attribute(ls[0].text) {
			if i > 1 {
				break
			}
			a.Add(corpus.Paragraph, 0, a.inline(strings.NewReplacer("<", " ", ">", " ").Replace(ls[0].text)), ls[0].at, ls[0].end()) // authors, revision
		}
		ls = ls[1:]
	}
	return ls
}

// attribute takes the setting of an attribute.
func (a *adoc) attribute(s string) bool {
	m := adocAttr.FindStringSubmatch(s)
	if m == nil {
		return false
	}
	if strings.Contains(m[1], "!") {
		delete(a.attrs, strings.Trim(m[1], "!"))
	} else {
		a.attrs[m[1]] = a.attributes(m[2])
	}
	return true
}

// attributes puts in the values of attributes.
func (a *adoc) attributes(s string) string {
	if !strings.Contains(s, "{") {
		return s
	}
	return adocUse.ReplaceAllStringFunc(s, func(use string) string {
		if v, ok := a.attrs[use[1:len(use)-1]]; ok && len(v) < 1000 {
			return v
		}
		return use
	})
}

func (a *adoc) body(ls []line, k corpus.BlockKind, depth int) {
	for i := 0; i < len(ls); {
		if a.Ctx.Err() != nil {
			return
		}
		if ls[i].blank() {
			i++
			continue
		}
		i += max(a.block(ls[i:], k, depth), 1)
	}
}

func (a *adoc) block(ls []line, k corpus.BlockKind, depth int) int {
	l := ls[0]
	t := l.text
	switch {
	case a.attribute(t), adocMacro.MatchString(t), t == "'''", t == "<<<", t == "---", t == "***", t == "+":
		return 1
	case adocAbove.MatchString(t):
		a.above(t)
		return 1
	case strings.HasPrefix(t, ".") && len(t) > 1 && t[1] != '.' && t[1] != ' ' && len(ls) > 1 && !ls[1].blank():
		a.Add(corpus.Paragraph, 0, a.inline(t[1:]), l.at, l.end())
		return 1
	case adocDelimiter.MatchString(t):
		return a.delimited(ls, depth)
	}
	if m := adocHeading.FindStringSubmatch(t); m != nil {
		a.Add(corpus.Heading, len(m[1]), a.inline(m[2]), l.at, l.end())
		a.above("")
		return 1
	}
	if len(ls) > 1 && len(t) > 1 && isWord(rune(t[0])) && len(ls[1].text) > 3 && strings.Trim(ls[1].text, ls[1].text[:1]) == "" && absolute(len([]rune(t))-len(ls[1].text)) < 3 {
		if level := strings.IndexByte("=-~^+", ls[1].text[0]); level >= 0 { // underlined
			a.Add(corpus.Heading, level+1, a.inline(t), l.at, l.end())
			return 2
		}
	}
	if adocItem.MatchString(t) && depth < maxDepth {
		return a.list(ls, depth)
	}
	if m := adocTerm.FindStringSubmatch(t); m != nil && m[1] != "" && depth < maxDepth && !strings.Contains(t, "://") {
		return a.list(ls, depth)
	}
	if l.indent() > 0 && !a.literalOff() {
		n := 0
		for n < len(ls) && !ls[n].blank() && t != "+" {
			n++
		}
		a.codeBlock(ls[:n])
		return n
	}
	return a.paragraph(ls, k)
}

func absolute(n int) int { return max(n, -n) }

func (a *adoc) literalOff() bool { return a.style == "normal" }

// above takes the attributes that stand above a block.
func (a *adoc) above(s string) {
	a.code, a.style, a.cols, a.table = false, "", 0, ""
	s = strings.Trim(s, "[]")
	name, _, _ := strings.Cut(s, ",")
	name, _, _ = strings.Cut(name, "%")
	name, _, _ = strings.Cut(name, "#")
	name, _, _ = strings.Cut(name, ".")
	switch name {
	case "source", "listing", "literal", "stem", "latexmath", "asciimath", "plantuml", "ditaa", "graphviz", "mermaid":
		a.code = true
	}
	a.style = name
	if m := adocCols.FindStringSubmatch(s); m != nil {
		for c := range strings.FieldsFuncSeq(m[1], func(r rune) bool { return r == ',' || r == ';' }) {
			n := 1
			if before, _, ok := strings.Cut(c, "*"); ok {
				n = Number(strings.TrimSpace(before))
			}
			a.cols += max(n, 1)
		}
	}
	a.table = s
}

// Number reads a small one; 0 for none.
func Number(s string) (n int) {
	for i := 0; i < len(s) && i < 4; i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0
		}
		n = 10*n + int(s[i]-'0')
	}
	return n
}

// codeBlock writes code without the marks of callouts.
func (a *adoc) codeBlock(ls []line) {
	var out []line
	for _, l := range ls {
		if adocMacro.MatchString(l.text) {
			continue
		}
		l.text = adocCallout.ReplaceAllString(l.text, "")
		if strings.Contains(a.table, "subs=") && strings.Contains(a.table, "attributes") {
			l.text = a.attributes(l.text)
		}
		out = append(out, l)
	}
	a.Page.code(out)
	a.above("")
}

// delimited reads a block between two lines.
func (a *adoc) delimited(ls []line, depth int) int {
	mark := ls[0].text
	fence := mark
	if strings.HasPrefix(mark, "```") {
		fence = "```"
	}
	n := 1
	for n < len(ls) && ls[n].text != fence {
		n++
	}
	inner, end := ls[1:n], min(n+1, len(ls))
	style := a.style
	switch {
	case strings.HasSuffix(mark, "==="):
		if strings.HasPrefix(mark, "=") {
			break
		}
		a.tableBlock(inner, mark[0])
		a.above("")
		return end
	case a.code && mark[0] != '_', mark[0] == '.', mark[0] == '`', mark[0] == '-' && mark != "--":
		a.codeBlock(inner)
		return end
	case mark[0] == '+':
		a.above("")
		return end // raw output
	case style == "verse":
		a.Add(corpus.Quote, 0, a.inline(joined(inner, "\n")), ls[0].at, ls[end-1].end())
		a.above("")
		return end
	}
	k := corpus.Paragraph
	if mark[0] == '_' || style == "quote" {
		k = corpus.Quote
	}
	a.admonition(style, ls[0])
	quoted := a.table
	a.above("")
	if depth > maxDepth {
		a.Add(k, 0, joined(inner, " "), ls[0].at, ls[end-1].end())
		return end
	}
	a.body(inner, k, depth+1)
	if k == corpus.Quote {
		a.attribution(quoted, ls[end-1])
	}
	return end
}

// attribution writes who is quoted.
func (a *adoc) attribution(above string, l line) {
	parts := strings.SplitN(above, ",", 3)
	if len(parts) > 1 && !strings.Contains(above, "=") {
		a.Add(corpus.Paragraph, 0, "— "+a.inline(strings.Trim(strings.Join(parts[1:], ","), ` "`)), l.end(), l.end())
	}
}

// admonition writes the name of one.
func (a *adoc) admonition(style string, l line) bool {
	switch style {
	case "NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION":
		a.Add(corpus.Paragraph, 0, style[:1]+strings.ToLower(style[1:]), l.at, l.at)
		return true
	}
	return false
}

// paragraph reads lines up to a blank one or a block.
func (a *adoc) paragraph(ls []line, k corpus.BlockKind) int {
	n := 1
	for n < len(ls) && !ls[n].blank() && !adocDelimiter.MatchString(ls[n].text) && !adocAbove.MatchString(ls[n].text) && ls[n].text != "+" && !(a.lists > 0 && a.cut(ls[n].text)) {
		n++
	}
	if a.code {
		a.codeBlock(ls[:n])
		return n
	}
	style, quoted := a.style, a.table
	a.admonition(style, ls[0])
	if style == "quote" || style == "verse" {
		k = corpus.Quote
	}
	a.above("")
	first := ls[0].text
	if m := adocAdmonish.FindStringSubmatch(first); m != nil {
		a.admonition(m[1], ls[0])
		first = m[2]
	}
	a.Add(k, 0, a.flowing(append([]line{{first, ls[0].at}}, ls[1:n]...)), ls[0].at, ls[n-1].end())
	if k == corpus.Quote && style == "quote" {
		a.attribution(quoted, ls[n-1])
	}
	return n
}

// flowing joins the lines of a paragraph; those that end in " +" end there.
func (a *adoc) flowing(ls []line) string {
	var b strings.Builder
	for i, l := range ls {
		t := strings.TrimSpace(l.text)
		if adocMacro.MatchString(t) && !strings.HasPrefix(t, "xref") && strings.Contains(t, "::") {
			continue
		}
		hard := strings.HasSuffix(t, " +")
		b.WriteString(strings.TrimSuffix(t, " +"))
		if i+1 < len(ls) {
			b.WriteString(map[bool]string{true: "\n", false: " "}[hard])
		}
	}
	return a.inline(b.String())
}

// cut says that a line in a list begins another item.
func (a *adoc) cut(s string) bool {
	if adocItem.MatchString(s) {
		return true
	}
	m := adocTerm.FindStringSubmatch(s)
	return m != nil && m[1] != "" && !strings.Contains(s, "://")
}

// list reads items, with what is attached to them.
func (a *adoc) list(ls []line, depth int) int {
	i := 0
	a.lists++
	defer func() { a.lists-- }()
	for i < len(ls) {
		t := ls[i].text
		from := ls[i]
		var text string
		if m := adocItem.FindStringSubmatch(t); m != nil {
			text = adocCheck.ReplaceAllString(m[2], "")
		} else if m := adocTerm.FindStringSubmatch(t); m != nil && m[1] != "" && !strings.Contains(m[1], "://") {
			a.Add(corpus.Term, 0, a.inline(m[1]), from.at, from.at+len(m[1]))
			text = m[3]
		} else {
			break
		}
		n := 1
		var item []line
		if text != "" {
			item = []line{{text, from.end() - len(text)}}
		} else { // of a term: the definition may stand below
			for i+n < len(ls) && ls[i+n].blank() {
				n++
			}
		}
		for i+n < len(ls) && !ls[i+n].blank() && ls[i+n].text != "+" && !a.cut(ls[i+n].text) && !adocDelimiter.MatchString(ls[i+n].text) && !adocAbove.MatchString(ls[i+n].text) {
			item = append(item, ls[i+n])
			n++
		}
		if len(item) > 0 {
			a.Add(corpus.ListItem, 0, a.flowing(item), item[0].at, item[len(item)-1].end())
		}
		i += n
		for i < len(ls) && ls[i].text == "+" { // what is attached
			i++
			for i < len(ls) && !ls[i].blank() && ls[i].text != "+" {
				if a.cut(ls[i].text) {
					break
				}
				above := adocAbove.MatchString(ls[i].text)
				m := max(a.block(ls[i:], corpus.Paragraph, depth+1), 1)
				i += m
				if !above && i < len(ls) && !strings.HasPrefix(ls[i-m].text, ".") {
					break
				}
			}
		}
		next := i
		for next < len(ls) && ls[next].blank() {
			next++
		}
		if next == len(ls) || !a.cut(ls[next].text) {
			break
		}
		i = next
	}
	return i
}

package manuscript

import (
	"regexp"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// Org reads documents of Emacs' Org mode.
var Org = Reader("org", func(p *Page, src string) {
	(&org{p}).body(linesOf(src), corpus.Paragraph, 0)
})

type org struct{ *Page }

var (
	orgHeading = regexp.MustCompile(`^(\*+)\s+(.*?)(?:\s+(:[\w@#%:]+:))?$`)
	orgKeyword = regexp.MustCompile(`^\s*#\+(\w+)(?:\[[^\]]*\])?:\s*(.*)$`)
	orgBegin   = regexp.MustCompile(`(?i)^\s*#\+begin_(\w+)`)
	orgDrawer  = regexp.MustCompile(`^\s*:[\w-]+:\s*$`)
	orgItem    = regexp.MustCompile(`^(\s*)([-+]|\d+[.)]|[A-Za-z][.)])(?:\s+(.*)|$)`)
	orgStar    = regexp.MustCompile(`^(\s+)(\*)(?:\s+(.*)|$)`)
	orgCheck   = regexp.MustCompile(`^(?:\[@\d+\]\s*)?\[[ Xx-]\]\s+`)
	orgPlan    = regexp.MustCompile(`^\s*(?:DEADLINE|SCHEDULED|CLOSED|CLOCK):`)
	orgNote    = regexp.MustCompile(`^\[fn:([^\]:]+)\]\s*(.*)$`)
	orgLink    = regexp.MustCompile(`\[\[((?:[^\]]|\][^\[\]])+)\](?:\[((?:[^\]]|\][^\]])+)\])?\]`)
	orgInNote  = regexp.MustCompile(`\[fn:[^\]:]*:([^\]]*)\]`)
	orgRefNote = regexp.MustCompile(`\[fn:([^\]:]+)\]`)
	orgMacro   = regexp.MustCompile(`\{\{\{[^}]*\}\}\}|<<<?[^<>]+>>>?|@@\w+:[^@]*@@`)
	orgEntity  = regexp.MustCompile(`\\([A-Za-z]+)(?:\{\})?`)
	orgSource  = regexp.MustCompile(`src_\w+(?:\[[^\]]*\])?\{([^}]*)\}`)
)

func (o *org) body(ls []line, k corpus.BlockKind, depth int) {
	for i := 0; i < len(ls); {
		if o.Ctx.Err() != nil {
			return
		}
		if ls[i].blank() {
			i++
			continue
		}
		i += max(o.block(ls[i:], k, depth), 1)
	}
}

func (o *org) block(ls []line, k corpus.BlockKind, depth int) int {
	l := ls[0]
	t := strings.TrimSpace(l.text)
	if m := orgHeading.FindStringSubmatch(l.text); m != nil && l.indent() == 0 {
		o.Add(corpus.Heading, len(m[1]), o.inline(strings.TrimPrefix(m[2], "COMMENT ")), l.at, l.end())
		return 1
	}
	if m := orgBegin.FindStringSubmatch(l.text); m != nil {
		return o.between(ls, strings.ToLower(m[1]), k, depth)
	}
	if m := orgKeyword.FindStringSubmatch(l.text); m != nil {
		o.keyword(strings.ToLower(m[1]), m[2], l)
		return 1
	}
	switch {
	case t == "#" || strings.HasPrefix(t, "# ") || strings.HasPrefix(t, "#+") || orgPlan.MatchString(l.text):
		return 1
	case len(t) > 4 && strings.Trim(t, "-") == "":
		return 1
	case t == ":" || strings.HasPrefix(t, ": "):
		n := 0
		var code []line
		for ; n < len(ls); n++ {
			c := ls[n].from(99)
			if c.text != ":" && !strings.HasPrefix(c.text, ": ") {
				break
			}
			code = append(code, c.cut(min(2, len(c.text))))
		}
		o.code(code)
		return n
	case orgDrawer.MatchString(l.text) && !strings.EqualFold(t, ":END:"):
		for n := 1; n < min(len(ls), 200); n++ {
			if strings.EqualFold(strings.TrimSpace(ls[n].text), ":END:") {
				return n + 1
			}
		}
		return 1
	case strings.HasPrefix(t, "|"):
		return o.table(ls)
	case strings.HasPrefix(t, `\begin{`):
		n := 1
		for n < len(ls) && !strings.Contains(ls[n-1].text, `\end{`) {
			n++
		}
		o.code(ls[:n])
		return n
	}
	if m := orgNote.FindStringSubmatch(l.text); m != nil {
		n := 1
		for n < len(ls) && !ls[n].blank() && !orgHeading.MatchString(ls[n].text) && !orgNote.MatchString(ls[n].text) {
			n++
		}
		o.Add(corpus.Paragraph, 0, "["+m[1]+"] "+o.inline(m[2]+" "+joined(ls[1:n], " ")), l.at, ls[n-1].end())
		return n
	}
	if (orgItem.MatchString(l.text) || orgStar.MatchString(l.text)) && depth < maxDepth {
		return o.item(ls, depth)
	}
	n := 1
	for n < len(ls) && !o.ends(ls[n].text) {
		n++
	}
	var b strings.Builder
	for i, l := range ls[:n] {
		t := strings.TrimSpace(l.text)
		hard := strings.HasSuffix(t, `\\`)
		b.WriteString(strings.TrimSuffix(t, `\\`))
		if i+1 < n {
			b.WriteString(map[bool]string{true: "\n", false: " "}[hard])
		}
	}
	o.Add(k, 0, o.inline(b.String()), l.at, ls[n-1].end())
	return n
}

// ends says that a line is none of the paragraph before it.
func (o *org) ends(s string) bool {
	t := strings.TrimSpace(s)
	return t == "" || orgHeading.MatchString(s) || strings.HasPrefix(t, "#+") || strings.HasPrefix(t, "|") || strings.HasPrefix(t, ": ") || t == ":" || orgItem.MatchString(s) || orgStar.MatchString(s) ||
		orgDrawer.MatchString(s) || strings.HasPrefix(t, "# ")
}

func (o *org) keyword(name, value string, l line) {
	switch name {
	case "title":
		o.Add(corpus.Heading, 1, o.inline(value), l.at, l.end())
	case "author", "date", "description", "keywords":
		if value != "" && value != "nil" {
			if o.D.Metadata == nil {
				o.D.Metadata = map[string]any{}
			}
			o.D.Metadata[name] = value
		}
	case "language":
		if len(value) == 2 {
			o.D.Lang = strings.ToLower(value)
		}
	case "caption":
		o.Add(corpus.Paragraph, 0, o.inline(value), l.at, l.end())
	}
}

// between reads a block from its #+begin to its #+end.
func (o *org) between(ls []line, name string, k corpus.BlockKind, depth int) int {
	n := 1
	for n < len(ls) && !strings.EqualFold(strings.TrimSpace(ls[n].text), "#+end_"+name) {
		n++
	}
	inner, end := ls[1:n], min(n+1, len(ls))
	switch name {
	case "src", "example":
		code := make([]line, len(inner))
		for i, l := range inner {
			if t := strings.TrimLeft(l.text, " \t"); strings.HasPrefix(t, ",*") || strings.HasPrefix(t, ",#+") {
				l.text = strings.Replace(l.text, ",", "", 1)
			}
			code[i] = l
		}
		o.code(code)
	case "export", "comment", "html", "latex", "ascii":
	case "verse":
		o.Add(corpus.Quote, 0, o.inline(joined(dedent(inner), "\n")), ls[0].at, ls[end-1].end())
	default:
		switch name {
		case "quote":
			k = corpus.Quote
		case "note", "tip", "important", "warning", "caution":
			o.Add(corpus.Paragraph, 0, strings.ToUpper(name[:1])+name[1:], ls[0].at, ls[0].at)
		}
		if depth > maxDepth {
			o.Add(k, 0, joined(inner, " "), ls[0].at, ls[end-1].end())
			break
		}
		o.body(dedent(inner), k, depth+1)
	}
	return end
}

// item reads an item of a list and what is indented below it.
func (o *org) item(ls []line, depth int) int {
	m := orgItem.FindStringSubmatch(ls[0].text)
	if m == nil {
		m = orgStar.FindStringSubmatch(ls[0].text)
	}
	n := 1 + indented(ls[1:], ls[0].indent()+1)
	for i := 2; i < n; i++ { // two blank lines end a list
		if ls[i].blank() && ls[i-1].blank() {
			n = i - 1
			break
		}
	}
	text := orgCheck.ReplaceAllString(m[3], "")
	if term, rest, ok := strings.Cut(text+" ", " :: "); ok && strings.Trim(m[2], "-+*") == "" {
		o.Add(corpus.Term, 0, o.inline(term), ls[0].at, ls[0].end())
		text = rest
	} else if strings.Trim(m[2], "-+*") != "" {
		o.Lead = m[2] + " "
	}
	lead := 1
	for lead < n && !o.ends(ls[lead].text) {
		text += " " + strings.TrimSpace(ls[lead].text)
		lead++
	}
	o.Add(corpus.ListItem, 0, o.inline(text), ls[0].at, ls[lead-1].end())
	o.Lead = ""
	o.body(dedent(ls[lead:n]), corpus.Paragraph, depth+1)
	return n
}

func (o *org) table(ls []line) int {
	var rows []Row
	n := 0
	for ; n < len(ls); n++ {
		t := strings.TrimSpace(ls[n].text)
		if !strings.HasPrefix(t, "|") {
			break
		}
		if strings.HasPrefix(t, "|-") {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(t[1:], "|"), "|")
		cookies := true
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
			cookies = cookies && (cells[i] == "" || strings.HasPrefix(cells[i], "<") && strings.HasSuffix(cells[i], ">") && strings.Trim(cells[i], "<>lrc0123456789") == "")
		}
		if !cookies || strings.Trim(t, "| ") == "" {
			rows = append(rows, Row{cells, ls[n].at})
		}
	}
	o.Rows(rows, o.inline)
	return n
}

// inline takes the marks out of a text.
func (o *org) inline(s string) string {
	if strings.Contains(s, "[[") {
		s = orgLink.ReplaceAllStringFunc(s, func(m string) string {
			p := orgLink.FindStringSubmatch(m)
			if p[2] != "" {
				return p[2]
			}
			if strings.HasPrefix(p[1], "file:") && orgPicture.MatchString(p[1]) {
				return ""
			}
			return strings.TrimPrefix(strings.TrimPrefix(p[1], "*"), "file:")
		})
	}
	if strings.Contains(s, "[fn:") {
		s = orgInNote.ReplaceAllString(s, " ($1)")
		s = orgRefNote.ReplaceAllString(s, "[$1]")
	}
	s = orgMacro.ReplaceAllString(s, "")
	s = orgSource.ReplaceAllString(s, "$1")
	s = o.emphasis(s, 0)
	if strings.Contains(s, `\`) {
		s = orgEntity.ReplaceAllStringFunc(s, func(m string) string {
			if sign := Entity(strings.Trim(m, `\{}`)); sign != "" {
				return sign
			}
			return m
		})
	}
	return s
}

var orgPicture = regexp.MustCompile(`(?i)\.(?:png|jpe?g|gif|svg|webp)$`)

// emphasis takes away the marks around words.
func (o *org) emphasis(s string, depth int) string {
	if !strings.ContainsAny(s, "*/_=~+") || depth > 4 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		c := s[i]
		if strings.IndexByte("*/_=~+", c) >= 0 && (i == 0 || strings.IndexByte(" \t\n-–—('\"{", s[i-1]) >= 0 || s[i-1] >= 0x80) && !spaceAt(s, i+1) {
			if end := orgClose(s, i); end > 0 {
				inner := s[i+1 : end]
				if c != '=' && c != '~' {
					inner = o.emphasis(inner, depth+1)
				}
				b.WriteString(inner)
				i = end + 1
				continue
			}
		}
		b.WriteByte(c)
		i++
	}
	return b.String()
}

// orgClose is where the mark at i is closed, or 0.
func orgClose(s string, i int) int {
	for at := i + 2; at < len(s) && at-i < 2000; at++ {
		if s[at] == s[i] && !spaceBefore(s, at) && (at+1 == len(s) || strings.IndexByte(" \t\n-.,:;!?'\")}[|/\\", s[at+1]) >= 0 || s[at+1] >= 0x80) {
			return at
		}
	}
	return 0
}

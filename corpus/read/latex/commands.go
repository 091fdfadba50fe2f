package latex

import (
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/manuscript"
)

// hiddenArgs are commands whose first arguments are no text, and how many those are.
var hiddenArgs = func() map[string]int {
	m := map[string]int{}
	for n, names := range []string{1: `label ref pageref eqref autoref cref Cref nameref cite citep citet citeauthor citeyear nocite parencite textcite footcite autocite vspace hspace vskip hskip includegraphics input include
		bibliography bibliographystyle addbibresource pagestyle thispagestyle pagenumbering usepackage documentclass hypersetup index glossary hyphenation graphicspath geometry theoremstyle cmidrule cline phantom vphantom
		hphantom lstset lstinputlisting inputminted tikzset captionsetup linespread color pagecolor hypertarget hyperlink href hyperref selectlanguage foreignlanguage textcolor raisebox parbox stepcounter refstepcounter
		newcounter newlength setmainfont setsansfont setmonofont PassOptionsToPackage RequirePackage usetikzlibrary arrayrulecolor rowcolor cellcolor usetheme usecolortheme includepdf bibitem title author date newif
		blindtext Blindtext lipsum resizebox colorbox sisetup makesavenoteenv patchcmd newsavebox usebox savebox thanks institute setstretch includesvg import AtBeginDocument noalign unskip`,
		2: `setlength addtolength setcounter addtocounter rule fontsize newtheorem multicolumn multirow addcontentsline settowidth definecolors newcolumntype DeclareMathOperator fcolorbox IfFileExists pdfbookmark`,
		3: `definecolor newenvironment renewenvironment newtcolorbox subimport contentsline`} {
		for name := range strings.FieldsSeq(names) {
			m[name] = n
		}
	}
	return m
}()

// codeNames are environments whose text is no LaTeX.
const codeNames = " verbatim verbatim* Verbatim lstlisting minted comment filecontents filecontents* tikzpicture algorithmic pgfpicture rawhtml "

// command reads the command at s[i] and says where it ends.
func (t *tex) command(s string, i int, place func(int) int, depth int) int {
	at := place(i)
	i++
	if i >= len(s) {
		return i
	}
	if !isLetter(s[i]) {
		return t.sign(s, i, place)
	}
	from := i
	for i < len(s) && isLetter(s[i]) {
		i++
	}
	name := s[from:i]
	if i < len(s) && s[i] == '*' {
		i++
	}
	if m, ok := t.macros[name]; ok && t.expanded < maxMacros {
		return t.expand(m, s, i, at, depth)
	}
	if a := accents[name[0]]; len(name) == 1 && a != "" {
		return t.accent(a, s, i, at)
	}
	if level := texHeading[name]; level > 0 {
		return t.heading(level, s, i, at, depth)
	}
	if sign := manuscript.Entity(name); sign != "" && name != "to" && name != "in" && name != "time" {
		t.put(sign, at)
		return swallow(s, i)
	}
	switch name {
	case "begin":
		return t.begin(s, i, place, depth)
	case "end":
		return t.end(s, i)
	case "item":
		return t.item(s, i, place, depth)
	case "maketitle":
		t.flush()
		t.Add(corpus.Heading, 1, t.D.Title, at, at)
	case "par", "newpage", "clearpage", "tableofcontents", "bigskip", "medskip", "smallskip", "pagebreak", "cleardoublepage":
		t.flush()
	case "newline", "linebreak", "tabularnewline", "cr":
		return t.lineEnd(s, i)
	case "verb", "lstinline", "Verb", "mintinline":
		return t.verb(name, s, i, at)
	case "url", "path", "nolinkurl", "detokenize":
		if inner, end, ok := group(s, i); ok {
			t.put(strings.NewReplacer(`\_`, "_", `\%`, "%", `\#`, "#", `\&`, "&", `\~`, "~").Replace(inner), at)
			return end
		}
	case "footnote", "footnotetext", "endnote", "marginpar", "sidenote":
		if _, end, ok := option(s, i); ok {
			i = end
		}
		if inner, end, ok := group(s, i); ok {
			t.notes = append(t.notes, note{t.sub(inner, at, depth), at})
			return end
		}
	case "caption", "captionof", "subcaption":
		if _, end, ok := option(s, i); ok {
			i = end
		}
		if inner, end, ok := group(s, i); ok {
			text := t.sub(inner, place(i), depth)
			if t.inline() {
				t.notes = append(t.notes, note{text, at})
				return end
			}
			t.flush()
			t.Add(corpus.Paragraph, 0, text, at, place(end))
			return end
		}
	case "texorpdfstring":
		if inner, end, ok := group(s, i); ok {
			t.inner(inner, at, depth)
			_, end, _ = group(s, end)
			return end
		}
	case "newcommand", "renewcommand", "providecommand", "DeclareRobustCommand", "def", "gdef", "edef", "let":
		return t.define(s, from-1)
	case "text", "mbox":
	}
	if n, ok := hiddenArgs[name]; ok {
		return t.hidden(name, n, s, i)
	}
	if strings.HasPrefix(s[i:], "[") {
		if _, end, ok := option(s, i); ok && !strings.Contains(s[i:end], "\n") {
			return end
		}
	}
	return swallow(s, i)
}

// hidden skips the first n arguments of a command.
func (t *tex) hidden(name string, n int, s string, i int) int {
	for {
		_, end, ok := option(s, i)
		if !ok {
			break
		}
		i = end
		if name == "hyperref" {
			n = 0
		}
	}
	for range n {
		k := i
		for k < len(s) && (s[k] == ' ' || s[k] == '\n') {
			k++
		}
		inner, end, ok := group(s, k)
		if !ok {
			break
		}
		if e := t.tableOpen(); e != nil && name == "multicolumn" {
			e.span, name = max(min(manuscript.Number(inner), 50)-1, 0), ""
		}
		i = end
	}
	return i
}

// swallow skips the white space that ends the name of a command, and empty braces.
func swallow(s string, i int) int {
	if strings.HasPrefix(s[i:], "{}") {
		return i + 2
	}
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	return i
}

// sign reads a command that is one sign.
func (t *tex) sign(s string, i int, place func(int) int) int {
	at := place(i)
	switch c := s[i]; c {
	case '\\':
		i++
		if i < len(s) && s[i] == '*' {
			i++
		}
		return t.lineEnd(s, i)
	case '(', '[':
		end := strings.Index(s[i:min(len(s), i+maxGroup)], map[byte]string{'(': `\)`, '[': `\]`}[c])
		if end < 0 {
			return i + 1
		}
		t.math(s[i+1:i+end], c == '[', at)
		return i + end + 2
	case ' ', '\n', '\t', ',', ';', ':':
		t.space = true
		if t.raw {
			t.put(" ", at)
		}
		return i + 1
	case '-', '/', '!', '@', ')', ']', '>', '<', '+':
		return i + 1
	default:
		if a := accents[c]; a != "" {
			return t.accent(a, s, i+1, at)
		}
		t.put(s[i:i+1], at)
		return i + 1
	}
}

// lineEnd ends a line, or a row of a table.
func (t *tex) lineEnd(s string, i int) int {
	if _, end, ok := option(s, i); ok {
		i = end
	}
	if e := t.tableOpen(); e != nil {
		e.end(t)
		return i
	}
	if len(t.buf) > 0 && !t.inline() {
		t.buf = append(t.buf, '\n')
	}
	t.space = t.inline()
	return i
}

func (t *tex) heading(level int, s string, i, at, depth int) int {
	if _, end, ok := option(s, i); ok {
		i = end
	}
	for i < len(s) && (s[i] == ' ' || s[i] == '\n') {
		i++
	}
	inner, end, ok := group(s, i)
	if !ok {
		return i
	}
	t.flush()
	t.Add(corpus.Heading, level, t.sub(inner, at, depth), at, at+end-i)
	return end
}

func (t *tex) verb(name, s string, i, at int) int {
	if _, end, ok := option(s, i); ok {
		i = end
	}
	if name == "mintinline" {
		_, i, _ = group(s, i)
	}
	if i >= len(s) {
		return i
	}
	if inner, end, ok := group(s, i); ok {
		t.put(inner, at)
		return end
	}
	end := strings.IndexByte(s[i+1:], s[i])
	if end < 0 || strings.Contains(s[i+1:i+1+end], "\n") {
		return i
	}
	t.put(s[i+1:i+1+end], at)
	return i + end + 2
}

// expand puts what a macro stands for in its place.
func (t *tex) expand(m macro, s string, i, at, depth int) int {
	t.expanded++
	body := m.body
	if m.args == 0 {
		i = swallow(s, i)
	}
	for k := 1; k <= m.args; k++ {
		for i < len(s) && s[i] == ' ' {
			i++
		}
		inner, end, ok := group(s, i)
		if !ok {
			break
		}
		i = end
		body = strings.ReplaceAll(body, "#"+strconv.Itoa(k), inner)
		if len(body) > 1<<20 {
			return i
		}
	}
	t.run(body, at, true, depth+1)
	return i
}

// define takes a macro that is defined in the text.
func (t *tex) define(s string, i int) int {
	for _, form := range []interface{ FindStringSubmatchIndex(string) []int }{texMacro, texDef} {
		head := s[i:min(len(s), i+400)]
		m := form.FindStringSubmatchIndex(head)
		if m == nil || m[0] != 0 {
			continue
		}
		body, end, ok := group(s, i+m[1]-1)
		if !ok {
			break
		}
		name, args := sub(head, m, 1), 0
		if len(m) > 6 {
			name += sub(head, m, 2)
			args = manuscript.Number(sub(head, m, 3))
		} else {
			args = len(sub(head, m, 2)) / 2
		}
		t.macros[name] = macro{args, body}
		return end
	}
	return i + 4
}

// begin opens an environment.
func (t *tex) begin(s string, i int, place func(int) int, depth int) int {
	name, end, ok := group(s, i)
	if !ok {
		return i
	}
	i = end
	base := strings.TrimSuffix(name, "*")
	if strings.Contains(codeNames, " "+name+" ") {
		_, i, _ = option(s, i)
		if name == "minted" || strings.HasPrefix(name, "filecontents") {
			_, i, _ = group(s, i)
		}
		n := strings.Index(s[i:], `\end{`+name+`}`)
		if n < 0 {
			n = len(s) - i
		}
		if !t.inline() && !strings.Contains(" comment filecontents filecontents* tikzpicture pgfpicture rawhtml ", " "+name+" ") {
			t.flush()
			t.Add(corpus.Code, 0, s[i:i+n], place(i), place(i+n))
		}
		return min(i+n+len(`\end{}`)+len(name), len(s))
	}
	switch base {
	case "equation", "align", "displaymath", "eqnarray", "gather", "multline", "math", "flalign", "alignat":
		n := strings.Index(s[i:min(len(s), i+maxGroup)], `\end{`+name+`}`)
		if n < 0 {
			return i
		}
		t.math(s[i:i+n], base != "math", place(i))
		return i + n + len(`\end{}`) + len(name)
	}
	e := environment{name: name, kind: t.kind, raw: t.raw, count: -1}
	if t.inline() || len(t.open) > 200 {
		if len(t.open) <= 200 {
			t.open = append(t.open, e)
		}
		_, i, _ = option(s, i)
		return i
	}
	t.flush()
	e.kind = t.kind
	switch base {
	case "quote", "quotation", "verse", "displayquote":
		t.kind = corpus.Quote
	case "enumerate":
		e.count = 0
	case "Highlighting", "alltt", "semiverbatim":
		t.kind, t.raw = corpus.Code, true
	case "tabular", "tabularx", "longtable", "tabulary", "tabu", "supertabular", "array":
		if base == "tabularx" || base == "tabulary" || name == "tabular*" {
			_, i, _ = group(s, i)
		}
		_, i, _ = option(s, i)
		_, i, _ = group(s, i)
		_, i, _ = group(s, i)
		e.table = &texTable{from: place(i)}
	case "minipage", "multicols", "wrapfigure", "thebibliography", "adjustbox", "columns", "column", "frame", "otherlanguage", "tcolorbox":
		for range 3 {
			_, i, _ = option(s, i)
			inner, end, ok := group(s, i)
			if base == "frame" && ok {
				t.Add(corpus.Heading, 2, t.sub(inner, place(i), depth), place(i), place(end))
			}
			i = end
		}
	}
	t.open = append(t.open, e)
	_, i, _ = option(s, i)
	return i
}

// end closes the environment that was opened last under its name.
func (t *tex) end(s string, i int) int {
	name, end, ok := group(s, i)
	if !ok {
		return i
	}
	if name == "document" {
		t.stopped = len(t.open) < 2
		return end
	}
	n := len(t.open) - 1
	for n >= 0 && t.open[n].name != name && t.open[n].name != "\x00inline" {
		n--
	}
	if n < 0 || t.open[n].name != name {
		return end
	}
	for len(t.open) > n {
		e := t.open[len(t.open)-1]
		if e.table != nil {
			e.table.end(t)
			t.open = t.open[:len(t.open)-1]
			t.Rows(e.table.rows, manuscript.Same)
			t.buf = t.buf[:0]
		} else {
			t.flush()
			t.open = t.open[:len(t.open)-1]
		}
		t.kind, t.raw = e.kind, e.raw
	}
	if t.kind == corpus.ListItem {
		t.kind = corpus.Paragraph
	}
	return end
}

// item begins an item of a list.
func (t *tex) item(s string, i int, place func(int) int, depth int) int {
	if t.inline() {
		t.space = true
		return i
	}
	t.flush()
	term, end, ok := option(s, i)
	if ok {
		t.Add(corpus.Term, 0, t.sub(term, place(i), depth), place(i), place(end))
		i = end
	}
	t.kind = corpus.ListItem
	t.Lead = ""
	if n := len(t.open); n > 0 && t.open[n-1].count >= 0 && !ok {
		t.open[n-1].count++
		t.Lead = strconv.Itoa(t.open[n-1].count) + ". "
	}
	return swallow(s, i)
}

// Package latex reads documents of LaTeX as what they show: see package manuscript.
//
// Nothing is executed: macros that a document defines are put in their places, of the
// commands of packages those are known that people use, and any other prints its
// arguments. Formulas stay as they are written.
package latex

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/manuscript"
)

// Read reads a document. It knows what the commands that people use print,
// and the macros that a document defines by text; a command that it does not know
// prints its arguments.
var Read = manuscript.Reader("latex", func(p *manuscript.Page, src string) {
	t := &tex{Page: p, macros: map[string]macro{}}
	at := strings.Index(src, `\begin{document}`)
	if at < 0 {
		at = 0
	}
	t.preamble(src[:at])
	t.run(src[at:], at, false, 0)
	t.flush()
})

type tex struct {
	*manuscript.Page
	macros   map[string]macro
	expanded int // macros, so far

	buf      []byte // the text of the open block
	from, to int    // where it stands
	space    bool
	kind     corpus.BlockKind
	raw      bool // white space stays
	notes    []note
	open     []environment
	steps    int
	stopped  bool // \end{document}
}

type macro struct {
	args int
	body string
}

type note struct {
	text string
	at   int
}

// environment is what stands between \begin and \end.
type environment struct {
	name  string
	kind  corpus.BlockKind // of what is around it
	raw   bool
	count int // of its items, where they are numbered; -1 else
	table *texTable
}

type texTable struct {
	rows []manuscript.Row
	row  manuscript.Row
	from int
	span int // how many columns more the cell has
}

const (
	maxNested   = 60     // of braces and environments
	maxMacros   = 20_000 // that are expanded in a document
	maxTextMade = 64 << 20
	maxGroup    = 16 << 10 // bytes of an argument
)

var (
	texMacro   = regexp.MustCompile(`\\(?:re)?(?:newcommand|providecommand|DeclareRobustCommand)\*?\s*(?:\{\s*\\([A-Za-z@]+)\s*\}|\\([A-Za-z@]+))\s*(?:\[(\d)\])?\s*(?:\[[^\]]*\])?\s*\{`)
	texDef     = regexp.MustCompile(`\\(?:def|gdef|edef)\s*\\([A-Za-z@]+)((?:#\d)*)\s*\{`)
	texHeading = map[string]int{"part": 1, "chapter": 1, "section": 1, "subsection": 2, "subsubsection": 3, "paragraph": 4, "subparagraph": 5, "frametitle": 2}
)

// preamble takes title, author, date and macros.
func (t *tex) preamble(s string) {
	s = uncommented(s)
	for _, m := range texMacro.FindAllStringSubmatchIndex(s, 2000) {
		name := sub(s, m, 1) + sub(s, m, 2)
		if body, _, ok := group(s, m[1]-1); ok {
			t.macros[name] = macro{manuscript.Number(sub(s, m, 3)), body}
		}
	}
	for _, m := range texDef.FindAllStringSubmatchIndex(s, 2000) {
		if body, _, ok := group(s, m[1]-1); ok {
			t.macros[sub(s, m, 1)] = macro{len(sub(s, m, 2)) / 2, body}
		}
	}
	for _, key := range []string{"title", "author", "date"} {
		i := strings.Index(s, `\`+key+`{`)
		if i < 0 {
			continue
		}
		body, _, ok := group(s, i+len(key)+1)
		if !ok {
			continue
		}
		text := strings.Join(strings.Fields(t.sub(body, 0, 0)), " ")
		switch {
		case text == "":
		case key == "title":
			t.D.Title = text
		default:
			if t.D.Metadata == nil {
				t.D.Metadata = map[string]any{}
			}
			t.D.Metadata[key] = text
		}
	}
	t.notes = nil
}

func sub(s string, m []int, k int) string {
	if m[2*k] < 0 {
		return ""
	}
	return s[m[2*k]:m[2*k+1]]
}

// uncommented is a text without its comments.
func uncommented(s string) string {
	var b strings.Builder
	for l := range strings.Lines(s) {
		for i := 0; i < len(l); i++ {
			if l[i] == '\\' {
				i++
			} else if l[i] == '%' {
				l = l[:i] + "\n"
			}
		}
		b.WriteString(l)
	}
	return b.String()
}

// group is what stands between the brace at s[i] and its partner, and where that ends.
func group(s string, i int) (inner string, end int, ok bool) {
	if i >= len(s) || s[i] != '{' {
		return "", i, false
	}
	depth := 0
	for k := i; k < min(len(s), i+maxGroup); k++ {
		switch s[k] {
		case '\\':
			k++
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return s[i+1 : k], k + 1, true
			}
		}
	}
	return "", i, false
}

// option skips white space and what stands in brackets at s[i].
func option(s string, i int) (inner string, end int, ok bool) {
	k := i
	for k < len(s) && (s[k] == ' ' || s[k] == '\t') {
		k++
	}
	if k >= len(s) || s[k] != '[' {
		return "", i, false
	}
	depth := 0
	for n := k; n < len(s) && n-k < 4000; n++ {
		switch s[n] {
		case '\\':
			n++
		case '{':
			depth++
		case '}':
			depth--
		case ']':
			if depth <= 0 {
				return s[k+1 : n], n + 1, true
			}
		}
	}
	return "", i, false
}

// sub is what a text prints, without being put into a block.
func (t *tex) sub(s string, base, depth int) string {
	buf, from, to, space, kind := t.buf, t.from, t.to, t.space, t.kind
	blocks := len(t.open)
	t.buf, t.space = nil, false
	t.inner(s, base, depth)
	text := strings.TrimSpace(string(t.buf))
	t.buf, t.from, t.to, t.space, t.kind = buf, from, to, space, kind
	if len(t.open) > blocks {
		t.open = t.open[:blocks]
	}
	return text
}

// inner runs over a text in which no block ends.
func (t *tex) inner(s string, base, depth int) {
	t.open = append(t.open, environment{name: "\x00inline"})
	t.run(s, base, true, depth+1)
	t.open = t.open[:max(len(t.open)-1, 0)]
}

func (t *tex) inline() bool {
	for i := len(t.open) - 1; i >= 0; i-- {
		if t.open[i].name == "\x00inline" || t.open[i].table != nil {
			return true
		}
	}
	return false
}

// put adds a text that stands at a byte of the file.
func (t *tex) put(s string, at int) {
	if s == "" {
		return
	}
	if len(t.buf) == 0 {
		t.from = at
	}
	if t.space && len(t.buf) > 0 && !t.raw {
		if c := t.buf[len(t.buf)-1]; c != '\n' && c != ' ' {
			t.buf = append(t.buf, ' ')
		}
	}
	t.space = false
	t.buf = append(t.buf, s...)
	t.to = max(t.from, at+len(s))
}

// flush ends the open block, and writes the notes to it.
func (t *tex) flush() {
	if t.inline() {
		t.space = true
		return
	}
	text := norm.NFC.String(string(t.buf))
	t.buf, t.space = t.buf[:0], false
	t.Add(t.kind, 0, text, t.from, t.to)
	if t.kind == corpus.ListItem {
		t.kind = corpus.Paragraph
	}
	notes := t.notes
	t.notes = nil
	for _, n := range notes {
		t.Add(corpus.Paragraph, 0, n.text, n.at, n.at)
	}
}

// run reads a text whose first byte stands at base of the file; fixed says that all of
// it does.
func (t *tex) run(s string, base int, fixed bool, depth int) {
	if depth > maxNested {
		return
	}
	place := func(i int) int {
		if fixed {
			return base
		}
		return base + i
	}
	for i := 0; i < len(s) && !t.stopped; {
		if t.steps++; t.steps%1024 == 0 && t.Ctx.Err() != nil {
			t.stopped = true
		}
		switch c := s[i]; c {
		case '\\':
			i = t.command(s, i, place, depth)
		case '%':
			if t.raw {
				t.put("%", place(i))
				i++
				break
			}
			n := strings.IndexByte(s[i:], '\n')
			if n < 0 {
				return
			}
			i += n + 1
			for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
				i++
			}
		case '{', '}':
			i++
		case '$':
			i = t.formula(s, i, place)
		case '~':
			if t.raw {
				t.put("~", place(i))
			}
			t.space = true
			i++
		case '&':
			if e := t.tableOpen(); e != nil {
				e.cell(t)
			} else {
				t.put("&", place(i))
			}
			i++
		case ' ', '\t', '\r':
			if t.raw {
				t.put(s[i:i+1], place(i))
			}
			t.space = true
			i++
		case '\n':
			if t.raw {
				t.put("\n", place(i))
				i++
				break
			}
			t.space = true
			n := i + 1
			for n < len(s) && (s[n] == ' ' || s[n] == '\t' || s[n] == '\r') {
				n++
			}
			if n < len(s) && s[n] == '\n' {
				t.flush()
			}
			i++
		case '-', '`', '\'', '"', '?', '!':
			i = t.ligature(s, i, place(i))
		default:
			n := i + 1
			for n < len(s) && strings.IndexByte("\\%{}$~& \t\r\n-`'\"?!", s[n]) < 0 {
				n++
			}
			t.put(s[i:n], place(i))
			i = n
		}
		if len(t.buf) > maxTextMade {
			t.stopped = true
		}
	}
}

// ligature reads what signs become together.
func (t *tex) ligature(s string, i, at int) int {
	if !t.raw {
		for _, l := range [][2]string{{"---", "—"}, {"--", "–"}, {"``", "“"}, {"''", "”"}, {"`", "‘"}, {"'", "’"}, {"?`", "¿"}, {"!`", "¡"}} {
			if strings.HasPrefix(s[i:], l[0]) {
				t.put(l[1], at)
				return i + len(l[0])
			}
		}
	}
	t.put(s[i:i+1], at)
	return i + 1
}

// formula keeps a formula as it is written; one on lines of its own is a block.
func (t *tex) formula(s string, i int, place func(int) int) int {
	mark := "$"
	if strings.HasPrefix(s[i:], "$$") {
		mark = "$$"
	}
	from := i + len(mark)
	for end := from; end < len(s); end++ {
		if s[end] == '\\' {
			end++
			continue
		}
		if strings.HasPrefix(s[end:], mark) {
			t.math(s[from:end], mark == "$$", place(from))
			return end + len(mark)
		}
		if strings.HasPrefix(s[end:], "\n\n") {
			break
		}
	}
	t.put("$", place(i))
	return i + 1
}

func (t *tex) math(s string, display bool, at int) {
	if !display || t.inline() {
		t.put(strings.Join(strings.Fields(s), " "), at)
		return
	}
	t.flush()
	t.Add(corpus.Code, 0, strings.TrimSpace(s), at, at+len(s))
}

func (t *tex) tableOpen() *texTable {
	if n := len(t.open); n > 0 {
		return t.open[n-1].table
	}
	return nil
}

// cell ends a cell.
func (e *texTable) cell(t *tex) {
	if len(t.buf) > 0 && strings.Join(e.row.Cells, "") == "" {
		e.row.At = t.from
	}
	e.row.Cells = append(e.row.Cells, norm.NFC.String(string(t.buf)))
	e.row.Cells = append(e.row.Cells, make([]string, e.span)...)
	e.span = 0
	t.buf, t.space = t.buf[:0], false
}

// end ends a row.
func (e *texTable) end(t *tex) {
	e.cell(t)
	if strings.TrimSpace(strings.Join(e.row.Cells, "")) != "" {
		e.rows = append(e.rows, e.row)
	}
	e.row = manuscript.Row{At: e.from}
}

// accents combine with the letter after them.
var accents = map[byte]string{'\'': "\u0301", '`': "\u0300", '^': "\u0302", '"': "\u0308", '~': "\u0303", '=': "\u0304", '.': "\u0307",
	'c': "\u0327", 'v': "\u030c", 'u': "\u0306", 'H': "\u030b", 'k': "\u0328", 'r': "\u030a", 'd': "\u0323", 'b': "\u0331"}

// accent reads the letter of an accent at s[i].
func (t *tex) accent(sign string, s string, i int, at int) int {
	for i < len(s) && s[i] == ' ' {
		i++
	}
	letter, end, ok := group(s, i)
	if !ok {
		if i < len(s) && s[i] == '\\' {
			end = i + 1
			for end < len(s) && isLetter(s[end]) {
				end++
			}
			letter = s[i:end]
		} else {
			_, n := utf8.DecodeRuneInString(s[i:])
			letter, end = s[i:min(i+n, len(s))], min(i+n, len(s))
		}
	}
	letter = strings.TrimPrefix(strings.TrimSpace(letter), `\`)
	letter = map[string]string{"i": "i", "j": "j"}[letter] + strings.TrimLeft(letter, "ij")
	if r, n := utf8.DecodeRuneInString(letter); n > 0 && unicode.IsLetter(r) {
		t.put(letter[:n]+sign+letter[n:], at)
	} else {
		t.put(letter, at)
	}
	return end
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '@' }

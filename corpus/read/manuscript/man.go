package manuscript

import (
	"regexp"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// Man reads manual pages of troff: the macros of man(7), those of mdoc(7) that BSD
// uses, and tables of tbl.
var Man = Reader("man", func(p *Page, src string) {
	m := &man{Page: p, macros: map[string]bool{}}
	ls := linesOf(src)
	for i := 0; i < len(ls); i++ {
		if p.Ctx.Err() != nil {
			return
		}
		i += m.line(ls, i)
	}
	m.flush()
})

type man struct {
	*Page
	mdoc   bool
	name   string // of the page, for .Nm
	text   strings.Builder
	from   int
	to     int
	kind   corpus.BlockKind
	fill   bool   // lines are kept as they are
	code   []line // of a display without filling
	tag    bool   // the next line is the term of what follows
	lists  []string
	macros map[string]bool // that the page defines: they print nothing of their own
	glue   bool            // the next text follows without a space
}

var (
	manEscape = regexp.MustCompile(`\\(?:f(?:\[[^\]]{0,40}\]|\(..|.)|s[-+]?\d+|s\[[^\]]{0,40}\]|[hvwoXZlLDbkR]'[^']{0,80}'|[mMFn](?:\[[^\]]{0,40}\]|\(..|.)|\*(?:\[([^\]]{0,40})\]|\((..)|(.))|\((..)|\[([^\]]{0,40})\]|[zpcdurtax^|&%:/,)!{}]|(.))`)
	manFonts  = map[string]bool{"B": true, "I": true, "R": true, "SM": true, "SB": true, "BR": true, "RB": true, "BI": true, "IB": true, "IR": true, "RI": true, "MR": true}
)

// manSigns are the signs that have names.
var manSigns = func() map[string]string {
	m := map[string]string{}
	f := strings.Fields(`em — en – hy - bu • co © rg ® tm ™ aq ' dq " lq “ rq ” oq ‘ cq ’ ga ` + "`" + ` ha ^ ti ~ rs \ sl / ul _ or | bv | br | mi − pl + mu × di ÷ +- ± de ° sc § dg † dd ‡
		<= ≤ >= ≥ != ≠ == ≡ ~= ≈ -> → <- ← <> ↔ ua ↑ da ↓ lA ⇐ rA ⇒ if ∞ Fo « Fc » fo ‹ fc › ss ß :a ä :o ö :u ü :A Ä :O Ö :U Ü 'e é 'a á 'i í 'o ó 'u ú ` + "`" + `e è ` + "`" + `a à ^e ê ^a â ^o ô ,c ç ,C Ç ~n ñ ~o õ oa å oA Å /o ø /O Ø ae æ AE Æ
		Po £ Eu € Ye ¥ ct ¢ 12 ½ 14 ¼ 34 ¾ S1 ¹ S2 ² S3 ³ *a α *b β *g γ *d δ *e ε *l λ *m μ *p π *s σ *w ω lB [ rB ] lC { rC } la ⟨ ra ⟩ at @ sh # Do $ OK ✓ sq □ ci ○ u2014 — u2013 – u2019 ’ .. …`)
	for i := 0; i+1 < len(f); i += 2 {
		m[f[i]] = f[i+1]
	}
	return m
}()

// unescape is a text without the escapes of troff.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	if i := strings.Index(s, `\"`); i >= 0 && (i == 0 || s[i-1] != '\\') {
		s = s[:i]
	}
	return manEscape.ReplaceAllStringFunc(s, func(e string) string {
		m := manEscape.FindStringSubmatch(e)
		switch {
		case m[1]+m[2]+m[3] != "":
			switch m[1] + m[2] + m[3] {
			case "Tm":
				return "™"
			case "lq":
				return "“"
			case "rq":
				return "”"
			case "R":
				return "®"
			}
			return ""
		case m[4]+m[5] != "":
			name := m[4] + m[5]
			if sign, ok := manSigns[name]; ok {
				return sign
			}
			if len(name) == 5 && name[0] == 'u' {
				if r := hexRune(name[1:]); r > 0 {
					return string(r)
				}
			}
			return ""
		case m[6] != "":
			switch m[6] {
			case "e", `\`:
				return `\`
			case "-":
				return "-"
			case "~", "0", " ":
				return " "
			case "'", "`":
				return m[6]
			}
			return m[6]
		}
		return ""
	})
}

func hexRune(s string) (r rune) {
	for _, c := range strings.ToLower(s) {
		switch {
		case c >= '0' && c <= '9':
			r = 16*r + c - '0'
		case c >= 'a' && c <= 'f':
			r = 16*r + c - 'a' + 10
		default:
			return 0
		}
	}
	return r
}

// arguments are those of a request: words, or what stands in quotes.
func arguments(s string) (args []string) {
	for i := 0; i < len(s); {
		switch {
		case s[i] == ' ' || s[i] == '\t':
			i++
		case strings.HasPrefix(s[i:], `\"`):
			return args
		case s[i] == '"':
			var b strings.Builder
			for i++; i < len(s); i++ {
				if s[i] == '"' {
					if i+1 < len(s) && s[i+1] == '"' {
						i++
					} else {
						break
					}
				}
				b.WriteByte(s[i])
			}
			i++
			args = append(args, b.String())
		default:
			n := i
			for n < len(s) && s[n] != ' ' && s[n] != '\t' {
				if s[n] == '\\' && n+1 < len(s) {
					n++
				}
				n++
			}
			n = min(n, len(s))
			args = append(args, s[i:n])
			i = n
		}
	}
	return args
}

// line reads a line, and says how many more it has used.
func (m *man) line(ls []line, i int) int {
	l := ls[i]
	t := l.text
	if t == "" {
		if m.fill {
			m.code = append(m.code, l)
		} else {
			m.flush()
		}
		return 0
	}
	if t[0] != '.' && t[0] != '\'' {
		m.words(unescape(t), l)
		return 0
	}
	t = strings.TrimLeft(t[1:], " \t")
	name := t
	if n := strings.IndexAny(t, " \t"); n >= 0 {
		name = t[:n]
	}
	if strings.HasPrefix(name, `\"`) || name == "" || strings.HasPrefix(name, `\}`) {
		return 0
	}
	args := arguments(t[len(name):])
	switch name {
	case "TS":
		return m.table(ls, i)
	case "EQ", "PS", "de", "de1", "am", "ig", "if", "ie", "el", "while":
		return m.skip(ls, i, name, args)
	}
	if len(name) == 2 && name[0] >= 'A' && name[0] <= 'Z' && name[1] >= 'a' && name[1] <= 'z' || m.mdoc && len(name) == 1 {
		m.bsd(name, args, l)
		return 0
	}
	for k := range args {
		args[k] = unescape(args[k])
	}
	m.request(name, args, l)
	return 0
}

// skip passes over definitions, and over the body of conditions on the device: of a
// condition, what is for a terminal is read.
func (m *man) skip(ls []line, i int, name string, args []string) int {
	end := map[string]string{"EQ": ".EN", "PS": ".PE", "ig": ".."}[name]
	if strings.HasPrefix(name, "de") || name == "am" {
		end = ".."
		if len(args) > 1 {
			end = "." + args[1]
		}
		if len(args) > 0 {
			m.macros[args[0]] = true
		}
	}
	if end != "" {
		for n := i + 1; n < len(ls); n++ {
			if ls[n].text == end {
				return n - i
			}
		}
		return len(ls) - i
	}
	// .if .ie .el .while: braces may hold many lines.
	depth, n := 0, i
	for ; n < len(ls); n++ {
		depth += strings.Count(ls[n].text, `\{`) - strings.Count(ls[n].text, `\}`)
		if depth <= 0 {
			break
		}
	}
	return n - i
}

// words adds text.
func (m *man) words(s string, l line) {
	if m.fill {
		m.code = append(m.code, line{s, l.at})
		return
	}
	if m.tag {
		m.tag = false
		m.flush()
		m.Add(corpus.Term, 0, strings.Join(strings.Fields(s), " "), l.at, l.end())
		m.kind = corpus.ListItem
		return
	}
	if s == "" {
		return
	}
	if s[0] == ' ' && m.text.Len() > 0 { // a line that begins with space begins anew
		m.text.WriteByte('\n')
		s = strings.TrimLeft(s, " ")
	} else if m.text.Len() == 0 {
		m.from = l.at
	} else if !m.glue {
		m.text.WriteByte(' ')
	}
	m.glue = false
	m.text.WriteString(s)
	m.to = l.end()
}

func (m *man) flush() {
	m.display(false)
	text := m.text.String()
	m.text.Reset()
	m.glue = false
	var lines []string
	for l := range strings.Lines(text) {
		lines = append(lines, strings.Join(strings.Fields(l), " "))
	}
	m.Add(m.kind, 0, strings.Join(lines, "\n"), m.from, m.to)
}

// display begins or ends lines that are kept as they are.
func (m *man) display(on bool) {
	if m.fill && !on {
		m.fill = false
		code := m.code
		m.code = nil
		m.Page.code(code)
	}
	if on && !m.fill {
		m.flush()
		m.fill = true
	}
}

func (m *man) request(name string, args []string, l line) {
	switch name {
	case "TH":
		if len(args) > 0 {
			m.D.Title = args[0]
			if len(args) > 1 {
				m.D.Title += "(" + args[1] + ")"
			}
		}
	case "SH", "SS":
		m.flush()
		m.kind, m.tag = corpus.Paragraph, false
		m.lists = nil
		if len(args) > 0 {
			m.Add(corpus.Heading, map[string]int{"SH": 1, "SS": 2}[name], strings.Join(args, " "), l.at, l.end())
		}
	case "PP", "P", "LP", "HP":
		m.flush()
		m.kind, m.tag = corpus.Paragraph, false
	case "TP", "TQ":
		m.flush()
		m.tag = true
	case "IP":
		m.flush()
		m.kind, m.tag = corpus.ListItem, false
		if len(args) > 0 && strings.Trim(args[0], "•*-o· ") != "" {
			m.Add(corpus.Term, 0, args[0], l.at, l.end())
		}
	case "nf", "EX", "Vb", "CS", "DS":
		m.display(true)
	case "fi", "EE", "Ve", "CE", "DE":
		m.display(false)
	case "RS", "RE", "sp", "in", "ti":
		if !m.fill {
			m.flush()
			if m.kind == corpus.ListItem && name != "RE" {
				m.kind = corpus.Paragraph
			}
		} else if name == "sp" {
			m.code = append(m.code, line{"", l.at})
		}
	case "br":
		if !m.fill && m.text.Len() > 0 {
			m.text.WriteByte('\n')
			m.glue = true
		}
	case "UR", "MT":
		if len(args) > 0 {
			m.words("<"+args[0]+">", l)
		}
	case "SY":
		m.flush()
		m.words(strings.Join(args, " "), l)
	case "OP":
		m.words("["+strings.Join(args, " ")+"]", l)
	default:
		if !manFonts[name] {
			return
		}
		sep := " "
		if len(name) == 2 && name != "SM" && name != "SB" {
			sep = "" // fonts alternate without a space
		}
		if name == "MR" && len(args) > 1 {
			args[1] = "(" + args[1] + ")"
		}
		if len(args) == 0 {
			return
		}
		m.words(strings.Join(args, sep), l)
	}
}

// table reads a table of tbl.
func (m *man) table(ls []line, i int) int {
	m.flush()
	n := i + 1
	for n < len(ls) && ls[n].text != ".TE" {
		n++
	}
	sep, at := "\t", i+1
	if at < n && strings.HasSuffix(ls[at].text, ";") {
		if k := strings.Index(ls[at].text, "tab("); k >= 0 && k+4 < len(ls[at].text) {
			sep = string([]rune(ls[at].text[k+4:])[:1])
		}
		at++
	}
	for at < n && !strings.HasSuffix(ls[at].text, ".") {
		at++
	}
	var rows []Row
	block := false
	for _, l := range ls[min(at+1, n):n] {
		t := l.text
		switch {
		case t == ".T&" || t == "_" || t == "=" || t == "" && !block:
			continue
		case strings.HasPrefix(t, "."):
			args := arguments(t)
			if len(args) > 1 && manFonts[args[0][1:]] {
				t = strings.Join(args[1:], map[bool]string{true: "", false: " "}[len(args[0]) == 3])
			} else {
				continue
			}
		}
		if block && len(rows) > 0 {
			last := rows[len(rows)-1].Cells
			ended := strings.HasPrefix(t, "T}")
			cells := strings.Split(strings.TrimPrefix(strings.TrimPrefix(t, "T}"), sep), sep)
			if !ended {
				last[len(last)-1] = strings.TrimPrefix(last[len(last)-1]+" "+unescape(t), " ")
				continue
			}
			block = false
			if t == "T}" {
				continue
			}
			for k := range cells {
				block = cells[k] == "T{"
				last = append(last, unescape(strings.TrimPrefix(cells[k], "T{")))
			}
			rows[len(rows)-1].Cells = last
			continue
		}
		cells := strings.Split(t, sep)
		for k := range cells {
			block = strings.HasSuffix(cells[k], "T{")
			cells[k] = unescape(strings.TrimSuffix(cells[k], "T{"))
		}
		rows = append(rows, Row{cells, l.at})
	}
	m.Rows(rows, Same)
	return n - i
}

package manuscript

import (
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// mdocMarks are put around what some macros of mdoc mark, and before it.
var mdocMarks = map[string][2]string{"Op": {"[", "]"}, "Oo": {"[", ""}, "Oc": {"", "]"}, "Pq": {"(", ")"}, "Po": {"(", ""}, "Pc": {"", ")"}, "Bq": {"[", "]"}, "Bo": {"[", ""}, "Bc": {"", "]"},
	"Brq": {"{", "}"}, "Bro": {"{", ""}, "Brc": {"", "}"}, "Aq": {"<", ">"}, "Ao": {"<", ""}, "Ac": {"", ">"}, "Dq": {"“", "”"}, "Do": {"“", ""}, "Dc": {"", "”"}, "Qq": {`"`, `"`}, "Sq": {"‘", "’"}, "So": {"‘", ""},
	"Sc": {"", "’"}, "Ql": {"‘", "’"}, "Fl": {"-", ""}, "Fn": {"", "()"}, "In": {"#include <", ">"}}

// mdocInline are those that mark words in running text.
var mdocInline = func() map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq("Ar Cm Em Sy Li Pa Va Vt Ev Er Dv Fa Ft Ic Ad An At Bx Fx Nx Ox Ux Bsx Dx Lk Mt Ms No Tn Xr Nm Cd Rv St Eo Ec Ns Ap Pf Sx Lb") {
		m[name] = true
	}
	for name := range mdocMarks {
		m[name] = true
	}
	return m
}()

// bsd reads a macro of mdoc.
func (m *man) bsd(name string, args []string, l line) {
	m.mdoc = true
	switch name {
	case "Dt":
		if len(args) > 0 {
			m.D.Title = args[0]
			if len(args) > 1 {
				m.D.Title += "(" + args[1] + ")"
			}
		}
	case "Sh", "Ss":
		m.flush()
		m.kind, m.tag, m.lists = corpus.Paragraph, false, nil
		m.Add(corpus.Heading, map[string]int{"Sh": 1, "Ss": 2}[name], m.marked(args), l.at, l.end())
	case "Pp", "Lp":
		m.flush()
		if m.kind == corpus.ListItem {
			m.kind = corpus.Paragraph
		}
	case "Bd":
		for _, a := range args {
			if a == "-literal" || a == "-unfilled" {
				m.display(true)
			}
		}
	case "Ed":
		m.display(false)
	case "Bl":
		m.flush()
		kind := ""
		if len(args) > 0 {
			kind = args[0]
		}
		if len(m.lists) < maxDepth {
			m.lists = append(m.lists, kind)
		}
	case "El":
		m.flush()
		m.kind = corpus.Paragraph
		m.lists = m.lists[:max(len(m.lists)-1, 0)]
	case "It":
		m.flush()
		m.kind = corpus.ListItem
		text := m.marked(args)
		if n := len(m.lists); n > 0 && m.lists[n-1] == "-column" {
			m.Add(corpus.TableRow, 0, strings.ReplaceAll(text, "\u0000", "\t"), l.at, l.end())
		} else {
			m.Add(corpus.Term, 0, text, l.at, l.end())
		}
	case "Nd":
		m.words("– "+m.marked(args), l)
	case "D1", "Dl":
		m.flush()
		m.Add(corpus.Code, 0, m.marked(args), l.at, l.end())
	case "Nm":
		if m.name == "" && len(args) > 0 {
			m.name = args[0]
		}
		m.words(m.marked(append([]string{"Nm"}, args...)), l)
	case "Dd", "Os", "Bk", "Ek", "Rs", "Re", "Sm", "Fo", "Fc", "Bf", "Ef":
	default:
		if name[0] == '%' {
			m.words(m.marked(args), l)
			return
		}
		if mdocInline[name] {
			m.words(m.marked(append([]string{name}, args...)), l)
		}
	}
}

// marked is what the words and macros of a line print.
func (m *man) marked(args []string) string {
	var b strings.Builder
	var close []string
	glue := true
	put := func(s string) {
		if s == "" {
			return
		}
		if !glue && !(len(s) == 1 && strings.Contains(".,:;)]?!", s)) {
			b.WriteByte(' ')
		}
		b.WriteString(s)
		glue = s == "(" || s == "["
	}
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "Ns" || a == "Ap" || a == "Pf":
			glue = true
			if a == "Ap" {
				b.WriteByte('\'')
			}
			if a == "Pf" && i+1 < len(args) {
				i++
				put(unescape(args[i]))
				glue = true
			}
		case a == "Ta":
			b.WriteByte(0)
			glue = true
		case a == "Nm" && (i+1 == len(args) || mdocInline[args[i+1]] || len(args[i+1]) == 1):
			put(m.name)
		case a == "Xr" && i+2 < len(args) && len(args[i+2]) <= 3:
			put(args[i+1] + "(" + args[i+2] + ")")
			i += 2
		case a == "Fl" && (i+1 == len(args) || mdocInline[args[i+1]]):
			put("-")
		case mdocMarks[a] != [2]string{}:
			marks := mdocMarks[a]
			put(marks[0])
			if marks[0] != "" {
				glue = true
			}
			switch {
			case a == "Fl" || a == "Fn" || a == "In":
				if i+1 < len(args) {
					i++
					put(unescape(args[i]) + marks[1])
				}
			case marks[0] == "":
				glue = true
				put(marks[1])
			case marks[1] != "":
				close = append(close, marks[1])
			}
		case mdocInline[a]:
		default:
			put(unescape(a))
		}
	}
	for i := len(close) - 1; i >= 0; i-- {
		glue = true
		put(close[i])
	}
	return strings.TrimSpace(b.String())
}

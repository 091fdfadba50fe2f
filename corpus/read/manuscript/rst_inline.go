package manuscript

import (
	"regexp"
	"strings"
)

// inline takes the marks out of a text.
func (r *rst) inline(s string) string { return r.inlineIn(s, 0) }

func (r *rst) inlineIn(s string, depth int) string {
	if !strings.ContainsAny(s, "`*_|\\") || depth > 4 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '\\':
			if i+1 < len(s) && s[i+1] != ' ' && s[i+1] != '\n' {
				b.WriteByte(s[i+1])
			}
			i += 2
		case c == '`' && strings.HasPrefix(s[i:], "``"):
			if inner, end, ok := enclosed(s, i, "``", false); ok {
				b.WriteString(inner)
				i = end
			} else {
				b.WriteString("``")
				i += 2
			}
		case c == '`':
			inner, end, ok := enclosed(s, i, "`", true)
			if !ok {
				b.WriteByte(c)
				i++
				break
			}
			role := end < len(s) && s[end] == ':' // a role may stand behind
			if m := rstRoleAfter.FindString(s[end:]); role && m != "" {
				end += len(m)
			}
			for end < len(s) && s[end] == '_' {
				end++
			}
			b.WriteString(r.interpreted(inner, "", depth))
			i = end
		case c == ':' && rstRole.MatchString(s[i:]) && !wordBefore(s, i):
			m := rstRole.FindString(s[i:])
			inner, end, ok := enclosed(s, i+len(m)-1, "`", true)
			if !ok {
				b.WriteByte(c)
				i++
				break
			}
			b.WriteString(r.interpreted(inner, strings.Trim(m, ":`"), depth))
			i = end
		case c == '*':
			mark := "*"
			if strings.HasPrefix(s[i:], "**") {
				mark = "**"
			}
			if inner, end, ok := enclosed(s, i, mark, true); ok && !wordBefore(s, i) {
				b.WriteString(strings.ReplaceAll(inner, "\\", ""))
				i = end
			} else {
				b.WriteString(mark)
				i += len(mark)
			}
		case c == '|':
			if inner, end, ok := enclosed(s, i, "|", true); ok && !wordBefore(s, i) {
				if text, known := r.names[inner]; known {
					inner = r.inlineIn(text, depth+1)
				}
				b.WriteString(inner)
				for end < len(s) && s[end] == '_' {
					end++
				}
				i = end
			} else {
				b.WriteByte(c)
				i++
			}
		case c == '_' && i > 0 && (wordBefore(s, i) || s[i-1] == ']') && !wordAt(s, i+1) && (i+1 == len(s) || s[i+1] != '_' || !wordAt(s, i+2)) && s[i-1] != '_':
			i++ // a reference
			if i < len(s) && s[i] == '_' {
				i++
			}
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}

var (
	rstRole      = regexp.MustCompile("^:[A-Za-z][\\w:.+-]*:`")
	rstRoleAfter = regexp.MustCompile(`^:[A-Za-z][\w:.+-]*:`)
	rstHidden    = regexp.MustCompile(`(?s)^(.*?)\s*<([^<>]*)>$`)
)

// interpreted is the text of a role or a link.
func (r *rst) interpreted(s, role string, depth int) string {
	if i := strings.LastIndexByte(role, ':'); i >= 0 {
		role = role[i+1:]
	}
	if m := rstHidden.FindStringSubmatch(s); m != nil && role != "kbd" && role != "code" && role != "samp" && role != "math" {
		if m[1] == "" {
			return m[2]
		}
		s = m[1]
	}
	switch role {
	case "", "title", "doc", "ref", "strong", "emphasis", "term", "abbr", "sup", "sub":
		return strings.ReplaceAll(s, "\\", "")
	case "math", "code", "literal", "samp":
		return s
	case "pep", "PEP":
		return "PEP " + s
	case "rfc", "RFC":
		return "RFC " + s
	}
	if rest, ok := strings.CutPrefix(s, "~"); ok {
		return rest[strings.LastIndexByte(rest, '.')+1:]
	}
	return strings.TrimPrefix(s, "!")
}

// enclosed is what stands between two marks, the first at s[i], and where the second
// ends. tight marks hold no space inside, and the second is not before a letter.
func enclosed(s string, i int, mark string, tight bool) (inner string, end int, ok bool) {
	from := i + len(mark)
	if tight && spaceAt(s, from) || from >= len(s) {
		return "", 0, false
	}
	for at := from + 1; at <= len(s)-len(mark) && at-from < maxMarked; at++ {
		if s[at] == '\\' && mark != "``" {
			at++
			continue
		}
		if !strings.HasPrefix(s[at:], mark) || tight && spaceBefore(s, at) {
			continue
		}
		end = at + len(mark)
		if mark == "``" && end < len(s) && s[end] == '`' {
			continue
		}
		if wordAt(s, end) && tight || mark == "*" && end < len(s) && s[end] == '*' {
			continue
		}
		return s[from:at], end, true
	}
	return "", 0, false
}

// gridTable reads a table that is drawn with lines.
func (r *rst) gridTable(ls []line) int {
	n := 0
	for n < len(ls) && (strings.HasPrefix(ls[n].text, "+") || strings.HasPrefix(ls[n].text, "|")) {
		n++
	}
	var cuts []int // columns of the corners
	seen := map[int]bool{}
	for _, l := range ls[:n] {
		for i := 0; i < len(l.text) && l.text[0] == '+'; i++ {
			if l.text[i] == '+' {
				seen[i] = true
			}
		}
	}
	for i := range 4000 {
		if seen[i] {
			cuts = append(cuts, i)
		}
	}
	var rows []Row
	cells, open := make([]string, max(len(cuts)-1, 0)), false
	at := ls[0].at
	for _, l := range ls[:n] {
		if strings.HasPrefix(l.text, "+") && strings.Trim(l.text, "+-=") == "" {
			if open {
				rows = append(rows, Row{cells, at})
				cells, open = make([]string, len(cuts)-1), false
			}
			continue
		}
		if !open {
			at = l.at
		}
		for i, c := range runeCut(l.text, cuts) {
			if c = strings.TrimSpace(strings.TrimPrefix(c, "|")); i < len(cells) && strings.Trim(c, "+-|") != "" {
				cells[i] = strings.TrimSpace(cells[i] + " " + strings.TrimRight(c, "|"))
				open = true
			}
		}
	}
	r.Rows(rows, r.inline)
	return n
}

// runeCut cuts a line at columns, the last of which is open.
func runeCut(s string, cuts []int) (cells []string) {
	runes := []rune(s)
	for i := 0; i+1 < len(cuts); i++ {
		from, to := min(cuts[i], len(runes)), min(cuts[i+1], len(runes))
		cells = append(cells, string(runes[from:to]))
	}
	return cells
}

// simpleTable reads a table whose columns are underlined.
func (r *rst) simpleTable(ls []line) int {
	border := ls[0].text
	var cuts []int
	for i := range border {
		if border[i] == '=' && (i == 0 || border[i-1] != '=') {
			cuts = append(cuts, i)
		}
	}
	cuts = append(cuts, 1<<30)
	n, borders := 1, 1
	for ; n < len(ls); n++ {
		if rstSimple.MatchString(ls[n].text) || ls[n].text == border {
			if borders++; n+1 == len(ls) || ls[n+1].blank() {
				n++
				break
			}
		}
	}
	if borders < 2 {
		return 0
	}
	var rows []Row
	for _, l := range ls[1:n] {
		if l.blank() || strings.Trim(l.text, "=- ") == "" && strings.ContainsAny(l.text, "=-") && !strings.Contains(strings.TrimSpace(l.text), " - ") && len(l.text) > 2 {
			continue
		}
		cells := runeCut(l.text, cuts)
		if strings.TrimSpace(cells[0]) == "" && len(rows) > 0 { // goes on
			last := rows[len(rows)-1].Cells
			for i, c := range cells {
				last[i] = strings.TrimSpace(last[i] + " " + strings.TrimSpace(c))
			}
			continue
		}
		rows = append(rows, Row{cells, l.at})
	}
	r.Rows(rows, func(s string) string { return r.inline(strings.TrimSpace(s)) })
	return n
}

// listTable reads a table that is a list of lists.
func (r *rst) listTable(ls []line) {
	var rows []Row
	for i := 0; i < len(ls); {
		if !rstBullet.MatchString(ls[i].text) {
			i++
			continue
		}
		n := 1 + indented(ls[i+1:], 1)
		width := len(rstBullet.FindString(ls[i].text))
		item := append([]line{ls[i].cut(width)}, dedent(ls[i+1:i+n])...)
		var cells []string
		for k := 0; k < len(item); {
			if !rstBullet.MatchString(item[k].text) {
				k++
				continue
			}
			m := 1 + indented(item[k+1:], 1)
			w := len(rstBullet.FindString(item[k].text))
			cell := append([]line{item[k].cut(w)}, dedent(item[k+1:k+m])...)
			cells = append(cells, strings.TrimSpace(joined(cell, " ")))
			k += m
		}
		rows = append(rows, Row{cells, ls[i].at})
		i += n
	}
	r.Rows(rows, r.inline)
}

// commaRow reads a row of values parted by commas.
func commaRow(s string) (cells []string) {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' && quoted && i+1 < len(s) && s[i+1] == '"':
			b.WriteByte('"')
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			cells = append(cells, strings.TrimSpace(b.String()))
			b.Reset()
		default:
			b.WriteByte(c)
		}
	}
	return append(cells, strings.TrimSpace(b.String()))
}

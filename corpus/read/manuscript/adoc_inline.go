package manuscript

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	adocLink   = regexp.MustCompile(`(?:link:|mailto:|xref:)([^\s\[\]]+)\[((?:[^\]\\]|\\.)*)\]`)
	adocURL    = regexp.MustCompile(`((?:https?|ftp|irc|file)://[^\s\[\]<>]+)\[((?:[^\]\\]|\\.)*)\]`)
	adocXref   = regexp.MustCompile(`<<([^<>,]+)(?:,\s*([^<>]+))?>>`)
	adocInMac  = regexp.MustCompile(`(?:image|icon|video|anchor):[^\s\[\]]*\[[^\]]*\]`)
	adocKbd    = regexp.MustCompile(`(?:kbd|btn|pass|stem|latexmath|asciimath|footnote|indexterm2):[\w,]*\[((?:[^\]\\]|\\.)*)\]`)
	adocMenu   = regexp.MustCompile(`menu:([^\[\]]+)\[([^\]]*)\]`)
	adocIndex  = regexp.MustCompile(`\(\(\(.*?\)\)\)`)
	adocAnchor = regexp.MustCompile(`\[\[[^\]]*\]\]`)
	adocRole   = regexp.MustCompile("\\[[.#%\\w -]*\\](#|\\*|_|`)")
	adocDouble = regexp.MustCompile("(^|[\\s(\\[\u2014])\"`(\\S|\\S[^`]*?\\S)`\"")
	adocSingle = regexp.MustCompile("(^|[\\s(\\[\u2014])'`(\\S|\\S[^`]*?\\S)`'")
	adocDash   = regexp.MustCompile(`(\w)--(\w)`)
	adocSigns  = strings.NewReplacer("(C)", "©", "(R)", "®", "(TM)", "™", "...", "…", " -- ", " — ", "->", "→", "=>", "⇒", "<-", "←", "<=", "⇐")
)

// inline takes the marks out of a text.
func (a *adoc) inline(s string) string {
	s = strings.ReplaceAll(a.attributes(strings.NewReplacer("\x02", "", `\{`, "\x02").Replace(s)), "\x02", "{")
	if !strings.ContainsAny(s, "*_`+#^~[<:('.-\\\"") {
		return s
	}
	// What is to stay as it is written is put aside.
	var kept []string
	keep := func(t string) string {
		if len(kept) == mostKept {
			return t
		}
		kept = append(kept, t)
		return "\x01" + string(rune(0xE000+len(kept)-1)) + "\x01"
	}
	s = strings.ReplaceAll(s, "\x01", "")
	s = adocIndex.ReplaceAllString(s, "")
	s = adocDouble.ReplaceAllString(s, "$1“$2”")
	s = adocSingle.ReplaceAllString(s, "$1‘$2’")
	s = a.literal(s, keep)
	s = adocInMac.ReplaceAllString(s, "")
	s = adocURL.ReplaceAllStringFunc(s, func(m string) string {
		p := adocURL.FindStringSubmatch(m)
		return linkText(p[2], p[1], keep)
	})
	s = adocLink.ReplaceAllStringFunc(s, func(m string) string {
		p := adocLink.FindStringSubmatch(m)
		return linkText(p[2], p[1], keep)
	})
	s = adocXref.ReplaceAllStringFunc(s, func(m string) string {
		p := adocXref.FindStringSubmatch(m)
		if p[2] != "" {
			return p[2]
		}
		id := strings.TrimPrefix(p[1], "#")
		if title, ok := a.names[id]; ok {
			return title
		}
		return "[" + id + "]"
	})
	s = adocMenu.ReplaceAllString(s, "$1 > $2")
	s = adocKbd.ReplaceAllString(s, "$1")
	s = adocAnchor.ReplaceAllString(s, "")
	s = adocRole.ReplaceAllString(s, "$1")
	for _, mark := range []string{"**", "__", "##", "*", "_", "#", "^", "~"} {
		s = unmark(s, mark, len(mark) == 1 && mark != "^" && mark != "~")
	}
	s = adocSigns.Replace(s)
	s = adocDash.ReplaceAllString(s, "$1—$2")
	s = curly(s)
	s = strings.NewReplacer(`\*`, "*", `\_`, "_", `\{`, "{", `\<<`, "<<", `\[`, "[", `\#`, "#", `\http`, "http").Replace(s)
	for range 4 {
		s = restored(s, kept)
	}
	return s
}

// mostKept are put aside in one text: as many as have a sign of private use.
const mostKept = 6400

// restored puts back what was put aside.
func restored(s string, kept []string) string {
	if !strings.Contains(s, "\x01") {
		return s
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "\x01")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		r, n := utf8.DecodeRuneInString(rest)
		if i := int(r) - 0xE000; i >= 0 && i < len(kept) && strings.HasPrefix(rest[n:], "\x01") {
			b.WriteString(kept[i])
			s = rest[n+1:]
			continue
		}
		b.WriteByte(1)
		s = rest
	}
}

// linkText is what is shown of a link.
func linkText(text, target string, keep func(string) string) string {
	text = strings.TrimSuffix(strings.TrimSpace(text), "^")
	if i := strings.Index(text, ",window="); i >= 0 {
		text = text[:i]
	}
	if i := strings.Index(text, ",role="); i >= 0 {
		text = text[:i]
	}
	text = strings.Trim(text, `"`)
	if text == "" {
		return keep(strings.TrimPrefix(target, "mailto:"))
	}
	return text
}

// literal puts aside what stands between backticks and plus signs.
func (a *adoc) literal(s string, keep func(string) string) string {
	for _, mark := range []string{"``", "+++", "++", "`", "+"} {
		var b strings.Builder
		for i := 0; i < len(s); {
			if !strings.HasPrefix(s[i:], mark) {
				b.WriteByte(s[i])
				i++
				continue
			}
			inner, end, ok := between(s, i, mark, len(mark) == 1)
			switch {
			case i > 0 && s[i-1] == '\\', !ok:
				b.WriteByte(s[i])
				i++
			default:
				if mark[0] == '`' {
					inner = strings.TrimSuffix(strings.TrimPrefix(inner, "+"), "+")
				}
				b.WriteString(keep(inner))
				i = end
			}
		}
		s = b.String()
	}
	return s
}

// between is what stands between two marks; constrained ones do not touch letters
// outside nor space inside.
func between(s string, i int, mark string, constrained bool) (inner string, end int, ok bool) {
	from := i + len(mark)
	if constrained && (wordBefore(s, i) || spaceAt(s, from)) || from >= len(s) {
		return "", 0, false
	}
	for at := from + 1; at <= len(s)-len(mark) && at-from < maxMarked; at++ {
		if !strings.HasPrefix(s[at:], mark) || constrained && (spaceBefore(s, at) || wordAt(s, at+len(mark))) {
			continue
		}
		if len(mark) == 1 && at+1 < len(s) && s[at+1] == mark[0] && mark[0] != '^' && mark[0] != '~' {
			continue
		}
		return s[from:at], at + len(mark), true
	}
	return "", 0, false
}

// unmark takes away pairs of a mark.
func unmark(s, mark string, constrained bool) string {
	if !strings.Contains(s, mark) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if strings.HasPrefix(s[i:], mark) && (i == 0 || s[i-1] != '\\') {
			if inner, end, ok := between(s, i, mark, constrained); ok && (mark != "^" && mark != "~" || !strings.ContainsAny(inner, " \t")) {
				b.WriteString(inner)
				i = end
				continue
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// curly makes an apostrophe between letters a typographic one.
func curly(s string) string {
	if !strings.Contains(s, "'") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\'' && wordBefore(s, i) && wordAt(s, i+1) {
			b.WriteString("’")
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// tableBlock reads a table; sep begins its delimiter.
func (a *adoc) tableBlock(ls []line, sep byte) {
	if sep == ',' || sep == ':' || strings.Contains(a.table, "format=csv") || strings.Contains(a.table, "format=dsv") {
		var rows []Row
		for _, l := range ls {
			if l.blank() {
				continue
			}
			cells := commaRow(l.text)
			if sep == ':' {
				cells = strings.Split(l.text, ":")
			}
			rows = append(rows, Row{cells, l.at})
		}
		a.Rows(rows, a.inline)
		return
	}
	type cell struct {
		text string
		span int
		at   int
	}
	var cells []cell
	cols := a.cols
	for _, l := range ls {
		if l.blank() {
			if cols == 0 {
				cols = len(cells) // a row of its own: the header
			}
			continue
		}
		parts := splitCells(l.text, sep)
		if parts[0] != "" && len(cells) > 0 && !strings.HasPrefix(l.text, string(sep)) {
			if spec := adocSpec.FindString(parts[0]); len(parts) == 1 || spec != strings.TrimSpace(parts[0]) {
				last := &cells[len(cells)-1]
				if len(parts) > 1 {
					parts[0], spec = cutSpec(parts[0])
					last.text += " " + parts[0]
					parts[0] = spec
				} else {
					last.text += "\n" + parts[0]
					continue
				}
			}
		}
		before := len(cells)
		spec := parts[0]
		for i, c := range parts[1:] {
			span, times := 1, 1
			if m := adocSpec.FindStringSubmatch(strings.TrimSpace(spec)); m != nil {
				times, span = max(Number(m[1]), 1), max(Number(m[2]), 1)
			}
			spec = ""
			if i+2 < len(parts) {
				c, spec = cutSpec(c)
			}
			for range min(times, 100) {
				cells = append(cells, cell{c, min(span, 100), l.at})
			}
		}
		if cols == 0 && before == 0 && len(cells) > 1 {
			cols = len(cells)
		}
	}
	cols = max(cols, 1)
	var rows []Row
	var open Row
	for _, c := range cells {
		if open.Cells == nil {
			open.At = c.at
		}
		open.Cells = append(open.Cells, strings.TrimSpace(strings.ReplaceAll(c.text, "\n", " ")))
		open.Cells = append(open.Cells, make([]string, c.span-1)...)
		if len(open.Cells) >= cols {
			rows, open = append(rows, open), Row{}
		}
	}
	if open.Cells != nil {
		rows = append(rows, open)
	}
	a.Rows(rows, a.inline)
}

// splitCells cuts a line at the signs that begin cells.
func splitCells(s string, sep byte) (parts []string) {
	from := 0
	for i := 0; i < len(s); i++ {
		if s[i] == sep && (i == 0 || s[i-1] != '\\') {
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	parts = append(parts, s[from:])
	for i := range parts {
		parts[i] = strings.ReplaceAll(parts[i], `\`+string(sep), string(sep))
	}
	return parts
}

// cutSpec parts a cell from what is said about the next one.
func cutSpec(s string) (text, spec string) {
	i := strings.LastIndexAny(strings.TrimRight(s, " "), " \t") + 1
	last := s[i:]
	if last == "" || last != strings.TrimRight(last, " ") || adocSpec.FindString(last) != last || i == 0 && len(strings.Trim(last, "0123456789.+*<^>")) > 0 {
		return s, ""
	}
	return s[:i], last
}

package split

import (
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// bom is the byte order mark that a reader keeps at the start of a source; it is
// in no sentence.
const bom = "\uFEFF"

// plainBlocks finds the blocks of a plain text: paragraphs between blank lines,
// list items, table rows, and, if most lines look like "Name: text", the turns
// of a conversation. Headings are not guessed. It ends where add says false.
func plainBlocks(t string, add func(corpus.Block) bool) {
	chat := isConversation(t)
	more := true
	open := -1 // the start of the open block
	kind := corpus.Paragraph
	last := 0 // the end of its last line
	flush := func() {
		if open >= 0 {
			more = add(corpus.Block{Kind: kind, Start: open, End: last, FileStart: open, FileEnd: last})
			open = -1
		}
	}
	at := 0
	if strings.HasPrefix(t, bom) {
		at = len(bom)
	}
	for at < len(t) && more {
		n := strings.IndexByte(t[at:], '\n')
		if n < 0 {
			n = len(t) - at
		}
		a, b := trimLine(t, at, at+n)
		next := min(at+n+1, len(t))
		k := corpus.Paragraph
		switch {
		case a == b:
			flush()
			at = next
			continue
		case chat && turnPrefix(t[a:b]) > 0:
			k = corpus.Turn
		case kind == corpus.Turn && open >= 0: // a turn goes on
		case itemPrefix(t[a:b]) > 0:
			k = corpus.ListItem
		case isRow(t[a:b]):
			k = corpus.TableRow
		}
		if k != corpus.Paragraph || open >= 0 && kind == corpus.TableRow {
			flush()
		}
		if open < 0 {
			open, kind = at, k
		}
		last = at + n
		at = next
	}
	flush()
}

// trimLine cuts ASCII white space off both ends of a line.
func trimLine(t string, a, b int) (int, int) {
	for a < b && (t[a] == ' ' || t[a] == '\t' || t[a] == '\r') {
		a++
	}
	for b > a && (t[b-1] == ' ' || t[b-1] == '\t' || t[b-1] == '\r') {
		b--
	}
	return a, b
}

// itemPrefix returns the length of a list item's mark at the start of line, or
// 0: "- ", "* ", "+ ", "• ", "1. ", "2) ", "(3) ", "a) ", "(b) ".
func itemPrefix(line string) int {
	if len(line) < 3 {
		return 0
	}
	switch line[0] {
	case '-', '*', '+':
		if line[1] == ' ' || line[1] == '\t' {
			return 2
		}
		return 0
	case 0xE2:
		for _, bullet := range []string{"•", "‣", "◦", "▪", "●", "–", "—"} {
			if strings.HasPrefix(line, bullet) && len(line) > 4 && line[3] <= ' ' {
				return 4
			}
		}
		return 0
	}
	i := 0
	paren := line[0] == '('
	if paren {
		i++
	}
	j := i
	for j < len(line) && j-i < 3 && isDigit(line[j]) {
		j++
	}
	letter := false
	if j == i && isLowerByte(line[j]) {
		letter = true
		j++
	}
	if j == i || j+1 >= len(line) || line[j+1] != ' ' {
		return 0
	}
	if line[j] == ')' || line[j] == '.' && !paren && !letter {
		return j + 2
	}
	return 0
}

// isRow says whether a line is a row of a table with cells parted by "|" or
// tabs.
func isRow(line string) bool {
	if strings.Count(line, "|") >= 2 {
		return line[0] == '|' || strings.Count(line, " | ") >= 2
	}
	return strings.Count(line, "\t") >= 2
}

// turnPrefix returns the length of "Name: " at the start of line, or 0. A time
// in brackets may stand before the name ("[12:30] Ann: …"), and "<ann> …" is a
// name too. A name has at most four words and 40 bytes, and starts with a
// capital, a digit in no place but after one.
func turnPrefix(line string) int {
	at := 0
	if line[0] == '[' {
		e := strings.IndexByte(line[:min(len(line), 40)], ']')
		if e < 0 || e+2 >= len(line) || line[e+1] != ' ' {
			return 0
		}
		at = e + 2
	}
	t := line[at:]
	if t[0] == '<' {
		e := strings.IndexByte(t[:min(len(t), 40)], '>')
		if e < 2 || e+2 >= len(t) || t[e+1] != ' ' {
			return 0
		}
		return at + e + 2
	}
	e := strings.IndexByte(t[:min(len(t), 44)], ':')
	if e < 1 || e+1 < len(t) && t[e+1] != ' ' && t[e+1] != '\t' {
		return 0
	}
	if t[0] < 0x80 && !isUpperByte(t[0]) {
		switch t[:e] {
		case "user", "assistant", "system", "tool", "human":
			return at + e + 1
		}
		return 0
	}
	words := 1
	for i := 0; i < e; i++ {
		switch c := t[i]; {
		case c == ' ':
			words++
		case isLetterByte(c), isDigit(c), c >= utf8.RuneSelf, c == '-', c == '\'', c == '.', c == '_', c == '#', c == '(', c == ')', c == ',', c == '&', c == '/':
		default:
			return 0
		}
	}
	if words > 5 {
		return 0
	}
	return at + e + 1
}

// isConversation says whether most lines of t begin with "Name: " and speakers
// come back, judged by up to 64 KiB.
func isConversation(t string) bool {
	if len(t) > 1<<16 {
		t = t[:1<<16]
	}
	lines, turns, again := 0, 0, 0
	speakers := make(map[string]bool)
	for len(t) > 0 {
		n := strings.IndexByte(t, '\n')
		if n < 0 {
			n = len(t)
		}
		a, b := trimLine(t, 0, n)
		line := t[a:b]
		t = t[min(n+1, len(t)):]
		if line == "" {
			continue
		}
		lines++
		if n := turnPrefix(line); n > 0 {
			turns++
			name := line[:n]
			if name[0] == '[' {
				name = name[strings.IndexByte(name, ']'):]
			}
			if speakers[name] {
				again++
			}
			speakers[name] = true
		}
	}
	return turns >= 3 && 2*turns >= lines && 3*again >= turns
}

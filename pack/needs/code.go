package needs

import (
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/pack/unit"
)

// enclosing picks what a line of code stands in: the lines above it that are indented less,
// up to the declaration at the margin, and the comment of that.
func (p *picker) enclosing() {
	start, _ := p.whole()
	if allComment(p.text()) {
		from, end := p.declaration(p.own, start)
		p.add(p.own, from, end, frame, "what it comments on")
	}
	lines := opened(p.own.text, start-p.own.start)
	if p.outer = start; len(lines) > 0 {
		p.outer = p.own.start + lines[len(lines)-1][0]
	}
	for i, l := range lines {
		what := "what the line stands in"
		if i == len(lines)-1 {
			what = "the declaration that it stands in"
		}
		p.add(p.own, p.own.start+l[0], p.own.start+l[1], frame-.001*float64(len(lines)-1-i), what)
	}
	p.beside()
	top := start - p.own.start
	if len(lines) > 0 {
		top = lines[len(lines)-1][0]
	}
	if c := commentAbove(p.own.text, top); c[0] < c[1] {
		p.add(p.own, p.own.start+c[0], p.own.start+c[1], remark, "the comment of the declaration")
	}
	for _, l := range lines {
		if opensBody.MatchString(p.own.text[l[0]:l[1]]) {
			if start, end := p.own.docstring(l[0]); start < end {
				p.add(p.own, start, end, remark, "the docstring of what it stands in")
			}
		}
	}
}

// How many lines of code beside the range are good to have.
const (
	linesBefore = 3
	linesAfter  = 2
)

// beside picks the lines next to the range, the nearest first.
func (p *picker) beside() {
	start, end := p.whole()
	score := remainder
	add := func(at int) (start, end int, ok bool) {
		if start, end = p.own.lines(at, at); start >= end || strings.HasPrefix(p.own.slice(start, end), "```") {
			return start, end, false // an empty line: something else is beside it
		}
		p.add(p.own, start, end, score, "the lines beside it")
		score -= .001
		return start, end, true
	}
	for n, ok := 0, true; n < linesBefore && ok; n++ {
		i := strings.LastIndexByte(p.own.slice(p.own.start, start), '\n')
		if i < 0 {
			break
		}
		start, _, ok = add(p.own.start + i)
	}
	for n, ok := 0, true; n < linesAfter && ok; n++ {
		i := strings.IndexByte(p.own.slice(end, p.own.end()), '\n')
		if i < 0 {
			break
		}
		_, end, ok = add(end + i + 1)
	}
}

const (
	tab         = 8
	mostComment = 600 // bytes
	mostLines   = 8   // of one signature
)

func indentOf(line string) int {
	n := 0
	for _, c := range line {
		switch c {
		case ' ':
			n++
		case '\t':
			n += tab
		default:
			return n
		}
	}
	return n
}

// opened are the lines above a byte that open what it stands in, the innermost first.
func opened(text string, at int) (out [][2]int) {
	begin := strings.LastIndexByte(text[:at], '\n') + 1
	line, _, _ := strings.Cut(text[begin:], "\n")
	depth := indentOf(line)
	for end := begin - 1; end > 0 && depth > 0; {
		start := strings.LastIndexByte(text[:end], '\n') + 1
		line := strings.TrimRight(text[start:end], " \t\r")
		end = start - 1
		bare := strings.TrimLeft(line, " \t")
		n := indentOf(line)
		switch {
		case n >= depth || isComment(bare) || !strings.ContainsFunc(bare, unicode.IsLetter) && !strings.ContainsAny(bare, "(){}[]") || strings.HasPrefix(bare, "#") && strings.Contains("#if #ifdef #ifndef #else #endif #elif", strings.Fields(bare)[0]):
		case strings.ContainsRune("})]{", rune(bare[0])):
			if depth = n + 1; len(bare) > 3 && (strings.HasSuffix(bare, "{") || strings.HasSuffix(bare, ":")) && bare[0] == '}' { // } else {
				out = append(out, [2]int{start + len(line) - len(bare), start + len(line)})
			}
		default:
			out = append(out, [2]int{start + len(line) - len(bare), balanced(text, start, start+len(line))})
			depth = n
		}
	}
	return out
}

// balanced widens a line to those that close its parentheses.
func balanced(text string, start, end int) int {
	for range mostLines {
		line := text[start:end]
		if strings.Count(line, "(") <= strings.Count(line, ")") || end >= len(text) {
			return end
		}
		next := strings.IndexByte(text[end+1:], '\n')
		if next < 0 {
			return end
		}
		end += 1 + next
	}
	line, _, _ := strings.Cut(text[start:end], "\n")
	return start + len(line)
}

// isComment says that a line is one of a comment, also in the middle of one.
func isComment(line string) bool {
	return unit.IsComment(line) || line == "#" || strings.HasPrefix(line, "*")
}

// commentAbove is the comment that ends on the line before the one at a byte, its first
// lines where it is long.
func commentAbove(text string, at int) [2]int {
	begin := strings.LastIndexByte(text[:at], '\n') + 1
	stop := begin
	for begin > 0 {
		start := strings.LastIndexByte(text[:begin-1], '\n') + 1
		if line := strings.TrimSpace(text[start : begin-1]); !isComment(line) || strings.HasPrefix(line, "//go:") {
			break
		}
		begin = start
	}
	s := text[begin:stop]
	if len(s) > mostComment {
		if i := strings.LastIndexByte(s[:mostComment], '\n'); i > 0 {
			s = s[:i]
		}
	}
	trimmed := strings.TrimLeft(s, " \t")
	return [2]int{begin + len(s) - len(trimmed), begin + len(strings.TrimRight(s, " \t\r\n"))}
}

// isSource says that a document is source code, not a text with some in it.
func (d *part) isSource() bool { return d.Type == "go" || d.Type == "code" }

// imports says that a word is the name of a package that a document of code imports.
func (d *part) imports(name string) bool {
	head := d.text[:min(len(d.text), 8<<10)]
	for _, form := range []string{`"` + name + `"`, "/" + name + `"`, "import " + name + "\n", "from " + name + " ", " as " + name + "\n"} {
		if strings.Contains(head, form) {
			return true
		}
	}
	return false
}

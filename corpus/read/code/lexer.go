package code

import (
	"bytes"
	"strings"
)

// syntax is what of a language the lexer has to know, so that a brace inside of a
// string is none.
type syntax struct {
	line    []string // what a comment to the end of the line begins with
	block   string   // what a comment begins with: "/*"; "" for none
	until   string   // and ends with
	nested  bool     // comments stand in comments
	quotes  string   // signs around strings, in which a backslash takes the next sign
	long    []string // signs around strings of several lines: `"""`
	chars   bool     // ' stands around one character: it may also begin a lifetime or part digits
	regexps bool     // /…/ where a value is expected
	raw     rawStrings
	macros  bool // lines that begin with # are the preprocessor's
	tags    bool // code stands between <?php and ?>
}

// rawStrings is which strings without escapes a language has.
type rawStrings uint8

const (
	rawRust   rawStrings = 1 << iota // r#"…"#
	rawCpp                           // R"x(…)x"
	rawAt                            // @"…", where "" is a quote
	rawHeredo                        // <<<NAME … NAME
	rawTick                          // `…`, with ${…} in it
)

// span is a range of the text.
type span struct{ start, end int }

// lexed is a text without what is in its strings, comments and macros: blanks
// stand there, and line breaks where they were.
type lexed struct {
	text     string
	mask     []byte
	comments []span // of those that stand on lines of their own, by place
	macros   []span // preprocessor lines
	vain     int    // bytes that were searched for an end that is not there
}

// mostVain is how many times a text is searched in vain before what is not closed
// is looked for no more: what is hostile takes linear time too.
const mostVain = 16

// lex takes linear time: of each sign that may begin something, it looks for the end
// of that once, and goes on behind it.
func lex(text string, s *syntax) *lexed {
	l := &lexed{text: text, mask: []byte(text)}
	var starts [256]bool
	for _, m := range append(append([]string{s.block}, s.line...), s.long...) {
		if m != "" {
			starts[m[0]] = true
		}
	}
	for _, q := range []byte(s.quotes) {
		starts[q] = true
	}
	starts['\''] = starts['\''] || s.chars
	starts['/'] = starts['/'] || s.regexps
	starts['#'] = starts['#'] || s.macros
	starts['`'] = starts['`'] || s.raw&rawTick != 0
	starts['<'] = starts['<'] || s.raw&rawHeredo != 0
	starts['?'] = starts['?'] || s.tags
	at := 0
	if s.tags {
		at = l.outside(0)
	}
	for i := at; i < len(text); {
		if !starts[text[i]] {
			i++
			continue
		}
		if l.vain > mostVain*len(text)+1<<16 {
			break
		}
		end, keep := l.one(i, s)
		if end <= i {
			i++
			continue
		}
		l.blank(i+keep, end-keep)
		i = end
	}
	return l
}

// one is the end of what begins at i, 0 where nothing does, and how many signs at
// either end stay to be seen.
func (l *lexed) one(i int, s *syntax) (end, keep int) {
	t, c := l.text, l.text[i]
	rest := t[i:]
	if s.macros && c == '#' && l.begins(i) {
		end := macroEnd(t, i)
		l.macros = append(l.macros, span{i, end})
		return end, 0
	}
	if s.tags && strings.HasPrefix(rest, "?>") {
		return l.outside(i), 0
	}
	if s.block != "" && strings.HasPrefix(rest, s.block) {
		end := l.blockEnd(i, s)
		if l.begins(i) {
			l.comments = append(l.comments, span{i, end})
		}
		return end, 0
	}
	for _, m := range s.line {
		if strings.HasPrefix(rest, m) && (m != "#" || i == 0 || !wordByte(t[i-1]) && t[i-1] != '$' && t[i-1] != '{') && !(m == "#" && strings.HasPrefix(rest, "#[")) {
			end := lineEnd(t, i)
			if l.begins(i) {
				l.comments = append(l.comments, span{i, end})
			}
			return end, 0
		}
	}
	for _, m := range s.long {
		if strings.HasPrefix(rest, m) {
			if n := strings.Index(rest[len(m):], m); n >= 0 {
				return i + n + 2*len(m), 1
			}
			return l.sought(0, len(rest)), 0
		}
	}
	switch {
	case c == '`' && s.raw&rawTick != 0:
		return l.sought(templateEnd(t, i), len(rest)), 1
	case c == '<' && s.raw&rawHeredo != 0 && strings.HasPrefix(rest, "<<<"):
		return l.sought(heredocEnd(t, i), len(rest)), 0
	case c == '"' && s.raw&rawAt != 0 && i > 0 && (t[i-1] == '@' || i > 1 && t[i-1] == '$' && t[i-2] == '@'):
		return l.sought(doubledEnd(t, i), len(rest)), 1
	case c == '"' && s.raw&(rawRust|rawCpp) != 0 && i > 0 && (t[i-1] == 'R' || t[i-1] == '#' || t[i-1] == 'r'):
		if end := l.sought(fencedEnd(t, i, s.raw), len(rest)); end > 0 {
			return end, 1
		}
	case c == '\'' && s.chars:
		return charEnd(t, i), 1
	case c == '/' && s.regexps:
		return l.regexpEnd(i), 1
	}
	if strings.IndexByte(s.quotes, c) >= 0 {
		return l.quoted(i), 1
	}
	return 0, 0
}

// sought counts what was searched without finding an end.
func (l *lexed) sought(end, cost int) int {
	if end == 0 {
		l.vain += cost
	}
	return end
}

func (l *lexed) quoted(i int) int {
	end := quoteEnd(l.text, i)
	if end == 0 {
		l.vain += lineEnd(l.text, i) - i
	}
	return end
}

// blank puts blanks over a range but for its line breaks.
func (l *lexed) blank(start, end int) {
	for start < end {
		n := bytes.IndexByte(l.mask[start:end], '\n')
		if n < 0 {
			n = end - start
		}
		for i := start; i < start+n; i++ {
			l.mask[i] = ' '
		}
		start += n + 1
	}
}

// begins says whether nothing but blanks stands before i on its line.
func (l *lexed) begins(i int) bool {
	// What was left behind is looked at again, but no further than an indent goes.
	for n := 0; i > 0 && n < 400; n++ {
		i--
		switch l.text[i] {
		case '\n':
			return true
		case ' ', '\t', '\r':
		default:
			return false
		}
	}
	return i == 0
}

func lineEnd(t string, i int) int {
	if n := strings.IndexByte(t[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(t)
}

// macroEnd is the end of a preprocessor line and of those that go on with it.
func macroEnd(t string, i int) int {
	for {
		end := lineEnd(t, i)
		if end == len(t) || !strings.HasSuffix(strings.TrimSuffix(t[i:end], "\r"), "\\") {
			return end
		}
		i = end + 1
	}
}

func (l *lexed) blockEnd(i int, s *syntax) int {
	t, depth := l.text, 1
	for at := i + len(s.block); at < len(t); {
		n := strings.Index(t[at:], s.until)
		if n < 0 {
			return len(t)
		}
		if s.nested {
			depth += strings.Count(t[at:at+n], s.block)
		}
		at += n + len(s.until)
		if depth--; depth == 0 {
			return at
		}
	}
	return len(t)
}

// outside is where code goes on after what stands before <?php.
func (l *lexed) outside(i int) int {
	n := strings.Index(l.text[i:], "<?")
	end := len(l.text)
	if n >= 0 {
		end = i + n + 2
		for end < len(l.text) && wordByte(l.text[end]) {
			end++
		}
	}
	l.blank(i, end)
	return end
}

// quoteEnd is the end of a string that begins and ends on one line: a sign that is
// not closed there was an apostrophe.
func quoteEnd(t string, i int) int {
	q := t[i]
	for at := i + 1; at < len(t); at++ {
		switch t[at] {
		case q:
			return at + 1
		case '\\':
			at++
			if at < len(t) && t[at] == '\r' {
				at++
			}
		case '\n':
			return 0
		}
	}
	return 0
}

func charEnd(t string, i int) int {
	if i > 0 && wordByte(t[i-1]) && !(t[i-1] == 'L' || t[i-1] == 'u' || t[i-1] == 'U' || t[i-1] == 'b' || t[i-1] == '8') {
		return 0
	}
	for at := i + 1; at < len(t) && at < i+14; at++ {
		switch t[at] {
		case '\'':
			return at + 1
		case '\\':
			at++
		case '\n', ' ', '<', '>', ',', ')':
			if at > i+1 {
				return 0
			}
		}
	}
	return 0
}

// doubledEnd is the end of a string in which a quote is written twice.
func doubledEnd(t string, i int) int {
	for at := i + 1; at < len(t); {
		n := strings.IndexByte(t[at:], '"')
		if n < 0 {
			return 0
		}
		at += n + 1
		if at >= len(t) || t[at] != '"' {
			return at
		}
		at++
	}
	return 0
}

// fencedEnd is the end of r#"…"# or R"x(…)x".
func fencedEnd(t string, i int, raw rawStrings) int {
	if raw&rawCpp != 0 {
		if t[i-1] != 'R' {
			return 0
		}
		n := strings.IndexByte(t[i:min(len(t), i+18)], '(')
		if n < 0 {
			return 0
		}
		return after(t, i+n, ")"+t[i+1:i+n]+`"`)
	}
	from := i
	for from > 0 && t[from-1] == '#' {
		from--
	}
	if from == 0 || t[from-1] != 'r' || i-from > 64 {
		return 0
	}
	return after(t, i+1, `"`+t[from:i])
}

// heredocEnd is the end of <<<NAME … NAME.
func heredocEnd(t string, i int) int {
	at := i + 3
	for at < len(t) && (t[at] == ' ' || t[at] == '"' || t[at] == '\'') {
		at++
	}
	from := at
	for at < len(t) && wordByte(t[at]) {
		at++
	}
	name := t[from:at]
	if name == "" || len(name) > 100 {
		return 0
	}
	for at = lineEnd(t, at); at < len(t); at = lineEnd(t, at+1) {
		line := strings.TrimLeft(t[at+1:lineEnd(t, at+1)], " \t")
		if strings.HasPrefix(line, name) && (len(line) == len(name) || !wordByte(line[len(name)])) {
			return lineEnd(t, at+1) - len(line) + len(name)
		}
	}
	return 0
}

func after(t string, from int, mark string) int {
	if n := strings.Index(t[from:], mark); n >= 0 {
		return from + n + len(mark)
	}
	return 0
}

// maxTemplates is how deep templates stand in each other.
const maxTemplates = 64

// templateEnd is the end of `…${…}…`, whose expressions may hold templates.
func templateEnd(t string, i int) int {
	var braces []int // open braces of each expression
	inText := true
	for at := i + 1; at < len(t); at++ {
		switch c := t[at]; {
		case c == '\\':
			at++
		case inText && c == '`':
			if len(braces) == 0 {
				return at + 1
			}
			inText = false
		case inText && c == '$' && at+1 < len(t) && t[at+1] == '{':
			if len(braces) == maxTemplates {
				return 0
			}
			braces = append(braces, 0)
			inText = false
			at++
		case inText:
		case c == '`':
			inText = true
		case c == '\'' || c == '"':
			if end := quoteEnd(t, at); end > 0 {
				at = end - 1
			}
		case c == '{':
			braces[len(braces)-1]++
		case c == '}':
			n := len(braces) - 1
			if braces[n] == 0 {
				braces = braces[:n]
				inText = true
			} else {
				braces[n]--
			}
		}
	}
	return 0
}

// maxRegexp is how long a regular expression is.
const maxRegexp = 500

// regexpEnd is the end of a regular expression, where one may stand.
func (l *lexed) regexpEnd(i int) int {
	p := i - 1
	for p >= 0 && (l.mask[p] == ' ' || l.mask[p] == '\t') && i-p < 200 {
		p--
	}
	if p >= 0 && l.mask[p] != '\n' && strings.IndexByte("(,=:[!&|?{};+-*%~^<>", l.mask[p]) < 0 {
		e := p + 1
		for p >= 0 && wordByte(l.mask[p]) && e-p < 12 {
			p--
		}
		switch string(l.mask[p+1 : e]) {
		case "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "do", "else":
		default:
			return 0
		}
	}
	class := false
	for at := i + 1; at < min(len(l.text), i+maxRegexp); at++ {
		switch l.text[at] {
		case '\\':
			at++
		case '[':
			class = true
		case ']':
			class = false
		case '/':
			if !class {
				return at + 1
			}
		case '\n':
			return 0
		}
	}
	return 0
}

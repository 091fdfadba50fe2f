package split

import (
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// code cuts a code block into units. A unit is a line; a comment that goes on
// over several lines is one up to the line that ends with a full stop; closing
// brackets join the line before them, and a line that only opens or decorates
// joins the line after it. Blank lines are borders.
func (s *splitter) code(start, end int) {
	t := s.src
	from, to := -1, 0 // the open unit, -1 if none
	var open bool     // the open unit wants the next line
	flush := func() {
		if from >= 0 {
			s.emit(from, to, corpus.Code)
			from = -1
		}
	}
	for at := start; at < end && s.err == nil; {
		n := strings.IndexByte(t[at:end], '\n')
		if n < 0 {
			n = end - at
		}
		a, b := trim(t, at, at+n)
		at = min(at+n+1, end)
		if a == b {
			flush()
			s.border, open = true, false
			continue
		}
		line := t[a:b]
		comment := isComment(line)
		if from >= 0 && b-from <= 400 && (open || closing(line)) {
			to = b
		} else {
			flush()
			from, to = a, b
		}
		switch {
		case comment:
			open = !strings.HasSuffix(line, ".") && !strings.HasSuffix(line, "*/") && nextIsComment(t, at, end)
		case closing(line):
			open = false
		default:
			open = opening(line)
		}
	}
	flush()
}

// closing says whether a line only closes what was opened before.
func closing(line string) bool {
	if len(line) > 12 {
		return false
	}
	only := true
	for i := 0; i < len(line) && only; i++ {
		switch line[i] {
		case '}', ')', ']', ';', ',':
		default:
			only = false
		}
	}
	if only {
		return true
	}
	switch line[0] {
	case 'e', 'f', 'd', 'E', '*', '#', '<':
	default:
		return false
	}
	switch strings.TrimRight(line, ";,") {
	case "end", "fi", "done", "esac", "END", "*/", "#endif", "</":
		return true
	}
	return false
}

// opening says whether a line makes no sense without the next: a lone opening
// bracket, an annotation, a bare keyword.
func opening(line string) bool {
	switch {
	case len(line) > 60:
		return false
	case len(line) <= 6 && strings.Trim(line, "{([") == "":
		return true
	case line[0] == '@' && len(line) < 40, strings.HasPrefix(line, "#["), strings.HasPrefix(line, "template <"):
		return true
	}
	switch line {
	case "else {", "} else {", "else:", "else", "do", "do {", "try:", "try {", "begin", "then", "{":
		return true
	}
	return false
}

// isComment recognises the line comments of common languages. "#include" and
// "*p = 1" are none.
func isComment(line string) bool {
	next := byte(' ')
	if len(line) > 1 {
		next = line[1]
	}
	switch line[0] {
	case '/':
		return next == '/' || next == '*'
	case '#', '*', '%':
		return next == ' ' && (len(line) > 1 || line[0] != '%')
	case '-':
		return next == '-' && (len(line) == 2 || line[2] == ' ')
	case ';':
		return next == ';'
	case '<':
		return strings.HasPrefix(line, "<!--")
	}
	return false
}

func nextIsComment(t string, at, end int) bool {
	n := strings.IndexByte(t[at:end], '\n')
	if n < 0 {
		n = end - at
	}
	a, b := trim(t, at, at+n)
	return a < b && isComment(t[a:b])
}

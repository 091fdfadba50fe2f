package llm

import (
	"slices"
	"strconv"
	"strings"
)

// Citations reads a reply as it streams and checks what it cites: [2], [1][2],
// [1, 2], [1-3]. A number that names no source is followed by Mark, so that
// "[1, 7]" becomes "[1, 7?]"; everything else passes unchanged. What stands in
// a code span, in a code block or after a backslash is no citation.
//
// Of code only what a stream can know is used: a span ends with as many
// backticks as it began with, or with its line; a block is fenced. At most
// maxBracket bytes are held back, and how the reply is cut into pieces never
// changes the result.
type Citations struct {
	// Mark follows a number that names no source. Set it before the first piece.
	Mark string

	valid   func(int) bool
	held    []byte // an open bracket that may become a citation
	cited   map[int]bool
	unknown map[int]bool

	prev      byte // the byte before, 0 at the start
	indent    int  // blanks at the start of the line; -1 after anything else
	run       int  // length of the run of backticks or tildes being read
	runIndent int  // indent where that run began
	span      int  // backticks that opened the code span we are in, or 0
	fence     int  // length of the fence that opened the code block, or 0
	fenceChar byte
	info      bool // on the line that opened the block
	closing   bool // after what may be a closing fence, if only blanks follow
}

// maxBracket bounds the bytes between brackets that can be a citation, and with
// them what is held back; maxRange the numbers that a range stands for.
const (
	maxBracket = 64
	maxRange   = 1000
)

// NewCitations checks against the numbers for which valid is true.
func NewCitations(valid func(n int) bool) *Citations {
	return &Citations{Mark: "?", valid: valid, cited: map[int]bool{}, unknown: map[int]bool{}}
}

// Next takes the next piece of the reply and returns what can be shown.
func (c *Citations) Next(piece string) string {
	var out strings.Builder
	out.Grow(len(piece) + len(c.held))
	for i := 0; i < len(piece); i++ {
		c.byte(&out, piece[i])
	}
	return out.String()
}

// Rest returns what was held back, at the end of the reply.
func (c *Citations) Rest() string {
	rest := string(c.held)
	c.held = c.held[:0]
	return rest
}

// Cited are the sources that were cited, ascending; Unknown the numbers that
// were cited and name none.
func (c *Citations) Cited() []int   { return keys(c.cited) }
func (c *Citations) Unknown() []int { return keys(c.unknown) }

func keys(m map[int]bool) []int {
	out := make([]int, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (c *Citations) byte(out *strings.Builder, b byte) {
	if len(c.held) > 0 {
		if b == ']' {
			out.WriteString(c.bracket(string(c.held) + "]"))
			c.held = c.held[:0]
			c.prev = b
			return
		}
		if len(c.held) < maxBracket && inBracket(b) {
			c.held = append(c.held, b)
			return
		}
		out.Write(c.held)
		c.prev = c.held[len(c.held)-1]
		c.held = c.held[:0]
	}
	if c.run > 0 && b != c.prev {
		c.endRun()
	}
	switch {
	case b == '`' || b == '~':
		if c.run == 0 {
			c.runIndent = c.indent
		}
		c.run++
		c.indent = -1
	case b == '\n' || b == '\r':
		if c.closing {
			c.fence = 0
		}
		c.span, c.info, c.closing, c.indent = 0, false, false, 0
	case b == ' ' && c.indent >= 0:
		c.indent++
	default:
		c.indent = -1
		if b != ' ' && b != '\t' {
			c.closing = false
		}
		if b == '[' && c.span == 0 && c.fence == 0 && c.prev != '\\' {
			c.held = append(c.held, b)
			return
		}
	}
	out.WriteByte(b)
	c.prev = b
}

// endRun decides what a run of backticks or tildes was, once it has ended.
func (c *Citations) endRun() {
	n := c.run
	c.run = 0
	atStart := c.runIndent >= 0 && c.runIndent <= 3
	switch {
	case c.fence > 0 && c.info:
		// A block opened by backticks has none on its first line: this was a
		// code span.
		if c.prev == '`' && c.fenceChar == '`' {
			c.span, c.fence, c.info = c.fence, 0, false
			if n == c.span {
				c.span = 0
			}
		}
	case c.fence > 0:
		c.closing = atStart && c.prev == c.fenceChar && n >= c.fence
	case c.span > 0:
		if c.prev == '`' && n == c.span {
			c.span = 0
		}
	case atStart && n >= 3:
		c.fence, c.fenceChar, c.info = n, c.prev, true
	case c.prev == '`':
		c.span = n
	}
}

func inBracket(b byte) bool {
	switch b {
	case ' ', ',', ';', '-', 0xe2, 0x80, 0x93: // the last three are an en dash
		return true
	}
	return '0' <= b && b <= '9'
}

// bracket returns a whole bracket with its unknown numbers marked, or unchanged
// when it is no citation.
func (c *Citations) bracket(s string) string {
	type item struct{ from, to, end int } // end: where in s a mark would go
	var items []item
	i := 1
	blanks := func() {
		for s[i] == ' ' {
			i++
		}
	}
	number := func() (int, bool) {
		blanks()
		j := i
		for '0' <= s[i] && s[i] <= '9' {
			i++
		}
		n, err := strconv.Atoi(s[j:i])
		return n, err == nil && i-j <= 6
	}
	for {
		n, ok := number()
		if !ok {
			return s
		}
		it := item{n, n, i}
		blanks()
		dash := 0
		if s[i] == '-' {
			dash = 1
		} else if strings.HasPrefix(s[i:], "–") {
			dash = len("–")
		}
		if dash > 0 {
			i += dash
			if it.to, ok = number(); !ok {
				return s
			}
			it.end = i
			blanks()
		}
		items = append(items, it)
		if s[i] == ']' {
			break
		}
		if s[i] != ',' && s[i] != ';' {
			return s
		}
		i++
	}
	var out strings.Builder
	last := 0
	for _, it := range items {
		bad := false
		note := func(n int) {
			if c.valid(n) {
				c.cited[n] = true
			} else {
				c.unknown[n] = true
				bad = true
			}
		}
		note(it.from)
		if it.to-it.from <= maxRange {
			for n := it.from + 1; n < it.to; n++ {
				note(n)
			}
		}
		if it.to != it.from {
			note(it.to)
		}
		out.WriteString(s[last:it.end])
		if bad {
			out.WriteString(c.Mark)
		}
		last = it.end
	}
	out.WriteString(s[last:])
	return out.String()
}

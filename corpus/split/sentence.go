package split

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// stops marks the bytes at which a sentence may end: ASCII stops, line breaks,
// a closing brace of a record, a backslash of an escaped line break, and the
// first bytes of the full stops of other scripts.
var stops = func() (t [256]bool) {
	for _, c := range ".!?\n\\}" {
		t[c] = true
	}
	for _, r := range otherStops {
		t[string(r)[0]] = true
	}
	return
}()

// otherStops end a sentence wherever they stand, white space or not.
const otherStops = "。！？｡．؟۔।॥։።፧។།၊။…‼⁇⁈⁉"

// prose cuts a paragraph into sentences. src[start:end] is trimmed.
func (s *splitter) prose(start, end int, k corpus.BlockKind) {
	lines := layoutOf(s.src[start:end])
	from := start
	for i := start; i < end && s.err == nil; {
		for i < end && !stops[s.src[i]] {
			i++
		}
		if i == end {
			break
		}
		stop, next := s.stop(from, i, end, &lines)
		if stop >= 0 {
			if a, b := trim(s.src, from, stop); a < b {
				s.sentence(a, b, k)
			}
			from = stop
		}
		i = max(next, i+1)
	}
	if a, b := trim(s.src, from, end); a < b {
		s.sentence(a, b, k)
	}
}

// sentence emits one sentence; one without a letter or digit joins the one
// before it in its block.
func (s *splitter) sentence(a, b int, k corpus.BlockKind) {
	if n := len(s.units); n > 0 && !s.border && b-a < 40 && !wordy(s.src[a:b]) {
		last := &s.units[n-1]
		if b-last.Start <= s.o.maxBytes() && int(s.marks[n-1].tokens)+b-a <= s.o.SentenceTokens {
			last.End = b
			s.marks[n-1].tokens += int32(EstimateTokens(s.src[a:b]))
			return
		}
	}
	s.emit(a, b, k)
}

// wordy says whether t holds a letter or a digit.
func wordy(t string) bool {
	for i := 0; i < len(t); i++ {
		if c := class[t[i]]; c == cLetter || c == cDigit || c == cLead2 {
			return true
		} else if c == cLead3 {
			if r, _ := utf8.DecodeRuneInString(t[i:]); unicode.IsLetter(r) || unicode.IsNumber(r) {
				return true
			}
		}
	}
	return false
}

// stop looks at the possible end of a sentence at src[i]. It returns the byte
// after the sentence, or -1, and where to go on looking. from is the start of
// the sentence, end that of the paragraph.
func (s *splitter) stop(from, i, end int, lines *layout) (stop, next int) {
	t := s.src
	switch c := t[i]; {
	case c == '\n':
		return lines.border(s, i, end)
	case c == '\\':
		return escapedBreak(t, from, i, end)
	case c == '}':
		// Records of a list on one line: "…}, {…".
		if j := i + 1; j < end && t[j] == ',' {
			for j++; j < end && t[j] == ' '; j++ {
			}
			if j < end && t[j] == '{' {
				return j, j
			}
		}
		return -1, i + 1
	case c >= 0x80:
		r, size := utf8.DecodeRuneInString(t[i:])
		if !strings.ContainsRune(otherStops, r) {
			return -1, i + size
		}
		j := i + size
		for j < end {
			r2, n := utf8.DecodeRuneInString(t[j:])
			if !strings.ContainsRune(otherStops, r2) && !isCloser(r2) && r2 != '!' && r2 != '?' {
				break
			}
			j += n
		}
		if r == '…' {
			return s.afterEllipsis(j, end)
		}
		return j, j
	}
	// A run of ASCII stops, then closing quotes and brackets, then marks of
	// references.
	j := i + 1
	for j < end && (t[j] == '.' || t[j] == '!' || t[j] == '?' || strings.HasPrefix(t[j:end], "…")) {
		if t[j] >= 0x80 {
			j += 2
		}
		j++
	}
	run := t[i:j]
	closed := 0
	for j < end && closed < 8 {
		if t[j] <= ' ' {
			break
		}
		r, n := utf8.DecodeRuneInString(t[j:])
		if !isCloser(r) {
			break
		}
		// "yes. 'No'": a quote that opens the next sentence has no space after it.
		j += n
		closed++
	}
	j = references(t, i, j, end)
	if j >= end {
		return -1, j
	}
	if strings.Count(run, ".") > 1 && !strings.ContainsAny(run, "!?") {
		return s.afterEllipsis(j, end)
	}
	f := follow(t, j, end)
	if f.escaped {
		return -1, j // the escaped line break itself decides
	}
	if f.gap == 0 {
		if s.glued(i, j, end, closed > 0) {
			return j, j
		}
		return -1, j
	}
	if run == "." && closed == 0 || run == "." && isBracket(t[j-1]) {
		if !s.fullStop(from, i, &f) {
			return -1, j
		}
		return j, j
	}
	// "!", "?" or a stop inside a quotation.
	switch {
	case f.kind == lower && !s.caseless:
		return -1, j
	case s.caseless && f.kind == lower && closed > 0 && run != ".":
		return -1, j
	}
	return j, j
}

// afterEllipsis decides after "..." or "…": only a capital, a digit or another
// script ends the sentence there.
func (s *splitter) afterEllipsis(j, end int) (stop, next int) {
	if j >= end {
		return -1, j
	}
	f := follow(s.src, j, end)
	if f.gap > 0 && (f.kind == upper || f.kind == caseFree || f.kind == lower && s.caseless) {
		return j, j
	}
	return -1, j
}

// glued says whether a sentence ends at the stop src[i] although no white space
// follows src[:j]: only where it cannot be a name of the form "fmt.Println".
func (s *splitter) glued(i, j, end int, closed bool) bool {
	t := s.src
	r, _ := utf8.DecodeRuneInString(t[j:end])
	if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) {
		return i > 0 && t[i-1] >= 0x80 || t[i] != '.'
	}
	if !unicode.IsUpper(r) || i < 2 || !isLowerByte(t[i-1]) || !isLowerByte(t[i-2]) {
		return false
	}
	if closed && t[i+1] != '`' && t[i+1] != '_' && t[i+1] != '*' {
		return true
	}
	if j-i > 1 && !closed && t[i] == '.' { // "end.[12]Next"
		return t[j-1] == ']'
	}
	e := j
	for e < end && e-j < 16 && isLetterByte(t[e]) {
		e++
	}
	if e >= end || t[e] != ' ' && t[e] != ',' && t[e] != '\n' {
		return false
	}
	return isStarter(t[j:e])
}

// references skips marks of references after a stop at src[i]: "[12]", "[a]",
// and digits that stand directly after a word's stop ("disease.5,6 However").
func references(t string, i, j, end int) int {
	for range 8 {
		e := j
		if e < end && t[e] == '[' {
			for e++; e < end && e-j < 6 && (isDigit(t[e]) || isLetterByte(t[e]) || t[e] == ' ' || t[e] == ','); e++ {
			}
			if e < end && t[e] == ']' && e > j+1 {
				j = e + 1
				continue
			}
		}
		break
	}
	if j == i+1 && j < end && isDigit(t[j]) && i > 3 && t[i] == '.' && isLowerByte(t[i-1]) && isLowerByte(t[i-2]) && isLowerByte(t[i-3]) {
		e := j
		for e < end && e-j < 12 && (isDigit(t[e]) || t[e] == ',' || t[e] == '-' || strings.HasPrefix(t[e:], "–")) {
			if t[e] >= 0x80 {
				e += 2
			}
			e++
		}
		if e+1 < end && t[e] == ' ' && isDigit(t[e-1]) && isUpperByte(t[e+1]) {
			return e
		}
	}
	return j
}

// escapedBreak handles `\n` written as two characters, as in a dump of JSON or
// of a Python list: two of them, or one after a stop or before a list item, end
// a sentence, to which they belong.
func escapedBreak(t string, from, i, end int) (stop, next int) {
	j, n := i, 0
	for j+1 < end && t[j] == '\\' && (t[j+1] == 'n' || t[j+1] == 'r') {
		if t[j+1] == 'n' {
			n++
		}
		j += 2
	}
	if n == 0 {
		return -1, min(i+2, end)
	}
	if n >= 2 || i > from && strings.IndexByte(".!?:\"'", t[i-1]) >= 0 ||
		j+1 < end && (t[j] == '-' || t[j] == '*') && t[j+1] == ' ' ||
		j+2 < end && isDigit(t[j]) && (t[j+1] == '.' || t[j+1] == ')') && t[j+2] == ' ' {
		return j, j
	}
	return -1, j
}

// kind says how the text after a stop begins.
type kind uint8

const (
	other    kind = iota // a sign, a dash
	upper                // a capital letter
	lower                // a small letter
	digit                // a digit
	caseFree             // a letter of a script without case
	mixed                // a word such as "mRNA", "p53" or "iPhone"
)

// following describes the text after a stop.
type following struct {
	gap     int    // white space characters before it
	lines   int    // line breaks among them
	opened  byte   // the sign that opens it: a quote or bracket; 0 if none
	kind    kind   // of its first letter or digit
	word    string // its first word, without what opens it
	dotted  bool   // the word is followed by a full stop
	escaped bool   // an escaped line break follows
}

func follow(t string, j, end int) (f following) {
	for j < end {
		if c := t[j]; c > ' ' && c < utf8.RuneSelf {
			break
		}
		r, n := utf8.DecodeRuneInString(t[j:])
		if !unicode.IsSpace(r) || f.gap > 64 {
			break
		}
		f.gap++
		if r == '\n' {
			f.lines++
		}
		j += n
	}
	for range 4 {
		if j < end && isLetterByte(t[j]) {
			break
		}
		r, n := utf8.DecodeRuneInString(t[j:end])
		if n == 0 || !isOpener(r) {
			break
		}
		if f.opened = '"'; r < 0x80 {
			f.opened = byte(r)
		}
		j += n
	}
	if j >= end {
		return f
	}
	if t[j] == '\\' && j+1 < end && (t[j+1] == 'n' || t[j+1] == 'r') {
		f.escaped = true
		return f
	}
	r, n := utf8.DecodeRuneInString(t[j:])
	e := j + n
	inner := false // a capital or digit inside the word
	for e < end && e-j < 24 {
		if c := class[t[e]]; c == cLetter || c == cDigit {
			inner = inner || c == cDigit || isUpperByte(t[e])
			e++
			continue
		} else if t[e] < utf8.RuneSelf {
			break
		}
		r2, n2 := utf8.DecodeRuneInString(t[e:])
		if !unicode.IsLetter(r2) && !unicode.IsDigit(r2) {
			break
		}
		inner = inner || unicode.IsUpper(r2) || unicode.IsDigit(r2)
		e += n2
	}
	f.word = t[j:e]
	f.dotted = e < end && t[e] == '.'
	switch {
	case unicode.IsUpper(r) || unicode.IsTitle(r):
		f.kind = upper
	case unicode.IsLower(r):
		f.kind = lower
		if inner || r >= 0x3B1 && r <= 0x3C9 && e < end && t[e] == '-' { // "α-helix"
			f.kind = mixed
		}
	case unicode.IsDigit(r):
		f.kind = digit
	case unicode.IsLetter(r):
		f.kind = caseFree
	}
	return f
}

// fullStop decides whether the single full stop src[i], after which f stands
// behind white space, ends a sentence that began at from.
func (s *splitter) fullStop(from, i int, f *following) bool {
	t := s.src
	w := i
	detached := false // "Released in Japan . It", as tokenised texts have it
	if w > from && t[w-1] == ' ' {
		detached = true
		w--
	}
	word, dots, hyphen := wordBefore(t, from, w)
	if word == "" {
		if w > from && isDigit(t[w-1]) {
			return s.afterNumber(from, w, f)
		}
		return f.kind != lower || s.caseless
	}
	next := f.word
	begins := f.kind == upper && isStarter(next) && !f.dotted
	if s.caseless && f.kind == lower {
		begins = false
	}
	if dots > 0 && isAcronym(word) { // "e.g", "U.S", "J.R.R", "a.m"; not "example.org"
		a, _ := lookup(word)
		switch a {
		case never:
			return false
		case whenCapital:
			return f.kind == upper || f.kind == mixed
		}
		return begins || f.lines > 1 || f.kind == caseFree
	}
	if isInitial(word) && (!hyphen || word != "p" && isUpperByte(word[0])) { // also "Hans-J."
		if w-len(word) == from {
			return false // "A. First point"
		}
		if detached && f.kind == lower {
			return false
		}
		return begins && !f.dotted || f.kind == caseFree || f.kind == digit && word != "p" && f.opened == 0 && unicode.IsUpper(rune(word[0])) && i-w > 0
	}
	if a, ok := lookup(word); ok && (!hyphen || a == never) && capitalFits(word, a) {
		switch a {
		case never, title:
			return false
		case beforeNumber:
			if f.kind == digit || f.kind == lower || f.kind == mixed || f.opened != 0 && f.opened != '"' {
				return false
			}
			return begins || len(next) > 2 && !isAllUpper(next)
		case beforeDigit:
			return f.kind != digit && f.kind != lower && (f.opened == 0 || f.kind == upper)
		case whenCapital:
			return f.kind == upper || f.kind == mixed
		case whenStarter:
			return begins
		}
	}
	switch f.kind {
	case lower:
		if s.caseless {
			return true
		}
		// Two spaces, or a bracket, after a word that is no abbreviation.
		return len(word) > 3 && (f.gap > 1 && f.lines == 0 && !detached || f.opened == '(' || f.opened == '[')
	case mixed:
		return len(word) > 2
	case other:
		return true
	}
	return true
}

// afterNumber decides after a number: "in 1999. The", but not the enumeration
// "1. First", nor the German ordinal "am 3. Oktober".
func (s *splitter) afterNumber(from, w int, f *following) bool {
	n := w
	for n > from && w-n < 8 && isDigit(s.src[n-1]) {
		n--
	}
	if n == from && w-n <= 3 {
		return false
	}
	if w-n <= 2 && f.kind == upper && ordinals[f.word] {
		return false
	}
	return f.kind != lower || s.caseless
}

// wordBefore returns the word that ends at src[:w], made of letters, inner full
// stops and apostrophes, the number of those stops, and whether a hyphen stands
// before it. It looks at most 24 bytes back; a longer word is no abbreviation.
func wordBefore(t string, from, w int) (word string, dots int, hyphen bool) {
	lo := max(from, w-24)
	b := w
	for b > lo {
		c := t[b-1]
		switch {
		case isLetterByte(c) || c >= 0x80:
			if c >= 0x80 {
				r, n := utf8.DecodeLastRuneInString(t[lo:b])
				if !unicode.IsLetter(r) && !unicode.IsMark(r) {
					return t[b:w], dots, false
				}
				b -= n
				continue
			}
			b--
			continue
		case c == '.' && b < w && b-1 > lo && (isLetterByte(t[b-2]) || t[b-2] >= 0x80):
			dots++
			b--
			continue
		case c == '\'' && b < w && b-1 > lo && isLetterByte(t[b-2]):
			b--
			continue
		case c == '-':
			hyphen = b < w
		case isDigit(c) && b < w:
			return "", 0, false // "p53.": like a number, but no abbreviation
		}
		break
	}
	return t[b:w], dots, hyphen
}

// layout tells line breaks that wrap a paragraph from those that end a
// sentence.
type layout struct {
	width int // of the longest line in bytes; 0 if there is only one line
}

func layoutOf(t string) (l layout) {
	if strings.IndexByte(t, '\n') < 0 {
		return
	}
	for len(t) > 0 {
		n := strings.IndexByte(t, '\n')
		if n < 0 {
			n = len(t)
		}
		l.width = max(l.width, n)
		t = t[min(n+1, len(t)):]
	}
	return
}

// labelled says whether a line begins with a name of at most three words and a colon that
// white space follows. Two such lines after each other are no sentence that was wrapped.
func labelled(line string) bool {
	line = strings.TrimLeft(line, " \t")
	words := 1
	for i := 0; i < len(line) && i < 40; i++ {
		switch c := line[i]; {
		case c == ':':
			return i > 0 && (i+1 == len(line) || line[i+1] <= ' ')
		case c == ' ':
			if words++; words > 3 {
				return false
			}
		case !isLetterByte(c) && !isDigit(c) && c < utf8.RuneSelf && strings.IndexByte("_-./()", c) < 0:
			return false
		}
	}
	return false
}

// border decides about the line break src[i]. A line was wrapped if the next
// word would not have fitted into the widest line; where lines are very wide or
// very narrow they are units of their own.
func (l *layout) border(s *splitter, i, end int) (stop, next int) {
	t := s.src
	a := strings.LastIndexByte(t[max(0, i-l.width-1):i], '\n') + max(0, i-l.width-1) + 1
	b := i + 1
	for b < end && (t[b] == ' ' || t[b] == '\t') && b-i < 256 {
		b++
	}
	if b >= end {
		return -1, b
	}
	line := strings.TrimRight(t[a:i], " \t\r")
	if line == "" || t[b] == '\n' || t[b] == '\r' {
		return i, b // a blank line inside a block
	}
	// The marks of a quotation stand before each of its lines and say nothing.
	quoted := t[b] == '>' && strings.HasPrefix(strings.TrimLeft(line, " \t"), ">")
	for ; quoted && b < end && strings.IndexByte("> \t", t[b]) >= 0; b++ {
	}
	if b >= end {
		return -1, b
	}
	if quoted && (t[b] == '\n' || t[b] == '\r') {
		return i, b
	}
	length := len(line)
	f := follow(t, b, min(end, b+128))
	smallStart := f.kind == lower && f.opened == 0 && !s.caseless
	if l.width > 160 {
		return i, b
	}
	if labelled(line) && labelled(t[b:min(end, b+48)]) {
		return i, b // fields of a record: "size: 4 mm" over "colour: red"
	}
	if smallStart && (5*length >= 3*l.width || length < 20) {
		return -1, b
	}
	indent := func(p int) int {
		q := p
		for q < end && (t[q] == ' ' || t[q] == '\t') {
			q++
		}
		return q - p
	}
	if l.width < 40 && !smallStart || !quoted && indent(i+1) >= indent(a)+2 {
		return i, b
	}
	if first := t[a+indent(a)]; first == t[b] && !isLetterByte(first) && first < 0x80 ||
		isDigit(t[b]) && isDigit(t[a]) && length > 20 {
		return i, b // lines of a log, a record or a table
	}
	word := 0
	for b+word < end && t[b+word] > ' ' && word < 40 {
		word++
	}
	if length+1+word+8 <= l.width {
		return i, b
	}
	return -1, b
}

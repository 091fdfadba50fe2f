// Package xmlscan reads XML fast and in bounded memory: tokens come one by one out
// of a buffer, without a tree. It is for files that programs wrote (Office, ODF, e-book
// packages); encoding/xml, which takes several times as long (BenchmarkScan), is its oracle in tests.
//
// What it does not do is by intent: a document type is passed over, entities other
// than the five of XML and characters by number are errors, so that nothing is
// expanded and nothing outside is read. The text must be UTF-8.
package xmlscan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

const (
	bufSize = 64 << 10
	// A tag, a comment or a section of text that is longer is refused.
	maxToken = 32 << 20
	// So are elements that nest deeper.
	maxDepth = 1000
	maxAttrs = 1000
)

// Kind is that of a token.
type Kind uint8

// The kinds. An empty element is a Start and an End. A text may come in pieces.
const (
	None Kind = iota
	Start
	End
	Text
)

// Scanner reads one document.
type Scanner struct {
	// Kind of the token that Next found.
	Kind Kind
	// Depth is how many elements are open, the one that starts or ends included.
	Depth int

	r        io.Reader
	buf      []byte
	pos, end int
	base     int64 // of buf in the document
	eof      bool
	err      error

	name    []byte
	attrs   []attr
	text    []byte
	scratch []byte
	closing bool // the token is the start of an empty element
	popped  bool // an element ended at the last token

	open   []byte // names of open elements as they are written
	starts []int

	canon    map[string]string
	bindings []binding
	aliased  bool // some prefix is not its canonical one
	inDoc    bool // the root has begun
}

// New begins. canon gives the prefixes by which names are known, by the URI of their
// namespace: "" for names without one. A prefix whose namespace is not there stays as
// it is, unless it is another's.
func New(r io.Reader, canon map[string]string) *Scanner {
	return &Scanner{r: r, buf: make([]byte, bufSize), canon: canon}
}

// Err is what ended the document before its end.
func (s *Scanner) Err() error {
	if errors.Is(s.err, io.EOF) {
		return nil
	}
	return s.err
}

// Name is that of the element that starts or ends, with its canonical prefix. It
// holds until Next.
func (s *Scanner) Name() []byte { return s.name }

// Text is a piece of text. It holds until Next.
func (s *Scanner) Text() []byte { return s.text }

// Offset is how many bytes of the document were read: where the token ends.
func (s *Scanner) Offset() int64 { return s.base + int64(s.pos) }

// Skip goes to the end of the element that starts.
func (s *Scanner) Skip() {
	if s.Kind != Start {
		return
	}
	for depth := s.Depth; s.Next(); {
		if s.Kind == End && s.Depth == depth {
			return
		}
	}
}

func (s *Scanner) wrong(format string, args ...any) error {
	return fmt.Errorf("malformed XML at byte %d: %s", s.base+int64(s.pos), fmt.Sprintf(format, args...))
}

// Next finds the next token, and says whether there is one.
func (s *Scanner) Next() bool {
	if s.popped {
		s.popped = false
		s.pop()
	}
	if s.closing {
		s.closing, s.popped = false, true
		s.Kind = End
		return s.err == nil
	}
	for s.err == nil {
		if s.pos == s.end && !s.fill() {
			if s.err == nil || errors.Is(s.err, io.EOF) {
				s.err = io.EOF
				if s.Depth > 0 || !s.inDoc {
					s.err = s.wrong("it ends too early")
				}
			}
			break
		}
		if s.buf[s.pos] != '<' {
			if s.chars() {
				s.Kind = Text
				return true
			}
			continue
		}
		kind := s.markup()
		if s.err == nil && kind != None {
			s.Kind = kind
			return true
		}
	}
	s.Kind, s.Depth = None, 0
	return false
}

// fill reads more behind what is not yet used.
func (s *Scanner) fill() bool {
	if s.eof || s.err != nil {
		return false
	}
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.end])
		s.base += int64(s.pos)
		s.end -= s.pos
		s.pos = 0
	}
	if s.end == len(s.buf) {
		if len(s.buf) >= maxToken {
			s.err = s.wrong("something is longer than %d bytes", maxToken)
			return false
		}
		s.buf = slices.Grow(s.buf, len(s.buf))[:2*len(s.buf)]
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if err != nil {
			s.eof = true
			if err != io.EOF {
				s.err = err
			}
			return n > 0 && s.err == nil
		}
		if n > 0 {
			return true
		}
	}
	s.err = io.ErrNoProgress
	return false
}

// find is where sep begins, at from behind pos or later; -1 sets err.
func (s *Scanner) find(from int, sep string) int {
	for {
		if i := bytes.Index(s.buf[min(s.pos+from, s.end):s.end], []byte(sep)); i >= 0 {
			return from + i
		}
		from = max(from, s.end-s.pos-len(sep)+1)
		if !s.fill() {
			if s.err == nil {
				s.err = s.wrong("%q is missing", sep)
			}
			return -1
		}
	}
}

// chars reads text up to the next tag, or what of it there is.
func (s *Scanner) chars() bool {
	i := bytes.IndexByte(s.buf[s.pos:s.end], '<')
	if i < 0 && !s.eof && s.end-s.pos < bufSize/2 {
		if s.fill() {
			return false
		}
		if s.err != nil {
			return false
		}
		i = bytes.IndexByte(s.buf[s.pos:s.end], '<')
	}
	if i < 0 {
		i = s.end - s.pos
		if !s.eof { // do not cut what belongs together
			t := s.buf[s.pos:s.end]
			if j := bytes.LastIndexByte(t[max(0, i-16):], '&'); j >= 0 {
				i = max(0, i-16) + j
			}
			for n := 0; n < utf8.UTFMax && i > 0 && i < len(t) && !utf8.RuneStart(t[i]); n++ {
				i--
			}
			if i > 0 && i == len(t) {
				if r, n := utf8.DecodeLastRune(t[:i]); r == utf8.RuneError && n == 1 {
					for n := 0; n < utf8.UTFMax && i > 1 && !utf8.RuneStart(t[i-1]); n++ {
						i--
					}
					i--
				} else if t[i-1] == '\r' {
					i--
				}
			}
			if i <= 0 {
				s.fill()
				return false
			}
		}
	}
	raw := s.buf[s.pos : s.pos+i]
	if s.Depth == 0 {
		if len(bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\xEF\xBB\xBF")))) > 0 {
			s.err = s.wrong("there is text outside of all elements")
		}
		s.pos += i
		return false
	}
	s.text = raw
	if bytes.IndexByte(raw, '&') >= 0 || bytes.IndexByte(raw, '\r') >= 0 {
		t, err := unescape(s.scratch[:0], raw)
		if err != nil {
			s.err = s.wrong("%s", err)
			return false
		}
		s.scratch, s.text = t, t
	}
	s.pos += i
	return true
}

// markup reads what begins with "<".
func (s *Scanner) markup() Kind {
	for s.end-s.pos < 2 {
		if !s.fill() {
			s.err = s.wrong("it ends in a tag")
			return None
		}
	}
	switch s.buf[s.pos+1] {
	case '/':
		return s.endTag()
	case '?':
		if i := s.find(2, "?>"); i >= 0 {
			s.pos += i + 2
		}
		return None
	case '!':
		return s.declaration()
	}
	return s.startTag()
}

func (s *Scanner) declaration() Kind {
	for s.end-s.pos < 9 && s.fill() {
	}
	rest := s.buf[s.pos:s.end]
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")):
		if i := s.find(4, "-->"); i >= 0 {
			s.pos += i + 3
		}
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		i := s.find(9, "]]>")
		if i < 0 {
			return None
		}
		if s.Depth == 0 {
			s.err = s.wrong("there is text outside of all elements")
			return None
		}
		s.text = s.buf[s.pos+9 : s.pos+i]
		s.pos += i + 3
		return Text
	case s.err != nil:
	case s.inDoc || !bytes.HasPrefix(rest, []byte("<!DOCTYPE")):
		s.err = s.wrong("%.9q is no document type, comment or text", rest)
	default:
		s.doctype()
	}
	return None
}

// doctype passes over a document type with all that it declares.
func (s *Scanner) doctype() {
	inside, quote := 0, byte(0)
	for i := 2; ; i++ {
		for s.pos+i+3 >= s.end && s.fill() {
		}
		if s.pos+i >= s.end {
			if s.err == nil {
				s.err = s.wrong("a declaration does not end")
			}
			return
		}
		if quote == 0 && bytes.HasPrefix(s.buf[s.pos+i:s.end], []byte("<!--")) {
			if i = s.find(i+4, "-->"); i < 0 {
				return
			}
			i += 2
			continue
		}
		switch c := s.buf[s.pos+i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '<':
			inside++
		case c == '>' && inside > 0:
			inside--
		case c == '>':
			s.pos += i + 1
			return
		}
	}
}

func (s *Scanner) endTag() Kind {
	i := s.find(2, ">")
	if i < 0 {
		return None
	}
	raw := bytes.TrimRight(s.buf[s.pos+2:s.pos+i], " \t\r\n")
	if s.Depth == 0 {
		s.err = s.wrong("</%.40s> ends nothing", raw)
		return None
	}
	if want := s.open[s.starts[s.Depth-1]:]; !bytes.Equal(raw, want) {
		s.err = s.wrong("</%.40s> where <%.40s> is open", raw, want)
		return None
	}
	s.pos += i + 1
	s.name = raw
	if s.aliased {
		s.name = []byte(s.canonical(raw))
	}
	s.attrs = s.attrs[:0]
	s.popped = true
	return End
}

func (s *Scanner) pop() {
	s.Depth--
	s.open = s.open[:s.starts[s.Depth]]
	s.starts = s.starts[:s.Depth]
	for n := len(s.bindings); n > 0 && s.bindings[n-1].depth > s.Depth; n-- {
		s.bindings = s.bindings[:n-1]
	}
}

// tagEnd is where the tag at pos ends, or -1.
func (s *Scanner) tagEnd() int {
	quote := byte(0)
	for i := 1; ; {
		for ; s.pos+i < s.end; i++ {
			c := s.buf[s.pos+i]
			if quote != 0 {
				j := bytes.IndexByte(s.buf[s.pos+i:s.end], quote)
				if j < 0 {
					i = s.end - s.pos
					break
				}
				i += j
				quote = 0
				continue
			}
			if c == '>' {
				return i
			}
			if c == '"' || c == '\'' {
				quote = c
			}
		}
		if !s.fill() {
			if s.err == nil {
				s.err = s.wrong("it ends in a tag")
			}
			return -1
		}
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func (s *Scanner) startTag() Kind {
	n := s.tagEnd()
	if n < 0 {
		return None
	}
	t := s.buf[s.pos+1 : s.pos+n]
	s.closing = len(t) > 0 && t[len(t)-1] == '/'
	if s.closing {
		t = t[:len(t)-1]
	}
	i := 0
	for i < len(t) && !isSpace(t[i]) {
		i++
	}
	if i == 0 || bytes.ContainsAny(t[:i], "<&\"'=/") {
		s.err = s.wrong("<%.40s> has no name", t)
		return None
	}
	raw := t[:i]
	if s.Depth >= maxDepth {
		s.err = s.wrong("elements nest more than %d deep", maxDepth)
		return None
	}
	if s.Depth == 0 && s.inDoc {
		s.err = s.wrong("<%.40s> stands behind the end", raw)
		return None
	}
	s.inDoc = true
	s.Depth++
	if !s.attributes(t[i:]) {
		return None
	}
	s.starts = append(s.starts, len(s.open))
	s.open = append(s.open, raw...)
	s.pos += n + 1
	s.name = raw
	if s.aliased {
		s.name = []byte(s.canonical(raw))
	}
	return Start
}

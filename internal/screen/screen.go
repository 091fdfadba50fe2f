// Package screen shows what others wrote on a terminal, which it cannot drive:
// control sequences (colours, titles, the clipboard), carriage returns, the
// controls of writing direction and bytes that are no UTF-8 are shown as escapes
// such as \x1b and \u202e. In a pipe text stays what it is; only names, which may
// hold anything but must not look like another line, are quoted there too.
//
// What the program itself wants styled is marked by Style, with bytes that no
// UTF-8 text has; the Writer makes terminal sequences of these marks alone.
package screen

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Attribute is how a piece of text stands out.
type Attribute byte

// The attributes.
const (
	Bold  Attribute = 'b'
	Dim   Attribute = 'd'
	Cyan  Attribute = 'c'
	Match Attribute = 'm'
)

const (
	mark  = 0xFF // begins a mark; never a byte of UTF-8
	plain = '0'  // ends what is styled
)

// sequence is what an attribute is on a terminal.
func sequence(a byte) (string, bool) {
	switch Attribute(a) {
	case Bold:
		return "\x1b[1m", true
	case Dim:
		return "\x1b[2m", true
	case Cyan:
		return "\x1b[36m", true
	case Match:
		return "\x1b[1;31m", true
	case plain:
		return "\x1b[0m", true
	}
	return "", false
}

// Style marks s, for a Writer with colours; for any other writer it is s.
func Style(w io.Writer, a Attribute, s string) string {
	if o, ok := w.(*Writer); !ok || !o.colours || s == "" {
		return s
	}
	return string([]byte{mark, byte(a)}) + s + string([]byte{mark, plain})
}

// Writer is a terminal that shows what is written to it and obeys none of it.
// Runes may be cut between two writes; Flush shows one that stays incomplete.
type Writer struct {
	w       io.Writer
	colours bool
	rest    []byte // the beginning of a rune, a mark or a line end
}

// NewWriter returns a Writer on a terminal, with colours or without.
func NewWriter(w io.Writer, colours bool) *Writer { return &Writer{w: w, colours: colours} }

// Write shows p.
func (w *Writer) Write(p []byte) (int, error) {
	return len(p), w.show(append(w.rest, p...), false)
}

// Flush shows what was held back.
func (w *Writer) Flush() error { return w.show(w.rest, true) }

func (w *Writer) show(p []byte, all bool) error {
	var b strings.Builder
	b.Grow(len(p))
	for len(p) > 0 {
		if !all && (p[0] == mark || p[0] == '\r') && len(p) == 1 || !all && p[0] != mark && !utf8.FullRune(p) {
			break
		}
		if p[0] == mark && len(p) > 1 {
			if s, ok := sequence(p[1]); ok {
				b.WriteString(s)
				p = p[2:]
				continue
			}
		}
		if p[0] == '\r' && len(p) > 1 && p[1] == '\n' {
			p = p[1:]
			continue
		}
		r, n := utf8.DecodeRune(p)
		if drives(r) || r == utf8.RuneError && n == 1 {
			b.WriteString(escape(r, p[:n]))
		} else {
			b.Write(p[:n])
		}
		p = p[n:]
	}
	w.rest = append([]byte(nil), p...)
	_, err := io.WriteString(w.w, b.String())
	return err
}

// drives says whether a terminal obeys a rune, or lets it change how others look.
func drives(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < 0x20 || 0x7F <= r && r < 0xA0: // C0, DEL, C1
		return true
	case r < 0x61C:
		return false
	}
	return unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || 0xE0000 <= r && r < 0xE0080
}

func escape(r rune, bytes []byte) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\t':
		return `\t`
	case r == '\r':
		return `\r`
	case r == utf8.RuneError || r < 0x80:
		return fmt.Sprintf(`\x%02x`, bytes[0])
	case r > 0xFFFF:
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// Line is s on one line, white space run together, with escapes for what would
// drive a terminal: for messages, wherever they go.
func Line(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	var b strings.Builder
	for i, r := range s {
		_, n := utf8.DecodeRuneInString(s[i:])
		if drives(r) || r == utf8.RuneError && n == 1 {
			b.WriteString(escape(r, []byte(s[i:i+n])))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Name is a file name or another name as it is shown anywhere: quoted where it
// holds what is no part of a line of text, or begins as a quoted one does.
func Name(s string) string {
	odd := strings.HasPrefix(s, `"`) || strings.TrimSpace(s) != s || !utf8.ValidString(s) ||
		strings.ContainsFunc(s, func(r rune) bool { return r == '\n' || r == '\t' || drives(r) })
	if !odd {
		return s
	}
	return strconv.Quote(s)
}

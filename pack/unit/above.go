package unit

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// key is a term of nested data.
type key struct {
	indent int
	label  string
}

// enter begins a section where the next unit of nested data stands under other terms
// than the last one, which count as headings.
func (all *Set) enter(doc int, text string, kind corpus.BlockKind) {
	s := &all.Docs[doc]
	n := len(s.keys)
	for n > 0 && s.keys[n-1].indent >= indentOf(text) {
		n--
	}
	s.keys = s.keys[:n:n]
	labels := slices.Clone(s.under)
	for _, k := range s.keys {
		labels = append(labels, k.label)
	}
	if !slices.Equal(labels, s.Sections[len(s.Sections)-1].Headings) {
		s.Sections = append(s.Sections, all.newSection(s, labels))
	}
	if kind == corpus.Term {
		label, _, _ := strings.Cut(strings.TrimLeft(text, "- \t"), "\n")
		s.keys = append(s.keys, key{indentOf(text), strings.Trim(label, "\"{[<>: \t\r")})
	}
}

// keys are the headings and terms above unit i of nested data, nearest first.
func (all *Set) keys(i int) []Need {
	u := &all.Units[i]
	if !all.Docs[u.Doc].Nested() {
		return nil
	}
	var out []Need
	for _, h := range slices.Backward(all.HeadingsOf(u.Doc, u.Section)) {
		if h >= 0 && all.Units[h].Start < u.Start {
			out = append(out, Need{Unit: h})
		}
	}
	return out
}

// bears says that a unit is a key with a label, which may be made of several words of
// it.
func (all *Set) bears(u *Unit, label string) bool {
	if !all.Docs[u.Doc].Nested() {
		return u.Kind == corpus.Heading && strings.Contains(u.Text, label)
	}
	if u.Kind != corpus.Heading && u.Kind != corpus.Term {
		return false
	}
	for word := range strings.FieldsSeq(label) {
		if !hasWord(u.Text, word) {
			return false
		}
	}
	return true
}

// hasWord says that a text has a word that is not part of a longer one.
func hasWord(s, word string) bool {
	for at := 0; ; {
		i := strings.Index(s[at:], word)
		if i < 0 {
			return false
		}
		at += i
		before, _ := utf8.DecodeLastRuneInString(s[:at])
		after, _ := utf8.DecodeRuneInString(s[at+len(word):])
		if !wordRune(before) && !wordRune(after) {
			return true
		}
		at += len(word)
	}
}

func wordRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// bareKey is a key and nothing else: "ports:", "[server]", `"paths": {`, "<plugins>".
var bareKey = regexp.MustCompile(`^\s*(?:- )?[^\n]*[:{[]\s*$|^\s*\[{1,2}[^\n]*\]\s*$|^\s*<[^\s>]+>\s*$`)

// BareKey says that unit i is a key of nested data, which says nothing without what
// stands under it, and is brought by that.
func (all *Set) BareKey(i int) bool {
	u := &all.Units[i]
	return (u.Kind == corpus.Heading || u.Kind == corpus.Term) && all.Docs[u.Doc].Nested() && bareKey.MatchString(u.Text)
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// blanks is how many blanks stand before a byte of a document, where nothing else does
// on its line.
func (all *Set) blanks(doc, at int) int {
	for n := 0; ; n++ {
		c, ok := all.byteAt(doc, at-n-1)
		switch {
		case at-n == 0 || ok && c == '\n':
			return n
		case !ok || c != ' ' && c != '\t':
			return 0
		}
	}
}

// letterLine says that a text is a line of the head of a mail, as its reader writes it.
// It is asked of every unit above one that is kept.
func letterLine(s string) bool {
	return strings.HasPrefix(s, "From: ") || strings.HasPrefix(s, "To: ") || strings.HasPrefix(s, "Cc: ") || strings.HasPrefix(s, "Date: ")
}

// longLine is how much of such a line is kept: that of many who were written to goes on.
const longLine = 100

// letter is the head of a mail.
type letter struct {
	start int    // in its document
	needs []Need // its lines and its subject, ascending
}

// letter are the subject and the lines of the head of the mail that unit i is in, the
// nearest above it, nearest first.
func (all *Set) letter(i int) []Need {
	u := &all.Units[i]
	s := &all.Docs[u.Doc]
	if !s.Letter() || u.Kind == corpus.Heading {
		return nil
	}
	if s.letters == nil {
		s.letters = all.lettersOf(s)
	}
	at, _ := slices.BinarySearchFunc(s.letters, u.Start, func(l letter, start int) int { return cmp.Compare(l.start, start) })
	if at == 0 {
		return nil
	}
	var out []Need
	for _, n := range slices.Backward(s.letters[at-1].needs) {
		if all.Units[n.Unit].Start < u.Start {
			out = append(out, n)
		}
	}
	return out
}

// lettersOf are the heads of the mails in a document: from "From: " to "Date: ", or as
// far as lines follow each other; a long one goes on for a while.
func (all *Set) lettersOf(s *Source) []letter {
	out := []letter{}
	open, skipped := false, 0
	for at, i := range s.order {
		u := &all.Units[i]
		if u.Kind != corpus.Paragraph || !letterLine(u.Text) {
			skipped++
			continue
		}
		switch {
		case strings.HasPrefix(u.Text, "From: "):
			l := letter{start: u.Start}
			if at > 0 && all.Units[s.order[at-1]].Kind == corpus.Heading {
				l.start = all.Units[s.order[at-1]].Start
				l.needs = append(l.needs, Need{Unit: s.order[at-1]})
			}
			out, open = append(out, l), true
		case len(out) == 0: // nobody wrote it
			out, open = append(out, letter{start: u.Start}), true
		case !open || skipped > farthest:
			open = false
			continue
		}
		switch {
		case strings.HasPrefix(u.Text, "Cc: "):
			continue
		case strings.HasPrefix(u.Text, "Date: "):
			open = false
		}
		skipped = 0
		n := Need{Unit: i}
		if len(u.Text) > longLine {
			if at := strings.LastIndexByte(u.Text[:longLine], ','); at > 0 {
				n.Head = at + 1
			}
		}
		l := &out[len(out)-1]
		l.needs = append(l.needs, n)
	}
	return out
}

package pack

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/text/tokens"
)

// Window is what the reader of a context has before them already: earlier
// contexts of the same conversation. What is shown there is not shown again,
// and its labels are not used again.
type Window struct {
	Shown []Shown
	First int // number of the first label of the new context; less than 1 is 1
	// Signs are the extra signs that every label of the window has; see
	// Renderings. Units that would forge such a label are left out, since what
	// was shown cannot be labelled anew.
	Signs int
}

// Shown is a range that stands in the window.
type Shown struct {
	Cite  int // number of its label
	Doc   string
	Start int
	Text  string // its bytes when it was shown; a source that has changed since is new
}

// first is the number of the first label.
func (f *filler) first() int {
	if f.o.Window == nil {
		return 1
	}
	return max(f.o.Window.First, 1)
}

// bar takes out the units that share bytes with what is shown, and those that
// would forge a label of the window.
func (f *filler) bar() {
	if f.o.Window == nil {
		return
	}
	shown := make(map[string][]Shown)
	for _, s := range f.o.Window.Shown {
		shown[s.Doc] = append(shown[s.Doc], s)
	}
	for i := range f.r.units {
		u := &f.r.units[i]
		var over []Shown
		for _, s := range shown[f.r.docs[u.doc].ID] {
			if s.covers(u) {
				over = append(over, s)
			}
		}
		switch {
		case len(over) == 0:
		case len(over) == 1 && over[0].Start <= u.start && f.rest(i, over[0].Start+len(over[0].Text)-u.start):
			// Only the head of it is shown, which a guard brought.
		default:
			f.state[i] = barred
			f.notes[i] = fmt.Sprintf("shown under label %d", over[0].Cite)
		}
		if f.state[i] != barred && (f.forge[i] || signsFor(f.o.Render, u.text) > f.signs) {
			f.state[i] = barred
			f.notes[i] = "looks like a label"
		}
	}
}

// rest leaves unit i without its first bytes, and says whether there is a rest.
func (f *filler) rest(i, head int) bool {
	text := f.r.units[i].text
	if head >= len(text) {
		return false
	}
	start := len(text) - len(strings.TrimLeftFunc(text[head:], unicode.IsSpace))
	if start == len(text) {
		return false
	}
	if f.shrunk == nil {
		f.shrunk = make(map[int][][2]int)
	}
	f.shrunk[i] = [][2]int{{start, len(text)}}
	return true
}

// covers says whether u shares bytes with s that are the same in both.
func (s *Shown) covers(u *unit) bool {
	start, end := max(s.Start, u.start), min(s.Start+len(s.Text), u.end)
	return start < end && s.Text[start-s.Start:end-s.Start] == u.text[start-u.start:end-u.start]
}

// forged finds kept units that hold no label but make one together, when a long
// word was cut, and bars them. It says whether there are any.
func (f *filler) forged() bool {
	found := false
	for k, p := range f.parts {
		if signsFor(f.o.Render, p.text) <= f.signs {
			continue
		}
		found = true
		if f.forge == nil {
			f.forge = make(map[int]bool)
		}
		for i, s := range f.state {
			u := &f.r.units[i]
			if s == kept && f.r.docs[u.doc].ID == f.spans[k].Doc && f.spans[k].Start < u.end && u.start < f.spans[k].End {
				f.forge[i] = true
			}
		}
	}
	return found
}

// Compose lays out ranges, given with their bytes, and writes their receipt:
// for what is made of contexts, as a window is. Digests are set; labels have
// signs extra signs.
func Compose(spans []Span, texts []string, rendering string, signs int, counter tokens.Counter) *Context {
	c := &Context{
		Spans: slices.Clone(spans), Dropped: []Drop{}, Order: StablePrefix, Render: rendering,
		Label: labelForm(rendering, signs), Tokenizer: counter.Name(), texts: texts,
	}
	if c.Spans == nil {
		c.Spans = []Span{}
	}
	parts := make([]part, len(spans))
	for k := range spans {
		parts[k] = part{spans[k].Cite, spans[k].Level, spans[k].Inline, texts[k]}
		c.Spans[k].Digest = digest(texts[k])
	}
	c.Text = render(rendering, c.Label, parts)
	c.Tokens, c.Digest = counter.Count(c.Text), digest(c.Text)
	return c
}

// Texts are the bytes of the spans, in their order; nil for a receipt that was
// read from a file.
func (c *Context) Texts() []string { return c.texts }

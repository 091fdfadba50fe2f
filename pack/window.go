package pack

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/unit"
)

// Window is what the reader of a context has before them already: earlier
// contexts of the same conversation. What is shown there is not shown again,
// and its labels are not used again.
type Window struct {
	Shown []Shown
	First int // number of the first label of the new context; less than 1 is 1
	// Signs are the extra signs that every label of the window has; see
	// render.Renderings. Units that would forge such a label are left out, since what
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
	for i := range f.all.Units {
		u := &f.all.Units[i]
		var over []Shown
		for _, s := range shown[f.all.Docs[u.Doc].ID] {
			if s.covers(u) {
				over = append(over, s)
			}
		}
		switch {
		case len(over) == 0:
		case len(over) == 1 && over[0].Start <= u.Start && f.rest(i, over[0].Start+len(over[0].Text)-u.Start):
			// Only the head of it is shown, which a guard brought.
		default:
			f.state[i] = barred
			f.notes[i] = fmt.Sprintf("shown under label %d", over[0].Cite)
		}
		if f.state[i] != barred && (f.forge[i] || render.Signs(f.o.Render, u.Text) > f.signs) {
			f.state[i] = barred
			f.notes[i] = "looks like a label"
		}
	}
}

// rest leaves unit i without its first bytes, and says whether there is a rest.
func (f *filler) rest(i, head int) bool {
	text := f.all.Units[i].Text
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
	if f.headShown == nil {
		f.headShown = make(map[int]bool)
	}
	f.headShown[i] = true
	return true
}

// covers says whether u shares bytes with s that are the same in both.
func (s *Shown) covers(u *unit.Unit) bool {
	start, end := max(s.Start, u.Start), min(s.Start+len(s.Text), u.End)
	return start < end && s.Text[start-s.Start:end-s.Start] == u.Text[start-u.Start:end-u.Start]
}

// forged finds kept units that hold no label but make one together, when a long
// word was cut, and bars them. It says whether there are any.
func (f *filler) forged() bool {
	found := false
	for _, p := range f.parts {
		if render.Signs(f.o.Render, p.Text) <= f.signs {
			continue
		}
		found = true
		if f.forge == nil {
			f.forge = make(map[int]bool)
		}
		for i, s := range f.state {
			u := &f.all.Units[i]
			if s == kept && f.all.Docs[u.Doc].ID == p.Doc && p.Start < u.End && u.Start < p.End {
				f.forge[i] = true
			}
		}
	}
	return found
}

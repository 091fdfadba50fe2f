package pack

import (
	"strings"
	"testing"
)

func TestShrinking(t *testing.T) {
	l := newLibrary(t)
	l.add("a", "", "The keeper of the old northern lighthouse did not open the gate for the 12 visitors because of the storm. Owls hunt.")
	o := Options{Budget: 200, Counter: counter(t, "o200k_base")}
	q := l.question("why was the gate of the lighthouse shut")
	whole, err := Select(t.Context(), q, l.docs, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range []bool{false, true} {
		o.Shrink, o.ShrinkByQuestion = .5, by
		c, err := Select(t.Context(), q, l.docs, o)
		if err != nil {
			t.Fatal(err)
		}
		l.check(t, c, o)
		if c.Tokens >= whole.Tokens || c.Shrink != .5 || !strings.Contains(c.Text, " not ") || !strings.Contains(c.Text, " 12 ") {
			t.Errorf("by question %v: %q", by, c.Text)
		}
		if by && (!strings.Contains(c.Text, "lighthouse") || !strings.Contains(c.Text, "the gate for")) {
			t.Errorf("by question: %q", c.Text)
		}
		if strings.Contains(c.Text, "because of the") {
			t.Errorf("by question %v: %q", by, c.Text)
		}
		// The freed tokens are filled: the budget of the whole, with less in it.
		for _, s := range c.Spans[1:] {
			if !s.Inline {
				t.Errorf("%+v", s)
			}
		}
	}
}

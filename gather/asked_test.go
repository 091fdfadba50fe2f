package gather

import (
	"testing"

	"github.com/tamis-search/tamis/corpus/role"
)

func TestAsked(t *testing.T) {
	for _, c := range []struct {
		question string
		value    bool
		role     string
	}{
		{"how many dots must a name have", true, ""},
		{"which test covers the redirect", false, role.Test},
		{"How long may go test run before it panics?", true, ""},
		{"where is the header set", false, role.Source},
		{"how is append implemented", false, role.Source},
		{"what is a fast-forward", false, ""},
		{"since which release is it removed", true, role.Log},
		{"wie viele Punkte hat ein Name", false, ""},
	} {
		a := askedFor(c.question)
		if a.value != c.value {
			t.Errorf("%q asks for a number: %v", c.question, a.value)
		}
		for _, r := range role.All {
			if got := a.role(r); got != (r == c.role) {
				t.Errorf("%q asks for %s: %v", c.question, r, got)
			}
		}
	}
}

func TestValues(t *testing.T) {
	for s, want := range map[string]float64{
		"": 0, "no number": 0, "chapter 7": 1, "page 12 of 20": 1, "size = 12": 2, "timeout:\n  30": 2, "The default is 300 seconds.": 2,
		"defaults to `(5`": 2, "this 3": 1, "limit=64": 2, "there are 9": 2, "into 2": 1, "IS 4": 2, "v2": 1,
	} {
		if got := values(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}

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

package filter

import (
	"slices"
	"testing"
)

func TestFieldsAndNearest(t *testing.T) {
	e, err := Parse(`b = 1 and (not has a or "" != 2) and b in (3)`)
	if err != nil || !slices.Equal(e.Fields(), []string{"", "a", "b"}) {
		t.Errorf("%q, %v", e.Fields(), err)
	}
	known := []string{"author.name", "changed", "lang", "year"}
	for name, want := range map[string]string{"yaer": "year", "Lang": "lang", "name": "author.name", "author": "author.name", "chnged": "changed", "x": "", "secret": "", "": ""} {
		if got := Nearest(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

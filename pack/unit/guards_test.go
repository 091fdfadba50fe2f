package unit

import "testing"

func TestAnaphors(t *testing.T) {
	for s, want := range map[string]bool{
		"It also runs.": true, "However, they left.": true, "This is so.": true, "That's why.": true, "For this, he came.": true, "Its colour is red.": true,
		"Italy is a country.": false, "Theory says so.": false, "That gate is old.": false, "However hard.": false, "We left.": false, "": false,
	} {
		if anaphor.MatchString(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}

package suggest

import (
	"testing"

	"github.com/tamis-search/tamis/text"
)

// Headings that say nothing are not offered.
func TestHollow(t *testing.T) {
	an, err := text.NewAnalyzer("english")
	if err != nil {
		t.Fatal(err)
	}
	g := &suggester{an: an}
	for _, heading := range []string{"SYNOPSIS", "Description", "Notes:", "Return value", "Notes on locking"} {
		g.add(&candidate{Suggestion: Suggestion{Text: heading}})
	}
	if len(g.all) != 1 || g.all[0].Text != "Notes on locking" {
		t.Errorf("%d headings are offered, want the one that says something", len(g.all))
	}
}

package markdown

import (
	"math/rand/v2"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/filter"
)

// TestAccessListBesideAnything: a line that states an access list is never lost,
// whatever stands beside it.
func TestAccessListBesideAnything(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	lines := []string{"a: b", "a: b: c", "- x", "  - x", "\t- x", "b: [1, 2", "]", "c: {", "d: |", "  text", "", "# note", "e: *z", "f: &z 1", "? g", ": h", "%YAML 1.2",
		"!!x y", "@i", "`j", "k: 'l", "Groups: x", "groups:", "<<: m", "\x00", "n:", "  groups: [other]", "{o: p}", "\u2028"}
	for range 3000 {
		text := "---\n"
		at, n := r.IntN(4), r.IntN(5)
		for i := range max(at, n) + 1 {
			if i == at {
				text += "groups: [staff]\n"
			} else {
				text += lines[r.IntN(len(lines))] + "\n"
			}
		}
		d := corpus.Document{}
		frontMatter(&d, text+"---\nText.\n")
		f := filter.Fields{}
		f.Set("groups", d.Metadata["groups"])
		if filter.Visible(nil).Match(f) || filter.Visible([]string{"other", "x"}).Match(f) {
			t.Fatalf("%q is seen by others: %v", text, d.Metadata)
		}
		if !filter.Visible([]string{"staff"}).Match(f) && len(d.Warnings) == 0 {
			t.Fatalf("%q is not seen by staff, and nobody is told", text)
		}
	}
}

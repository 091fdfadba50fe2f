package markup

import (
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// TestAsides: what notes are called stands with what they say, however manuals lay it out; a word
// by itself that nothing follows stays.
func TestAsides(t *testing.T) {
	const says = "Ownership that was changed by hand is reset by the next upgrade of the package."
	for layout, page := range map[string]string{
		"DocBook, a table":   `<div class="caution"><table><tr><td rowspan=2><img alt="[Caution]"></td><th align="left">Caution</th></tr><tr><td><p>` + says + `</p></td></tr></table></div>`,
		"DocBook, a heading": `<div class="caution"><h3 class="title">Caution</h3><p>` + says + `</p></div>`,
		"Sphinx":             `<div class="admonition caution"><p class="admonition-title">Caution</p><p>` + says + `</p></div>`,
		"with a colon":       `<p><b>Caution:</b></p><p>` + says + `</p>`,
		"in capitals":        `<div><span>CAUTION</span></div><div>` + says + `</div>`,
	} {
		var d corpus.Document
		src := "<html><body><h1>Packages</h1><p>A package owns the files that it brings, and says so when asked.</p>" + page + "<p>That is all there is to it, and it is as true of folders.</p></body></html>"
		if err := Whole(t.Context(), &d, src); err != nil {
			t.Fatal(err)
		}
		var found *corpus.Block
		for i, b := range d.Blocks {
			text := d.Source[b.Start:b.End]
			if format.IsAside(text) {
				t.Errorf("%s: %q stands by itself", layout, text)
			}
			if strings.Contains(text, says) {
				found = &d.Blocks[i]
			}
		}
		if found == nil || !strings.EqualFold(strings.TrimSuffix(strings.Fields(d.Source[found.Start:])[0], ":"), "caution") || found.Kind != corpus.Paragraph && found.Kind != corpus.TableRow {
			t.Fatalf("%s: %+v in %q", layout, found, d.Source)
		}
		if in := src[found.FileStart:found.FileEnd]; !strings.HasPrefix(strings.ToLower(in), "caution") || !strings.HasSuffix(in, says) {
			t.Errorf("%s: the file has %q", layout, in)
		}
	}
	var d corpus.Document
	if err := Whole(t.Context(), &d, "<h1>Words</h1><p>One that is often said:</p><p>Note</p><h2>More</h2><p>Tip</p>"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(d.Source, "Note") || !strings.HasSuffix(d.Source, "Tip") {
		t.Errorf("%q", d.Source)
	}
}

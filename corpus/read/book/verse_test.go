package book

import (
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/markup"
)

// TestVerses: lines of a stanza are counted, paragraphs of talk are none.
func TestVerses(t *testing.T) {
	for _, c := range []struct {
		src  string
		want string // the blocks, those of one stanza joined by a slash
	}{
		{`<div class="lg"><div>The tide went out</div><div>and took the <i>boats</i></div><!-- x --><div id="n">that nobody had tied.</div></div><div>Alone.</div>`, "The tide went out/and took the boats/that nobody had tied.|Alone."},
		{`<p class="verse">Rain.</p> <p class="verse">More rain.</p><p class="verse">Then snow.</p>`, "Rain./More rain./Then snow."},
		{`<p>“Rain?”</p><p>“More rain.”</p><p>No one spoke</p>`, "“Rain?”|“More rain.”|No one spoke"},
		{`<div>He came.</div><div>He looked around.</div><div>He left.</div>`, "He came.|He looked around.|He left."},
		{`<div>a line</div><div>` + strings.Repeat("long ", 30) + `</div><div>a line</div>`, "a line|" + strings.TrimSpace(strings.Repeat("long ", 30)) + "|a line"},
		{`<blockquote><div>one line</div><div>another line</div></blockquote><div>text after</div>`, "one line/another line|text after"},
	} {
		var d corpus.Document
		if err := markup.Whole(t.Context(), &d, c.src); err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := 0; i < len(d.Blocks); {
			n := verses(&d, c.src, i)
			var lines []string
			for ; n > 0; n-- {
				lines = append(lines, d.Source[d.Blocks[i].Start:d.Blocks[i].End])
				i++
			}
			got = append(got, strings.Join(lines, "/"))
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%s\ngives %q, want %q", c.src, s, c.want)
		}
	}
}

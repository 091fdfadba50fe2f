package markdown

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
)

// TestHTMLHeadings: headings in HTML, as pages that are centred have, are headings.
func TestHTMLHeadings(t *testing.T) {
	for src, want := range map[string]string{
		"<h1 align=\"center\">Fastify &amp; <em>friends</em></h1>\n\n## Decorators\n\nText.": "1 Fastify & friends|2 Decorators|- Text.",
		"<h1>Head</h1>\n<p>said at once</p>\n\nText.":                                        "1 Head|- <p>said at once</p>|- Text.",
		"<div align=\"center\">\n  <h2>Boxed</h2>\n</div>\n\nText.":                          "2 Boxed|- Text.",
		"<h1><img src=\"logo.png\"></h1>\n\nText.":                                           "- Text.",
		"<h1>Half</h2>\n\nText.":                                                             "- <h1>Half</h2>|- Text.",
		"<p>A <h1>b</h1></p>":                                                                "- <p>A <h1>b</h1></p>",
	} {
		var got []string
		for _, b := range Blocks(src) {
			if b.Kind == corpus.Heading {
				got = append(got, fmt.Sprintf("%d %s", b.Level, b.Label))
			} else {
				got = append(got, "- "+src[b.Start:b.End])
			}
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q, want %q", src, strings.Join(got, "|"), want)
		}
	}
}

// TestContents: entries of a page's table of contents are no text of it; links that say more are.
func TestContents(t *testing.T) {
	src := "# Page\n\n1. [Rules](#rules)\n   - [Of the house](#of-the-house)\n2. [Team](#team) <!-- nobody -->\n3. [Team](#team): who it is.\n4. [Other](other.md)\n\n[Alone](#rules)\n\n## Rules\n\nText."
	var got []string
	for _, b := range Blocks(src) {
		got = append(got, src[b.Start:b.End])
	}
	if want := "# Page|3. [Team](#team): who it is.|4. [Other](other.md)|## Rules|Text."; strings.Join(got, "|") != want {
		t.Errorf("%q", got)
	}
}

package tamis_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
)

// TestPlaces: hits and spans name the line of the file at which they begin.
func TestPlaces(t *testing.T) {
	ix, f := open(t, t.TempDir()), newFolder(t)
	var long strings.Builder
	for i := range 9000 {
		fmt.Fprintf(&long, "Line %d of the log names thing%d.\n", i+1, i+1)
		if i%7 == 0 {
			long.WriteString("\n")
		}
	}
	f.write("long.txt", long.String())
	f.write("notes.md", "---", "title: Notes", "---", "", "# Walrus", "", "Text of", "three lines about", "the walrus colony.", "", "```", "code", "walrusCode()", "```")
	f.write("page.html", "<html><body>", "<p>Nothing here.", "<p>The otter", "swims.", "</body></html>")
	f.write("r.jsonl", "", record("one", "A zebra.\\nA second line of the zebra."), record("two", "A yak."))
	z, err := os.Create(f.path("zipped.txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	w := gzip.NewWriter(z)
	fmt.Fprint(w, "one\n\ntwo\n\nAn ibis.\n")
	if err := w.Close(); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	f.index(ix, [5]int{6})
	// want is the line of a byte, nil for that after the line breaks before it.
	line := func(query, doc string, want func(at int) int) {
		t.Helper()
		res, err := ix.Search(t.Context(), tamis.Query{Text: query, K: 1})
		if err != nil || len(res.Hits) != 1 {
			t.Fatal(res, err)
		}
		c, err := ix.Context(t.Context(), query, tamis.Budget{Tokens: 60})
		if err != nil || len(c.Spans) == 0 {
			t.Fatal(c, err)
		}
		source, err := ix.Source(t.Context(), res.Hits[0].Doc, tamis.Scope{})
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = func(at int) int { return 1 + strings.Count(source[:at], "\n") }
		}
		check := func(of string, start int, p tamis.Place) {
			if filepath.Base(of) == doc && (p != tamis.Place{Line: want(start)}) {
				t.Errorf("%s: %s at %d is at %+v, want line %d", query, of, start, p, want(start))
			}
		}
		check(res.Hits[0].Doc, res.Hits[0].Start, res.Hits[0].Place)
		seen := false
		for _, s := range c.Spans {
			check(s.Doc, s.Start, s.Place)
			seen = seen || filepath.Base(s.Doc) == doc
		}
		if !seen || filepath.Base(res.Hits[0].Doc) != doc {
			t.Errorf("%s does not find %s", query, doc)
		}
	}
	at := func(n int) func(int) int { return func(int) int { return n } }
	line("thing8421", "long.txt", nil)
	line("thing20", "long.txt", nil)
	line("colony", "notes.md", nil)
	line("walrusCode", "notes.md", nil)
	line("otter swims", "page.html", func(start int) int { // of its paragraph
		if start < len("Nothing here.") {
			return 2
		}
		return 3
	})
	line("zebra", "one", at(2))
	line("ibis", "zipped.txt.gz", nil)
	res, err := ix.Search(t.Context(), tamis.Query{Text: "thing8421", K: 1})
	if err != nil {
		t.Fatal(err)
	}
	if p := res.Hits[0].Place; p.Line < 9000 {
		t.Errorf("the hit is at %+v", p)
	}
	// A record that moves to another line is not indexed again, and is found there.
	f.write("r.jsonl", record("new", "A llama."), "", "", record("two", "A yak."), record("one", "A zebra.\\nA second line of the zebra."))
	f.index(ix, [5]int{1, 0, 6, 0, 0})
	line("zebra", "one", at(5))
	line("yak", "two", at(4))
	clean(t, ix, 7)
	// A document that a program made has no place.
	add(t, ix, tamis.Document{ID: "made", Source: "A gnu."})
	res, err = ix.Search(t.Context(), tamis.Query{Text: "gnu", K: 1})
	if err != nil || !res.Hits[0].Place.IsZero() {
		t.Errorf("%+v, %v", res, err)
	}
	if b, err := json.Marshal(res.Hits[0]); err != nil || strings.Contains(string(b), "place") {
		t.Errorf("%s, %v", b, err)
	}
	// Deleting leaves nothing behind.
	f.remove("r.jsonl")
	f.index(ix, [5]int{0, 0, 4, 3, 0})
	clean(t, ix, 5)
}

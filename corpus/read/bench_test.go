package read

import (
	"go/build"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
)

// TestGoTree reads and splits part of the Go installation: real files of
// several kinds.
func TestGoTree(t *testing.T) {
	root := filepath.Join(build.Default.GOROOT, "src", "net")
	if _, err := os.Stat(root); err != nil {
		t.Skip("no Go sources:", root)
	}
	docs, _ := readAll(t, Options{}, root, root)
	if len(docs) < 100 {
		t.Fatalf("%d documents", len(docs))
	}
	for id, d := range docs {
		at, covered := 0, 0
		for _, p := range split.Split(&d, split.Options{}) {
			if p.Start != at {
				t.Fatalf("%s: passage starts at %d, want %d", id, p.Start, at)
			}
			at = p.End
			for _, s := range p.Sentences {
				// Blocks of code leave nothing out.
				if gap := d.Source[covered:s.Start]; d.Type == "code" && strings.TrimSpace(gap) != "" {
					t.Fatalf("%s: %q is in no sentence", id, gap)
				}
				covered = s.End
			}
		}
		if at != len(d.Source) {
			t.Fatalf("%s: passages end at %d of %d", id, at, len(d.Source))
		}
	}
}

func BenchmarkRead(b *testing.B) {
	md := strings.Repeat("# Heading\n\nThe tamis is a *fine* sieve with `code`\nand a [link](http://example.com/x).\n\n- one item\n- two items\n\n```go\nfunc f() {}\n```\n\n", 3000)
	html := "<html><body><main>" + strings.Repeat("<h2>Heading</h2>\n<p>The tamis is a <em>fine</em> sieve &amp; more\nof the same.</p><ul><li>one</li><li>two</li></ul>\n<table><tr><td>a</td><td>b</td></tr></table>\n", 3000) + "</main>"
	code := strings.Repeat("def f(x):\n    if x > 3:\n        return x * 2\n\n    return 0\n\n\n", 8000)
	gosrc := "package a\n" + strings.Repeat("\n// F does it.\nfunc F(x int) int {\n\tif x > 3 {\n\t\treturn x * 2\n\t}\n\treturn 0\n}\n", 6000)
	jsonl := ""
	{
		var s strings.Builder
		for i := range 3000 {
			s.WriteString(`{"_id": "` + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/182) + `", "title": "A title", "text": "` + strings.Repeat("The tamis is a fine sieve. ", 20) + "\"}\n")
		}
		jsonl = s.String()
	}
	for _, c := range []struct{ name, body string }{{"a.md", md}, {"a.html", html}, {"a.py", code}, {"a.go", gosrc}, {"a.jsonl", jsonl}, {"a.txt", md}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.body)))
			b.ReportAllocs()
			for b.Loop() {
				r := New(Options{})
				var last corpus.Document
				for d := range r.Documents(b.Context(), &File{Path: "/" + c.name, data: c.body, kept: true, hashed: true}) {
					last = d
				}
				_ = last
			}
		})
	}
}

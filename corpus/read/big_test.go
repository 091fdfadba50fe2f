package read

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus/split"
)

// TestLargeLine reads and splits a file of one long line: 1 MiB, or 200 MiB with
// TAMIS_LARGE=1.
func TestLargeLine(t *testing.T) {
	n := 1 << 20
	if os.Getenv("TAMIS_LARGE") == "1" {
		n = 200 << 20
	}
	for name, word := range map[string]string{"words.txt": "some words that go on, and on ", "minified.js": "a=b;f(x){y};", "page.html": "<b>x</b> y ", "mark.md": "some *words* ", "row.csv": "a,b,"} {
		path := filepath.Join(t.TempDir(), name)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w := bufio.NewWriter(f)
		chunk := strings.Repeat(word, 1000)
		for size := 0; size < n; size += len(chunk) {
			w.WriteString(chunk)
		}
		w.Flush()
		f.Close()
		docs, skipped := readAll(t, Options{}, filepath.Dir(path), path)
		if len(docs) != 1 {
			t.Fatalf("%s: %d documents, skipped %q", name, len(docs), skipped)
		}
		d := docs[name]
		if ps := split.Split(&d, split.Options{}); ps[len(ps)-1].End != len(d.Source) {
			t.Errorf("%s: passages do not reach the end", name)
		}
		os.Remove(path)
	}
}

package read

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/role"
)

// TestCopies: of a page in two formats the HTML is documentation and the other its
// copy, where both are read and the words are the same.
func TestCopies(t *testing.T) {
	words := strings.Fields(`miller grinds wheat between stones which turning water drives through wooden gears until flour falls into sacks below floor`)
	var b strings.Builder
	for i := range 200 {
		b.WriteString("When the " + words[i*7%len(words)] + " is " + words[i*3%len(words)] + ".\n")
	}
	text := b.String()
	page := "<h1>Mill</h1><p>" + text
	other := "<h1>Other</h1><p>" + strings.Repeat("Nothing about it here. ", 50)
	dir := tree(t, map[string]string{
		"a.md": text, "a.html": page,
		"b.txt": text, "b.html": other,
		"c.rst": text, "sub/c.html": page,
		"lib/d.html": page, "_sources/lib/d.rst.txt": text,
		"e.md": text, "e.html": page, ".gitignore": "e.html\n",
		"f.1.txt": text, "f.1.html": page,
		"g.go": "package g\n", "g.html": page,
		"short.txt": "Mill.\n", "short.html": page,
	})
	copies := map[string]bool{"a.md": true, "_sources/lib/d.rst.txt": true, "f.1.txt": true}
	r := New(Options{})
	var files []*File
	for f, err := range r.Files(dir) {
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	var docs []corpus.Document
	for _, f := range files {
		for d, err := range r.Documents(t.Context(), f) {
			if err != nil {
				t.Fatal(err)
			}
			docs = append(docs, d)
		}
	}
	for _, d := range docs {
		name, _ := filepath.Rel(dir, d.Path)
		if name = filepath.ToSlash(name); (d.Role == role.Copy) != copies[name] {
			t.Errorf("%s: role %s", name, d.Role)
		}
		delete(copies, name)
	}
	if len(copies) > 0 {
		t.Errorf("not read: %v", copies)
	}
}

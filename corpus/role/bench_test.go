package role_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/role"
	"github.com/tamis-search/tamis/internal/gosrc"
)

// BenchmarkOf tells the roles of the sources of Go's net/http.
func BenchmarkOf(b *testing.B) {
	root, err := gosrc.Root()
	if err != nil {
		b.Skip(err)
	}
	files, _ := filepath.Glob(filepath.Join(root, "src", "net", "http", "*.go"))
	docs := map[string]*corpus.Document{}
	n := int64(0)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		docs[filepath.Base(f)] = &corpus.Document{Type: "go", Lang: "go", Source: string(text)}
		n += int64(len(text))
	}
	b.SetBytes(n)
	for b.Loop() {
		for name, d := range docs {
			role.Of(d, name)
		}
	}
}

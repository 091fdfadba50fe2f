package role_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/role"
)

// BenchmarkOf tells the roles of the sources of Go's net/http.
func BenchmarkOf(b *testing.B) {
	files, _ := filepath.Glob(filepath.Join(runtime.GOROOT(), "src", "net", "http", "*.go"))
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

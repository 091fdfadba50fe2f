package text

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// goSource returns up to limit bytes of the Go installation's own sources and
// documents: prose in comments, identifiers, numbers.
func goSource(t testing.TB, limit int) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(filepath.Join(runtime.GOROOT(), "src"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || b.Len() >= limit {
			return filepath.SkipAll
		}
		if filepath.Ext(path) == ".go" || filepath.Ext(path) == ".md" {
			data, err := os.ReadFile(path)
			if err == nil {
				b.Write(data)
			}
		}
		return nil
	})
	if err != nil || b.Len() == 0 {
		t.Skipf("no Go sources under %s", runtime.GOROOT())
	}
	return b.String()[:min(limit, b.Len())]
}

// BenchmarkTerms analyses Go sources; the cache is warm but for the first round.
func BenchmarkTerms(b *testing.B) {
	s := goSource(b, 16<<20)
	for _, name := range []string{"english", "lucene-english", "code", "simple", "german"} {
		b.Run(name, func(b *testing.B) {
			a, err := NewAnalyzer(name)
			if err != nil {
				b.Fatal(err)
			}
			var dst []string
			b.SetBytes(int64(len(s)))
			b.ReportAllocs()
			for b.Loop() {
				dst = dst[:0]
				// In pieces, as an index gets them.
				for p := s; len(p) > 0; {
					n := min(1200, len(p))
					dst = a.Terms(dst[:0], p[:n])
					p = p[n:]
				}
			}
		})
	}
}

// BenchmarkCold analyses the same with an empty cache.
func BenchmarkCold(b *testing.B) {
	s := goSource(b, 64<<20)
	for _, name := range []string{"english", "lucene-english", "code"} {
		b.Run(name, func(b *testing.B) {
			a, err := NewAnalyzer(name)
			if err != nil {
				b.Fatal(err)
			}
			var dst []string
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				dst = a.Clone().Terms(dst[:0], s)
			}
			b.ReportMetric(float64(len(dst)), "terms")
		})
	}
}

func BenchmarkEach(b *testing.B) {
	s := goSource(b, 16<<20)
	a, err := NewAnalyzer("english")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(s)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		a.Each(s, func(_ string, start, end int) { n += end - start })
	}
}

func BenchmarkDetectLanguage(b *testing.B) {
	s := goSource(b, 16<<10)
	b.SetBytes(detectBytes)
	b.ReportAllocs()
	for b.Loop() {
		DetectLanguage(s)
	}
}

package text

import (
	"slices"
	"testing"

	"github.com/tamis-search/tamis/internal/gosrc"
)

// pieces returns every step-th piece of the gosrc corpus: prose in comments,
// identifiers, numbers.
func pieces(b *testing.B, step int) (texts []string, size int64) {
	b.Helper()
	root, err := gosrc.Root()
	if err != nil {
		b.Skip(err)
	}
	n := 0
	for p, err := range gosrc.Pieces(root) {
		if err != nil {
			b.Fatal(err)
		}
		if n++; n%step == 0 {
			texts = append(texts, p.Text)
			size += int64(len(p.Text))
		}
	}
	return slices.Clip(texts), size
}

// BenchmarkTerms analyses a tenth of gosrc; the cache is warm but for the first
// round.
func BenchmarkTerms(b *testing.B) {
	texts, size := pieces(b, 10)
	for _, name := range []string{"english", "lucene-english", "code", "simple", "german"} {
		b.Run(name, func(b *testing.B) {
			a, err := NewAnalyzer(name)
			if err != nil {
				b.Fatal(err)
			}
			var dst []string
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				for _, s := range texts {
					dst = a.Terms(dst[:0], s)
				}
			}
		})
	}
}

// BenchmarkGosrc analyses the whole of gosrc with an empty cache, as building
// its index does.
func BenchmarkGosrc(b *testing.B) {
	texts, size := pieces(b, 1)
	for _, name := range []string{"english", "lucene-english", "code"} {
		b.Run(name, func(b *testing.B) {
			a, err := NewAnalyzer(name)
			if err != nil {
				b.Fatal(err)
			}
			var dst []string
			b.SetBytes(size)
			for b.Loop() {
				fresh := a.Clone()
				for _, s := range texts {
					dst = fresh.Terms(dst[:0], s)
				}
			}
		})
	}
}

func BenchmarkEach(b *testing.B) {
	texts, size := pieces(b, 10)
	a, err := NewAnalyzer("english")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, s := range texts {
			a.Each(s, func(_ string, start, end int) { n += end - start })
		}
	}
}

func BenchmarkDetectLanguage(b *testing.B) {
	texts, _ := pieces(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range texts {
			DetectLanguage(s)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(texts)), "ns/text")
}

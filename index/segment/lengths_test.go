package segment

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/index"
)

// TestLengths: the table of lengths says what adding up all postings says, for
// any documents, built or merged, and a segment without it says the same.
func TestLengths(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 30 {
		c := index.Config{TitleWeight: 1 + r.IntN(4), HeadingWeight: 1 + r.IntN(2), LuceneLengths: r.IntN(3) == 0}
		var parts []Part
		for range 1 + r.IntN(3) {
			b := NewBuilder(c)
			for doc := range r.IntN(12) {
				words := func(n int) (out []string) {
					for range n {
						out = append(out, fmt.Sprint("w", r.IntN(300)))
					}
					return out
				}
				title := words(r.IntN(5))
				if err := b.BeginDocument(uint64(doc+1), title, nil, 100); err != nil {
					t.Fatal(err)
				}
				var all []string
				for p := range r.IntN(5) {
					body := words(r.IntN(3000 >> r.IntN(9)))
					all = append(all, body...)
					b.AddPassage(corpus.Passage{Start: p, End: p + 1}, index.Fields{Title: title, Body: body})
				}
				b.EndDocument(index.Fields{Title: title, Headings: words(r.IntN(4)), Body: all})
			}
			data, err := b.Bytes(nil)
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, Part{Segment: open(t, data), Deleted: func(row uint32) bool { return row%3 == 1 }})
		}
		merged, _, err := Merge(c, parts)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*Segment{parts[0].Segment, open(t, merged)} {
			if err := s.CheckLengths(); err != nil {
				t.Fatal(err)
			}
			old := *s
			old.lengths = nil
			docs := slices.DeleteFunc(all(s.numDocs), func(uint32) bool { return r.IntN(2) == 0 })
			d, p := s.Lengths(docs)
			if wantD, wantP := old.Lengths(docs); d != wantD || p != wantP {
				t.Fatalf("documents %v have length %d and passages %d, want %d and %d", docs, d, p, wantD, wantP)
			}
		}
	}
}

package score

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/pack/unit"
	"github.com/tamis-search/tamis/text"
)

var lexicon = strings.Fields("river delta salt water tide bridge engine Ada Lovelace Vienna 1969 sieve a the of and résumé 東京")

// document has random sentences under a title.
func document(r *rand.Rand, an *text.Analyzer, id string, sentences int) gather.Document {
	var b strings.Builder
	for range sentences {
		for range 1 + r.IntN(25) {
			b.WriteString(lexicon[r.IntN(len(lexicon))] + " ")
		}
		b.WriteString([]string{". ", ".\n", "?\n\n"}[r.IntN(3)])
	}
	d := gather.Document{ID: id, Title: "Vienna bridge", Analyzer: an, Score: 1}
	for _, p := range split.Split(&corpus.Document{ID: id, Title: d.Title, Source: b.String()}, split.Options{}) {
		d.Passages = append(d.Passages, gather.Passage{Passage: p, Text: b.String()[p.Start:p.End]})
	}
	return d
}

// The windows slide; the oracle looks at each from scratch.
func TestWindowsAgainstOracle(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 3))
		an, err := text.NewAnalyzer("english")
		if err != nil {
			t.Fatal(err)
		}
		rd := unit.New(an.Terms(nil, "salt water river engine Vienna 1969"), func(term string) float64 { return 1 + float64(len(term)) })
		for i := range 4 {
			d := document(r, an, fmt.Sprint("doc", i), 50)
			// A gap between passages parts windows.
			if p := d.Passages; i == 0 && len(p) > 2 {
				d.Passages = append(slices.Clone(p[:1]), p[2:]...)
			}
			if err := rd.Add(&d); err != nil {
				t.Fatal(err)
			}
		}
		for _, size := range []int{0, 50, nearBytes, chapterBytes} {
			got := bm25(rd, rd.Terms, rd.Count, size, 1, bWindow)
			for i := range rd.Units {
				if want := bm25Oracle(rd, i, size, 1, bWindow); got[i] != want {
					t.Fatalf("seed %d, unit %d, window %d: %v, oracle %v", seed, i, size, got[i], want)
				}
			}
		}
	}
}

// bm25Oracle looks at the window of unit i alone.
func bm25Oracle(r *unit.Set, i, size int, title, b float64) float64 {
	n := len(r.Units)
	length := float64(size) * float64(len(r.Occ)) / float64(r.Bytes[n])
	if size == 0 {
		length = float64(len(r.Occ)) / float64(n)
	}
	length += 3 * title
	middle := r.Bytes[i] + r.Bytes[i+1]
	lo, hi := i, i+1
	for lo > 0 && !r.Units[lo].First && 2*r.Bytes[lo-1] >= middle-size {
		lo--
	}
	for hi < n && !r.Units[hi].First && 2*r.Bytes[hi+1] <= middle+size {
		hi++
	}
	d := &r.Docs[r.Units[i].Doc]
	above := d.Sections[r.Units[i].Section]
	s := 0.0
	for t, q := range r.Terms {
		tf := title * above.TF[t]
		terms := title * above.Len
		for u := lo; u < hi; u++ {
			for _, o := range r.Occ[r.Units[u].From:r.Units[u].To] {
				terms++
				if o == q.Hash {
					tf++
				}
			}
		}
		if tf > 0 {
			s += float64(q.IDF * (float64(tf*(k1+1)) / (tf + float64(k1*(1-b+float64(b*terms)/length)))))
		}
	}
	return s
}

func TestBestAgainstSort(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for n := range 200 {
		rd := &Scoring{Total: make([]float64, n)}
		for i := range rd.Total {
			rd.Total[i] = float64(r.IntN(20))
		}
		all := rd.Order()
		for _, k := range []int{1, 5, 8} {
			if got := rd.best(k); !slices.Equal(got, all[:min(k, n)]) {
				t.Fatalf("best %d of %d: %v, sorted %v", k, n, got, all[:min(k, n)])
			}
		}
	}
}

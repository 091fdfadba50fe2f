package shapes

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// A sentence that says what is asked for is lost in the mean of a long document, and found
// where sentences are what is indexed.
func TestUnits(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	sentence := func() string {
		var words []string
		for range 9 {
			words = append(words, fmt.Sprintf("w%d", rng.IntN(400)))
		}
		return "The " + strings.Join(words, " ") + "."
	}
	s := &Set{Judged: trec.Qrels{}}
	for i := range 60 {
		var all []string
		for range 60 {
			all = append(all, sentence())
		}
		s.Documents = append(s.Documents, Document{ID: fmt.Sprint("d", i), Title: "Of words", Text: strings.Join(all, " ")})
		if i < 20 {
			q := fmt.Sprint("q", i)
			s.Queries = append(s.Queries, trec.Query{ID: q, Text: all[i]})
			s.Judged[q] = map[string]int{fmt.Sprint("d", i): 1}
		}
	}
	s.Documents = append(s.Documents, Document{ID: "empty", Title: "Of nothing"})
	r, err := Measure(t.Context(), s, Options{Analyzer: "english", Units: Units(), Models: []encode.Maker{maker{vector.KindDense}, maker{vector.KindSparse}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != 3*len(Units()) {
		t.Fatalf("%d rows", len(r.Rows))
	}
	for k, row := range r.Rows {
		if row.Shape != Units()[k%len(Units())] || row.Bytes <= 0 {
			t.Errorf("%+v", row)
		}
		if row.Shape == Sentences && row.NDCG < .99 {
			t.Errorf("%s by sentences: %.3f", row.Of, row.NDCG)
		}
		if row.Shape == WholeDocument && row.Of == "dense" && row.NDCG > .8 {
			t.Errorf("by means of whole documents: %.3f", row.NDCG)
		}
	}
	if _, err := Measure(t.Context(), s, Options{Analyzer: "english", Units: Units(), Models: []encode.Maker{maker{vector.KindMulti}}}); err == nil {
		t.Error("token vectors were divided")
	}
}

// The best pieces are those of all pieces, however many of them one document has.
func TestBestPiece(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for range 200 {
		docs := 1 + rng.IntN(12)
		var of []int
		for d := range docs {
			for range 1 + rng.IntN(1+rng.IntN(60)) {
				of = append(of, d)
			}
		}
		scores := make([]float32, len(of))
		want := make([]float32, docs)
		seen := rng.Uint64()
		for i := range scores {
			scores[i] = 1 + float32(of[i]%3) + rng.Float32()
			if seen>>of[i]&1 == 1 {
				want[of[i]] = max(want[of[i]], scores[i])
			}
		}
		x := shape{mask: plain(len(of)), rank: func(_ context.Context, _, k int, mask topk.Mask) ([]topk.Hit, error) {
			return scan(len(of), k, mask, func(row int) float32 { return scores[row] }), nil
		}}.best(of, docs)
		k := 1 + rng.IntN(docs)
		got, err := x.rank(t.Context(), 0, k, x.mask(func(row uint32) bool { return seen>>row&1 == 1 }))
		if err != nil {
			t.Fatal(err)
		}
		var rows []int
		for d, s := range want {
			if s > 0 {
				rows = append(rows, d)
			}
		}
		slices.SortFunc(rows, func(a, b int) int { return cmp.Compare(want[b], want[a]) })
		rows = rows[:min(k, len(rows))]
		if len(got) != len(rows) {
			t.Fatalf("%d documents, want %d", len(got), len(rows))
		}
		for i, h := range got {
			if int(h.Row.Row) != rows[i] || h.Score != want[rows[i]] {
				t.Fatalf("%v, want %v", got, rows)
			}
		}
	}
}

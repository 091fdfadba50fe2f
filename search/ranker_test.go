package search

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/internal/neardup"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// TestVectorsOfUnits: vectors of documents and of passages rank the rows that they
// stand for, among those that can be seen, over segments of which some have none.
func TestVectorsOfUnits(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 4))
	fields := map[string]vector.Field{"docs": {}, "parts": {Unit: vector.Passages}}
	random := func() vector.Sparse {
		var v vector.Sparse
		for term := range uint32(12) {
			if rng.IntN(3) == 0 {
				v.Terms, v.Weights = append(v.Terms, term), append(v.Weights, float32(1+rng.IntN(3)))
			}
		}
		return v
	}
	for range 20 {
		query := random()
		hidden := func(doc uint32) bool { return doc%5 == 3 }
		sources, want := map[string][]VectorSource{}, map[string][]topk.Hit{}
		for at := range 4 {
			b := segment.NewBuilder(index.Config{})
			passages := uint32(0)
			give := func(field string, row, doc uint32, add func(string, vector.Value)) {
				v := random()
				if v.Len() == 0 || rng.IntN(3) == 0 || at == 1 {
					return
				}
				add(field, v)
				if score := vector.Dot(query, v); score > 0 && !hidden(doc) {
					want[field] = append(want[field], topk.Hit{Row: topk.Row{Segment: at, Row: row}, Score: score})
				}
			}
			for doc := range uint32(rng.IntN(30)) {
				if err := b.BeginDocument(uint64(doc), nil, nil, 100); err != nil {
					t.Fatal(err)
				}
				for range rng.IntN(4) {
					b.AddPassage(corpus.Passage{}, index.Fields{Body: []string{"x"}})
					give("parts", passages, doc, b.AddPassageVector)
					passages++
				}
				b.EndDocument(index.Fields{})
				give("docs", doc, doc, b.AddVector)
			}
			data, err := b.Bytes(fields)
			if err != nil {
				t.Fatal(err)
			}
			s, err := segment.Open(data)
			if err != nil {
				t.Fatal(err)
			}
			for field := range fields {
				if v := s.Vectors(field); v != nil {
					mask := v.Sparse.Mask(func(row uint32) bool { return !hidden(v.Document(row)) })
					sources[field] = append(sources[field], VectorSource{Segment: at, Vectors: v, Visible: mask})
				}
			}
		}
		for field := range fields {
			for _, k := range []int{1, 5, math.MaxInt} {
				ranker := Vectors{Sources: sources[field], Query: query, Recall: 1}
				got, err := ranker.Rank(t.Context(), k)
				if best := topk.Best(slices.Clone(want[field]), k); err != nil || !slices.Equal(got.Hits, best) || !got.Exact || got.Recall != 1 {
					t.Fatalf("%s, k %d: %v, %v, want %v", field, k, got, err, best)
				}
			}
		}
	}
}

// TestRankersObeyContexts: a cancelled question is not answered.
func TestRankersObeyContexts(t *testing.T) {
	b := segment.NewBuilder(index.Config{})
	if err := b.BeginDocument(1, nil, nil, 10); err != nil {
		t.Fatal(err)
	}
	b.EndDocument(index.Fields{Body: []string{"x"}})
	v := vector.Sparse{Terms: []uint32{3}, Weights: []float32{1}}
	b.AddVector("v", v)
	data, err := b.Bytes(map[string]vector.Field{"v": {}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := segment.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	sources := []Source{{Inverted: s.Documents()}}
	text := &Text{Sources: sources, Terms: []Term{{Text: "x", Weight: 1}}, Stats: StatsOf(sources, []string{"x"}), Params: DefaultParams()}
	bad := *text
	bad.Params.B = float32(math.NaN()) // bounds mean nothing: everything is scored
	other := Vectors{Sources: []VectorSource{{Vectors: s.Vectors("v")}}, Query: vector.Dense{1}}
	if _, err := other.Rank(t.Context(), 10); !errors.Is(err, vector.ErrKind) {
		t.Errorf("a dense query of sparse vectors: %v", err)
	}
	vectors := &Vectors{Sources: []VectorSource{{Vectors: s.Vectors("v")}}, Query: v, Recall: 1}
	shingles := func(topk.Hit) ([]uint64, error) { return nil, nil }
	for name, ranker := range map[string]Ranker{"text": text, "exhaustive": &bad, "vectors": vectors, "folded": &Folded{Of: text, Shingles: shingles}} {
		if r, err := ranker.Rank(t.Context(), 10); err != nil || name != "exhaustive" && len(r.Hits) != 1 {
			t.Fatalf("%s: %v, %v", name, r, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if r, err := ranker.Rank(ctx, 10); !errors.Is(err, context.Canceled) || len(r.Hits) > 0 {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}

// list ranks what it is, with fewer hits and less recall the fewer are asked for.
type list []topk.Hit

func (l list) Rank(_ context.Context, k int) (topk.Ranking, error) {
	n := min(k, len(l))
	return topk.Ranking{Hits: l[:n], Exact: k > 3, Recall: float32(n) / float32(len(l))}, nil
}

// TestFolded: the first of those alike stays, whatever k is; a ranking is worth what
// the least of those is that it was made from.
func TestFolded(t *testing.T) {
	var hits list
	for row := range uint32(40) {
		hits = append(hits, topk.Hit{Row: topk.Row{Row: row}, Score: float32(100 - row)})
	}
	asked := map[uint32]int{}
	f := &Folded{Of: hits, Shingles: func(h topk.Hit) ([]uint64, error) {
		asked[h.Row.Row]++
		if h.Row.Row == 39 {
			return nil, nil // too short to be like another
		}
		same := h.Row.Row / 10 // ten rows share a text
		return neardup.Shingles(8, func(i int) uint64 { return uint64(same)*100 + uint64(i) }), nil
	}}
	for k, want := range map[int][]uint32{1: {0}, 2: {0, 10}, 4: {0, 10, 20, 30}, 5: {0, 10, 20, 30, 39}, 40: {0, 10, 20, 30, 39}, math.MaxInt: {0, 10, 20, 30, 39}, 0: nil} {
		clear(asked)
		r, err := f.Rank(t.Context(), k)
		var got []uint32
		for _, h := range r.Hits {
			got = append(got, h.Row.Row)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("k %d: rows %v, %v, want %v", k, got, err, want)
		}
		for row, n := range asked {
			if n != 1 {
				t.Errorf("k %d: row %d was read %d times", k, row, n)
			}
		}
		if k == 1 && (r.Exact || r.Recall != .05) || k == 40 && (!r.Exact || r.Recall != 1) {
			t.Errorf("k %d: exact %v, recall %g", k, r.Exact, r.Recall)
		}
	}
	f.Shingles = func(topk.Hit) ([]uint64, error) { return nil, fmt.Errorf("gone") }
	if _, err := f.Rank(t.Context(), 1); err == nil {
		t.Error("a text that cannot be read is no error")
	}
}

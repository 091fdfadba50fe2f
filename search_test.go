package tamis_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/vector"
)

// folding is an index in which documents repeat one another, by text and by vector.
func folding(t *testing.T) *tamis.Index {
	t.Helper()
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	var docs []tamis.Document
	for i := range 12 {
		text := fmt.Sprintf("The sieve number %d keeps the fine grains and lets the water go through it.", i/3)
		docs = append(docs, tamis.Document{ID: fmt.Sprint(i), Title: fmt.Sprint("title ", i), Source: text, Vectors: map[string]tamis.Vector{"vector": tamis.Sparse{"sieve": float32(1 + i/3)}}})
	}
	add(t, ix, docs...)
	return ix
}

// TestHugeK: as many hits as there can be, folded or not, by text or by vector.
func TestHugeK(t *testing.T) {
	ix := folding(t)
	for _, q := range []tamis.Query{{Text: "sieve"}, {Text: "sieve", Unit: tamis.Documents}, {Vector: tamis.Sparse{"sieve": 1}}} {
		for _, k := range []int{12, 1 << 20, math.MaxInt/2 + 1, math.MaxInt} {
			for fold, want := range map[bool]int{false: 12, true: 4} {
				q.K, q.Fold = k, fold
				res, err := ix.Search(t.Context(), q)
				if err != nil || len(res.Hits) != want || res.K != k {
					t.Errorf("%+v: %d hits, %v, want %d", q, len(res.Hits), err, want)
				}
			}
		}
	}
}

// TestFoldIDsOnly: folding leaves the same hits with ids only, and no text in them.
func TestFoldIDsOnly(t *testing.T) {
	ix := folding(t)
	for _, q := range []tamis.Query{{Text: "sieve", Fold: true}, {Text: "sieve", Unit: tamis.Documents, Fold: true}, {Vector: tamis.Sparse{"sieve": 1}, Fold: true}} {
		whole, err := ix.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		q.IDsOnly = true
		ids, err := ix.Search(t.Context(), q)
		if err != nil || len(ids.Hits) != 4 || len(whole.Hits) != 4 {
			t.Fatalf("%d and %d hits, %v", len(whole.Hits), len(ids.Hits), err)
		}
		for i, h := range ids.Hits {
			if w := whole.Hits[i]; h.Doc != w.Doc || h.Score != w.Score || h.Rank != i+1 || w.Text == "" || w.Title == "" {
				t.Errorf("hit %d is %+v, whole %+v", i, h, w)
			}
			if h.Text != "" || h.Title != "" || h.Path != "" || h.Headings != nil || h.Metadata != nil {
				t.Errorf("hit %d of ids only is %+v", i, h)
			}
		}
	}
}

// TestExactIsSaid: a search says that it is approximate where it takes a shortcut,
// and what that is worth; all others are exact.
func TestExactIsSaid(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is shared: without the race detector")
	}
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	rng := rand.New(rand.NewPCG(14, 5))
	topics := make([][]string, 200)
	for i := range topics {
		for range 12 {
			topics[i] = append(topics[i], fmt.Sprint(10+rng.IntN(900)))
		}
	}
	about := func(topic int) tamis.Vector {
		v := tamis.Sparse{}
		for _, term := range topics[topic] {
			if rng.IntN(3) > 0 {
				v[term] = .1 + rng.Float32()
			}
		}
		for term := range 10 {
			if rng.IntN(12) > term {
				v[fmt.Sprint(term)] = .001 + rng.Float32()*rng.Float32()
			}
		}
		return v
	}
	const n = 9000 // more than one segment measures recalls from
	docs := make([]tamis.Document, n)
	for i := range docs {
		docs[i] = tamis.Document{ID: fmt.Sprint(i), Vectors: map[string]tamis.Vector{"vector": about(rng.IntN(len(topics)))}}
	}
	add(t, ix, docs...)
	if err := ix.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	exact, approximate := 0, 0
	found, all := 0, 0
	for i := range 20 {
		q := tamis.Query{Vector: about(i), K: 10, IDsOnly: true}
		want, err := ix.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, recall := range []float32{0, 1} {
			for _, fold := range []bool{false, true} {
				q.Recall, q.Fold = recall, fold
				res, err := ix.Search(t.Context(), q)
				if err != nil || !res.Exact || res.Recall != 1 || !fold && !slices.EqualFunc(res.Hits, want.Hits, sameHit) {
					t.Fatalf("recall %g, fold %v: exact %v, %g, %v", recall, fold, res.Exact, res.Recall, err)
				}
			}
		}
		q.Recall, q.Fold = .9, false
		res, err := ix.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if res.Recall < .9 || res.Exact != (res.Recall == 1) {
			t.Fatalf("exact %v at recall %g", res.Exact, res.Recall)
		}
		if res.Exact {
			exact++
			continue
		}
		approximate++
		all += len(want.Hits)
		for _, h := range res.Hits {
			if h.Score >= want.Hits[len(want.Hits)-1].Score {
				found++
			}
		}
		// What is asked of folding is told as well.
		q.Fold = true
		if res, err := ix.Search(t.Context(), q); err != nil || res.Exact {
			t.Fatalf("a folded search at recall .9: exact %v, %v", res.Exact, err)
		}
	}
	if approximate < 15 {
		t.Fatalf("%d searches took the shortcut, %d did not", approximate, exact)
	}
	if r := float64(found) / float64(all); r < .85 {
		t.Errorf("recall %g for .9", r)
	}
	if res, err := ix.Search(t.Context(), tamis.Query{Text: "anything"}); err != nil || !res.Exact || res.Recall != 1 {
		t.Errorf("a search by text: %+v, %v", res, err)
	}
}

func sameHit(a, b tamis.Hit) bool { return a.Doc == b.Doc && a.Score == b.Score && a.Rank == b.Rank }

// TestUnitOfVectors: what a field ranks says the field, and errors say how to ask.
func TestUnitOfVectors(t *testing.T) {
	options := tamis.Options{Vectors: map[string]tamis.VectorField{"parts": {Unit: vector.Passages}}}
	ix, err := tamis.Open("", options)
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	v := tamis.Sparse{"a": 1}
	report, err := ix.Add(t.Context(), seq(
		tamis.Document{ID: "good", Source: "A text.", Vectors: map[string]tamis.Vector{"vector": v}},
		tamis.Document{ID: "bad", Source: "A text.", Vectors: map[string]tamis.Vector{"parts": v}}))
	if err != nil || report.Added != 1 || len(report.Skipped) != 1 || !strings.Contains(report.Skipped[0].Reason, `"parts" has vectors of the unit passage`) {
		t.Fatalf("%+v, %v", report, err)
	}
	for _, q := range []tamis.Query{{Vector: v}, {Vector: v, Unit: tamis.Documents}} {
		if res, err := ix.Search(t.Context(), q); err != nil || len(res.Hits) != 1 {
			t.Errorf("%+v: %+v, %v", q, res, err)
		}
	}
	for _, q := range []tamis.Query{{Vector: v, Field: "parts"}, {Vector: v, Field: "parts", Unit: tamis.Passages}} {
		if res, err := ix.Search(t.Context(), q); err != nil || len(res.Hits) != 0 {
			t.Errorf("%+v: %+v, %v", q, res, err)
		}
	}
	for want, q := range map[string]tamis.Query{
		`field "vector" has vectors of the unit document: ask for that unit`: {Vector: v, Unit: tamis.Passages},
		`field "parts" has vectors of the unit passage: ask for that unit`:   {Vector: v, Unit: tamis.Documents, Field: "parts"},
	} {
		if _, err := ix.Search(t.Context(), q); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, f := range []tamis.VectorField{{Kind: 7}, {Unit: 9}} {
		if _, err := tamis.Open("", tamis.Options{Vectors: map[string]tamis.VectorField{"v": f}}); err == nil {
			t.Errorf("a field %+v is taken", f)
		}
	}
}

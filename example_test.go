package tamis_test

import (
	"context"
	"fmt"
	"iter"
	"log"

	"github.com/tamis-search/tamis"
)

func Example() {
	ix, err := tamis.Open("", tamis.Options{}) // "" is an index in memory
	if err != nil {
		log.Fatal(err)
	}
	defer ix.Close()
	ctx := context.Background()
	if _, err := ix.Add(ctx, documents()); err != nil {
		log.Fatal(err)
	}
	c, err := ix.Context(ctx, "How often are backups rotated?", tamis.Budget{Tokens: 15})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Text)
	again, err := ix.Replay(ctx, c, tamis.Scope{})
	fmt.Println(again == c.Text, err)
	// Output:
	// [1] Backups are rotated every nine days.
	// true <nil>
}

func ExampleOpen() {
	ix, err := tamis.Open("", tamis.Options{Language: "german"})
	if err != nil {
		log.Fatal(err)
	}
	defer ix.Close()
	stats, err := ix.Stats()
	fmt.Println(stats.Documents, stats.Language, err)
	// Output: 0 german <nil>
}

// documents yields what is to be added; an error in the sequence is reported
// and the rest goes in.
func documents() iter.Seq2[tamis.Document, error] {
	return func(yield func(tamis.Document, error) bool) {
		for _, d := range []tamis.Document{
			{ID: "ops", Title: "Operations", Source: "The service runs on three machines. Backups are rotated every nine days."},
			{ID: "garden", Title: "Garden", Source: "Tomatoes want sun. Water them in the morning."},
		} {
			if !yield(d, nil) {
				return
			}
		}
	}
}

func ExampleIndex_Add() {
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer ix.Close()
	for range 2 {
		report, err := ix.Add(context.Background(), documents())
		fmt.Println(report.Added, report.Unchanged, err)
	}
	// Output:
	// 2 0 <nil>
	// 0 2 <nil>
}

func ExampleIndex_Search() {
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer ix.Close()
	ctx := context.Background()
	if _, err := ix.Add(ctx, documents()); err != nil {
		log.Fatal(err)
	}
	res, err := ix.Search(ctx, tamis.Query{Text: "rotating a backup", K: 3})
	if err != nil {
		log.Fatal(err)
	}
	for _, h := range res.Hits {
		fmt.Println(h.Rank, h.Doc, h.Start, h.End)
	}
	// Output: 1 ops 0 72
}

func ExampleIndex_Context() {
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer ix.Close()
	ctx := context.Background()
	if _, err := ix.Add(ctx, documents()); err != nil {
		log.Fatal(err)
	}
	c, err := ix.Context(ctx, "When should tomatoes be watered?", tamis.Budget{Tokens: 12, Counter: "words"})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range c.Spans {
		fmt.Println(s.Cite, s.Doc, s.Start, s.End)
	}
	fmt.Println(c.Tokens <= c.Budget)
	// Output:
	// 1 garden 0 45
	// true
}

// Learned sparse vectors stand beside a text or instead of it, by field.
func ExampleIndex_Search_vector() {
	ix, err := tamis.Open("", tamis.Options{Vectors: map[string]tamis.VectorField{"impacts": {Bits: 8, Max: 255}}})
	if err != nil {
		log.Fatal(err)
	}
	defer ix.Close()
	ctx := context.Background()
	docs := func(yield func(tamis.Document, error) bool) {
		_ = yield(tamis.Document{ID: "a", Source: "A fine sieve.", Vectors: map[string]tamis.Vector{"impacts": tamis.Sparse{"sieve": 96, "fine": 40}}}, nil) &&
			yield(tamis.Document{ID: "b", Vectors: map[string]tamis.Vector{"impacts": tamis.Sparse{"sieve": 12}}}, nil)
	}
	if _, err := ix.Add(ctx, docs); err != nil {
		log.Fatal(err)
	}
	res, err := ix.Search(ctx, tamis.Query{Vector: tamis.Sparse{"sieve": 1, "mesh": 2}, Field: "impacts"})
	for _, h := range res.Hits {
		fmt.Printf("%s %g %q\n", h.Doc, h.Score, h.Text)
	}
	fmt.Println(res.Exact, err)
	// Output:
	// a 96 "A fine sieve."
	// b 12 ""
	// true <nil>
}

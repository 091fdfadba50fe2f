// Command goldenmake makes the golden index of a store format. It uses only what
// every version of tamis has; extra.go holds what a version adds.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tamis-search/tamis"
)

// Answers are what the program that wrote an index answers from it.
type Answers struct {
	Searches []Search          `json:"searches"`
	Sources  map[string]string `json:"sources"` // SHA-256 by id
	Gone     []string          `json:"gone"`    // ids that were deleted
	Contexts []*tamis.Context  `json:"contexts"`
}

type Search struct {
	Query  string             `json:"query,omitempty"`
	Unit   string             `json:"unit"`
	Filter string             `json:"filter,omitempty"`
	Field  string             `json:"field,omitempty"`
	Vector map[string]float32 `json:"vector,omitempty"`
	Hits   []Hit              `json:"hits"`
}

type Hit struct {
	Doc   string  `json:"doc"`
	Title string  `json:"title"`
	Start int     `json:"start"`
	End   int     `json:"end"`
	Score float32 `json:"score"`
	Bits  uint32  `json:"bits"` // of Score
}

const root = "/golden"

var files = map[string]string{
	"sieves.md": `---
title: Sieves of the kitchen
---
# Sieves of the kitchen

A tamis is a drum sieve. Cooks push purees through its mesh with a scraper.

## Mesh

The mesh is made of steel, nylon or horsehair. A finer mesh gives a smoother puree:

- flour passes a mesh of 0.3 mm
- berries keep their seeds on a mesh of 1 mm
- potatoes are pushed, never stirred

## Care

| part | wash | dry |
|---|---|---|
| rim | by hand | upright |
| mesh | with a brush | in the air |

Wash the sieve at once. Dried starch blocks the mesh.
`,
	"plain.txt": `The mill stands by the river. It grinds flour on Mondays and Thursdays.

The miller sieves the flour twice. What stays in the sieve goes to the hens.

In winter the river freezes, and the mill rests until the thaw comes in March.
`,
	"merge.go": `// Package merge joins sorted runs.
package merge

// Runs merges two sorted runs into one; ties go to the first run.
func Runs(a, b []int) []int {
	out := make([]int, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0] <= b[0] {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// maxFanIn is how many runs are merged at once.
const maxFanIn = 6
`,
	"records.jsonl": `{"_id": "r1", "title": "River levels", "text": "The level of the river rose by two metres after the thaw. The mill was closed.", "metadata": {"year": 2021, "tags": ["river", "weather"], "open": true}}
{"_id": "r2", "title": "Old prices", "text": "A sack of flour cost nine crowns in those years.", "metadata": {"year": 1901, "tags": ["flour"]}}
{"_id": "r3", "title": "New prices", "text": "A sack of flour costs forty crowns. The price of a sieve has not changed.", "metadata": {"year": 2022.5, "tags": ["flour", "sieve"], "open": false}}
{"_id": "r4", "text": "Segments are merged when six neighbours are of one size. Sorted runs are merged likewise.", "metadata": {"year": 2024, "place": "Zürich"}}
`,
}

// long is a text of several pieces: 16 KiB each.
func long() string {
	var b strings.Builder
	for i := range 420 {
		fmt.Fprintf(&b, "Entry %d of the log: the miller weighed %d sacks and the wind blew from the %s. ", i, (i*7919)%97, []string{"north", "east", "south", "west"}[i*i%4])
		if i%6 == 5 {
			b.WriteString("\n\n")
		}
	}
	return b.String()
}

func seq(docs ...tamis.Document) iter.Seq2[tamis.Document, error] {
	return func(yield func(tamis.Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	ctx := context.Background()
	dir, out := os.Args[1], os.Args[2]
	check(os.MkdirAll(root, 0o755))
	var paths []string
	for _, name := range []string{"sieves.md", "plain.txt", "merge.go", "records.jsonl"} {
		path := filepath.Join(root, name)
		check(os.WriteFile(path, []byte(files[name]), 0o644))
		paths = append(paths, path)
	}
	ix, err := tamis.Open(dir, options())
	check(err)
	_, err = ix.AddFiles(ctx, paths, tamis.FileOptions{})
	check(err)
	first := []tamis.Document{
		{ID: "a", Title: "Finding titles", Source: "Whoever looks for the sieves of the kitchen finds them by their title."},
		{ID: "b", Title: "Deleted later", Source: "This sieve is deleted. The mill forgets it, and so does the river."},
		{ID: "c", Title: "Replaced later", Source: "The first text of this document speaks of horsehair sieves.", Metadata: map[string]any{"year": 1999.0}},
		{ID: "log", Title: "Log of the mill", Source: long(), Metadata: map[string]any{"tags": []string{"mill", "log"}}},
		{ID: "tie1", Source: "The same words stand in two documents about thaw."},
		{ID: "tie2", Source: "The same words stand in two documents about thaw."},
	}
	vectors(first)
	_, err = ix.Add(ctx, seq(first...))
	check(err)
	check(ix.Close())

	ix, err = tamis.Open(dir, options())
	check(err)
	n, err := ix.Delete(ctx, "b", "r2")
	check(err)
	if n != 2 {
		panic(n)
	}
	second := []tamis.Document{
		{ID: "c", Title: "Replaced later", Source: "The second text of this document speaks of nylon, and of the thaw.", Metadata: map[string]any{"year": 2000.0}},
		{ID: "d", Title: "Mühle", Lang: "de", Source: "Die Mühle steht am Fluss. Der Müller siebt das Mehl zweimal."},
	}
	vectors(second)
	_, err = ix.Add(ctx, seq(second...))
	check(err)
	attach(ctx, ix)
	check(ix.Close())

	ix, err = tamis.Open(dir, options())
	check(err)
	third(ctx, ix, dir)
	a := Answers{Sources: map[string]string{}, Gone: []string{"b", "r2"}}
	if len(os.Args) > 3 {
		a.Gone = append(a.Gone, "tie1")
	}
	for _, id := range append([]string{"a", "c", "d", "log", "tie1", "tie2", "r1", "r3", "r4"}, paths[:3]...) {
		if slices.Contains(a.Gone, id) {
			continue
		}
		s, err := ix.Source(ctx, id)
		check(err)
		a.Sources[id] = fmt.Sprintf("%x", sha256.Sum256([]byte(s)))
	}
	for _, q := range []string{"sieve mesh", "flour price", "the thaw of the river", "merge sorted runs", "Finding titles", "miller weighed sacks wind", "Mühle Fluss", "maxFanIn", "horsehair", "deleted sieve", "crowns in those years"} {
		for _, u := range []string{"passage", "document"} {
			a.Searches = append(a.Searches, search(ctx, ix, Search{Query: q, Unit: u}))
		}
	}
	for _, s := range more() {
		a.Searches = append(a.Searches, search(ctx, ix, s))
	}
	for _, q := range []string{"How is the mesh of a sieve washed?", "When does the river freeze?"} {
		c, err := ix.Context(ctx, q, tamis.Budget{Tokens: 90})
		check(err)
		c.Dropped = nil
		a.Contexts = append(a.Contexts, c)
	}
	check(ix.Close())
	b, err := json.MarshalIndent(a, "", " ")
	check(err)
	check(os.WriteFile(out, append(b, '\n'), 0o644))
}

func search(ctx context.Context, ix *tamis.Index, s Search) Search {
	q := tamis.Query{Text: s.Query, K: 20, Unit: tamis.Passages}
	if s.Unit == "document" {
		q.Unit = tamis.Documents
	}
	extra(&q, s)
	r, err := ix.Search(ctx, q)
	check(err)
	s.Hits = []Hit{}
	for _, h := range r.Hits {
		s.Hits = append(s.Hits, Hit{h.Doc, h.Title, h.Start, h.End, h.Score, math.Float32bits(h.Score)})
	}
	return s
}

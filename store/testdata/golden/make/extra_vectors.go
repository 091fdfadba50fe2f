package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/tamis-search/tamis"
)

func options() tamis.Options {
	return tamis.Options{Vectors: map[string]tamis.VectorField{"exact": {}, "coarse": {Bits: 8, Max: 4}, "late": {Bits: 16, Max: 4}}}
}

// vectors gives documents vectors of their own.
func vectors(docs []tamis.Document) {
	words := []string{"sieve", "mill", "river", "thaw", "17"}
	for i := range docs {
		v := tamis.Vector{}
		for j, w := range words {
			if (i+j)%3 != 0 {
				v[w] = float32(i+1) * 0.37 / float32(j+1)
			}
		}
		docs[i].Vectors = map[string]tamis.Vector{"exact": v}
		if i%2 == 0 {
			docs[i].Vectors["coarse"] = v
		}
	}
}

// attach gives stored documents vectors of a file, and one that is new.
func attach(ctx context.Context, ix *tamis.Index) {
	path := filepath.Join(root, "vectors.jsonl")
	check(os.WriteFile(path, []byte(`{"id": "r1", "vector": {"river": 1.5, "thaw": 0.5}}
{"id": "c", "vector": {"nylon": 2.25, "thaw": 0.25}}
{"id": "`+root+`/plain.txt", "vector": {"mill": 3, "river": 1}}
{"id": "v", "contents": "Only a vector and a line of text.", "vector": {"mill": 0.125, "17": 1}}
`), 0o644))
	_, err := ix.AddVectors(ctx, path, "late")
	check(err)
}

// third leaves something in memory alone, and copies the index as a kill would
// leave it.
func third(ctx context.Context, ix *tamis.Index, dir string) {
	if len(os.Args) < 4 {
		return
	}
	ix.PauseMerging()
	_, err := ix.Add(ctx, seq(tamis.Document{ID: "late", Title: "Not yet sealed", Source: "The river rose once more, and this was written before the process died."}))
	check(err)
	_, err = ix.Delete(ctx, "tie1")
	check(err)
	check(exec.Command("cp", "-r", dir, os.Args[3]).Run())
}

func more() []Search {
	return []Search{
		{Query: "flour mill river", Unit: "document", Filter: "year >= 2021"},
		{Query: "flour mill river", Unit: "passage", Filter: `tags = "flour" or tags = "log"`},
		{Query: "sieve", Unit: "document", Filter: `type = "go" or open = false`},
		{Unit: "document", Field: "exact", Vector: map[string]float32{"sieve": 1, "thaw": 0.5, "17": 2}},
		{Unit: "document", Field: "coarse", Vector: map[string]float32{"mill": 1, "river": 0.5}},
		{Unit: "document", Field: "late", Vector: map[string]float32{"thaw": 1, "mill": 0.5, "nylon": 0.1}},
	}
}

func extra(q *tamis.Query, s Search) {
	q.Filter, q.Field = s.Filter, s.Field
	if s.Vector != nil {
		q.Vector = tamis.Vector(s.Vector)
	}
}

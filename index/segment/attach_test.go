package segment

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/tamis-search/tamis/vector"
)

// TestReplaceVectors: a segment that is given its vectors later is the one that
// was built with them.
func TestReplaceVectors(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for range 30 {
		docs := addParts(addVectors(randomDocs(r, r.IntN(20))))
		want := build(t, docs)
		with := map[string]*FieldVectors{}
		for _, field := range []string{"a", "b"} {
			if r.IntN(3) == 0 {
				continue // as it was
			}
			with[field] = &FieldVectors{}
			for i := range docs {
				if v, ok := docs[i].vectors[field]; ok {
					with[field].Add(uint32(i), v)
				}
			}
		}
		before := make([]doc, len(docs))
		for i, d := range docs {
			d.vectors = map[string]vector.Sparse{}
			for field, v := range docs[i].vectors {
				if with[field] == nil {
					d.vectors[field] = v // stays
				} else if r.IntN(2) == 0 {
					d.vectors[field] = vector.Sparse{Terms: []uint32{7}, Weights: []float32{1}}
				}
			}
			before[i] = d
		}
		got, err := ReplaceVectors(build(t, before), with, fields)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatal("the bytes are not those of a segment that had these vectors from the start")
		}
	}
}

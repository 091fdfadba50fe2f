//go:build linux

package opensearch_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/engine/enginetest"
	"github.com/tamis-search/tamis/engine/opensearch"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/internal/evaldata"
	"github.com/tamis-search/tamis/internal/nodes"
	"github.com/tamis-search/tamis/vector"
)

// open opens an empty index in a cluster.
func open(t *testing.T, c *nodes.Cluster, o opensearch.Options) *opensearch.Index {
	t.Helper()
	o.Addresses = c.Addresses()
	name := strings.ToLower(strings.NewReplacer("/", "-", "#", "-").Replace(t.Name()))
	ix, err := opensearch.Open(t.Context(), name, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ix.Drop(); err != nil {
			t.Error(err)
		}
		_ = ix.Close()
	})
	return ix
}

// TestEngine: an index in a cluster is what an embedded one is, whatever its shards.
func TestEngine(t *testing.T) {
	c := nodes.Start(t, 1)
	for _, shards := range []int{1, 3} {
		t.Run(fmt.Sprint(shards, "-shards"), func(t *testing.T) {
			enginetest.Run(t, func(t *testing.T) engine.Index { return open(t, c, opensearch.Options{Shards: shards}) })
		})
	}
}

// TestVectorFields: fields of fewer bits and of directions rank as embedded, a copy there and
// back has the vectors that its original has, and a graph finds what was asked of it.
func TestVectorFields(t *testing.T) {
	c := nodes.Start(t, 1)
	fields := map[string]tamis.VectorField{"coarse": {Bits: 8, Max: 4}, "fine": {Bits: 16, Max: 4}, "way": {Kind: vector.KindDense, Similarity: vector.Cosine}}
	embedded, err := tamis.Open("", tamis.Options{Vectors: fields})
	if err != nil {
		t.Fatal(err)
	}
	defer embedded.Close()
	r := rand.New(rand.NewPCG(1, 2))
	sparse := func() tamis.Sparse {
		v := tamis.Sparse{}
		for range 10 {
			v[fmt.Sprint("t", r.IntN(40))] = float32(r.Float64()*4 + .01)
		}
		return v
	}
	way := func() tamis.Dense {
		d := make(tamis.Dense, 16)
		for i := range d {
			d[i] = float32(r.NormFloat64())
		}
		return d
	}
	_, err = embedded.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		for i := range 150 {
			v := map[string]tamis.Vector{"coarse": sparse(), "fine": sparse(), "way": way()}
			if !yield(tamis.Document{ID: fmt.Sprint("d", i), Source: "Text.", Vectors: v}, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	ix := open(t, c, opensearch.Options{Shards: 2})
	back, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	for _, way := range [][2]engine.Index{{embedded, ix}, {ix, back}} {
		if c, err := engine.Copy(t.Context(), way[0], way[1], nil); err != nil || c.Verified != 150 {
			t.Fatalf("%+v %v", c, err)
		}
	}
	for range 8 {
		for _, q := range []tamis.Query{{Field: "coarse", Vector: sparse()}, {Field: "fine", Vector: sparse()}, {Field: "way", Vector: way()}} {
			want, err := embedded.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, of := range []engine.Index{ix, back} {
				got, err := of.Search(t.Context(), q)
				if err != nil || len(got.Hits) != len(want.Hits) || !got.Exact {
					t.Fatalf("%+v: %v", q, err)
				}
				for i, h := range got.Hits {
					if w := want.Hits[i]; math.Abs(float64(h.Score-w.Score)) > 1e-5*float64(max(1, w.Score)) || h.Doc != w.Doc {
						t.Errorf("%s: hit %d is %s with %g, embedded %s with %g", q.Field, i+1, h.Doc, h.Score, w.Doc, w.Score)
					}
				}
			}
		}
	}
	found := 0
	for range 20 {
		q := tamis.Query{Field: "way", Vector: way()}
		want, err := ix.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		q.Recall = .9
		got, err := ix.Search(t.Context(), q)
		if err != nil || got.Recall < .9 || len(got.Hits) != 10 {
			t.Fatalf("%+v %v", got, err)
		}
		for _, h := range got.Hits {
			if h.Score >= want.Hits[9].Score-1e-5 {
				found++
			}
		}
	}
	if found < 180 {
		t.Errorf("the graph finds %d of 200", found)
	}
	t.Logf("the graph finds %d of 200", found)
}

// TestQualityOverShards: with the statistics of all shards a cluster of three ranks as the
// embedded index does.
func TestQualityOverShards(t *testing.T) {
	dir := evaldata.Dir(t, "retrieval/cacm")
	c := nodes.Start(t, 1)
	embedded, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer embedded.Close()
	var got [2]float64
	for i, ix := range []engine.Index{embedded, open(t, c, opensearch.Options{Shards: 3})} {
		r := read.New(read.Options{})
		for f, err := range r.Files(filepath.Join(dir, "corpus.jsonl.gz")) {
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ix.Add(t.Context(), r.Documents(t.Context(), f)); err != nil {
				t.Fatal(err)
			}
		}
		queries, err := files.Read(filepath.Join(dir, "queries.jsonl"), trec.ReadQueries)
		if err != nil {
			t.Fatal(err)
		}
		qrels, err := files.Read(filepath.Join(dir, "qrels.txt"), trec.ReadQrels)
		if err != nil {
			t.Fatal(err)
		}
		measures, err := trec.ParseMeasures("ndcg@10")
		if err != nil {
			t.Fatal(err)
		}
		_, _, report, err := trec.Retrieval(t.Context(), queries, qrels, system.SearchDocuments(ix, tamis.Query{}, nil), 100, measures)
		if err != nil {
			t.Fatal(err)
		}
		got[i] = report.Metrics["ndcg@10"]
	}
	if math.Abs(got[0]-got[1]) > .005 {
		t.Errorf("nDCG@10 %.4f in a cluster, %.4f embedded", got[1], got[0])
	}
	t.Logf("nDCG@10 %.4f in a cluster, %.4f embedded", got[1], got[0])
}

//go:build linux

package opensearch_test

import (
	"fmt"
	"math"
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

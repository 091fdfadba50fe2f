// Command cluster compares an index in a cluster of OpenSearch with an embedded one over
// the same documents and queries: nDCG@10 by shards and statistics, and the processor time
// that a search costs this process. With -evidence it compares how much of the evidence
// contexts keep.
//
//	go run ./cluster -node http://127.0.0.1:9200 -data ../../shared/data scifact nfcorpus
//	go run ./cluster -node http://127.0.0.1:9200 -evidence -questions 100 chunking-eval
//
// With -bulk it compares how fast documents go in: through tamis, and the bodies that tamis
// sent, sent again as they are by as many plain clients as it has requests under way.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/engine/opensearch"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/eval/trec"
)

func main() {
	log.SetFlags(0)
	node := flag.String("node", "http://127.0.0.1:9200", "address of a node")
	data := flag.String("data", "../../shared/data", "folder of the evaluation data")
	contexts := flag.Bool("evidence", false, "compare contexts over evidence sets")
	questions := flag.Int("questions", 100, "how many questions of a set, at most, with -evidence")
	bulk := flag.Int("bulk", 0, "compare how fast documents go in, so many times")
	flag.Parse()
	sets := flag.Args()
	if *contexts {
		fmt.Println("set               asked, recall and difference at 256, 512, 1000, 2000 tokens; a context of 2000 embedded, over the cluster; requests a context")
		failed := false
		for _, set := range sets {
			if err := evidence(context.Background(), *node, filepath.Join(*data, "evidence", set), set, *questions); err != nil {
				failed = true
				log.Printf("%s: %v", set, err)
			}
		}
		if failed {
			os.Exit(1)
		}
		return
	}
	if len(sets) == 0 {
		sets = []string{"scifact", "nfcorpus", "cranfield", "cacm", "vaswani"}
	}
	if *bulk > 0 {
		if err := throughput(context.Background(), *node, *data, sets, *bulk); err != nil {
			log.Fatal(err)
		}
		return
	}
	fmt.Println("set        embedded  1 shard  3, all   3, own   6, all   6, own   own time of a search  embedded   wall")
	for _, set := range sets {
		if err := compare(context.Background(), *node, filepath.Join(*data, "retrieval", set), set); err != nil {
			log.Fatalf("%s: %v", set, err)
		}
	}
}

func compare(ctx context.Context, node, dir, set string) error {
	queries, err := files.Read(filepath.Join(dir, "queries.jsonl"), trec.ReadQueries)
	if err != nil {
		return err
	}
	qrels, err := files.Read(filepath.Join(dir, "qrels.txt"), trec.ReadQrels)
	if err != nil {
		return err
	}
	embedded, err := tamis.Open("", tamis.Options{})
	if err != nil {
		return err
	}
	defer embedded.Close()
	if err := fill(ctx, embedded, dir); err != nil {
		return err
	}
	of := func(ix engine.Index) (float64, error) {
		measures, err := trec.ParseMeasures("ndcg@10")
		if err != nil {
			return 0, err
		}
		_, _, report, err := trec.Retrieval(ctx, queries, qrels, system.SearchDocuments(ix, tamis.Query{}, nil), 100, measures)
		if err != nil {
			return 0, err
		}
		return report.Metrics["ndcg@10"], nil
	}
	base, err := of(embedded)
	if err != nil {
		return err
	}
	fmt.Printf("%-10s %8.4f", set, base)
	for _, c := range []struct {
		shards     int
		statistics string
	}{{1, opensearch.Global}, {3, opensearch.Global}, {3, opensearch.Shard}, {6, opensearch.Global}, {6, opensearch.Shard}} {
		o := opensearch.Options{Addresses: []string{node}, Shards: c.shards, Statistics: c.statistics}
		ix, err := opensearch.Open(ctx, fmt.Sprintf("bench-%s-%d-%s", set, c.shards, c.statistics), o)
		if err != nil {
			return err
		}
		err = fill(ctx, ix, dir)
		if err == nil {
			var got float64
			got, err = of(ix)
			fmt.Printf(" %+8.4f", got-base)
		}
		if c.shards == 1 && err == nil {
			defer func(ix *opensearch.Index) { _ = ix.Drop() }(ix)
			defer func(ix *opensearch.Index) { overhead(ctx, ix, embedded, queries) }(ix)
			continue
		}
		if err := ix.Drop(); err != nil {
			return err
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// overhead prints what processor time a search of ten passages costs this process, beside
// the embedded index, interleaved.
func overhead(ctx context.Context, ix, embedded engine.Index, queries []trec.Query) {
	var own, other, wall []float64
	for _, q := range queries[:min(len(queries), 200)] {
		for i, x := range []engine.Index{ix, embedded} {
			before, begin := processor(), time.Now()
			if _, err := x.Search(ctx, tamis.Query{Text: q.Text, K: 10}); err != nil {
				continue
			}
			took := float64((processor() - before).Microseconds()) / 1000
			if i == 0 {
				own, wall = append(own, took), append(wall, float64(time.Since(begin).Microseconds())/1000)
			} else {
				other = append(other, took)
			}
		}
	}
	fmt.Printf("   %8.2f ms %15.2f ms %8.2f ms\n", mean(own), mean(other), median(wall))
}

// processor is the processor time of this process so far.
func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(max(len(x), 1))
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	slices.Sort(x)
	return x[len(x)/2]
}

func fill(ctx context.Context, ix engine.Index, dir string) error {
	r := read.New(read.Options{})
	for f, err := range r.Files(filepath.Join(dir, "corpus.jsonl.gz")) {
		if err != nil {
			return err
		}
		report, err := ix.Add(ctx, r.Documents(ctx, f))
		if err != nil {
			return err
		}
		if len(report.Skipped) > 0 {
			fmt.Fprintf(os.Stderr, "%d skipped, first %+v\n", len(report.Skipped), report.Skipped[0])
		}
	}
	return nil
}

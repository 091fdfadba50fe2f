// Command table times searches by a weight table beside searches by words: the same
// questions over the same passages, one after the other, on one thread.
//
//	go run ./table -set ../../shared/data/retrieval/scifact -model DIR [-weights ../../shared/data/models/opensearch-idf]
//
// The passages' vectors are those of the sparse model in DIR. It prints the median and the
// mean of both, what of it the vector of the question took, and nDCG@10 is left to tamis eval.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/model"
)

func main() {
	set := flag.String("set", "../../shared/data/retrieval/scifact", "folder with corpus.jsonl.gz and queries.jsonl")
	dir := flag.String("model", "", "folder of a sparse model")
	weights := flag.String("weights", "../../shared/data/models/opensearch-idf", "folder of the table")
	index := flag.String("index", "out/table", "folder for the index")
	rounds := flag.Int("rounds", 5, "times that each question is asked")
	flag.Parse()
	if err := run(*set, *dir, *weights, *index, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run(set, dir, weights, index string, rounds int) error {
	ctx := context.Background()
	e, err := encode.Open(dir, model.Int8)
	if err != nil {
		return err
	}
	defer e.Close()
	table, err := encode.OpenTable(weights, model.Int8)
	if err != nil {
		return err
	}
	ix, err := tamis.Open(index, tamis.Options{})
	if err != nil {
		return err
	}
	defer ix.Close()
	if _, err := ix.AddFiles(ctx, []string{filepath.Join(set, "corpus.jsonl.gz")}, tamis.FileOptions{}); err != nil {
		return err
	}
	if _, err := ix.Encode(ctx, e, nil); err != nil {
		return err
	}
	if err := ix.Ready(ctx); err != nil {
		return err
	}
	path := filepath.Join(set, "queries.jsonl")
	in, err := files.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	var questions []string
	if err := files.Lines(path, in, func(r *files.Record) error {
		questions = append(questions, r.Text)
		return nil
	}); err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	var words, by, made []time.Duration
	for range rounds {
		for _, q := range questions {
			start := time.Now()
			if _, err := ix.Search(ctx, tamis.Query{Text: q, IDsOnly: true}); err != nil {
				return err
			}
			words = append(words, time.Since(start))
			start = time.Now()
			for v, err := range table.All(ctx, slices.Values([]string{q}), encode.Query) {
				if err != nil {
					return err
				}
				made = append(made, time.Since(start))
				if _, err := ix.Search(ctx, tamis.Query{Vector: v, Field: e.Name(), IDsOnly: true}); err != nil {
					return err
				}
			}
			by = append(by, time.Since(start))
		}
	}
	stats, err := ix.Stats()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"set": filepath.Base(set), "questions": len(questions), "passages": stats.Passages,
		"words_us": figures(words), "table_us": figures(by), "vector_us": figures(made), "ratio_of_means": mean(by) / mean(words)})
}

func mean(d []time.Duration) float64 {
	sum := time.Duration(0)
	for _, x := range d {
		sum += x
	}
	return float64(sum.Nanoseconds()) / 1000 / float64(len(d))
}

func figures(d []time.Duration) map[string]float64 {
	sorted := slices.Sorted(slices.Values(d))
	us := func(share float64) float64 {
		return float64(sorted[int(share*float64(len(sorted)-1))].Nanoseconds()) / 1000
	}
	return map[string]float64{"mean": mean(d), "p50": us(.5), "p99": us(.99)}
}

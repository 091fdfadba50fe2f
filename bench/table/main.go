// Command table times searches by a weight table beside searches by words: the same
// questions over the same passages, one after the other, on one thread.
//
//	go run ./table -set ../../shared/data/retrieval/scifact -model DIR [-weights ../../shared/data/models/opensearch-idf]
//
// The passages' vectors are those of the sparse model in DIR. It prints the processor
// time of both, the medians of rounds, and what of it the vectors of the questions took.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/eval/figures"
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
	var words, by, made []float64 // microseconds of processor time a question, by round
	for range rounds {
		start := spent()
		for _, q := range questions {
			if _, err := ix.Search(ctx, tamis.Query{Text: q, IDsOnly: true}); err != nil {
				return err
			}
		}
		words = append(words, (spent()-start)/float64(len(questions)))
		start = spent()
		for _, q := range questions {
			v, err := encode.Question(ctx, table, q)
			if err != nil {
				return err
			}
			if _, err := ix.Search(ctx, tamis.Query{Vector: v, Field: e.Name(), IDsOnly: true}); err != nil {
				return err
			}
		}
		by = append(by, (spent()-start)/float64(len(questions)))
		start = spent()
		for _, q := range questions {
			if _, err := encode.Question(ctx, table, q); err != nil {
				return err
			}
		}
		made = append(made, (spent()-start)/float64(len(questions)))
	}
	stats, err := ix.Stats()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"set": filepath.Base(set), "questions": len(questions), "passages": stats.Passages,
		"words_us": figures.Median(words), "table_us": figures.Median(by), "vector_us": figures.Median(made), "ratio": figures.Median(by) / figures.Median(words)})
}

// spent is the processor time of the process, in microseconds: the clock of a machine that
// others use too says nothing.
func spent() float64 {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1000
}

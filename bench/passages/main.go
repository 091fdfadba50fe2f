// Command passages compares what passages are encoded with: documents ranked by the best of
// their passages' vectors, of a model, for each way.
//
//	go run ./passages -set ../../shared/data/retrieval/nfcorpus -model DIR [-ways "title;title,late"] [-documents 1000]
//
// Each way after the first stands beside the first: nDCG@10 over the questions that have a
// relevant document among those indexed, the gain, and its 95 % interval from resampled
// questions.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/model"
)

func main() {
	set := flag.String("set", "../../shared/data/retrieval/nfcorpus", "folder with corpus.jsonl.gz, queries.jsonl and qrels.txt")
	dir := flag.String("model", "", "folder of a dense model")
	ways := flag.String("ways", "title;title,late", "what passages are encoded with: ways, with ; between")
	most := flag.Int("documents", 0, "index the first so many documents; 0 for all")
	flag.Parse()
	if err := run(context.Background(), *set, *dir, strings.Split(*ways, ";"), *most); err != nil {
		fmt.Fprintln(os.Stderr, "passages:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, set, dir string, ways []string, most int) error {
	e, err := encode.Open(dir, model.Int8)
	if err != nil {
		return err
	}
	defer e.Close()
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		return err
	}
	defer ix.Close()
	known := map[string]bool{}
	if _, err := ix.Add(ctx, documents(filepath.Join(set, "corpus.jsonl.gz"), most, known)); err != nil {
		return err
	}
	queries, err := records(filepath.Join(set, "queries.jsonl"))
	if err != nil {
		return err
	}
	judged, err := judgments(filepath.Join(set, "qrels.txt"), known)
	if err != nil {
		return err
	}
	var first []float64
	for _, way := range ways {
		in, err := encode.ParseInput(way)
		if err != nil {
			return err
		}
		x := e.With(in)
		if _, err := ix.Encode(ctx, x, nil); err != nil {
			return err
		}
		var got []float64
		for _, q := range queries {
			id, _ := q.ID()
			if len(judged[id]) == 0 {
				continue
			}
			ranking, err := rank(ctx, ix, x, q.Text)
			if err != nil {
				return err
			}
			got = append(got, ndcg(ranking, judged[id]))
		}
		line := map[string]any{"set": filepath.Base(set), "documents": len(known), "questions": len(got), "with": way, "ndcg@10": mean(got)}
		if first == nil {
			first = got
		} else {
			line["gain"], line["interval"] = mean(got)-mean(first), interval(first, got)
		}
		if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
			return err
		}
	}
	return nil
}

func documents(path string, most int, known map[string]bool) iter.Seq2[tamis.Document, error] {
	return func(yield func(tamis.Document, error) bool) {
		all, err := records(path)
		if err != nil {
			yield(tamis.Document{}, err)
			return
		}
		for _, r := range all {
			if most > 0 && len(known) == most {
				return
			}
			id, err := r.ID()
			known[id] = true
			if !yield(tamis.Document{ID: id, Title: r.Title, Source: r.Text}, err) {
				return
			}
		}
	}
}

func records(path string) (all []files.Record, err error) {
	in, err := files.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return all, files.Lines(path, in, func(r *files.Record) error {
		all = append(all, *r)
		return nil
	})
}

// judgments are the relevant documents of each question, of those that are known.
func judgments(path string, known map[string]bool) (map[string]map[string]int, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	all := map[string]map[string]int{}
	sc := bufio.NewScanner(in)
	for sc.Scan() {
		f := strings.Fields(sc.Text())
		if len(f) != 4 || !known[f[2]] {
			continue
		}
		grade, err := strconv.Atoi(f[3])
		if err != nil || grade < 1 {
			continue
		}
		if all[f[0]] == nil {
			all[f[0]] = map[string]int{}
		}
		all[f[0]][f[2]] = grade
	}
	return all, sc.Err()
}

// rank lists the ten documents with the best passages.
func rank(ctx context.Context, ix *tamis.Index, e *encode.Encoder, question string) ([]string, error) {
	v, err := e.Encode(ctx, []string{question}, encode.Query)
	if err != nil {
		return nil, err
	}
	found, err := ix.Search(ctx, tamis.Query{Vector: v[0], Field: e.Name(), K: 200, IDsOnly: true})
	if err != nil {
		return nil, err
	}
	var docs []string
	for _, hit := range found.Hits {
		if !slices.Contains(docs, hit.Doc) {
			docs = append(docs, hit.Doc)
		}
	}
	return docs[:min(10, len(docs))], nil
}

func ndcg(ranking []string, judged map[string]int) float64 {
	gain := func(grade, place int) float64 { return float64(grade) / math.Log2(float64(place+2)) }
	got, best := 0., 0.
	for i, doc := range ranking {
		got += gain(judged[doc], i)
	}
	ideal := slices.SortedFunc(maps.Values(judged), func(a, b int) int { return cmp.Compare(b, a) })
	for i, grade := range ideal[:min(10, len(ideal))] {
		best += gain(grade, i)
	}
	return got / best
}

func mean(x []float64) float64 {
	sum := 0.
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// interval is where the mean gain lies in 95 of 100 samples of the questions.
func interval(a, b []float64) [2]float64 {
	rng := rand.New(rand.NewPCG(1, 2))
	gains := make([]float64, 2000)
	for i := range gains {
		for range a {
			j := rng.IntN(len(a))
			gains[i] += (b[j] - a[j]) / float64(len(a))
		}
	}
	slices.Sort(gains)
	return [2]float64{gains[50], gains[1949]}
}

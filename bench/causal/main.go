// Command causal measures language models as encoders beside words and a published encoder, on a small part of a
// set, since a model of a hundred million numbers reads some hundred tokens a second on a processor.
//
//	go run ./causal -set ../../shared/data/retrieval/cranfield -questions 20 -others 100 -models MINILM,FILE.gguf#mean,FILE.gguf#echo+mean
//
// The part is every n-th question, the documents that are judged for these, and others, evenly taken; of each text
// the first words are read. Ranking is exhaustive. A + between models' settings stands for their comma.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/vector"
)

// part is some of a set.
type part struct {
	queries []trec.Query
	qrels   trec.Qrels
	ids     []string
	texts   []string
}

func main() {
	set := flag.String("set", "../../shared/data/retrieval/cranfield", "folder with corpus.jsonl.gz, queries.jsonl and qrels.txt")
	questions := flag.Int("questions", 20, "of the set")
	others := flag.Int("others", 100, "documents that no question is judged for")
	words := flag.Int("words", 60, "of a text that are read")
	models := flag.String("models", "", "folders and files, comma-separated")
	flag.Parse()
	if err := run(context.Background(), *set, *questions, *others, *words, strings.Split(*models, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "causal:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, set string, questions, others, words int, models []string) error {
	p, err := read(set, questions, others, words)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d questions, %d documents of %d words at most\n", filepath.Base(set), len(p.queries), len(p.ids), words)
	if err := p.byWords(ctx); err != nil {
		return err
	}
	for _, name := range models {
		if name == "" {
			continue
		}
		if err := p.byModel(ctx, strings.ReplaceAll(name, "+", ",")); err != nil {
			return err
		}
	}
	return nil
}

// read takes a part of a set.
func read(set string, questions, others, words int) (p part, err error) {
	all, err := files.Read(filepath.Join(set, "queries.jsonl"), trec.ReadQueries)
	if err != nil {
		return p, err
	}
	judged, err := files.Read(filepath.Join(set, "qrels.txt"), trec.ReadQrels)
	if err != nil {
		return p, err
	}
	p.qrels = trec.Qrels{}
	wanted := map[string]bool{}
	for i, step := 0, max(1, len(all)/questions); i < len(all) && len(p.queries) < questions; i += step {
		q := all[i]
		p.queries, p.qrels[q.ID] = append(p.queries, q), judged[q.ID]
		for id := range judged[q.ID] {
			wanted[id] = true
		}
	}
	path := filepath.Join(set, "corpus.jsonl.gz")
	in, err := files.Open(path)
	if err != nil {
		return p, err
	}
	defer in.Close()
	n, taken := 0, 0
	return p, files.Lines(path, in, func(r *files.Record) error {
		id, err := r.ID()
		if err != nil {
			return err
		}
		if n++; !wanted[id] {
			if n%7 != 0 || taken == others {
				return nil
			}
			taken++
		}
		text := strings.Fields(encode.Text(r.Title, r.Text))
		p.ids, p.texts = append(p.ids, id), append(p.texts, strings.Join(text[:min(words, len(text))], " "))
		return nil
	})
}

// print scores a search.
func (p *part) print(ctx context.Context, name string, took time.Duration, search trec.SearchFunc) error {
	measure, err := trec.ParseMeasures("ndcg@10", "recall@100")
	if err != nil {
		return err
	}
	_, _, report, err := trec.Retrieval(ctx, p.queries, p.qrels, search, 100, measure)
	if err == nil {
		fmt.Printf("%-44s nDCG@10 %.4f  recall@100 %.4f  %6.1f s for the documents\n", name, report.Metrics["ndcg@10"], report.Metrics["recall@100"], took.Seconds())
	}
	return err
}

func (p *part) byWords(ctx context.Context) error {
	ix, err := tamis.Open("", tamis.Options{Similarity: tamis.Lucene})
	if err != nil {
		return err
	}
	defer ix.Close()
	dir, err := os.MkdirTemp("", "causal")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var lines bytes.Buffer
	for i, id := range p.ids {
		line, err := json.Marshal(map[string]string{"_id": id, "text": p.texts[i]})
		if err != nil {
			return err
		}
		lines.Write(append(line, '\n'))
	}
	path := filepath.Join(dir, "corpus.jsonl")
	if err := os.WriteFile(path, lines.Bytes(), 0o600); err != nil {
		return err
	}
	began := time.Now()
	if _, err := ix.AddFiles(ctx, []string{path}, tamis.FileOptions{}); err != nil {
		return err
	}
	return p.print(ctx, "words, BM25", time.Since(began), system.SearchDocuments(ix, tamis.Query{}, nil))
}

func (p *part) byModel(ctx context.Context, name string) error {
	e, err := open(name)
	if err != nil {
		return err
	}
	defer e.Close()
	began := time.Now()
	var docs []vector.Value
	for v, err := range e.All(ctx, slices.Values(p.texts), encode.Passage) {
		if err != nil {
			return err
		}
		docs = append(docs, v)
	}
	return p.print(ctx, filepath.Base(name), time.Since(began), func(ctx context.Context, query string, k int) (found []trec.Scored, err error) {
		q, err := encode.Question(ctx, e, query)
		if err != nil {
			return nil, err
		}
		for i, v := range docs {
			found = append(found, trec.Scored{Doc: p.ids[i], Score: product(q, v)})
		}
		slices.SortStableFunc(found, func(a, b trec.Scored) int { return cmp.Compare(b.Score, a.Score) })
		return found[:min(k, len(found))], nil
	})
}

type encoder interface {
	encode.Maker
	Close() error
}

func open(name string) (encoder, error) {
	if encode.IsCausal(name) {
		return encode.OpenCausal(name, model.Int8)
	}
	return encode.Open(name, model.Int8)
}

// product is the inner product of two vectors of a kind.
func product(a, b vector.Value) (sum float64) {
	switch a := a.(type) {
	case vector.Dense:
		return float64(a.Dot(b.(vector.Dense)))
	case vector.Named:
		for _, word := range slices.Sorted(maps.Keys(a)) {
			sum += float64(float64(a[word]) * float64(b.(vector.Named)[word]))
		}
	}
	return sum
}

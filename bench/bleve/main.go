// Command bleve is the Bleve peer: scorch, its "en" analyzer, one field, built
// offline into one segment without stored values, term vectors or doc values.
// It answers the commands of package peer. Its "bm25" is not the formula that
// everybody else means by it (square-root term frequency, idf twice), so it is
// a peer for speed only.
package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/blevesearch/bleve/v2"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/search/query"

	"github.com/tamis-search/tamis/bench/internal/peer"
)

func main() {
	docs := flag.String("docs", "", "JSON Lines `file` of documents")
	queries := flag.String("queries", "", "JSON Lines `file` of queries")
	repeat := flag.Int("repeat", 1, "index the documents `N` times")
	scoring := flag.String("scoring", "", `scoring model: "" (tf-idf, the default) or bm25`)
	stored := flag.Bool("stored", false, "a live index: batches of 1000 are durable, id, title and text are stored")
	flag.Parse()
	if *stored {
		if err := runStored(*docs, *repeat); err != nil {
			fmt.Fprintln(os.Stderr, "bleve:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(*docs, *queries, *repeat, *scoring); err != nil {
		fmt.Fprintln(os.Stderr, "bleve:", err)
		os.Exit(1)
	}
}

func run(docs, queries string, repeat int, scoring string) error {
	dir, err := os.MkdirTemp("", "bleve-peer")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	e := &engine{dir: dir, repeat: repeat, mapping: newMapping(scoring)}
	records, err := peer.ReadRecords(docs)
	if err != nil {
		return err
	}
	for _, r := range records {
		e.texts = append(e.texts, r.Flat())
	}
	if records, err = peer.ReadRecords(queries); err != nil {
		return err
	}
	analyzer := e.mapping.AnalyzerNamed("en")
	for _, r := range records {
		weights := map[string]float64{}
		var terms []string
		for _, token := range analyzer.Analyze([]byte(r.Text)) {
			term := string(token.Term)
			if weights[term]++; weights[term] == 1 {
				terms = append(terms, term)
			}
		}
		q := make([]weighted, len(terms))
		for i, t := range terms {
			q[i] = weighted{t, weights[t]}
		}
		e.queries = append(e.queries, q)
	}
	if err := peer.Serve(e, os.Stdin, os.Stdout); err != nil {
		return err
	}
	if e.index != nil {
		return e.index.Close()
	}
	return nil
}

func newMapping(scoring string) *mapping.IndexMappingImpl {
	field := bleve.NewTextFieldMapping()
	field.Analyzer = "en"
	field.Store, field.IncludeTermVectors, field.DocValues, field.IncludeInAll = false, false, false, false
	doc := bleve.NewDocumentStaticMapping()
	doc.AddFieldMappingsAt("text", field)
	m := bleve.NewIndexMapping()
	m.DefaultMapping = doc
	m.StoreDynamic, m.DocValuesDynamic = false, false
	m.ScoringModel = scoring
	return m
}

type weighted struct {
	term   string
	weight float64
}

type engine struct {
	dir     string
	mapping *mapping.IndexMappingImpl
	repeat  int
	texts   []string
	queries [][]weighted
	index   bleve.Index
}

func (e *engine) Queries() int { return len(e.queries) }

func (e *engine) Build() (b peer.Build, err error) {
	path := filepath.Join(e.dir, "index")
	m := peer.StartMeter()
	builder, err := bleve.NewBuilder(path, e.mapping, map[string]any{
		"batchSize": 10_000, "mergeMax": 100, "buildPathPrefix": e.dir,
	})
	if err != nil {
		return b, err
	}
	for r := range e.repeat {
		for i, text := range e.texts {
			id := strconv.Itoa(r*len(e.texts) + i)
			if err := builder.Index(id, map[string]any{"text": text}); err != nil {
				return b, err
			}
			b.Documents++
		}
	}
	if err := builder.Close(); err != nil {
		return b, err
	}
	m.Stop(&b)
	e.texts = nil
	b.Parts = map[string]int64{}
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		b.Parts[filepath.Ext(p)] += info.Size()
		// The bolt file and the metadata beside the segment hold no postings.
		if filepath.Ext(p) == ".zap" {
			b.IndexBytes += info.Size()
		}
		return nil
	})
	if err != nil {
		return b, err
	}
	e.index, err = bleve.OpenUsing(path, map[string]any{"read_only": true})
	return b, err
}

func (e *engine) Search(q, k int) ([]peer.Hit, error) {
	terms := make([]query.Query, len(e.queries[q]))
	for i, w := range e.queries[q] {
		t := bleve.NewTermQuery(w.term)
		t.SetField("text")
		t.SetBoost(w.weight)
		terms[i] = t
	}
	res, err := e.index.Search(bleve.NewSearchRequestOptions(bleve.NewDisjunctionQuery(terms...), k, 0, false))
	if err != nil {
		return nil, err
	}
	hits := make([]peer.Hit, len(res.Hits))
	for i, h := range res.Hits {
		row, err := strconv.Atoi(h.ID)
		if err != nil {
			return nil, err
		}
		hits[i] = peer.Hit{Row: row, Score: float32(h.Score)}
	}
	return hits, nil
}

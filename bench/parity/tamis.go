package main

import (
	"path/filepath"
	"strconv"

	"github.com/tamis-search/tamis/bench/internal/ours"
	"github.com/tamis-search/tamis/bench/internal/peer"
)

// tamisRun ranks the documents of a retrieval set as Lucene does.
func tamisRun(dir string, f form) (map[string][]scored, error) {
	k1, err := strconv.ParseFloat(f.k1, 32)
	if err != nil {
		return nil, err
	}
	b, err := strconv.ParseFloat(f.b, 32)
	if err != nil {
		return nil, err
	}
	docs, err := peer.ReadRecords(filepath.Join(dir, "corpus.jsonl.gz"))
	if err != nil {
		return nil, err
	}
	queries, err := peer.ReadRecords(filepath.Join(dir, "queries.jsonl"))
	if err != nil {
		return nil, err
	}
	form := ours.Lucene(float32(k1), float32(b))
	builder, err := ours.NewBuilder(form)
	if err != nil {
		return nil, err
	}
	for _, d := range docs {
		builder.Add(form.Text(d))
	}
	ix, err := ours.Open(form, builder.Bytes())
	if err != nil {
		return nil, err
	}
	run := map[string][]scored{}
	for _, q := range queries {
		for _, h := range ix.Search(builder.Query(q.Text), depth) {
			run[q.ID] = append(run[q.ID], scored{docs[h.Row].ID, h.Score})
		}
	}
	return run, nil
}

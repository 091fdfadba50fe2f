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
	// Flat: one index of title and text together. Multifield: one of each, scored
	// apart and summed, title first, as Lucene sums the clauses of a query.
	fields := []func(peer.Record) string{peer.Record.Flat}
	if f.fields == "multi" {
		fields = []func(peer.Record) string{func(r peer.Record) string { return r.Title }, func(r peer.Record) string { return r.Text }}
	}
	scores := make([]map[string]float32, len(queries)) // by document
	for _, field := range fields {
		builder, err := ours.NewBuilder(form)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			builder.Add("", field(d))
		}
		ix, err := ours.Open(form, builder.Bytes())
		if err != nil {
			return nil, err
		}
		for i, q := range queries {
			if scores[i] == nil {
				scores[i] = map[string]float32{}
			}
			for _, h := range ix.Search(builder.Query(q.Text), len(docs)) {
				scores[i][docs[h.Row.Row].ID] += h.Score
			}
		}
	}
	run := map[string][]scored{}
	for i, q := range queries {
		for doc, score := range scores[i] {
			run[q.ID] = append(run[q.ID], scored{doc, score})
		}
	}
	return run, nil
}

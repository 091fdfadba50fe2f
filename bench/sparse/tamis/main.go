// Command tamis is the tamis peer of the sparse benchmark: one segment of learned sparse vectors, mapped into memory.
//
//	tamis DATA INDEX [precision=8|16|32]
//	set recall=1            1: exact
//
// DATA holds docs.csr and queries.csr. The commands are those of package peer.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/bench/sparse/internal/csr"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/vector"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tamis:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: tamis DATA INDEX [precision=8|16|32]")
	}
	e := &engine{data: args[0], index: args[1], recall: 1}
	for _, word := range args[2:] {
		if p, ok := strings.CutPrefix(word, "precision="); ok {
			e.conf.Precision = map[string]impact.Precision{"8": impact.Bits8, "16": impact.Bits16, "32": impact.Float32}[p]
		}
	}
	m, err := csr.Read(e.data + "/queries.csr")
	if err != nil {
		return err
	}
	for i := range m.Rows() {
		q, err := vector.New(m.Row(i))
		if err != nil {
			return fmt.Errorf("query %d: %w", i, err)
		}
		e.queries = append(e.queries, q)
	}
	e.conf.Queries = e.queries[:len(e.queries)/2] // those that others are tuned on
	return peer.Serve(e, os.Stdin, os.Stdout)
}

type engine struct {
	data, index string
	conf        impact.Config
	queries     []vector.Sparse
	recall      float32
	sources     []impact.Source
}

func (e *engine) Queries() int { return len(e.queries) }

func (e *engine) Build() (b peer.Build, err error) {
	m, err := csr.Read(e.data + "/docs.csr")
	if err != nil {
		return b, err
	}
	meter := peer.StartMeter()
	builder := impact.NewBuilder(e.conf)
	for i := range m.Rows() {
		terms, weights := m.Row(i)
		if _, err := builder.Add(vector.Sparse{Terms: terms, Weights: weights}); err != nil {
			return b, fmt.Errorf("document %d: %w", i, err)
		}
	}
	b.Documents = m.Rows()
	data, err := builder.Bytes()
	if err != nil {
		return b, err
	}
	if err := os.WriteFile(e.index, data, 0o666); err != nil {
		return b, err
	}
	meter.Stop(&b)
	s, err := impact.Open(data)
	if err != nil {
		return b, err
	}
	b.IndexBytes = int64(s.Size())
	b.Parts = map[string]int64{"forward": int64(s.ForwardSize())}
	return b, nil
}

func (e *engine) Load() error {
	data, err := mapFile(e.index)
	if err != nil {
		return err
	}
	s, err := impact.Open(data)
	if err != nil {
		return err
	}
	e.sources = []impact.Source{{Segment: s}}
	return nil
}

func (e *engine) Set(words []string) error {
	e.recall = 1
	for _, w := range words {
		if r, ok := strings.CutPrefix(w, "recall="); ok {
			v, err := strconv.ParseFloat(r, 32)
			if err != nil {
				return err
			}
			e.recall = float32(v)
		}
	}
	return nil
}

func (e *engine) Search(q, k int) ([]peer.Hit, error) {
	found := impact.TopK(e.sources, e.queries[q], k, e.recall).Hits
	hits := make([]peer.Hit, len(found))
	for i, h := range found {
		hits[i] = peer.Hit{Row: int(h.Row.Row), Score: h.Score}
	}
	return hits, nil
}

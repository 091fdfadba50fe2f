// Command tamis is tamis as a peer of Lucene and Bleve: it answers the commands
// of package peer.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"

	"github.com/tamis-search/tamis/bench/internal/ours"
	"github.com/tamis-search/tamis/bench/internal/peer"
)

func main() {
	docs := flag.String("docs", "", "JSON Lines `file` of documents")
	queries := flag.String("queries", "", "JSON Lines `file` of queries")
	repeat := flag.Int("repeat", 1, "index the documents `N` times")
	form := flag.String("form", "lucene", "lucene (its analysis, lengths and one field) or default")
	flag.Parse()
	if err := run(*docs, *queries, *repeat, *form); err != nil {
		fmt.Fprintln(os.Stderr, "tamis:", err)
		os.Exit(1)
	}
}

func run(docs, queries string, repeat int, form string) error {
	e := &engine{repeat: repeat}
	switch form {
	case "lucene":
		e.form = ours.Lucene(1.2, .75)
	case "default":
		e.form = ours.Default()
	default:
		return fmt.Errorf("unknown form %q: it is lucene or default", form)
	}
	records, err := peer.ReadRecords(docs)
	if err != nil {
		return err
	}
	for _, r := range records {
		title, body := e.form.Text(r)
		e.texts = append(e.texts, [2]string{title, body})
	}
	if records, err = peer.ReadRecords(queries); err != nil {
		return err
	}
	b, err := ours.NewBuilder(e.form)
	if err != nil {
		return err
	}
	for _, r := range records {
		e.queries = append(e.queries, b.Query(r.Text))
	}
	return peer.Serve(e, os.Stdin, os.Stdout)
}

type engine struct {
	form    ours.Form
	repeat  int
	texts   [][2]string // title, body
	queries []ours.Query
	index   *ours.Index
}

func (e *engine) Queries() int { return len(e.queries) }

func (e *engine) Build() (b peer.Build, err error) {
	runtime.GC() // of reading the files
	m := peer.StartMeter()
	builder, err := ours.NewBuilder(e.form)
	if err != nil {
		return b, err
	}
	for range e.repeat {
		for _, t := range e.texts {
			builder.Add(t[0], t[1])
		}
	}
	data := builder.Bytes()
	m.Stop(&b)
	b.Documents, b.IndexBytes = e.repeat*len(e.texts), int64(len(data))
	e.texts = nil
	e.index, err = ours.Open(e.form, data)
	runtime.GC() // of the builder
	return b, err
}

func (e *engine) Search(q, k int) ([]peer.Hit, error) {
	hits := e.index.Search(e.queries[q], k)
	out := make([]peer.Hit, len(hits))
	for i, h := range hits {
		out[i] = peer.Hit{Row: int(h.Row.Row), Score: h.Score}
	}
	return out, nil
}

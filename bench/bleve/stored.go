package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/blevesearch/bleve/v2"

	"github.com/tamis-search/tamis/bench/internal/peer"
)

// batchSize is how many documents Bleve makes durable at a time.
const batchSize = 1000

// stored is Bleve as a live index: scorch as bleve.New opens it, documents
// with a title and a text that are stored.
type stored struct {
	dir     string
	records []peer.Record
	repeat  int
}

func runStored(docs string, repeat int) error {
	dir, err := os.MkdirTemp("", "bleve-ingest")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	records, err := peer.ReadRecords(docs)
	if err != nil {
		return err
	}
	return peer.Serve(&stored{dir, records, repeat}, os.Stdin, os.Stdout)
}

func (e *stored) Queries() int { return 0 }

func (e *stored) Search(int, int) ([]peer.Hit, error) { return nil, errors.New("only builds") }

func (e *stored) Build() (b peer.Build, err error) {
	field := bleve.NewTextFieldMapping()
	field.Analyzer = "en"
	field.Store, field.IncludeTermVectors, field.DocValues, field.IncludeInAll = true, false, false, false
	doc := bleve.NewDocumentStaticMapping()
	doc.AddFieldMappingsAt("title", field)
	doc.AddFieldMappingsAt("text", field)
	m := bleve.NewIndexMapping()
	m.DefaultMapping = doc
	path := filepath.Join(e.dir, "index")
	meter := peer.StartMeter()
	ix, err := bleve.New(path, m)
	if err != nil {
		return b, err
	}
	batch := ix.NewBatch()
	for r := range e.repeat {
		for _, d := range e.records {
			if err := batch.Index(fmt.Sprintf("%d/%s", r, d.ID), map[string]any{"title": d.Title, "text": d.Text}); err != nil {
				return b, err
			}
			if b.Documents++; batch.Size() == batchSize {
				if err := ix.Batch(batch); err != nil {
					return b, err
				}
				batch.Reset()
			}
		}
	}
	if err := errors.Join(ix.Batch(batch), ix.Close()); err != nil {
		return b, err
	}
	meter.Stop(&b)
	return b, filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		b.IndexBytes += info.Size()
		return err
	})
}

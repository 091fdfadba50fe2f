// Package prepare makes of a document what a batch needs of it, as far as that
// does not depend on what is put before it: nearly all the work, which so can be
// done for many documents at once.
package prepare

import (
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/store/record"
)

// Document is a document in preparation; what is not made yet is zero. It is not
// safe for concurrent use, and must not be copied once it is described.
type Document struct {
	Document       corpus.Document
	Analyzer       string
	Blocks, Places []byte         // as they are stored
	Header         *record.Header // sealed
	Rows           *ingest.Rows
	// Pieces are those of the source, as they are stored, with Rows; nil where they
	// are to be made while they are stored.
	Pieces [][]byte
}

// Describe makes what the header is made of.
func (d *Document) Describe(in *ingest.Pipeline) {
	if d.Analyzer == "" {
		d.Analyzer = in.Analyzer(&d.Document)
		d.Blocks, d.Places = record.AppendBlocks(nil, d.Document.Blocks), record.AppendPlaces(nil, &d.Document)
	}
}

// Seal makes the header of a described document with vectors that have these
// bytes; nil is none.
func (d *Document) Seal(vectors []byte) error {
	if d.Header != nil {
		return nil
	}
	h := record.HeaderOf(&d.Document, d.Analyzer)
	if vectors != nil {
		h.Vectors = record.VectorsDigest(vectors)
	}
	if err := h.Seal(d.Document.Source, d.Blocks); err != nil {
		return err
	}
	d.Header = h
	return nil
}

// Make makes what is indexed and the pieces of the source.
func (d *Document) Make(in *ingest.Pipeline) error {
	if d.Rows != nil {
		return nil
	}
	var pieces [][]byte
	if !ingest.Long(&d.Document) {
		var err error
		if pieces, err = record.EncodeSource(d.Document.Source); err != nil {
			return err
		}
	}
	rows, err := in.Rows(&d.Document, d.Analyzer)
	if err == nil {
		d.Pieces, d.Rows = pieces, &rows
	}
	return err
}

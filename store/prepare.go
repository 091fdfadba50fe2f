package store

import (
	"bytes"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/store/record"
)

// Prepared is a document with what a batch needs of it, as far as that does not
// depend on what is put before it: nearly all the work.
type Prepared struct {
	Document       corpus.Document
	analyzer       string
	blocks, places []byte
	header         *Header      // nil: to be made in turn, with the numbers of its vectors
	rows           *ingest.Rows // nil: to be made if they are needed
	pieces         [][]byte     // of the source, encoded; with rows; nil: to be encoded as they are stored
}

// Prepare prepares a document for a batch. The document's Source must be valid
// UTF-8. It is safe for concurrent use; it reports nothing: what is wrong with
// the document is found again when it is put.
func (s *Store) Prepare(d corpus.Document) *Prepared {
	p := &Prepared{Document: d}
	if len(d.Source) > MaxDocumentBytes {
		return p
	}
	p.describe(s.ingest)
	if len(d.Vectors) == 0 {
		h := record.HeaderOf(&p.Document, p.analyzer)
		if h.Seal(d.Source, p.blocks) == nil {
			p.header = h
		}
	}
	if s.changes(p) {
		_ = p.make(s.ingest)
	}
	return p
}

// describe sets what the header is made of.
func (p *Prepared) describe(in *ingest.Pipeline) {
	p.analyzer = in.Analyzer(&p.Document)
	p.blocks, p.places = record.AppendBlocks(nil, p.Document.Blocks), record.AppendPlaces(nil, &p.Document)
}

// seal makes the header where that is still to do, and returns the record of the
// document's vectors.
func (p *Prepared) seal(in *ingest.Pipeline, vs record.Vectors) (vectors []byte, err error) {
	if p.analyzer == "" {
		p.describe(in)
	}
	if len(vs) > 0 {
		vectors = record.AppendVectors(nil, vs)
	}
	if p.header == nil {
		h := record.HeaderOf(&p.Document, p.analyzer)
		if vectors != nil {
			h.Vectors = record.VectorsDigest(vectors)
		}
		if err := h.Seal(p.Document.Source, p.blocks); err != nil {
			return nil, &DocumentError{h.ID, err.Error()}
		}
		p.header = h
	}
	return vectors, nil
}

// make sets what is stored and indexed of the document.
func (p *Prepared) make(in *ingest.Pipeline) error {
	if p.rows != nil {
		return nil
	}
	var pieces [][]byte
	if !ingest.Long(&p.Document) {
		var err error
		if pieces, err = record.EncodeSource(p.Document.Source); err != nil {
			return err
		}
	}
	rows, err := in.Rows(&p.Document, p.analyzer)
	if err == nil {
		p.pieces, p.rows = pieces, &rows
	}
	return err
}

// changes guesses whether a document will be another one than is stored.
func (s *Store) changes(p *Prepared) bool {
	v, err := s.Snapshot()
	if err != nil {
		return false
	}
	defer v.Release()
	old, err := v.Known(p.Document.ID)
	return err == nil && (old == nil || p.header != nil && !bytes.Equal(old.Digest, p.header.Digest))
}

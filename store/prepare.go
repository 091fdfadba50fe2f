package store

import (
	"bytes"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/store/prepare"
)

// Prepared is a document that is prepared as far as can be before its turn.
type Prepared = prepare.Document

// Prepare prepares a document for a batch. The document's Source must be valid
// UTF-8. It is safe for concurrent use; it reports nothing: what is wrong with
// the document is found again when it is put.
func (s *Store) Prepare(d corpus.Document) *Prepared {
	p := &Prepared{Document: d}
	if len(d.Source) > MaxDocumentBytes {
		return p
	}
	p.Describe(s.ingest)
	if len(d.Vectors) == 0 { // else their numbers are given in turn
		_ = p.Seal(nil)
	}
	if s.changes(p) {
		_ = p.Make(s.ingest)
	}
	return p
}

// changes guesses whether a document will be another one than is stored.
func (s *Store) changes(p *Prepared) bool {
	v, err := s.Snapshot()
	if err != nil {
		return false
	}
	defer v.Release()
	old, err := v.Known(p.Document.ID)
	return err == nil && (old == nil || p.Header != nil && !bytes.Equal(old.Digest, p.Header.Digest))
}

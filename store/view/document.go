package view

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/record"
)

// Header reads a document's header.
func (v *View) Header(ordinal uint64) (*record.Header, error) { return HeaderAt(v.kv, ordinal) }

// HeaderByID reads the header of the document with the given id.
func (v *View) HeaderByID(id string) (*record.Header, error) { return HeaderByID(v.kv, id) }

// Known is HeaderByID, but nil where there is no such document.
func (v *View) Known(id string) (*record.Header, error) {
	h, err := v.HeaderByID(id)
	if errors.Is(err, record.ErrNotFound) {
		return nil, nil
	}
	return h, err
}

// FirstOf is the first ordinal of the segment that holds a document. Merging
// may put the segment into a larger one, never take it apart.
func (v *View) FirstOf(ordinal uint64) uint64 {
	for _, o := range v.segments {
		if o.Entry.First <= ordinal && ordinal <= o.Entry.Last {
			return o.Entry.First
		}
	}
	return ordinal
}

// Document reads a whole document.
func (v *View) Document(h *record.Header) (*corpus.Document, error) { return documentOf(v.kv, h) }

// Text reads bytes [start, end) of a document's source.
func (v *View) Text(h *record.Header, start, end int) (string, error) {
	return v.base.pieces.textOf(v.kv, h, start, end)
}

// HeaderByID is View.HeaderByID of what r reads.
func HeaderByID(r pebble.Reader, id string) (*record.Header, error) {
	b, err := kv.Get(r, record.IDKey(id))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, fmt.Errorf("document %q: %w", id, record.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	ordinal, ok := record.ReadUint64(b)
	if !ok {
		return nil, fmt.Errorf("document %q: %w: its id leads nowhere", id, record.ErrCorrupt)
	}
	return HeaderAt(r, ordinal)
}

// HeaderAt is View.Header of what r reads.
func HeaderAt(r pebble.Reader, ordinal uint64) (*record.Header, error) {
	b, err := kv.Get(r, record.HeaderKey(ordinal))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, fmt.Errorf("document number %d: %w", ordinal, record.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return record.ReadHeader(b, ordinal)
}

func documentOf(r pebble.Reader, h *record.Header) (*corpus.Document, error) {
	source, err := (*pieceCache)(nil).textOf(r, h, 0, h.Size) // every byte is wanted, and from where it is stored
	if err != nil {
		return nil, err
	}
	b, err := kv.Get(r, record.BlocksKey(h.Ordinal))
	if err != nil {
		return nil, fmt.Errorf("document %q: %w: its structure: %w", h.ID, record.ErrCorrupt, err)
	}
	blocks, err := record.DecodeBlocks(b)
	if err != nil {
		return nil, fmt.Errorf("document %q: %w", h.ID, err)
	}
	return h.Document(source, blocks), nil
}

// ReadPlaces gives a document that was read what is known of where it stands in its file.
func (v *View) ReadPlaces(h *record.Header, d *corpus.Document) error {
	b, err := kv.Get(v.kv, record.PlacesKey(h.Ordinal))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = record.ReadPlaces(b, d)
	}
	if err != nil {
		return fmt.Errorf("document %q: its places: %w", h.ID, err)
	}
	return nil
}

// Place is where byte at of a document stands in its file; zero where nothing
// is known.
func (v *View) Place(h *record.Header, at int) (corpus.Place, error) {
	b, err := kv.Get(v.kv, record.PlacesKey(h.Ordinal))
	if errors.Is(err, pebble.ErrNotFound) {
		return corpus.Place{}, nil
	}
	if err != nil {
		return corpus.Place{}, err
	}
	at = min(max(at, 0), h.Size)
	p, from, err := record.FindPlace(b, at)
	if err != nil {
		return corpus.Place{}, fmt.Errorf("document %q: its places: %w", h.ID, err)
	}
	if from < at {
		text, err := v.base.pieces.piece(v.kv, h, from/record.PieceSize)
		if err != nil {
			return corpus.Place{}, err
		}
		p.Line += bytes.Count(text[:min(at-from, len(text))], []byte("\n"))
	}
	return p, nil
}

// Vectors reads the vectors of a document, attached ones included.
func (v *View) Vectors(h *record.Header) (record.Vectors, error) {
	own, err := v.OwnVectors(h)
	if err != nil || !v.base.Attached.Load() {
		return own, err
	}
	more, err := v.attachedVectors(h)
	if err != nil || len(more) == 0 {
		return own, err
	}
	return own.With(more), nil
}

// attachedVectors reads those that were attached to a document.
func (v *View) attachedVectors(h *record.Header) (record.Vectors, error) {
	more := record.Vectors{}
	if !v.base.Attached.Load() {
		return more, nil
	}
	err := kv.ScanIn(v.kv, record.AttachedKey(h.Ordinal, ""), record.AttachedKey(h.Ordinal+1, ""), func(key, value []byte) error {
		_, field := record.AttachedField(key)
		x, err := record.DecodeAttached(value, field)
		if err != nil {
			return fmt.Errorf("document %q: its attached vector in field %q: %w", h.ID, field, err)
		}
		more[field] = x
		return nil
	})
	return more, err
}

// NamedVectors are those that a document came with and those that were attached to it, by the
// names of their terms.
func (v *View) NamedVectors(h *record.Header) (own, attached record.Vectors, err error) {
	if own, err = v.OwnVectors(h); err != nil {
		return nil, nil, err
	}
	if attached, err = v.attachedVectors(h); err != nil {
		return nil, nil, err
	}
	named := func(all record.Vectors) (record.Vectors, error) {
		out := make(record.Vectors, len(all))
		for field, x := range all {
			if out[field], err = v.base.names.Named(x); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	if own, err = named(own); err == nil {
		attached, err = named(attached)
	}
	return own, attached, err
}

// OwnVectors reads the vectors that a document came with.
func (v *View) OwnVectors(h *record.Header) (record.Vectors, error) {
	if h.Vectors == nil {
		return nil, nil
	}
	b, err := kv.Get(v.kv, record.VectorsKey(h.Ordinal))
	if err != nil {
		return nil, fmt.Errorf("document %q: %w: its vectors: %w", h.ID, record.ErrCorrupt, err)
	}
	if !slices.Equal(record.VectorsDigest(b), h.Vectors) {
		return nil, fmt.Errorf("document %q: %w: its vectors do not match their digest", h.ID, record.ErrCorrupt)
	}
	all, err := record.DecodeVectors(b)
	if err != nil {
		return nil, fmt.Errorf("document %q: %w", h.ID, err)
	}
	return all, nil
}

// RemoveOrdinals removes the records of documents from one ordinal to before
// another.
func RemoveOrdinals(w pebble.Writer, from, to uint64) error {
	var err error
	for _, kind := range record.OfDocument {
		err = errors.Join(err, w.DeleteRange(record.OrdinalKey(kind, from), record.OrdinalKey(kind, to), pebble.NoSync))
	}
	return err
}

package view

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/store/record"
)

// pieceCache keeps pieces that were decoded lately, at most 8 MiB: a question
// reads many passages of one document. A piece has one slot and drives out what
// was there. It is safe for concurrent use; nil keeps nothing.
type pieceCache [512]atomic.Pointer[piece]

type piece struct {
	ordinal uint64
	number  int
	text    []byte
}

func (c *pieceCache) slot(ordinal uint64, number int) *atomic.Pointer[piece] {
	return &c[(ordinal*31+uint64(number))%uint64(len(c))]
}

// textOf reads bytes [start, end) of a document's source.
func (c *pieceCache) textOf(r pebble.Reader, h *record.Header, start, end int) (string, error) {
	if start < 0 || end < start || end > h.Size {
		return "", fmt.Errorf("document %q has no bytes [%d, %d): it is %d bytes long: %w", h.ID, start, end, h.Size, record.ErrNotFound)
	}
	out := make([]byte, 0, end-start)
	for n := start / record.PieceSize; n*record.PieceSize < end; n++ {
		lo, hi := max(start-n*record.PieceSize, 0), min(end-n*record.PieceSize, record.PieceSize)
		text, err := c.piece(r, h, n)
		if err != nil {
			return "", err
		}
		if hi > len(text) {
			return "", fmt.Errorf("document %q: %w: piece %d of its source is cut short", h.ID, record.ErrCorrupt, n)
		}
		out = append(out, text[lo:hi]...)
	}
	return string(out), nil
}

// piece reads a piece of a source; it is not to be changed.
func (c *pieceCache) piece(r pebble.Reader, h *record.Header, number int) ([]byte, error) {
	if c != nil {
		if p := c.slot(h.Ordinal, number).Load(); p != nil && p.ordinal == h.Ordinal && p.number == number {
			return p.text, nil
		}
	}
	v, closer, err := r.Get(record.TextKey(h.Ordinal, number))
	if err != nil {
		return nil, fmt.Errorf("document %q: %w: piece %d of its source: %w", h.ID, record.ErrCorrupt, number, err)
	}
	text, err := record.DecodePiece(h, v)
	if err = errors.Join(err, closer.Close()); err != nil {
		return nil, fmt.Errorf("document %q: %w: piece %d of its source: %w", h.ID, record.ErrCorrupt, number, err)
	}
	if c != nil {
		c.slot(h.Ordinal, number).Store(&piece{h.Ordinal, number, text})
	}
	return text, nil
}

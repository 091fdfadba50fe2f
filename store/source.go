package store

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/klauspost/compress/zstd"
)

// Sources are stored in pieces, each compressed for itself: a document that is
// deleted leaves nothing in a block shared with others, and what is compressed
// once is logged, flushed and compacted small.

// chunkSize is how much of a source is in one piece: a passage is read without
// its whole document.
const chunkSize = 16 << 10

// codingZstd says that the pieces of a document's source are Zstandard frames;
// documents of stores before format 3 have none and are stored as they are.
const codingZstd = "zstd"

// Both are safe for concurrent use. Pebble checks what it stores, so frames
// carry no checksum.
var (
	compressor = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithWindowSize(chunkSize))
	})
	decompressor = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(chunkSize))
	})
)

// recordSource writes a source in pieces under an ordinal.
func recordSource(b *pebble.Batch, ordinal uint64, source string) error {
	c, err := compressor()
	if err != nil {
		return err
	}
	var frame []byte
	for i := 0; i*chunkSize < len(source); i++ {
		piece := source[i*chunkSize : min(len(source), (i+1)*chunkSize)]
		frame = c.EncodeAll([]byte(piece), frame[:0])
		if err := b.Set(textKey(ordinal, i), frame, nil); err != nil {
			return err
		}
	}
	return nil
}

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
func (c *pieceCache) textOf(r pebble.Reader, h *Header, start, end int) (string, error) {
	if start < 0 || end < start || end > h.Size {
		return "", fmt.Errorf("document %q has no bytes [%d, %d): it is %d bytes long: %w", h.ID, start, end, h.Size, ErrNotFound)
	}
	out := make([]byte, 0, end-start)
	for n := start / chunkSize; n*chunkSize < end; n++ {
		lo, hi := max(start-n*chunkSize, 0), min(end-n*chunkSize, chunkSize)
		text, err := c.piece(r, h, n)
		if err != nil {
			return "", err
		}
		if hi > len(text) {
			return "", fmt.Errorf("document %q: %w: piece %d of its source is cut short", h.ID, ErrCorrupt, n)
		}
		out = append(out, text[lo:hi]...)
	}
	return string(out), nil
}

// piece reads a piece of a source; it is not to be changed.
func (c *pieceCache) piece(r pebble.Reader, h *Header, number int) ([]byte, error) {
	if c != nil {
		if p := c.slot(h.Ordinal, number).Load(); p != nil && p.ordinal == h.Ordinal && p.number == number {
			return p.text, nil
		}
	}
	v, closer, err := r.Get(textKey(h.Ordinal, number))
	if err != nil {
		return nil, fmt.Errorf("document %q: %w: piece %d of its source: %w", h.ID, ErrCorrupt, number, err)
	}
	text, err := decode(h, v)
	if err = errors.Join(err, closer.Close()); err != nil {
		return nil, fmt.Errorf("document %q: %w: piece %d of its source: %w", h.ID, ErrCorrupt, number, err)
	}
	if c != nil {
		c.slot(h.Ordinal, number).Store(&piece{h.Ordinal, number, text})
	}
	return text, nil
}

// decode makes the text of a stored piece.
func decode(h *Header, stored []byte) ([]byte, error) {
	switch h.Coding {
	case "":
		return bytes.Clone(stored), nil
	case codingZstd:
		d, err := decompressor()
		if err != nil {
			return nil, err
		}
		return d.DecodeAll(stored, nil)
	}
	return nil, fmt.Errorf("unknown coding %q", h.Coding)
}

package record

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Sources are stored in pieces, each compressed for itself: a document that is
// deleted leaves nothing in a block shared with others, and what is compressed
// once is logged, flushed and compacted small.

// PieceSize is how much of a source is in one piece: a passage is read without
// its whole document.
const PieceSize = 16 << 10

// CodingZstd says that the pieces of a document's source are Zstandard frames;
// documents of stores before format 3 have none and are stored as they are.
const CodingZstd = "zstd"

// Both are safe for concurrent use. Pebble checks what it stores, so frames
// carry no checksum.
var (
	compressor = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithWindowSize(PieceSize))
	})
	decompressor = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(PieceSize))
	})
)

// EncodePiece appends a piece of a source to b as it is stored.
func EncodePiece(b []byte, piece string) ([]byte, error) {
	c, err := compressor()
	if err != nil {
		return nil, err
	}
	return c.EncodeAll([]byte(piece), b), nil
}

// EncodeSource makes the pieces of a source as they are stored.
func EncodeSource(source string) ([][]byte, error) {
	pieces := make([][]byte, 0, (len(source)+PieceSize-1)/PieceSize)
	err := EachPiece(source, func(_ int, piece []byte) error {
		pieces = append(pieces, bytes.Clone(piece))
		return nil
	})
	return pieces, err
}

// EachPiece hands out the pieces of a source as they are stored, each valid until
// put returns.
func EachPiece(source string, put func(i int, piece []byte) error) error {
	var piece []byte
	for i := 0; len(source) > 0; i++ {
		n := min(len(source), PieceSize)
		var err error
		if piece, err = EncodePiece(piece[:0], source[:n]); err == nil {
			err = put(i, piece)
		}
		if err != nil {
			return err
		}
		source = source[n:]
	}
	return nil
}

// DecodePiece makes the text of a stored piece.
func DecodePiece(h *Header, stored []byte) ([]byte, error) {
	switch h.Coding {
	case "":
		return bytes.Clone(stored), nil
	case CodingZstd:
		d, err := decompressor()
		if err != nil {
			return nil, err
		}
		return d.DecodeAll(stored, nil)
	}
	return nil, fmt.Errorf("unknown coding %q", h.Coding)
}

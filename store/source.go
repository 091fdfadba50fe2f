package store

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/store/record"
)

// recordSource writes a source in pieces under an ordinal.
func recordSource(b *pebble.Batch, ordinal uint64, source string) error {
	var frame []byte
	for i := 0; i*record.PieceSize < len(source); i++ {
		piece := source[i*record.PieceSize : min(len(source), (i+1)*record.PieceSize)]
		var err error
		if frame, err = record.EncodePiece(frame[:0], piece); err != nil {
			return err
		}
		if err := b.Set(record.TextKey(ordinal, i), frame, nil); err != nil {
			return err
		}
	}
	return nil
}

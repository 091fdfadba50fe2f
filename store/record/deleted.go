package record

import (
	"encoding/binary"
	"errors"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// AppendDeleted encodes a layer of what was deleted from a segment: uvarint
// length and bytes of a 64-bit Roaring bitmap of ordinals. Formats before 5 have
// more behind it, the counts by which the statistics shrink: a reader passes them
// over, for the segment has them too.
func AppendDeleted(b []byte, ordinals *roaring64.Bitmap) ([]byte, error) {
	bits, err := ordinals.ToBytes()
	if err != nil {
		return nil, err
	}
	return append(binary.AppendUvarint(b, uint64(len(bits))), bits...), nil
}

// DecodeDeleted reads what AppendDeleted wrote.
func DecodeDeleted(b []byte) (*roaring64.Bitmap, error) {
	ordinals := roaring64.New()
	d := decoder{b: b}
	bits := d.string()
	if d.err != nil {
		return nil, d.err
	}
	if err := ordinals.UnmarshalBinary([]byte(bits)); err != nil {
		return nil, errors.Join(errDecode, err)
	}
	return ordinals, nil
}

package record

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// Lost counts what a unit lost with deleted documents.
type Lost struct {
	Rows   int
	Length uint64
	DF     map[string]int
}

// AppendDeleted encodes a layer of what was deleted from a segment: uvarint
// length and bytes of a 64-bit Roaring bitmap of ordinals; then for documents
// and for passages: uvarint rows, uvarint total length, uvarint terms, and for
// each term, sorted, uvarint length and bytes and uvarint rows.
func AppendDeleted(b []byte, ordinals *roaring64.Bitmap, lost []Lost) ([]byte, error) {
	bits, err := ordinals.ToBytes()
	if err != nil {
		return nil, err
	}
	b = binary.AppendUvarint(b, uint64(len(bits)))
	b = append(b, bits...)
	for _, l := range lost {
		b = binary.AppendUvarint(b, uint64(l.Rows))
		b = binary.AppendUvarint(b, l.Length)
		b = binary.AppendUvarint(b, uint64(len(l.DF)))
		terms := make([]string, 0, len(l.DF))
		for term := range l.DF {
			terms = append(terms, term)
		}
		slices.Sort(terms)
		for _, term := range terms {
			b = binary.AppendUvarint(b, uint64(len(term)))
			b = append(b, term...)
			b = binary.AppendUvarint(b, uint64(l.DF[term]))
		}
	}
	return b, nil
}

// DecodeDeleted reads what AppendDeleted wrote, of so many units.
func DecodeDeleted(b []byte, units int) (*roaring64.Bitmap, []Lost, error) {
	ordinals := roaring64.New()
	d := decoder{b: b}
	if bits := d.string(); d.err == nil {
		if err := ordinals.UnmarshalBinary([]byte(bits)); err != nil {
			return nil, nil, errors.Join(errDecode, err)
		}
	}
	lost := make([]Lost, units)
	for u := range lost {
		lost[u] = Lost{int(d.uvarint()), d.uvarint(), map[string]int{}}
		for n := d.uvarint(); n > 0 && d.err == nil; n-- {
			term := d.string()
			lost[u].DF[term] = int(d.uvarint())
		}
	}
	return ordinals, lost, d.done()
}

package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/index"
)

// tombstones are the documents deleted from one segment, with the counts by
// which its statistics shrink: postings of a deleted row stay in the file
// until the segment is merged, but no longer count.
//
// Stored form: uvarint length and bytes of a 64-bit Roaring bitmap of
// ordinals; then for documents and for passages: uvarint rows, uvarint total
// length, uvarint terms, and for each term, sorted, uvarint length and bytes
// and uvarint rows.
type tombstones struct {
	ordinals *roaring64.Bitmap
	lost     [numUnits]lostCounts
}

type lostCounts struct {
	rows   int
	length uint64
	df     map[string]int
}

func newTombstones() *tombstones {
	t := &tombstones{ordinals: roaring64.New()}
	for u := range t.lost {
		t.lost[u].df = map[string]int{}
	}
	return t
}

func (t *tombstones) has(ordinal uint64) bool { return t.ordinals.Contains(ordinal) }

func (t *tombstones) add(ordinal uint64, r rows, c index.Config) {
	t.ordinals.Add(ordinal)
	t.lost[Documents].add(r.document, c)
	for _, f := range r.fields {
		t.lost[Passages].add(f, c)
	}
}

func (l *lostCounts) add(f index.Fields, c index.Config) {
	l.rows++
	l.length += uint64(c.TitleWeight*len(f.Title) + c.HeadingWeight*len(f.Headings) + len(f.Body))
	seen := map[string]bool{}
	for _, field := range [][]string{f.Title, f.Headings, f.Body} {
		for _, term := range field {
			if !seen[term] {
				seen[term] = true
				l.df[term]++
			}
		}
	}
}

func (t *tombstones) encode() []byte {
	bits, err := t.ordinals.ToBytes()
	if err != nil {
		// Writing to memory does not fail.
		panic(err)
	}
	b := binary.AppendUvarint(nil, uint64(len(bits)))
	b = append(b, bits...)
	for _, l := range t.lost {
		b = binary.AppendUvarint(b, uint64(l.rows))
		b = binary.AppendUvarint(b, l.length)
		b = binary.AppendUvarint(b, uint64(len(l.df)))
		terms := make([]string, 0, len(l.df))
		for term := range l.df {
			terms = append(terms, term)
		}
		slices.SortFunc(terms, cmp.Compare[string])
		for _, term := range terms {
			b = binary.AppendUvarint(b, uint64(len(term)))
			b = append(b, term...)
			b = binary.AppendUvarint(b, uint64(l.df[term]))
		}
	}
	return b
}

func decodeTombstones(b []byte) (*tombstones, error) {
	t := newTombstones()
	d := decoder{b: b}
	if bits := d.string(); d.err == nil {
		if err := t.ordinals.UnmarshalBinary([]byte(bits)); err != nil {
			return nil, errors.Join(errDecode, err)
		}
	}
	for u := range t.lost {
		l := &t.lost[u]
		l.rows, l.length = int(d.uvarint()), d.uvarint()
		for n := d.uvarint(); n > 0 && d.err == nil; n-- {
			term := d.string()
			l.df[term] = int(d.uvarint())
		}
	}
	return t, d.done()
}

// readTombstones returns the tombstones of a segment, ready to be added to.
func (s *Store) readTombstones(segment uint64) (*tombstones, error) {
	b, err := s.get(ordinalKey(keyTombstone, segment))
	if errors.Is(err, pebble.ErrNotFound) {
		return newTombstones(), nil
	}
	if err != nil {
		return nil, err
	}
	return decodeTombstones(b)
}

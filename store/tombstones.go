package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/index"
)

// tombstones are the documents deleted from one segment, with the counts by
// which its statistics shrink: postings of a deleted row stay in the file
// until the segment is merged, but no longer count. They lie in layers, one
// for each commit that deleted something here; layers of like weight become
// one, so that there are few and a delete costs little however many came
// before it. Neither tombstones nor layers change once a snapshot holds them.
type tombstones struct {
	layers []*layer
	rows   [numUnits]int
	length [numUnits]uint64
}

// layer is what some commits deleted from a segment.
//
// Stored form: uvarint length and bytes of a 64-bit Roaring bitmap of
// ordinals; then for documents and for passages: uvarint rows, uvarint total
// length, uvarint terms, and for each term, sorted, uvarint length and bytes
// and uvarint rows.
type layer struct {
	number   uint32 // part of its key
	ordinals *roaring64.Bitmap
	lost     [numUnits]lostCounts
}

type lostCounts struct {
	rows   int
	length uint64
	df     map[string]int
}

var noTombstones = &tombstones{}

func newLayer() *layer {
	l := &layer{ordinals: roaring64.New()}
	for u := range l.lost {
		l.lost[u].df = map[string]int{}
	}
	return l
}

func (t *tombstones) has(ordinal uint64) bool {
	for _, l := range t.layers {
		if l.ordinals.Contains(ordinal) {
			return true
		}
	}
	return false
}

// df is the number of deleted rows of a unit that hold the term.
func (t *tombstones) df(u Unit, term string) int {
	n := 0
	for _, l := range t.layers {
		n += l.lost[u].df[term]
	}
	return n
}

// with returns t and l together; l is t's from then on. gone are the numbers
// of the layers that the last layer of the result replaces.
func (t *tombstones) with(l *layer) (next *tombstones, gone []uint32) {
	next = &tombstones{layers: slices.Clone(t.layers), rows: t.rows, length: t.length}
	for u, lost := range l.lost {
		next.rows[u] += lost.rows
		next.length[u] += lost.length
	}
	l.number = 0
	for n := len(next.layers); n > 0; n-- {
		before := next.layers[n-1]
		if l.number == 0 {
			l.number = before.number + 1
		}
		if before.weight() > 2*l.weight() {
			break
		}
		// Layers are shared: the older one is added to the new one.
		l.add(before)
		gone = append(gone, before.number)
		next.layers = next.layers[:n-1]
	}
	next.layers = append(next.layers, l)
	return next, gone
}

// since is what t has beyond before, which t grew from.
func (t *tombstones) since(before *tombstones) *layer {
	l := newLayer()
	for _, x := range t.layers {
		l.add(x)
	}
	for _, x := range before.layers {
		l.subtract(x)
	}
	return l
}

func (l *layer) empty() bool { return l.ordinals.IsEmpty() }

// weight is about what adding the layer to another costs.
func (l *layer) weight() int {
	return int(l.ordinals.GetCardinality()) + len(l.lost[Documents].df) + len(l.lost[Passages].df)
}

func (l *layer) add(x *layer) {
	l.ordinals.Or(x.ordinals)
	for u := range l.lost {
		to, from := &l.lost[u], &x.lost[u]
		to.rows += from.rows
		to.length += from.length
		for term, n := range from.df {
			to.df[term] += n
		}
	}
}

func (l *layer) subtract(x *layer) {
	l.ordinals.AndNot(x.ordinals)
	for u := range l.lost {
		to, from := &l.lost[u], &x.lost[u]
		to.rows -= from.rows
		to.length -= from.length
		for term, n := range from.df {
			if to.df[term] -= n; to.df[term] == 0 {
				delete(to.df, term)
			}
		}
	}
}

// bury counts a document of the segment.
func (l *layer) bury(ordinal uint64, r rows, c index.Config) {
	l.ordinals.Add(ordinal)
	l.lost[Documents].add(r.document, c)
	for _, f := range r.fields {
		l.lost[Passages].add(f, c)
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

func (l *layer) encode() []byte {
	bits, err := l.ordinals.ToBytes()
	if err != nil {
		// Writing to memory does not fail.
		panic(err)
	}
	b := binary.AppendUvarint(nil, uint64(len(bits)))
	b = append(b, bits...)
	for _, l := range l.lost {
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

func decodeLayer(b []byte) (*layer, error) {
	l := newLayer()
	d := decoder{b: b}
	if bits := d.string(); d.err == nil {
		if err := l.ordinals.UnmarshalBinary([]byte(bits)); err != nil {
			return nil, errors.Join(errDecode, err)
		}
	}
	for u := range l.lost {
		lost := &l.lost[u]
		lost.rows, lost.length = int(d.uvarint()), d.uvarint()
		for n := d.uvarint(); n > 0 && d.err == nil; n-- {
			term := d.string()
			lost.df[term] = int(d.uvarint())
		}
	}
	return l, d.done()
}

// layerKey is the key of a layer; version 1 stored number 0 alone, without it.
func layerKey(segment uint64, number uint32) []byte {
	k := ordinalKey(keyTombstone, segment)
	if number == 0 {
		return k
	}
	return binary.BigEndian.AppendUint32(k, number)
}

// readTombstones returns the stored tombstones of a segment.
func (s *Store) readTombstones(segment uint64) (*tombstones, error) {
	t := &tombstones{}
	err := s.scan(ordinalKey(keyTombstone, segment), func(key, value []byte) error {
		l, err := decodeLayer(value)
		if err != nil {
			return fmt.Errorf("deletes of segment %d: %w", segment, err)
		}
		if n := len(key) - 9; n == 4 {
			l.number = binary.BigEndian.Uint32(key[9:])
		}
		t.layers = append(t.layers, l)
		for u, lost := range l.lost {
			t.rows[u] += lost.rows
			t.length[u] += lost.length
		}
		return nil
	})
	return t, err
}

// store returns t and l together and puts the difference into kv (nil:
// nowhere).
func (t *tombstones) store(kv *pebble.Batch, segment uint64, l *layer) (*tombstones, error) {
	next, gone := t.with(l)
	if kv == nil {
		return next, nil
	}
	for _, number := range gone {
		if err := kv.Delete(layerKey(segment, number), nil); err != nil {
			return nil, err
		}
	}
	return next, kv.Set(layerKey(segment, l.number), l.encode(), nil)
}

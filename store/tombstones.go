package store

import (
	"fmt"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/record"
)

// tombstones are the documents deleted from one segment: postings of a deleted
// row stay in the file until the segment is merged. They lie in layers, one for
// each commit that deleted something here; layers of like weight become one, so
// that there are few and a delete costs little however many came before it.
// Neither tombstones nor layers change once a snapshot holds them.
type tombstones struct {
	layers  []*layer
	deleted int // documents
}

// layer is what some commits deleted from a segment.
type layer struct {
	number   uint32 // part of its key
	ordinals *roaring64.Bitmap
}

var noTombstones = &tombstones{}

func newLayer() *layer { return &layer{ordinals: roaring64.New()} }

func (t *tombstones) has(ordinal uint64) bool {
	return slices.ContainsFunc(t.layers, func(l *layer) bool { return l.ordinals.Contains(ordinal) })
}

// with returns t and l together; l is t's from then on. gone are the numbers
// of the layers that the last layer of the result replaces.
func (t *tombstones) with(l *layer) (next *tombstones, gone []uint32) {
	next = &tombstones{layers: slices.Clone(t.layers), deleted: t.deleted + l.size()}
	l.number = 0
	for n := len(next.layers); n > 0; n-- {
		before := next.layers[n-1]
		if l.number == 0 {
			l.number = before.number + 1
		}
		if before.size() > 2*l.size() {
			break
		}
		// Layers are shared: the older one is added to the new one.
		l.ordinals.Or(before.ordinals)
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
		l.ordinals.Or(x.ordinals)
	}
	for _, x := range before.layers {
		l.ordinals.AndNot(x.ordinals)
	}
	return l
}

func (l *layer) empty() bool { return l.ordinals.IsEmpty() }

func (l *layer) size() int { return int(l.ordinals.GetCardinality()) }

// readTombstones returns the stored tombstones of a segment.
func readTombstones(r pebble.Reader, segment uint64) (*tombstones, error) {
	t := &tombstones{}
	err := kv.Scan(r, record.DeletedKey(segment, 0), func(key, value []byte) error {
		ordinals, err := record.DecodeDeleted(value)
		if err != nil {
			return fmt.Errorf("deletes of segment %d: %w", segment, err)
		}
		l := &layer{number: record.DeletedNumber(key), ordinals: ordinals}
		t.layers = append(t.layers, l)
		t.deleted += l.size()
		return nil
	})
	return t, err
}

// store returns t and l together and puts the difference into wb (nil:
// nowhere).
func (t *tombstones) store(wb *pebble.Batch, segment uint64, l *layer) (*tombstones, error) {
	next, gone := t.with(l)
	if wb == nil {
		return next, nil
	}
	for _, number := range gone {
		if err := wb.Delete(record.DeletedKey(segment, number), nil); err != nil {
			return nil, err
		}
	}
	value, err := record.AppendDeleted(nil, l.ordinals)
	if err != nil {
		return nil, err
	}
	return next, wb.Set(record.DeletedKey(segment, l.number), value, nil)
}

// hidden are the rows that one layer hides in one segment, with the counts by
// which the statistics shrink. All of it comes from the segment itself, so that
// what is taken off is what was put in, whatever made it. Document frequencies
// are counted for the terms that are asked for, once.
type hidden struct {
	layer  *layer
	rows   [numUnits][]uint32 // ascending
	length [numUnits]uint64

	mu sync.Mutex
	df [numUnits]map[string]int
}

// hiddenTerms bounds the counts that are remembered.
const hiddenTerms = 1 << 14

func newHidden(seg *segment.Segment, l *layer) *hidden {
	h := &hidden{layer: l}
	for it := l.ordinals.Iterator(); it.HasNext(); {
		doc, ok := seg.Row(it.Next())
		if !ok {
			continue
		}
		h.rows[Documents] = append(h.rows[Documents], doc)
		first, end := seg.PassageRows(doc)
		for row := first; row < end; row++ {
			h.rows[Passages] = append(h.rows[Passages], row)
		}
	}
	h.length[Documents], h.length[Passages] = seg.Lengths(h.rows[Documents])
	return h
}

// count is how many of the hidden rows hold a term, of which list are the
// postings.
func (h *hidden) count(u Unit, term string, list index.List) int {
	if list.DF() == 0 {
		return 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	n, ok := h.df[u][term]
	if !ok {
		n = list.CountIn(h.rows[u])
		if h.df[u] == nil || len(h.df[u]) >= hiddenTerms {
			h.df[u] = map[string]int{}
		}
		h.df[u][term] = n
	}
	return n
}

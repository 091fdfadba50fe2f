package view

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

// Deletes are the documents deleted from one segment: postings of a deleted
// row stay in the file until the segment is merged. They lie in layers, one for
// each commit that deleted something here; layers of like weight become one, so
// that there are few and a delete costs little however many came before it.
// Neither deletes nor layers change once a view holds them.
type Deletes struct {
	layers  []*layer
	deleted int // documents
}

// layer is what some commits deleted from a segment.
type layer struct {
	number   uint32 // part of its key
	ordinals *roaring64.Bitmap
}

// with returns t and l together; l is t's from then on. gone are the numbers
// of the layers that the last layer of the result replaces.
func (t *Deletes) with(l *layer) (next *Deletes, gone []uint32) {
	next = &Deletes{layers: slices.Clone(t.layers), deleted: t.deleted + l.size()}
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

// Count is how many documents they are.
func (t *Deletes) Count() int { return t.deleted }

// Since is what t has beyond before, which t grew from; nil is of none.
func (t *Deletes) Since(before *Deletes) *roaring64.Bitmap {
	more := roaring64.New()
	for _, x := range t.layers {
		more.Or(x.ordinals)
	}
	if before != nil {
		for _, x := range before.layers {
			more.AndNot(x.ordinals)
		}
	}
	return more
}

func (l *layer) size() int { return int(l.ordinals.GetCardinality()) }

// ReadDeletes returns the stored deletes of a segment.
func ReadDeletes(r pebble.Reader, segment uint64) (*Deletes, error) {
	t := &Deletes{}
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
func (t *Deletes) store(wb *pebble.Batch, segment uint64, l *layer) (*Deletes, error) {
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

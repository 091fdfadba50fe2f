package store

import (
	"fmt"
	"slices"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/store/record"
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
type layer struct {
	number   uint32 // part of its key
	ordinals *roaring64.Bitmap
	lost     []record.Lost // by unit
}

var noTombstones = &tombstones{}

func newLayer() *layer {
	l := &layer{ordinals: roaring64.New(), lost: make([]record.Lost, numUnits)}
	for u := range l.lost {
		l.lost[u].DF = map[string]int{}
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
		n += l.lost[u].DF[term]
	}
	return n
}

// with returns t and l together; l is t's from then on. gone are the numbers
// of the layers that the last layer of the result replaces.
func (t *tombstones) with(l *layer) (next *tombstones, gone []uint32) {
	next = &tombstones{layers: slices.Clone(t.layers), rows: t.rows, length: t.length}
	for u, lost := range l.lost {
		next.rows[u] += lost.Rows
		next.length[u] += lost.Length
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
	return int(l.ordinals.GetCardinality()) + len(l.lost[Documents].DF) + len(l.lost[Passages].DF)
}

func (l *layer) add(x *layer) {
	l.ordinals.Or(x.ordinals)
	for u := range l.lost {
		to, from := &l.lost[u], &x.lost[u]
		to.Rows += from.Rows
		to.Length += from.Length
		for term, n := range from.DF {
			to.DF[term] += n
		}
	}
}

func (l *layer) subtract(x *layer) {
	l.ordinals.AndNot(x.ordinals)
	for u := range l.lost {
		to, from := &l.lost[u], &x.lost[u]
		to.Rows -= from.Rows
		to.Length -= from.Length
		for term, n := range from.DF {
			if to.DF[term] -= n; to.DF[term] == 0 {
				delete(to.DF, term)
			}
		}
	}
}

// bury counts a document of the segment.
func (l *layer) bury(ordinal uint64, r ingest.Rows, c index.Config) {
	l.ordinals.Add(ordinal)
	count(&l.lost[Documents], r.Document, c)
	for _, f := range r.Fields {
		count(&l.lost[Passages], f, c)
	}
}

func count(l *record.Lost, f index.Fields, c index.Config) {
	l.Rows++
	l.Length += uint64(c.TitleWeight*len(f.Title) + c.HeadingWeight*len(f.Headings) + len(f.Body))
	seen := map[string]bool{}
	for _, field := range [][]string{f.Title, f.Headings, f.Body} {
		for _, term := range field {
			if !seen[term] {
				seen[term] = true
				l.DF[term]++
			}
		}
	}
}

// readTombstones returns the stored tombstones of a segment.
func (s *Store) readTombstones(segment uint64) (*tombstones, error) {
	t := &tombstones{}
	err := s.scan(record.DeletedKey(segment, 0), func(key, value []byte) error {
		l := &layer{number: record.DeletedNumber(key)}
		var err error
		if l.ordinals, l.lost, err = record.DecodeDeleted(value, int(numUnits)); err != nil {
			return fmt.Errorf("deletes of segment %d: %w", segment, err)
		}
		t.layers = append(t.layers, l)
		for u, lost := range l.lost {
			t.rows[u] += lost.Rows
			t.length[u] += lost.Length
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
		if err := kv.Delete(record.DeletedKey(segment, number), nil); err != nil {
			return nil, err
		}
	}
	value, err := record.AppendDeleted(nil, l.ordinals, l.lost)
	if err != nil {
		return nil, err
	}
	return next, kv.Set(record.DeletedKey(segment, l.number), value, nil)
}

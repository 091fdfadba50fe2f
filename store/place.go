package store

import (
	"bytes"
	"errors"
	"maps"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/record"
)

// Where the blocks of a document stand in its file is a record beside it, and no
// part of what tells a changed document from an unchanged one: a record of a JSON
// Lines file that moves to another line is not indexed again.

// placement is what a step writes of the places of a document that it leaves
// alone otherwise.
type placement struct {
	ordinal uint64
	places  []byte
}

// move takes the places of an unchanged document into the step where they are
// others than those stored.
func (b *Batch) move(v *Snapshot, old *Header, places []byte) error {
	stored, err := kv.Get(v.Stored(), record.PlacesKey(old.Ordinal))
	if err != nil && !errors.Is(err, pebble.ErrNotFound) {
		return err
	}
	if bytes.Equal(stored, places) {
		return nil
	}
	b.moved[old.ID] = placement{old.Ordinal, places}
	b.size += len(places) + documentCost
	if b.full() {
		return b.Flush()
	}
	return nil
}

// place writes the places that the step found anew, of documents that are still
// there. Store.mu is held.
func (b *Batch) place(wb *pebble.Batch) error {
	for _, id := range slices.Sorted(maps.Keys(b.moved)) {
		p := b.moved[id]
		there, err := b.still(id, p.ordinal)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		if len(p.places) == 0 {
			err = wb.Delete(record.PlacesKey(p.ordinal), nil)
		} else {
			err = wb.Set(record.PlacesKey(p.ordinal), p.places, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

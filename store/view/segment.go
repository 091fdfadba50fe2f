package view

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/store/manifest"
)

// file is an open segment file, shared by the views that see it.
type file struct {
	seg     *segment.Segment
	data    []byte // what seg reads
	release func() error
	refs    atomic.Int32
	since   time.Time // when it was opened
	passed  passed
}

func (f *file) unref() error {
	if f.refs.Add(-1) > 0 {
		return nil
	}
	return f.release()
}

// Segment is a segment as one view sees it.
type Segment struct {
	Entry manifest.Entry
	// Missing says that the segment cannot be read yet: it has no rows.
	Missing bool

	file *file
	dead *Deletes
	// hidden are the rows of each layer of dead; none where the segment is missing.
	hidden []*hidden
	// visible are the rows that are not deleted, by unit; nil when all are.
	visible [numUnits]Bits
	// Of documents: those that are not deleted (nil: all are), and those that
	// pass each filter.
	shown   *shown
	filters []*shown
}

// Close gives the segment back to who made it; views that hold it go on. Closing
// nil does nothing.
func (o *Segment) Close() error {
	if o == nil {
		return nil
	}
	return o.file.unref()
}

// Bits is a set of rows: row 0 is the lowest bit of the first word. Rows
// beyond its end are not in it.
type Bits []uint64

// Has says whether a row is in the set.
func (b Bits) Has(row uint32) bool {
	return int(row>>6) < len(b) && b[row>>6]>>(row&63)&1 != 0
}

func allBits(rows int) Bits {
	b := make(Bits, (rows+63)/64)
	for i := range b {
		b[i] = ^uint64(0)
	}
	if n := rows & 63; n != 0 {
		b[len(b)-1] = 1<<n - 1
	}
	return b
}

func (b Bits) remove(row uint32) { b[row>>6] &^= 1 << (row & 63) }

// Open is a segment less its deletes (nil: none), to be closed. data are the bytes
// that seg reads, and release gives them back when no view needs them any more.
func Open(e manifest.Entry, seg *segment.Segment, data []byte, release func() error, dead *Deletes) *Segment {
	o := &Segment{Entry: e, file: &file{seg: seg, data: data, release: release, since: time.Now()}}
	o.file.refs.Store(1)
	if dead == nil {
		dead = &Deletes{}
	}
	o.bury(dead, dead.layers...)
	return o
}

// Missing stands for a segment that cannot be read; empty has no rows.
func Missing(e manifest.Entry, empty *segment.Segment, dead *Deletes) *Segment {
	o := Open(e, empty, nil, func() error { return nil }, nil)
	o.Missing = true
	o.dead = dead
	return o
}

// Rows are what the segment holds, deleted documents included.
func (o *Segment) Rows() *segment.Segment { return o.file.seg }

// Data are the bytes of the segment.
func (o *Segment) Data() []byte { return o.file.data }

// Since is when it was opened.
func (o *Segment) Since() time.Time { return o.file.since }

// Visible are the rows of a unit that can be seen; nil when all can.
func (o *Segment) Visible(u Unit) Bits { return o.visible[u] }

// Dead are the documents that were deleted from it.
func (o *Segment) Dead() *Deletes { return o.dead }

// Pending says that vectors were attached to documents of the segment that are
// not in it yet.
func (o *Segment) Pending() bool { return !o.Missing && o.Entry.Holds < o.Entry.Attached }

// Delete deletes documents, whose ordinals are the segment's from then on, and
// puts what is to be stored of that into wb (nil: nowhere).
func (o *Segment) Delete(wb *pebble.Batch, ordinals *roaring64.Bitmap) error {
	l := &layer{ordinals: ordinals}
	dead, err := o.dead.store(wb, o.Entry.ID, l)
	if err == nil {
		o.bury(dead, l)
	}
	return err
}

// bury gives the segment its deletes, of which fresh are new.
func (o *Segment) bury(dead *Deletes, fresh ...*layer) {
	o.dead = dead
	if o.Missing || len(fresh) == 0 {
		return
	}
	seg := o.file.seg
	before := o.hidden
	o.hidden = make([]*hidden, len(dead.layers))
	for i, l := range dead.layers {
		if at := slices.IndexFunc(before, func(h *hidden) bool { return h.layer == l }); at >= 0 {
			o.hidden[i] = before[at]
		} else {
			o.hidden[i] = newHidden(seg, l)
		}
	}
	docs, passages := slices.Clone(o.visible[Documents]), slices.Clone(o.visible[Passages])
	if docs == nil {
		docs, passages = allBits(seg.Documents().Rows()), allBits(seg.Passages().Rows())
	}
	var gone []uint32
	for _, l := range fresh {
		for it := l.ordinals.Iterator(); it.HasNext(); {
			doc, ok := seg.Row(it.Next())
			if !ok || !docs.Has(doc) {
				continue
			}
			docs.remove(doc)
			gone = append(gone, doc)
			first, end := seg.PassageRows(doc)
			for row := first; row < end; row++ {
				passages.remove(row)
			}
		}
	}
	o.visible = [numUnits]Bits{docs, passages}
	o.shown = o.shown.without(gone, docs, seg)
}

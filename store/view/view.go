// Package view is the index as it was at one commit: what a reader asks of it.
// A View holds a snapshot of Pebble and the open segments of that commit, each
// with the rows that can be seen: what was deleted from it, and what a filter
// leaves. It changes nothing; package store makes views and hands them out.
package view

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/store/names"
	"github.com/tamis-search/tamis/store/record"
)

// Unit is what a search ranks.
type Unit int

// The units.
const (
	Documents Unit = iota
	Passages
	numUnits
)

// Base is what all views of an index have in common.
type Base struct {
	// Attached says that documents may have attached vectors.
	Attached atomic.Bool

	dir    string
	config ingest.Config
	names  *names.Numbers
	pieces pieceCache
	open   sync.WaitGroup // views that were not released
}

// NewBase returns the base of the index in dir.
func NewBase(dir string, c ingest.Config, n *names.Numbers) *Base {
	return &Base{dir: dir, config: c, names: n}
}

// View is the index as kv has it, with these segments in order of addition, and
// the word analyses in use, some of which are rare. kv is the view's from then on.
func (b *Base) View(kv *pebble.Snapshot, segments []Segment, analyzers []string, rare map[string]bool) *View {
	v := &View{base: b, kv: kv, segments: segments, analyzers: analyzers, rare: rare}
	b.open.Add(1)
	for i := range segments {
		segments[i].file.refs.Add(1)
	}
	v.refs.Store(1)
	return v
}

// Wait waits until all views are released.
func (b *Base) Wait() { b.open.Wait() }

// A View is the index as it was at one commit. It must be released; its
// methods are safe for concurrent use until then.
type View struct {
	base      *Base
	kv        *pebble.Snapshot
	segments  []Segment
	analyzers []string
	rare      map[string]bool // of analyzers
	refs      atomic.Int32
}

// Retain makes the view need one more Release.
func (v *View) Retain() { v.refs.Add(1) }

// Release gives the view back.
func (v *View) Release() error {
	if v.refs.Add(-1) > 0 {
		return nil
	}
	var errs []error
	for _, o := range v.segments {
		errs = append(errs, o.file.unref())
	}
	errs = append(errs, v.kv.Close())
	v.base.open.Done()
	return errors.Join(errs...)
}

// Segments are the segments in order of addition; they are not to be changed.
func (v *View) Segments() []Segment { return v.segments }

// Stored reads what Pebble holds at the view's moment.
func (v *View) Stored() pebble.Reader { return v.kv }

// Analyzers names the word analyses in use, that of code last.
func (v *View) Analyzers() []string { return v.analyzers }

// IsCommon says whether an analysis in use is that of more than a few documents.
func (v *View) IsCommon(analyzer string) bool { return !v.rare[analyzer] }

// Config is what the index was made with.
func (v *View) Config() ingest.Config { return v.base.config }

// Space is the inverted index of a unit in one segment, with the rows that can
// be seen (nil: all).
type Space struct {
	Inverted *index.Inverted
	Visible  Bits
}

// Row is a row of one segment; Segment counts them in order of addition, as
// Spaces lists them.
type Row = topk.Row

// Spaces are the inverted indexes of a unit, in order of addition.
func (v *View) Spaces(u Unit) []Space {
	out := make([]Space, len(v.segments))
	for i, o := range v.segments {
		out[i] = Space{Inverted: o.file.seg.Documents(), Visible: o.visible[u]}
		if u == Passages {
			out[i].Inverted = o.file.seg.Passages()
		}
	}
	return out
}

// Statistics count the live rows of a unit: how many, their total weighted
// length, and in how many each of the terms occurs.
type Statistics struct {
	Rows        int
	TotalLength uint64
	DF          []int
}

// Statistics are those of the live rows of a unit, as if deleted documents had
// never been added.
func (v *View) Statistics(u Unit, terms []string) Statistics {
	st := Statistics{DF: make([]int, len(terms))}
	for i, space := range v.Spaces(u) {
		if v.segments[i].Missing {
			continue
		}
		hidden := v.segments[i].hidden
		st.Rows += space.Inverted.Rows()
		st.TotalLength += space.Inverted.TotalLength()
		for _, h := range hidden {
			st.Rows -= len(h.rows[u])
			st.TotalLength -= h.length[u]
		}
		for j, t := range terms {
			list, _ := space.Inverted.Lookup(t)
			st.DF[j] += list.DF()
			for _, h := range hidden {
				st.DF[j] -= h.count(u, t, list)
			}
		}
	}
	return st
}

// Incomplete counts the documents that cannot be found yet, because their
// segments are being built anew.
func (v *View) Incomplete() int {
	n := 0
	for _, o := range v.segments {
		if o.Missing {
			n += o.Entry.Docs - o.dead.deleted
		}
	}
	return n
}

// Rows counts the live rows of a unit.
func (v *View) Rows(u Unit) int { return v.Statistics(u, nil).Rows }

// DocumentOf is the row of the document that a passage belongs to.
func (v *View) DocumentOf(passage Row) Row {
	return Row{Segment: passage.Segment, Row: v.segments[passage.Segment].file.seg.DocumentOf(passage.Row)}
}

// Find is the row of a document that can be seen, by its id. Error: ErrNotFound, also
// where its segment is being built anew.
func (v *View) Find(id string) (Row, error) {
	h, err := v.HeaderByID(id)
	if err != nil {
		return Row{}, err
	}
	for i, o := range v.segments {
		if o.Missing {
			continue
		}
		if row, ok := o.file.seg.Row(h.Ordinal); ok && (o.visible[Documents] == nil || o.visible[Documents].Has(row)) {
			return Row{Segment: i, Row: row}, nil
		}
	}
	return Row{}, record.ErrNotFound
}

// Ordinal is the ordinal of a document row.
func (v *View) Ordinal(doc Row) uint64 { return v.segments[doc.Segment].file.seg.Ordinal(doc.Row) }

// Passage is a passage row with its range, headings and sentences.
func (v *View) Passage(r Row) corpus.Passage {
	return v.segments[r.Segment].file.seg.Passage(r.Row)
}

// PassageRows is the half-open range of passage rows of a document row, in the
// same segment.
func (v *View) PassageRows(doc Row) (first, end uint32) {
	return v.segments[doc.Segment].file.seg.PassageRows(doc.Row)
}

// FindTitle lists the rows of the live documents whose analysed title is
// terms, in order of addition.
func (v *View) FindTitle(terms []string) []Row {
	if len(terms) == 0 {
		return nil
	}
	hash := segment.TitleHash(terms)
	var rows []Row
	for i, o := range v.segments {
		for _, row := range o.file.seg.FindTitle(hash) {
			if visible := o.visible[Documents]; visible == nil || visible.Has(row) {
				rows = append(rows, Row{Segment: i, Row: row})
			}
		}
	}
	return rows
}

package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/store/kv"
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

// segmentFile is an open segment file, shared by the snapshots that see it.
type segmentFile struct {
	seg     *segment.Segment
	data    []byte // what seg reads
	release func() error
	refs    atomic.Int32
	since   time.Time // when it was opened
	passed  passed
}

func (f *segmentFile) unref() error {
	if f.refs.Add(-1) > 0 {
		return nil
	}
	return f.release()
}

// openSegment is a segment as one snapshot sees it.
type openSegment struct {
	entry segmentEntry
	file  *segmentFile
	dead  *tombstones
	// hidden are the rows of each layer of dead; none where the segment is missing.
	hidden []*hidden
	// visible are the rows that are not deleted, by unit; nil when all are.
	visible [numUnits]Bits
	// Of documents: those that are not deleted (nil: all are), and those that
	// pass each filter.
	shown   *shown
	filters []*shown
	// missing says that the segment cannot be read yet: file has no rows.
	missing bool
}

// drop gives back what openSegment opened.
func (o *openSegment) drop() error {
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

// opened is a segment that a file holds, less its tombstones.
func opened(e segmentEntry, f *segmentFile, dead *tombstones) *openSegment {
	f.refs.Store(1)
	f.since = time.Now()
	o := &openSegment{entry: e, file: f}
	o.bury(dead, dead.layers...)
	return o
}

// bury gives the segment its tombstones, of which fresh are new.
func (o *openSegment) bury(dead *tombstones, fresh ...*layer) {
	o.dead = dead
	if o.missing || len(fresh) == 0 {
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

// A Snapshot is the index as it was at one commit. It must be released; its
// methods are safe for concurrent use until then.
type Snapshot struct {
	s         *Store
	kv        *pebble.Snapshot
	segments  []openSegment
	analyzers []string
	refs      atomic.Int32
}

// Snapshot returns the newest committed state.
func (s *Store) Snapshot() (*Snapshot, error) {
	s.readers.RLock()
	defer s.readers.RUnlock()
	snap := s.current.Load()
	if snap == nil {
		return nil, ErrClosed
	}
	snap.refs.Add(1)
	return snap, nil
}

func (s *Store) newSnapshot(segments []openSegment, m *manifest) *Snapshot {
	snap := &Snapshot{s: s, kv: s.db.NewSnapshot(), segments: segments}
	s.snapshots.Add(1)
	for i := range segments {
		segments[i].file.refs.Add(1)
	}
	for name := range m.Analyzers {
		snap.analyzers = append(snap.analyzers, name)
	}
	sortAnalyzers(snap.analyzers)
	snap.refs.Store(1)
	return snap
}

// Release gives the snapshot back.
func (v *Snapshot) Release() error {
	if v.refs.Add(-1) > 0 {
		return nil
	}
	var errs []error
	for _, o := range v.segments {
		errs = append(errs, o.file.unref())
	}
	errs = append(errs, v.kv.Close())
	v.s.snapshots.Done()
	return errors.Join(errs...)
}

// Analyzers names the word analyses in use, the most common kind of prose
// first.
func (v *Snapshot) Analyzers() []string { return v.analyzers }

// Config is what the index was made with.
func (v *Snapshot) Config() ingest.Config { return v.s.config }

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
func (v *Snapshot) Spaces(u Unit) []Space {
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
func (v *Snapshot) Statistics(u Unit, terms []string) Statistics {
	st := Statistics{DF: make([]int, len(terms))}
	for i, space := range v.Spaces(u) {
		if v.segments[i].missing {
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
func (v *Snapshot) Incomplete() int {
	n := 0
	for _, o := range v.segments {
		if o.missing {
			n += o.entry.Docs - o.dead.deleted
		}
	}
	return n
}

// Rows counts the live rows of a unit.
func (v *Snapshot) Rows(u Unit) int { return v.Statistics(u, nil).Rows }

// DocumentOf is the row of the document that a passage belongs to.
func (v *Snapshot) DocumentOf(passage Row) Row {
	return Row{Segment: passage.Segment, Row: v.segments[passage.Segment].file.seg.DocumentOf(passage.Row)}
}

// Ordinal is the ordinal of a document row.
func (v *Snapshot) Ordinal(doc Row) uint64 { return v.segments[doc.Segment].file.seg.Ordinal(doc.Row) }

// Passage is a passage row with its range, headings and sentences.
func (v *Snapshot) Passage(r Row) corpus.Passage {
	return v.segments[r.Segment].file.seg.Passage(r.Row)
}

// PassageRows is the half-open range of passage rows of a document row, in the
// same segment.
func (v *Snapshot) PassageRows(doc Row) (first, end uint32) {
	return v.segments[doc.Segment].file.seg.PassageRows(doc.Row)
}

// FindTitle lists the rows of the live documents whose analysed title is
// terms, in order of addition.
func (v *Snapshot) FindTitle(terms []string) []Row {
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

// Header reads a document's header.
func (v *Snapshot) Header(ordinal uint64) (*Header, error) { return headerAt(v.kv, ordinal) }

// HeaderByID reads the header of the document with the given id.
func (v *Snapshot) HeaderByID(id string) (*Header, error) { return headerByID(v.kv, id) }

// Document reads a whole document.
func (v *Snapshot) Document(h *Header) (*corpus.Document, error) { return v.s.documentOf(v.kv, h) }

// Text reads bytes [start, end) of a document's source.
func (v *Snapshot) Text(h *Header, start, end int) (string, error) {
	return v.s.pieces.textOf(v.kv, h, start, end)
}

func (s *Store) headerByID(id string) (*Header, error) { return headerByID(s.db, id) }

func headerByID(r pebble.Reader, id string) (*Header, error) {
	b, err := kv.Get(r, record.IDKey(id))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, fmt.Errorf("document %q: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	ordinal, ok := record.ReadUint64(b)
	if !ok {
		return nil, fmt.Errorf("document %q: %w: its id leads nowhere", id, ErrCorrupt)
	}
	return headerAt(r, ordinal)
}

func headerAt(r pebble.Reader, ordinal uint64) (*Header, error) {
	b, err := kv.Get(r, record.HeaderKey(ordinal))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, fmt.Errorf("document number %d: %w", ordinal, ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	h := &Header{Ordinal: ordinal}
	if err := json.Unmarshal(b, h); err != nil {
		return nil, fmt.Errorf("document number %d: %w: %w", ordinal, ErrCorrupt, err)
	}
	for k, v := range h.Metadata {
		h.Metadata[k] = typed(v)
	}
	return h, nil
}

// typed gives a metadata value its Go type back: JSON knows no []string.
func typed(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	out := make([]string, 0, len(list))
	for _, x := range list {
		s, ok := x.(string)
		if !ok {
			return v
		}
		out = append(out, s)
	}
	return out
}

func (s *Store) documentOf(r pebble.Reader, h *Header) (*corpus.Document, error) {
	source, err := (*pieceCache)(nil).textOf(r, h, 0, h.Size) // every byte is wanted, and from where it is stored
	if err != nil {
		return nil, err
	}
	b, err := kv.Get(r, record.BlocksKey(h.Ordinal))
	if err != nil {
		return nil, fmt.Errorf("document %q: %w: its structure: %w", h.ID, ErrCorrupt, err)
	}
	blocks, err := record.DecodeBlocks(b)
	if err != nil {
		return nil, fmt.Errorf("document %q: %w", h.ID, err)
	}
	return h.Document(source, blocks), nil
}

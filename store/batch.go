package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/store/derived"
	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/store/view"
)

// Outcome says what putting a document did.
type Outcome int

// The outcomes of Put.
const (
	Added Outcome = iota
	Updated
	Unchanged
)

const (
	// stepOrdinals is how many ordinals a step of a batch reserves: more than
	// it can use.
	stepOrdinals = 1 << 16
	// documentCost is what a document counts beside its source.
	documentCost = 1 << 10
	// aheadSize is how much of a step's records is written before it commits.
	aheadSize = 4 << 20
	// aloneBytes is the source from which on a document is the only one of its step,
	// so that it can be given up in the middle: where the batch is to end, and where
	// it needs too much memory.
	aloneBytes = 8 << 20
)

// A Batch is a run of changes by one writer; several may be open at once, and
// where two change one document, the later commit wins. It commits in steps of
// bounded size; what Commit or Flush returned without error is durable, and so
// is everything put before it. A batch must end with Commit or Discard. It is
// not safe for concurrent use.
//
// The records of a step's documents are written while it gathers, under
// ordinals that it has reserved; nothing leads to them before the commit, a
// small synced batch, and opening removes what a crash left of them.
type Batch struct {
	s    *Store
	ctx  context.Context
	err  error // of a step that failed: the batch can only be discarded
	done bool
	// settle says that vectors were attached that the segments do not hold yet.
	settle bool
	// durable counts what was committed.
	durable Counts
	step
}

// Counts are what a batch did to documents.
type Counts struct{ Added, Updated, Removed int }

// Durable counts what the batch has made durable so far: less than its calls
// have reported where one has failed.
func (b *Batch) Durable() Counts { return b.durable }

// count counts what the step does.
func (b *Batch) count(o Outcome) {
	switch o {
	case Added:
		b.counts.Added++
	case Updated:
		b.counts.Updated++
	}
}

// step is what a batch has gathered since it committed last.
type step struct {
	records     *pebble.Batch // documents not yet written
	builder     *segment.Builder
	first, next uint64 // ordinals reserved from, and used before
	size        int
	changes     map[string]*change
	files       map[string]*File // to be recorded; nil: to be forgotten
	dead        map[uint64]*roaring64.Bitmap
	analyzers   map[string]int // documents by analyzer, more or fewer
	attached    map[string]*attachment
	moved       map[string]placement
	counts      Counts

	// Ids and paths that other batches have changed since; guarded by Store.mu.
	touched map[string]bool
}

// change is what a step does to the document with an id.
type change struct {
	put *Header // nil: only deleted
	old *Header // what it replaces or deletes; nil: nothing
}

// Begin starts a batch.
func (s *Store) Begin() (*Batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readOnly {
		return nil, fmt.Errorf("index %s: %w", s.dir, ErrReadOnly)
	}
	if s.closed {
		return nil, ErrClosed
	}
	if err := s.failed(); err != nil {
		return nil, err
	}
	b := &Batch{s: s, ctx: context.Background()}
	b.reset()
	s.batches[b] = true
	return b, nil
}

// Until makes putting a long document end with ctx: Put returns its error, and
// the document is not put.
func (b *Batch) Until(ctx context.Context) { b.ctx = ctx }

// reset starts a step. Store.mu is held.
func (b *Batch) reset() {
	b.step = step{
		records: b.s.db.NewBatch(),
		builder: segment.NewBuilder(b.s.ingest.Index()),
		changes: map[string]*change{}, files: map[string]*File{},
		dead: map[uint64]*roaring64.Bitmap{}, analyzers: map[string]int{}, attached: map[string]*attachment{}, moved: map[string]placement{}, touched: map[string]bool{},
	}
}

// reserve gives the step its ordinals.
func (b *Batch) reserve() {
	if b.first != 0 {
		return
	}
	b.s.mu.Lock()
	b.first = b.s.nextOrdinal // never 0
	b.s.nextOrdinal += stepOrdinals
	b.s.mu.Unlock()
	b.next = b.first
}

// full says whether the step should commit: all batches together gather no
// more than twice what one may.
func (b *Batch) full() bool {
	b.s.mu.Lock()
	n := max(1, len(b.s.batches)/2)
	b.s.mu.Unlock()
	return b.size >= b.s.tuning.StepBytes/n || b.next+1 >= b.first+stepOrdinals
}

// Put adds a document, replaces the one with its id, or does nothing where
// that is the same. The document's Source must be valid UTF-8.
func (b *Batch) Put(d corpus.Document) (Outcome, error) { return b.PutPrepared(&Prepared{Document: d}) }

// PutPrepared is Put of a document that this store has prepared; it is used up.
func (b *Batch) PutPrepared(p *Prepared) (Outcome, error) {
	if b.err != nil {
		return 0, b.err
	}
	vs, err := b.s.vectorsOf(&p.Document)
	if err != nil {
		return 0, err
	}
	return b.put(p, vs, nil)
}

// put is PutPrepared with numbered vectors, and with some that are attached to
// the document at once.
func (b *Batch) put(p *Prepared, vs, attached record.Vectors) (Outcome, error) {
	d := &p.Document
	if len(d.Source) > MaxDocumentBytes {
		return 0, &DocumentError{d.ID, fmt.Sprintf("its text has %d MB, more than the %d MB that one document may have: split it", len(d.Source)>>20, MaxDocumentBytes>>20)}
	}
	alone := len(d.Source) > aloneBytes
	if c := b.changes[d.ID]; c != nil && c.put != nil || alone && b.next > b.first {
		if err := b.Flush(); err != nil {
			return 0, err
		}
	}
	var vrecord []byte
	if len(vs) > 0 {
		vrecord = record.AppendVectors(nil, vs)
	}
	p.Describe(b.s.ingest)
	if err := p.Seal(vrecord); err != nil {
		return 0, &DocumentError{d.ID, err.Error()}
	}
	h := p.Header
	v, err := b.s.Snapshot()
	if err != nil {
		return 0, err
	}
	defer v.Release()
	outcome := Added
	c := b.changes[d.ID] // a deletion, or nil
	if c == nil {
		old, err := v.Known(d.ID)
		switch {
		case err != nil:
			return 0, err
		case old != nil && bytes.Equal(old.Digest, h.Digest):
			return Unchanged, b.move(v, old, p.Places)
		case old != nil:
			if same, err := sameBefore(v, old, h, d.Source, p.Blocks, vs); err != nil {
				return 0, err
			} else if same {
				return Unchanged, b.move(v, old, p.Places)
			}
			outcome = Updated
		}
		c = &change{old: old}
	}
	if err := p.Make(b.s.ingest); err != nil {
		return 0, err
	}
	b.reserve()
	h.Ordinal = b.next
	if err := b.addRows(p, alone, vs.With(attached)); err != nil {
		return 0, err
	}
	// From here on an error leaves the batch half changed.
	if outcome == Updated {
		b.remove(v, c.old)
		if c.old.Path != "" && c.old.Path != d.Path {
			if err := b.fail(b.forget(c.old.Path)); err != nil {
				return 0, err
			}
		}
	}
	if err := b.fail(errors.Join(b.recordVectors(h, vrecord, attached), b.record(p))); err != nil {
		return 0, err
	}
	b.next++
	b.analyzers[p.Analyzer]++
	c.put = h
	b.changes[d.ID] = c
	delete(b.attached, d.ID)
	delete(b.moved, d.ID)
	b.size += len(d.Source) + 8*(vs.Numbers()+attached.Numbers()) + documentCost
	b.count(outcome)
	if b.full() {
		return outcome, b.Flush()
	}
	return outcome, nil
}

// record writes a document under its ordinal.
func (b *Batch) record(p *Prepared) error {
	h := p.Header
	header, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("document %q: %w", h.ID, err)
	}
	err = errors.Join(
		b.records.Set(record.HeaderKey(h.Ordinal), header, nil),
		b.records.Set(record.BlocksKey(h.Ordinal), p.Blocks, nil),
	)
	if err == nil && len(p.Places) > 0 {
		err = b.records.Set(record.PlacesKey(h.Ordinal), p.Places, nil)
	}
	if err != nil {
		return err
	}
	put := func(i int, piece []byte) error {
		err := b.records.Set(record.TextKey(h.Ordinal, i), piece, nil)
		if err == nil && b.records.Len() >= aheadSize {
			err = b.writeAhead()
		}
		return err
	}
	if p.Pieces == nil {
		return record.EachPiece(p.Document.Source, put)
	}
	for i := 0; i < len(p.Pieces) && err == nil; i++ {
		err = put(i, p.Pieces[i])
	}
	return err
}

// addRows adds the rows of a document to the segment of the step. A document that
// is alone in it may be given up in the middle.
func (b *Batch) addRows(p *Prepared, alone bool, vs record.Vectors) error {
	more := func() error { return nil }
	if alone {
		more = derived.Within(b.ctx, b.builder, b.s.tuning.Memory, len(p.Document.Source))
	}
	err := derived.AddRows(b.builder, p.Header.Ordinal, *p.Rows, len(p.Document.Source), vs, more)
	if err == nil {
		return nil
	}
	if alone {
		b.builder = segment.NewBuilder(b.s.ingest.Index())
	}
	if b.ctx.Err() != nil {
		return err
	}
	return &DocumentError{p.Document.ID, err.Error()}
}

// writeAhead writes the records gathered so far, for the commit to sync: the
// log is synced in order.
func (b *Batch) writeAhead() error {
	if b.records.Empty() {
		return nil
	}
	if err := b.records.Commit(pebble.NoSync); err != nil {
		return fmt.Errorf("write to %s: %w", b.s.dir, err)
	}
	// Closing a batch fails only when it was closed before.
	_ = b.records.Close()
	b.records = b.s.db.NewBatch()
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	return b.s.failed()
}

// fail remembers an error after which the batch must not be committed.
func (b *Batch) fail(err error) error {
	if b.err == nil {
		b.err = err
	}
	return err
}

// forget makes a file count as changed, so that it is read again when it is
// indexed again: it no longer holds all of its documents.
func (b *Batch) forget(path string) error {
	f, ok := b.files[path]
	if !ok {
		known, there, err := b.s.FileInfo(path)
		if err != nil || !there {
			return err
		}
		f = &known
	}
	if f != nil {
		changed := *f
		changed.Digest = nil
		b.files[path] = &changed
	}
	return nil
}

// FileOf is the path that the stored document with an id came from; ok is
// false where there is no such document.
func (b *Batch) FileOf(id string) (path string, ok bool, err error) {
	if c := b.changes[id]; c != nil {
		if c.put == nil {
			return "", false, nil
		}
		return c.put.Path, true, nil
	}
	v, err := b.s.Snapshot()
	if err != nil {
		return "", false, err
	}
	defer v.Release()
	h, err := v.Known(id)
	if err != nil || h == nil {
		return "", false, err
	}
	return h.Path, true, nil
}

// Delete removes the document with the given id; it says whether there was
// one. Its file counts as changed, so that indexing it again brings the
// document back.
func (b *Batch) Delete(id string) (bool, error) {
	if b.err != nil {
		return false, b.err
	}
	if c := b.changes[id]; c != nil {
		if c.put == nil {
			return false, nil
		}
		if err := b.Flush(); err != nil {
			return false, err
		}
	}
	v, err := b.s.Snapshot()
	if err != nil {
		return false, err
	}
	defer v.Release()
	h, err := v.Known(id)
	if err != nil || h == nil {
		return false, err
	}
	b.remove(v, h)
	delete(b.attached, id)
	delete(b.moved, id)
	if h.Path != "" {
		if err := b.fail(b.forget(h.Path)); err != nil {
			return false, err
		}
	}
	b.changes[id] = &change{old: h}
	b.size += h.Size + documentCost
	b.counts.Removed++
	if b.full() {
		return true, b.Flush()
	}
	return true, nil
}

// remove takes a stored document out of its segment.
func (b *Batch) remove(v *Snapshot, h *Header) {
	first := v.FirstOf(h.Ordinal)
	l, ok := b.dead[first]
	if !ok {
		l = roaring64.New()
		b.dead[first] = l
	}
	l.Add(h.Ordinal)
	b.analyzers[h.Analyzer]--
}

// SetFile records a file whose documents are all in the batch, and deletes
// the documents that came from the file before but are not to be kept; nil keeps
// all.
func (b *Batch) SetFile(path string, f File, keep func(id string) bool) (removed int, err error) {
	if keep != nil {
		if removed, err = b.deleteOf(path, func(id string) bool { return !keep(id) }); err != nil {
			return removed, err
		}
	}
	b.files[path] = &f
	return removed, nil
}

// DeleteFile forgets a file and deletes its documents.
func (b *Batch) DeleteFile(path string) (removed int, err error) {
	if removed, err = b.deleteOf(path, func(string) bool { return true }); err != nil {
		return removed, err
	}
	b.files[path] = nil
	return removed, nil
}

func (b *Batch) deleteOf(path string, which func(id string) bool) (removed int, err error) {
	var ids []string
	prefix := record.PathPrefix(path)
	err = kv.Scan(b.s.db, prefix, func(key, _ []byte) error {
		ordinal, ok := record.PathOrdinal(key, prefix)
		if !ok {
			return nil
		}
		h, err := view.HeaderAt(b.s.db, ordinal)
		if errors.Is(err, ErrNotFound) {
			return nil // another batch has just deleted it
		}
		if err != nil {
			return err
		}
		if which(h.ID) {
			ids = append(ids, h.ID)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		if c := b.changes[id]; c != nil && c.put != nil {
			continue // replaced in this step
		}
		ok, err := b.Delete(id)
		if err != nil {
			return removed, err
		}
		if ok {
			removed++
		}
	}
	return removed, nil
}

// Flush commits what the batch has so far: the segment first, then one synced
// Pebble batch, then the new snapshot for readers. Where it fails, the batch
// can only be discarded.
func (b *Batch) Flush() error {
	if b.done {
		return ErrClosed
	}
	if b.err != nil {
		return b.err
	}
	if err := b.fail(b.commit()); err != nil {
		return err
	}
	b.s.afterCommit()
	return nil
}

// Commit flushes and ends the batch.
func (b *Batch) Commit() error {
	err := b.Flush()
	settle := b.settle
	b.Discard()
	if err == nil && settle {
		err = b.s.settle(context.Background())
	}
	return err
}

// Discard ends the batch; what was not flushed is dropped. It does nothing
// after Commit.
func (b *Batch) Discard() {
	if b.done {
		return
	}
	b.done = true
	// Closing a batch fails only when it was closed before.
	_ = b.records.Close()
	s := b.s
	if b.next > b.first {
		// No one will look there; where it cannot be removed, opening does.
		_ = view.RemoveOrdinals(s.db, b.first, b.next)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b.release()
	delete(s.batches, b)
	s.idle.Broadcast()
}

// release gives ordinals back that were reserved and not used. Store.mu is held.
func (b *Batch) release() {
	if b.first != 0 && b.s.nextOrdinal == b.first+stepOrdinals {
		b.s.nextOrdinal = b.next
	}
	b.first, b.next = 0, 0
}

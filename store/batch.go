package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/index/segment"
)

// Outcome says what putting a document did.
type Outcome int

// The outcomes of Put.
const (
	Added Outcome = iota
	Updated
	Unchanged
)

// flushSize is how much source is gathered before a batch commits what it
// has: it bounds the memory of a bulk load.
const flushSize = 32 << 20

// A Batch is a run of changes by the one writer. It commits in steps of
// bounded size; what Commit or Flush returned without error is durable, and
// so is everything put before it. A batch must end with Commit or Discard.
type Batch struct {
	s        *Store
	kv       *pebble.Batch
	manifest *manifest
	builder  *segment.Builder
	first    uint64
	size     int
	ids      map[string]uint64 // put in this step
	deleted  map[uint64]*tombstones
	err      error // of a step that failed: the batch can only be discarded
	done     bool
}

// Begin waits for the writer before it and starts a batch.
func (s *Store) Begin() (*Batch, error) {
	s.write.Lock()
	if s.closed {
		s.write.Unlock()
		return nil, ErrClosed
	}
	if err := s.failed(); err != nil {
		s.write.Unlock()
		return nil, err
	}
	b := &Batch{s: s}
	b.reset()
	return b, nil
}

func (b *Batch) reset() {
	b.kv = b.s.db.NewBatch()
	b.manifest = b.s.manifest.clone()
	b.builder = segment.NewBuilder(b.manifest.Config.index())
	b.first = b.manifest.NextOrdinal
	b.size = 0
	b.ids = map[string]uint64{}
	b.deleted = map[uint64]*tombstones{}
}

// Put adds a document, replaces the one with its id, or does nothing where
// that is the same. The document's Source must be valid UTF-8.
func (b *Batch) Put(d corpus.Document) (Outcome, error) {
	if _, again := b.ids[d.ID]; again {
		if err := b.Flush(); err != nil {
			return 0, err
		}
	}
	analyzer := b.manifest.Config.analyzer(&d)
	h := headerOf(&d, analyzer)
	blocks := appendBlocks(nil, d.Blocks)
	if err := h.seal(d.Source, blocks); err != nil {
		return 0, err
	}
	outcome := Added
	old, err := b.committed(d.ID)
	switch {
	case err != nil:
		return 0, err
	case old == nil:
	case bytes.Equal(old.Digest, h.Digest):
		return Unchanged, nil
	default:
		outcome = Updated
	}
	r, err := b.s.rowsOf(&d, analyzer)
	if err != nil {
		return 0, err
	}
	h.Ordinal = b.manifest.NextOrdinal
	if err := addRows(b.builder, h.Ordinal, r, len(d.Source)); err != nil {
		return 0, &DocumentError{d.ID, err.Error()}
	}
	// From here on an error leaves the batch half changed.
	if outcome == Updated {
		if err := b.fail(b.remove(old)); err != nil {
			return 0, err
		}
		if old.Path != "" && old.Path != d.Path {
			if err := b.fail(b.forget(old.Path)); err != nil {
				return 0, err
			}
		}
	}
	if err := b.fail(b.store(h, d.Source, blocks)); err != nil {
		return 0, err
	}
	b.manifest.NextOrdinal++
	b.manifest.Analyzers[analyzer]++
	b.ids[d.ID] = h.Ordinal
	b.size += len(d.Source) + 1<<10
	if b.size >= flushSize {
		return outcome, b.Flush()
	}
	return outcome, nil
}

func (b *Batch) store(h *Header, source string, blocks []byte) error {
	header, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("document %q: %w", h.ID, err)
	}
	set := func(k, v []byte) {
		if err == nil {
			err = b.kv.Set(k, v, nil)
		}
	}
	set(ordinalKey(keyHeader, h.Ordinal), header)
	set(ordinalKey(keyBlocks, h.Ordinal), blocks)
	for i := 0; i*chunkSize < len(source); i++ {
		set(textKey(h.Ordinal, i), []byte(source[i*chunkSize:min(len(source), (i+1)*chunkSize)]))
	}
	set(stringKey(keyID, h.ID), binary.BigEndian.AppendUint64(nil, h.Ordinal))
	if h.Path != "" {
		set(pathKey(h.Path, h.Ordinal), nil)
	}
	return err
}

// committed is the header of the stored document with an id, nil where there
// is none or this step has deleted it.
func (b *Batch) committed(id string) (*Header, error) {
	h, err := b.s.headerByID(id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if t, ok := b.deleted[b.segmentOf(h.Ordinal)]; ok && t.has(h.Ordinal) {
		return nil, nil
	}
	return h, nil
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
	f, ok, err := b.s.FileInfo(path)
	if err != nil || !ok {
		return err
	}
	f.Digest = nil
	rec, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return b.kv.Set(stringKey(keyFile, path), rec, nil)
}

// FileOf is the path that the stored document with an id came from; ok is
// false where there is no such document.
func (b *Batch) FileOf(id string) (path string, ok bool, err error) {
	h, err := b.committed(id)
	if err != nil || h == nil {
		return "", false, err
	}
	return h.Path, true, nil
}

// Delete removes the document with the given id; it says whether there was
// one. Its file counts as changed, so that indexing it again brings the
// document back.
func (b *Batch) Delete(id string) (bool, error) {
	if _, put := b.ids[id]; put {
		if err := b.Flush(); err != nil {
			return false, err
		}
	}
	h, err := b.committed(id)
	if err != nil || h == nil {
		return false, err
	}
	if err := b.fail(b.remove(h)); err != nil {
		return false, err
	}
	if h.Path != "" {
		if err := b.fail(b.forget(h.Path)); err != nil {
			return false, err
		}
	}
	return true, b.fail(b.kv.Delete(stringKey(keyID, id), nil))
}

// remove takes a committed document out of its segment's statistics and its
// records out of Pebble; the record of its id stays for the caller to change.
func (b *Batch) remove(h *Header) error {
	d, err := b.s.documentOf(b.s.db, h)
	if err != nil {
		return err
	}
	r, err := b.s.rowsOf(d, h.Analyzer)
	if err != nil {
		return err
	}
	id := b.segmentOf(h.Ordinal)
	t, ok := b.deleted[id]
	if !ok {
		if t, err = b.s.readTombstones(id); err != nil {
			return err
		}
		b.deleted[id] = t
	}
	t.add(h.Ordinal, r, b.manifest.Config.index())
	if b.manifest.Analyzers[h.Analyzer]--; b.manifest.Analyzers[h.Analyzer] <= 0 {
		delete(b.manifest.Analyzers, h.Analyzer)
	}
	err = errors.Join(
		b.kv.Delete(ordinalKey(keyHeader, h.Ordinal), nil),
		b.kv.Delete(ordinalKey(keyBlocks, h.Ordinal), nil),
		b.kv.DeleteRange(ordinalKey(keyText, h.Ordinal), ordinalKey(keyText, h.Ordinal+1), nil),
	)
	if h.Path != "" {
		err = errors.Join(err, b.kv.Delete(pathKey(h.Path, h.Ordinal), nil))
	}
	return err
}

func (b *Batch) segmentOf(ordinal uint64) uint64 {
	for _, e := range b.manifest.Segments {
		if e.First <= ordinal && ordinal <= e.Last {
			return e.ID
		}
	}
	return 0
}

// SetFile records a file whose documents are all in the batch, and deletes
// the documents that came from the file before but are not among ids; nil
// deletes none.
func (b *Batch) SetFile(path string, f File, ids map[string]bool) (removed int, err error) {
	rec, err := json.Marshal(f)
	if err != nil {
		return 0, err
	}
	if ids != nil {
		if removed, err = b.deleteOf(path, func(id string) bool { return !ids[id] }); err != nil {
			return removed, err
		}
	}
	return removed, b.kv.Set(stringKey(keyFile, path), rec, nil)
}

// DeleteFile forgets a file and deletes its documents.
func (b *Batch) DeleteFile(path string) (removed int, err error) {
	if removed, err = b.deleteOf(path, func(string) bool { return true }); err != nil {
		return removed, err
	}
	return removed, b.kv.Delete(stringKey(keyFile, path), nil)
}

func (b *Batch) deleteOf(path string, which func(id string) bool) (removed int, err error) {
	var ids []string
	prefix := append(stringKey(keyPath, path), 0)
	err = b.s.scan(prefix, func(key, _ []byte) error {
		if len(key) != len(prefix)+8 {
			return nil // of a path that goes on after a NUL
		}
		ordinal := binary.BigEndian.Uint64(key[len(key)-8:])
		h, err := headerAt(b.s.db, ordinal)
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
		if _, put := b.ids[id]; put {
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

// Flush commits what the batch has so far: the segment file first, then one
// synced Pebble batch, then the new snapshot for readers. Where it fails, the
// batch can only be discarded. An error of the merging that may follow is one
// too, but says that the commit is stored.
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
	if err := b.s.merge(); err != nil {
		return b.fail(fmt.Errorf("everything up to here is stored, but %w", err))
	}
	// Closing a batch fails only when it was closed before.
	_ = b.kv.Close()
	b.reset()
	return nil
}

func (b *Batch) commit() error {
	var fresh *openSegment
	if b.builder.Documents() > 0 {
		id := b.manifest.NextSegment
		b.manifest.NextSegment++
		if err := b.s.writeSegment(id, b.builder.Bytes()); err != nil {
			return err
		}
		e := segmentEntry{ID: id, First: b.first, Last: b.manifest.NextOrdinal - 1}
		b.manifest.Segments = append(b.manifest.Segments, e)
		var err error
		if fresh, err = b.s.openSegment(e); err != nil {
			return err
		}
	}
	for _, id := range sortedKeys(b.deleted) {
		if err := b.kv.Set(ordinalKey(keyTombstone, id), b.deleted[id].encode(), nil); err != nil {
			return errors.Join(err, fresh.drop())
		}
	}
	return b.s.publish(b.manifest, b.kv, fresh)
}

// Commit flushes and ends the batch.
func (b *Batch) Commit() error {
	err := b.Flush()
	b.Discard()
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
	_ = b.kv.Close()
	b.s.write.Unlock()
}

func sortedKeys[V any](m map[uint64]V) []uint64 {
	keys := make([]uint64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

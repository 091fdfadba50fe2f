// Package store keeps documents durably and gives consistent views of them.
//
// Pebble holds what cannot be derived: documents (header, blocks, source in
// pieces, vectors), the map from ids to ordinals, the numbers of the vectors'
// terms, what is known of each file, and the manifest. A commit is one synced
// Pebble batch. Segments are immutable files beside it, derived from the
// documents: each is written and synced before the batch that names it, so a
// manifest never names a segment that was not whole; one that is missing or
// damaged later is built anew from the documents. Files that no manifest names
// are removed on opening.
//
// A document gets an ordinal when it is put; ordinals only grow, a replaced
// document gets a new one, and ties between scores go to the smaller one. A
// segment holds a run of ordinals; deleting marks rows (tombstones) and keeps
// the counts by which the statistics shrink, so that scores are always those
// of the documents that can be seen.
//
// A commit is searchable at once: its segment lives in memory until it is
// sealed into a file together with others. Sealing, merging and rebuilding go on
// in the background (maintain.go, package store/policy); after a crash, segments that
// lived in memory are missing ones. A reader in another process needs no lock: it pins
// Pebble's files (disk.Pinned) and maps the segments.
//
// This package writes, and keeps what is written in order. What is read of one commit
// is a view (package store/view), which it makes and hands out as a Snapshot.
//
// Directory layout:
//
//	head               package store/head: what must be there
//	db/                Pebble: packages store/record and store/manifest
//	segments/N.seg     package index/segment, in the folder of store/derived
package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/store/derived"
	"github.com/tamis-search/tamis/store/disk"
	"github.com/tamis-search/tamis/store/head"
	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/manifest"
	"github.com/tamis-search/tamis/store/names"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/store/view"
)

var (
	// ErrLocked says that another process has the index open.
	ErrLocked = kv.ErrLocked
	// ErrNewer says that a later version of tamis wrote the index.
	ErrNewer = record.ErrNewer
	// ErrCorrupt says that what is stored is damaged and cannot be derived.
	ErrCorrupt = record.ErrCorrupt
	// ErrNotFound says that there is no such index or document.
	ErrNotFound = record.ErrNotFound
	// ErrConfig says that the index was made with other settings.
	ErrConfig = record.ErrConfig
	// ErrReadOnly says that the index was opened for reading only.
	ErrReadOnly = errors.New("index was opened for reading only")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("index is closed")
	// ErrFailed says that the disk failed while it was written. The last commit
	// may or may not be found on opening again, whole; until then nothing more
	// is stored, and readers see what was committed before.
	ErrFailed = disk.ErrFailed
)

// What a snapshot is made of, and how it is asked: see package view.
type (
	// Header is a stored document without its text.
	Header = record.Header
	// A Snapshot is the index as it was at one commit. It must be released.
	Snapshot = view.View
	// Unit is what a search ranks.
	Unit = view.Unit
	// Row is a row of one segment.
	Row = view.Row
)

// The units.
const (
	Documents = view.Documents
	Passages  = view.Passages
)

// DocumentError says why a document cannot be stored; others can.
type DocumentError struct {
	ID     string
	Reason string
}

func (e *DocumentError) Error() string { return fmt.Sprintf("document %q: %s", e.ID, e.Reason) }

// Tuning trades memory, latency and work in the background; it changes no
// answer. Zero values stand for the defaults.
type Tuning struct {
	// StepBytes is how much source a batch gathers before it commits a step
	// (32 MiB); all batches together gather at most twice as much.
	StepBytes int
	// SealBytes is how many bytes of segments may live in memory alone
	// (1 MiB). A segment of a quarter of it or more is written to a file at once.
	SealBytes int
	// SealAfter is how long a segment may live in memory alone (2 s).
	SealAfter time.Duration
	// MergeFactor is how many neighbouring segments of one size class become
	// one (6).
	MergeFactor int
	// MergeRate limits what merging writes, in bytes a second; 0: no limit.
	MergeRate int64
	// MaxSegmentBytes is the size beyond which segments are not merged (512 MiB);
	// a weight of a vector counts at least eight.
	MaxSegmentBytes int
	// MaxSegments is how many segments make writers wait for merging (64).
	MaxSegments int
	// Memory is how much memory indexing one document or file may take, about
	// (1 GiB). One that needs more is reported as skipped.
	Memory int64
	// MemTable is the size of Pebble's memtables (16 MiB).
	MemTable uint64
	// Inline sets sealing, merging and rebuilding to work in the goroutine that
	// commits or opens, in an order that is always the same.
	Inline bool
}

func (t *Tuning) complete() {
	t.StepBytes = cmp.Or(t.StepBytes, 32<<20)
	t.SealBytes = cmp.Or(t.SealBytes, 1<<20)
	t.SealAfter = cmp.Or(t.SealAfter, 2*time.Second)
	t.MergeFactor = max(2, cmp.Or(t.MergeFactor, 6))
	t.MaxSegmentBytes = cmp.Or(t.MaxSegmentBytes, 512<<20)
	t.MaxSegments = cmp.Or(t.MaxSegments, 64)
	t.Memory = cmp.Or(t.Memory, 1<<30)
	t.MemTable = cmp.Or(t.MemTable, 16<<20)
}

// MaxDocumentBytes is the longest source that a document may have: it is held in
// memory as a whole.
const MaxDocumentBytes = 256 << 20

// Options say where and how a store is opened. The zero value of Config is
// completed from the stored index, else by the defaults.
type Options struct {
	// FS is the file system; nil is the operating system's.
	FS vfs.FS
	// Config must agree with a stored index where it is not zero.
	Config ingest.Config
	// Variant is how rows are made: the zero value but for experiments and tests.
	Variant ingest.Variant
	// MustExist refuses to make a new index.
	MustExist bool
	// ReadOnly opens the index without changing or locking anything.
	ReadOnly bool
	// AcceptLoss opens an index for writing that lacks what was acknowledged: what
	// is missing is given up.
	AcceptLoss bool
	Tuning     Tuning
	// Vectors says how fields of vectors are stored, and must agree with a stored
	// field where it is not zero; one that is not named keeps float32.
	Vectors map[string]VectorField

	leaveMissing bool // build nothing anew
}

// A Store is an open index. Its methods are safe for concurrent use. Readers
// never wait for writers; writers wait for each other only while one commits.
type Store struct {
	dir          string
	fs           vfs.FS
	disk         *disk.FS     // fs under Pebble
	pinned       *disk.Pinned // what is under Pebble instead where readOnly
	db           *pebble.DB
	lock         *pebble.Lock // of the folder, where it is not readOnly
	head         *head.File   // the same
	headSeen     head.Record  // where it is readOnly
	headErr      error        // why there is no headSeen
	damage       []string     // guarded by gate once the store is open
	gate         sync.Mutex
	tuning       Tuning
	readOnly     bool
	leaveMissing bool
	ingest       *ingest.Pipeline
	config       ingest.Config // never changes after Open
	segments     derived.Folder
	empty        *segment.Segment // stands for one that is missing
	names        *names.Numbers
	fields       *names.Fields

	// mu is held for as long as a commit takes; it guards what follows.
	mu          sync.Mutex
	manifest    *manifest.Manifest
	nextOrdinal uint64 // not yet reserved, at least 1
	nextSegment uint64
	batches     map[*Batch]bool // open ones
	idle        sync.Cond       // a batch was closed
	changed     chan struct{}   // closed and replaced by every new snapshot
	closed      bool

	current atomic.Pointer[Snapshot]
	readers sync.RWMutex // held for writing only to swap or retire current
	base    *view.Base   // of all snapshots

	maintenance maintenance
}

// Snapshot returns the newest committed state.
func (s *Store) Snapshot() (*Snapshot, error) {
	s.readers.RLock()
	defer s.readers.RUnlock()
	snap := s.current.Load()
	if snap == nil {
		return nil, ErrClosed
	}
	snap.Retain()
	return snap, nil
}

func (s *Store) newSnapshot(segments []view.Segment, m *manifest.Manifest) *Snapshot {
	return s.base.View(s.db.NewSnapshot(), segments, m.AnalyzerNames(), m.RareAnalyzers())
}

// Dir is the directory of the index.
func (s *Store) Dir() string { return s.dir }

// Config is what the index was made with.
func (s *Store) Config() ingest.Config { return s.config }

// Close waits for open batches, lets readers of older snapshots finish, and
// releases the directory.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	for len(s.batches) > 0 {
		s.idle.Wait()
	}
	s.mu.Unlock()
	s.stopMaintenance()
	s.readers.Lock()
	snap := s.current.Swap(nil)
	s.readers.Unlock()
	var errs []error
	if snap != nil {
		errs = append(errs, snap.Release())
		s.base.Wait()
	}
	if !s.readOnly && s.failed() == nil && s.db.Metrics().MemTable.Size > kv.FlushOnClose {
		errs = append(errs, s.db.Flush())
	}
	errs = append(errs, s.db.Close())
	if s.pinned != nil {
		errs = append(errs, s.pinned.Close())
	}
	if s.head != nil {
		errs = append(errs, s.head.Close(), s.lock.Close())
	}
	return errors.Join(errs...)
}

// failed says why nothing can be stored any more; nil while it can.
func (s *Store) failed() error {
	err := s.disk.Failure()
	if err == nil {
		return nil
	}
	return fmt.Errorf("index %s: %w; what was stored before is safe: see to the disk, then run the same again: %w", s.dir, ErrFailed, err)
}

// File is what the store knows of a file that documents came from.
type File struct {
	// Digest is the SHA-256 of the file's bytes.
	Digest []byte `json:"digest"`
	// Reader names the version of reading and splitting that made its documents.
	Reader string `json:"reader"`
	// Documents is how many documents came from it.
	Documents int `json:"documents"`
}

// FileInfo returns what is known of the file at path; ok is false for a file
// that was never indexed.
func (s *Store) FileInfo(path string) (f File, ok bool, err error) {
	v, err := s.Snapshot()
	if err != nil {
		return File{}, false, err
	}
	defer v.Release()
	b, err := kv.Get(v.Stored(), record.FileKey(path))
	if errors.Is(err, pebble.ErrNotFound) {
		return File{}, false, nil
	}
	if err != nil {
		return File{}, false, err
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return File{}, false, fmt.Errorf("record of file %s: %w: %w", path, ErrCorrupt, err)
	}
	return f, true, nil
}

// Files lists the indexed files that are path itself or lie under it.
func (s *Store) Files(path string) ([]string, error) {
	v, err := s.Snapshot()
	if err != nil {
		return nil, err
	}
	defer v.Release()
	var files []string
	if _, err := kv.Get(v.Stored(), record.FileKey(path)); err == nil {
		files = append(files, path)
	} else if !errors.Is(err, pebble.ErrNotFound) {
		return nil, err
	}
	dir := strings.TrimSuffix(path, string(filepath.Separator)) + string(filepath.Separator)
	err = kv.Scan(v.Stored(), record.FileKey(dir), func(key, _ []byte) error {
		files = append(files, record.FileOfKey(key))
		return nil
	})
	return files, err
}

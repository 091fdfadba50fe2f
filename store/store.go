// Package store keeps documents durably and gives consistent views of them.
//
// Pebble holds what cannot be derived: documents (header, blocks, source in
// pieces), the map from ids to ordinals, what is known of each file, and the
// manifest. A commit is one synced Pebble batch. Segments are immutable files
// beside it, derived from the documents: each is written and synced before
// the batch that names it, so a manifest never names a segment that was not
// whole; one that is missing or damaged later is built anew from the
// documents. Files that no manifest names are removed on opening.
//
// A document gets an ordinal when it is put; ordinals only grow, a replaced
// document gets a new one, and ties between scores go to the smaller one. A
// segment holds a run of ordinals; deleting marks rows (tombstones) and keeps
// the counts by which the statistics shrink, so that scores are always those
// of the documents that can be seen.
//
// Directory layout:
//
//	db/                Pebble
//	segments/N.seg     package index/segment
package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/index/segment"
)

// FormatVersion is the version of the store's layout that this package
// writes; MinFormatVersion the oldest it reads.
//
//	1  2026-11  first
const (
	FormatVersion    = 1
	MinFormatVersion = 1
)

var (
	// ErrLocked says that another process has the index open.
	ErrLocked = errors.New("index is in use by another process")
	// ErrNewer says that a later version of tamis wrote the index.
	ErrNewer = errors.New("index has a newer format")
	// ErrCorrupt says that what is stored is damaged and cannot be derived.
	ErrCorrupt = errors.New("index is damaged")
	// ErrNotFound says that there is no such index or document.
	ErrNotFound = errors.New("not found")
	// ErrConfig says that the index was made with other settings.
	ErrConfig = errors.New("index was made with other settings")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("index is closed")
	// ErrFailed says that the disk failed while it was written. The last commit
	// may or may not be found on opening again, whole; until then nothing more
	// is stored, and readers see what was committed before.
	ErrFailed = errors.New("the disk could not be written")
)

// DocumentError says why a document cannot be stored; others can.
type DocumentError struct {
	ID     string
	Reason string
}

func (e *DocumentError) Error() string { return fmt.Sprintf("document %q: %s", e.ID, e.Reason) }

// Options say where and how a store is opened. The zero value of Config is
// completed from the stored index, else by the defaults.
type Options struct {
	// FS is the file system; nil is the operating system's.
	FS vfs.FS
	// Config must agree with a stored index where it is not zero.
	Config Config
	// MustExist refuses to make a new index.
	MustExist bool

	memTable uint64 // size of Pebble's memtables, for tests; 0 is the default
}

type manifest struct {
	Format      int            `json:"format"`
	Config      Config         `json:"config"`
	NextOrdinal uint64         `json:"next_ordinal"`
	NextSegment uint64         `json:"next_segment"`
	Segments    []segmentEntry `json:"segments"`
	// Analyzers counts the documents by analyzer: a question is analysed once
	// for each that is in use.
	Analyzers map[string]int `json:"analyzers"`
}

// segmentEntry names a segment: every live document with an ordinal in
// [First, Last] is in it.
type segmentEntry struct {
	ID    uint64 `json:"id"`
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

func (m *manifest) clone() *manifest {
	c := *m
	c.Segments = slices.Clone(m.Segments)
	c.Analyzers = make(map[string]int, len(m.Analyzers))
	for k, v := range m.Analyzers {
		c.Analyzers[k] = v
	}
	return &c
}

// A Store is an open index. Its methods are safe for concurrent use; writers
// take turns, readers never wait for them.
type Store struct {
	dir  string
	fs   vfs.FS
	disk *disk // fs under Pebble
	db   *pebble.DB

	// config never changes after Open.
	config Config

	write    sync.Mutex // held by the writer; guards what follows
	manifest *manifest
	analyses analyses
	closed   bool
	broken   error // a commit that could not be shown to readers

	current atomic.Pointer[Snapshot]
	readers sync.RWMutex // held for writing only to swap or retire current
}

// Open opens the index in dir and makes it where there is none. Where the disk
// is full the index can still be read; Begin then says ErrFailed.
func Open(dir string, o Options) (*Store, error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	s := &Store{dir: dir, fs: o.FS, disk: newDisk(o.FS)}
	dbDir := s.fs.PathJoin(dir, "db")
	if o.MustExist {
		if _, err := s.fs.Stat(dbDir); err != nil {
			return nil, fmt.Errorf("no index at %s: %w", dir, ErrNotFound)
		}
	}
	for _, d := range []string{dbDir, s.segmentDir()} {
		if err := s.makeDir(d); err != nil {
			return nil, fmt.Errorf("make index directory %s: %w", d, err)
		}
	}
	db, err := pebble.Open(dbDir, pebbleOptions(s.disk, o.memTable))
	if err != nil {
		return nil, openError(dir, err)
	}
	s.db = db
	if err := s.load(o.Config); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// cacheSize bounds the decompressed blocks kept in memory: a question reads
// some hundred passages, and the next one often the same.
const cacheSize = 64 << 20

func pebbleOptions(d *disk, memTable uint64) *pebble.Options {
	return &pebble.Options{
		FS:     d,
		Logger: logger{d},
		// A damaged table is an error of the read that meets it, no reason to stop.
		EventListener:         &pebble.EventListener{DataCorruption: func(pebble.DataCorruptionInfo) {}},
		FormatMajorVersion:    pebble.FormatNewest,
		MemTableSize:          cmp.Or(memTable, 16<<20),
		CacheSize:             cacheSize,
		L0CompactionThreshold: 4,
	}
}

// logger drops Pebble's reports: what concerns the caller comes as an error.
type logger struct{ d *disk }

func (logger) Infof(string, ...any)  {}
func (logger) Errorf(string, ...any) {}

// Fatalf is called where Pebble cannot go on, in whichever goroutine: nothing
// that it writes afterwards may count.
func (l logger) Fatalf(format string, args ...any) { l.d.freeze(fmt.Errorf(format, args...)) }

func openError(dir string, err error) error {
	// The directory lock is a flock: the second process gets EAGAIN, a second
	// open in this process is refused by Pebble itself.
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) && strings.Contains(err.Error(), "LOCK") ||
		strings.Contains(err.Error(), "lock held by current process") {
		return fmt.Errorf("index %s: %w: wait for it to finish, or use another --index", dir, ErrLocked)
	}
	if strings.Contains(err.Error(), "format major version") {
		return fmt.Errorf("index %s: %w: use the version of tamis that wrote it, or index anew: %w", dir, ErrNewer, err)
	}
	if pebble.IsCorruptionError(err) {
		return fmt.Errorf("index %s: %w: %w", dir, ErrCorrupt, err)
	}
	return fmt.Errorf("open index %s: %w", dir, err)
}

func (s *Store) load(c Config) error {
	m, err := s.readManifest()
	if err != nil {
		return err
	}
	if m == nil {
		if c.Similarity == "" {
			c.Similarity = BM25F
		}
		if c.Language == "" {
			c.Language = "english"
		}
		if _, err := s.analyses.get(c.Language); err != nil && c.Language != "auto" {
			return err
		}
		m = &manifest{Format: FormatVersion, Config: c, Analyzers: map[string]int{}}
	} else if c.Similarity != "" && c.Similarity != m.Config.Similarity || c.Language != "" && c.Language != m.Config.Language {
		return fmt.Errorf("index %s: %w: it has similarity %s and language %s; open it without these options, or index anew into another directory",
			s.dir, ErrConfig, m.Config.Similarity, m.Config.Language)
	}
	s.manifest, s.config = m, m.Config
	if err := s.removeStrays(); err != nil {
		return err
	}
	snap, rebuilt, err := s.openSegments()
	if err != nil {
		return err
	}
	s.current.Store(snap)
	if rebuilt {
		return s.publish(s.manifest, nil, nil)
	}
	return nil
}

func (s *Store) readManifest() (*manifest, error) {
	b, err := s.get([]byte{keyManifest})
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read manifest of %s: %w", s.dir, err)
	}
	var m manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("index %s: manifest: %w: %w", s.dir, ErrCorrupt, err)
	}
	if m.Format > FormatVersion || m.Format < MinFormatVersion {
		return nil, fmt.Errorf("index %s: %w: it has format %d, this program reads %d to %d: use a newer tamis, or index anew into another directory",
			s.dir, ErrNewer, m.Format, MinFormatVersion, FormatVersion)
	}
	if m.Analyzers == nil {
		m.Analyzers = map[string]int{}
	}
	return &m, nil
}

func (s *Store) get(key []byte) ([]byte, error) { return getFrom(s.db, key) }

func getFrom(r pebble.Reader, key []byte) ([]byte, error) {
	v, closer, err := r.Get(key)
	if err != nil {
		return nil, err
	}
	b := slices.Clone(v)
	return b, closer.Close()
}

// Dir is the directory of the index.
func (s *Store) Dir() string { return s.dir }

// Config is what the index was made with.
func (s *Store) Config() Config { return s.config }

// Close waits for the writer, lets readers of older snapshots finish, and
// releases the directory.
func (s *Store) Close() error {
	s.write.Lock()
	defer s.write.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.readers.Lock()
	snap := s.current.Swap(nil)
	s.readers.Unlock()
	var errs []error
	if snap != nil {
		errs = append(errs, snap.Release())
		snap.wait()
	}
	return errors.Join(append(errs, s.db.Close())...)
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
	b, err := s.get(stringKey(keyFile, path))
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
	var files []string
	exact := stringKey(keyFile, path)
	if _, err := s.get(exact); err == nil {
		files = append(files, path)
	}
	dir := strings.TrimSuffix(path, string(filepath.Separator)) + string(filepath.Separator)
	err := s.scan(stringKey(keyFile, dir), func(key, _ []byte) error {
		files = append(files, string(key[1:]))
		return nil
	})
	return files, err
}

// scan visits the keys that start with prefix, in order.
func (s *Store) scan(prefix []byte, visit func(key, value []byte) error) (err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: successor(prefix)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.First(); it.Valid(); it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := visit(it.Key(), v); err != nil {
			return err
		}
	}
	return it.Error()
}

// successor is the smallest key greater than every key with the prefix.
func successor(prefix []byte) []byte {
	end := slices.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

func (s *Store) segmentDir() string { return s.fs.PathJoin(s.dir, "segments") }

func (s *Store) segmentPath(id uint64) string {
	return s.fs.PathJoin(s.segmentDir(), fmt.Sprintf("%06d.seg", id))
}

// removeStrays deletes segment files that the manifest does not name: left
// over from a crash between writing a file and committing it.
func (s *Store) removeStrays() error {
	names, err := s.fs.List(s.segmentDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list segments of %s: %w", s.dir, err)
	}
	known := map[string]bool{}
	for _, e := range s.manifest.Segments {
		known[s.fs.PathBase(s.segmentPath(e.ID))] = true
	}
	for _, n := range names {
		if !known[n] {
			if err := s.fs.Remove(s.fs.PathJoin(s.segmentDir(), n)); err != nil {
				return fmt.Errorf("remove stray segment: %w", err)
			}
		}
	}
	return nil
}

// writeSegment makes the file of a segment durable under its final name.
func (s *Store) writeSegment(id uint64, data []byte) (err error) {
	path := s.segmentPath(id)
	tmp := path + ".tmp"
	f, err := s.fs.Create(tmp, vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("write segment %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write segment %s: %w", path, err)
			_ = s.fs.Remove(tmp) // else the next opening does
		}
	}()
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err = s.fs.Rename(tmp, path); err != nil {
		return err
	}
	return s.disk.syncDir(s.segmentDir())
}

// makeDir makes a directory and those above it that are missing, durably:
// without syncing the one above, a crash could take the whole index along.
func (s *Store) makeDir(dir string) error {
	if _, err := s.fs.Stat(dir); err == nil {
		return nil
	}
	above := s.fs.PathDir(dir)
	if above != dir {
		if err := s.makeDir(above); err != nil {
			return err
		}
	}
	if err := s.fs.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return s.disk.syncDir(above)
}

// readSegment opens the file of a segment, mapped into memory where the file
// system is the operating system's.
func (s *Store) readSegment(id uint64) (*segment.Segment, func() error, error) {
	path := s.segmentPath(id)
	data, release, err := s.readFile(path)
	if err != nil {
		return nil, nil, err
	}
	seg, err := segment.Open(data)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), release())
	}
	return seg, release, nil
}

func (s *Store) readFile(path string) ([]byte, func() error, error) {
	if s.fs == vfs.Default {
		return mapFile(path)
	}
	f, err := s.fs.Open(path)
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(f)
	return data, func() error { return nil }, errors.Join(err, f.Close())
}

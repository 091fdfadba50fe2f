package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/store/derived"
	"github.com/tamis-search/tamis/store/disk"
	"github.com/tamis-search/tamis/store/head"
	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/manifest"
	"github.com/tamis-search/tamis/store/names"
	"github.com/tamis-search/tamis/store/view"
)

// Open opens the index in dir and makes it where there is none. Where the disk
// is full the index can still be read; Begin then says ErrFailed. Segments
// that are missing or damaged are built anew in the background; until Ready
// says so, a snapshot may be incomplete.
//
// An index that lacks what was acknowledged is not opened for writing, and
// nothing of it is changed: ErrCorrupt says what is missing. Opened for reading it
// goes on with what is whole, and Damage says what is missing.
func Open(dir string, o Options) (*Store, error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	o.Tuning.complete()
	s := &Store{
		dir: dir, fs: o.FS, disk: disk.New(o.FS), tuning: o.Tuning, readOnly: o.ReadOnly, leaveMissing: o.leaveMissing,
		batches: map[*Batch]bool{}, changed: make(chan struct{}),
	}
	s.idle.L = &s.mu
	s.segments = derived.In(s.disk, dir)
	dbDir := s.fs.PathJoin(dir, "db")
	if err := s.mayOpen(dbDir, o); err != nil {
		return nil, err
	}
	if o.ReadOnly {
		if err := s.openPinned(o); err != nil {
			return nil, err
		}
		s.startMaintenance()
		return s, nil
	}
	lock, err := s.prepare(dbDir, o)
	if err != nil {
		return nil, err
	}
	if err := s.openLocked(dbDir, lock, o); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s.startMaintenance()
	return s, nil
}

// openLocked opens an index whose folder is locked and whole.
func (s *Store) openLocked(dbDir string, lock *pebble.Lock, o Options) (err error) {
	p := kv.Options(s.disk, s.tuning.MemTable)
	p.FS, p.Lock = s.head.FS(), lock
	if s.db, err = pebble.Open(dbDir, p); err != nil {
		return errors.Join(kv.OpenError(s.dir, err), s.head.Close())
	}
	s.lock = lock
	if err := s.load(o); err != nil {
		return errors.Join(err, s.db.Close(), s.head.Close())
	}
	if len(s.damage) > 0 {
		// What is missing was given up: from now on, what is there must be there.
		return s.head.Create(s.manifest.Head())
	}
	return nil
}

// mayOpen says whether there is an index to be opened, or none and one may be
// made: never where something is stored.
func (s *Store) mayOpen(dbDir string, o Options) error {
	for try := 1; ; try++ {
		opens, stored, err := head.HasDatabase(s.fs, dbDir)
		if err != nil {
			return fmt.Errorf("open index %s: %w", s.dir, err)
		}
		if opens {
			return nil
		}
		h, _, err := head.Read(s.fs, s.dir)
		switch {
		case err == nil && !h.Empty():
			err = s.lost(fmt.Sprintf("the database in db is gone or names no manifest; %s must be there", amount(h)))
		case err != nil && (stored || s.segments.Any()):
			err = s.lost("the database in db is gone or names no manifest, but something is stored")
		default:
			err = nil
			if _, there := s.fs.Stat(dbDir); o.ReadOnly || o.MustExist && there != nil {
				err = fmt.Errorf("no index at %s: %w", s.dir, ErrNotFound)
			}
		}
		// A writer may have been replacing what was listed.
		if err == nil || errors.Is(err, ErrNotFound) || try == stillTries {
			return err
		}
		time.Sleep(time.Duration(try) * time.Millisecond)
	}
}

// lost is the error of an index that lacks something.
func (s *Store) lost(what ...string) error {
	return fmt.Errorf("index %s: %w: %s: restore a backup, or see tamis check for what is left (a copy that was made while the index was written may lack files: copy it with tamis backup)",
		s.dir, ErrCorrupt, strings.Join(what, "; "))
}

func amount(h head.Record) string {
	return fmt.Sprintf("%d documents of %d commits", h.Documents, h.Commit)
}

// prepare makes the folders where there are none, takes the lock, and makes sure
// that the index is whole before anything in it is changed.
func (s *Store) prepare(dbDir string, o Options) (*pebble.Lock, error) {
	for _, d := range []string{dbDir, s.segments.Path()} {
		if err := s.disk.MakeDir(d); err != nil {
			return nil, fmt.Errorf("make index directory %s: %w", d, err)
		}
	}
	lock, err := pebble.LockDirectory(dbDir, s.disk)
	if err != nil {
		return nil, kv.OpenError(s.dir, err)
	}
	if s.head, err = s.openHead(dbDir, o); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// openHead opens the head of an index that is locked, where that is whole.
func (s *Store) openHead(dbDir string, o Options) (*head.File, error) {
	opens, _, err := head.HasDatabase(s.fs, dbDir)
	if err != nil {
		return nil, fmt.Errorf("open index %s: %w", s.dir, err)
	}
	var h *head.Record
	if opens {
		if h, err = s.verify(dbDir); err != nil {
			return nil, err
		}
		if len(s.damage) > 0 && !o.AcceptLoss {
			return nil, s.lost(s.damage...)
		}
		if len(s.damage) > 0 {
			h = nil // it is made anew, for what is there
		}
	}
	f, err := head.Open(s.disk, s.dir, h)
	if err == nil && !opens {
		// The head is there before the database is: a folder with a head that
		// asks for nothing is one that a crash left.
		err = f.Create(head.Record{})
	}
	return f, err
}

// verify looks at a database that is locked, without changing it, and remembers
// what is missing. h is the head; nil where a format without one, or a damaged
// one, is there.
func (s *Store) verify(dbDir string) (h *head.Record, err error) {
	r, _, headErr := head.Read(s.fs, s.dir)
	p, err := disk.PinLocked(s.fs, dbDir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	o := kv.Options(s.disk, s.tuning.MemTable)
	o.FS, o.ReadOnly = p, true
	db, err := kv.Open(dbDir, o)
	if err != nil {
		return nil, s.openError(err, r, headErr)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	m, err := manifest.Read(db, s.dir, !s.readOnly)
	if err != nil {
		return nil, err
	}
	if err := s.readable(db, m); err != nil {
		return nil, s.openError(err, r, headErr)
	}
	if s.damage, err = s.compare(m, r, headErr, p, dbDir); err != nil || headErr != nil || m != nil && m.Old() {
		return nil, err
	}
	return &r, nil
}

// readable reads what opening will, so that it does not fail half-way.
func (s *Store) readable(db *pebble.DB, m *manifest.Manifest) error {
	if m == nil {
		return nil
	}
	for _, e := range m.Segments {
		if _, err := view.ReadDeletes(db, e.ID); err != nil {
			return err
		}
	}
	return m.Orphans(db, func(from, to uint64) error { return nil })
}

// openError is the error of a database that cannot be opened, with what the head
// says must be there.
func (s *Store) openError(err error, h head.Record, headErr error) error {
	if !errors.Is(err, ErrCorrupt) {
		err = kv.OpenError(s.dir, err)
	}
	if errors.Is(err, ErrCorrupt) && headErr == nil && !h.Empty() {
		err = fmt.Errorf("%w; %s must be there", err, amount(h))
	}
	return err
}

// compare says what is missing from a database with the manifest m (nil: none),
// which was read after the head h. Where the head could not be read, headErr says
// why; formats before 5 have none. files is the folder of the database.
func (s *Store) compare(m *manifest.Manifest, h head.Record, headErr error, files vfs.FS, dbDir string) ([]string, error) {
	switch {
	case headErr == nil:
	case !errors.Is(headErr, fs.ErrNotExist) && !errors.Is(headErr, head.ErrUnreadable):
		return nil, fmt.Errorf("index %s: %w", s.dir, headErr)
	case m.Old():
		return nil, nil
	case errors.Is(headErr, fs.ErrNotExist):
		return []string{"its head is missing, so that nothing says what must be there"}, nil
	default:
		return []string{"its head is damaged, so that nothing says what must be there"}, nil
	}
	if m != nil && m.Old() {
		return nil, nil // what wrote it last knows of no head
	}
	damage, err := h.Missing(files, dbDir)
	if err != nil {
		return nil, err
	}
	if m == nil {
		if !h.Empty() {
			damage = append(damage, fmt.Sprintf("the database is empty, %s must be there", amount(h)))
		}
		return damage, nil
	}
	switch {
	case m.Commit < h.Commit:
		damage = append(damage, fmt.Sprintf("the last %d of %d commits are missing: %d documents are there of %d",
			h.Commit-m.Commit, h.Commit, m.Documents(), h.Documents))
	case m.Commit == h.Commit && m.Digest != h.Digest, m.Commit == h.Commit+1 && !bytes.Equal(m.Chain, h.Digest[:]):
		damage = append(damage, fmt.Sprintf("commit %d is not the one that the head names", h.Commit))
	}
	return damage, nil
}

// Damage says what the index lacks of what was acknowledged, one sentence each;
// nothing where it is whole. A store that was opened for writing has none, unless
// it was opened with AcceptLoss, or a segment was built anew of documents that
// are damaged.
func (s *Store) Damage() []string {
	s.gate.Lock()
	defer s.gate.Unlock()
	return slices.Clone(s.damage)
}

// found adds to what Damage says.
func (s *Store) found(what string) {
	s.gate.Lock()
	defer s.gate.Unlock()
	if !slices.Contains(s.damage, what) {
		s.damage = append(s.damage, what)
	}
}

// pinTries is how often a reader tries to get a consistent view of a directory
// that a writer is changing; it seldom needs a second one. Where nothing in the
// folder changes, stillTries are enough.
const (
	pinTries   = 50
	stillTries = 4
)

// openPinned opens the index without changing or locking anything.
func (s *Store) openPinned(o Options) error {
	dbDir := s.fs.PathJoin(s.dir, "db")
	var before []uint64
	var seen uint64
	still := 0
	for try := 1; ; try++ {
		// The head comes first: it must not be ahead of what is pinned.
		h, _, headErr := head.Read(s.fs, s.dir)
		err := s.openPin(dbDir, o, h, headErr)
		if errors.Is(err, ErrNewer) || errors.Is(err, ErrConfig) || errors.Is(err, ErrNotFound) || try == pinTries {
			return err
		}
		if s.pinned != nil {
			if still++; s.pinned.Sum() != seen {
				still, seen = 0, s.pinned.Sum()
			}
		}
		if err == nil {
			// A segment without a file may have been merged away while this opened;
			// one that is missing again is really missing. So is what the head
			// names.
			missing := s.missingFiles()
			if slices.Equal(missing, before) && (len(s.damage) == 0 || still >= stillTries) {
				return nil
			}
			before = missing
			snap := s.current.Swap(nil)
			if err := errors.Join(snap.Release(), s.db.Close(), s.pinned.Close()); err != nil {
				return err
			}
			if len(s.damage) == 0 {
				continue
			}
		} else if still >= stillTries {
			return err
		}
		time.Sleep(time.Duration(try) * time.Millisecond)
	}
}

// openPin opens the index as it is now.
func (s *Store) openPin(dbDir string, o Options, h head.Record, headErr error) (err error) {
	if s.pinned, err = disk.Pin(s.fs, dbDir); err != nil {
		return err
	}
	p := kv.Options(s.disk, s.tuning.MemTable)
	p.FS, p.ReadOnly = s.pinned, true
	if s.db, err = kv.Open(dbDir, p); err != nil {
		return errors.Join(s.openError(err, h, headErr), s.pinned.Close())
	}
	m, err := manifest.Read(s.db, s.dir, !s.readOnly)
	if err == nil {
		s.damage, err = s.compare(m, h, headErr, s.pinned, dbDir)
	}
	if err == nil && m == nil && len(s.damage) > 0 {
		err = s.lost(s.damage...)
	}
	if err == nil {
		err = s.load(o)
	}
	if err != nil {
		return errors.Join(err, s.db.Close(), s.pinned.Close())
	}
	s.headSeen, s.headErr = h, headErr
	return nil
}

// missingFiles are the segments that should have a whole file and have none.
func (s *Store) missingFiles() []uint64 {
	var ids []uint64
	for _, o := range s.current.Load().Segments() {
		if o.Missing && !o.Entry.Live {
			ids = append(ids, o.Entry.ID)
		}
	}
	return ids
}

func (s *Store) load(o Options) error {
	c := o.Config
	m, err := manifest.Read(s.db, s.dir, !s.readOnly)
	if err != nil {
		return err
	}
	if m == nil {
		c.Similarity, c.Language = cmp.Or(c.Similarity, ingest.BM25F), cmp.Or(c.Language, "auto")
		m = &manifest.Manifest{Config: c, Analyzers: map[string]int{}}
	} else if c.Similarity != "" && c.Similarity != m.Config.Similarity || c.Language != "" && c.Language != m.Config.Language {
		return fmt.Errorf("index %s: %w: it has similarity %s and language %s; open it without these options, or index anew into another directory",
			s.dir, ErrConfig, m.Config.Similarity, m.Config.Language)
	}
	if !s.readOnly {
		m.ToWrite(c)
	}
	s.manifest, s.config = m, m.Config
	if s.ingest, err = ingest.New(m.Config, o.Variant); err != nil {
		return err
	}
	s.nextOrdinal, s.nextSegment = max(m.NextOrdinal, 1), m.NextSegment
	s.names = names.New(s.db, s.dir)
	s.base = view.NewBase(s.dir, s.config, s.names)
	s.base.Attached.Store(m.Attached)
	if s.fields, err = names.NewFields(s.dir, m.Vectors, o.Vectors); err != nil {
		return err
	}
	if !s.readOnly {
		if err := s.segments.KeepOnly(m.Segments); err != nil {
			return err
		}
		if err := s.removeOrphans(); err != nil {
			return err
		}
	}
	return s.openSegments()
}

// removeOrphans removes documents that a crash left without a segment: those
// of steps that were not committed.
func (s *Store) removeOrphans() error {
	err := s.manifest.Orphans(s.db, func(from, to uint64) error { return view.RemoveOrdinals(s.db, from, to) })
	if err != nil {
		return fmt.Errorf("remove what a crash left in %s: %w", s.dir, err)
	}
	return nil
}

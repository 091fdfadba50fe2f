package kv

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/store/disk"
	"github.com/tamis-search/tamis/store/record"
)

// ErrLocked says that another process has the index open.
var ErrLocked = errors.New("index is in use by another process")

// cacheSize bounds the decompressed blocks kept in memory: a question reads
// some hundred passages, and the next one often the same.
const cacheSize = 64 << 20

// FlushOnClose is how much Pebble may hold in memory without a table being
// written on closing: the log keeps it too, and is read on opening.
const FlushOnClose = 1 << 20

// Options are those of a database over d, with memtables of a size in bytes.
func Options(d *disk.FS, memTable uint64) *pebble.Options {
	return &pebble.Options{
		FS:      d,
		Logger:  logger{d},
		Cleaner: cleaner{},
		// A damaged table is an error of the read that meets it, no reason to stop.
		EventListener:         &pebble.EventListener{DataCorruption: func(pebble.DataCorruptionInfo) {}},
		FormatMajorVersion:    pebble.FormatNewest,
		MemTableSize:          memTable,
		CacheSize:             cacheSize,
		L0CompactionThreshold: 4,
		// A bulk load writes its log without syncing it; a small commit beside it
		// shall find little to sync, and wait for no memtable.
		WALBytesPerSync:             512 << 10,
		MemTableStopWritesThreshold: 4,
	}
}

// cleaner removes what Pebble needs no more, as a DeleteCleaner does. That it
// is an ArchiveCleaner too tells Pebble not to write over files that are no longer
// needed: old logs would stay for that, each as large as a memtable.
type (
	cleaner struct {
		pebble.DeleteCleaner
		keepsContents
	}
	keepsContents struct{ pebble.ArchiveCleaner }
)

// logger drops Pebble's reports: what concerns the caller comes as an error.
type logger struct{ d *disk.FS }

func (logger) Infof(string, ...any)  {}
func (logger) Errorf(string, ...any) {}

// Fatalf is called where Pebble cannot go on, in whichever goroutine: nothing
// that it writes afterwards may count.
func (l logger) Fatalf(format string, args ...any) { l.d.Freeze(fmt.Errorf(format, args...)) }

// OpenError is the error of a database in the index dir that cannot be opened.
func OpenError(dir string, err error) error {
	// The directory lock is a flock: the second process gets EAGAIN, a second
	// open in this process is refused by Pebble itself.
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) && strings.Contains(err.Error(), "LOCK") ||
		strings.Contains(err.Error(), "lock held by current process") {
		return fmt.Errorf("index %s: %w: wait for it to finish, or use another --index", dir, ErrLocked)
	}
	if strings.Contains(err.Error(), "format major version") {
		return fmt.Errorf("index %s: %w: use the version of tamis that wrote it, or index anew: %w", dir, record.ErrNewer, err)
	}
	if errors.Is(err, record.ErrCorrupt) {
		return fmt.Errorf("index %s: %w", dir, err)
	}
	if pebble.IsCorruptionError(err) || errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "object size mismatch") {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return fmt.Errorf("index %s: %w (if it was copied while it was written, copy it with tamis backup): %s", dir, record.ErrCorrupt, first)
	}
	return fmt.Errorf("open index %s: %w", dir, err)
}

// Damaged is what Pebble says of damage, in one sentence.
func Damaged(err error) error {
	// What is not there is asked for at every hit, and asking what kind of error it is takes longer.
	if err == nil || errors.Is(err, pebble.ErrNotFound) || !pebble.IsCorruptionError(err) {
		return err
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("%w: %s", record.ErrCorrupt, first)
}

// Open opens a database that may be damaged.
func Open(dir string, o *pebble.Options) (db *pebble.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", record.ErrCorrupt, r)
		}
	}()
	return pebble.Open(dir, o)
}

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/tamis-search/tamis/store/disk"
)

// cacheSize bounds the decompressed blocks kept in memory: a question reads
// some hundred passages, and the next one often the same.
const cacheSize = 64 << 20

// flushOnClose is how much Pebble may hold in memory without a table being
// written on closing: the log keeps it too, and is read on opening.
const flushOnClose = 1 << 20

func pebbleOptions(d *disk.FS, memTable uint64) *pebble.Options {
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
	if errors.Is(err, ErrCorrupt) {
		return fmt.Errorf("index %s: %w", dir, err)
	}
	if pebble.IsCorruptionError(err) || errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "object size mismatch") {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return fmt.Errorf("index %s: %w (if it was copied while it was written, copy it with tamis backup): %s", dir, ErrCorrupt, first)
	}
	return fmt.Errorf("open index %s: %w", dir, err)
}

// damaged is what Pebble says of damage, in one sentence.
func damaged(err error) error {
	if err == nil || !pebble.IsCorruptionError(err) {
		return err
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("%w: %s", ErrCorrupt, first)
}

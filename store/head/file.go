package head

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/store/disk"
)

// File is the head of a store that is being written. Where the disk fails it is
// frozen like the database, and says what was durable until then. It is safe for
// concurrent use.
type File struct {
	disk *disk.FS
	dir  string

	mu     sync.Mutex
	file   vfs.File // nil: the store has no head yet
	record Record
	// A manifest that is to be used next, and whether a marker names it.
	next   Manifest
	marked bool
	// Logs whose names may not be durable yet, with the bytes that are; and those
	// whose names are.
	fresh   map[uint64]uint64
	durable map[uint64]bool
}

// Open returns the head of the store in dir, which holds r; there must be one
// unless r is nil, which stands for a store that has none until Create.
func Open(d *disk.FS, dir string, r *Record) (*File, error) {
	h := &File{disk: d, dir: dir, fresh: map[uint64]uint64{}, durable: map[uint64]bool{}}
	if r == nil {
		return h, nil
	}
	h.record = *r
	h.record.Logs = slices.Clone(r.Logs)
	for _, l := range r.Logs {
		h.durable[l.Number] = true
	}
	f, err := d.OpenReadWrite(d.PathJoin(dir, Name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, fmt.Errorf("open the head of %s: %w", dir, err)
	}
	h.file = f
	return h, nil
}

// Exists says whether the store has a head.
func (h *File) Exists() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.file != nil
}

// Create makes the head, durably, with what r says beside the files, in place of
// one that may be there.
func (h *File) Create(r Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.file != nil {
		if err := h.file.Close(); err != nil {
			return err
		}
		h.file = nil
	}
	f, err := h.disk.Create(h.disk.PathJoin(h.dir, Name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("make the head of %s: %w", h.dir, err)
	}
	h.file = f
	h.take(r)
	h.writeBoth()
	if h.disk.Failure() != nil {
		return nil // as where anything else cannot be written
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("make the head of %s: %w", h.dir, err)
	}
	return h.disk.SyncDir(h.dir)
}

// take takes over what r says beside the files. h.mu is held.
func (h *File) take(r Record) {
	h.record.Commit, h.record.Digest = r.Commit, r.Digest
	h.record.Documents, h.record.Segments = r.Documents, r.Segments
}

// Commit writes down what r says beside the files: a commit that is durable. It
// does not sync.
func (h *File) Commit(r Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.take(r)
	h.write()
}

// Sync makes the head durable, where there is one.
func (h *File) Sync() error {
	h.mu.Lock()
	f := h.file
	h.writeBoth()
	frozen := h.disk.Failure() != nil
	h.mu.Unlock()
	if f == nil || frozen {
		return nil
	}
	// Commits go on meanwhile: what they write asks for no less.
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write the head of %s: %w", h.dir, err)
	}
	return nil
}

// Close makes the head durable and closes it.
func (h *File) Close() error {
	err := h.Sync()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.file != nil {
		err = errors.Join(err, h.file.Close())
		h.file = nil
	}
	return err
}

// write writes the record into the slot whose turn it is. A disk that fails
// freezes, and with it the head. h.mu is held.
func (h *File) write() {
	if h.file == nil || h.disk.Failure() != nil {
		return
	}
	h.record.sequence++
	b := h.record.encode()
	if _, err := h.file.WriteAt(b, int64(h.record.sequence%2)*slotSize); err != nil {
		h.disk.Freeze(err)
	}
}

// writeBoth writes both slots: once they are synced, what one said before holds
// no longer, whatever a power cut leaves of later writes. h.mu is held.
func (h *File) writeBoth() {
	h.write()
	h.write()
}

// Write makes a head that is exactly r in a folder that has none, durable but for
// its name.
func Write(to vfs.FS, dir string, r Record) error {
	r.sequence &^= 1
	first := r
	first.sequence++
	second := first
	second.sequence++
	// Slots go by the sequence: an even one is the first.
	return disk.WriteFile(to, to.PathJoin(dir, Name), bytes.NewReader(append(second.encode(), first.encode()...)))
}

// FS is the file system that Pebble shall use: the disk, and the head takes
// down what Pebble makes durable in its folder.
func (h *File) FS() vfs.FS { return &watched{h.disk, h} }

// watched is a disk that tells the head of the manifests and logs in it.
type watched struct {
	*disk.FS
	h *File
}

// Unwrap returns the disk, as vfs.FS asks.
func (w *watched) Unwrap() vfs.FS { return w.FS }

func (w *watched) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := w.FS.Create(name, c)
	if err != nil {
		return nil, err
	}
	return w.h.watch(f, w.PathBase(name)), nil
}

func (w *watched) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := w.h.forget(w.PathBase(oldname)); err != nil {
		return nil, err
	}
	f, err := w.FS.ReuseForWrite(oldname, newname, c)
	if err != nil {
		return nil, err
	}
	return w.h.watch(f, w.PathBase(newname)), nil
}

func (w *watched) Remove(name string) error {
	if err := w.h.forget(w.PathBase(name)); err != nil {
		return err
	}
	return w.FS.Remove(name)
}

func (w *watched) OpenDir(name string) (vfs.File, error) {
	f, err := w.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &watchedDir{f, w.h}, nil
}

// watchedDir is a folder; syncing it makes the names in it durable.
type watchedDir struct {
	vfs.File
	h *File
}

func (d *watchedDir) Sync() error {
	names := d.h.named()
	if err := d.File.Sync(); err != nil {
		return err
	}
	d.h.synced(names)
	return nil
}

// named is what is to count once the folder is synced.
type named struct {
	manifest uint64
	logs     []uint64
}

func (h *File) named() named {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := named{}
	if h.marked {
		n.manifest = h.next.Number
	}
	for log := range h.fresh {
		n.logs = append(n.logs, log)
	}
	return n
}

func (h *File) synced(n named) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.disk.Failure() != nil {
		return
	}
	if n.manifest != 0 && n.manifest == h.next.Number {
		h.record.Manifest, h.next, h.marked = h.next, Manifest{}, false
	}
	for _, number := range n.logs {
		if bytes, ok := h.fresh[number]; ok {
			delete(h.fresh, number)
			h.durable[number] = true
			h.log(Log{number, bytes})
		}
	}
	h.write()
}

// log takes down how much of a log is durable. h.mu is held.
func (h *File) log(l Log) {
	i, ok := slices.BinarySearchFunc(h.record.Logs, l, func(a, b Log) int {
		return int(int64(a.Number) - int64(b.Number))
	})
	if ok {
		h.record.Logs[i].Bytes = l.Bytes
		return
	}
	h.record.Logs = slices.Insert(h.record.Logs, i, l)
}

// forget says durably that a file need not be there, before it is removed.
func (h *File) forget(base string) error {
	number, ok := logNumber(base)
	if !ok {
		return nil
	}
	h.mu.Lock()
	delete(h.fresh, number)
	delete(h.durable, number)
	before := len(h.record.Logs)
	h.record.Logs = slices.DeleteFunc(h.record.Logs, func(l Log) bool { return l.Number == number })
	named := len(h.record.Logs) < before
	h.mu.Unlock()
	if !named {
		return nil
	}
	return h.Sync()
}

// logNumber is the number in the name of a log.
func logNumber(base string) (uint64, bool) {
	digits, ok := strings.CutSuffix(base, ".log")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}

// watch follows what is written to a manifest, a marker or a log.
func (h *File) watch(f vfs.File, base string) vfs.File {
	if number := manifestOf([]string{base}); number != 0 {
		h.mu.Lock()
		h.marked = h.next.Number == number
		h.mu.Unlock()
		return f
	}
	if number, ok := logNumber(base); ok {
		h.mu.Lock()
		h.fresh[number] = 0
		h.mu.Unlock()
		return &watchedFile{File: f, h: h, number: number}
	}
	if digits, ok := strings.CutPrefix(base, "MANIFEST-"); ok {
		if number, err := strconv.ParseUint(digits, 10, 64); err == nil {
			return &watchedFile{File: f, h: h, number: number, manifest: true}
		}
	}
	return f
}

// watchedFile is a manifest or a log. Pebble writes and syncs one in turn.
type watchedFile struct {
	vfs.File
	h        *File
	number   uint64
	manifest bool
	bytes    uint64
	sum      uint32
}

// Write counts what is written. A file system may use p as its own once it has
// it, as Pebble's does in tests: the sum comes first. A write that fails freezes
// the disk, and nothing is taken down any more.
func (f *watchedFile) Write(p []byte) (int, error) {
	if f.manifest {
		f.sum = crc32.Update(f.sum, castagnoli, p)
	}
	n, err := f.File.Write(p)
	f.bytes += uint64(n)
	return n, err
}

func (f *watchedFile) Sync() error {
	bytes, sum := f.bytes, f.sum
	if err := f.File.Sync(); err != nil {
		return err
	}
	f.wrote(bytes, sum)
	return nil
}

func (f *watchedFile) SyncData() error {
	bytes, sum := f.bytes, f.sum
	if err := f.File.SyncData(); err != nil {
		return err
	}
	f.wrote(bytes, sum)
	return nil
}

// wrote takes down what is durable of the file.
func (f *watchedFile) wrote(bytes uint64, sum uint32) {
	h := f.h
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.disk.Failure() != nil {
		return
	}
	switch m := (Manifest{f.number, bytes, sum}); {
	case f.manifest && h.record.Manifest.Number == f.number:
		h.record.Manifest = m
		h.write()
	case f.manifest:
		h.marked = h.marked && h.next.Number == f.number
		h.next = m
	case h.durable[f.number]:
		h.log(Log{f.number, bytes}) // the commit writes it down
	default:
		if _, ok := h.fresh[f.number]; ok {
			h.fresh[f.number] = bytes
		}
	}
}

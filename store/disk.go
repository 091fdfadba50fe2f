package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// disk is the file system under Pebble, which cannot live with one that fails:
// where a log or manifest cannot be written it ends the process or panics with
// its locks held, and where a table cannot be written its writers wait for
// ever. So the first write that fails freezes the disk: from then on nothing
// reaches it, as if the power had gone at that moment, which is what Pebble's
// recovery is made for. Pebble itself goes on undisturbed in memory, so that
// readers still see what was committed; the store asks failure after each
// commit, acknowledges none from then on, and starts no other.
type disk struct {
	vfs.FS
	frozen atomic.Pointer[error]
	memory *vfs.MemFS // takes what is written once frozen
}

func newDisk(inner vfs.FS) *disk { return &disk{FS: inner, memory: vfs.NewMem()} }

// failure is the error that froze the disk; nil while it works.
func (d *disk) failure() error {
	if err := d.frozen.Load(); err != nil {
		return *err
	}
	return nil
}

// freeze stops all writing because of err; the first error stays.
func (d *disk) freeze(err error) { d.frozen.CompareAndSwap(nil, &err) }

// Unwrap returns the file system beneath, as vfs.FS asks.
func (d *disk) Unwrap() vfs.FS { return d.FS }

// written passes on the result of opening a file for writing, or opens one in
// memory instead.
func (d *disk) written(name string, open func() (vfs.File, error)) (vfs.File, error) {
	if d.failure() == nil {
		f, err := open()
		if err == nil {
			return &diskFile{File: f, d: d, table: isTable(name)}, nil
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		d.freeze(err)
	}
	if err := d.memory.MkdirAll(d.PathDir(name), 0o755); err != nil {
		return nil, err
	}
	return d.memory.Create(name, vfs.WriteCategoryUnspecified)
}

func isTable(name string) bool {
	return strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob")
}

func (d *disk) inMemory(name string) bool {
	if d.failure() == nil {
		return false
	}
	_, err := d.memory.Stat(name)
	return err == nil
}

func (d *disk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(d.PathBase(name), "marker.") && d.failure() == nil {
		// A marker names a manifest; a crash must not keep the marker alone.
		if err := d.syncDir(d.PathDir(name)); err != nil {
			d.freeze(err)
		}
	}
	return d.written(name, func() (vfs.File, error) { return d.FS.Create(name, c) })
}

func (d *disk) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return d.written(newname, func() (vfs.File, error) { return d.FS.ReuseForWrite(oldname, newname, c) })
}

func (d *disk) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return d.written(name, func() (vfs.File, error) { return d.FS.OpenReadWrite(name, c, opts...) })
}

func (d *disk) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	if d.inMemory(name) {
		return d.memory.Open(name, opts...)
	}
	return d.FS.Open(name, opts...)
}

func (d *disk) OpenDir(name string) (vfs.File, error) {
	f, err := d.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &diskFile{File: f, d: d}, nil
}

// syncDir makes the entries of a folder durable.
func (d *disk) syncDir(dir string) error {
	f, err := d.FS.OpenDir(dir)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

func (d *disk) Stat(name string) (vfs.FileInfo, error) {
	if d.inMemory(name) {
		return d.memory.Stat(name)
	}
	return d.FS.Stat(name)
}

func (d *disk) List(dir string) ([]string, error) {
	names, err := d.FS.List(dir)
	if err == nil && d.failure() != nil {
		more, _ := d.memory.List(dir) // it may lack the folder
		names = append(names, more...)
		slices.Sort(names)
		names = slices.Compact(names)
	}
	return names, err
}

func (d *disk) Link(oldname, newname string) error {
	if err := d.failure(); err != nil {
		return err
	}
	return d.FS.Link(oldname, newname)
}

func (d *disk) Remove(name string) error {
	if d.failure() == nil {
		return d.FS.Remove(name)
	}
	if d.inMemory(name) {
		return d.memory.Remove(name)
	}
	return nil
}

func (d *disk) RemoveAll(name string) error {
	if d.failure() == nil {
		return d.FS.RemoveAll(name)
	}
	return d.memory.RemoveAll(name)
}

func (d *disk) Rename(oldname, newname string) error {
	if d.failure() == nil {
		err := d.FS.Rename(oldname, newname)
		if err != nil {
			d.freeze(err)
		}
		return nil
	}
	if d.inMemory(oldname) {
		return d.memory.Rename(oldname, newname)
	}
	return nil
}

func (d *disk) MkdirAll(dir string, perm os.FileMode) error {
	if d.failure() == nil {
		return d.FS.MkdirAll(dir, perm)
	}
	return d.memory.MkdirAll(dir, perm)
}

func (d *disk) Lock(name string) (io.Closer, error) { return d.FS.Lock(name) }

// diskFile is a file that was opened for writing before the disk froze. Once
// it is frozen a log or manifest swallows what is written to it: only opening
// reads it back. A table, which is read back, refuses it and is written anew.
type diskFile struct {
	vfs.File
	d     *disk
	table bool
}

// did turns the result of a write into what Pebble is told.
func (f *diskFile) did(err error) error {
	if err != nil {
		f.d.freeze(err)
	}
	if f.table {
		return f.d.failure()
	}
	return nil
}

func (f *diskFile) Write(p []byte) (int, error) {
	if f.d.failure() != nil {
		return len(p), f.did(nil)
	}
	_, err := f.File.Write(p)
	return len(p), f.did(err)
}

func (f *diskFile) WriteAt(p []byte, at int64) (int, error) {
	if f.d.failure() != nil {
		return len(p), f.did(nil)
	}
	_, err := f.File.WriteAt(p, at)
	return len(p), f.did(err)
}

// Preallocate is a hint: where it fails, writing still may not.
func (f *diskFile) Preallocate(offset, length int64) error {
	if f.d.failure() == nil {
		_ = f.File.Preallocate(offset, length)
	}
	return nil
}

func (f *diskFile) Sync() error {
	if f.d.failure() != nil {
		return f.did(nil)
	}
	return f.did(f.File.Sync())
}

func (f *diskFile) SyncData() error {
	if f.d.failure() != nil {
		return f.did(nil)
	}
	return f.did(f.File.SyncData())
}

func (f *diskFile) SyncTo(length int64) (bool, error) {
	if f.d.failure() != nil {
		return true, f.did(nil)
	}
	full, err := f.File.SyncTo(length)
	return full, f.did(err)
}

func (f *diskFile) Close() error { return f.did(f.File.Close()) }

// failed says why nothing can be stored any more; nil while it can.
func (s *Store) failed() error {
	err := s.disk.failure()
	if err == nil {
		return nil
	}
	return fmt.Errorf("index %s: %w; what was stored before is safe: see to the disk, then run the same again: %w", s.dir, ErrFailed, err)
}

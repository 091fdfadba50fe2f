// Package disk is the file system under a store: it passes everything on to
// another one until a write fails, and from then on lets nothing reach it. For
// readers it holds Pebble's files as they were at one moment (pin.go).
package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrFailed: the disk failed, or is full.
var ErrFailed = errors.New("the disk could not be written")

// FS is a file system for Pebble, which cannot live with one that fails: where
// a log or manifest cannot be written it ends the process or panics with its
// locks held, and where a table cannot be written its writers wait for ever.
// So the first write that fails freezes the disk: from then on nothing reaches
// it, as if the power had gone at that moment, which is what Pebble's recovery
// is made for. Pebble itself goes on undisturbed in memory, so that readers
// still see what was committed; who writes asks Failure after each commit,
// acknowledges none from then on, and starts no other.
type FS struct {
	vfs.FS
	frozen atomic.Pointer[error]
	memory *vfs.MemFS // takes what is written once frozen
}

// New returns inner with that behaviour.
func New(inner vfs.FS) *FS { return &FS{FS: inner, memory: vfs.NewMem()} }

// Failure is the error that froze the disk; nil while it works.
func (d *FS) Failure() error {
	if err := d.frozen.Load(); err != nil {
		return *err
	}
	return nil
}

// Freeze stops all writing because of err; the first error stays.
func (d *FS) Freeze(err error) { d.frozen.CompareAndSwap(nil, &err) }

// Unwrap returns the file system beneath, as vfs.FS asks.
func (d *FS) Unwrap() vfs.FS { return d.FS }

// written passes on the result of opening a file for writing, or opens one in
// memory instead.
func (d *FS) written(name string, open func() (vfs.File, error)) (vfs.File, error) {
	if d.Failure() == nil {
		f, err := open()
		if err == nil {
			return &file{File: f, d: d, table: IsTable(name)}, nil
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		d.Freeze(err)
	}
	if err := d.memory.MkdirAll(d.PathDir(name), 0o755); err != nil {
		return nil, err
	}
	return d.memory.Create(name, vfs.WriteCategoryUnspecified)
}

// IsTable says whether a file of Pebble is a table: written once, and read back.
func IsTable(name string) bool {
	return strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob")
}

func (d *FS) inMemory(name string) bool {
	if d.Failure() == nil {
		return false
	}
	_, err := d.memory.Stat(name)
	return err == nil
}

func (d *FS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(d.PathBase(name), "marker.") && d.Failure() == nil {
		// A marker names a manifest; a crash must not keep the marker alone.
		if err := d.SyncDir(d.PathDir(name)); err != nil {
			d.Freeze(err)
		}
	}
	return d.written(name, func() (vfs.File, error) { return d.FS.Create(name, c) })
}

func (d *FS) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return d.written(newname, func() (vfs.File, error) { return d.FS.ReuseForWrite(oldname, newname, c) })
}

func (d *FS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return d.written(name, func() (vfs.File, error) { return d.FS.OpenReadWrite(name, c, opts...) })
}

func (d *FS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	if d.inMemory(name) {
		return d.memory.Open(name, opts...)
	}
	return d.FS.Open(name, opts...)
}

func (d *FS) OpenDir(name string) (vfs.File, error) {
	f, err := d.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &file{File: f, d: d}, nil
}

// SyncDir makes the entries of a folder durable.
func (d *FS) SyncDir(dir string) error {
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

func (d *FS) Stat(name string) (vfs.FileInfo, error) {
	if d.inMemory(name) {
		return d.memory.Stat(name)
	}
	return d.FS.Stat(name)
}

func (d *FS) List(dir string) ([]string, error) {
	names, err := d.FS.List(dir)
	if err == nil && d.Failure() != nil {
		more, _ := d.memory.List(dir) // it may lack the folder
		names = append(names, more...)
		slices.Sort(names)
		names = slices.Compact(names)
	}
	return names, err
}

func (d *FS) Link(oldname, newname string) error {
	if err := d.Failure(); err != nil {
		return err
	}
	return d.FS.Link(oldname, newname)
}

func (d *FS) Remove(name string) error {
	if d.Failure() == nil {
		return d.FS.Remove(name)
	}
	if d.inMemory(name) {
		return d.memory.Remove(name)
	}
	return nil
}

func (d *FS) RemoveAll(name string) error {
	if d.Failure() == nil {
		return d.FS.RemoveAll(name)
	}
	return d.memory.RemoveAll(name)
}

func (d *FS) Rename(oldname, newname string) error {
	if d.Failure() == nil {
		err := d.FS.Rename(oldname, newname)
		if err != nil {
			d.Freeze(err)
		}
		return nil
	}
	if d.inMemory(oldname) {
		return d.memory.Rename(oldname, newname)
	}
	return nil
}

func (d *FS) MkdirAll(dir string, perm os.FileMode) error {
	if d.Failure() == nil {
		return d.FS.MkdirAll(dir, perm)
	}
	return d.memory.MkdirAll(dir, perm)
}

func (d *FS) Lock(name string) (io.Closer, error) { return d.FS.Lock(name) }

// file is a file that was opened for writing before the disk froze. Once
// it is frozen a log or manifest swallows what is written to it: only opening
// reads it back. A table, which is read back, refuses it and is written anew.
type file struct {
	vfs.File
	d     *FS
	table bool
}

// did turns the result of a write into what Pebble is told.
func (f *file) did(err error) error {
	if err != nil {
		f.d.Freeze(err)
	}
	if f.table {
		return f.d.Failure()
	}
	return nil
}

func (f *file) Write(p []byte) (int, error) {
	if f.d.Failure() != nil {
		return len(p), f.did(nil)
	}
	_, err := f.File.Write(p)
	return len(p), f.did(err)
}

func (f *file) WriteAt(p []byte, at int64) (int, error) {
	if f.d.Failure() != nil {
		return len(p), f.did(nil)
	}
	_, err := f.File.WriteAt(p, at)
	return len(p), f.did(err)
}

// Preallocate is a hint: where it fails, writing still may not.
func (f *file) Preallocate(offset, length int64) error {
	if f.d.Failure() == nil {
		_ = f.File.Preallocate(offset, length)
	}
	return nil
}

func (f *file) Sync() error {
	if f.d.Failure() != nil {
		return f.did(nil)
	}
	return f.did(f.File.Sync())
}

func (f *file) SyncData() error {
	if f.d.Failure() != nil {
		return f.did(nil)
	}
	return f.did(f.File.SyncData())
}

func (f *file) SyncTo(length int64) (bool, error) {
	if f.d.Failure() != nil {
		return true, f.did(nil)
	}
	full, err := f.File.SyncTo(length)
	return full, f.did(err)
}

func (f *file) Close() error { return f.did(f.File.Close()) }

// MakeDir makes a directory and those above it that are missing, durably:
// without syncing the one above, a crash could take the whole along.
func (d *FS) MakeDir(dir string) error {
	if _, err := d.FS.Stat(dir); err == nil {
		return nil
	}
	above := d.PathDir(dir)
	if above != dir {
		if err := d.MakeDir(above); err != nil {
			return err
		}
	}
	if err := d.FS.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return d.SyncDir(above)
}

// WriteFile makes a file with some contents durable, but for its name.
func WriteFile(to vfs.FS, path string, r io.Reader) error {
	f, err := to.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

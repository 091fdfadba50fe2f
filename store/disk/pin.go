package disk

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Pinned is Pebble's directory as it was at one moment, for a reader that may
// stand beside a writer in another process and must not need to write or lock
// anything. Tables never change: they are held open, so that they can be read
// after the writer has removed them. The rest is small and is copied into
// memory.
//
// The order of copying makes the copy consistent. The logs are copied first:
// what a log lost to reuse after that, the manifest, copied later, knows to be
// in a table. The tables are opened last: if one that the manifest names was
// removed in between, opening the database fails, and pinning is done again.
type Pinned struct {
	*vfs.MemFS
	tables map[string]pinnedTable // by name without folder
	still  vfs.FS                 // has the tables instead, where nobody changes them
	sum    uint64
}

// Pin reads the directory dir of fsys. It is to be closed.
func Pin(fsys vfs.FS, dir string) (*Pinned, error) { return pinWith(fsys, dir, nil) }

// PinLocked is Pin of a directory that nobody else writes: its tables are read
// where they are.
func PinLocked(fsys vfs.FS, dir string) (*Pinned, error) { return pinWith(fsys, dir, fsys) }

func pinWith(fsys vfs.FS, dir string, tables vfs.FS) (*Pinned, error) {
	p := &Pinned{MemFS: vfs.NewMem(), tables: map[string]pinnedTable{}, still: tables}
	if err := p.read(fsys, dir); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", dir, err), p.Close())
	}
	return p, nil
}

func (p *Pinned) read(fsys vfs.FS, dir string) error {
	if err := p.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	sum := fnv.New64()
	defer func() { p.sum = sum.Sum64() }()
	isLog := func(name string) bool { return strings.HasSuffix(name, ".log") }
	for _, which := range []func(string) bool{
		isLog,
		func(name string) bool { return !isLog(name) && !IsTable(name) && name != "LOCK" },
		IsTable,
	} {
		names, err := fsys.List(dir)
		if err != nil {
			return err
		}
		slices.Sort(names)
		for _, name := range names {
			if !which(name) {
				continue
			}
			if p.still != nil && IsTable(name) {
				continue
			}
			size, err := p.add(fsys, dir, name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			fmt.Fprintln(sum, name, size)
		}
	}
	return nil
}

// add reads a file and returns its size.
func (p *Pinned) add(fsys vfs.FS, dir, name string) (size int64, err error) {
	path := fsys.PathJoin(dir, name)
	f, err := fsys.Open(path)
	if err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		return 0, errors.Join(err, f.Close())
	}
	if IsTable(name) {
		p.tables[name] = pinnedTable{File: f, info: info}
		return info.Size(), nil
	}
	to, err := p.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return 0, errors.Join(err, f.Close())
	}
	size, err = io.Copy(to, f)
	return size, errors.Join(err, to.Close(), f.Close())
}

// Sum is a digest of the names and sizes of its files: the same where nothing changed.
func (p *Pinned) Sum() uint64 { return p.sum }

// Close gives the tables back.
func (p *Pinned) Close() error {
	var errs []error
	for _, f := range p.tables {
		errs = append(errs, f.File.Close())
	}
	return errors.Join(errs...)
}

func (p *Pinned) table(name string) (pinnedTable, bool) {
	f, ok := p.tables[p.PathBase(name)]
	return f, ok
}

func (p *Pinned) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	if f, ok := p.table(name); ok {
		return f, nil
	}
	if p.still != nil && IsTable(name) {
		return p.still.Open(name, opts...)
	}
	return p.MemFS.Open(name, opts...)
}

func (p *Pinned) Stat(name string) (vfs.FileInfo, error) {
	if f, ok := p.table(name); ok {
		return f.info, nil
	}
	if p.still != nil && IsTable(name) {
		return p.still.Stat(name)
	}
	return p.MemFS.Stat(name)
}

func (p *Pinned) List(dir string) ([]string, error) {
	names, err := p.MemFS.List(dir)
	for name := range p.tables {
		names = append(names, name)
	}
	if err == nil && p.still != nil {
		var all []string
		all, err = p.still.List(dir)
		names = append(names, slices.DeleteFunc(all, func(name string) bool { return !IsTable(name) })...)
	}
	slices.Sort(names)
	return names, err
}

// pinnedTable is a table that stays open until the pinned directory is closed.
// Tables are read by offset, so that all who open one may share it.
type pinnedTable struct {
	vfs.File
	info vfs.FileInfo
}

func (f pinnedTable) Close() error { return nil }

func (f pinnedTable) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

func (f pinnedTable) Stat() (vfs.FileInfo, error) { return f.info, nil }

// CopyTo writes the pinned files durably into a new directory.
func (p *Pinned) CopyTo(ctx context.Context, fsys vfs.FS, from, to string) error {
	names, err := p.List(from)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if name == "LOCK" {
			continue
		}
		var r io.Reader
		if f, ok := p.tables[name]; ok {
			r = io.NewSectionReader(f.File, 0, f.info.Size())
		} else {
			f, err := p.MemFS.Open(p.PathJoin(from, name))
			if err != nil {
				return err
			}
			defer f.Close() // of memory: it does not fail
			r = f
		}
		if err := WriteFile(fsys, fsys.PathJoin(to, name), r); err != nil {
			return err
		}
	}
	return nil
}

// Package derived keeps what can be made anew from the stored documents: the
// segments, how they are made, and the folder of their files.
package derived

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/internal/mmap"
	"github.com/tamis-search/tamis/store/disk"
	"github.com/tamis-search/tamis/store/manifest"
	"github.com/tamis-search/tamis/store/view"
)

// Folder holds the files of an index's segments.
type Folder struct {
	disk *disk.FS
	fs   vfs.FS // below disk
	path string
}

// In is the folder of the index in dir.
func In(d *disk.FS, dir string) Folder {
	return Folder{disk: d, fs: d.FS, path: d.PathJoin(dir, "segments")}
}

// Path is where the folder is.
func (f Folder) Path() string { return f.path }

// File is where the file of a segment is.
func (f Folder) File(id uint64) string {
	return f.fs.PathJoin(f.path, fmt.Sprintf("%06d.seg", id))
}

// Any says whether there are files of segments.
func (f Folder) Any() bool {
	names, _ := f.fs.List(f.path) // none where it cannot be read
	return slices.ContainsFunc(names, func(name string) bool { return strings.HasSuffix(name, ".seg") })
}

// KeepOnly removes the files that are of none of these segments: left over from a
// crash between writing a file and committing it.
func (f Folder) KeepOnly(segments []manifest.Entry) error {
	names, err := f.fs.List(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list segments in %s: %w", f.path, err)
	}
	known := map[string]bool{}
	for _, e := range segments {
		known[f.fs.PathBase(f.File(e.ID))] = true
	}
	for _, n := range names {
		if !known[n] {
			if err := f.fs.Remove(f.fs.PathJoin(f.path, n)); err != nil {
				return fmt.Errorf("remove stray segment: %w", err)
			}
		}
	}
	return nil
}

// Write makes the file of a segment durable under its final name.
func (f Folder) Write(id uint64, data []byte) (err error) {
	path := f.File(id)
	tmp := path + ".tmp"
	defer func() {
		if err != nil {
			err = fmt.Errorf("write segment %s: %w: %w", path, disk.ErrFailed, err)
			_ = f.fs.Remove(tmp) // else the next opening does
		}
	}()
	if err = disk.WriteFile(f.fs, tmp, bytes.NewReader(data)); err != nil {
		return err
	}
	if err = f.fs.Rename(tmp, path); err != nil {
		return err
	}
	return f.disk.SyncDir(f.path)
}

// Remove removes the file of a segment. Views that read it keep it open; one that
// cannot be removed now is left for KeepOnly.
func (f Folder) Remove(id uint64) { _ = f.fs.Remove(f.File(id)) }

// Open opens the file of a segment, mapped into memory where the file
// system is the operating system's, less its deletes (nil: none).
func (f Folder) Open(e manifest.Entry, dead *view.Deletes) (*view.Segment, error) {
	path := f.File(e.ID)
	data, release, err := f.read(path)
	if err != nil {
		return nil, err
	}
	seg, err := segment.Open(data)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), release())
	}
	return view.Open(e, seg, data, release, dead), nil
}

// Check says what is wrong with the file of a segment.
func (f Folder) Check(e manifest.Entry) error {
	o, err := f.Open(e, nil)
	if err != nil {
		return err
	}
	return errors.Join(o.Rows().CheckSentences(), o.Close())
}

// OpenAll opens the files of segments side by side, since every byte is read for
// its checksum; nil stands for one that is missing or damaged.
func (f Folder) OpenAll(entries []manifest.Entry, dead []*view.Deletes) []*view.Segment {
	open := make([]*view.Segment, len(entries))
	var work sync.WaitGroup
	for i, e := range entries {
		work.Go(func() {
			if o, err := f.Open(e, dead[i]); err == nil {
				open[i] = o
			}
		})
	}
	work.Wait()
	return open
}

func (f Folder) read(path string) ([]byte, func() error, error) {
	if f.fs == vfs.Default {
		return mmap.Open(path)
	}
	file, err := f.fs.Open(path)
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(file)
	return data, func() error { return nil }, errors.Join(err, file.Close())
}

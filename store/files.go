package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/internal/mmap"
	"github.com/tamis-search/tamis/store/disk"
	"github.com/tamis-search/tamis/store/manifest"
	"github.com/tamis-search/tamis/store/view"
)

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
	defer func() {
		if err != nil {
			err = fmt.Errorf("write segment %s: %w", path, err)
			_ = s.fs.Remove(tmp) // else the next opening does
		}
	}()
	if err = disk.WriteFile(s.fs, tmp, bytes.NewReader(data)); err != nil {
		return err
	}
	if err = s.fs.Rename(tmp, path); err != nil {
		return err
	}
	return s.disk.SyncDir(s.segmentDir())
}

// readSegment opens the file of a segment, mapped into memory where the file
// system is the operating system's, less its deletes (nil: none).
func (s *Store) readSegment(e manifest.Entry, dead *view.Deletes) (*view.Segment, error) {
	path := s.segmentPath(e.ID)
	data, release, err := s.readFile(path)
	if err != nil {
		return nil, err
	}
	seg, err := segment.Open(data)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), release())
	}
	return view.Open(e, seg, data, release, dead), nil
}

func (s *Store) readFile(path string) ([]byte, func() error, error) {
	if s.fs == vfs.Default {
		return mmap.Open(path)
	}
	f, err := s.fs.Open(path)
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(f)
	return data, func() error { return nil }, errors.Join(err, f.Close())
}

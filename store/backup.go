package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/store/disk"
	"github.com/tamis-search/tamis/store/head"
)

// Backup copies the index in dir of from, as it is at one moment, into a new
// directory of to, durably: all that was acknowledged before is in it. A
// writer, in this process or another, goes on meanwhile. A backup is an index;
// copying it back is the same call the other way. The directory appears under
// its name when it is whole.
func Backup(ctx context.Context, from vfs.FS, dir string, to vfs.FS, target string) error {
	if _, err := to.Stat(target); err == nil {
		return fmt.Errorf("%s exists: name a new directory", target)
	}
	s, err := Open(dir, Options{FS: from, ReadOnly: true, leaveMissing: true})
	if err != nil {
		return err
	}
	err = s.copyTo(ctx, to, target)
	return errors.Join(err, s.Close())
}

func (s *Store) copyTo(ctx context.Context, to vfs.FS, target string) error {
	v, err := s.Snapshot()
	if err != nil {
		return err
	}
	defer v.Release()
	t := &Store{dir: target + ".partial", fs: to, disk: disk.New(to)}
	if err := to.RemoveAll(t.dir); err != nil {
		return fmt.Errorf("remove what an earlier copy left: %w", err)
	}
	db := to.PathJoin(t.dir, "db")
	for _, d := range []string{db, t.segmentDir()} {
		if err := t.disk.MakeDir(d); err != nil {
			return fmt.Errorf("make directory %s: %w", d, err)
		}
	}
	if s.headErr == nil {
		if err := head.Write(to, t.dir, s.headSeen); err != nil {
			return err
		}
	}
	if err := s.pinned.CopyTo(ctx, to, s.fs.PathJoin(s.dir, "db"), db); err != nil {
		return fmt.Errorf("copy to %s: %w", db, err)
	}
	for _, o := range v.Segments() {
		if o.Entry.Live || o.Missing {
			continue // the copy builds it anew
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := disk.WriteFile(to, t.segmentPath(o.Entry.ID), bytes.NewReader(o.Data())); err != nil {
			return fmt.Errorf("copy to %s: %w", t.segmentPath(o.Entry.ID), err)
		}
	}
	for _, d := range []string{db, t.segmentDir(), t.dir} {
		if err := t.disk.SyncDir(d); err != nil {
			return err
		}
	}
	if err := to.Rename(t.dir, target); err != nil {
		return err
	}
	return t.disk.SyncDir(to.PathDir(target))
}

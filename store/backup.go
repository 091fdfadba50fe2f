package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/store/derived"
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
	dir, d := target+".partial", disk.New(to)
	segments := derived.In(d, dir)
	if err := to.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove what an earlier copy left: %w", err)
	}
	db := to.PathJoin(dir, "db")
	for _, name := range []string{db, segments.Path()} {
		if err := d.MakeDir(name); err != nil {
			return fmt.Errorf("make directory %s: %w", name, err)
		}
	}
	if s.headErr == nil {
		if err := head.Write(to, dir, s.headSeen); err != nil {
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
		if err := disk.WriteFile(to, segments.File(o.Entry.ID), bytes.NewReader(o.Data())); err != nil {
			return fmt.Errorf("copy to %s: %w", segments.File(o.Entry.ID), err)
		}
	}
	for _, name := range []string{db, segments.Path(), dir} {
		if err := d.SyncDir(name); err != nil {
			return err
		}
	}
	if err := to.Rename(dir, target); err != nil {
		return err
	}
	return d.SyncDir(to.PathDir(target))
}

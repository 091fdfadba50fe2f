// Package watch tells when files in folders change. What it tells is where to look, not
// what happened: who listens reads the folders again there. So nothing is missed where
// the system had more to tell than it keeps: then everything is to be looked at.
package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// A change is told when nothing else has changed for so long,
	quiet = 300 * time.Millisecond
	// or so long after it.
	latest = 3 * time.Second
)

// Changes are places that have changed since the last time.
type Changes struct {
	All   bool            // any may have
	paths map[string]bool // files, and folders with all that is in them
}

// Has says that a file may have changed.
func (c *Changes) Has(path string) bool {
	if c.All {
		return true
	}
	for {
		if c.paths[path] {
			return true
		}
		up := filepath.Dir(path)
		if up == path {
			return false
		}
		path = up
	}
}

// Folders watches files and folders.
type Folders struct {
	w     *fsnotify.Watcher
	roots []string
	files map[string]bool // roots that are files: their folders are watched for them
	skip  func(folder string) bool
}

// New begins to watch the paths, save the folders below them that are to be skipped.
func New(paths []string, skip func(folder string) bool) (*Folders, error) {
	w, err := fsnotify.NewBufferedWatcher(1024)
	if err != nil {
		return nil, wording(err)
	}
	f := &Folders{w: w, files: map[string]bool{}, skip: skip}
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err == nil {
			var info fs.FileInfo
			if info, err = os.Stat(abs); err == nil && !info.IsDir() {
				f.files[abs] = true
				err = wording(w.Add(filepath.Dir(abs)))
			} else if err == nil {
				f.roots = append(f.roots, abs)
				err = f.add(abs)
			}
		}
		if err != nil {
			return nil, errors.Join(err, w.Close())
		}
	}
	return f, nil
}

// Close ends watching.
func (f *Folders) Close() error { return f.w.Close() }

// add watches a folder and those in it. What vanishes meanwhile is told by events.
func (f *Folders) add(folder string) error {
	return filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil
		}
		if path != folder && f.skip(path) || path == folder && !f.isRoot(path) && f.skip(path) {
			return fs.SkipDir
		}
		if err := f.w.Add(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return wording(err)
		}
		return nil
	})
}

func (f *Folders) isRoot(path string) bool {
	for _, r := range f.roots {
		if r == path {
			return true
		}
	}
	return false
}

// wording says what can be done where the system watches no more.
func wording(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) {
		return fmt.Errorf("the system watches no more folders: raise fs.inotify.max_user_watches and max_user_instances: %w", err)
	}
	return err
}

// Next waits for changes and for an end of them. Its error is that of ctx, or says that
// folders cannot be watched any longer.
func (f *Folders) Next(ctx context.Context) (*Changes, error) {
	c := &Changes{paths: map[string]bool{}}
	var still, most <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-still:
			return c, nil
		case <-most:
			return c, nil
		case err, ok := <-f.w.Errors:
			if !ok {
				return nil, errors.New("watching has ended")
			}
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				return nil, wording(err)
			}
			c.All = true
			for _, r := range f.roots { // folders may have come without a word
				if err := f.add(r); err != nil {
					return nil, err
				}
			}
		case e, ok := <-f.w.Events:
			if !ok {
				return nil, errors.New("watching has ended")
			}
			if !f.means(e) {
				continue
			}
			c.paths[e.Name] = true
			if e.Has(fsnotify.Create) {
				if info, err := os.Stat(e.Name); err == nil && info.IsDir() {
					if err := f.add(e.Name); err != nil {
						return nil, err
					}
				}
			}
		}
		still = time.After(quiet)
		if most == nil {
			most = time.After(latest)
		}
	}
}

// means says that an event is about what is watched.
func (f *Folders) means(e fsnotify.Event) bool {
	if e.Op == fsnotify.Chmod {
		return false
	}
	if f.files[e.Name] {
		return true
	}
	for _, r := range f.roots {
		rel, err := filepath.Rel(r, e.Name)
		if err != nil || !filepath.IsLocal(rel) {
			continue
		}
		at := r
		for part := range strings.SplitSeq(rel, string(filepath.Separator)) {
			if at = filepath.Join(at, part); f.skip(at) {
				return false
			}
		}
		return true
	}
	return false
}

package tamis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/store"
)

// FileOptions say how files are added.
type FileOptions struct {
	// Exclude leaves out what matches, each entry as a line of .gitignore would
	// at the top of every path.
	Exclude []string
	// Stdin is what the path "-" reads; nil is the process's standard input.
	Stdin io.Reader
	// Progress, where it is not nil, is told how many bytes of files are done and
	// how many are known.
	Progress func(done, total int64)
}

// AddFiles brings the index up to date with files and folders: new and changed
// files are read and their documents put, files whose bytes are the same are
// left alone, documents whose file vanished under one of paths are removed.
// The path "-" is standard input. Folders are walked respecting .gitignore;
// hidden files, node_modules, virtual environments and caches are entered only
// where they are named, and links that lead out of the folders are not followed.
// The index directory itself is never read.
//
// What cannot be read is reported under Skipped and the rest goes in; a file
// that could be read before and cannot now keeps its documents. When AddFiles
// returns, everything it counted is durable, also where ctx was cancelled.
func (ix *Index) AddFiles(ctx context.Context, paths []string, o FileOptions) (report Report, err error) {
	report = Report{Skipped: []Skip{}}
	b, err := ix.store.Begin()
	if err != nil {
		return report, err
	}
	defer b.Discard()
	defer func() {
		if err != nil {
			report.only(b)
		}
	}()
	ro := read.Options{Stdin: o.Stdin, Exclude: o.Exclude, Warn: func(w read.Warning) {
		report.warn(Warning{Path: w.Path, Line: w.Line, Key: w.Key, Reason: w.Reason})
	}}
	if ix.dir != "" {
		ro.Skip = []string{ix.dir}
	}
	run := &fileRun{ix: ix, b: b, reader: read.New(ro), report: &report, seen: map[string]bool{}, same: map[string]bool{}, taken: map[string]bool{}, ids: map[string]bool{}}
	var files []*read.File
	var total, done int64
	for f, err := range run.reader.Files(paths...) {
		if ctx.Err() != nil {
			return report, ctx.Err()
		}
		if err != nil {
			run.skip(err)
			continue
		}
		files = append(files, f)
		total += f.Size
	}
	for i, f := range files {
		if ctx.Err() != nil {
			return report, stop(ctx, b)
		}
		if o.Progress != nil {
			o.Progress(done, total)
		}
		if err := run.file(ctx, f); ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return report, stop(ctx, b)
		} else if err != nil {
			return report, fmt.Errorf("add %s: %w", f.Path, err)
		}
		done += f.Size
		files[i] = nil // its bytes may be kept in it
	}
	if o.Progress != nil {
		o.Progress(total, total)
	}
	if err := run.removeVanished(paths); err != nil {
		return report, err
	}
	return report, b.Commit()
}

// fileRun is one call of AddFiles.
type fileRun struct {
	ix     *Index
	b      *store.Batch
	reader *read.Reader
	report *Report
	seen   map[string]bool // paths of files that are there, read or not
	same   map[string]bool // those whose bytes have not changed
	taken  map[string]bool // those of which another file took a document over
	ids    map[string]bool // documents put in this run
	unread []string        // files and folders that are there but cannot be read
}

func skipOf(err error) Skip {
	var s *read.SkipError
	if errors.As(err, &s) {
		return Skip{Path: strings.ToValidUTF8(s.Path, "\uFFFD"), Line: s.Line, Reason: s.Reason}
	}
	return Skip{Reason: err.Error()}
}

func (r *fileRun) skip(err error) {
	var s *read.SkipError
	if errors.As(err, &s) {
		r.seen[s.Path] = true
		if s.Line == 0 && !errors.Is(err, fs.ErrNotExist) {
			r.unread = append(r.unread, s.Path)
		}
	}
	r.report.Skipped = append(r.report.Skipped, skipOf(err))
}

func (r *fileRun) file(ctx context.Context, f *read.File) error {
	r.seen[f.Path] = true
	if f.IsStdin() {
		return r.documents(ctx, f)
	}
	known, ok, err := r.ix.store.FileInfo(f.Path)
	if err != nil {
		return err
	}
	sum, err := f.Digest()
	if err != nil {
		r.skip(err)
		// A file that vanished since it was listed takes its documents along.
		r.seen[f.Path] = !errors.Is(err, fs.ErrNotExist)
		return nil
	}
	if ok && known.Reader == read.Version && bytes.Equal(known.Digest, sum[:]) && !r.taken[f.Path] {
		r.same[f.Path] = true
		r.report.Unchanged += known.Documents
		return nil
	}
	return r.documents(ctx, f)
}

// documents puts what a file holds. What it held before and holds no longer is
// deleted, unless something in it could not be read: that may be it.
func (r *fileRun) documents(ctx context.Context, f *read.File) error {
	ids := map[string]bool{}
	// whole: the file was read to its end; clear: every record in it was
	// understood; shared: another file holds a document with the id of one here.
	whole, clear, shared := true, true, false
	for d, err := range r.reader.Documents(ctx, f) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var bad *read.SkipError
		switch {
		case errors.As(err, &bad) && bad.Taken != "":
			shared = shared || !ids[bad.Taken]
		case err != nil:
			whole = whole && bad != nil && bad.Line > 0 && !bad.Rest
			clear = false
		default:
			if err = r.elsewhere(f, &d); err != nil {
				shared = true
			}
		}
		if err != nil {
			r.skip(err)
			continue
		}
		before := len(r.ids)
		if err := r.ix.put(r.b, d, r.ids, r.report); err != nil {
			return err
		}
		if len(r.ids) > before {
			ids[d.ID] = true
		}
	}
	if f.IsStdin() || !whole {
		return nil
	}
	sum, err := f.Digest() // of the bytes that were parsed
	if err != nil {
		r.skip(err)
		return nil
	}
	known := store.File{Digest: sum[:], Reader: read.Version, Documents: len(ids)}
	if shared {
		// Read it again next time: the other file may have let go by then.
		known.Digest = nil
	}
	if !clear {
		ids = nil
	}
	removed, err := r.b.SetFile(f.Path, known, ids)
	r.report.Removed += removed
	return err
}

// elsewhere says that an earlier file of this run, which was not read because
// it has not changed, holds a document with the id of d: the first one stays.
// Where a file that this run has not come to holds it, that file is to be read.
func (r *fileRun) elsewhere(f *read.File, d *Document) error {
	if d.ID == f.Path || r.ids[d.ID] {
		return nil
	}
	path, ok, err := r.b.FileOf(d.ID)
	if err != nil || !ok || path == "" || path == d.Path {
		return nil // an error comes again, from putting it
	}
	if r.same[path] {
		return &read.SkipError{Path: f.Path, Taken: d.ID, Reason: fmt.Sprintf("id %q is that of a document in %s; the first one stays", d.ID, path)}
	}
	r.taken[path] = true
	return nil
}

// under says that a file lies in a folder that could not be read.
func (r *fileRun) under(file string) bool {
	return slices.ContainsFunc(r.unread, func(dir string) bool {
		return strings.HasPrefix(file, dir+string(filepath.Separator))
	})
}

// removeVanished deletes the documents of files that are no longer there.
func (r *fileRun) removeVanished(paths []string) error {
	for _, path := range paths {
		if path == "-" {
			continue
		}
		abs, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		files, err := r.ix.store.Files(abs)
		if err != nil {
			return err
		}
		for _, f := range files {
			if r.seen[f] || r.under(f) {
				continue
			}
			removed, err := r.b.DeleteFile(f)
			if err != nil {
				return err
			}
			r.seen[f] = true
			r.report.Removed += removed
		}
	}
	return nil
}

package tamis

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/store"
)

// FileOptions say how files are added.
type FileOptions struct {
	// Exclude leaves out what matches, each entry as a line of .gitignore would
	// at the top of every path.
	Exclude []string
	// Stdin is what the path "-" reads; nil is the process's standard input.
	Stdin io.Reader
	// Passwords are tried, in this order, on files that are encrypted.
	Passwords []string
	// OCR is a command that reads the pictures of scanned pages; empty for none.
	OCR string
	// Fields say which keys of records (JSON Lines, lists of JSON objects) are what:
	// "id=key,title=summary,text=body+notes,time=meta.created", any of them; empty for those
	// that records have by themselves. With it each object of a list is a document.
	Fields string
	// Same, where it is not nil, says of a file that it is known to be as it was when it
	// was read: it is not looked at. The name is that of the file's path (read.Name).
	Same func(path string) bool
	// Changed, where it is not nil, is told what became of each file that is not as it
	// was, when that is durable.
	Changed func(FileChange)
	// Progress, where it is not nil, is told how many bytes of files are done and
	// how many are known.
	Progress func(done, total int64)
}

// FileChange is what adding files did with one of them.
type FileChange struct {
	Path                    string
	Added, Updated, Removed int    // documents
	From                    string // where the file was before, if it was moved
}

// AddFiles brings the index up to date with files and folders: new and changed
// files are read and their documents put, files whose bytes are the same are
// left alone, documents whose file vanished under one of paths are removed.
// The path "-" is standard input. A path that is not valid UTF-8 is named with \xHH
// for each byte that is not (read.Name). Folders are walked respecting .gitignore;
// hidden files, node_modules, virtual environments and caches are entered only
// where they are named, and links that lead out of the folders are not followed.
// The index directory itself is never read.
//
// What cannot be read is reported under Skipped and the rest goes in; a file
// that could be read before and cannot now keeps its documents. When AddFiles
// returns, everything it counted is durable, also where ctx was cancelled.
func (ix *Index) AddFiles(ctx context.Context, paths []string, o FileOptions) (report Report, err error) {
	report = Report{Skipped: []Skip{}}
	fields, err := format.ParseFields(o.Fields)
	if err != nil {
		return report, fmt.Errorf("the map of fields: %w", err)
	}
	b, err := ix.store.Begin()
	if err != nil {
		return report, err
	}
	defer b.Discard()
	b.Until(ctx)
	defer func() {
		if err != nil {
			report.only(b)
		}
	}()
	ro := read.Options{Memory: ix.memory, Stdin: o.Stdin, Exclude: o.Exclude, Passwords: o.Passwords, OCR: o.OCR, Fields: fields}
	if ix.dir != "" {
		ro.Skip = []string{ix.dir}
	}
	run := &fileRun{ix: ix, b: b, reader: read.New(ro), report: &report, seen: map[string]bool{}, same: map[string]bool{}, taken: map[string]bool{}, ids: map[string]bool{}, o: o, come: map[string]string{}}
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
	progress := func(size int64) {
		if done += size; o.Progress != nil {
			o.Progress(done, total)
		}
	}
	progress(0)
	for f := range ix.readAhead(ctx, run.reader, o.Same, taken(files)) {
		if ctx.Err() != nil {
			return report, stop(ctx, b)
		}
		if err := run.file(ctx, f); ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return report, stop(ctx, b)
		} else if err != nil {
			return report, fmt.Errorf("add %s: %w", f.Path, err)
		}
		progress(f.Size)
	}
	if err := run.removeVanished(paths); err != nil {
		return report, err
	}
	if err := b.Commit(); err != nil {
		return report, err
	}
	for _, c := range run.changes {
		if o.Changed != nil {
			o.Changed(c)
		}
	}
	return report, nil
}

// taken yields files and keeps none: their bytes may be kept in them.
func taken(files []*read.File) iter.Seq[*read.File] {
	return func(yield func(*read.File) bool) {
		for i, f := range files {
			files[i] = nil
			if !yield(f) {
				return
			}
		}
	}
}

// fileRun is one call of AddFiles.
type fileRun struct {
	ix      *Index
	b       *store.Batch
	reader  *read.Reader
	o       FileOptions
	come    map[string]string // files that are new, by their digests
	changes []FileChange
	report  *Report
	seen    map[string]bool // paths of files that are there, read or not
	same    map[string]bool // those whose bytes have not changed
	taken   map[string]bool // those of which another file took a document over
	ids     map[string]bool // documents put in this run
	unread  []string        // files and folders that are there but cannot be read
}

// changed notes what became of a file since the counts were those of before.
func (r *fileRun) changed(path string, before Report) {
	if r.o.Changed == nil {
		return
	}
	c := FileChange{Path: path, Added: r.report.Added - before.Added, Updated: r.report.Updated - before.Updated, Removed: r.report.Removed - before.Removed}
	if c.Added+c.Updated+c.Removed > 0 {
		r.changes = append(r.changes, c)
	}
}

// move says that a file that vanished is one that came in this run.
func (r *fileRun) move(from string) bool {
	known, ok, err := r.ix.store.FileInfo(from)
	if err != nil || !ok || len(known.Digest) == 0 {
		return false
	}
	at, ok := r.come[string(known.Digest)]
	if !ok {
		return false
	}
	delete(r.come, string(known.Digest)) // there is one place that it went to
	for i := range r.changes {
		if r.changes[i].Path == at {
			r.changes[i].From = from
		}
	}
	r.report.Moved = append(r.report.Moved, Move{From: from, To: at})
	return true
}

// SkipOf is how an error of reading is reported.
func SkipOf(err error) Skip {
	var s *read.SkipError
	if errors.As(err, &s) {
		return Skip{Path: strings.ToValidUTF8(s.Name(), "\uFFFD"), Line: s.Line, Reason: s.Reason, Status: s.Status}
	}
	return Skip{Reason: err.Error()}
}

func (r *fileRun) skip(err error) {
	var s *read.SkipError
	if errors.As(err, &s) {
		r.seen[s.Path] = true
		if s.Line == 0 && s.Inside == "" && !errors.Is(err, fs.ErrNotExist) {
			r.unread = append(r.unread, s.Path)
		}
	}
	r.report.Skipped = append(r.report.Skipped, SkipOf(err))
}

func (r *fileRun) file(ctx context.Context, f readFile) error {
	r.seen[f.Path] = true
	if f.IsStdin() {
		return r.documents(ctx, f)
	}
	known, ok, err := r.ix.store.FileInfo(f.Path)
	if err != nil {
		return err
	}
	if ok && trusted(known, r.reader, f.File, r.o.Same) && !r.taken[f.Path] {
		r.same[f.Path] = true
		r.report.Unchanged += known.Documents
		return nil
	}
	sum, err := f.Digest(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		r.skip(err)
		// A file that vanished since it was listed takes its documents along.
		r.seen[f.Path] = !errors.Is(err, fs.ErrNotExist)
		return nil
	}
	if ok && unchanged(known, r.reader, sum) && !r.taken[f.Path] {
		r.same[f.Path] = true
		r.report.Unchanged += known.Documents
		return nil
	}
	before := *r.report
	if !ok {
		r.come[string(sum[:])] = f.Path
	}
	err = r.documents(ctx, f)
	r.changed(f.Path, before)
	return err
}

// trusted says that a file need not be looked at.
func trusted(known store.File, by *read.Reader, f *read.File, same func(string) bool) bool {
	return same != nil && known.Reader == by.Version() && len(known.Digest) > 0 && same(f.Path)
}

// unchanged says that a file with this digest holds what it held when it was read.
func unchanged(known store.File, by *read.Reader, sum [sha256.Size]byte) bool {
	return known.Reader == by.Version() && bytes.Equal(known.Digest, sum[:])
}

// prepared are the documents of a file, in its turn.
func (r *fileRun) prepared(ctx context.Context, f readFile, cancelled *bool) iter.Seq[prepared] {
	docs := r.reader.Documents(ctx, f.File)
	if f.ready == nil {
		return r.ix.prepared(ctx, docs, cancelled)
	}
	return func(yield func(prepared) bool) {
		for _, err := range docs { // the one that is ready, or that it may not have its id
			p := *f.ready
			if err != nil {
				p = prepared{err: err}
			}
			if !yield(p) {
				return
			}
		}
	}
}

// documents puts what a file holds. What it held before and holds no longer is
// deleted, unless something in it could not be read: that may be it.
func (r *fileRun) documents(ctx context.Context, f readFile) error {
	ids := map[string]bool{}
	// whole: the file was read to its end; clear: every record in it was
	// understood; parts: what inside it was not; shared: another file holds a document with the id of one here;
	// missing: one of its documents could not be put.
	whole, clear, shared, missing := true, true, false, false
	var parts []string
	cancelled := false
	for d := range r.prepared(ctx, f, &cancelled) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var bad *read.SkipError
		err := d.err
		switch {
		case errors.As(err, &bad) && bad.Taken != "":
			shared = shared || !ids[bad.Taken]
		case bad != nil && bad.Inside != "" && !bad.Rest:
			parts = append(parts, bad.Name())
		case err != nil:
			whole = whole && bad != nil && bad.Line > 0 && !bad.Rest
			clear = false
		default:
			if err = r.elsewhere(f.Path, &d.Document); err != nil {
				shared = true
			}
		}
		if err != nil {
			r.skip(err)
			continue
		}
		before, skipped := len(r.ids), len(r.report.Skipped)
		if err := r.ix.put(r.b, d, r.ids, r.report); err != nil {
			return err
		}
		if len(r.ids) > before {
			ids[d.Document.ID] = true
		}
		missing = missing || len(r.report.Skipped) > skipped
	}
	if cancelled {
		return ctx.Err()
	}
	if f.IsStdin() || !whole {
		return nil
	}
	sum, err := f.Digest(ctx) // of the bytes that were parsed
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		r.skip(err)
		return nil
	}
	known := store.File{Digest: sum[:], Reader: r.reader.Version(), Documents: len(ids)}
	if shared || missing {
		// Read it again next time: the other file may have let go by then, or more
		// memory be allowed.
		known.Digest = nil
	}
	keep := func(id string) bool {
		return ids[id] || slices.ContainsFunc(parts, func(part string) bool { return id == part || strings.HasPrefix(id, part+"!/") })
	}
	if !clear {
		keep = nil
	}
	removed, err := r.b.SetFile(f.Path, known, keep)
	r.report.Removed += removed
	return err
}

// elsewhere says that an earlier file of this run, which was not read because
// it has not changed, holds a document with the id of d: the first one stays.
// Where a file that this run has not come to holds it, that file is to be read.
func (r *fileRun) elsewhere(file string, d *Document) error {
	if d.ID == file || r.ids[d.ID] {
		return nil
	}
	path, ok, err := r.b.FileOf(d.ID)
	if err != nil || !ok || path == "" || path == d.Path {
		return nil // an error comes again, from putting it
	}
	if r.same[path] {
		return &read.SkipError{Path: file, Taken: d.ID, Reason: fmt.Sprintf("id %q is that of a document in %s; the first one stays", d.ID, path)}
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
		files, err := r.ix.store.Files(read.Name(abs))
		if err != nil {
			return err
		}
		for _, f := range files {
			if r.seen[f] || r.under(f) {
				continue
			}
			moved := r.move(f)
			removed, err := r.b.DeleteFile(f)
			if err != nil {
				return err
			}
			r.seen[f] = true
			before := *r.report
			r.report.Removed += removed
			if !moved {
				r.changed(f, before)
			}
		}
	}
	return nil
}

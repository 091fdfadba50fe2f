// Package read turns files into corpus documents, one reader a format.
//
// A run has two steps, so that a caller can leave unchanged files alone:
// [Reader.Files] lists files in a fixed order, [Reader.Documents] parses one.
// Whatever cannot be read is a [*SkipError] in the sequence, after which the
// sequence goes on.
//
// Text. Source is the decompressed file as UTF-8: a UTF-8 byte order mark stays
// (in no block), CRLF stays, each byte that is not valid UTF-8 becomes U+FFFD,
// UTF-16 with a byte order mark is decoded. Ranges count bytes of Source; so do
// FileStart and FileEnd of a file that was not valid UTF-8, since no other
// count means anything to a reader of its text. HTML is the one format whose
// Source is extracted text; its FileStart and FileEnd are bytes of the file.
//
// Formats enter at one place: the tables in formats.go.
package read

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/tamis-search/tamis/corpus"
)

// Options of a run. The zero value means the defaults.
type Options struct {
	// Skip are files and folders that are never read: the index itself.
	Skip []string
	// Exclude are patterns that each hold as a line of a .gitignore file at the
	// top of every folder that is named; no .gitignore file can take them back.
	Exclude []string
	// MaxFileBytes is the largest decompressed file, and the longest line of a
	// JSON Lines file, that is read; default 256 MiB. JSON Lines files are
	// streamed and may be of any size.
	MaxFileBytes int64
	// Stdin is what the path "-" reads; default os.Stdin.
	Stdin io.Reader
}

// SkipError says what was left out and why. Reason is a clause without the path.
type SkipError struct {
	Path   string
	Line   int // of a record, counted from 1; 0 for a whole file
	Reason string
	Err    error // the cause if there is one
	// Taken is the id of a record that came before in this run.
	Taken string
	// Rest says that nothing after Line could be read either.
	Rest bool
}

func (e *SkipError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Reason)
	}
	return e.Path + ": " + e.Reason
}

// Unwrap returns the cause.
func (e *SkipError) Unwrap() error { return e.Err }

// skip makes a SkipError from an error of the file system.
func skip(path string, err error) *SkipError {
	var s *SkipError
	if errors.As(err, &s) {
		return s
	}
	reason := err.Error()
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		reason = "does not exist or vanished while it was read"
	case errors.Is(err, fs.ErrPermission):
		reason = "permission denied"
	case errors.As(err, &p):
		reason = p.Err.Error()
	}
	return &SkipError{Path: path, Reason: reason, Err: err}
}

// Reader reads the files of one run: within it a document id is taken once. It
// is not safe for concurrent use.
type Reader struct {
	o    Options
	ids  map[string]struct{}
	skip map[string]bool // real paths
}

// New returns a Reader for one run.
func New(o Options) *Reader {
	if o.MaxFileBytes <= 0 {
		o.MaxFileBytes = 256 << 20
	}
	if o.Stdin == nil {
		o.Stdin = os.Stdin
	}
	r := &Reader{o: o, ids: make(map[string]struct{}), skip: make(map[string]bool)}
	for _, p := range o.Skip {
		if abs, err := filepath.Abs(p); err == nil {
			r.skip[abs] = true
			if real, err := filepath.EvalSymlinks(abs); err == nil {
				r.skip[real] = true
			}
		}
	}
	return r
}

// keepBytes is the size up to which Digest keeps a file's bytes for Documents.
const keepBytes = 64 << 20

// File is a file that may hold documents.
type File struct {
	// Path is the cleaned absolute path; "stdin" for standard input.
	Path    string
	Size    int64 // bytes on disk; 0 for standard input
	ModTime time.Time

	stdin  io.Reader // standard input, else nil
	digest [sha256.Size]byte
	hashed bool
	data   []byte // the file's bytes if they are kept
}

// IsStdin says whether the file is standard input, which can be read once and
// has no size or time.
func (f *File) IsStdin() bool { return f.stdin != nil }

// Digest returns the SHA-256 of the file's bytes as they are on disk, and keeps
// the bytes of a file of up to 64 MiB for [Reader.Documents] to parse. After
// Documents has run to its end it is the digest of the bytes that were parsed,
// which is the one to store: the file may have changed in between. A file that
// can hold no document (binary, too large) is a [*SkipError].
func (f *File) Digest() ([sha256.Size]byte, error) {
	if f.hashed {
		return f.digest, nil
	}
	in, err := f.open()
	if err != nil {
		return f.digest, skip(f.Path, err)
	}
	defer in.Close()
	if f.Size <= keepBytes && f.stdin == nil {
		data, err := io.ReadAll(io.LimitReader(in, keepBytes+1))
		if err != nil {
			return f.digest, skip(f.Path, err)
		}
		if len(data) <= keepBytes {
			f.data, f.digest, f.hashed = data, sha256.Sum256(data), true
			return f.digest, nil
		}
		in.Close() // it grew: hash it as a large file
		if in, err = f.open(); err != nil {
			return f.digest, skip(f.Path, err)
		}
		defer in.Close()
	}
	if f.stdin != nil {
		return f.digest, &SkipError{Path: f.Path, Reason: "standard input can be read only once"}
	}
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return f.digest, skip(f.Path, err)
	}
	f.set(h)
	return f.digest, nil
}

func (f *File) set(h hash.Hash) {
	h.Sum(f.digest[:0])
	f.hashed = true
}

// open opens the file as it is on disk. A file that is no longer a regular one
// is refused before it could block.
func (f *File) open() (io.ReadCloser, error) {
	if f.stdin != nil {
		return io.NopCloser(f.stdin), nil
	}
	if info, err := os.Stat(f.Path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, &SkipError{Path: f.Path, Reason: "not a regular file"}
	}
	return os.Open(f.Path)
}

// claim takes a document id for this run, or says that it was taken.
func (r *Reader) claim(id string) bool {
	if _, ok := r.ids[id]; ok {
		return false
	}
	r.ids[id] = struct{}{}
	return true
}

// Documents parses f and yields its documents. Errors are [*SkipError]s: of a
// record, after which the next one follows, or of the whole file.
func (r *Reader) Documents(f *File) iter.Seq2[corpus.Document, error] {
	return func(yield func(corpus.Document, error) bool) {
		if err := r.documents(f, yield); err != nil {
			yield(corpus.Document{}, skip(f.Path, err))
		}
		f.data = nil
	}
}

// documents returns the error that ends the file; nil too when yield said stop.
func (r *Reader) documents(f *File, yield func(corpus.Document, error) bool) error {
	in, err := r.input(f)
	if err != nil {
		return err
	}
	defer in.Close()
	form, err := sniff(f, in.name, in.head)
	if err != nil {
		return err
	}
	if form.records {
		stopped := false
		err := r.records(f, in, func(d corpus.Document, err error) bool {
			stopped = !yield(d, err)
			return !stopped
		})
		if stopped {
			return nil
		}
		return errors.Join(err, in.finish())
	}
	text, err := in.text(r.o.MaxFileBytes, form.decode)
	if err != nil {
		return err
	}
	if err := in.finish(); err != nil {
		return err
	}
	d := corpus.Document{ID: f.Path, Path: f.Path, Type: form.name, Lang: form.lang, ModTime: f.ModTime}
	if f.IsStdin() {
		d.Path = ""
	}
	if err := parse(&d, text, form); err != nil {
		return err
	}
	if blank(d.Source) {
		reason := "empty"
		if !blank(text) {
			reason = "there is no text in it"
		}
		return &SkipError{Path: f.Path, Reason: reason}
	}
	if d.Title == "" && !f.IsStdin() {
		d.Title = filepath.Base(f.Path)
	}
	if !r.claim(d.ID) {
		return &SkipError{Path: f.Path, Reason: "was already read in this run"}
	}
	yield(d, nil)
	return nil
}

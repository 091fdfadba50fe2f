// Package read turns files into corpus documents, one reader a format.
//
// A run has two steps, so that a caller can leave unchanged files alone:
// [Reader.Files] lists files in a fixed order, [Reader.Documents] parses one. Whether
// a text is the copy of a page is known where all files were listed before.
// Whatever cannot be read is a [*SkipError] in the sequence, after which the
// sequence goes on. What a reader is given and delivers is package format's to
// say: bytes that can be read in any order, and documents, one or many.
//
// Text. Source is the decompressed file as UTF-8: a UTF-8 byte order mark stays
// (in no block), CRLF stays, UTF-16 with a byte order mark is decoded; any
// other text that is not UTF-8 is decoded as what its bytes look like, which a warning
// tells, and a byte that is nothing then becomes U+FFFD. Ranges count bytes of Source; so do
// FileStart and FileEnd of a file that was not valid UTF-8, since no other
// count means anything to a reader of its text. Of formats that are no text to read
// as it stands (HTML, PDF, tables, mails, subtitles …) Source is the text that was
// extracted; FileStart and FileEnd are bytes of the file.
//
// Places are lines of the decompressed, decoded file: any byte's own of a text, of
// what was extracted that at which a block begins, of JSON Lines that of the record;
// and what else the format has: pages, cells, seconds.
//
// A file may hold files: archives and mails do. Their documents are named
// PATH!/NAME, and what all levels together may hold is bounded (nest.go).
//
// Formats enter at one place: the tables in formats.go.
package read

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/role"
)

// Version names how files become documents: a file that another version read is
// read again although its bytes are the same. It changes whenever a reader makes
// another document of the same bytes: other text, blocks, places, titles,
// languages or metadata, or a document where there was an error.
const Version = "11"

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
	// Memory is about how much memory reading a file may take beside its text;
	// default 1 GiB. One that would take more is read as plain text, or skipped.
	Memory int64
	// Time is about how long reading a file, or one that it holds, may take, beside two
	// seconds for each MiB and what the caller does with its documents; default two minutes. PDF has bounds of its own.
	Time time.Duration
	// Explain, Passwords, OCR and Fields are those of format.Options.
	Explain   bool
	Passwords []string
	OCR       string
	Fields    format.Fields
	// Stdin is what the path "-" reads; default os.Stdin.
	Stdin io.Reader
}

// SkipError says what was left out and why. Reason is a clause without the path.
type SkipError = format.SkipError

// Reader reads the files of one run: within it a document id is taken once. It
// is not safe for concurrent use.
type Reader struct {
	o     Options
	ids   map[string]struct{}
	skip  map[string]bool // real paths
	pages map[string]bool // paths of the HTML files that were listed
}

// New returns a Reader for one run.
func New(o Options) *Reader {
	if o.MaxFileBytes <= 0 {
		o.MaxFileBytes = 256 << 20
	}
	if o.Memory <= 0 {
		o.Memory = 1 << 30
	}
	if o.Time <= 0 {
		o.Time = readTime
	}
	if o.Stdin == nil {
		o.Stdin = os.Stdin
	}
	r := &Reader{o: o, ids: make(map[string]struct{}), skip: make(map[string]bool), pages: make(map[string]bool)}
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

// Version names how this Reader makes documents of files: by Version and what was said of
// records.
func (r *Reader) Version() string {
	if len(r.o.Fields) == 0 {
		return Version
	}
	return fmt.Sprint(Version, " ", r.o.Fields) // maps are printed in the order of their keys
}

// keepBytes is the size up to which Digest keeps a file's bytes for Documents.
const keepBytes = 64 << 20

// File is a file that may hold documents.
type File struct {
	// Path is the [Name] of the cleaned absolute path; "stdin" for standard input.
	Path    string
	Size    int64 // bytes on disk; 0 for standard input
	ModTime time.Time

	name   string    // its path below the folder that the caller named, with slashes
	disk   string    // where the file is; "" for Path
	limit  int64     // Options.MaxFileBytes
	stdin  io.Reader // standard input, else nil
	digest [sha256.Size]byte
	hashed bool
	data   string // the file's bytes if they are kept
	kept   bool
	ahead  *corpus.Document // what Ahead has read
	late   error            // Ahead took too long
}

// IsStdin says whether the file is standard input, which can be read once and
// has no size or time.
func (f *File) IsStdin() bool { return f.stdin != nil }

// Lying is the file that lies at disk, as one of this run whose documents are named as if
// it lay at name: for files that came from elsewhere. A name says what the format is where
// the bytes do not, and leads nowhere.
func (r *Reader) Lying(disk, name string) (*File, error) {
	info, err := os.Stat(disk)
	if err != nil {
		return nil, format.SkipOf(name, err)
	}
	return &File{Path: name, Size: info.Size(), ModTime: info.ModTime(), name: name, disk: disk, limit: r.o.MaxFileBytes}, nil
}

// Digest returns the SHA-256 of the file's bytes as they are on disk, and keeps
// the bytes of a file of up to 64 MiB for [Reader.Documents] to parse. After
// Documents has run to its end it is the digest of the bytes that were parsed,
// which is the one to store: the file may have changed in between. A file that
// cannot be read is a [*SkipError]; so is, before more than its first bytes are
// looked at, one that these or its size tell to have no reader. When ctx ends, its
// error is returned.
func (f *File) Digest(ctx context.Context) ([sha256.Size]byte, error) {
	if f.hashed {
		return f.digest, nil
	}
	if f.stdin != nil {
		return f.digest, &SkipError{Path: f.Path, Reason: "standard input can be read only once"}
	}
	in, err := f.open()
	if err != nil {
		return f.digest, format.SkipOf(f.Path, err)
	}
	defer in.Close()
	if err := f.look(in); err != nil {
		return f.digest, format.SkipOf(f.Path, err)
	}
	all := io.NewSectionReader(&watched{ctx, in}, 0, math.MaxInt64)
	h := sha256.New()
	var b strings.Builder
	if f.Size <= keepBytes {
		b.Grow(int(f.Size))
		_, err = io.Copy(io.MultiWriter(h, &b), io.LimitReader(all, keepBytes))
	}
	var rest int64
	if err == nil {
		rest, err = io.Copy(h, all)
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return f.digest, err
	}
	if err != nil {
		return f.digest, format.SkipOf(f.Path, err)
	}
	if f.Size <= keepBytes && rest == 0 { // else it grew
		f.data, f.kept = b.String(), true
	}
	h.Sum(f.digest[:0])
	f.hashed = true
	return f.digest, nil
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
// record, after which the next one follows, or of the whole file. When ctx ends,
// its error ends the sequence.
func (r *Reader) Documents(ctx context.Context, f *File) iter.Seq2[corpus.Document, error] {
	return func(yield func(corpus.Document, error) bool) {
		stopped := false
		err := r.documents(ctx, f, func(d corpus.Document, err error) bool {
			stopped = !yield(d, err)
			return !stopped
		})
		f.data, f.kept = "", false
		switch {
		case stopped || err == nil:
		case ctx.Err() != nil && errors.Is(err, ctx.Err()):
			yield(corpus.Document{}, err)
		default:
			yield(corpus.Document{}, format.SkipOf(f.Path, err))
		}
	}
}

// Ahead reads the document of f before its turn, for [Reader.Documents] to yield,
// and returns it: where f is a file of one document, of at most limit bytes
// unzipped, that can be read. All else is left to Documents. It is safe for
// concurrent use when Files has ended, beside anything that is done with other
// files.
func (r *Reader) Ahead(ctx context.Context, f *File, limit int64) (d corpus.Document, ok bool) {
	if f.IsStdin() || f.Size > limit {
		return d, false
	}
	early := &Reader{o: r.o, ids: make(map[string]struct{}), pages: r.pages}
	early.o.MaxFileBytes = min(limit, r.o.MaxFileBytes)
	n := 0
	err := early.documents(ctx, f, func(one corpus.Document, err error) bool {
		n++
		d, ok = one, err == nil && n == 1 && one.ID == f.Path
		return ok
	})
	if ok = ok && err == nil; ok {
		f.ahead, f.data, f.kept = &d, "", false
	}
	if errors.Is(err, errLate) {
		f.late = err
	}
	return d, ok
}

// documents returns the error that ends the file; any, when yield said stop.
func (r *Reader) documents(ctx context.Context, f *File, yield func(corpus.Document, error) bool) error {
	if d := f.ahead; d != nil {
		f.ahead = nil
		if !r.claim(d.ID) {
			return &SkipError{Path: f.Path, Reason: "was already read in this run"}
		}
		yield(*d, nil)
		return nil
	}
	if f.late != nil {
		return f.late
	}
	return r.parse(ctx, f, nil, yield)
}

// parse reads a file, or looks in it for one that it holds.
func (r *Reader) parse(ctx context.Context, f *File, want *wanted, yield func(corpus.Document, error) bool) error {
	in, form, err := r.open(ctx, f)
	if err != nil {
		return in.clock.late(&in.File, err)
	}
	defer in.close()
	stopped := false
	count := &counting{yield: yield}
	n := &nest{r: r, f: f, want: want, clock: in.clock}
	o := format.Options{MaxBytes: r.o.MaxFileBytes, Memory: r.o.Memory, Explain: r.o.Explain, Passwords: r.o.Passwords, OCR: r.o.OCR, Fields: r.o.Fields, Inner: n.inner}
	n.o = &o
	err = in.read(form, &o, func(d corpus.Document, err error) bool {
		if err == nil {
			err = r.complete(f, &in.File, &d)
		}
		if err != nil {
			d = corpus.Document{}
		}
		stopped = !count.next(d, err)
		return !stopped
	})
	if rest := count.rest(); !stopped && rest != nil {
		stopped = !yield(corpus.Document{}, rest)
	}
	if stopped {
		return nil
	}
	return errors.Join(err, in.finish(f))
}

// complete fills in what a document has from its file on disk, and from the one that
// it is all of: that file, or a member of it.
func (r *Reader) complete(f *File, in *format.File, d *corpus.Document) error {
	if d.ModTime.IsZero() {
		d.ModTime = in.ModTime
	}
	if !f.IsStdin() {
		d.Path = f.Path
	}
	switch in.Charset {
	case "":
	case "utf-8":
		d.Warnings = append(d.Warnings, corpus.Warning{Key: "charset", Reason: "is UTF-8 with bytes that are none: each became U+FFFD"})
	default:
		d.Warnings = append(d.Warnings, corpus.Warning{Key: "charset", Reason: "is not stated and not UTF-8: it looks like " + in.Charset})
	}
	in.Charset = ""
	d.Role = cmp.Or(d.Role, role.Stated(d.Metadata))
	if d.ID != "" {
		return nil
	}
	d.ID = in.ID()
	name := cmp.Or(f.name, filepath.Base(f.Path))
	if in.Inside != "" {
		name += "/" + strings.ReplaceAll(in.Inside, "!/", "/")
	}
	if d.Role == "" {
		d.Role = role.Of(d, name)
		if in.Inside == "" && r.copied(f, d) {
			d.Role = role.Copy
		}
	}
	if d.Title == "" && (!f.IsStdin() || in.Inside != "") {
		d.Title = path.Base(filepath.ToSlash(name))
	}
	if !r.claim(d.ID) {
		return in.Skip("was already read in this run")
	}
	return nil
}

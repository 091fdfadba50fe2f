// Package format is the contract between a run over files and the readers of
// their formats: what a reader is given, what it delivers, and how it says what
// it cannot read. A family of formats is a package that imports this one; the
// table in package read imports the families.
package format

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/charset"
)

// Func reads one file and yields its documents: one, or many in the order of
// the file. It stops when yield returns false, and when ctx ends.
//
// Of a document it fills what the format says: Type, Lang, Title, Metadata,
// Source, Blocks with their places. An empty ID stands for that of the file; a
// file of many documents has an id for each, that it claims: of those that are no
// records with ids of their own, [File.Part]. Path and ModTime are the run's to fill.
//
// A part that cannot be read is yielded as a [*SkipError], after which the next
// part follows; an error that is returned ends the file.
//
// Time. A run gives each file, and each that a file holds, a time of its own, at whose
// end ctx ends: one that is still being read then is skipped by name, and the next
// follows. Nobody can stop a reader that does not look. So each looks at ctx at its
// natural steps (a member, part, page or record; of texts every thousand or so tokens,
// rows or elements) and returns when it has ended; what lies between two looks, such
// as the parser of a library, takes time in proportion to its bytes, of which there
// are at most MaxBytes, whatever they are; and nothing is as deep as a file is long.
// Tests with hostile files hold readers to that. Documents that came before the end stay.
type Func func(ctx context.Context, f *File, o *Options, yield func(corpus.Document, error) bool) error

// Options of a run that readers need.
type Options struct {
	// MaxBytes is the largest file, and the longest record of a streamed one,
	// that is read. A file that is not streamed is never longer.
	MaxBytes int64
	// Memory is about how much memory a reader may take beside the text; 0 is no bound.
	Memory int64
	// Explain asks for what is left out: Document.Dropped.
	Explain bool
	// Passwords are tried, in this order, on files that are encrypted.
	Passwords []string
	// OCR is the command that reads the picture of a page; empty for none.
	OCR string
	// Fields name the keys of records; nil for those that records have by themselves.
	Fields Fields
	// Inner reads a file that another one holds by the same table of formats, and
	// yields its documents; what cannot be read of it is yielded too. An error ends the
	// file that holds it: the reader returns it as it is. Depth, number, bytes and ratio
	// of what a file holds are bounded through all of its members. Nil where a run
	// reads no members.
	Inner func(ctx context.Context, m Member, yield func(corpus.Document, error) bool) error
}

// Member is a file inside another one: of an archive, or attached to a mail.
type Member struct {
	Of      *File
	Name    string // its path in Of, with slashes; the id is Of.Part(Name)
	As      string // a name that says what it is, where Name does not
	Packed  int64  // how many bytes it takes in Of; 0 where that is not known
	ModTime time.Time
	io.Reader
}

// File is the bytes of one file, decompressed.
type File struct {
	// Path is the cleaned absolute path; "stdin" for standard input. That of a member
	// is the path of the file on disk.
	Path string
	// Inside is where a member stands in that file: "a.zip!/b.txt"; else empty.
	Inside string
	// Name says what the file is: its path without ".gz"; empty for standard
	// input.
	Name string
	// Size is the number of bytes; -1 where only reading to the end tells, which
	// is so of streamed formats alone.
	Size    int64
	ModTime time.Time
	// Charset is the character set that Text guessed; empty where that was not asked.
	Charset string
	// Head is the start of the file, at most HeadBytes.
	Head []byte
	// The bytes. Reading returns the error of a context that ended. Streamed
	// formats must read from the front to the back.
	io.ReaderAt
	// Claim takes a document id for this run, or says that it was taken.
	Claim func(id string) bool
}

// ID names the file, and a document that is all of it.
func (f *File) ID() string { return joined(f.Path, f.Inside) }

// Part is the id of something that the file holds, by its name in it.
func (f *File) Part(name string) string { return joined(f.ID(), name) }

// Within is where something that the file holds stands in the file on disk.
func (f *File) Within(name string) string {
	if f.Inside == "" {
		return name
	}
	return joined(f.Inside, name)
}

func joined(path, inside string) string {
	if inside == "" {
		return path
	}
	return path + "!/" + inside
}

// HeadBytes is how much of a file decides what it is.
const HeadBytes = 8 << 10

// BOM is the byte order mark of UTF-8.
const BOM = "\uFEFF"

// Reader reads the file from front to back.
func (f *File) Reader() io.Reader {
	size := f.Size
	if size < 0 {
		size = math.MaxInt64
	}
	return io.NewSectionReader(f.ReaderAt, 0, size)
}

// Memory is a file whose bytes are in memory.
type Memory string

// ReadAt implements io.ReaderAt.
func (m Memory) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	n := copy(p, m[min(off, int64(len(m))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Text is the whole file as valid UTF-8: decode, if not nil, is asked first
// about a text that is not, and returns "" where it knows no better; then the
// character set is guessed, which Charset tells; what is not valid becomes U+FFFD.
func (f *File) Text(decode func(string) string) (string, error) {
	m, ok := f.ReaderAt.(Memory)
	if !ok {
		var b strings.Builder
		b.Grow(int(max(f.Size, 0)))
		if _, err := io.Copy(&b, f.Reader()); err != nil {
			return "", err
		}
		m = Memory(b.String())
	}
	s := string(m)
	if i := strings.IndexByte(s, 0); i >= 0 {
		return "", f.Skip("binary file (NUL byte at %d)", i)
	}
	if utf8.ValidString(s) {
		return s, nil
	}
	if decode != nil {
		if t := decode(s); t != "" {
			return charset.Valid(t), nil
		}
	}
	s, f.Charset = charset.Decode(s, "")
	return charset.Valid(s), nil
}

// SkipError says what was left out and why. Reason is a clause without the path.
type SkipError struct {
	Path   string
	Inside string // of a part of the file: where in it, as [File.Inside] has it
	Line   int    // of a record, counted from 1; 0 for a whole file
	Reason string
	Err    error // the cause if there is one
	// Status is Encrypted, Damaged, Scanned or Unsupported; empty for all else.
	Status string
	// Taken is the id of a record that came before in this run.
	Taken string
	// Rest says that nothing after Line could be read either.
	Rest bool
}

// What keeps a file from being read.
const (
	Encrypted   = "encrypted" // no password opens it
	Damaged     = "damaged"
	Scanned     = "scanned" // pictures of text
	Unsupported = "unsupported"
)

// Name is that of what was left out: the path, or the id of a part.
func (e *SkipError) Name() string { return joined(e.Path, e.Inside) }

func (e *SkipError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.Name(), e.Line, e.Reason)
	}
	return e.Name() + ": " + e.Reason
}

// Unwrap returns the cause.
func (e *SkipError) Unwrap() error { return e.Err }

// Skip makes a SkipError of a whole file.
func (f *File) Skip(reason string, args ...any) *SkipError {
	return &SkipError{Path: f.Path, Inside: f.Inside, Reason: fmt.Sprintf(reason, args...)}
}

// SkipAs is Skip with a status.
func (f *File) SkipAs(status, reason string, args ...any) *SkipError {
	s := f.Skip(reason, args...)
	s.Status = status
	return s
}

// SkipPart is Skip of a part, by its name in the file.
func (f *File) SkipPart(name, reason string, args ...any) *SkipError {
	s := f.Skip(reason, args...)
	s.Inside = f.Within(name)
	return s
}

// SkipOf makes a SkipError from an error of the file system.
func SkipOf(path string, err error) *SkipError {
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

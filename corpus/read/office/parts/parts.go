// Package parts opens files that are ZIP archives of parts: OOXML, ODF and EPUB.
//
// A part is named by its path in the archive, without a slash before it and in any
// case. What comes out of the archive is bounded: its directory, the bytes of all
// parts together, and how many times its size a part may unpack to. Parts that are
// read twice count twice.
package parts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zip"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/unicode"

	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/internal/xmlscan"
)

const (
	// A directory of more bytes is refused: it has some 200,000 entries.
	maxDirectory = 16 << 20
	// All parts together may have so many times the bytes that a file may have.
	maxUnpacked = 16
	// A part of which more than ratioFrom bytes came may have maxRatio times the bytes
	// that it takes in the archive. Sheets of equal rows reach a hundred times.
	maxRatio  = 200
	ratioFrom = 16 << 20
)

// Package is an open file.
type Package struct {
	File *format.File

	ctx    context.Context
	zip    *zip.Reader
	names  map[string]*zip.File
	left   int64
	memory int64
}

// Open opens the file whose bytes are in r: those of f, or what was decrypted of them.
func Open(ctx context.Context, f *format.File, o *format.Options, r io.ReaderAt, size int64) (p *Package, err error) {
	defer Recovered(f, &err)
	d := &directory{r: r, left: maxDirectory}
	z, err := zip.NewReader(d, size)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case d.left < 0:
		return nil, f.Skip("its directory has more than %d bytes: it holds too many files", maxDirectory)
	case err != nil:
		why := trimmed(err)
		if errors.Is(err, zip.ErrFormat) {
			why = "the list of files at its end is missing"
		}
		s := f.SkipAs(format.Damaged, "damaged: it is no whole ZIP archive (%s)", why)
		s.Err = err
		return nil, s
	}
	d.left = 1<<63 - 1
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	p = &Package{File: f, ctx: ctx, zip: z, names: make(map[string]*zip.File, len(z.File)), left: maxUnpacked * max(o.MaxBytes, 1<<20), memory: o.Memory}
	for _, e := range z.File {
		if name := clean(e.Name); p.names[name] == nil {
			p.names[name] = e
		}
	}
	return p, nil
}

func trimmed(err error) string { return strings.TrimPrefix(err.Error(), "zip: ") }

// Recovered makes a skip of a panic of a library.
func Recovered(f *format.File, err *error) {
	if r := recover(); r != nil {
		*err = f.SkipAs(format.Damaged, "it cannot be read (%v)", r)
	}
}

// directory bounds how much is read before the archive is open.
type directory struct {
	r    io.ReaderAt
	left int64
}

func (d *directory) ReadAt(p []byte, off int64) (int, error) {
	if d.left -= int64(len(p)); d.left < 0 {
		return 0, errors.New("the directory is too large")
	}
	return d.r.ReadAt(p, off)
}

func clean(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/"))
}

// Has says whether there is a part of that name.
func (p *Package) Has(name string) bool { return p.names[clean(name)] != nil }

// Names calls f with the name of each part in the order of the archive.
func (p *Package) Names(f func(name string)) {
	for _, e := range p.zip.File {
		f(e.Name)
	}
}

// Open opens a part.
func (p *Package) Open(name string) (io.ReadCloser, error) {
	e := p.names[clean(name)]
	if e == nil {
		return nil, p.File.SkipAs(format.Damaged, "its part %s is missing", name)
	}
	if e.Flags&1 != 0 {
		return nil, p.File.SkipAs(format.Encrypted, "its part %s is encrypted by the archive", name)
	}
	r, err := e.Open()
	if err != nil {
		return nil, p.damaged(name, err)
	}
	return &part{p: p, name: name, packed: int64(e.CompressedSize64), r: r}, nil
}

func (p *Package) damaged(name string, err error) error {
	if p.ctx.Err() != nil {
		return p.ctx.Err()
	}
	var s *format.SkipError
	if errors.As(err, &s) {
		return err
	}
	s = p.File.SkipAs(format.Damaged, "its part %s cannot be read: %s", name, trimmed(err))
	if errors.Is(err, zip.ErrAlgorithm) {
		s.Status = format.Unsupported
	}
	s.Err = err
	return s
}

// part are the bytes of one, as many as may be.
type part struct {
	p      *Package
	name   string
	packed int64
	at     int64
	r      io.ReadCloser
}

func (r *part) Close() error { return r.r.Close() }

func (r *part) Read(b []byte) (n int, err error) {
	if err := r.p.ctx.Err(); err != nil {
		return 0, err
	}
	n, err = r.r.Read(b)
	r.at += int64(n)
	r.p.left -= int64(n)
	switch {
	case r.p.left < 0:
		return 0, r.p.File.Skip("its parts have more than %d times the bytes that a file may have (MaxFileBytes)", maxUnpacked)
	case r.at > ratioFrom && r.at/max(r.packed, 1) > maxRatio:
		return 0, r.p.File.Skip("its part %s unpacks to more than %d times its size", r.name, maxRatio)
	}
	if err != nil && err != io.EOF {
		err = r.p.damaged(r.name, err)
	}
	return n, err
}

// Bytes is a whole part of at most limit bytes.
func (p *Package) Bytes(name string, limit int64) ([]byte, error) {
	r, err := p.Open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = p.File.Skip("its part %s is larger than %d bytes", name, limit)
	}
	return b, err
}

// Text is a whole part of at most limit bytes, in UTF-8 unless it is not what it says.
func (p *Package) Text(name string, limit int64) (string, error) {
	r, err := p.Open(name)
	if err != nil {
		return "", err
	}
	defer r.Close()
	in, err := utf8Of(r)
	if err != nil {
		return "", p.damaged(name, err)
	}
	var b strings.Builder
	n, err := io.Copy(&b, io.LimitReader(in, limit+1))
	if err == nil && n > limit {
		err = p.File.Skip("its part %s is larger than %d bytes", name, limit)
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD"), err
}

// maxFound is how large a part may be that is read for a few of its words before it is
// read as a whole.
const maxFound = 64 << 20

// Find calls found with what stands behind each occurrence of mark in a part, up to a
// quotation mark or sixty bytes. A part that is large, or no UTF-8, is not looked at.
func (p *Package) Find(name string, mark []byte, found func([]byte)) error {
	if e := p.names[clean(name)]; e == nil || e.UncompressedSize64 > maxFound {
		return nil
	}
	r, err := p.Open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	const behind = 60
	buf := make([]byte, 64<<10)
	kept := 0
	for {
		n, err := io.ReadFull(r, buf[kept:])
		all, last := buf[:kept+n], err != nil
		at := 0
		for {
			i := bytes.Index(all[at:], mark)
			if i < 0 || !last && at+i+len(mark)+behind > len(all) {
				break
			}
			at += i + len(mark)
			text, _, _ := bytes.Cut(all[at:min(at+behind, len(all))], []byte{'"'})
			found(text)
		}
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return nil
		case err != nil:
			return err
		}
		at = max(at, len(all)-len(mark)-behind)
		kept = copy(buf, all[at:])
	}
}

// Scan reads a part as XML: each reads it to its end, or as far as it wants. The
// names have the prefixes that canon gives them.
func (p *Package) Scan(name string, canon map[string]string, each func(s *xmlscan.Scanner) error) error {
	r, err := p.Open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	in, err := utf8Of(r)
	if err != nil {
		return p.damaged(name, err)
	}
	return p.ScanFrom(in, name, canon, each)
}

// ScanFrom is Scan of a part whose bytes are read already.
func (p *Package) ScanFrom(r io.Reader, name string, canon map[string]string, each func(s *xmlscan.Scanner) error) (err error) {
	defer Recovered(p.File, &err)
	s := xmlscan.New(r, canon)
	if err := each(s); err != nil {
		return err
	}
	if err := s.Err(); err != nil {
		return p.damaged(name, err)
	}
	return nil
}

var stated = regexp.MustCompile(`^<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)["']`)

// utf8Of decodes a part that is not UTF-8.
func utf8Of(r io.Reader) (io.Reader, error) {
	head := make([]byte, 256)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	head = head[:n]
	all := io.MultiReader(bytes.NewReader(head), r)
	if bytes.HasPrefix(head, []byte{0xFE, 0xFF}) || bytes.HasPrefix(head, []byte{0xFF, 0xFE}) {
		return unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM).NewDecoder().Reader(all), nil
	}
	m := stated.FindSubmatch(head)
	if m == nil || strings.EqualFold(string(m[1]), "utf-8") {
		return all, nil
	}
	e, _ := charset.Lookup(string(m[1]))
	if e == nil {
		return nil, fmt.Errorf("its encoding %s is not known", m[1])
	}
	return e.NewDecoder().Reader(all), nil
}

// Relation is what another part is to one.
type Relation struct {
	Type     string // the last step of its URI: "slide"
	Target   string // the name of a part, or an address
	External bool
}

// Relations are those of a part of OOXML by their ids; "" for the package's own.
func (p *Package) Relations(of string) (map[string]Relation, error) {
	dir, base := path.Split(of)
	name := dir + "_rels/" + base + ".rels"
	all := map[string]Relation{}
	if !p.Has(name) {
		return all, nil
	}
	err := p.Scan(name, nil, func(s *xmlscan.Scanner) error {
		for s.Next() {
			if s.Kind == xmlscan.Start && bytes.HasSuffix(s.Name(), []byte("Relationship")) {
				r := Relation{Type: path.Base(s.Attr("Type")), Target: s.Attr("Target"), External: s.Attr("TargetMode") == "External"}
				if !r.External {
					r.Target = Resolve(of, r.Target)
				}
				all[s.Attr("Id")] = r
			}
		}
		return nil
	})
	return all, err
}

// Resolve is the name of the part that a part refers to.
func Resolve(of, target string) string {
	target, _, _ = strings.Cut(target, "#")
	if !strings.HasPrefix(target, "/") {
		target = path.Join("/", path.Dir(of), target)
	}
	return strings.TrimPrefix(path.Clean(target), "/")
}

// TooMuch says that so many bytes beside the text are more than a reader may take.
func (p *Package) TooMuch(n int64) bool { return p.memory > 0 && n > p.memory }

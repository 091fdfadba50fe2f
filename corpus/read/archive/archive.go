// Package archive reads files that hold files: ZIP, TAR and 7z archives, and opens
// what is compressed as one: gzip, bzip2, xz, zstd.
//
// A member is read by the table of formats, archives in archives too, and its
// documents are named ARCHIVE!/NAME. Names lead nowhere: one that is absolute or has
// ".." is refused, and nothing is ever written. Links, folders and devices are left
// out. How deep, how many, how large and how much larger than packed members may be is
// bounded through all levels (format.Options.Inner); here are the bounds of what
// stands around them.
package archive

import (
	"archive/tar"
	"archive/zip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/bodgit/sevenzip"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/charset"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// maxEntries is how many entries of an archive are looked at, members or not.
const maxEntries = 1_000_000

// member is an entry of any archive.
type member struct {
	name   string
	mode   fs.FileMode
	packed int64
	when   time.Time
	locked bool
	open   func() (io.ReadCloser, error)
}

// walk reads the members that next returns until io.EOF.
func walk(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool, next func() (*member, error)) error {
	if o.Inner == nil {
		return f.SkipAs(format.Unsupported, "archives are not read here")
	}
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		m, err := next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return damaged(f, err)
		case n == maxEntries:
			return f.Skip("has more than %d entries: no more of them are read", maxEntries)
		case !m.mode.IsRegular() || hidden(m.name):
			continue
		}
		name, ok := local(m.name)
		switch {
		case !ok:
			err = f.SkipPart(strings.ToValidUTF8(m.name[:min(len(m.name), 200)], "\uFFFD"), "has a name that leads out of the archive")
		case m.locked:
			s := f.SkipPart(name, "is encrypted")
			s.Status = format.Encrypted
			err = s
		}
		if err != nil {
			if !yield(corpus.Document{}, err) {
				return nil
			}
			continue
		}
		stopped := false
		if err := each(ctx, f, o, m, name, func(d corpus.Document, err error) bool {
			stopped = !yield(d, err)
			return !stopped
		}); err != nil {
			return err
		}
		if stopped {
			return nil
		}
	}
}

func each(ctx context.Context, f *format.File, o *format.Options, m *member, name string, yield func(corpus.Document, error) bool) error {
	r, err := m.open()
	if err != nil {
		s := f.SkipPart(name, "cannot be unpacked: %s", err)
		s.Status, s.Err = format.Damaged, err
		yield(corpus.Document{}, s)
		return nil
	}
	defer r.Close()
	return o.Inner(ctx, format.Member{Of: f, Name: name, Packed: m.packed, ModTime: m.when, Reader: guarded{r}}, yield)
}

// guarded makes an error of a panic in a library that unpacks.
type guarded struct{ r io.Reader }

func (g guarded) Read(p []byte) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, err = 0, fmt.Errorf("it is damaged: %v", r)
		}
	}()
	return g.r.Read(p)
}

func damaged(f *format.File, err error) error {
	var s *format.SkipError
	if errors.As(err, &s) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	s = f.SkipAs(format.Damaged, "damaged archive: %s", err)
	s.Err = err
	return s
}

// local is the name of a member as a path below the archive, and false for one that
// leads elsewhere.
func local(name string) (string, bool) {
	if t, _ := charset.Decode(name, ""); t != name {
		name = t
	}
	name = strings.ReplaceAll(name, `\`, "/")
	if name == "" || strings.ContainsRune(name, 0) || len(name) > 4096 || len(name) > 1 && name[1] == ':' {
		return "", false
	}
	name = strings.TrimPrefix(path.Clean(name), "./")
	return name, fs.ValidPath(name) && name != "."
}

// hidden says that a member is none of the user's: what systems add, package managers
// install, and compilers and version control keep.
func hidden(name string) bool {
	dir, base := path.Split(strings.ReplaceAll(name, `\`, "/"))
	for folder := range strings.SplitSeq(dir, "/") {
		switch folder {
		case "node_modules", "__pycache__", ".git", ".hg", ".svn":
			return true
		}
	}
	return strings.HasPrefix(name, "__MACOSX/") || strings.HasPrefix(base, "._") || base == ".DS_Store" || base == "Thumbs.db"
}

// Zip reads ZIP archives.
func Zip(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	if need := 8 * directory(f); o.Memory > 0 && need > o.Memory {
		return f.Skip("to read its list of files takes about %d MiB of memory, more than the %d MiB that are allowed (--memory)", need>>20, o.Memory>>20)
	}
	z, err := zip.NewReader(f, f.Size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return damaged(f, err)
	}
	i := 0
	return walk(ctx, f, o, yield, func() (*member, error) {
		if i == len(z.File) {
			return nil, io.EOF
		}
		m := z.File[i]
		i++
		return &member{name: m.Name, mode: m.Mode(), packed: int64(m.CompressedSize64), when: m.Modified, locked: m.Flags&1 != 0,
			open: func() (io.ReadCloser, error) { return m.Open() }}, nil
	})
}

// directory is how many bytes the list of files at the end of a ZIP archive has; 0
// where it is not found.
func directory(f *format.File) int64 {
	tail := make([]byte, min(f.Size, 66<<10))
	if _, err := f.ReadAt(tail, f.Size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return 0
	}
	at := strings.LastIndex(string(tail), "PK\x05\x06")
	if at < 0 || at+22 > len(tail) {
		return 0
	}
	size := int64(binary.LittleEndian.Uint32(tail[at+12:]))
	if size == 0xFFFFFFFF && at >= 20 && string(tail[at-20:at-16]) == "PK\x06\x07" {
		var end [56]byte
		if _, err := f.ReadAt(end[:], int64(binary.LittleEndian.Uint64(tail[at-12:])&(1<<62-1))); err == nil {
			size = int64(binary.LittleEndian.Uint64(end[40:]) & (1<<62 - 1))
		}
	}
	return min(size, f.Size)
}

// Tar reads TAR archives, from the front to the back.
func Tar(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	in := f.Reader()
	if f.Size < 0 {
		in = struct{ io.Reader }{in} // what can only be read in order must not be sought in
	}
	t := tar.NewReader(in)
	return walk(ctx, f, o, yield, func() (*member, error) {
		h, err := t.Next()
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return nil, err
		}
		m := &member{name: h.Name, mode: h.FileInfo().Mode(), when: h.ModTime, open: func() (io.ReadCloser, error) { return io.NopCloser(t), nil }}
		if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeGNUSparse {
			m.mode |= fs.ModeIrregular
		}
		return m, nil
	})
}

// IsTar says that a file begins as a TAR archive does.
func IsTar(head []byte) bool {
	return len(head) > 262 && string(head[257:262]) == "ustar"
}

// SevenZip reads 7z archives; those that are encrypted with the passwords that are
// given.
func SevenZip(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = f.SkipAs(format.Damaged, "damaged archive: %v", r)
		}
	}()
	z, err := open7z(f, o.Passwords)
	if err != nil {
		return err
	}
	i := 0
	return walk(ctx, f, o, yield, func() (*member, error) {
		if i == len(z.File) {
			return nil, io.EOF
		}
		m := z.File[i]
		i++
		return &member{name: m.Name, mode: m.Mode(), when: m.Modified, open: func() (io.ReadCloser, error) { return m.Open() }}, nil
	})
}

// open7z opens an archive with the first password that fits.
func open7z(f *format.File, passwords []string) (*sevenzip.Reader, error) {
	var err error
	for _, p := range append([]string{""}, passwords...) {
		var z *sevenzip.Reader
		if z, err = sevenzip.NewReaderWithPassword(f, f.Size, p); err != nil {
			continue
		}
		if len(z.File) == 0 {
			return z, nil
		}
		// Names may be in the clear where contents are not.
		var one [1]byte
		for _, m := range z.File {
			if !m.Mode().IsRegular() || m.UncompressedSize == 0 {
				continue
			}
			var r io.ReadCloser
			if r, err = m.Open(); err == nil {
				_, err = r.Read(one[:])
				r.Close()
			}
			break
		}
		if err == nil || errors.Is(err, io.EOF) {
			return z, nil
		}
	}
	var locked *sevenzip.ReadError
	if errors.As(err, &locked) && locked.Encrypted {
		return nil, f.SkipAs(format.Encrypted, "is encrypted, and none of %d passwords opens it (--password)", len(passwords))
	}
	return nil, damaged(f, err)
}

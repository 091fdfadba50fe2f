package archive

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// windowBytes is the largest window of a zstd file.
const windowBytes = 128 << 20

// A Compression is a way in which one file is compressed.
type Compression struct {
	Name     string // "gzip"
	magic    string
	suffixes map[string]string // of names, and what stands for them
	open     func(io.Reader) (io.ReadCloser, error)
}

var compressions = []*Compression{
	{"gzip", "\x1f\x8b", map[string]string{".gz": "", ".tgz": ".tar", ".svgz": ".svg"}, func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }},
	{"bzip2", "BZh", map[string]string{".bz2": "", ".tbz2": ".tar", ".tbz": ".tar"}, func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(bzip2.NewReader(r)), nil }},
	{"xz", "\xFD7zXZ\x00", map[string]string{".xz": "", ".txz": ".tar"}, func(r io.Reader) (io.ReadCloser, error) {
		z, err := xz.NewReader(r)
		return io.NopCloser(z), err
	}},
	{"zstd", "\x28\xB5\x2F\xFD", map[string]string{".zst": "", ".zstd": "", ".tzst": ".tar"}, func(r io.Reader) (io.ReadCloser, error) {
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(windowBytes))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}},
}

// Compressed is how a file is compressed that begins with head; nil where it is not.
func Compressed(head []byte) *Compression {
	for _, c := range compressions {
		if bytes.HasPrefix(head, []byte(c.magic)) && (c.Name != "bzip2" || len(head) > 9 && string(head[4:10]) == "1AY&SY") {
			return c
		}
	}
	return nil
}

// Inside is the name of what a file of a name holds.
func (c *Compression) Inside(name string) string {
	for suffix, instead := range c.suffixes {
		if cut, ok := strings.CutSuffix(name, suffix); ok {
			return cut + instead
		}
	}
	return name
}

// Open unpacks r.
func (c *Compression) Open(r io.Reader) (z io.ReadCloser, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	z, err = c.open(bufio.NewReaderSize(r, 64<<10))
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{guarded{z}, z}, nil
}

// Damaged says that an error is about what is compressed, not about reading it.
func Damaged(err error) bool {
	var corrupt flate.CorruptInputError
	var structure bzip2.StructuralError
	return errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &corrupt) || errors.As(err, &structure)
}

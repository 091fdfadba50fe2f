package read

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

const (
	bom = "\uFEFF"
	// headBytes is how much of a file decides what it is.
	headBytes = 8 << 10
)

// input is an open file behind its decompression.
type input struct {
	*bufio.Reader
	f       *File
	raw     io.Reader // the file as it is on disk
	closers []io.Closer
	hash    hash.Hash // of raw; nil if the digest is that of the bytes in memory
	head    []byte
	name    string // the file's name without .gz
}

// input opens f for reading its decompressed, decoded bytes.
func (r *Reader) input(f *File) (*input, error) {
	in := &input{f: f, name: f.Path}
	if f.stdin != nil {
		in.name = ""
	}
	if f.data != nil {
		in.raw = bytes.NewReader(f.data)
	} else {
		file, err := f.open()
		if err != nil {
			return nil, err
		}
		in.closers = append(in.closers, file)
		in.hash = sha256.New()
		in.raw = io.TeeReader(file, in.hash)
	}
	in.Reader = bufio.NewReaderSize(in.raw, 64<<10)
	magic, _ := in.Peek(2)
	if zipped := string(magic) == "\x1f\x8b"; zipped {
		z, err := gzip.NewReader(in.Reader)
		if err != nil {
			in.Close()
			return nil, &SkipError{Path: f.Path, Reason: "damaged gzip file: " + err.Error(), Err: err}
		}
		in.closers = append(in.closers, z)
		in.name = strings.TrimSuffix(in.name, ".gz")
		in.Reader = bufio.NewReaderSize(z, 64<<10)
	}
	head, err := in.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		in.Close()
		return nil, in.damaged(err)
	}
	in.head = bytes.Clone(head)
	if order := utf16Order(head); order != 0 {
		endian := unicode.LittleEndian
		if order > 0 {
			endian = unicode.BigEndian
		}
		dec := unicode.UTF16(endian, unicode.ExpectBOM).NewDecoder()
		in.Reader = bufio.NewReaderSize(transform.NewReader(in.Reader, dec), 64<<10)
		head, _ := in.Peek(headBytes)
		in.head = bytes.Clone(head)
	}
	return in, nil
}

// damaged words an error of decompression or of the disk.
func (in *input) damaged(err error) error {
	if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &SkipError{Path: in.f.Path, Reason: "damaged gzip file: " + err.Error(), Err: err}
	}
	return err
}

// utf16Order tells a UTF-16 byte order mark: 1 big-endian, -1 little-endian, 0
// none.
func utf16Order(head []byte) int {
	switch {
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return 1
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}) && !bytes.HasPrefix(head, []byte{0xFF, 0xFE, 0, 0}):
		return -1
	}
	return 0
}

// Close closes what is open, innermost first.
func (in *input) Close() error {
	for i := len(in.closers) - 1; i >= 0; i-- {
		in.closers[i].Close()
	}
	return nil
}

// finish reads what is left of the raw file (nothing, or what follows a gzip
// stream), so that the digest covers every byte.
func (in *input) finish() error {
	if in.hash == nil {
		return nil
	}
	if _, err := io.Copy(io.Discard, in.raw); err != nil {
		return err
	}
	in.f.set(in.hash)
	return nil
}

// text reads the rest as valid UTF-8; decode, if not nil, is asked first about
// a text that is not.
func (in *input) text(limit int64, decode func(string) string) (string, error) {
	tooLarge := &SkipError{Path: in.f.Path, Reason: fmt.Sprintf("larger than the limit of %d bytes (MaxFileBytes)", limit)}
	if in.name == in.f.Path && in.f.Size > limit {
		return "", tooLarge
	}
	var b strings.Builder
	if in.name == in.f.Path && in.f.Size > 0 {
		b.Grow(int(in.f.Size)) // exact for a plain file that does not change
	}
	n, err := io.Copy(&b, io.LimitReader(in.Reader, limit+1))
	if err != nil {
		return "", in.damaged(err)
	}
	if n > limit {
		return "", tooLarge
	}
	s := b.String()
	if i := strings.IndexByte(s, 0); i >= 0 {
		return "", &SkipError{Path: in.f.Path, Reason: fmt.Sprintf("binary file (NUL byte at %d)", i)}
	}
	if decode != nil && !utf8.ValidString(s) {
		if t := decode(s); t != "" {
			s = t
		}
	}
	return validUTF8(s), nil
}

// validUTF8 replaces each byte of s that is not valid UTF-8 by U+FFFD.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/16)
	for _, r := range s { // an invalid byte is one RuneError
		b.WriteRune(r)
	}
	return b.String()
}

package read

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"math"
	"os"
	"strings"
	"sync"

	utf16 "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/tamis-search/tamis/corpus/read/archive"
	"github.com/tamis-search/tamis/corpus/read/charset"
	"github.com/tamis-search/tamis/corpus/read/format"
)

const (
	bom = format.BOM
	// A file may be compressed so many times.
	maxCompressed = 3
	// What is compressed may unpack to maxRatio times its size from so many bytes on.
	inflateFrom = 256 << 20
)

// input is an open file on its way to the reader of its format: the bytes on
// disk, which the digest counts, and behind them those that are read.
type input struct {
	format.File
	stream  *stream // where the bytes come in order only, else nil
	digest  *digest // of the bytes on disk; nil if it is known
	closers []io.Closer
	spend   func(unpacked int64) error // counts what a member unpacks to; nil for none
	clock   *clock                     // of its reader
}

// open opens f and finds out how it is read.
func (r *Reader) open(ctx context.Context, f *File) (in *input, form *row, err error) {
	in = &input{clock: start(ctx, r.o.Time), File: format.File{Path: f.Path, Name: f.Path, Size: f.Size, ModTime: f.ModTime, Claim: r.claim}}
	defer func() {
		if err != nil {
			in.close()
		}
	}()
	switch {
	case f.stdin != nil:
		in.Name = ""
		in.forward(f.stdin)
	case f.kept:
		in.Size, in.ReaderAt = int64(len(f.data)), format.Memory(f.data)
	default:
		file, err := f.open()
		if err != nil {
			return in, nil, err
		}
		in.closers = append(in.closers, file)
		info, err := file.Stat()
		if err != nil {
			return in, nil, err
		}
		in.digest = &digest{r: &watched{ctx, file}, h: sha256.New()}
		in.Size, in.ReaderAt = info.Size(), &watched{in.clock.ctx, in.digest}
		if in.Size == 0 { // or a file whose size the system does not tell
			in.Size = math.MaxInt64
			in.forward(in.Reader())
		}
	}
	in.clock.more(max(in.Size, 0))
	form, err = in.begin(r.o.MaxFileBytes)
	return in, form, err
}

// begin finds out how the file is read, and makes its bytes those that its reader
// gets.
func (in *input) begin(limit int64) (*row, error) {
	if err := in.peek(); err != nil {
		return nil, err
	}
	for range maxCompressed {
		c := archive.Compressed(in.Head)
		if c == nil {
			break
		}
		if err := in.unpack(c); err != nil {
			return nil, err
		}
	}
	order, mark := utf16Order(in.Head), utf16.ExpectBOM
	if order == 0 {
		if order, mark = charset.UTF16(in.Head), utf16.IgnoreBOM; order != 0 {
			in.Charset = map[int]string{1: "utf-16be", -1: "utf-16le"}[order]
		}
	}
	if order != 0 {
		endian := utf16.LittleEndian
		if order > 0 {
			endian = utf16.BigEndian
		}
		in.forward(transform.NewReader(in.Reader(), utf16.UTF16(endian, mark).NewDecoder()))
		if err := in.peek(); err != nil {
			return nil, err
		}
	}
	if in.stream != nil {
		in.ReaderAt = &timed{in.clock, in.stream}
	}
	form, err := sniff(&in.File)
	if err == nil && !form.streamed && (!form.large || in.stream != nil) {
		err = in.settle(limit)
	}
	return form, err
}

// forward makes r, which can only be read in order, the bytes of the file.
func (in *input) forward(r io.Reader) {
	in.stream = &stream{r: bufio.NewReaderSize(r, 64<<10)}
	in.Size, in.ReaderAt = -1, in.stream
}

// unpack makes the bytes of a compressed file those that it holds.
func (in *input) unpack(c *archive.Compression) error {
	packed := in.Size
	z, err := c.Open(in.Reader())
	if err != nil {
		return in.damaged(c, err)
	}
	in.closers = append(in.closers, z)
	in.Name = c.Inside(in.Name)
	in.forward(&inflated{in: in, c: c, z: z, packed: packed})
	return in.peek()
}

// inflated says of which file an error of unpacking is, and ends what unpacks to
// more than a file may.
type inflated struct {
	in     *input
	c      *archive.Compression
	z      io.Reader
	packed int64 // -1 where it is not known
	at     int64
}

func (u *inflated) Read(p []byte) (int, error) {
	n, err := u.z.Read(p)
	u.at += int64(n)
	if err != nil && err != io.EOF {
		return n, u.in.damaged(u.c, err)
	}
	if u.packed > 0 && u.at > inflateFrom && u.at/u.packed > maxRatio {
		return 0, u.in.Skip("unpacks to more than %d times its size", maxRatio)
	}
	if u.in.spend != nil {
		if err := u.in.spend(int64(n)); err != nil {
			return 0, err
		}
	}
	return n, err
}

// damaged words an error of unpacking, or passes that of what is below it.
func (in *input) damaged(c *archive.Compression, err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	var s *SkipError
	if errors.As(err, &s) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || !archive.Damaged(err) && c.Name == "gzip" {
		return err
	}
	return &SkipError{Path: in.Path, Inside: in.Inside, Reason: "damaged " + c.Name + " file: " + err.Error(), Err: err, Status: format.Damaged}
}

// peek fills Head.
func (in *input) peek() error {
	var head []byte
	var err error
	if in.stream != nil {
		head, err = in.stream.r.Peek(format.HeadBytes)
		head = bytes.Clone(head)
	} else {
		var n int
		head = make([]byte, min(in.Size, format.HeadBytes))
		n, err = in.ReadAt(head, 0)
		head = head[:n]
	}
	in.Head = head
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// settle makes the bytes of a file ones that can be read in any order, of which
// there are at most limit.
func (in *input) settle(limit int64) error {
	var b strings.Builder
	if in.stream != nil {
		n, err := io.Copy(&b, io.LimitReader(in.Reader(), limit+1))
		if err != nil {
			return err
		}
		in.Size = n
	}
	if in.Size > limit {
		return tooLarge(&in.File, limit)
	}
	if in.stream != nil {
		in.stream, in.ReaderAt = nil, format.Memory(b.String())
	}
	return nil
}

func tooLarge(f *format.File, limit int64) error {
	return f.Skip("larger than the limit of %d bytes (MaxFileBytes)", limit)
}

// look says why a file cannot be read as far as its first bytes and its size tell,
// in the words of who reads it.
func (f *File) look(in *os.File) error {
	info, err := in.Stat()
	if err != nil {
		return err
	}
	head := make([]byte, format.HeadBytes)
	n, err := in.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return err
	}
	head = head[:n]
	if archive.Compressed(head) != nil || utf16Order(head) != 0 || charset.UTF16(head) != 0 {
		return nil
	}
	as := &format.File{Path: f.Path, Name: f.Path, Size: info.Size(), Head: head}
	form, err := sniff(as)
	if err == nil && !form.streamed && !form.large && f.limit > 0 && as.Size > f.limit {
		err = tooLarge(as, f.limit)
	}
	return err
}

// close closes what is open, innermost first.
func (in *input) close() {
	in.clock.stop()
	for i := len(in.closers) - 1; i >= 0; i-- {
		in.closers[i].Close()
	}
}

// finish reads what nobody has read yet of the file on disk, so that its digest
// covers every byte.
func (in *input) finish(f *File) error {
	if in.digest == nil {
		return nil
	}
	sum, err := in.digest.sum()
	if err == nil {
		f.digest, f.hashed = sum, true
	}
	return err
}

// digest hands on the bytes of a file and sums each of them as it was when it
// was first read. It is safe for concurrent use.
type digest struct {
	r  io.ReaderAt
	mu sync.Mutex
	h  hash.Hash
	at int64 // what was summed
}

func (d *digest) ReadAt(p []byte, off int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if off > d.at {
		if err := d.upTo(off); err != nil {
			return 0, err
		}
	}
	n, err := d.r.ReadAt(p, off)
	if end := off + int64(n); end > d.at {
		d.h.Write(p[d.at-off : n])
		d.at = end
	}
	return n, err
}

// upTo sums the bytes before off.
func (d *digest) upTo(off int64) error {
	n, err := io.Copy(d.h, io.NewSectionReader(d.r, d.at, off-d.at))
	d.at += n
	return err
}

// sum is the digest of all.
func (d *digest) sum() (sum [sha256.Size]byte, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	err = d.upTo(math.MaxInt64)
	d.h.Sum(sum[:0])
	return sum, err
}

// watched ends reading with its context.
type watched struct {
	ctx context.Context
	r   io.ReaderAt
}

func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.r.ReadAt(p, off)
}

// stream is a ReaderAt of bytes that come in order.
type stream struct {
	r  *bufio.Reader
	at int64
}

func (s *stream) ReadAt(p []byte, off int64) (n int, err error) {
	if off != s.at {
		return 0, errors.New("a compressed file and standard input can be read in order only")
	}
	for n < len(p) && err == nil {
		var m int
		m, err = s.r.Read(p[n:])
		n += m
	}
	s.at += int64(n)
	return n, err
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

// open opens the file as it is on disk. A file that is no longer a regular one
// is refused before it could block.
func (f *File) open() (*os.File, error) {
	path := cmp.Or(f.disk, f.Path)
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, &SkipError{Path: f.Path, Reason: "not a regular file"}
	}
	return os.Open(path)
}

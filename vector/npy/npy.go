// Package npy reads and writes NumPy's array files (.npy, versions 1 to 3) row by row, so
// that a stream of vectors need never lie in memory as a whole. What it takes are floats of
// 2, 4 and 8 bytes, little-endian, in C order, in one dimension (a number a row) or two.
// The format: numpy.lib.format, NEP 1.
package npy

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/internal/simd"
)

const (
	magic      = "\x93NUMPY"
	mostHeader = 1 << 16 // bytes: NumPy's own are of about 100
	mostRow    = 1 << 24 // bytes of one row
)

// A Header says what a file holds.
type Header struct {
	Rows  int
	Width int    // numbers a row, 1 in one dimension
	Flat  bool   // one dimension
	DType string // <f2, <f4 or <f8
	start int64  // of the data
}

// Size is the bytes of a number.
func (h Header) Size() int { return int(h.DType[2] - '0') }

// RowBytes is the bytes of a row.
func (h Header) RowBytes() int { return h.Width * h.Size() }

// A Reader reads rows, one after the other.
type Reader struct {
	Header
	Open bool // it may end behind any row, whatever number of rows the header says

	name string
	r    *bufio.Reader
	next int
	raw  []byte
}

// NewReader reads a header; name is what errors call the file.
func NewReader(r io.Reader, name string) (*Reader, error) {
	x := &Reader{name: screen.Name(name), r: bufio.NewReaderSize(r, 1<<18)}
	if err := x.header(); err != nil {
		return nil, fmt.Errorf("%s: %w", x.name, err)
	}
	x.raw = make([]byte, x.RowBytes())
	return x, nil
}

func (x *Reader) header() error {
	var start [8]byte
	if _, err := io.ReadFull(x.r, start[:]); err != nil || string(start[:6]) != magic {
		return errors.New("no .npy file: it does not start as NumPy's arrays do; write one with numpy.save")
	}
	size := 2
	switch v := start[6]; v {
	case 1:
	case 2, 3:
		size = 4
	default:
		return fmt.Errorf("version %d of the .npy format: 1, 2 and 3 can be read", v)
	}
	var length [4]byte
	if _, err := io.ReadFull(x.r, length[:size]); err != nil {
		return errors.New("the file ends in its header: it is cut short")
	}
	n := binary.LittleEndian.Uint32(length[:])
	if n > mostHeader {
		return fmt.Errorf("a header of %d bytes: %d at most are read", n, mostHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(x.r, text); err != nil {
		return errors.New("the file ends in its header: it is cut short")
	}
	x.start = int64(8 + size + int(n))
	return x.parse(string(text))
}

// The header is a literal of a Python dictionary with three keys.
var (
	descr   = regexp.MustCompile(`['"]descr['"]\s*:\s*(['"]([^'"]*)['"]|\[)`)
	fortran = regexp.MustCompile(`['"]fortran_order['"]\s*:\s*(True|False)`)
	shape   = regexp.MustCompile(`['"]shape['"]\s*:\s*\(([0-9L,\s]*)\)`)
)

func (x *Reader) parse(text string) error {
	d, f, s := descr.FindStringSubmatch(text), fortran.FindStringSubmatch(text), shape.FindStringSubmatch(text)
	if d == nil || f == nil || s == nil {
		return errors.New("the header does not say descr, fortran_order and shape as NumPy writes them")
	}
	switch x.DType = d[2]; x.DType {
	case "<f2", "<f4", "<f8":
	case ">f2", ">f4", ">f8":
		return fmt.Errorf("numbers are big-endian (%s): save it as a.astype('<f%c')", x.DType, x.DType[2])
	case "|O", "O":
		return errors.New("it holds Python objects, which are not read: save an array of floats")
	case "":
		return errors.New("it holds records with fields: save one field, an array of floats")
	default:
		return fmt.Errorf("numbers are of type %s: save it as a.astype('<f4')", strconv.Quote(x.DType))
	}
	if f[1] == "True" {
		return errors.New("it is in Fortran order, column by column: save it as numpy.ascontiguousarray(a)")
	}
	var dims []int
	for _, part := range strings.Split(s[1], ",") {
		if part = strings.TrimSuffix(strings.TrimSpace(part), "L"); part == "" {
			continue
		}
		n, err := strconv.ParseInt(part, 10, 48)
		if err != nil {
			return fmt.Errorf("a shape of (%s): too large", s[1])
		}
		dims = append(dims, int(n))
	}
	switch len(dims) {
	case 1:
		x.Rows, x.Width, x.Flat = dims[0], 1, true
	case 2:
		x.Rows, x.Width = dims[0], dims[1]
	default:
		return fmt.Errorf("%d dimensions: one row a frame is one or two; reshape it", len(dims))
	}
	switch {
	case x.Width < 1:
		return errors.New("rows have no numbers")
	case x.Width > mostRow/x.Size():
		return fmt.Errorf("rows of %d numbers: %d bytes a row at most are read", x.Width, mostRow)
	case x.Rows > math.MaxInt64/2/x.RowBytes():
		return fmt.Errorf("%d rows of %d numbers: too large", x.Rows, x.Width)
	}
	return nil
}

// Next reads the next row into dst, which has Width numbers, and returns its bytes, which
// the next call overwrites. At the end it is io.EOF.
func (x *Reader) Next(dst []float32) ([]byte, error) {
	if x.next >= x.Rows {
		return nil, io.EOF
	}
	if _, err := io.ReadFull(x.r, x.raw); err != nil {
		if x.Open && errors.Is(err, io.EOF) {
			x.Rows = x.next
			return nil, io.EOF
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%s: it ends in row %d of %d: it is cut short", x.name, x.next, x.Rows)
		}
		return nil, fmt.Errorf("%s: row %d: %w", x.name, x.next, err)
	}
	x.next++
	for i := range dst {
		dst[i] = float32(x.Number(x.raw, i))
	}
	return x.raw, nil
}

// Number is number i of a row's bytes, in full.
func (h Header) Number(raw []byte, i int) float64 {
	switch h.Size() {
	case 2:
		return float64(simd.FromHalf(binary.LittleEndian.Uint16(raw[2*i:])))
	case 4:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])))
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
}

// A File is an array on disk: its rows in order, and any row.
type File struct {
	*Reader
	f *os.File
}

// Open opens a file and looks whether it is as long as its header says.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	x, err := NewReader(f, path)
	if err == nil {
		var s os.FileInfo
		if s, err = f.Stat(); err == nil {
			switch want := x.start + int64(x.Rows)*int64(x.RowBytes()); {
			case !s.Mode().IsRegular():
				err = fmt.Errorf("%s is no file", x.name)
			case s.Size() < want:
				err = fmt.Errorf("%s: %d bytes, %d rows of %d numbers are %d: it is cut short", x.name, s.Size(), x.Rows, x.Width, want)
			case s.Size() > want:
				err = fmt.Errorf("%s: %d bytes, %d rows of %d numbers are %d: something stands behind the array", x.name, s.Size(), x.Rows, x.Width, want)
			}
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &File{x, f}, nil
}

// Raw reads the bytes of a row.
func (f *File) Raw(row int) ([]byte, error) {
	if row < 0 || row >= f.Rows {
		return nil, fmt.Errorf("%s: there is no row %d: it has %d, from 0 on", f.name, row, f.Rows)
	}
	raw := make([]byte, f.RowBytes())
	if _, err := f.f.ReadAt(raw, f.start+int64(row)*int64(f.RowBytes())); err != nil {
		return nil, fmt.Errorf("%s: row %d: %w", f.name, row, err)
	}
	return raw, nil
}

// Close closes the file.
func (f *File) Close() error { return f.f.Close() }

// ReadAll reads a small array: queries. Rows of a flat one are its numbers.
func ReadAll(path string, mostRows int) (rows [][]float32, h Header, err error) {
	f, err := Open(path)
	if err != nil {
		return nil, Header{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if f.Rows > mostRows {
		return nil, Header{}, fmt.Errorf("%s: %d rows: %d at most", f.name, f.Rows, mostRows)
	}
	for {
		row := make([]float32, f.Width)
		switch _, err := f.Next(row); {
		case err == io.EOF:
			return rows, f.Header, nil
		case err != nil:
			return nil, Header{}, err
		}
		rows = append(rows, row)
	}
}

// Encode is a file of version 1.0 with rows of so many numbers, in 4 bytes each.
func Encode(rows [][]float32, width int) []byte {
	head := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", len(rows), width)
	head += strings.Repeat(" ", 63-(10+len(head))%64) + "\n" // data starts at a multiple of 64
	var b bytes.Buffer
	b.WriteString(magic + "\x01\x00")
	b.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(head))))
	b.WriteString(head)
	for _, row := range rows {
		for _, v := range row[:width] {
			b.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
		}
	}
	return b.Bytes()
}

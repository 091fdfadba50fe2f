package vector

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
)

const csrHeader = 24

// ReadCSR reads a CSR matrix of size bytes. With a nil vocabulary a term is the
// number of its column.
func ReadCSR(name string, r io.ReaderAt, size int64, v *Vocabulary) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		c := csr{name: name, vocabulary: v}
		if err := c.open(r, size); err != nil {
			yield(Document{}, &InputError{File: name, Err: err})
			return
		}
		for row := range c.rows {
			d, bad, err := c.row(r, row)
			if errors.Is(err, ErrTruncated) {
				err = fmt.Errorf("%w: %d bytes where %d were promised; rows from %d on are missing", ErrTruncated, size, c.size, row)
			}
			if err != nil {
				yield(Document{}, &InputError{File: name, Err: err})
				return
			}
			if bad != nil {
				bad = &InputError{File: name, Place: "row " + strconv.FormatInt(row, 10), Err: bad}
			}
			if !yield(d, bad) {
				return
			}
		}
		if c.size != size {
			yield(Document{}, &InputError{File: name, Err: fmt.Errorf("%w: %d bytes where %d were promised", ErrCount, size, c.size)})
		} else if c.at != c.nonzeros {
			yield(Document{}, &InputError{File: name, Err: fmt.Errorf("%w: the last row ends at %d, the header says %d", ErrCount, c.at, c.nonzeros)})
		}
	}
}

// csr reads the three arrays side by side.
type csr struct {
	name                    string
	vocabulary              *Vocabulary
	rows, columns, nonzeros int64
	size                    int64 // that the header promises
	base                    int64 // where indices start
	pointers                *bufio.Reader
	indices, values         sequential
	at                      int64    // where the current row starts in indices and values
	names                   []uint32 // column → term, 0 while unknown
	entries                 []entry
}

// sequential reads 4-byte words at rising places of a file.
type sequential struct {
	*bufio.Reader
	at int64 // the next word
}

func (c *csr) open(r io.ReaderAt, size int64) error {
	var head [csrHeader]byte
	if n, err := r.ReadAt(head[:], 0); n < len(head) {
		return readError(err)
	}
	word := func(i int) int64 { return int64(binary.LittleEndian.Uint64(head[8*i:])) }
	c.rows, c.columns, c.nonzeros = word(0), word(1), word(2)
	if c.rows < 0 || c.columns < 0 || c.nonzeros < 0 || c.columns > math.MaxInt32+1 || c.rows > 1<<58 || c.nonzeros > 1<<58 {
		return fmt.Errorf("%w: no CSR matrix has %d rows, %d columns and %d non-zeros", ErrFormat, c.rows, c.columns, c.nonzeros)
	}
	c.base = csrHeader + 8*(c.rows+1)
	c.size = c.base + 8*c.nonzeros
	if size < c.base {
		return fmt.Errorf("%w: %d bytes do not hold the ends of %d rows", ErrTruncated, size, c.rows)
	}
	c.pointers = bufio.NewReaderSize(io.NewSectionReader(r, csrHeader, 8*(c.rows+1)), 64<<10)
	var err error
	if c.at, err = c.pointer(); err != nil {
		return err
	}
	c.indices, c.values = sequential{at: -1}, sequential{at: -1}
	return nil
}

func readError(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	return err
}

func (c *csr) pointer() (int64, error) {
	var b [8]byte
	if _, err := io.ReadFull(c.pointers, b[:]); err != nil {
		return 0, readError(err)
	}
	return int64(binary.LittleEndian.Uint64(b[:])), nil
}

// next returns the word with a number of the array that starts at base.
func (s *sequential) next(r io.ReaderAt, base, word int64) (uint32, error) {
	if s.at != word {
		s.Reader = bufio.NewReaderSize(io.NewSectionReader(r, base+4*word, math.MaxInt64-base-4*word), 256<<10)
	}
	b, err := s.Peek(4)
	if err != nil {
		s.at = -1
		return 0, readError(err)
	}
	w := binary.LittleEndian.Uint32(b)
	s.Discard(4)
	s.at = word + 1
	return w, nil
}

// row reads a row. bad is what is wrong with it, err why no row can be read any more.
func (c *csr) row(r io.ReaderAt, row int64) (d Document, bad, err error) {
	start := c.at
	end, err := c.pointer()
	if err != nil {
		return d, nil, err
	}
	c.at = end
	if start < 0 || end < start || end > c.nonzeros {
		return d, fmt.Errorf("%w: it goes from %d to %d of %d non-zeros", ErrFormat, start, end, c.nonzeros), nil
	}
	c.entries = c.entries[:0]
	for i := start; i < end; i++ {
		column, err := c.indices.next(r, c.base, i)
		if err != nil {
			return d, nil, err
		}
		bits, err := c.values.next(r, c.base+4*c.nonzeros, i)
		if err != nil {
			return d, nil, err
		}
		w := math.Float32frombits(bits)
		switch {
		case bad != nil:
		case int64(column) >= c.columns:
			bad = fmt.Errorf("%w: column %d of %d", ErrFormat, int32(column), c.columns)
		case !(w > 0) || math.IsInf(float64(w), 0):
			bad = checkWeight(strconv.Itoa(int(column)), float64(w))
		default:
			c.entries = append(c.entries, entry{c.term(column), w})
		}
	}
	if bad == nil {
		d.ID = strconv.FormatInt(row, 10)
		d.Vector, bad = assemble(c.entries, c.termName)
	}
	if bad != nil {
		return Document{}, bad, nil
	}
	return d, nil, nil
}

func (c *csr) term(column uint32) uint32 {
	if c.vocabulary == nil {
		return column
	}
	if n := int(column) + 1 - len(c.names); n > 0 {
		c.names = append(c.names, make([]uint32, n)...)
	}
	// 0 stands for unknown, so the first term of all is looked up each time.
	t := c.names[column]
	if t == 0 {
		t = c.vocabulary.Add(strconv.Itoa(int(column)))
		c.names[column] = t
	}
	return t
}

func (c *csr) termName(term uint32) string {
	if c.vocabulary == nil {
		return strconv.FormatUint(uint64(term), 10)
	}
	return c.vocabulary.Term(term)
}

package vector

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
)

// maxMessage bounds a protocol buffer message, as its authors do.
const maxMessage = math.MaxInt32

// ReadCIFF reads a file in the Common Index File Format.
func ReadCIFF(name string, r io.Reader, v *Vocabulary) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		c := ciff{name: name, in: bufio.NewReaderSize(r, 256<<10), vocabulary: v, rowOf: map[int32]int{}}
		cut := c.read()
		if cut != nil && len(c.records) == 0 {
			yield(Document{}, cut)
			return
		}
		c.count()
		c.fill()
		for row := range c.records {
			if !yield(c.document(row)) {
				return
			}
		}
		c.checkCounts(cut != nil)
		for _, err := range append(c.complaints, cut) {
			if err != nil && !yield(Document{}, err) {
				return
			}
		}
	}
}

type ciff struct {
	name       string
	in         *bufio.Reader
	at         int64 // bytes read
	vocabulary *Vocabulary

	lists, docs int64 // as the header counts them
	terms       []ciffList
	records     []ciffRecord
	rowOf       map[int32]int // docid → record, while it is not the same number
	complaints  []error

	starts  []int // of each record in entries, and the end of the last
	entries []entry
}

// ciffList is a postings list: its message is kept until all documents are known.
type ciffList struct {
	term    uint32
	message []byte
	at      int64 // where it starts in the file
}

type ciffRecord struct {
	docid int32
	id    string
	at    int64
	bad   error // why the document cannot be taken
}

func (c *ciff) fail(at int64, format string, args ...any) error {
	return &InputError{File: c.name, Place: "byte " + strconv.FormatInt(at, 10), Err: fmt.Errorf(format, args...)}
}

// read takes the file apart into messages.
func (c *ciff) read() error {
	message, err := c.message()
	if err != nil {
		return err
	}
	if message == nil {
		return c.fail(0, "%w: the file is empty", ErrTruncated)
	}
	if err := c.header(message); err != nil {
		return err
	}
	for {
		at := c.at
		message, err := c.message()
		if err != nil || message == nil {
			return err
		}
		if isList(message) {
			err = c.list(message, at)
		} else {
			err = c.record(message, at)
		}
		if err != nil { // framing holds, so that the next message can be read
			c.complaints = append(c.complaints, err)
		}
	}
}

// message returns the next message, nil at the end of the file.
func (c *ciff) message() ([]byte, error) {
	at := c.at
	n, err := binary.ReadUvarint(c.in)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, c.fail(at, "%w", readError(err))
	}
	if n > maxMessage {
		return nil, c.fail(at, "%w: a message of %d bytes", ErrFormat, n)
	}
	c.at += int64(uvarintLen(n))
	var b bytes.Buffer // grows with what is there: the length may lie
	if n < 64<<10 {
		b.Grow(int(n))
	}
	got, err := io.CopyN(&b, c.in, int64(n))
	c.at += got
	if err != nil {
		return nil, c.fail(at, "%w: %d of the %d bytes of a message are there", readError(err), got, n)
	}
	if b.Bytes() == nil {
		return []byte{}, nil
	}
	return b.Bytes(), nil
}

func uvarintLen(n uint64) (size int) {
	for size = 1; n >= 0x80; size++ {
		n >>= 7
	}
	return size
}

// field is one field of a message: a number, or bytes.
type field struct {
	number int
	length bool // bytes, else a number
	n      uint64
	b      []byte
}

var errField = fmt.Errorf("%w message", ErrFormat)

// nextField cuts the first field off a message.
func nextField(m []byte) (f field, rest []byte, err error) {
	key, n := binary.Uvarint(m)
	if n <= 0 || key>>3 == 0 || key>>3 > math.MaxInt32 {
		return f, nil, errField
	}
	m = m[n:]
	f.number = int(key >> 3)
	switch key & 7 {
	case 0:
		if f.n, n = binary.Uvarint(m); n <= 0 {
			return f, nil, errField
		}
		return f, m[n:], nil
	case 1, 5:
		size := 8
		if key&7 == 5 {
			size = 4
		}
		if len(m) < size {
			return f, nil, errField
		}
		return f, m[size:], nil
	case 2:
		size, n := binary.Uvarint(m)
		if n <= 0 || size > uint64(len(m)-n) {
			return f, nil, errField
		}
		f.length, f.b = true, m[n:n+int(size)]
		return f, m[n+int(size):], nil
	}
	return f, nil, errField
}

// isList tells a postings list from a document record: field 1 is text only there,
// field 2 text only here.
func isList(m []byte) bool {
	for len(m) > 0 {
		f, rest, err := nextField(m)
		if err != nil {
			return false
		}
		switch f.number {
		case 1:
			return f.length
		case 2:
			return !f.length
		case 4:
			return true
		}
		m = rest
	}
	return false
}

func (c *ciff) header(m []byte) error {
	version := uint64(0)
	for len(m) > 0 {
		f, rest, err := nextField(m)
		if err != nil {
			return c.fail(0, "%w: this is no CIFF header", ErrFormat)
		}
		m = rest
		if f.length {
			continue
		}
		switch f.number {
		case 1:
			version = f.n
		case 2:
			c.lists = int64(int32(f.n))
		case 3:
			c.docs = int64(int32(f.n))
		}
	}
	if version != 1 {
		return c.fail(0, "%w: CIFF of version %d, where 1 can be read", ErrFormat, version)
	}
	return nil
}

func (c *ciff) list(m []byte, at int64) error {
	l := ciffList{message: m, at: at}
	var term []byte
	for rest := m; len(rest) > 0; {
		f, r, err := nextField(rest)
		if err != nil {
			return c.fail(at, "%w in a postings list", err)
		}
		if rest = r; f.number == 1 && f.length {
			term = f.b
			break
		}
	}
	l.term = c.vocabulary.addBytes(term)
	c.terms = append(c.terms, l)
	return nil
}

func (c *ciff) record(m []byte, at int64) error {
	r := ciffRecord{at: at}
	for len(m) > 0 {
		f, rest, err := nextField(m)
		if err != nil {
			return c.fail(at, "%w in a document record", err)
		}
		m = rest
		switch {
		case f.number == 1 && !f.length:
			r.docid = int32(f.n)
		case f.number == 2 && f.length:
			r.id = string(f.b)
		}
	}
	row := len(c.records)
	if _, ok := c.row(r.docid); ok {
		return c.fail(at, "%w: docid %d has a record already", ErrFormat, r.docid)
	}
	if r.id == "" {
		r.bad = fmt.Errorf("%w: docid %d has no name", ErrFormat, r.docid)
	}
	if int(r.docid) != row {
		c.rowOf[r.docid] = row
	}
	c.records = append(c.records, r)
	return nil
}

// row finds the record of a docid.
func (c *ciff) row(docid int32) (int, bool) {
	if row, ok := c.rowOf[docid]; ok {
		return row, true
	}
	if docid >= 0 && int(docid) < len(c.records) && c.records[docid].docid == docid {
		return int(docid), true
	}
	return 0, false
}

// postings calls f with the record and the weight of each posting of a list.
func (c *ciff) postings(l ciffList, f func(row int, tf int32)) (n, lost, df, cf, sum int64, err error) {
	docid := int32(0)
	for m := l.message; len(m) > 0; {
		var fd field
		if fd, m, err = nextField(m); err != nil {
			return
		}
		switch {
		case fd.number == 2 && !fd.length:
			df = int64(fd.n)
		case fd.number == 3 && !fd.length:
			cf = int64(fd.n)
		case fd.number == 4 && fd.length:
			delta, tf := int32(0), int32(0)
			for p := fd.b; len(p) > 0; {
				var pf field
				if pf, p, err = nextField(p); err != nil {
					return
				}
				switch pf.number {
				case 1:
					delta = int32(pf.n)
				case 2:
					tf = int32(pf.n)
				}
			}
			docid += delta
			n++
			sum += int64(tf)
			if row, ok := c.row(docid); ok {
				f(row, tf)
			} else {
				lost++
			}
		}
	}
	return
}

// count finds where each document's entries go, and complains about the lists.
func (c *ciff) count() {
	c.starts = make([]int, len(c.records)+1)
	var wrongDF, wrongCF, lostIn, lostSum int64
	var exampleDF, exampleCF, exampleLost string
	whole := c.terms[:0]
	for _, l := range c.terms {
		term := c.vocabulary.Term(l.term)
		rows := 0
		n, lost, df, cf, sum, err := c.postings(l, func(row int, tf int32) { c.starts[row+1]++; rows++ })
		if err != nil {
			// What was counted of a damaged list is taken back with it.
			c.postings(l, func(row int, tf int32) { c.starts[row+1]--; c.lose(row, term) })
			c.complaints = append(c.complaints, c.fail(l.at, "%w: list of term %q; its documents are left out as far as they can be read", ErrFormat, term))
			continue
		}
		whole = append(whole, l)
		if df != 0 && df != n {
			if wrongDF++; wrongDF == 1 {
				exampleDF = fmt.Sprintf("%q says %d and has %d", term, df, n)
			}
		}
		if cf != 0 && cf != sum {
			if wrongCF++; wrongCF == 1 {
				exampleCF = fmt.Sprintf("%q says %d and has %d", term, cf, sum)
			}
		}
		if lost > 0 {
			if lostIn++; lostIn == 1 {
				exampleLost = fmt.Sprintf("%q", term)
			}
			lostSum += lost
		}
	}
	c.terms = whole
	complain := func(count int64, format string, args ...any) {
		if count > 0 {
			c.complaints = append(c.complaints, &InputError{File: c.name, Err: fmt.Errorf(format, args...)})
		}
	}
	complain(wrongDF, "%w: df of %d lists, the first: term %s; the postings count", ErrCount, wrongDF, exampleDF)
	complain(wrongCF, "%w: cf of %d lists, the first: term %s; the postings count", ErrCount, wrongCF, exampleCF)
	complain(lostSum, "%w: %d postings of %d lists, the first of term %s, are of documents without a record", ErrFormat, lostSum, lostIn, exampleLost)
	for i := range c.records {
		c.starts[i+1] += c.starts[i]
	}
}

// lose marks a document that misses a term.
func (c *ciff) lose(row int, term string) {
	if r := &c.records[row]; r.bad == nil {
		r.bad = fmt.Errorf("%w: document %q: its weight of term %q is in a damaged list", ErrFormat, r.id, term)
	}
}

// fill turns the lists into documents.
func (c *ciff) fill() {
	c.entries = make([]entry, c.starts[len(c.records)])
	next := append([]int(nil), c.starts...)
	for i, l := range c.terms {
		c.postings(l, func(row int, tf int32) {
			if tf <= 0 {
				if r := &c.records[row]; r.bad == nil {
					r.bad = fmt.Errorf("document %q: %w", r.id, checkWeight(c.vocabulary.Term(l.term), float64(tf)))
				}
			}
			c.entries[next[row]] = entry{l.term, float32(tf)}
			next[row]++
		})
		c.terms[i].message = nil
	}
}

func (c *ciff) document(row int) (Document, error) {
	r := &c.records[row]
	err := r.bad
	d := Document{ID: r.id}
	if err == nil {
		if d.Vector, err = assemble(c.entries[c.starts[row]:c.starts[row+1]], c.vocabulary.Term); err != nil {
			err = fmt.Errorf("document %q: %w", r.id, err)
		}
	}
	if err != nil {
		return Document{}, &InputError{File: c.name, Place: "byte " + strconv.FormatInt(r.at, 10), Err: err}
	}
	return d, nil
}

// checkCounts compares the header with what is there.
func (c *ciff) checkCounts(cut bool) {
	if c.lists != 0 && c.lists != int64(len(c.terms)) {
		c.complaints = append(c.complaints, c.fail(0, "%w: the header says %d postings lists, %d can be read", ErrCount, c.lists, len(c.terms)))
	}
	if c.docs != 0 && c.docs != int64(len(c.records)) && !cut {
		c.complaints = append(c.complaints, c.fail(0, "%w: the header says %d documents, %d are there", ErrCount, c.docs, len(c.records)))
	}
}

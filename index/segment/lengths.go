package segment

import (
	"errors"
	"fmt"

	"github.com/tamis-search/tamis/index"
)

// The section lengths says what the one-byte codes of the inverted indexes do
// not: how long a document is, and all its passages together. It is what
// the statistics lose with a deleted document.

// lengthsWriter collects what the codes of lengths are off by.
type lengthsWriter struct {
	conf                index.Config
	documents, passages []uint64 // zigzag
	rest                uint64   // of the passages of the document that is next
}

// passage adds the exact weighted length of a passage, before its document.
func (w *lengthsWriter) passage(length uint64) { w.rest += length - w.conf.StoredLength(length) }

func (w *lengthsWriter) document(length uint64) {
	w.documents = append(w.documents, zigzag(length-w.conf.StoredLength(length)))
	w.passages = append(w.passages, zigzag(w.rest))
	w.rest = 0
}

func (w *lengthsWriter) bytes() []byte {
	out := []byte{byte(width(w.documents)), byte(width(w.passages))}
	for i, list := range [][]uint64{w.documents, w.passages} {
		for _, n := range list {
			for range out[i] {
				out = append(out, byte(n))
				n >>= 8
			}
		}
	}
	return out
}

// width is how many bytes the greatest of numbers takes.
func width(numbers []uint64) (n int) {
	all := uint64(0)
	for _, x := range numbers {
		all |= x
	}
	for ; all > 0; all >>= 8 {
		n++
	}
	return n
}

// zigzag maps a difference, modulo 2⁶⁴, to a small number where it is near 0.
func zigzag(d uint64) uint64 { return d<<1 ^ uint64(int64(d)>>63) }

func unzigzag(z uint64) uint64 { return z>>1 ^ -(z & 1) }

// roundLengths are the lengths of a document and of its passages as the codes
// have them.
func (s *Segment) roundLengths(doc uint32) (document, passages uint64) {
	document = uint64(s.documents.Lengths()[s.documents.Codes()[doc]])
	first, end := s.PassageRows(doc)
	table, codes := s.passages.Lengths(), s.passages.Codes()
	for row := first; row < end; row++ {
		passages += uint64(table[codes[row]])
	}
	return document, passages
}

func (s *Segment) checkLengths() error {
	b := s.lengths
	if b == nil {
		return nil // version 3
	}
	if len(b) < 2 || b[0] > 8 || b[1] > 8 || len(b) != 2+s.numDocs*(int(b[0])+int(b[1])) {
		return errors.New("table of lengths has the wrong size")
	}
	return nil
}

// Lengths are the exact weighted lengths of document rows, which ascend, and of
// their passages, summed up. Where the segment has no table of them (version 3
// and before) it reads all postings.
func (s *Segment) Lengths(docs []uint32) (documents, passages uint64) {
	if s.lengths == nil {
		var rows []uint32
		for _, doc := range docs {
			first, end := s.PassageRows(doc)
			for row := first; row < end; row++ {
				rows = append(rows, row)
			}
		}
		return s.documents.LengthIn(docs), s.passages.LengthIn(rows)
	}
	for _, doc := range docs {
		d, p := s.roundLengths(doc)
		documents += d + unzigzag(s.length(0, doc))
		passages += p + unzigzag(s.length(1, doc))
	}
	return documents, passages
}

// length is the stored number of a unit of a document row.
func (s *Segment) length(unit int, doc uint32) (n uint64) {
	size := int(s.lengths[unit])
	at := 2 + int(doc)*size
	if unit == 1 {
		at += s.numDocs * int(s.lengths[0])
	}
	for i := size - 1; i >= 0; i-- {
		n = n<<8 | uint64(s.lengths[at+i])
	}
	return n
}

// CheckLengths compares the table of lengths with the postings.
func (s *Segment) CheckLengths() error {
	docs, passages := s.Lengths(all(s.numDocs))
	if docs != s.documents.TotalLength() || passages != s.passages.TotalLength() {
		return fmt.Errorf("%w: documents have length %d and passages %d, by the table %d and %d", ErrCorrupt, s.documents.TotalLength(), s.passages.TotalLength(), docs, passages)
	}
	return nil
}

func all(n int) []uint32 {
	rows := make([]uint32, n)
	for i := range rows {
		rows[i] = uint32(i)
	}
	return rows
}

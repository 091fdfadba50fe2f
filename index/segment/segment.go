// Package segment is the immutable file that a store derives from a run of
// documents: an inverted index over the documents, one over their passages,
// their vectors, and the tables that lead from a row back to bytes
// of a stored source.
//
// # Wire format, version 4
//
// All integers are little endian. A segment is
//
//	header    8 bytes magic "TAMISSEG", u32 version, u32 number of sections
//	directory one entry a section: u32 id, u32 CRC-32C of the section,
//	          u64 offset from the start of the file, u64 length
//	u32       CRC-32C of header and directory
//	sections  in directory order, each at a multiple of 64
//
// Sections, each once; 9 only where a document or a passage has a vector:
//
//	1 documents  inverted index over document rows (package index)
//	2 passages   inverted index over passage rows (package index)
//	3 doctable   a document row: u64 ordinal in the store, u32 first passage row,
//	             u32 source length in bytes; rows ascend by ordinal. One more
//	             entry closes the table: its first passage row is their number.
//	4 passtable  a passage row: u32 document row, u32 start, u32 heading path,
//	             u32 offset of its sentences in section 5. A passage ends where
//	             the next of its document starts, the last at the source length.
//	             One more entry closes the table.
//	5 sentences  a passage: uvarint n, then n times: uvarint bytes since the end
//	             of the sentence before (since the passage's start for the
//	             first), uvarint length << 3 | kind
//	6 headings   u32 n, n+1 times u32 offset from the end of the offsets, then
//	             the paths: uvarint count, then count times uvarint length and
//	             text. Path 0 is empty.
//	7 titles     sorted by (hash, row): u64 hash of the analysed title, u32 row,
//	             u32 zero; documents without a title are not listed
//	8 columns    the metadata of document rows (package index/columns)
//	9 vectors    u32 number of fields, then for each, ascending by name: u32
//	             length of its name, u32 number of its rows, u64 length of its
//	             vectors, u8 their kind (0 sparse, 1 dense, 2 multi), u8 what they
//	             stand for (0 documents, 1 passages), 6 zero bytes; the names; then
//	             for each field, from a multiple of 64 on in the section: for each
//	             of its rows the document or passage row, u32, ascending; from the
//	             next multiple of 64 on its vectors (sparse: package index/impact)
//	10 lengths   what the one-byte codes of lengths are off by: u8 bytes of a
//	             number of documents, u8 bytes of one of passages; then for each
//	             document row its exact weighted length less what its code stands
//	             for, then for each the same summed up over its passages. Numbers
//	             are zigzag.
//
// # Versions
//
//	1  2026-11  first, without section 8. Derive it anew: ErrOlder.
//	2  2026-11  columns, sections at multiples of 8.
//	3  2026-11  vectors, all of them sparse and of documents: an entry of a field
//	            ends after the length.
//	4  2026-11  kind and unit of each field of vectors; section 10. Readers: 4;
//	            they read 2 and 3. Writers: 4.
package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"sort"
	"sync"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/index/columns"
)

// Version is the format version that this package writes; MinVersion is the
// oldest that it reads.
const (
	Version    = 4
	MinVersion = 2
)

var (
	// ErrCorrupt says that bytes are not a whole segment: derive it anew.
	ErrCorrupt = errors.New("segment is damaged")
	// ErrOlder says that the segment has a format that is no longer read: derive
	// it anew.
	ErrOlder = errors.New("segment has an older format")
	// ErrNewer says that a later version of tamis wrote the segment, or vectors in
	// it.
	ErrNewer = errors.New("segment has a newer format")
)

const (
	magic       = "TAMISSEG"
	secDocs     = 1
	secPassages = 2
	secDocTable = 3
	secPassTab  = 4
	secSents    = 5
	secHeadings = 6
	secTitles   = 7
	secColumns  = 8
	secVectors  = 9
	secLengths  = 10
	minSections = 8
	maxSections = 10

	headerLen   = 16
	dirEntryLen = 24
	docEntry    = 16
	passEntry   = 16
	titleEntry  = 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A Segment reads a segment file. It keeps the bytes it was opened on and
// never writes them; all methods are safe for concurrent use.
type Segment struct {
	documents, passages *index.Inverted
	docTable            []byte
	passTable           []byte
	sentences           []byte
	headings            []byte
	titles              []byte
	lengths             []byte // nil before version 4
	columns             *columns.Columns
	vectors             []*Vectors
	numDocs, numPass    int
	size                int
	version             uint32
}

// Open checks and opens a segment: every checksum, and every offset but those of
// sentences, which are checked where they are read. Its parts are checked side by
// side.
func Open(data []byte) (*Segment, error) {
	secs, err := sections(data)
	if err != nil {
		return nil, err
	}
	s := &Segment{
		version:  binary.LittleEndian.Uint32(data[8:]),
		docTable: secs[secDocTable].data, passTable: secs[secPassTab].data, sentences: secs[secSents].data,
		headings: secs[secHeadings].data, titles: secs[secTitles].data, lengths: secs[secLengths].data, size: len(data),
	}
	var errs [3]error
	var wg sync.WaitGroup
	wg.Go(func() { s.documents, errs[0] = openInverted("documents", secs[secDocs].data) })
	wg.Go(func() { s.passages, errs[1] = openInverted("passages", secs[secPassages].data) })
	s.numDocs, s.numPass = len(s.docTable)/docEntry-1, len(s.passTable)/passEntry-1
	errs[2] = s.openTables(secs)
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	if s.documents.Rows() != s.numDocs || s.passages.Rows() != s.numPass {
		return nil, fmt.Errorf("%w: document or passage table has the wrong size", ErrCorrupt)
	}
	return s, nil
}

func openInverted(name string, data []byte) (*index.Inverted, error) {
	v, err := index.OpenInverted(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrCorrupt, name, err)
	}
	return v, nil
}

// openTables checks and opens everything beside the inverted indexes, which
// check themselves, byte for byte.
func (s *Segment) openTables(secs map[uint32]section) error {
	for id, sec := range secs {
		if id != secDocs && id != secPassages && crc32.Checksum(sec.data, castagnoli) != sec.sum {
			return fmt.Errorf("%w: checksum of section %d", ErrCorrupt, id)
		}
	}
	var err error
	if s.columns, err = columns.Open(secs[secColumns].data); err != nil {
		return fmt.Errorf("%w: columns: %w", ErrCorrupt, err)
	}
	if err := s.validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err := s.openVectors(secs[secVectors].data); errors.Is(err, ErrNewer) {
		return err
	} else if err != nil {
		return fmt.Errorf("%w: vectors: %w", ErrCorrupt, err)
	}
	return nil
}

// section is one section's bytes and their checksum, not yet compared.
type section struct {
	data []byte
	sum  uint32
}

func sections(data []byte) (map[uint32]section, error) {
	if len(data) < headerLen || string(data[:8]) != magic {
		return nil, fmt.Errorf("%w: no segment header", ErrCorrupt)
	}
	switch v := binary.LittleEndian.Uint32(data[8:]); {
	case v > Version:
		return nil, fmt.Errorf("%w: version %d, this program reads %d to %d", ErrNewer, v, MinVersion, Version)
	case v < MinVersion:
		return nil, fmt.Errorf("%w: version %d, this program reads %d to %d", ErrOlder, v, MinVersion, Version)
	}
	n := binary.LittleEndian.Uint32(data[12:])
	end := headerLen + int(n)*dirEntryLen
	if n < minSections || n > maxSections || len(data) < end+4 {
		return nil, fmt.Errorf("%w: directory cut short", ErrCorrupt)
	}
	if crc32.Checksum(data[:end], castagnoli) != binary.LittleEndian.Uint32(data[end:]) {
		return nil, fmt.Errorf("%w: checksum of the directory", ErrCorrupt)
	}
	secs := make(map[uint32]section, n)
	for i := 0; i < int(n); i++ {
		e := data[headerLen+i*dirEntryLen:]
		id, sum := binary.LittleEndian.Uint32(e), binary.LittleEndian.Uint32(e[4:])
		off, length := binary.LittleEndian.Uint64(e[8:]), binary.LittleEndian.Uint64(e[16:])
		if off > uint64(len(data)) || length > uint64(len(data))-off {
			return nil, fmt.Errorf("%w: section %d lies outside the file", ErrCorrupt, id)
		}
		secs[id] = section{data[off : off+length : off+length], sum}
	}
	return secs, nil
}

func (s *Segment) validate() error {
	if s.columns.Rows() != s.numDocs {
		return errors.New("columns have the wrong size")
	}
	if s.numDocs < 0 || len(s.docTable) != (s.numDocs+1)*docEntry {
		return errors.New("document table has the wrong size")
	}
	if s.numPass < 0 || len(s.passTable) != (s.numPass+1)*passEntry {
		return errors.New("passage table has the wrong size")
	}
	if len(s.titles)%titleEntry != 0 {
		return errors.New("title table has the wrong size")
	}
	next := uint32(0)
	for r := 0; r <= s.numDocs; r++ {
		first := s.firstPassage(uint32(r))
		if first < next || int(first) > s.numPass || (r == 0 && first != 0) {
			return errors.New("document table is out of order")
		}
		next = first
	}
	if int(next) != s.numPass {
		return errors.New("document table does not cover the passages")
	}
	paths, err := s.numPaths()
	if err != nil {
		return err
	}
	for r := 0; r < s.numDocs; r++ {
		pos := uint32(0)
		last := s.firstPassage(uint32(r) + 1)
		for p := s.firstPassage(uint32(r)); p < last; p++ {
			e := s.passTable[p*passEntry:]
			start, off := binary.LittleEndian.Uint32(e[4:]), binary.LittleEndian.Uint32(e[12:])
			if binary.LittleEndian.Uint32(e) != uint32(r) || start < pos || start > s.sourceLen(uint32(r)) {
				return errors.New("passage table is out of order")
			}
			if int(binary.LittleEndian.Uint32(e[8:])) >= paths {
				return errors.New("passage table names an unknown heading path")
			}
			if int(off) > len(s.sentences) {
				return errors.New("passage table names sentences that are not there")
			}
			pos = start
		}
	}
	if err := s.checkLengths(); err != nil {
		return err
	}
	for i := 0; i < len(s.titles); i += titleEntry {
		if int(binary.LittleEndian.Uint32(s.titles[i+8:])) >= s.numDocs {
			return errors.New("title table names an unknown document")
		}
	}
	return nil
}

func (s *Segment) numPaths() (int, error) {
	bad := errors.New("heading table is damaged")
	if len(s.headings) < 4 {
		return 0, bad
	}
	n := int(binary.LittleEndian.Uint32(s.headings))
	base := 4 + 4*(n+1)
	if n < 1 || base > len(s.headings) {
		return 0, bad
	}
	for i := 0; i < n; i++ {
		lo, hi := binary.LittleEndian.Uint32(s.headings[4+4*i:]), binary.LittleEndian.Uint32(s.headings[8+4*i:])
		if lo > hi || base+int(hi) > len(s.headings) {
			return 0, bad
		}
		if _, ok := decodePath(s.headings[base+int(lo) : base+int(hi)]); !ok {
			return 0, bad
		}
	}
	return n, nil
}

// Documents is the inverted index over document rows.
func (s *Segment) Documents() *index.Inverted { return s.documents }

// Passages is the inverted index over passage rows.
func (s *Segment) Passages() *index.Inverted { return s.passages }

// Columns is the metadata of the document rows.
func (s *Segment) Columns() *columns.Columns { return s.columns }

// Size is the length of the file in bytes.
func (s *Segment) Size() int { return s.size }

// Ordinal is the store's number of the document in a row.
func (s *Segment) Ordinal(doc uint32) uint64 {
	return binary.LittleEndian.Uint64(s.docTable[int(doc)*docEntry:])
}

// Row finds the row of the document with the given ordinal.
func (s *Segment) Row(ordinal uint64) (uint32, bool) {
	i := sort.Search(s.numDocs, func(i int) bool { return s.Ordinal(uint32(i)) >= ordinal })
	if i < s.numDocs && s.Ordinal(uint32(i)) == ordinal {
		return uint32(i), true
	}
	return 0, false
}

func (s *Segment) firstPassage(doc uint32) uint32 {
	return binary.LittleEndian.Uint32(s.docTable[int(doc)*docEntry+8:])
}

func (s *Segment) sourceLen(doc uint32) uint32 {
	return binary.LittleEndian.Uint32(s.docTable[int(doc)*docEntry+12:])
}

// SourceLen is the length in bytes of the source of a document row.
func (s *Segment) SourceLen(doc uint32) int { return int(s.sourceLen(doc)) }

// PassageRows is the half-open range of passage rows of a document row.
func (s *Segment) PassageRows(doc uint32) (first, end uint32) {
	return s.firstPassage(doc), s.firstPassage(doc + 1)
}

// DocumentOf is the document row that a passage row belongs to.
func (s *Segment) DocumentOf(passage uint32) uint32 {
	return binary.LittleEndian.Uint32(s.passTable[int(passage)*passEntry:])
}

func (s *Segment) passageEnd(passage, doc uint32) uint32 {
	if passage+1 < s.firstPassage(doc+1) {
		return binary.LittleEndian.Uint32(s.passTable[int(passage+1)*passEntry+4:])
	}
	return s.sourceLen(doc)
}

// Range is the byte range of a passage row in its document's source.
func (s *Segment) Range(passage uint32) (start, end int) {
	start = int(binary.LittleEndian.Uint32(s.passTable[int(passage)*passEntry+4:]))
	return start, int(s.passageEnd(passage, s.DocumentOf(passage)))
}

// Passage is a passage row with its headings and sentences.
func (s *Segment) Passage(row uint32) corpus.Passage {
	e := s.passTable[int(row)*passEntry:]
	var p corpus.Passage
	p.Start, p.End = s.Range(row)
	p.Headings = s.path(binary.LittleEndian.Uint32(e[8:]))
	p.Sentences, _ = s.sentencesOf(binary.LittleEndian.Uint32(e[12:]), p.Start, p.End)
	return p
}

// sentencesOf reads the sentences of a passage at off of their section. It returns
// false with those before the first that is damaged: the section's checksum was
// right, so what wrote it was wrong.
func (s *Segment) sentencesOf(off uint32, start, end int) (list []corpus.Sentence, ok bool) {
	b := s.sentences[off:]
	n, k := binary.Uvarint(b)
	if k <= 0 {
		return nil, false
	}
	b = b[k:]
	list = make([]corpus.Sentence, 0, min(n, uint64(len(b)/2)))
	pos := uint64(start)
	for ; n > 0; n-- {
		gap, k := binary.Uvarint(b)
		if k <= 0 {
			return list, false
		}
		l, m := binary.Uvarint(b[k:])
		if m <= 0 || gap > math.MaxUint32 || pos+gap+l>>3 > uint64(end) {
			return list, false
		}
		b = b[k+m:]
		pos += gap
		list = append(list, corpus.Sentence{Start: int(pos), End: int(pos + l>>3), Kind: corpus.BlockKind(l & 7)})
		pos += l >> 3
	}
	return list, true
}

// CheckSentences reads all sentences, which Open does not.
func (s *Segment) CheckSentences() error {
	for row := range uint32(s.numPass) {
		start, end := s.Range(row)
		if _, ok := s.sentencesOf(binary.LittleEndian.Uint32(s.passTable[int(row)*passEntry+12:]), start, end); !ok {
			return fmt.Errorf("%w: sentences of passage %d", ErrCorrupt, row)
		}
	}
	return nil
}

func (s *Segment) path(i uint32) []string {
	if i == 0 {
		return nil
	}
	n := int(binary.LittleEndian.Uint32(s.headings))
	base := 4 + 4*(n+1)
	lo, hi := binary.LittleEndian.Uint32(s.headings[4+4*i:]), binary.LittleEndian.Uint32(s.headings[8+4*i:])
	path, _ := decodePath(s.headings[base+int(lo) : base+int(hi)])
	return path
}

// FindTitle lists the document rows whose analysed title has the given hash
// (TitleHash), in row order.
func (s *Segment) FindTitle(hash uint64) []uint32 {
	n := len(s.titles) / titleEntry
	i := sort.Search(n, func(i int) bool { return binary.LittleEndian.Uint64(s.titles[i*titleEntry:]) >= hash })
	var rows []uint32
	for ; i < n && binary.LittleEndian.Uint64(s.titles[i*titleEntry:]) == hash; i++ {
		rows = append(rows, binary.LittleEndian.Uint32(s.titles[i*titleEntry+8:]))
	}
	return rows
}

func decodePath(b []byte) ([]string, bool) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)) {
		return nil, false
	}
	b = b[k:]
	path := make([]string, 0, n)
	for ; n > 0; n-- {
		l, k := binary.Uvarint(b)
		if k <= 0 || l > uint64(len(b)-k) {
			return nil, false
		}
		path = append(path, string(b[k:k+int(l)]))
		b = b[k+int(l):]
	}
	return path, len(b) == 0
}

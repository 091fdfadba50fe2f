package segment

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/index/columns"
	"github.com/tamis-search/tamis/vector"
)

// ErrTooLarge says that a document does not fit the format: sources are
// limited to 4 GiB.
var ErrTooLarge = errors.New("source is larger than 4 GiB")

// A Builder collects documents and writes them as a segment. It is not safe
// for concurrent use.
type Builder struct {
	documents, passages *index.Builder
	columns             *columns.Builder
	vectors             map[string]*FieldVectors
	passage             index.Numbered // scratch: of the passage being added
	lengths             lengthsWriter
	tables
}

// tables are the sections beside the inverted indexes.
type tables struct {
	docTable, passTable, sentences []byte
	numDocs, numPass               int
	headings                       [][]byte
	headingID                      map[string]uint32
	titles                         []titleRow
}

type titleRow struct {
	hash uint64
	row  uint32
}

// NewBuilder returns an empty builder whose inverted indexes follow c.
func NewBuilder(c index.Config) *Builder {
	passages := index.NewBuilder(c)
	return &Builder{documents: passages.Sibling(), passages: passages, columns: columns.NewBuilder(), vectors: map[string]*FieldVectors{}, lengths: lengthsWriter{conf: c}, tables: newTables()}
}

func newTables() tables {
	return tables{headings: [][]byte{{0}}, headingID: map[string]uint32{"": 0}}
}

// TitleHash is the key of an analysed title in the title table: a hash of its
// terms in order. Zero terms have no key.
func TitleHash(terms []string) uint64 { return xxhash.Sum64String(strings.Join(terms, "\x00")) }

// Documents is the number of documents added so far.
func (b *Builder) Documents() int { return b.numDocs }

// BeginDocument starts the document with the given ordinal, which must ascend
// from call to call. title is the analysed title, meta the metadata that
// filters see, size the source's length.
func (b *Builder) BeginDocument(ordinal uint64, title []string, meta filter.Fields, size int) error {
	if uint64(size) > math.MaxUint32 {
		return ErrTooLarge
	}
	b.beginDocument(ordinal, uint32(size))
	b.columns.Add(meta)
	if len(title) > 0 {
		b.titles = append(b.titles, titleRow{TitleHash(title), uint32(b.numDocs - 1)})
	}
	return nil
}

// AddPassage adds the next passage of the document begun last.
func (b *Builder) AddPassage(p corpus.Passage, f index.Fields) {
	n := &b.passage
	n.Title, n.Headings, n.Body = b.passages.Number(n.Title[:0], f.Title), b.passages.Number(n.Headings[:0], f.Headings), b.passages.Number(n.Body[:0], f.Body)
	before := b.passages.TotalLength()
	b.passages.AddNumbered(*n)
	b.documents.Ahead(n.Body)
	b.lengths.passage(b.passages.TotalLength() - before)
	b.addPassage(uint32(b.numDocs-1), p.Start, b.pathID(encodePath(p.Headings)))
	b.sentences = appendSentences(b.sentences, p)
}

// EndDocument closes the document with its terms at the unit document. A nil
// body stands for those of the passages, one after another.
func (b *Builder) EndDocument(f index.Fields) {
	n := index.Numbered{Title: b.documents.Number(nil, f.Title), Headings: b.documents.Number(nil, f.Headings)}
	if f.Body != nil {
		b.documents.Forget()
		n.Body = b.documents.Number(nil, f.Body)
	}
	before := b.documents.TotalLength()
	b.documents.AddNumbered(n)
	b.lengths.document(b.documents.TotalLength() - before)
}

// Memory is how many bytes the builder holds, vectors aside. Bytes needs about half
// as many more.
func (b *Builder) Memory() int64 {
	docs, terms := b.documents.Memory()
	passages, _ := b.passages.Memory()
	return docs + passages + terms + int64(cap(b.docTable)+cap(b.passTable)+cap(b.sentences))
}

// Bytes returns the segment file; fields says how each field that has a vector
// stores it. The builder cannot be used afterwards. The error wraps
// impact.ErrFull where a segment cannot hold the vectors, and vector.ErrKind where
// some are of a kind or unit that their field has not.
func (b *Builder) Bytes(fields map[string]vector.Field) ([]byte, error) {
	vectors, err := b.buildVectors(fields)
	if err != nil {
		return nil, err
	}
	return b.write(b.documents.Bytes(), b.passages.Bytes(), b.columns.Bytes(), vectors, b.lengths.bytes()), nil
}

func (t *tables) beginDocument(ordinal uint64, size uint32) {
	t.docTable = binary.LittleEndian.AppendUint64(t.docTable, ordinal)
	t.docTable = binary.LittleEndian.AppendUint32(t.docTable, uint32(t.numPass))
	t.docTable = binary.LittleEndian.AppendUint32(t.docTable, size)
	t.numDocs++
}

func (t *tables) addPassage(doc uint32, start int, path uint32) {
	t.passTable = binary.LittleEndian.AppendUint32(t.passTable, doc)
	t.passTable = binary.LittleEndian.AppendUint32(t.passTable, uint32(start))
	t.passTable = binary.LittleEndian.AppendUint32(t.passTable, path)
	t.passTable = binary.LittleEndian.AppendUint32(t.passTable, uint32(len(t.sentences)))
	t.numPass++
}

func (t *tables) pathID(path []byte) uint32 {
	if len(path) == 1 {
		return 0
	}
	id, ok := t.headingID[string(path)]
	if !ok {
		id = uint32(len(t.headings))
		t.headingID[string(path)] = id
		t.headings = append(t.headings, path)
	}
	return id
}

func encodePath(path []string) []byte {
	b := binary.AppendUvarint(nil, uint64(len(path)))
	for _, h := range path {
		b = binary.AppendUvarint(b, uint64(len(h)))
		b = append(b, h...)
	}
	return b
}

func appendSentences(b []byte, p corpus.Passage) []byte {
	b = binary.AppendUvarint(b, uint64(len(p.Sentences)))
	pos := p.Start
	for _, s := range p.Sentences {
		b = binary.AppendUvarint(b, uint64(s.Start-pos))
		b = binary.AppendUvarint(b, uint64(s.End-s.Start)<<3|uint64(s.Kind))
		pos = s.End
	}
	return b
}

func (t *tables) write(documents, passages, columns, vectors, lengths []byte) []byte {
	// The closing entries make the end of a row's range the next row's start.
	docTable := binary.LittleEndian.AppendUint64(t.docTable, math.MaxUint64)
	docTable = binary.LittleEndian.AppendUint32(docTable, uint32(t.numPass))
	docTable = binary.LittleEndian.AppendUint32(docTable, 0)
	passTable := append(t.passTable, make([]byte, passEntry)...)

	headings := binary.LittleEndian.AppendUint32(nil, uint32(len(t.headings)))
	off := uint32(0)
	for _, h := range t.headings {
		headings = binary.LittleEndian.AppendUint32(headings, off)
		off += uint32(len(h))
	}
	headings = binary.LittleEndian.AppendUint32(headings, off)
	for _, h := range t.headings {
		headings = append(headings, h...)
	}

	slices.SortFunc(t.titles, func(a, b titleRow) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.row, b.row))
	})
	var titles []byte
	for _, r := range t.titles {
		titles = binary.LittleEndian.AppendUint64(titles, r.hash)
		titles = binary.LittleEndian.AppendUint64(titles, uint64(r.row))
	}

	secs := []numbered{
		{secDocs, documents}, {secPassages, passages}, {secDocTable, docTable}, {secPassTab, passTable},
		{secSents, t.sentences}, {secHeadings, headings}, {secTitles, titles}, {secColumns, columns},
	}
	if vectors != nil {
		secs = append(secs, numbered{secVectors, vectors})
	}
	secs = append(secs, numbered{secLengths, lengths})
	return assemble(secs)
}

// numbered is a section and its id.
type numbered struct {
	id   uint32
	data []byte
}

// assemble is the file of sections.
func assemble(secs []numbered) []byte {
	total := headerLen + len(secs)*dirEntryLen + 4
	for _, s := range secs {
		total = aligned(total) + len(s.data)
	}
	out := make([]byte, 0, total)
	out = append(out, magic...)
	out = binary.LittleEndian.AppendUint32(out, Version)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(secs)))
	pos := headerLen + len(secs)*dirEntryLen + 4
	for _, s := range secs {
		pos = aligned(pos)
		out = binary.LittleEndian.AppendUint32(out, s.id)
		out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(s.data, castagnoli))
		out = binary.LittleEndian.AppendUint64(out, uint64(pos))
		out = binary.LittleEndian.AppendUint64(out, uint64(len(s.data)))
		pos += len(s.data)
	}
	out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, castagnoli))
	for _, s := range secs {
		out = append(pad(out), s.data...)
	}
	return out
}

// alignment keeps what is read as vectors of 64 bytes inside cache lines.
const alignment = 64

func aligned(n int) int { return (n + alignment - 1) &^ (alignment - 1) }

func pad(b []byte) []byte { return append(b, make([]byte, aligned(len(b))-len(b))...) }

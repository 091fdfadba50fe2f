package segment

import (
	"encoding/binary"

	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/index/columns"
	"github.com/tamis-search/tamis/internal/yield"
)

// Part is a segment to be merged, less its deleted document rows (nil: none).
type Part struct {
	Segment *Segment
	Deleted func(doc uint32) bool
}

// passageWork is what copying a passage costs, in the units of package yield.
const passageWork = 40

// Merge writes the segment that holds the live documents of parts, in order:
// the same bytes of tables, and the same rows of the inverted indexes, as if
// they had been added to one builder. live is their number. A field must be
// stored alike in all parts; where one segment cannot hold its vectors the error
// wraps impact.ErrFull.
func Merge(c index.Config, parts []Part) (data []byte, live int, err error) {
	t := newTables()
	docs, passages := make([]index.Part, len(parts)), make([]index.Part, len(parts))
	meta := make([]columns.Part, len(parts))
	rows := make([][]int64, len(parts))
	for i, p := range parts {
		s := p.Segment
		docs[i] = index.Part{Inverted: s.documents}
		passages[i] = index.Part{Inverted: s.passages}
		meta[i] = columns.Part{Columns: s.columns}
		if p.Deleted != nil {
			docs[i].Live = func(row uint32) bool { return !p.Deleted(row) }
			meta[i].Live = docs[i].Live
			passages[i].Live = func(row uint32) bool { return !p.Deleted(s.DocumentOf(row)) }
		}
		rows[i] = t.copyTables(s, p.Deleted)
		t.copyTitles(s, rows[i])
	}
	d, docLengths, err := index.Merge(c, docs)
	if err != nil {
		return nil, 0, err
	}
	q, passLengths, err := index.Merge(c, passages)
	if err != nil {
		return nil, 0, err
	}
	m, err := columns.Merge(meta)
	if err != nil {
		return nil, 0, err
	}
	v, err := mergeVectors(parts, rows)
	if err != nil {
		return nil, 0, err
	}
	lengths := lengthsWriter{conf: c}
	row := 0
	for doc, length := range docLengths {
		for ; row < len(passLengths) && t.passageDocument(row) == uint32(doc); row++ {
			lengths.passage(passLengths[row])
		}
		lengths.document(length)
	}
	return t.write(d, q, m, v, lengths.bytes()), t.numDocs, nil
}

// copyTables appends the live documents of s and their passages; rows maps a
// row of s to its new row, or to -1.
func (t *tables) copyTables(s *Segment, deleted func(uint32) bool) (rows []int64) {
	rows = make([]int64, s.numDocs)
	paths := map[uint32]uint32{}
	var work yield.Work
	for doc := uint32(0); int(doc) < s.numDocs; doc++ {
		if deleted != nil && deleted(doc) {
			rows[doc] = -1
			continue
		}
		rows[doc] = int64(t.numDocs)
		t.beginDocument(s.Ordinal(doc), s.sourceLen(doc))
		first, end := s.PassageRows(doc)
		work.Did(passageWork * int(end-first+1))
		for p := first; p < end; p++ {
			e := s.passTable[int(p)*passEntry:]
			old := binary.LittleEndian.Uint32(e[8:])
			path, ok := paths[old]
			if !ok {
				path = t.pathID(encodePath(s.path(old)))
				paths[old] = path
			}
			t.addPassage(uint32(t.numDocs-1), int(binary.LittleEndian.Uint32(e[4:])), path)
			t.sentences = appendSentences(t.sentences, s.Passage(p))
		}
	}
	return rows
}

func (t *tables) passageDocument(row int) uint32 {
	return binary.LittleEndian.Uint32(t.passTable[row*passEntry:])
}

func (t *tables) copyTitles(s *Segment, rows []int64) {
	for i := 0; i < len(s.titles); i += titleEntry {
		if row := rows[binary.LittleEndian.Uint32(s.titles[i+8:])]; row >= 0 {
			t.titles = append(t.titles, titleRow{binary.LittleEndian.Uint64(s.titles[i:]), uint32(row)})
		}
	}
}

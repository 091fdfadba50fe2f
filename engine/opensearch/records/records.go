// Package records is the records of an index in a cluster: their shapes, their names, and
// documents as they are written and read.
package records

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/engine/opensearch/metadata"
	"github.com/tamis-search/tamis/engine/opensearch/vectors"
	"github.com/tamis-search/tamis/store/record"
)

// The kinds of records.
const (
	HeadKind     = "h"
	DocumentKind = "d"
	PassageKind  = "p"
	IntentKind   = "i"
)

// Passage is a passage, with what a hit shows of its document.
type Passage struct {
	Kind  string `json:"k"`
	Seq   int64  `json:"q"`
	N     int    `json:"n"`
	Row   string `json:"r"`
	Terms string `json:"t,omitempty"`
	metadata.Described
	Fields  []string       `json:"w,omitempty"` // see vectors.Record
	Vectors map[string]any `json:"v,omitempty"`
	X       PassageData    `json:"x"`
}

// PassageData is what is read back of a passage.
type PassageData struct {
	Start     int           `json:"s"`
	Text      string        `json:"t"`
	Headings  []string      `json:"h,omitempty"`
	Sentences []int         `json:"u,omitempty"`
	Place     *corpus.Place `json:"l,omitempty"`
	Doc       Header        `json:"d"`
	StoredVectors
}

// StoredVectors are those of a record as they are read back, by field.
type StoredVectors struct {
	Vectors map[string]vectors.Stored `json:"v,omitempty"`
}

// Header is what of a document stands with each of its passages.
type Header struct {
	Header   *record.Header `json:"h"`
	Passages int            `json:"n"`
}

// Document is a document as a whole.
type Document struct {
	Kind     string `json:"k"`
	Seq      int64  `json:"q"`
	Row      string `json:"r"`
	ID       string `json:"i"`
	Terms    string `json:"T,omitempty"`
	Title    string `json:"y,omitempty"`
	Analyzer string `json:"a"`
	metadata.Described
	Fields  []string       `json:"w,omitempty"`
	Vectors map[string]any `json:"v,omitempty"`
	X       DocumentData   `json:"x"`
}

// DocumentData is what is read back of a document's own record.
type DocumentData struct {
	Doc    Header `json:"d"`
	Blocks []byte `json:"b,omitempty"` // as record.AppendBlocks writes them
	Places []byte `json:"p,omitempty"` // as record.AppendPlaces writes them
	StoredVectors
}

// KeyOf is what the records of a document are routed by, and its own is called.
func KeyOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

// MostID is how much of an id it is listed by: a keyword has 32,766 bytes at most.
const MostID = 32_000

// SortedID is an id as it is listed by: where it is longer than that, it goes on with its
// digest.
func SortedID(id string) string {
	if len(id) > MostID {
		return metadata.Cut(id, MostID) + KeyOf(id)
	}
	return id
}

// RowOf names a passage by the sequence number of its document and its own number.
func RowOf(seq int64, n int) string { return strconv.FormatInt(seq, 10) + "/" + strconv.Itoa(n) }

// PassageID is what the record of a passage is called.
func PassageID(seq int64, n int) string { return "p" + RowOf(seq, n) }

// flat are the sentences of a passage: for each the gap before it, its length and kind.
func flat(p corpus.Passage) []int {
	out, at := make([]int, 0, 3*len(p.Sentences)), p.Start
	for _, s := range p.Sentences {
		out = append(out, s.Start-at, s.End-s.Start, int(s.Kind))
		at = s.End
	}
	return out
}

// ErrDamaged is wrapped where a record is not what it says.
var ErrDamaged = errors.New("a record of the index is damaged")

// Passage is the reverse.
func (d *PassageData) Passage() (corpus.Passage, error) {
	p := corpus.Passage{Start: d.Start, End: d.Start + len(d.Text), Headings: d.Headings}
	if len(d.Sentences)%3 != 0 {
		return p, ErrDamaged
	}
	at := p.Start
	for i := 0; i < len(d.Sentences); i += 3 {
		gap, n, kind := d.Sentences[i], d.Sentences[i+1], d.Sentences[i+2]
		if gap < 0 || n < 0 || gap > p.End-at || n > p.End-at-gap || kind < 0 || kind > int(corpus.Term) {
			return p, fmt.Errorf("%w: sentences outside their passage", ErrDamaged)
		}
		p.Sentences = append(p.Sentences, corpus.Sentence{Start: at + gap, End: at + gap + n, Kind: corpus.BlockKind(kind)})
		at += gap + n
	}
	return p, nil
}

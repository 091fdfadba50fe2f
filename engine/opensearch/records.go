package opensearch

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/engine/opensearch/metadata"
	"github.com/tamis-search/tamis/engine/opensearch/vectors"
	"github.com/tamis-search/tamis/store/record"
)

// The kinds of records.
const (
	headKind     = "h"
	documentKind = "d"
	passageKind  = "p"
	intentKind   = "i"
)

// passageRecord is a passage, with what a hit shows of its document.
type passageRecord struct {
	Kind  string `json:"k"`
	Seq   int64  `json:"q"`
	N     int    `json:"n"`
	Row   string `json:"r"`
	Terms string `json:"t,omitempty"`
	metadata.Described
	Vectors map[string]any `json:"v,omitempty"`
	X       passageData    `json:"x"`
}

type passageData struct {
	Start     int           `json:"s"`
	Text      string        `json:"t"`
	Headings  []string      `json:"h,omitempty"`
	Sentences []int         `json:"u,omitempty"`
	Place     *corpus.Place `json:"l,omitempty"`
	Doc       headerData    `json:"d"`
	storedVectors
}

// storedVectors are those of a record as they are read back, by field.
type storedVectors struct {
	Vectors map[string]vectors.Stored `json:"v,omitempty"`
}

// headerData is what of a document stands with each of its passages.
type headerData struct {
	Header   *record.Header `json:"h"`
	Passages int            `json:"n"`
}

// documentRecord is a document as a whole.
type documentRecord struct {
	Kind     string `json:"k"`
	Seq      int64  `json:"q"`
	Row      string `json:"r"`
	ID       string `json:"i"`
	Terms    string `json:"T,omitempty"`
	Title    string `json:"y,omitempty"`
	Analyzer string `json:"a"`
	metadata.Described
	Vectors map[string]any `json:"v,omitempty"`
	X       documentData   `json:"x"`
}

type documentData struct {
	Doc    headerData `json:"d"`
	Blocks []byte     `json:"b,omitempty"` // as record.AppendBlocks writes them
	Places []byte     `json:"p,omitempty"` // as record.AppendPlaces writes them
	storedVectors
}

// query is a part of a request.
type query = client.Query

// keyOf is what the records of a document are routed by, and its own is called.
func keyOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

// mostID is how much of an id it is listed by: a keyword has 32,766 bytes at most.
const mostID = 32_000

// sortedID is an id as it is listed by: where it is longer than that, it goes on with its
// digest.
func sortedID(id string) string {
	if len(id) > mostID {
		return metadata.Cut(id, mostID) + keyOf(id)
	}
	return id
}

func rowOf(seq int64, n int) string { return strconv.FormatInt(seq, 10) + "/" + strconv.Itoa(n) }

func passageID(seq int64, n int) string { return "p" + rowOf(seq, n) }

// flat are the sentences of a passage: for each the gap before it, its length and kind.
func flat(p corpus.Passage) []int {
	out, at := make([]int, 0, 3*len(p.Sentences)), p.Start
	for _, s := range p.Sentences {
		out = append(out, s.Start-at, s.End-s.Start, int(s.Kind))
		at = s.End
	}
	return out
}

var errRecord = errors.New("a record of the index is damaged")

// passage is the reverse.
func (d *passageData) passage() (corpus.Passage, error) {
	p := corpus.Passage{Start: d.Start, End: d.Start + len(d.Text), Headings: d.Headings}
	if len(d.Sentences)%3 != 0 {
		return p, errRecord
	}
	at := p.Start
	for i := 0; i < len(d.Sentences); i += 3 {
		gap, n, kind := d.Sentences[i], d.Sentences[i+1], d.Sentences[i+2]
		if gap < 0 || n < 0 || gap > p.End-at || n > p.End-at-gap || kind < 0 || kind > int(corpus.Term) {
			return p, fmt.Errorf("%w: sentences outside their passage", errRecord)
		}
		p.Sentences = append(p.Sentences, corpus.Sentence{Start: at + gap, End: at + gap + n, Kind: corpus.BlockKind(kind)})
		at += gap + n
	}
	return p, nil
}

package opensearch

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/engine/opensearch/metadata"
	"github.com/tamis-search/tamis/engine/opensearch/vectors"
	"github.com/tamis-search/tamis/index"
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

// escaper keeps apart what terms are written between.
var escaper = strings.NewReplacer("%", "%25", "|", "%7C", " ", "%20", "\t", "%09", "\n", "%0A", "\r", "%0D", "\v", "%0B", "\f", "%0C",
	"\u0085", "%C2%85", "\u2028", "%E2%80%A8", "\u2029", "%E2%80%A9", "\u1680", "%E1%9A%80", "\u3000", "%E3%80%80", "\u205f", "%E2%81%9F",
	"\u2000", "%E2%80%80", "\u2001", "%E2%80%81", "\u2002", "%E2%80%82", "\u2003", "%E2%80%83", "\u2004", "%E2%80%84", "\u2005", "%E2%80%85",
	"\u2006", "%E2%80%86", "\u2008", "%E2%80%88", "\u2009", "%E2%80%89", "\u200a", "%E2%80%8A", "\x1c", "%1C", "\x1d", "%1D", "\x1e", "%1E", "\x1f", "%1F")

// mostTerm is how many bytes of a term are indexed: Lucene takes no more than 32,766.
const mostTerm = 8 << 10

// termOf is a term as it is indexed.
func termOf(term string) string {
	s := escaper.Replace(term)
	if len(s) > mostTerm {
		sum := sha256.Sum256([]byte(s))
		s = hex.EncodeToString(sum[:])
	}
	return s
}

// counts are the weighted frequencies of the terms of a row.
type counts map[string]int

func (c counts) add(terms []string, weight int) {
	for _, t := range terms {
		c[t] += weight
	}
}

// weigh counts the fields of a row as an inverted index does.
func weigh(c index.Config, f index.Fields) counts {
	n := counts{}
	n.add(f.Title, max(c.TitleWeight, 1))
	n.add(f.Headings, max(c.HeadingWeight, 1))
	n.add(f.Body, 1)
	return n
}

// String writes terms with their frequencies, as the filter delimited_term_freq reads
// them.
func (c counts) String() string {
	var b strings.Builder
	length := 0
	write := func(term string, n int) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(term)
		if n > 1 {
			b.WriteByte('|')
			b.WriteString(strconv.Itoa(n))
		}
	}
	for _, t := range slices.Sorted(maps.Keys(c)) {
		write(termOf(t), c[t])
		length += c[t]
	}
	if n := filled(length) - length; n > 0 {
		write(filler, n)
	}
	return b.String()
}

// filler is a term that no text has and no query asks for.
const filler = "%00"

// filled is the length that a row is given: Lucene cuts lengths to four significant bits,
// so that all would be too short. One that is nearer to the next one that Lucene stores
// is filled up to that.
func filled(length int) int {
	stored := index.Config{LuceneLengths: true}.StoredLength
	low := int(stored(uint64(length)))
	step := 1
	for int(stored(uint64(low+step))) == low {
		step *= 2
	}
	if length-low > step/2 {
		return low + step
	}
	return length
}

// titleOf is an analysed title as it is looked up whole; "" for none, and for one that is
// too long to be a name.
func titleOf(terms []string) string {
	escaped := make([]string, len(terms))
	for i, t := range terms {
		escaped[i] = escaper.Replace(t)
	}
	s := strings.Join(escaped, " ")
	if len(s) > mostTerm {
		return ""
	}
	return s
}

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

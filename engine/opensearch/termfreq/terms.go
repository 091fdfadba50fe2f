// Package termfreq is the words of rows as a cluster indexes them: analysed already, each with
// its weighted frequency.
package termfreq

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/search"
)

// Mapping is that of a field of such words.
func Mapping() client.Query {
	return client.Query{"type": "text", "analyzer": "terms", "search_analyzer": "keyword", "similarity": "tamis", "index_options": "freqs"}
}

// Similarity and Analysis are what an index with such fields is made with.
func Similarity() client.Query {
	return client.Query{"tamis": client.Query{"type": "BM25", "k1": 1.2, "b": 0.75}}
}

// Analysis is that of Similarity.
func Analysis() client.Query {
	return client.Query{
		"tokenizer": client.Query{"blanks": client.Query{"type": "whitespace", "max_token_length": 1 << 20}},
		"filter":    client.Query{"frequencies": client.Query{"type": "delimited_term_freq", "delimiter": "|"}},
		"analyzer":  client.Query{"terms": client.Query{"type": "custom", "tokenizer": "blanks", "filter": []string{"frequencies"}}},
	}
}

// escaper keeps apart what terms are written between.
var escaper = strings.NewReplacer("%", "%25", "|", "%7C", " ", "%20", "\t", "%09", "\n", "%0A", "\r", "%0D", "\v", "%0B", "\f", "%0C",
	"\u0085", "%C2%85", "\u2028", "%E2%80%A8", "\u2029", "%E2%80%A9", "\u1680", "%E1%9A%80", "\u3000", "%E3%80%80", "\u205f", "%E2%81%9F",
	"\u2000", "%E2%80%80", "\u2001", "%E2%80%81", "\u2002", "%E2%80%82", "\u2003", "%E2%80%83", "\u2004", "%E2%80%84", "\u2005", "%E2%80%85",
	"\u2006", "%E2%80%86", "\u2008", "%E2%80%88", "\u2009", "%E2%80%89", "\u200a", "%E2%80%8A", "\x1c", "%1C", "\x1d", "%1D", "\x1e", "%1E", "\x1f", "%1F")

// plain says that a term has nothing to escape: letters, digits and such.
func plain(term string) bool {
	for i := range len(term) {
		if c := term[i]; c <= ' ' || c == '%' || c == '|' || c >= 0x80 {
			return false
		}
	}
	return true
}

// mostTerm is how many bytes of a term are indexed: Lucene takes no more than 32,766.
const mostTerm = 8 << 10

// Of is a term as it is indexed.
func Of(term string) string {
	s := term
	if !plain(term) {
		s = escaper.Replace(term)
	}
	if len(s) > mostTerm {
		sum := sha256.Sum256([]byte(s))
		s = hex.EncodeToString(sum[:])
	}
	return s
}

// Counts are the weighted frequencies of the terms of a row.
type Counts map[string]int

// Add counts terms.
func (c Counts) Add(terms []string, weight int) {
	for _, t := range terms {
		c[t] += weight
	}
}

// Weigh counts the fields of a row as an inverted index does.
func Weigh(c index.Config, f index.Fields) Counts {
	n := make(Counts, len(f.Title)+len(f.Headings)+len(f.Body)*2/3) // most terms of a passage stand in it once
	n.Add(f.Title, max(c.TitleWeight, 1))
	n.Add(f.Headings, max(c.HeadingWeight, 1))
	n.Add(f.Body, 1)
	return n
}

// String writes terms with their frequencies, as the filter delimited_term_freq reads
// them.
func (c Counts) String() string {
	var b strings.Builder
	b.Grow(9 * len(c))
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
	for t, n := range c { // in any order: a cluster counts them
		write(Of(t), n)
		length += n
	}
	if n := Filled(length) - length; n > 0 {
		write(filler, n)
	}
	return b.String()
}

// filler is a term that no text has and no query asks for.
const filler = "%00"

// Filled is the length that a row is given: Lucene cuts lengths to four significant bits,
// so that all would be too short. One that is nearer to the next one that Lucene stores
// is filled up to that.
func Filled(length int) int {
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

// Title is an analysed title as it is looked up whole; "" for none, and for one that is
// too long to be a name.
func Title(terms []string) string {
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

// Query is that for terms in a field, of records that pass filters; nil where there are none.
func Query(field string, terms []search.Term, filters []client.Query) client.Query {
	var should []client.Query
	for _, t := range terms {
		if t.Weight > 0 {
			should = append(should, client.Query{"term": client.Query{field: client.Query{"value": Of(t.Text), "boost": t.Weight}}})
		}
	}
	if len(should) == 0 {
		return nil
	}
	return client.Query{"bool": client.Query{"should": should, "minimum_should_match": 1, "filter": filters}}
}

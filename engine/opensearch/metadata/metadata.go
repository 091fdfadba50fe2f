// Package metadata is the metadata of documents as a cluster indexes it, and filters as
// queries.
//
// Metadata stands in two fields of keywords, so that any number of its fields costs the
// mapping nothing: the names of those that a document has (F), and a token for each value (f):
// the field with its length, the kind of the value, and the value, written so that tokens
// of one field and kind are in the order of their values.
package metadata

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/filter"
)

// mostValue is how much of a keyword is in its token; a longer one goes on with its
// digest.
const mostValue = 4 << 10

var kindLetters = map[filter.Kind]string{filter.Keyword: "k", filter.Number: "n", filter.Time: "t", filter.Bool: "b"}

func valuePrefix(field string, k filter.Kind) string {
	return strconv.Itoa(len(field)) + ":" + field + kindLetters[k]
}

func token(field string, v filter.Value) string {
	p := valuePrefix(field, v.Kind)
	switch v.Kind {
	case filter.Keyword:
		if len(v.Text) <= mostValue {
			return p + v.Text
		}
		sum := sha256.Sum256([]byte(v.Text))
		return p + Cut(v.Text, mostValue) + "\x01" + hex.EncodeToString(sum[:])
	case filter.Number:
		bits := math.Float64bits(v.Number + 0)
		if v.Number == 0 {
			bits = 0
		}
		return p + fmt.Sprintf("%016x", ordered(bits))
	case filter.Time:
		return p + fmt.Sprintf("%016x%08x", uint64(v.Time.Unix())^1<<63, v.Time.Nanosecond())
	case filter.Bool:
		if v.Bool {
			return p + "1"
		}
		return p + "0"
	}
	return p
}

// ordered gives the bits of numbers the order of the numbers.
func ordered(bits uint64) uint64 {
	if bits>>63 == 1 {
		return ^bits
	}
	return bits | 1<<63
}

// Cut is the beginning of a long keyword: n bytes, or a few less.
func Cut(s string, n int) string {
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// Described is what filters see of a document: the names of its fields, and the tokens of
// their values, in order.
type Described struct {
	Fields []string `json:"F,omitempty"`
	Values []string `json:"f,omitempty"`
}

// Describe describes them.
func Describe(f filter.Fields) (d Described) {
	for field, values := range f {
		if len(field) > mostValue {
			continue // no filter can ask for it here
		}
		d.Fields = append(d.Fields, field)
		for _, v := range values {
			d.Values = append(d.Values, token(field, v))
		}
	}
	slices.Sort(d.Fields)
	slices.Sort(d.Values)
	d.Values = slices.Compact(d.Values)
	return d
}

// Query is a filter as a query.
func Query(e *filter.Expr) (client.Query, error) {
	switch e.Op {
	case filter.And, filter.Or, filter.Not:
		args := make([]client.Query, len(e.Args))
		for i, x := range e.Args {
			var err error
			if args[i], err = Query(x); err != nil {
				return nil, err
			}
		}
		kind := map[filter.Op]string{filter.And: "filter", filter.Or: "should", filter.Not: "must_not"}[e.Op]
		b := client.Query{kind: args}
		if e.Op == filter.Or {
			b["minimum_should_match"] = 1
		}
		return client.Query{"bool": b}, nil
	case filter.Has:
		return client.Query{"term": client.Query{"F": e.Field}}, nil
	case filter.Equal:
		all := make([]string, len(e.Values))
		for i, v := range e.Values {
			all[i] = token(e.Field, v)
		}
		return client.Query{"terms": client.Query{"f": all}}, nil
	}
	v := e.Values[0]
	prefix := valuePrefix(e.Field, v.Kind)
	end := prefix[:len(prefix)-1] + string(prefix[len(prefix)-1]+1)
	between := client.Query{"gte": prefix, "lt": end}
	if len(v.Text) > mostValue {
		return nil, fmt.Errorf("filter: a cluster compares keywords of %d bytes at most, but for their equality", mostValue)
	}
	switch e.Op {
	case filter.Prefix:
		return client.Query{"prefix": client.Query{"f": prefix + v.Text}}, nil
	case filter.Less:
		between["lt"] = token(e.Field, v)
	case filter.AtMost:
		delete(between, "lt")
		between["lte"] = token(e.Field, v)
	case filter.Greater:
		delete(between, "gte")
		between["gt"] = token(e.Field, v)
	case filter.AtLeast:
		between["gte"] = token(e.Field, v)
	}
	return client.Query{"range": client.Query{"f": between}}, nil
}

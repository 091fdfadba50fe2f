package opensearch

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/filter"
)

// Metadata stands in one field of keywords, a token for each value, so that any number
// of fields costs the mapping nothing: the field with its length, the kind of the value,
// and the value, written so that tokens of one field and kind are in the order of their
// values. A token for the field alone says that it has one.

// mostValue is how much of a keyword is in its token; a longer one goes on with its
// digest.
const mostValue = 4 << 10

var kindLetters = map[filter.Kind]string{filter.Keyword: "k", filter.Number: "n", filter.Time: "t", filter.Bool: "b"}

func hasToken(field string) string { return strconv.Itoa(len(field)) + ":" + field }

func valuePrefix(field string, k filter.Kind) string { return hasToken(field) + kindLetters[k] }

func token(field string, v filter.Value) string {
	p := valuePrefix(field, v.Kind)
	switch v.Kind {
	case filter.Keyword:
		if len(v.Text) <= mostValue {
			return p + v.Text
		}
		sum := sha256.Sum256([]byte(v.Text))
		return p + cut(v.Text) + "\x01" + hex.EncodeToString(sum[:])
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

// cut is the beginning of a long keyword.
func cut(s string) string {
	n := mostValue
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// valuesOf are the tokens of a document, in order.
func valuesOf(f filter.Fields) []string {
	var out []string
	for field, values := range f {
		if len(field) > mostValue {
			continue // no filter can ask for it here
		}
		out = append(out, hasToken(field))
		for _, v := range values {
			out = append(out, token(field, v))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// query is a part of a request.
type query = map[string]any

// compiled is a filter as a query.
func compiled(e *filter.Expr) (query, error) {
	switch e.Op {
	case filter.And, filter.Or, filter.Not:
		args := make([]query, len(e.Args))
		for i, x := range e.Args {
			var err error
			if args[i], err = compiled(x); err != nil {
				return nil, err
			}
		}
		kind := map[filter.Op]string{filter.And: "filter", filter.Or: "should", filter.Not: "must_not"}[e.Op]
		b := query{kind: args}
		if e.Op == filter.Or {
			b["minimum_should_match"] = 1
		}
		return query{"bool": b}, nil
	case filter.Has:
		return query{"term": query{"f": hasToken(e.Field)}}, nil
	case filter.Equal:
		all := make([]string, len(e.Values))
		for i, v := range e.Values {
			all[i] = token(e.Field, v)
		}
		return query{"terms": query{"f": all}}, nil
	}
	v := e.Values[0]
	prefix := valuePrefix(e.Field, v.Kind)
	end := prefix[:len(prefix)-1] + string(prefix[len(prefix)-1]+1)
	between := query{"gte": prefix, "lt": end}
	switch e.Op {
	case filter.Prefix:
		if len(v.Text) > mostValue {
			return nil, fmt.Errorf("filter: a keyword's beginning of more than %d bytes cannot be asked of a cluster", mostValue)
		}
		return query{"prefix": query{"f": prefix + v.Text}}, nil
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
	return query{"range": query{"f": between}}, nil
}

// fieldOf is the field that a token of hasToken names.
func fieldOf(token string) (string, bool) {
	n, rest, ok := strings.Cut(token, ":")
	size, err := strconv.Atoi(n)
	if !ok || err != nil || size != len(rest) {
		return "", false
	}
	return rest, true
}

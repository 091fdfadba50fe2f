package filter

import (
	"cmp"
	"strings"
	"time"
)

// Kind is the kind of a value.
type Kind uint8

// The kinds of value.
const (
	Keyword Kind = iota + 1
	Number
	Time
	Bool
)

// Value is one typed value.
type Value struct {
	Kind   Kind
	Text   string    // of a Keyword
	Number float64   // of a Number
	Time   time.Time // of a Time, in UTC
	Bool   bool      // of a Bool
}

// Fields are the values that one document has, by field.
type Fields map[string][]Value

// Set gives a field the values of v: a string (kept as a time as well, where it
// reads as one), a number, a bool, a []string, a []any of strings, as JSON has it, or
// a time.Time. Anything else, the zero time and what is not a number leave the
// field absent, but for the access list: one that cannot be read lets nobody in.
func (f Fields) Set(field string, v any) {
	list, ok := values(v)
	if !ok && field == GroupsField {
		list = []Value{{Kind: Bool}}
	}
	if len(list) == 0 {
		delete(f, field)
		return
	}
	f[field] = list
}

// Takes says whether Set has values for v, or knows that it has none.
func Takes(v any) bool {
	_, ok := values(v)
	return ok
}

func values(v any) (list []Value, ok bool) {
	switch v := v.(type) {
	case nil:
	case string:
		list = keyword(nil, v)
	case []string:
		for _, s := range v {
			list = keyword(list, s)
		}
	case []any:
		for _, x := range v {
			s, ok := x.(string)
			if !ok {
				return nil, false
			}
			list = keyword(list, s)
		}
	case float64:
		if v != v {
			return nil, false
		}
		list = []Value{{Kind: Number, Number: v}}
	case int:
		list = []Value{{Kind: Number, Number: float64(v)}}
	case bool:
		list = []Value{{Kind: Bool, Bool: v}}
	case time.Time:
		if v.IsZero() {
			return nil, false
		}
		list = []Value{{Kind: Time, Time: v.Round(0).UTC()}}
	default:
		return nil, false
	}
	return list, true
}

func keyword(list []Value, s string) []Value {
	list = append(list, Value{Kind: Keyword, Text: s})
	if t, ok := parseTime(s); ok {
		list = append(list, Value{Kind: Time, Time: t})
	}
	return list
}

// startsAsTime says whether s begins like a date.
func startsAsTime(s string) bool {
	if len(s) < 5 || s[4] != '-' {
		return false
	}
	for i := range 4 {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// parseTime reads a date or a time of RFC 3339 that lies, in UTC, in the years
// that these can write.
func parseTime(s string) (time.Time, bool) {
	if !startsAsTime(s) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		if t, err = time.Parse(time.RFC3339, s); err != nil {
			return time.Time{}, false
		}
	}
	t = t.UTC()
	return t, t.Year() >= 0 && t.Year() <= 9999
}

// holds compares two values of one kind.
func (op Op) holds(v, w Value) bool {
	if op == Prefix {
		return v.Kind == Keyword && strings.HasPrefix(v.Text, w.Text)
	}
	c := 0
	switch v.Kind {
	case Keyword:
		c = strings.Compare(v.Text, w.Text)
	case Number:
		c = cmp.Compare(v.Number, w.Number)
	case Time:
		c = v.Time.Compare(w.Time)
	case Bool:
		if v.Bool != w.Bool {
			c = 1
			if w.Bool {
				c = -1
			}
		}
	default:
		return false
	}
	switch op {
	case Equal:
		return c == 0
	case Less:
		return c < 0
	case AtMost:
		return c <= 0
	case Greater:
		return c > 0
	case AtLeast:
		return c >= 0
	}
	return false
}

package format

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// Stated puts what a file states about one of its documents into the document's
// metadata, key by key, and says what it does not take. An access list that it
// cannot read lets nobody in.
type Stated struct {
	doc    *corpus.Document
	locked bool
}

// State begins.
func State(d *corpus.Document) *Stated { return &Stated{doc: d} }

// Warn says that the value of a key at a line was not taken.
func (s *Stated) Warn(line int, key, reason string, args ...any) {
	s.doc.Warnings = append(s.doc.Warnings, corpus.Warning{Line: line, Key: key, Reason: fmt.Sprintf(reason, args...)})
}

// Lock lets nobody in, whatever else is said about the access list.
func (s *Stated) Lock(line int, key, reason string, args ...any) {
	s.locked = true
	s.put(corpus.GroupsKey, false)
	s.Warn(line, key, reason+": nobody sees the document who searches as a member of a group", args...)
}

// Set takes the value of a key of the outermost level: a string, float64, bool
// or json.Number, a []any of these, or a map[string]any, whose members get dotted
// keys; nil is none.
func (s *Stated) Set(line int, key string, v any) {
	own := strings.ToLower(strings.TrimSpace(key))
	switch {
	case own == corpus.GroupsKey:
		s.groups(line, key, v)
	case key == "lang":
		if !s.Language(v) && v != nil {
			s.Warn(line, key, "is not taken: it is no language code, such as en")
		}
	case key == "role": // the document's, where package role knows it; else the speaker's, say
		s.set(line, key, v, 0)
	case slices.Contains(corpus.OwnKeys, key):
		s.Warn(line, key, "is not taken: every document has its own %s", key)
	default:
		if key == "language" {
			s.Language(v)
		}
		s.set(line, key, v, 0)
	}
}

// maxNesting is how deep objects are followed.
const maxNesting = 32

func (s *Stated) set(line int, key string, v any, depth int) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		if depth == maxNesting {
			s.Warn(line, key, "is not taken: it is nested more than %d levels deep", maxNesting)
			return
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			s.set(line, key+"."+k, v[k], depth+1)
		}
	case []any:
		list, ok := texts(v)
		if !ok {
			s.Warn(line, key, "is not taken: its list holds lists or objects; a list is of texts, numbers, true and false")
			return
		}
		s.once(line, key, list)
	case json.Number:
		s.once(line, key, toFloat(v))
	default:
		s.once(line, key, v)
	}
}

func (s *Stated) once(line int, key string, v any) {
	if _, ok := s.doc.Metadata[key]; ok {
		s.Warn(line, key, "comes twice: the first stays")
		return
	}
	s.put(key, v)
}

func (s *Stated) put(key string, v any) {
	if s.doc.Metadata == nil {
		s.doc.Metadata = make(map[string]any)
	}
	s.doc.Metadata[key] = v
}

// groups takes an access list: a text or a list of texts.
func (s *Stated) groups(line int, key string, v any) {
	_, twice := s.doc.Metadata[corpus.GroupsKey]
	switch list, isList := v.([]any); {
	case s.locked:
	case key != corpus.GroupsKey:
		s.Lock(line, key, "is not taken for the access list, which is %q", corpus.GroupsKey)
	case twice:
		s.Lock(line, key, "is an access list that comes twice")
	case isList && !slices.Contains(list, nil):
		names, ok := texts(list)
		if !ok {
			s.Lock(line, key, "is an access list that holds lists or objects instead of the names of groups")
			return
		}
		s.put(key, names)
	default:
		if name, ok := v.(string); ok {
			s.put(key, name)
			return
		}
		s.Lock(line, key, "is an access list that is neither the name of a group nor a list of names")
	}
}

// Language takes a language code, such as "de" or "de-AT", for that of the
// document where its format states none.
func (s *Stated) Language(v any) bool {
	text, ok := v.(string)
	code, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(text), "_", "-"), "-")
	code = strings.ToLower(code)
	if !ok || len(code) != 2 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz") != "" {
		return false
	}
	if s.doc.Lang == "" {
		s.doc.Lang = code
	}
	return true
}

// toFloat is the float64 next to a JSON number; one that is too large for any
// stays text.
func toFloat(n json.Number) any {
	if v, err := n.Float64(); err == nil {
		return v
	}
	return n.String()
}

// texts are the members of a list, which has strings only; null is left out.
func texts(list []any) ([]string, bool) {
	out := make([]string, 0, len(list))
	for _, v := range list {
		switch v := v.(type) {
		case nil:
		case string:
			out = append(out, v)
		case json.Number:
			out = append(out, digits(v))
		case float64:
			out = append(out, strconv.FormatFloat(v, 'f', -1, 64))
		case bool:
			out = append(out, strconv.FormatBool(v))
		default:
			return nil, false
		}
	}
	return out, true
}

// digits is a number as a text: an integer with all its digits, another as its
// float64 is written.
func digits(n json.Number) string {
	if strings.Trim(n.String(), "0123456789") == "" {
		return n.String()
	}
	if f, ok := toFloat(n).(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return n.String()
}

package classify

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// mostText is how much of a long text says what it is about.
const mostText = 8 << 10

// mostLine bounds a line of a file of examples.
const mostLine = 64 << 20

// Excerpt is what of a text counts: its beginning.
func Excerpt(s string) string {
	if len(s) <= mostText {
		return s
	}
	return strings.ToValidUTF8(s[:mostText], "")
}

// Read reads examples from JSON Lines: "text", and the labels under field, or under field
// in "metadata": a string, a number, or a list of them. A record whose only label is none
// is an example of none. One without text or label is an error that names its line. optional
// allows records without labels: texts to be given some.
func Read(name string, r io.Reader, field, none string, optional bool) ([]Example, error) {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 64<<10), mostLine)
	var all []Example
	for n := 1; in.Scan(); n++ {
		line := bytes.TrimSpace(bytes.TrimPrefix(in.Bytes(), []byte("\ufeff")))
		if len(line) == 0 {
			continue
		}
		var rec map[string]any
		if optional && line[0] != '{' {
			rec = map[string]any{"text": string(line)}
		} else if err := json.Unmarshal(line, &rec); err != nil {
			return nil, fmt.Errorf("%s:%d: not a JSON object: %w", name, n, err)
		}
		s, _ := rec["text"].(string)
		if strings.TrimSpace(s) == "" {
			return nil, fmt.Errorf(`%s:%d: the record has no "text"`, name, n)
		}
		e := Example{ID: name + ":" + strconv.Itoa(n), Text: Excerpt(s)}
		for _, key := range []string{"id", "_id"} {
			if id := Strings(rec[key]); len(id) == 1 {
				e.ID = id[0]
			}
		}
		e.End = len(e.Text)
		labels := Strings(rec[field])
		if meta, ok := rec["metadata"].(map[string]any); ok && len(labels) == 0 {
			labels = Strings(meta[field])
		}
		if len(labels) == 0 && !optional {
			return nil, fmt.Errorf("%s:%d: the record has no %q: name the field of the labels with --label", name, n, field)
		}
		e.Labels = Given(labels, none)
		all = append(all, e)
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return all, nil
}

// Given are the labels that an example really has: without none, each once.
func Given(labels []string, none string) (given []string) {
	for _, l := range labels {
		if l = strings.TrimSpace(l); l != "" && l != none && !slices.Contains(given, l) {
			given = append(given, l)
		}
	}
	return given
}

// Strings are the strings that a value of JSON or of metadata is, or lists.
func Strings(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case float64:
		return []string{strconv.FormatFloat(v, 'g', -1, 64)}
	case int64:
		return []string{strconv.FormatInt(v, 10)}
	case bool:
		return []string{strconv.FormatBool(v)}
	case []string:
		return v
	case []any:
		var all []string
		for _, x := range v {
			all = append(all, Strings(x)...)
		}
		return all
	}
	return nil
}

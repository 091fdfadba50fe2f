package markdown

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"go.yaml.in/yaml/v3"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// maxFrontMatter bounds how far the end of front matter is looked for.
const maxFrontMatter = 64 << 10

// frontMatter reads the metadata at the start of a file, YAML between lines
// "---" or TOML between lines "+++": the title, the language, and the rest as
// metadata. It returns where the text begins.
//
// A document whose front matter names an access list that cannot be read is
// seen by no group.
func frontMatter(d *corpus.Document, src string) int {
	start := len(src) - len(strings.TrimLeft(src, "\r\n"))
	fence := src[start:min(start+3, len(src))]
	if fence != "---" && fence != "+++" {
		return 0
	}
	open, first, _ := strings.Cut(src[start:], "\n")
	if strings.TrimRight(open, " \t\r") != fence {
		return 0
	}
	body := len(src) - len(first)
	line := 1 + strings.Count(src[:body], "\n")
	end, after := closing(src, body, fence)
	m := matter{Stated: format.State(d), doc: d, text: src[body:end], line: line}
	switch {
	case after == 0: // a thematic break, or front matter that is never closed
		if at := m.namesGroups(); at > 0 {
			m.Lock(at, corpus.GroupsKey, "stands in front matter that has no end: a line %q", fence)
		}
		return 0
	case fence == "+++":
		m.toml()
	case !m.yaml():
		return 0
	}
	return after
}

// closing finds the line that ends front matter: where that line begins and
// where the next one does, which is 0 where there is none.
func closing(src string, at int, fence string) (end, after int) {
	limit := min(len(src), at+maxFrontMatter)
	for at < limit {
		next := len(src)
		if n := strings.IndexByte(src[at:], '\n'); n >= 0 {
			next = at + n + 1
		}
		line := strings.TrimRight(src[at:next], " \t\r\n")
		if line == fence || line == "..." && fence == "---" {
			return at, next
		}
		at = next
	}
	return limit, 0
}

// matter is front matter that is read.
type matter struct {
	*format.Stated
	doc  *corpus.Document
	text string
	line int // of its first one
}

// namesGroups is the first line that begins as an access list does, or 0.
func (m *matter) namesGroups() int {
	line := m.line
	for s := range strings.Lines(m.text) {
		key, _, ok := strings.Cut(s, ":")
		if !ok {
			key, _, ok = strings.Cut(s, "=")
		}
		if ok && strings.EqualFold(strings.Trim(key, " \t\"'"), corpus.GroupsKey) {
			return line
		}
		line++
	}
	return 0
}

// mayNameGroups finds what may be the key of an access list in text that is
// malformed.
var mayNameGroups = regexp.MustCompile(`(?i)(^|\W)` + corpus.GroupsKey + `["']?\s*[]:=]|\?\s*["']?` + corpus.GroupsKey)

// unread says that a part of front matter cannot be read. What may hide an access
// list lets nobody in.
func (m *matter) unread(part, key string, line int, reason string) {
	if mayNameGroups.MatchString(part) {
		m.Lock(line, key, "is front matter that cannot be read and names %q (%s)", corpus.GroupsKey, reason)
		return
	}
	m.Warn(line, key, "is not taken: %s", reason)
}

// set takes one entry.
func (m *matter) set(line int, key string, v any) {
	if key == "title" {
		switch v := v.(type) {
		case string:
			m.doc.Title = v
			return
		case json.Number:
			m.doc.Title = v.String()
			return
		}
	}
	m.Set(line, key, v)
}

func (m *matter) toml() {
	top, err := parseTOML(m.text)
	var bad toml.ParseError
	switch {
	case errors.As(err, &bad):
		m.unread(m.text, "front matter", m.line+max(bad.Position.Line, 1)-1, "malformed TOML: "+bad.Message)
	case err != nil:
		m.unread(m.text, "front matter", m.line, "malformed TOML: "+err.Error())
	}
	for _, key := range slices.Sorted(maps.Keys(top)) {
		m.set(m.line, key, fromTOML(top[key]))
	}
}

func parseTOML(text string) (top map[string]any, err error) {
	defer recovered(&err)
	_, err = toml.Decode(text, &top)
	return top, err
}

// recovered makes a panic of a parser an error: it is given what strangers wrote.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%v", r)
	}
}

// fromTOML brings a value to the kinds that Stated.Set takes.
func fromTOML(v any) any {
	switch v := v.(type) {
	case int64:
		return json.Number(strconv.FormatInt(v, 10))
	case float64:
		return finite(v)
	case time.Time:
		// The library marks what has no zone by the name of the zone that it gives.
		switch v.Location().String() {
		case "date-local":
			return stamp(v, true)
		case "time-local":
			return v.Format("15:04:05.999999999")
		case "datetime-local": // in UTC, as YAML has it
			_, offset := v.Zone()
			v = v.Add(time.Duration(offset) * time.Second).UTC()
		}
		return stamp(v, false)
	case map[string]any:
		for k := range v {
			v[k] = fromTOML(v[k])
		}
		return v
	case []map[string]any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = v[i]
		}
		return list
	case []any:
		for i := range v {
			v[i] = fromTOML(v[i])
		}
		return v
	}
	return v
}

// yaml says whether the text is the entries of a mapping, as front matter is.
// One entry that cannot be read does not take the others along.
func (m *matter) yaml() bool {
	entries, err := parseYAML(m.text)
	if err == nil {
		if entries == nil {
			if at := m.namesGroups(); at > 0 {
				m.Lock(at, corpus.GroupsKey, "stands in front matter that is no mapping of keys to values")
			}
			return strings.TrimSpace(m.text) == ""
		}
		m.take(entries, m.line)
		return true
	}
	line := m.line
	for _, part := range topLevel(m.text) {
		entries, err := parseYAML(part)
		if err != nil || entries == nil && strings.TrimSpace(part) != "" && part[0] != '#' {
			key, _, _ := strings.Cut(part, ":")
			at, reason := line, "it is no entry of a mapping"
			if err != nil {
				at, reason = placed(line, err)
			}
			m.unread(part, strings.Trim(strings.TrimSpace(key), `"'`), at, reason)
		}
		m.take(entries, line)
		line += strings.Count(part, "\n")
	}
	return true
}

// placed takes the line out of an error of the library, which counts from the one
// that its text began with.
func placed(line int, err error) (int, string) {
	reason := strings.TrimPrefix(err.Error(), "yaml: ")
	if n, rest, ok := strings.Cut(strings.TrimPrefix(reason, "line "), ": "); ok {
		if n, err := strconv.Atoi(n); err == nil {
			line, reason = line+n-1, rest
		}
	}
	return line, "malformed YAML: " + reason
}

func (m *matter) take(entries []entry, line int) {
	for _, e := range entries {
		m.set(line+e.line-1, e.key, e.value)
	}
}

// topLevel cuts YAML before each line that may begin an entry of the outermost
// mapping.
func topLevel(text string) (parts []string) {
	from, at := 0, 0
	for line := range strings.Lines(text) {
		if c := line[0]; at > from && !strings.ContainsRune(" \t\r\n-#]})", rune(c)) {
			parts = append(parts, text[from:at])
			from = at
		}
		at += len(line)
	}
	return append(parts, text[from:])
}

type entry struct {
	line  int
	key   string
	value any
}

// parseYAML reads a mapping; nil is something else.
func parseYAML(text string) (entries []entry, err error) {
	defer recovered(&err)
	var root, more yaml.Node
	in := yaml.NewDecoder(strings.NewReader(text))
	if err := in.Decode(&root); err != nil && err != io.EOF {
		return nil, err
	}
	switch err := in.Decode(&more); {
	case err == nil:
		return nil, errors.New("something follows the mapping")
	case err != io.EOF:
		return nil, err
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode {
		return nil, nil
	}
	r := yamlReader{nodes: maxYAMLNodes}
	entries = r.mapping(root.Content[0], 0)
	if r.nodes < 0 {
		return nil, fmt.Errorf("more than %d values, aliases followed", maxYAMLNodes)
	}
	return entries, nil
}

// Bounds of what aliases may unfold to.
const (
	maxYAMLNodes = 20_000
	maxYAMLDepth = 100
)

// yamlReader turns nodes into the kinds of value that Stated.Set takes.
type yamlReader struct{ nodes int }

// mapping is the entries of a mapping in order, those that it merges last.
func (r *yamlReader) mapping(n *yaml.Node, depth int) []entry {
	entries := make([]entry, 0, len(n.Content)/2)
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Tag == "!!merge" {
			merged = append(merged, v)
			continue
		}
		if k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		entries = append(entries, entry{k.Line, k.Value, r.value(v, depth+1)})
	}
	own := map[string]bool{}
	for _, e := range entries {
		own[e.key] = true
	}
	for len(merged) > 0 && r.nodes >= 0 && depth < maxYAMLDepth {
		from := merged[0]
		merged = merged[1:]
		r.nodes--
		switch from.Kind {
		case yaml.AliasNode:
			merged = append(merged, from.Alias)
		case yaml.SequenceNode:
			merged = append(merged, from.Content...)
		case yaml.MappingNode:
			for _, e := range r.mapping(from, depth+1) {
				if !own[e.key] {
					own[e.key] = true
					entries = append(entries, e)
				}
			}
		}
	}
	return entries
}

func (r *yamlReader) value(n *yaml.Node, depth int) any {
	if r.nodes--; r.nodes < 0 || depth > maxYAMLDepth {
		r.nodes = -1
		return nil
	}
	switch n.Kind {
	case yaml.AliasNode:
		return r.value(n.Alias, depth+1)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			list[i] = r.value(c, depth+1)
		}
		return list
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for _, e := range r.mapping(n, depth) {
			m[e.key] = e.value
		}
		return m
	}
	return scalar(n)
}

// scalar is the value of a node by its tag; one that does not fit stays text.
func scalar(n *yaml.Node) any {
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		var b bool
		if n.Decode(&b) == nil {
			return b
		}
	case "!!int":
		if json.Valid([]byte(n.Value)) {
			return json.Number(n.Value)
		}
		var i int64
		if n.Decode(&i) == nil {
			return json.Number(strconv.FormatInt(i, 10))
		}
	case "!!float":
		var f float64
		if n.Decode(&f) == nil {
			return finite(f)
		}
	case "!!timestamp":
		var t time.Time
		if n.Decode(&t) == nil {
			return stamp(t, !strings.Contains(n.Value, ":"))
		}
	}
	return n.Value
}

// finite keeps what JSON has no number for as text.
func finite(f float64) any {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return f
}

// stamp writes a time as RFC 3339 has it, a date without the time of day.
func stamp(t time.Time, date bool) string {
	if date {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339Nano)
}

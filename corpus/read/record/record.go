// Package record reads files of records, each of which is a document: JSON Lines.
package record

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/vector"
)

// Read reads JSON Lines: one object a line with "_id" or "id" (a string or
// a number), "title", "text" (or "contents"), "metadata", and learned sparse
// vectors: "vector", an object of term: weight, or several by field in "vectors".
// Other keys are metadata too. Options.Fields name other keys.
// The stored source is the value of "text", all of which stands at the line of
// the record. A line that is no such object is skipped with its number.
func Read(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	in := bufio.NewReaderSize(f.Reader(), 64<<10)
	var line []byte
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		var long bool
		var err error
		line, long, err = readLine(in, line[:0], o.MaxBytes)
		if err != nil && !errors.Is(err, io.EOF) {
			if ctx.Err() != nil {
				return err
			}
			s := format.SkipOf(f.Path, err)
			s.Line, s.Rest = n, true
			return s
		}
		ended := err != nil
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte(format.BOM))
		}
		if len(bytes.TrimSpace(line)) == 0 && !long {
			if ended {
				return nil
			}
			continue
		}
		more := true
		if long {
			s := f.Skip("line is longer than the limit of %d bytes (MaxFileBytes)", o.MaxBytes)
			s.Line = n
			more = yield(corpus.Document{Type: kind}, s)
		} else {
			more = deliver(f, o, line, n, yield)
		}
		if !more || ended {
			return nil
		}
	}
}

// kind is the type of records.
const kind = "jsonl"

// deliver yields the document of the record that stands at a line.
func deliver(f *format.File, o *format.Options, raw []byte, n int, yield func(corpus.Document, error) bool) bool {
	d, err := mapped(f, o.Fields, raw, n)
	if err == nil && !f.Claim(d.ID) {
		err = &format.SkipError{Path: f.Path, Taken: d.ID, Reason: fmt.Sprintf("id %q came before in this run; the first one stays", d.ID)}
	}
	if err != nil {
		s := &format.SkipError{Path: f.Path, Reason: err.Error(), Err: err}
		if own, ok := err.(*format.SkipError); ok {
			s = own
		}
		s.Line = n
		err = s
	}
	d.Type, d.Place.Line = kind, n
	return yield(d, err)
}

// Is says whether the first line is a JSON object with a text or a vector,
// as far as it can be seen.
func Is(head []byte) bool {
	line := bytes.TrimPrefix(head, []byte(format.BOM))
	line = bytes.TrimLeft(line, " \t\r\n")
	if len(line) == 0 || line[0] != '{' {
		return false
	}
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	} else if len(head) >= format.HeadBytes && !json.Valid(line) { // the line goes on
		return bytes.Contains(line, []byte(`"text"`)) || bytes.Contains(line, []byte(`"vector"`))
	}
	var rec map[string]json.RawMessage
	return json.Unmarshal(line, &rec) == nil && (rec["text"] != nil || rec["title"] != nil || rec["vector"] != nil || rec["vectors"] != nil)
}

// readLine appends the next line without its line break to buf. A line of more
// than limit bytes is read to its end, but not kept.
func readLine(in *bufio.Reader, buf []byte, limit int64) (line []byte, long bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if int64(len(buf)+len(part)) > limit+1 {
			buf, long = buf[:0], true
		}
		if !long {
			buf = append(buf, part...)
		}
		if err == nil {
			return bytes.TrimSuffix(buf, []byte("\n")), long, nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return buf, long, err
		}
	}
}

// record parses line n.
func record(line []byte, n int) (d corpus.Document, err error) {
	var rec struct {
		UnderID  json.RawMessage `json:"_id"`
		ID       json.RawMessage `json:"id"`
		Title    string          `json:"title"`
		Text     string          `json:"text"`
		Contents string          `json:"contents"`
		Metadata metadata        `json:"metadata"`

		Vector  json.RawMessage            `json:"vector"`
		Vectors map[string]json.RawMessage `json:"vectors"`
	}
	if err := json.Unmarshal(line, &rec); err != nil {
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		switch {
		case errors.As(err, &syntax):
			return d, fmt.Errorf("malformed JSON at byte %d: %w", syntax.Offset, err)
		case errors.As(err, &kind) && kind.Field == "":
			return d, fmt.Errorf("not a JSON object: %s", kind.Value)
		case errors.As(err, &kind):
			want := "a " + kind.Type.String()
			if kind.Type.Kind() == reflect.Map {
				want = "an object"
			}
			return d, fmt.Errorf("%q is a %s, want %s", strings.Trim(kind.Field, "."), kind.Value, want)
		}
		return d, err
	}
	raw := rec.UnderID
	if len(raw) == 0 {
		raw = rec.ID
	}
	if d.ID, err = recordID(raw); err != nil {
		return d, err
	}
	d.Title, d.Source = rec.Title, cmp.Or(rec.Text, rec.Contents)
	if err := setVectors(&d, rec.Vector, rec.Vectors); err != nil {
		return d, err
	}
	if d.Source == "" && d.Title == "" && len(d.Vectors) == 0 {
		return d, fmt.Errorf("record %q is empty: it has neither text nor title nor vector", d.ID)
	}
	return d, setMetadata(&d, n, line, rec.Metadata)
}

// known are the keys of a record that are not metadata, as encoding/json takes
// them: in any case.
var known = []string{"_id", "id", "title", "text", "contents", "metadata", "vector", "vectors"}

// maxStray is how long, as JSON, a value beside the known keys may be: longer
// ones are texts and lists of numbers rather than what one would filter by.
const maxStray = 4 << 10

// setMetadata takes what is under "metadata", and other keys of the record.
func setMetadata(d *corpus.Document, n int, line []byte, under metadata) error {
	s := format.State(d)
	for _, k := range slices.Sorted(maps.Keys(under)) {
		s.Set(n, k, under[k])
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(line, &all); err != nil {
		return err
	}
	for _, k := range slices.Sorted(maps.Keys(all)) {
		if slices.ContainsFunc(known, func(name string) bool { return strings.EqualFold(name, k) }) {
			continue
		}
		isGroups := strings.EqualFold(strings.TrimSpace(k), corpus.GroupsKey)
		if len(all[k]) > maxStray && !isGroups {
			s.Warn(n, k, `is not taken: outside "metadata" a value has at most %d bytes`, maxStray)
			continue
		}
		var v any
		if err := decode(all[k], &v); err != nil {
			return err
		}
		if _, twice := under[k]; twice && !isGroups && v != nil {
			s.Warn(n, k, `is not taken: "metadata" has a key of that name`)
			continue
		}
		s.Set(n, k, v)
	}
	return nil
}

// setVectors parses the vectors of a record; null is none.
func setVectors(d *corpus.Document, one json.RawMessage, byField map[string]json.RawMessage) error {
	set := func(field string, raw json.RawMessage) error {
		if len(raw) == 0 || string(raw) == "null" {
			return nil
		}
		v, err := vector.Parse(raw)
		if err != nil {
			return fmt.Errorf("record %q: field %q: %w", d.ID, field, err)
		}
		if d.Vectors == nil {
			d.Vectors = map[string]vector.Value{}
		}
		if d.Vectors[field] != nil {
			return fmt.Errorf("record %q: field %q has two vectors", d.ID, field)
		}
		d.Vectors[field] = v
		return nil
	}
	if err := set("vector", one); err != nil {
		return err
	}
	for _, field := range slices.Sorted(maps.Keys(byField)) {
		if err := set(field, byField[field]); err != nil {
			return err
		}
	}
	return nil
}

func recordID(raw json.RawMessage) (string, error) {
	var id string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return "", errors.New(`record has no "_id" or "id"`)
	case raw[0] == '"':
		if err := json.Unmarshal(raw, &id); err != nil {
			return "", err
		}
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		id = string(raw)
	default:
		return "", errors.New(`"_id" or "id" is neither a string nor a number`)
	}
	if id == "" {
		return "", errors.New(`"_id" or "id" is empty`)
	}
	return id, nil
}

type metadata map[string]any

// UnmarshalJSON implements json.Unmarshaler.
func (m *metadata) UnmarshalJSON(data []byte) error { return decode(data, (*map[string]any)(m)) }

// decode keeps the digits of numbers, which float64 cannot all hold.
func decode(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(v)
}

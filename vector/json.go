package vector

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
)

// maxLine bounds a line, in bytes: a longer one is skipped without being held.
const maxLine = 256 << 20

// ReadJSON reads JSON Lines. name is what errors call the file.
func ReadJSON(name string, r io.Reader, v *Vocabulary) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		in := bufio.NewReaderSize(r, 256<<10)
		var line []byte
		var entries []entry
		for n := 1; ; n++ {
			bad := func(err error) error {
				return &InputError{File: name, Place: "line " + strconv.Itoa(n), Err: err}
			}
			var long bool
			var err error
			line, long, err = readLine(in, line[:0])
			if err != nil && !errors.Is(err, io.EOF) {
				if errors.Is(err, io.ErrUnexpectedEOF) {
					err = ErrTruncated
				}
				yield(Document{}, bad(err))
				return
			}
			last := err != nil
			if n == 1 {
				line = bytes.TrimPrefix(line, []byte("\ufeff"))
			}
			switch {
			case long:
				err = fmt.Errorf("%w: line is longer than %d bytes", ErrFormat, maxLine)
			case len(bytes.TrimSpace(line)) == 0:
				if last {
					return
				}
				continue
			default:
				var d Document
				if d, entries, err = parseRecord(line, entries[:0], v); err == nil {
					if !yield(d, nil) || last {
						return
					}
					continue
				}
			}
			if !yield(Document{}, bad(err)) || last {
				return
			}
		}
	}
}

// readLine appends the next line to buf, without its line break. What is longer than
// maxLine is read and dropped.
func readLine(in *bufio.Reader, buf []byte) (line []byte, long bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if len(buf)+len(part) > maxLine {
			buf, long = buf[:0], true
		}
		if !long {
			buf = append(buf, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimSuffix(buf, []byte("\n")), long, err
		}
	}
}

func parseRecord(line []byte, entries []entry, v *Vocabulary) (Document, []entry, error) {
	var rec struct {
		ID       json.RawMessage `json:"id"`
		UnderID  json.RawMessage `json:"_id"`
		Contents string          `json:"contents"`
		Vector   json.RawMessage `json:"vector"`
	}
	if err := json.Unmarshal(line, &rec); err != nil {
		return Document{}, entries, jsonError(line, err)
	}
	raw := rec.ID
	if raw == nil {
		raw = rec.UnderID
	}
	d := Document{Contents: rec.Contents}
	var err error
	if d.ID, err = parseID(raw); err != nil {
		return Document{}, entries, err
	}
	if kind, ok := kindOf(rec.Vector); ok && kind != KindSparse {
		d.Dense, err = Parse(rec.Vector)
	} else if entries, err = parseVector(rec.Vector, entries, v); err == nil {
		d.Vector, err = assemble(entries, v.Term)
	}
	if err != nil {
		return Document{}, entries, fmt.Errorf("document %q: %w", d.ID, err)
	}
	return d, entries, nil
}

// jsonError words an error of package json.
func jsonError(line []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		// Some writers put NaN and Infinity into JSON, which has no word for them.
		for _, word := range []string{"-Infinity", "NaN", "Infinity"} {
			for back := int64(1); back <= 2; back++ { // the decoder reads "-I" before it objects
				if at := syntax.Offset - back; at >= 0 && bytes.HasPrefix(line[at:], []byte(word)) {
					return fmt.Errorf("%w: %s at byte %d", ErrWeight, word, at+1)
				}
			}
		}
		return fmt.Errorf("%w JSON at byte %d: %w", ErrFormat, syntax.Offset, err)
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Errorf("%w: JSON of kind %s where an object is wanted", ErrFormat, kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("%w: %q is a %s, not a string", ErrFormat, kind.Field, kind.Value)
	}
	return fmt.Errorf("%w: %w", ErrFormat, err)
}

func parseID(raw json.RawMessage) (id string, err error) {
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return "", fmt.Errorf(`%w: no "id" or "_id"`, ErrFormat)
	case raw[0] == '"':
		err = json.Unmarshal(raw, &id)
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		id = string(raw)
	}
	if id == "" {
		return "", fmt.Errorf(`%w: "id" is neither a number nor a string with characters`, ErrFormat)
	}
	return id, err
}

// parseVector reads an object of term: weight into entries.
func parseVector(raw json.RawMessage, entries []entry, v *Vocabulary) ([]entry, error) {
	if len(raw) == 0 {
		return entries, fmt.Errorf(`%w: no "vector"`, ErrFormat)
	}
	err := eachWeight(raw, func(term []byte, weight float32) error {
		entries = append(entries, entry{v.addBytes(term), weight})
		return nil
	})
	return entries, err
}

// kindOf tells the kind of a vector by its JSON: an object is sparse, a list is
// dense, a list of lists is multi. What is nothing of these is no vector.
func kindOf(raw []byte) (kind Kind, ok bool) {
	switch {
	case len(raw) == 0:
		return 0, false
	case raw[0] == '{':
		return KindSparse, true
	case raw[0] != '[':
		return 0, false
	case raw[skipBlank(raw, 1)] == '[':
		return KindMulti, true
	}
	return KindDense, true
}

// eachWeight calls f for each member of an object of term: weight. raw is valid
// JSON; the scan by hand is what sees a key that comes twice, and several times
// faster. A term is valid until f returns.
func eachWeight(raw []byte, f func(term []byte, weight float32) error) error {
	i := skipBlank(raw, 0)
	kind, ok := kindOf(raw[i:])
	if !ok {
		return fmt.Errorf(`%w: "vector" is not an object of term: weight`, ErrFormat)
	}
	if kind != KindSparse {
		return fmt.Errorf("%w: a %s vector where an object of term: weight is wanted", ErrKind, kind)
	}
	for i++; ; {
		i = skipBlank(raw, i)
		if raw[i] == ',' {
			i = skipBlank(raw, i+1)
		}
		if raw[i] == '}' {
			return nil
		}
		end, escaped := stringEnd(raw, i)
		term := raw[i+1 : end-1]
		if escaped {
			var s string
			if err := json.Unmarshal(raw[i:end], &s); err != nil {
				return fmt.Errorf("%w: %w", ErrFormat, err)
			}
			term = []byte(s)
		}
		i = skipBlank(raw, skipBlank(raw, end)+1) // past the colon
		if c := raw[i]; c != '-' && (c < '0' || c > '9') {
			return fmt.Errorf("%w: the weight of term %q is not a number", ErrWeight, term)
		}
		start := i
		for c := raw[i]; c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E' || c >= '0' && c <= '9'; c = raw[i] {
			i++
		}
		// A number out of range gives ±Inf, and an error that is not needed.
		w, _ := strconv.ParseFloat(string(raw[start:i]), 64)
		if err := checkWeight(string(term), w); err != nil {
			return err
		}
		if err := f(term, float32(w)); err != nil {
			return err
		}
	}
}

func skipBlank(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n' {
		i++
	}
	return i
}

// stringEnd returns the index after the string that starts at i.
func stringEnd(b []byte, i int) (end int, escaped bool) {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			escaped = true
			i++
		}
	}
	return i + 1, escaped
}

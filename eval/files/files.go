// Package files reads the files of evaluations: gzipped or not, and the JSON
// Lines of queries, documents and questions.
package files

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// Open opens a file to read: gzipped or not, by its first bytes; "-" is standard
// input.
func Open(path string) (io.ReadCloser, error) {
	f := os.Stdin
	if path != "-" {
		var err error
		if f, err = os.Open(path); err != nil {
			return nil, err
		}
	}
	b := bufio.NewReaderSize(f, 64<<10)
	if magic, _ := b.Peek(2); string(magic) != "\x1f\x8b" {
		return &file{b, f}, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: damaged gzip: %w", path, err)
	}
	return &file{z, f}, nil
}

// Read opens a file for a reader that names it in errors.
func Read[T any](path string, read func(name string, r io.Reader) (T, error)) (v T, err error) {
	f, err := Open(path)
	if err != nil {
		return v, err
	}
	defer f.Close()
	return read(path, f)
}

type file struct {
	io.Reader
	f *os.File
}

func (f *file) Close() error {
	if f.f == os.Stdin {
		return nil
	}
	return f.f.Close()
}

// Record is the union of the JSON objects that evaluation files hold.
type Record struct {
	RawID    json.RawMessage   `json:"id"`
	UnderID  json.RawMessage   `json:"_id"`
	Title    string            `json:"title"`
	Text     string            `json:"text"`
	Group    json.RawMessage   `json:"group"`
	Question string            `json:"question"`
	Kind     string            `json:"kind"`
	Answers  []json.RawMessage `json:"answers"`
	Evidence []Range           `json:"evidence"`

	Sentences  []string `json:"sentences"`
	Boundaries []int    `json:"boundaries"`
}

// Range is the bytes [Start, End) of a document's text.
type Range struct {
	Doc   string  `json:"doc"`
	Start int     `json:"start"`
	End   int     `json:"end"`
	Also  []Range `json:"also"` // other places where the same stands
	Text  string  `json:"text"` // what stands there
}

var errNoID = errors.New(`has no "id" or "_id"`)

// ID is "id", or "_id" where that is missing or empty.
func (r *Record) ID() (string, error) {
	for _, raw := range []json.RawMessage{r.RawID, r.UnderID} {
		if s, ok := Scalar(raw); ok && s != "" {
			return s, nil
		}
	}
	return "", errNoID
}

// Scalar is a string as it is, and a number or a boolean as Python prints it,
// which the independent judge does; false where raw is none of these.
func Scalar(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", false
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s, true
	}
	switch raw[0] {
	case '{', '[':
		return "", false
	case 't':
		return "True", true
	case 'f':
		return "False", true
	}
	return string(raw), true
}

const maxJSONLine = 1 << 30

// Lines calls f for every line that is not blank. Errors, those of f included,
// name the file and line.
func Lines(name string, r io.Reader, f func(*Record) error) error {
	in := bufio.NewReaderSize(r, 1<<20)
	for n := 1; ; n++ {
		line, err := readLine(in)
		if err != nil && err != io.EOF {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if t := bytes.TrimSpace(line); len(t) > 0 {
			var rec Record
			if bad := json.Unmarshal(t, &rec); bad != nil {
				return fmt.Errorf("%s:%d: not a JSON object of this kind: %w", name, n, bad)
			}
			if bad := f(&rec); bad != nil {
				return fmt.Errorf("%s:%d: %w", name, n, bad)
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

func readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		return line, err
	}
	long := append([]byte(nil), line...)
	for err == bufio.ErrBufferFull {
		line, err = in.ReadSlice('\n')
		if long = append(long, line...); len(long) > maxJSONLine {
			return nil, errors.New("line longer than " + strconv.Itoa(maxJSONLine>>20) + " MiB")
		}
	}
	return long, err
}

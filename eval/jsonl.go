package eval

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

// record is the union of the JSON objects that evaluation files hold.
type record struct {
	ID       json.RawMessage   `json:"id"`
	UnderID  json.RawMessage   `json:"_id"`
	Title    string            `json:"title"`
	Text     string            `json:"text"`
	Group    json.RawMessage   `json:"group"`
	Question string            `json:"question"`
	Answers  []json.RawMessage `json:"answers"`
	Evidence []Span            `json:"evidence"`

	Sentences  []string `json:"sentences"`
	Boundaries []int    `json:"boundaries"`
}

var errNoID = errors.New(`has no "id" or "_id"`)

func (r *record) id() (string, error) {
	for _, raw := range []json.RawMessage{r.ID, r.UnderID} {
		if s, ok := scalar(raw); ok && s != "" {
			return s, nil
		}
	}
	return "", errNoID
}

// scalar is a string as it is, and a number or a boolean as Python prints it,
// which the independent judge does.
func scalar(raw json.RawMessage) (string, bool) {
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

// jsonLines calls f for every line that is not blank.
func jsonLines(name string, r io.Reader, f func(*record) error) error {
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
			var rec record
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

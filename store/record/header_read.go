package record

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// ReadHeader reads a stored header. A search reads one for each hit, where encoding/json
// would take half of its time: headers as they are written are read here, all others there.
// Error: ErrCorrupt.
func ReadHeader(stored []byte, ordinal uint64) (*Header, error) {
	h := &Header{}
	if !h.scan(stored) {
		*h = Header{}
		if err := json.Unmarshal(stored, h); err != nil {
			return nil, fmt.Errorf("document number %d: %w: %w", ordinal, ErrCorrupt, err)
		}
	}
	h.Ordinal = ordinal
	for k, v := range h.Metadata {
		h.Metadata[k] = typed(v)
	}
	return h, nil
}

// typed gives a metadata value its Go type back: JSON knows no []string.
func typed(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	out := make([]string, 0, len(list))
	for _, x := range list {
		s, ok := x.(string)
		if !ok {
			return v
		}
		out = append(out, s)
	}
	return out
}

// headerKeys are the keys of a header in the order in which they are written.
var headerKeys = [...]string{"id", "path", "title", "type", "lang", "role", "mtime", "metadata", "analyzer", "size", "vectors", "attached", "coding", "digest"}

// scan reads a header without white space or escapes, its keys in their order. Where it
// returns false, the bytes are something else, and h is half read.
func (h *Header) scan(b []byte) bool {
	if len(b) == 0 || b[0] != '{' {
		return false
	}
	b = b[1:]
	for at := 0; ; at++ {
		key, rest, ok := scanString(b)
		if !ok || len(rest) == 0 || rest[0] != ':' {
			return false
		}
		for at < len(headerKeys) && headerKeys[at] != string(key) {
			at++
		}
		if at == len(headerKeys) {
			return false
		}
		if b, ok = h.scanField(headerKeys[at], rest[1:]); !ok || len(b) == 0 {
			return false
		}
		if b[0] == '}' {
			return len(b) == 1
		}
		if b[0] != ',' {
			return false
		}
		b = b[1:]
	}
}

// scanField reads the value of a key at the beginning of b.
func (h *Header) scanField(key string, b []byte) (rest []byte, ok bool) {
	switch key {
	case "id":
		return scanInto(&h.ID, b)
	case "path":
		return scanInto(&h.Path, b)
	case "title":
		return scanInto(&h.Title, b)
	case "type":
		return scanInto(&h.Type, b)
	case "lang":
		return scanInto(&h.Lang, b)
	case "role":
		return scanInto(&h.Role, b)
	case "analyzer":
		return scanInto(&h.Analyzer, b)
	case "coding":
		return scanInto(&h.Coding, b)
	case "vectors":
		return scanBase64(&h.Vectors, b)
	case "digest":
		return scanBase64(&h.Digest, b)
	case "size":
		n := 0
		for n < len(b) && n < 18 && b[n] >= '0' && b[n] <= '9' {
			n++
		}
		if n == 0 || n > 1 && b[0] == '0' {
			return nil, false
		}
		var err error
		h.Size, err = strconv.Atoi(string(b[:n]))
		return b[n:], err == nil
	case "mtime":
		raw, rest, ok := scanString(b)
		if !ok {
			return nil, false
		}
		return rest, h.ModTime.UnmarshalText(raw) == nil
	case "metadata", "attached":
		n := scanNested(b)
		if n == 0 {
			return nil, false
		}
		var into any = &h.Metadata
		if key == "attached" {
			into = &h.Attached
		}
		return b[n:], json.Unmarshal(b[:n], into) == nil
	}
	return nil, false
}

func scanInto(s *string, b []byte) (rest []byte, ok bool) {
	raw, rest, ok := scanString(b)
	*s = string(raw)
	return rest, ok
}

func scanBase64(into *[]byte, b []byte) (rest []byte, ok bool) {
	raw, rest, ok := scanString(b)
	if !ok {
		return nil, false
	}
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(raw)))
	n, err := base64.StdEncoding.Decode(decoded, raw)
	*into = decoded[:n]
	return rest, err == nil
}

// scanString reads a string that has no escapes.
func scanString(b []byte) (s, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	n := bytes.IndexByte(b[1:], '"')
	if n < 0 {
		return nil, nil, false
	}
	s = b[1 : 1+n]
	for _, c := range s {
		if c == '\\' || c < ' ' {
			return nil, nil, false
		}
	}
	return s, b[n+2:], utf8.Valid(s)
}

// scanNested is the length of the object or list at the beginning of b, 0 where there is
// none that ends.
func scanNested(b []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth <= 0 {
				return i + 1
			}
		case depth == 0:
			return 0
		}
	}
	return 0
}

// Package results writes the results of searches as JSON, byte for byte as encoding/json
// does, which by reflection takes longer than to find them.
package results

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/tamis-search/tamis"
)

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Marshal writes v, and a line break: *tamis.Results fast, all else by encoding/json.
func Marshal(w io.Writer, v any) error {
	r, ok := v.(*tamis.Results)
	if !ok || r == nil {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(v)
	}
	b := buffers.Get().(*[]byte)
	defer buffers.Put(b)
	var err error
	if *b, err = appendResults((*b)[:0], r); err != nil {
		return err
	}
	*b = append(*b, '\n')
	_, err = w.Write(*b)
	return err
}

func appendResults(b []byte, r *tamis.Results) ([]byte, error) {
	b = appendString(append(b, `{"query":`...), r.Query)
	b = strconv.AppendInt(append(b, `,"k":`...), int64(r.K), 10)
	b = strconv.AppendBool(append(b, `,"exact":`...), r.Exact)
	b = appendFloat(append(b, `,"recall":`...), float64(r.Recall), 32)
	b = appendFloat(append(b, `,"took_ms":`...), r.TookMS, 64)
	if r.Plan != "" {
		b = appendString(append(b, `,"plan":`...), r.Plan)
	}
	if r.Incomplete != 0 {
		b = strconv.AppendInt(append(b, `,"incomplete":`...), int64(r.Incomplete), 10)
	}
	b = append(b, `,"hits":`...)
	if r.Hits == nil {
		return append(b, `null}`...), nil
	}
	b = append(b, '[')
	var err error
	for i := range r.Hits {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendHit(b, &r.Hits[i]); err != nil {
			return b, err
		}
	}
	return append(b, `]}`...), nil
}

func appendHit(b []byte, h *tamis.Hit) (_ []byte, err error) {
	b = strconv.AppendInt(append(b, `{"rank":`...), int64(h.Rank), 10)
	b = appendString(append(b, `,"doc":`...), h.Doc)
	b = appendString(append(b, `,"title":`...), h.Title)
	b = appendString(append(b, `,"path":`...), h.Path)
	if len(h.Headings) > 0 {
		b = appendStrings(append(b, `,"headings":`...), h.Headings)
	}
	b = strconv.AppendInt(append(b, `,"start":`...), int64(h.Start), 10)
	b = strconv.AppendInt(append(b, `,"end":`...), int64(h.End), 10)
	switch {
	case h.Place.IsZero():
	case h.Place == tamis.Place{Line: h.Place.Line}:
		b = append(strconv.AppendInt(append(b, `,"place":{"line":`...), int64(h.Place.Line), 10), '}')
	default:
		if b, err = appendAny(append(b, `,"place":`...), h.Place); err != nil {
			return b, err
		}
	}
	b = appendFloat(append(b, `,"score":`...), float64(h.Score), 32)
	b = appendString(append(b, `,"text":`...), h.Text)
	if len(h.Metadata) > 0 {
		if b, err = appendMetadata(append(b, `,"metadata":`...), h.Metadata); err != nil {
			return b, err
		}
	}
	if len(h.Dates) > 0 {
		if b, err = appendAny(append(b, `,"dates":`...), h.Dates); err != nil {
			return b, err
		}
	}
	if len(h.Lists) > 0 {
		if b, err = appendAny(append(b, `,"lists":`...), h.Lists); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

func appendMetadata(b []byte, m map[string]any) (_ []byte, err error) {
	keys := make([]string, 0, 16)
	keys = slices.AppendSeq(keys, maps.Keys(m))
	slices.Sort(keys)
	sep := byte('{')
	for _, k := range keys {
		b = append(appendString(append(b, sep), k), ':')
		sep = ','
		switch v := m[k].(type) {
		case string:
			b = appendString(b, v)
		case bool:
			b = strconv.AppendBool(b, v)
		default:
			if b, err = appendAny(b, v); err != nil {
				return b, err
			}
		}
	}
	return append(b, '}'), nil
}

func appendStrings(b []byte, list []string) []byte {
	sep := byte('[')
	for _, s := range list {
		b = appendString(append(b, sep), s)
		sep = ','
	}
	return append(b, ']')
}

// appendAny writes what is rare.
func appendAny(b []byte, v any) ([]byte, error) {
	var w bytes.Buffer
	e := json.NewEncoder(&w)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return append(b, bytes.TrimSuffix(w.Bytes(), []byte("\n"))...), err
}

// appendFloat writes a finite number as ECMAScript does. One that is not finite cannot
// come from a search; it becomes null.
func appendFloat(b []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, "null"...)
	}
	form, abs := byte('f'), math.Abs(f)
	if abs != 0 && (bits == 64 && (abs < 1e-6 || abs >= 1e21) || bits == 32 && (float32(abs) < 1e-6 || float32(abs) >= 1e21)) {
		form = 'e'
	}
	b = strconv.AppendFloat(b, f, form, -1, bits)
	if n := len(b); form == 'e' && n >= 4 && b[n-4] == 'e' && (b[n-3] == '-' || b[n-3] == '+') && b[n-2] == '0' { // e-09 is e-9
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b
}

const hexDigits = "0123456789abcdef"

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			if (r != utf8.RuneError || size > 1) && r != '\u2028' && r != '\u2029' {
				i += size
				continue
			}
			b = append(b, s[from:i]...)
			switch r {
			case '\u2028':
				b = append(b, `\u2028`...)
			case '\u2029':
				b = append(b, `\u2029`...)
			default:
				b = append(b, `\ufffd`...)
			}
		} else {
			b = append(append(b, s[from:i]...), '\\')
			switch c {
			case '"', '\\':
				b = append(b, c)
			case '\n':
				b = append(b, 'n')
			case '\t':
				b = append(b, 't')
			case '\r':
				b = append(b, 'r')
			case '\b':
				b = append(b, 'b')
			case '\f':
				b = append(b, 'f')
			default:
				b = append(b, 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
		}
		i += size
		from = i
	}
	return append(append(b, s[from:]...), '"')
}

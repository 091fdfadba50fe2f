package record

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// mapped makes a document of a record, whose keys are what fields say, or those of
// Read. A record without an id is named by its place.
func mapped(f *format.File, fields format.Fields, line []byte, n int) (corpus.Document, error) {
	if fields == nil {
		return record(line, n)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(line, &all); err != nil || all == nil {
		return record(line, n) // which says what is wrong
	}
	found := map[string]string{}
	for name, keys := range fields {
		var parts []string
		for key := range strings.SplitSeq(keys, "+") {
			raw, own := lookUp(all, strings.TrimSpace(key))
			if text := textOf(raw); text != "" {
				parts = append(parts, text)
			}
			if own {
				delete(all, strings.TrimSpace(key))
			}
		}
		found[name] = strings.Join(parts, "\n\n")
	}
	if fields["id"] == "" {
		found["id"] = textOf(all["_id"])
		if found["id"] == "" {
			found["id"] = textOf(all["id"])
		}
	}
	if found["id"] == "" {
		found["id"] = f.Part(strconv.Itoa(n))
	}
	delete(all, "_id")
	for _, name := range []string{"id", "title", "text"} {
		if _, mapped := fields[name]; mapped || name == "id" {
			all[name], _ = json.Marshal(found[name]) // a text: no error
		}
	}
	line, err := json.Marshal(all)
	if err != nil {
		return corpus.Document{}, err
	}
	d, err := record(line, n)
	if t := found["time"]; err == nil && t != "" {
		if d.ModTime, err = moment(t); err != nil {
			format.State(&d).Warn(n, fields["time"], "is not taken for the time: %s", err)
			err = nil
		}
	}
	return d, err
}

// lookUp is the value of a key, with dots between the parts of one in objects; own says
// that it is a key of the record itself.
func lookUp(all map[string]json.RawMessage, key string) (raw json.RawMessage, own bool) {
	if raw, ok := all[key]; ok {
		return raw, true
	}
	outer, inner, ok := strings.Cut(key, ".")
	if !ok || all[outer] == nil {
		return nil, false
	}
	var under map[string]json.RawMessage
	if json.Unmarshal(all[outer], &under) != nil {
		return nil, false
	}
	raw, _ = lookUp(under, inner)
	return raw, false
}

// textOf is a text, a number, or the texts of a list; "" for all else.
func textOf(raw json.RawMessage) string {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return one
	}
	var many []string
	if json.Unmarshal(raw, &many) == nil {
		return strings.Join(many, "\n")
	}
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') {
		return string(raw)
	}
	return ""
}

// moment reads a time as people and programs write it; a number counts seconds or
// milliseconds since 1970.
func moment(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", time.RFC1123Z, time.RFC1123} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	if x, err := strconv.ParseFloat(s, 64); err == nil && x > 0 && x < 1e14 {
		if x > 1e11 {
			x /= 1000
		}
		return time.UnixMilli(int64(x * 1000)).UTC(), nil
	}
	return time.Time{}, fmt.Errorf("%.40q is no time such as 2006-01-02T15:04:05Z", s)
}

// listed reads each object of a list as a record.
func listed(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	text, err := f.Text(nil)
	if err != nil {
		return err
	}
	body := strings.TrimPrefix(text, format.BOM)
	in := json.NewDecoder(strings.NewReader(body))
	damaged := func(err error) error { return f.SkipAs(format.Damaged, "malformed JSON: %s", err) }
	if _, err := in.Token(); err != nil {
		return damaged(err)
	}
	line, at := 1, 0
	for in.More() {
		if err := ctx.Err(); err != nil {
			return err
		}
		var raw json.RawMessage
		if err := in.Decode(&raw); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
				err = errors.New("it ends within a value")
			}
			s := damaged(err).(*format.SkipError)
			s.Line, s.Rest = line, true
			return s
		}
		start := int(in.InputOffset()) - len(raw)
		line += strings.Count(body[at:start], "\n")
		at = start
		if !deliver(f, o, raw, line, yield) {
			return nil
		}
	}
	return nil
}

package record

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// List reads a JSON file that is a list of objects. Where they are flat and have the
// same few keys, they are the rows of a table under a header of the keys; else each is
// a run of items, "key: value", with dots between the keys of what is nested, and long
// values are paragraphs.
var List = format.Costly("json", "", nil, format.Cost{Byte: 8}, readList, readWhole)

const (
	mostColumns = 40
	longValue   = 200 // bytes
	maxFlat     = 32  // levels
)

// IsList says whether a file begins as a list of objects.
func IsList(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte(format.BOM)), " \t\r\n")
	if len(head) == 0 || head[0] != '[' {
		return false
	}
	head = bytes.TrimLeft(head[1:], " \t\r\n")
	return len(head) > 0 && head[0] == '{'
}

func readWhole(_ context.Context, d *corpus.Document, text string) error {
	d.Source = text
	return nil
}

// pair is a value of an object, as text, under its keys.
type pair struct{ key, value string }

// entry is an object of a list.
type entry struct {
	pairs      []pair
	nested     bool
	start, end int // bytes of the file
}

func readList(ctx context.Context, d *corpus.Document, text string) error {
	in := json.NewDecoder(strings.NewReader(text))
	if _, err := in.Token(); err != nil {
		return &format.SkipError{Reason: "malformed JSON: " + err.Error(), Status: format.Damaged}
	}
	var all []entry
	for in.More() {
		if err := ctx.Err(); err != nil {
			return err
		}
		var raw json.RawMessage
		if err := in.Decode(&raw); err != nil {
			if len(all) == 0 {
				return &format.SkipError{Reason: "malformed JSON: " + err.Error(), Status: format.Damaged}
			}
			d.Warnings = append(d.Warnings, corpus.Warning{Line: 1 + strings.Count(text[:min(int(in.InputOffset()), len(text))], "\n"), Key: "records", Reason: "end here, for the file is damaged: " + err.Error()})
			break
		}
		end := int(in.InputOffset())
		e := entry{start: end - len(raw), end: end}
		each := json.NewDecoder(bytes.NewReader(raw))
		each.UseNumber()
		e.flatten(each, "", 0)
		all = append(all, e)
	}
	var x format.Extract
	if columns := shared(all); columns != nil {
		rows(&x, all, columns)
	} else {
		items(&x, all)
	}
	x.Put(d)
	return nil
}

// flatten takes the next value of in. That it is valid JSON is known.
func (e *entry) flatten(in *json.Decoder, key string, depth int) {
	t, err := in.Token()
	if err != nil {
		return
	}
	if _, opens := t.(json.Delim); opens && depth > maxFlat { // it is left out
		for open := 1; open > 0; {
			switch t, err := in.Token(); {
			case err != nil:
				return
			case t == json.Delim('{') || t == json.Delim('['):
				open++
			case t == json.Delim('}') || t == json.Delim(']'):
				open--
			}
		}
		return
	}
	under := func(k string) string {
		if key == "" {
			return k
		}
		return key + "." + k
	}
	switch v := t.(type) {
	case json.Delim:
		e.nested = e.nested || depth > 0
		for in.More() && v == '{' {
			k, err := in.Token()
			name, _ := k.(string)
			if err != nil {
				return
			}
			e.flatten(in, under(name), depth+1)
		}
		for in.More() && v == '[' { // members of a list have the key of the list
			e.flatten(in, key, depth+1)
		}
		_, _ = in.Token()
	case string:
		e.pairs = append(e.pairs, pair{key, v})
	case json.Number:
		e.pairs = append(e.pairs, pair{key, v.String()})
	case bool:
		e.pairs = append(e.pairs, pair{key, strconv.FormatBool(v)})
	}
}

// shared are the columns of a list whose objects are flat and alike; nil for others.
func shared(all []entry) (columns []string) {
	seen := map[string]int{}
	cells := 0
	for i := range all {
		if all[i].nested {
			return nil
		}
		for _, p := range all[i].pairs {
			if seen[p.key]++; seen[p.key] == 1 {
				columns = append(columns, p.key)
			}
			if len(columns) > mostColumns || len(p.value) > 4*longValue {
				return nil
			}
			cells++
		}
	}
	if len(all) < 2 || 2*cells < len(all)*len(columns) {
		return nil
	}
	return columns
}

func rows(x *format.Extract, all []entry, columns []string) {
	header := slices.Clone(columns)
	x.Add(corpus.Block{Kind: corpus.TableRow, FileStart: all[0].start, FileEnd: all[0].start}, line(header))
	for _, e := range all {
		cells := make([]string, len(columns))
		for _, p := range e.pairs {
			cells[slices.Index(columns, p.key)] = p.value
		}
		x.Add(corpus.Block{Kind: corpus.TableRow, FileStart: e.start, FileEnd: e.end}, line(cells))
	}
}

func items(x *format.Extract, all []entry) {
	for _, e := range all {
		b := corpus.Block{Kind: corpus.ListItem, FileStart: e.start, FileEnd: e.end}
		x.Part()
		last := ""
		for _, p := range e.pairs {
			p.key = strings.Join(strings.Fields(p.key), " ")
			text := p.key + ": " + strings.TrimSpace(p.value)
			if p.key == last { // of a list
				text = strings.TrimSpace(p.value)
			}
			last = p.key
			if b.Kind = corpus.ListItem; len(p.value) > longValue {
				b.Kind = corpus.Paragraph
			} else {
				text = strings.Join(strings.Fields(text), " ")
			}
			x.Add(b, text)
		}
	}
}

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
	"github.com/tamis-search/tamis/corpus/read/nested"
)

// List reads a JSON file that is a list of objects. Where they are flat and have the
// same few keys, they are the rows of a table under a header of the keys; else it is
// read as nested data. With Options.Fields each object is a record, and a document.
func List(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	if o.Fields != nil {
		return listed(ctx, f, o, yield)
	}
	return list(ctx, f, o, yield)
}

var list = format.Costly("json", "", nil, format.Cost{Byte: 50}, readList, readWhole)

const (
	mostColumns = 40
	longValue   = 800 // bytes
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

// pair is a value of an object, as text, under its key.
type pair struct{ key, value string }

// entry is an object of a list.
type entry struct {
	pairs      []pair
	start, end int // bytes of the file
}

func readList(ctx context.Context, d *corpus.Document, text string) error {
	all, flat := flatObjects(ctx, d, text)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if columns := shared(all); flat && columns != nil {
		var x format.Extract
		rows(&x, all, columns)
		x.Put(d)
		return nil
	}
	d.Warnings = nil
	return nested.ParseJSON(ctx, d, text, func(_ context.Context, d *corpus.Document, text string) error {
		d.Type, d.Lang, d.Source = "code", "json", text
		return nil
	})
}

// flatObjects are the objects of a list, as many as are whole; flat says that none of
// them holds another.
func flatObjects(ctx context.Context, d *corpus.Document, text string) (all []entry, flat bool) {
	in := json.NewDecoder(strings.NewReader(text))
	if _, err := in.Token(); err != nil {
		return nil, false
	}
	for in.More() && ctx.Err() == nil {
		var raw json.RawMessage
		if err := in.Decode(&raw); err != nil {
			d.Warnings = append(d.Warnings, corpus.Warning{Line: 1 + strings.Count(text[:min(int(in.InputOffset()), len(text))], "\n"), Key: "records", Reason: "end here, for the file is damaged: " + err.Error()})
			break
		}
		end := int(in.InputOffset())
		e := entry{start: end - len(raw), end: end}
		if e.pairs, flat = pairs(raw); !flat {
			return nil, false
		}
		all = append(all, e)
	}
	return all, len(all) > 0
}

// pairs are those of a flat object. That it is valid JSON is known.
func pairs(raw json.RawMessage) (all []pair, flat bool) {
	in := json.NewDecoder(bytes.NewReader(raw))
	in.UseNumber()
	if t, err := in.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	for in.More() {
		k, err := in.Token()
		if err != nil {
			return nil, false
		}
		key, _ := k.(string)
		v, err := in.Token()
		if err != nil {
			return nil, false
		}
		switch v := v.(type) {
		case json.Delim:
			return nil, false
		case string:
			all = append(all, pair{key, v})
		case json.Number:
			all = append(all, pair{key, v.String()})
		case bool:
			all = append(all, pair{key, strconv.FormatBool(v)})
		}
	}
	return all, true
}

// shared are the columns of a list whose objects are flat and alike; nil for others.
func shared(all []entry) (columns []string) {
	seen := map[string]int{}
	cells := 0
	for i := range all {
		for _, p := range all[i].pairs {
			if seen[p.key]++; seen[p.key] == 1 {
				columns = append(columns, p.key)
			}
			if len(columns) > mostColumns || len(p.value) > longValue {
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

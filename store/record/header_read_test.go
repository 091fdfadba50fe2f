package record

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis/corpus"
)

// FuzzReadHeader compares the fast reader of headers with encoding/json.
func FuzzReadHeader(f *testing.F) {
	for _, h := range headers(f) {
		f.Add(h)
	}
	for _, odd := range []string{`{}`, `{"id":"a","id":"b"}`, `{"ID":"a"}`, `{"id":"\u00e9"}`, `{"id":"a"} `, `{"id":null}`, `{"size":01}`, `{"size":99999999999999999999}`,
		`{"metadata":{"a":["x",1]}}`, `{"metadata":{"a":"}"}}`, `{"metadata":{"a":}}`, `{"digest":"A\n="}`, `{"digest":"!"}`, `{"mtime":"2020-01-01"}`, "{\"id\":\"\xff\"}", `{"attached":["v"]}`, `{"id":"a",}`, `{"nested":{}}`} {
		f.Add([]byte(odd))
	}
	f.Fuzz(func(t *testing.T, stored []byte) {
		var want Header
		wrong := json.Unmarshal(stored, &want)
		got, err := ReadHeader(stored, 7)
		if (err == nil) != (wrong == nil) {
			t.Fatalf("%q: %v, encoding/json: %v", stored, err, wrong)
		}
		if err != nil {
			return
		}
		for k, v := range want.Metadata {
			want.Metadata[k] = typed(v)
		}
		want.Ordinal = 7
		if !reflect.DeepEqual(*got, want) {
			t.Fatalf("%q: %+v, encoding/json: %+v", stored, *got, want)
		}
	})
}

func headers(t testing.TB) [][]byte {
	var all [][]byte
	for _, d := range []corpus.Document{
		{ID: "a", Source: "text"},
		{ID: "/home/ann/notes/été.md", Path: "/home/ann/notes/été.md", Title: "The \"Kettle\"", Type: "markdown", Lang: "en", Role: "documentation", ModTime: time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600)),
			Metadata: map[string]any{"year": 2020.0, "tags": []any{"a", "b"}, "draft": true}, Source: strings.Repeat("x", 40)},
		{ID: "b", Path: "b", Title: "Plain", ModTime: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Source: "y"},
	} {
		h := HeaderOf(&d, "english")
		h.Attached = []string{"v"}[:len(d.ID)%2]
		if err := h.Seal(d.Source, nil); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// TestHeadersAreReadFast: what is written has no need of encoding/json, but where a value
// has escapes.
func TestHeadersAreReadFast(t *testing.T) {
	for i, b := range headers(t) {
		if fast := new(Header).scan(b); fast != (i != 1) {
			t.Errorf("%s: %v", b, fast)
		}
	}
}

func BenchmarkReadHeader(b *testing.B) {
	stored := headers(b)[2]
	b.Run("fast", func(b *testing.B) {
		for b.Loop() {
			if _, err := ReadHeader(stored, 1); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		for b.Loop() {
			var h Header
			if err := json.Unmarshal(stored, &h); err != nil {
				b.Fatal(err)
			}
		}
	})
}

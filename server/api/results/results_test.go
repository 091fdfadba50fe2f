package results

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/tamis-search/tamis"
)

// TestResultsAsEncodingJSON holds what is written fast against encoding/json.
func TestResultsAsEncodingJSON(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		rapid.SampledFrom([]string{"<b>&", "\u2028\u2029", "\x00\x1f\x7f\b\f", "\ufffd", "\\\""}))
	rapid.Check(t, func(t *rapid.T) {
		r := &tamis.Results{
			Query: text.Draw(t, "query"), K: rapid.Int().Draw(t, "k"), Exact: rapid.Bool().Draw(t, "exact"), Recall: rapid.Float32().Draw(t, "recall"),
			TookMS: rapid.Float64().Draw(t, "took"), Plan: text.Draw(t, "plan"), Incomplete: rapid.IntRange(0, 2).Draw(t, "incomplete"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "hits") {
			seconds := 1.5
			h := tamis.Hit{
				Rank: 1, Doc: text.Draw(t, "doc"), Title: text.Draw(t, "title"), Path: text.Draw(t, "path"), Headings: rapid.SliceOf(text).Draw(t, "headings"),
				Start: rapid.Int().Draw(t, "start"), Score: rapid.Float32().Draw(t, "score"), Text: text.Draw(t, "text"),
				Place: rapid.SampledFrom([]tamis.Place{{}, {Line: 7}, {Line: 7, Sheet: "<a>"}, {Page: 2, Box: [4]float32{1, 2, 3, 4.5}}, {Seconds: &seconds}}).Draw(t, "place"),
			}
			if rapid.Bool().Draw(t, "more") {
				h.Metadata = map[string]any{text.Draw(t, "key"): text.Draw(t, "value"), "n": rapid.Float64().Draw(t, "n"), "b": true, "l": rapid.SliceOf(text).Draw(t, "l"), "nil": nil}
				h.Dates = []tamis.Dated{{Start: 1, End: 2, Text: text.Draw(t, "said"), Date: "2024-03-04"}}
				h.Lists = []tamis.ListPlace{{List: text.Draw(t, "list"), Rank: 1, Score: 0.1}}
			}
			r.Hits = append(r.Hits, h)
		}
		var got, want bytes.Buffer
		if err := Marshal(&got, r); err != nil {
			t.Fatal(err)
		}
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if err := e.Encode(r); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Fatalf("%s\n%s", got.Bytes(), want.Bytes())
		}
	})
}

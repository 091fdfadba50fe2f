package tamis

import (
	"encoding/json"
	"strings"
	"testing"
)

// dated are notes with a date of their own, and one without.
var datedNotes = []Document{
	{ID: "march", Lang: "en", Source: "The pump broke yesterday. It was mended the same evening by Ann.", Metadata: map[string]any{"date": "2024-03-05"}},
	{ID: "may", Lang: "en", Source: "The pump broke yesterday. It will be looked at in two weeks.", Metadata: map[string]any{"date": "2024-05-21"}},
	{ID: "none", Lang: "en", Source: "The pump broke yesterday. Nobody knows when this was written."},
}

func addAll(t *testing.T, ix *Index, docs []Document) {
	t.Helper()
	if _, err := ix.Add(t.Context(), func(yield func(Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
}

// TestDates: words are found by the days that they mean, and marked beside the text, never in
// it; receipts replay, those that were made without dates too.
func TestDates(t *testing.T) {
	dir := t.TempDir()
	plain, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	addAll(t, plain, datedNotes)
	const question = "how did the pump break?"
	before, err := plain.Context(t.Context(), question, Budget{Tokens: 100})
	if err != nil || strings.Contains(string(asJSON(t, before)), "dates") {
		t.Fatal(before, err)
	}
	if err := plain.Close(); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{Dates: true}, {}, {ReadOnly: true}} { // once set, it stays
		ix, err := Open(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := ix.Ready(t.Context()); err != nil || !ix.Settings().Dates {
			t.Fatal(err, ix.Settings())
		}
		for query, want := range map[string]string{"4 March 2024": "march", "2024-05-20": "may", "4 June 2024": "may"} {
			r, err := ix.Search(t.Context(), Query{Text: query})
			if err != nil || len(r.Hits) == 0 || r.Hits[0].Doc != want {
				t.Fatalf("%+v: %s: %+v, %v", o, query, r, err)
			}
			for _, h := range r.Hits {
				if (len(h.Dates) > 0) != (h.Doc != "none") {
					t.Errorf("%s has marks %v", h.Doc, h.Dates)
				}
				for _, m := range h.Dates {
					if h.Text[m.Start-h.Start:m.End-h.Start] != m.Text || strings.Contains(h.Text, m.Date) {
						t.Errorf("%+v in %q", m, h.Text)
					}
				}
			}
		}
		c, err := ix.Context(t.Context(), question, Budget{Tokens: 100})
		if err != nil || strings.Contains(c.Text, "2024") || c.Tokens != before.Tokens {
			t.Fatalf("%q after %q: %v", c.Text, before.Text, err)
		}
		if !strings.Contains(string(asJSON(t, c.Spans)), `"text":"yesterday","date":"2024-03-04"`) {
			t.Errorf("%s", asJSON(t, c.Spans))
		}
		var receipt Context
		if err := json.Unmarshal(asJSON(t, c), &receipt); err != nil {
			t.Fatal(err)
		}
		for _, r := range []*Context{&receipt, before} { // those made without it replay too
			if again, err := ix.Replay(t.Context(), r, Scope{}); err != nil || again != r.Text {
				t.Errorf("%q, %v", again, err)
			}
		}
		if err := ix.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

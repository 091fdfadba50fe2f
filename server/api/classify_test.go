package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/server/labels"
)

// learned are two labels of the examples of a file.
func learned(t *testing.T) *labels.Giver {
	var examples []classify.Example
	for _, thing := range strings.Fields("toner paper scanner printer copier feeder drawer tray lid roller cable fuser") {
		examples = append(examples, classify.Example{ID: "tickets.jsonl:" + thing, Text: "the " + thing + " is jammed", Labels: []string{"office"}})
	}
	for _, thing := range strings.Fields("milk coffee tea butter cheese bread juice water sugar honey fruit soup") {
		examples = append(examples, classify.Example{ID: "tickets.jsonl:" + thing, Text: "no " + thing + " in the fridge", Labels: []string{"kitchen"}})
	}
	for i := range examples {
		examples[i].End = len(examples[i].Text)
	}
	c, err := classify.New(t.Context(), examples, nil)
	if err != nil {
		t.Fatal(err)
	}
	return labels.New(t.Context(), labels.Options{Of: c})
}

func TestClassified(t *testing.T) {
	s := serve(t, Options{Labels: learned(t)})
	var got Classified
	s.get(t, reader, "POST", "/v1/classify", `{"texts":["the paper is jammed","is there milk in the fridge?","quantum chromodynamics"],"evidence":2}`, &got)
	if len(got.Results) != 3 || got.Results[0].Labels[0].Label != "office" || got.Results[1].Labels[0].Label != "kitchen" || !got.Results[2].None {
		t.Fatalf("%+v", got)
	}
	if e := got.Results[0].Evidence; len(e) != 2 || !strings.HasPrefix(e[0].ID, "tickets.jsonl:") || e[0].Digest == "" {
		t.Errorf("%+v", e)
	}
	w := s.ask(reader, "POST", "/v1/classify", `{"texts":["quantum chromodynamics"]}`)
	var raw struct{ Results []map[string]json.RawMessage }
	if err := json.Unmarshal(w.Body.Bytes(), &raw); err != nil || string(raw.Results[0]["labels"]) != "[]" || string(raw.Results[0]["none"]) != "true" {
		t.Error(w.Body, err)
	}
	for body, status := range map[string]int{
		`{"texts":[]}`: 422, `{"texts":[" "]}`: 422, `{}`: 422, `{"texts":["a"],"evidence":21}`: 422, `{"texts":["a"]`: 400, `{"text":"a"}`: 422,
	} {
		if w := s.ask(reader, "POST", "/v1/classify", body); w.Code != status {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	if w := s.ask(nil, "POST", "/v1/classify", `{"texts":["a"]}`); w.Code != http.StatusForbidden {
		t.Error(w.Code, w.Body)
	}
}

// TestClassifiedByDocuments: the examples are what the caller sees of a collection.
func TestClassifiedByDocuments(t *testing.T) {
	s := serve(t, Options{})
	if w := s.ask(reader, "POST", "/v1/classify", `{"texts":["a"]}`); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "--label-field") {
		t.Error(w.Code, w.Body)
	}
	s.o.Labels = labels.New(t.Context(), labels.Options{Field: "year", Library: s.lib})
	if w := s.ask(reader, "POST", "/v1/classify", `{"texts":["a"],"collection":"notes"}`); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "2024") {
		t.Error(w.Code, w.Body)
	}
	there := s.ask(other, "POST", "/v1/classify", `{"texts":["a"],"collection":"notes"}`)
	absent := s.ask(other, "POST", "/v1/classify", `{"texts":["a"],"collection":"nothing"}`)
	if there.Code != http.StatusNotFound || strings.ReplaceAll(there.Body.String(), "notes", "nothing") != absent.Body.String() {
		t.Error(there.Code, there.Body, absent.Body)
	}
	s.o.Labels = labels.New(t.Context(), labels.Options{Field: "salary", Library: s.lib})
	if w := s.ask(reader, "POST", "/v1/classify", `{"texts":["a"],"collection":"notes"}`); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "7") {
		t.Error(w.Code, w.Body)
	}
}

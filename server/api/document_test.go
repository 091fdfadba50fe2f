package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the golden document anew")

// TestDocument holds the OpenAPI document, so that a change of the interface is seen:
// go test ./server/api -run TestDocument -update writes it.
func TestDocument(t *testing.T) {
	s := serve(t, Options{Version: "0"})
	var got bytes.Buffer
	if err := json.Indent(&got, s.ask(reader, "GET", "/openapi.json", "").Body.Bytes(), "", " "); err != nil {
		t.Fatal(err)
	}
	const file = "testdata/openapi.json"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("the interface has changed: look at the difference that -update makes, and keep it where it was meant")
	}
}

// TestDocumentIsWhole: each operation says what it is for, and each field of an input what
// it means or looks like.
func TestDocumentIsWhole(t *testing.T) {
	s := serve(t, Options{})
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID, Summary string
			Tags                 []string
			Responses            map[string]any
		}
	}
	s.get(t, reader, "GET", "/openapi.json", "", &doc)
	if doc.OpenAPI != "3.1.0" {
		t.Error(doc.OpenAPI)
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if op.OperationID == "" || op.Summary == "" || len(op.Tags) == 0 || op.Responses["403"] == nil {
				t.Errorf("%s %s: %+v", method, path, op)
			}
		}
	}
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/packaging/bomschema"
)

// TestDocument: the document of a program that Go built (this test) is valid by the schema, names
// the modules with their licences, and is the same again.
func TestDocument(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	notices := filepath.Join(t.TempDir(), "notices")
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := run(program, "v1.2.3", "", notices, out); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two documents of one program differ")
	}
	if err := bomschema.Valid(first.Bytes()); err != nil {
		t.Errorf("%v\n%s", err, first.Bytes())
	}
	for _, want := range []string{`"pkg:golang/github.com/CycloneDX/cyclonedx-go@v`, `"pkg:golang/std@1.`, `"2023-11-14T22:13:20Z"`, `"v1.2.3"`, `"id": "BSD-3-Clause"`} {
		if !strings.Contains(first.String(), want) {
			t.Errorf("no %s in %s", want, first.Bytes())
		}
	}
	if err := bomschema.Valid(bytes.Replace(first.Bytes(), []byte(`"id": "BSD-3-Clause"`), []byte(`"id": "Mine"`), 1)); err == nil {
		t.Error("the schema takes a licence that there is none of: it holds nothing")
	}
	text, err := os.ReadFile(notices)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"github.com/CycloneDX/cyclonedx-go", "Apache License", "The Go Authors"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the notices do not have %q", want)
		}
	}
}

// TestNoProgram: what Go did not build is refused by name.
func TestNoProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(file, []byte("no program"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(file, "", "", "", &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
}

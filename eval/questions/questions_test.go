package questions

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/corpus/role"
)

// folder writes files and reads them as documents.
func folder(t *testing.T, files map[string]string) Documents {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	var docs []*corpus.Document
	r := read.New(read.Options{})
	for f, err := range r.Files(dir) {
		if err != nil {
			t.Fatal(err)
		}
		for d, err := range r.Documents(t.Context(), f) {
			if err != nil {
				t.Fatal(err)
			}
			if d.Role == "" {
				name, _ := filepath.Rel(dir, d.Path)
				d.Role = role.Of(&d, name)
			}
			docs = append(docs, &d)
		}
	}
	return func() iter.Seq2[*corpus.Document, error] {
		return func(yield func(*corpus.Document, error) bool) {
			for _, d := range docs {
				if !yield(d, nil) {
					return
				}
			}
		}
	}
}

var handbook = map[string]string{
	"handbook.md": `# Quern handbook

## Overview

This handbook describes the quern.

## Rotating backups

Backups are rotated by the keeper process every night at two, after the last writer has left. The oldest of ninety copies is removed first.

## Limits

| Setting | Meaning |
|---|---|
| max_writers | how many processes may write at the same time |
| grace_time | seconds that a slow reader is waited for |
| spool_size | megabytes of memory that incoming letters may take |

A spindle is a thread that carries queued letters from the spool into the archive.

See [how letters leave the spool](spool.md#leaving) for more.
`,
	"spool.md": `# The spool

## Leaving

Letters leave the spool once a spindle has copied them and the archive has confirmed their digests, oldest letter first.
`,
	"options.html": `<html><head><title>quern(1) Manual Page</title></head><body><h1>quern(1)</h1><h2>Options</h2><dl>
<dt>--dry-run</dt><dd>Show what would be archived without moving a single letter, and exit with the number of letters found.</dd>
<dt>--since=&lt;date&gt;</dt><dd>Leave out everything that arrived earlier than the given day, counted in the local time zone.</dd></dl></body></html>`,
	"queue.go": `// Package queue keeps letters in order.
package queue

// Drain hands all waiting letters to the archive and blocks until each has been
// confirmed. It returns the first failure.
func Drain() error { return nil }

// drop is internal.
func drop() {}
`,
	"queue_test.go": "package queue\n\n// TestDrain checks that draining hands every waiting letter over to somebody.\nfunc TestDrain() {}\n",
	"LICENSE":       "Permission is hereby granted, free of charge, to any person obtaining a copy.\n\nA licensee is a person who was granted rights under this licence by its holder.\n",
}

func makeAll(t *testing.T, docs Documents, seed uint64) *Made {
	t.Helper()
	made, err := Make(context.Background(), docs, Options{Count: 100, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestMake(t *testing.T) {
	docs := folder(t, handbook)
	made := makeAll(t, docs, 1)
	got := map[string]string{}
	for _, q := range made.Questions {
		got[q.Kind+": "+q.Text] = q.Quotes[0]
	}
	for q, begins := range map[string]string{
		"heading: How does rotating backups work in Quern handbook?":            "Backups are rotated by the keeper",
		"definition: What is a spindle in Quern handbook?":                      "A spindle is a thread",
		"term: What does --dry-run do in quern(1)?":                             "Show what would be archived",
		"term: What does --since do in quern(1)?":                               "Leave out everything",
		"comment: What does Drain in package queue do?":                         "Drain hands all waiting letters to the archive and blocks",
		"table: What is the meaning for grace_time in Limits (Quern handbook)?": "| grace_time",
	} {
		if !strings.HasPrefix(got[q], begins) {
			t.Errorf("%s: evidence %q", q, got[q])
		}
	}
	for q, quote := range got {
		if strings.Contains(q, "licensee") || strings.Contains(q, "TestDrain") || strings.Contains(q, "drop") || strings.Contains(q, "Overview") {
			t.Errorf("asked: %s (%s)", q, quote)
		}
	}
	if t.Failed() {
		for q, quote := range got {
			t.Logf("%s\n\t%q", q, quote)
		}
	}
	links, err := Make(t.Context(), docs, Options{Count: 9, Kinds: []string{Link}})
	if err != nil || len(links.Questions) != 1 || links.Questions[0].Text != "How letters leave the spool" || !strings.HasPrefix(links.Questions[0].Quotes[0], "Letters leave the spool once") {
		t.Errorf("links: %+v, %v", links, err)
	}
	// Evidence is bytes of documents.
	texts := map[string]string{}
	for d := range docs() {
		texts[d.ID] = d.Source
	}
	for _, q := range made.Questions {
		if e := q.Evidence[0]; texts[e.Doc][e.Start:e.End] != q.Quotes[0] {
			t.Errorf("%s: %q is not the evidence", q.ID, q.Quotes[0])
		}
	}
	if again := makeAll(t, docs, 1); !reflect.DeepEqual(made, again) {
		t.Error("the same seed made other questions")
	}
}

// A sentence that stands in two documents is evidence in both; one that stands in many is
// boilerplate, and a heading that stands over two sections asks for neither.
func TestCopies(t *testing.T) {
	files := map[string]string{}
	const said = "A tumbler is a drum that shakes dust and husks out of letters before anybody reads them.\n"
	files["a.md"] = "# Alpha mill\n\n" + said
	files["b.txt"] = "\n\nA tumbler is a drum\nthat shakes dust and husks out of letters before anybody reads them.\n"
	files["c.md"] = "# Carding the wool\n\nCarding the wool takes a pair of brushes, and patience of half a day.\n"
	files["d.md"] = "# Carding the wool\n\nWool is carded on the second floor by machines that nobody may touch.\n"
	made := makeAll(t, folder(t, files), 3)
	found := false
	for _, q := range made.Questions {
		if strings.Contains(q.Text, "arding") {
			t.Errorf("asked of two places: %s", q.Text)
		}
		if strings.Contains(q.Text, "tumbler") {
			found = len(q.Copies) == 1 && len(q.Copies[0]) == 1
		}
	}
	if !found {
		t.Errorf("the tumbler was not asked for, or its copy not seen: %+v", made.Questions)
	}
	// Another page, so that there is something to ask when the tumbler is everywhere.
	files["z.md"] = handbook["handbook.md"]
	for i := range 9 {
		files[string(rune('k'+i))+".md"] = "# Page " + string(rune('k'+i)) + "\n\nA tumbler is a drum that shakes dust and husks out of letters before anybody reads them.\n"
	}
	for _, q := range makeAll(t, folder(t, files), 3).Questions {
		if strings.Contains(q.Quotes[0], "tumbler is a drum") {
			t.Errorf("boilerplate asked for: %s", q.Text)
		}
	}
}

func TestNone(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"nothing":     {},
		"one word":    {"a.txt": "word\n"},
		"no headings": {"a.txt": strings.Repeat("and then they went home again because it was late\n", 20)},
	} {
		_, err := Make(t.Context(), folder(t, files), Options{Count: 10})
		if !errors.Is(err, ErrNone) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Make(t.Context(), folder(t, handbook), Options{Count: 10, Kinds: []string{"riddle"}}); err == nil || !strings.Contains(err.Error(), "riddle") {
		t.Errorf("an unknown kind: %v", err)
	}
}

// A set that was written is read back as it was; one whose documents changed or moved is
// found again by its texts.
func TestFile(t *testing.T) {
	made := makeAll(t, folder(t, handbook), 1)
	var b bytes.Buffer
	if err := Write(&b, made.Questions); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "questions.jsonl")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	var ids []string
	for d := range folder(t, handbook)() { // another folder
		ids, texts[d.ID] = append(ids, d.ID), "new first line\n"+d.Source
	}
	text := func(id string) (string, error) { return texts[id], nil }
	all, stale, err := Load(path, ids, text)
	if err != nil || len(stale) > 0 || len(all) != len(made.Questions) {
		t.Fatalf("%d of %d questions, stale %v, %v", len(all), len(made.Questions), stale, err)
	}
	for i, q := range all {
		e := q.Evidence[0]
		if texts[e.Doc][e.Start:e.End] != made.Questions[i].Quotes[0] || q.ID != made.Questions[i].ID || q.Kind != made.Questions[i].Kind {
			t.Errorf("%+v", q)
		}
	}
	for id := range texts {
		if strings.HasSuffix(id, "spool.md") || strings.HasSuffix(id, "handbook.md") {
			texts[id] = "gone"
		}
	}
	left, stale, err := Load(path, ids, text)
	if err != nil || len(stale) == 0 || len(left)+len(stale) != len(all) {
		t.Errorf("%d left, stale %v, %v", len(left), stale, err)
	}
	// By hand: the text alone.
	own := `{"question": "Which thread carries letters?", "evidence": [{"doc": "queue.go", "text": "Drain hands all waiting letters"}]}`
	if err := os.WriteFile(path, []byte(own), 0o666); err != nil {
		t.Fatal(err)
	}
	all, _, err = Load(path, ids, text)
	if err != nil || len(all) != 1 || all[0].Quotes[0] != "Drain hands all waiting letters" {
		t.Errorf("%+v, %v", all, err)
	}
	for _, bad := range []string{`{"question": "x"}`, `{"question": " ", "evidence": [{"doc": "queue.go", "text": "Drain"}]}`, "", `[]`} {
		if err := os.WriteFile(path, []byte(bad), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Load(path, ids, text); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

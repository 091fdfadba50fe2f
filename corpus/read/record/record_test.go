package record

import (
	"context"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/readtest"
)

func TestTable(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"commas", "name,age\nAnn,31\nBob,\n,7\n", "name\tage\nAnn\t31\nBob\n\t7"},
		{"semicolons", "name;price\nAnn;1,50\nBob;2,75\n", "name\tprice\nAnn\t1,50\nBob\t2,75"},
		{"bars", "name|age\r\nAnn|31\r\n", "name\tage\nAnn\t31"},
		{"tabs by content", "name\tnote\nAnn\ta, b\nBob\tc, d\n", "name\tnote\nAnn\ta, b\nBob\tc, d"},
		{"stated", "sep=|\na|b,c\n", "a\tb,c"},
		{"quoted", "a,\"b, \"\"c\"\"\r\nd\",\"\"\n\"x\"y,z", "a\tb, \"c\" d\nxy\tz"},
		{"not closed", "a,\"b\nc,d\n", "a\t\"b\nc\td"},
		{"old line breaks", "a,b\rc,d\r", "a\tb\nc\td"},
		{"a tab in a cell", "a,\"b\tc\"\n", "a\tb c"},
		{"one column", "name\nAnn\nBob\n", "name\nAnn\nBob"},
		{"Latin-1", "nom,ville\nJos\xe9,Orl\xe9ans\n", "nom\tville\nJosé\tOrléans"},
		{"mark", "\uFEFFa,b\n", "a\tb"},
	} {
		docs, skipped := readtest.Read(t, CSV, "a.csv", c.body)
		if len(docs) != 1 || docs[0].Source != c.want || docs[0].Type != "csv" {
			t.Errorf("%s: %+v, skipped %q, want %q", c.name, docs, skipped, c.want)
			continue
		}
		for _, b := range docs[0].Blocks {
			if b.Kind != corpus.TableRow {
				t.Errorf("%s: a block of kind %d", c.name, b.Kind)
			}
		}
	}
	docs, _ := readtest.Read(t, TSV, "a.tsv", "a,x\tb\n\n\"c\nd\"\te\nf\tg\n")
	if d := docs[0]; d.Source != "a,x\tb\nc d\te\nf\tg" || d.Blocks[1].Place.Line != 3 || d.Blocks[2].Place.Line != 5 || d.Verbatim {
		t.Errorf("%+v", d)
	}
}

func FuzzTable(f *testing.F) {
	f.Add("a,b\n\"c\"\"\n\",d\r\n")
	f.Add("sep=;\n;\"x;\n")
	f.Add("a\t\"\xff\n,,|;\r")
	f.Fuzz(func(t *testing.T, s string) {
		readtest.Read(t, CSV, "a.csv", s)
		readtest.Read(t, TSV, "a.tsv", s)
	})
}

func TestNotebook(t *testing.T) {
	docs, _ := readtest.Read(t, Notebook, "a.ipynb", `{"metadata": {"kernelspec": {"language": "python"}}, "cells": [
{"cell_type": "markdown", "source": ["# Tea\n", "\n", "- green\n", "- *black*\n"]},
{"cell_type": "code", "source": "x = 1\nprint(x)", "outputs": [
 {"output_type": "stream", "text": ["a  b\n", "1  2\n"]},
 {"output_type": "display_data", "data": {"image/png": "aGVsbG8=", "text/plain": ["<Figure>"]}},
 {"output_type": "error", "ename": "NameError", "evalue": "no \u001b[31my\u001b[0m", "traceback": ["frames"]}]},
{"cell_type": 5, "source": "odd"},
{"cell_type": "raw", "source": null}], "nbformat": 4}`)
	d := docs[0]
	if d.Source != "Tea\n\n- green\n- *black*\n\nx = 1\nprint(x)\n\na\tb\n1\t2\n\n<Figure>\n\nNameError: no y" || d.Title != "Tea" || d.Metadata["code"] != "python" {
		t.Errorf("%q %q %v", d.Title, d.Source, d.Metadata)
	}
	for i, want := range []corpus.Block{{Kind: corpus.Heading, Level: 1, Label: "Tea"}, {Kind: corpus.ListItem}, {Kind: corpus.ListItem}, {Kind: corpus.Code}, {Kind: corpus.TableRow}, {Kind: corpus.TableRow}, {}, {}} {
		if b := d.Blocks[i]; b.Kind != want.Kind || b.Level != want.Level || b.Label != want.Label {
			t.Errorf("block %d is %+v", i, b)
		}
	}
	if d.Blocks[0].Place.Line != 2 || d.Blocks[3].Place.Line != 3 {
		t.Errorf("at lines %d and %d", d.Blocks[0].Place.Line, d.Blocks[3].Place.Line)
	}
	docs, _ = readtest.Read(t, Notebook, "a.ipynb", `{"worksheets": [{"cells": [{"cell_type": "heading", "level": 2, "source": "Old"}, {"cell_type": "code", "input": ["y"]}]}]}`)
	if docs[0].Source != "Old\n\ny" || docs[0].Blocks[0].Level != 2 {
		t.Errorf("%+v", docs[0])
	}
	// What is whole of a damaged file goes in, with a word about it.
	docs, _ = readtest.Read(t, Notebook, "a.ipynb", `{"cells": [{"cell_type": "raw", "source": "whole"}, {"cell_ty`)
	if len(docs) != 1 || docs[0].Source != "whole" || len(docs[0].Warnings) != 1 {
		t.Errorf("%+v", docs)
	}
	if _, skipped := readtest.Read(t, Notebook, "a.ipynb", `[1`); len(skipped) != 1 || !strings.Contains(skipped[0], "without cells") {
		t.Errorf("skipped %q", skipped)
	}
}

func FuzzNotebook(f *testing.F) {
	f.Add(`{"cells": [{"cell_type": "markdown", "source": ["# a\n", "> b"]}, {"cell_type": "code", "source": "", "outputs": [{"text": "a  b\nc  d"}]}]}`)
	f.Add(`{"worksheets": [{"cells": [{"cell_type": "heading", "level": 9, "source": "\ud800"}]}`)
	f.Fuzz(func(t *testing.T, s string) { readtest.Read(t, Notebook, "a.ipynb", s) })
}

func TestList(t *testing.T) {
	docs, _ := readtest.Read(t, List, "a.json", "[\n{\"name\": \"Ann\", \"age\": 31},\n{\"age\": 7, \"name\": \"Bob\", \"town\": null},\n{\"name\": \"a\\tb\"}]")
	if d := docs[0]; d.Source != "name\tage\nAnn\t31\nBob\t7\na b" || d.Blocks[2].Place.Line != 3 || d.Blocks[2].Kind != corpus.TableRow {
		t.Errorf("%+v", d)
	}
	// What is nested stays as it is, under its keys.
	body := `[{"title": "Tea", "by": {"name": "Ann"}, "tags": ["green", "hot"]}, {"title": "Milk", "text": "` + strings.Repeat("white ", 60) + `"}]`
	docs, _ = readtest.Read(t, List, "a.json", body)
	if d := docs[0]; d.Source != body || d.Type != "data" || !d.Verbatim {
		t.Errorf("%+v", d)
	}
	docs, _ = readtest.Read(t, List, "a.json", `[{"a": "whole", "b": 1}, {"a": "whole too"}, {"a`)
	if len(docs) != 1 || len(docs[0].Warnings) != 1 || !strings.Contains(docs[0].Source, "whole too") {
		t.Errorf("%+v", docs)
	}
	body = `[{"a": ` + strings.Repeat("[", 100) + "1" + strings.Repeat("]", 100) + `, "b": "kept"}]`
	if docs, _ = readtest.Read(t, List, "a.json", body); len(docs) != 1 || docs[0].Source != body {
		t.Errorf("%+v", docs)
	}
	if !IsList([]byte(" [ {")) || IsList([]byte(`{"a": [{`)) || IsList([]byte("[1")) {
		t.Error("lists are told wrongly")
	}
}

func FuzzList(f *testing.F) {
	f.Add(`[{"a": [[{"b": 1}]], "c": {"d": "\ud800"}}, {"a": null}]`)
	f.Add(`[{"a": "x\ty"}, {"a": 1e400, "b": true}]`)
	f.Fuzz(func(t *testing.T, s string) { readtest.Read(t, List, "a.json", s) })
}

// withFields reads a file with fields.
func withFields(t *testing.T, of format.Func, fields, name, body string) (docs []corpus.Document, skipped []string) {
	t.Helper()
	f, err := format.ParseFields(fields)
	if err != nil {
		t.Fatal(err)
	}
	return readtest.Read(t, func(ctx context.Context, in *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
		o.Fields = f
		return of(ctx, in, o, yield)
	}, name, body)
}

func TestFields(t *testing.T) {
	const fields = "id=key,title=fields.summary,text=fields.body+notes,time=created"
	record := `{"key": 7, "fields": {"summary": "Gate", "body": "It sticks."}, "notes": ["Oil it.", "Twice."], "created": "2024-05-06T07:08:09Z", "state": "open"}`
	other := `{"key": "K-8", "fields": {"body": "It creaks."}, "created": 1700000000}`
	for name, read := range map[string]func() ([]corpus.Document, []string){
		"a.jsonl": func() ([]corpus.Document, []string) {
			return withFields(t, Read, fields, "a.jsonl", record+"\n"+other+"\n")
		},
		"a.json": func() ([]corpus.Document, []string) {
			return withFields(t, List, fields, "a.json", "["+record+",\n"+other+"]")
		},
	} {
		docs, skipped := read()
		if len(docs) != 2 || len(skipped) > 0 {
			t.Fatalf("%s: %+v, skipped %q", name, docs, skipped)
		}
		d := docs[0]
		if d.ID != "7" || d.Title != "Gate" || d.Source != "It sticks.\n\nOil it.\nTwice." || d.ModTime.Format("2006-01-02 15:04") != "2024-05-06 07:08" || d.Metadata["state"] != "open" || d.Type != "jsonl" {
			t.Errorf("%s: %+v", name, d)
		}
		if d := docs[1]; d.ID != "K-8" || d.Source != "It creaks." || d.ModTime.Unix() != 1700000000 || d.Place.Line != 2 {
			t.Errorf("%s: %+v", name, d)
		}
	}
	docs, skipped := withFields(t, Read, "text=body,time=when", "a.jsonl", `{"body": "a", "when": "once"}`+"\n"+`{"body": ""}`+"\n")
	if len(docs) != 1 || docs[0].ID != "/a.jsonl!/1" || len(docs[0].Warnings) != 1 || len(skipped) != 1 || !strings.Contains(skipped[0], "empty") {
		t.Errorf("%+v, skipped %q", docs, skipped)
	}
	if _, skipped := withFields(t, List, "text=body", "a.json", `[{"body": "a"}, {"b`); len(skipped) != 1 || !strings.Contains(skipped[0], "ends within") {
		t.Errorf("skipped %q", skipped)
	}
	for _, wrong := range []string{"body=text", "id", "id=a,id=b", "text="} {
		if _, err := format.ParseFields(wrong); err == nil {
			t.Errorf("%q is taken for fields", wrong)
		}
	}
}

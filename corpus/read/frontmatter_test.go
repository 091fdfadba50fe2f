package read

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
)

// warned reads files and gives the documents by base name, and the warnings.
func warned(t *testing.T, files map[string]string) (docs map[string]corpus.Document, warnings []string) {
	t.Helper()
	dir := tree(t, files)
	docs, skipped := readAll(t, Options{}, dir, dir)
	if len(skipped) > 0 {
		t.Errorf("skipped %q", skipped)
	}
	byName := map[string]corpus.Document{}
	for id, d := range docs {
		byName[strings.TrimPrefix(id, dir+"/")] = d
		for _, w := range d.Warnings {
			warnings = append(warnings, fmt.Sprintf("%s:%d: %s %s", strings.TrimPrefix(d.Path, dir+"/"), w.Line, w.Key, w.Reason))
		}
	}
	slices.Sort(warnings)
	return byName, warnings
}

func TestFrontMatter(t *testing.T) {
	src := `---
# a comment
title: 'The: Sieve'
tags:
  - mill
  - "sieve, fine"
groups:
- staff
- board
date: 2024-01-31
changed: 2024-01-31 12:00:00
edition: 3
hex: 0x10
share: .5
infinite: .inf
draft: yes
public: true
none:
lang: de-AT
author: {name: Ann, born: 1970, likes: [soup, 7, 1.50, true]}
base: &b {a: 1, b: 2}
more:
  <<: *b
  b: 3
text: >
  folded
  lines
type: note
rows: [[1, 2], [3]]
---
Text.
`
	docs, warnings := warned(t, map[string]string{"a.md": src, "b.md": strings.ReplaceAll(src, "\n", "\r\n")})
	want := map[string]any{
		"tags": []string{"mill", "sieve, fine"}, "groups": []string{"staff", "board"}, "date": "2024-01-31", "changed": "2024-01-31T12:00:00Z",
		"edition": 3.0, "hex": 16.0, "share": .5, "infinite": "+Inf", "draft": "yes", "public": true,
		"author.name": "Ann", "author.born": 1970.0, "author.likes": []string{"soup", "7", "1.5", "true"},
		"base.a": 1.0, "base.b": 2.0, "more.a": 1.0, "more.b": 3.0, "text": "folded lines\n",
	}
	for name, d := range docs {
		if !reflect.DeepEqual(d.Metadata, want) || d.Title != "The: Sieve" || d.Lang != "de" {
			t.Errorf("%s: title %q, language %q, metadata\n%v\nwant\n%v", name, d.Title, d.Lang, d.Metadata, want)
		}
		if len(d.Blocks) != 1 || d.Source[d.Blocks[0].Start:d.Blocks[0].End] != "Text." {
			t.Errorf("%s: blocks %v", name, d.Blocks)
		}
	}
	slices.Sort(warnings)
	if got, want := strings.Join(warnings[:2], "\n"), `a.md:28: type is not taken: every document has its own type
a.md:29: rows is not taken: its list holds lists or objects; a list is of texts, numbers, true and false`; got != want || len(warnings) != 4 {
		t.Errorf("warnings %s", strings.Join(warnings, "\n"))
	}
}

// TestFrontMatterInPart: an entry that cannot be read takes no other along.
func TestFrontMatterInPart(t *testing.T) {
	docs, warnings := warned(t, map[string]string{"a.md": "---\nyear: 2020\ntitle: Rules: the game\nlist:\n  - a\n\t- b\ntags: [x,\n  y\n]\n---\n# Head\n"})
	if got := fmt.Sprint(docs["a.md"].Metadata, docs["a.md"].Title); got != "map[tags:[x y] year:2020]Head" {
		t.Error(got)
	}
	if got, want := strings.Join(warnings, "\n"), `a.md:3: title is not taken: malformed YAML: mapping values are not allowed in this context
a.md:5: list is not taken: malformed YAML: found a tab character that violates indentation`; got != want {
		t.Errorf("warnings\n%s\nwant\n%s", got, want)
	}
	docs, warnings = warned(t, map[string]string{"a.md": "---\n\nA break above.\n\n---\n\nAnd below.\n"})
	if d := docs["a.md"]; len(d.Blocks) != 2 || len(warnings) > 0 {
		t.Errorf("thematic breaks: %v, %q", d.Blocks, warnings)
	}
}

func TestTOML(t *testing.T) {
	docs, warnings := warned(t, map[string]string{
		"a.md": "+++\ntitle = \"T\"\ngroups = [\n  \"staff\", # us\n]\nday = 2024-01-31\nat = 2024-01-31T12:00:00\nn = 9\n[author]\nname = \"Ann\"\n[[rows]]\nx = 1\n+++\nText.\n",
		"b.md": "+++\ntitle = T\ngroups = [\"staff\"]\n+++\nText.\n",
	})
	if got := fmt.Sprint(docs["a.md"].Title, docs["a.md"].Metadata); got != "Tmap[at:2024-01-31T12:00:00Z author.name:Ann day:2024-01-31 groups:[staff] n:9]" {
		t.Error(got)
	}
	if got := docs["b.md"].Metadata; !reflect.DeepEqual(got, map[string]any{"groups": false}) {
		t.Error(got)
	}
	if len(warnings) != 2 || !strings.Contains(warnings[1], `b.md:2: front matter is front matter that cannot be read and names "groups"`) {
		t.Errorf("warnings %q", warnings)
	}
}

// TestAccessLists: one that cannot be read lets nobody in and is reported.
func TestAccessLists(t *testing.T) {
	for src, want := range map[string]any{
		"---\ngroups: staff\n---\n":                                        "staff",
		"---\ngroups:\n  - staff\n  - 101\n---\n":                          []string{"staff", "101"},
		"---\n\"groups\": [staff]\n---\n":                                  []string{"staff"},
		"--- \ngroups: [staff]\n--- \n":                                    []string{"staff"},
		"\n---\ngroups: [staff]\n---\n":                                    []string{"staff"},
		"---\n{title: x, groups: [staff]}\n---\n":                          []string{"staff"},
		"---\na: &g [staff]\ngroups: *g\n---\n":                            []string{"staff"},
		"---\na: &g {groups: [staff]}\n<<: *g\n---\n":                      []string{"staff"},
		"---\ngroups: []\n---\n":                                           []string{},
		"---\ntitle: a\n---\n":                                             nil,
		"---\ntitle: to: groups\n---\n":                                    nil,
		"---\ngroups:\n---\n":                                              false,
		"---\ngroups: [staff\n---\n":                                       false,
		"---\ngroups: 5\n---\n":                                            false,
		"---\ngroups: {read: [staff]}\n---\n":                              false,
		"---\ngroups: [[staff]]\n---\n":                                    false,
		"---\ngroups: [null, staff]\n---\n":                                false,
		"---\ngroups:\n\t- staff\n---\n":                                   false,
		"---\ngroups:\nstaff\n---\n":                                       false,
		"---\nGroups: [staff]\n---\n":                                      false,
		"---\ngroups: [staff]\ngroups: [board]\n---\n":                     false,
		"---\ngroups: [staff]\nGROUPS: [board]\n---\n":                     false,
		"---\ngroups: *nowhere\n---\n":                                     false,
		"---\n- groups: [staff]\n---\n":                                    nil,
		"---\ngroups = [staff]\n---\n":                                     false,
		"---\ntitle: {a\ngroups: [staff]\n---\n":                           []string{"staff"},
		"---\ntitle: x\ngroups: [staff]\n":                                 false,
		"+++\ngroups: [staff]\n+++\n":                                      false,
		"+++\n[groups]\nread = [\"staff\"]\n+++\n":                         false,
		"---\n" + strings.Repeat("a", (64<<10)) + ": b\ngroups: [staff]\n": nil,
	} {
		name := src[:min(len(src), 60)]
		docs, warnings := warned(t, map[string]string{"a.md": src + "Text.\n"})
		d := docs["a.md"]
		if got := d.Metadata["groups"]; !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %#v, want %#v; %q", name, got, want, warnings)
		}
		if want == false && len(warnings) == 0 {
			t.Errorf("%q: not reported", name)
		}
	}
}

func TestRecordKeys(t *testing.T) {
	docs, warnings := warned(t, map[string]string{"a.jsonl": `{"id": "a", "text": "x", "groups": ["staff"], "year": 2020, "o": {"p": "q"}, "lang": "fr", "Title": "T", "type": "note", "null": null}
{"id": "b", "text": "x", "groups": {"read": ["staff"]}, "embedding": [` + strings.Repeat("0.12345678,", 500) + `1]}
{"id": "c", "text": "x", "groups": ["staff"], "metadata": {"groups": ["board"], "year": 1}, "year": 2}
{"id": "d", "text": "x", "metadata": {"groups": null}}`})
	for id, want := range map[string]string{"a": "map[groups:[staff] o.p:q year:2020]", "b": "map[groups:false]", "c": "map[groups:false year:1]", "d": "map[groups:false]"} {
		if got := fmt.Sprint(docs[id].Metadata); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	if d := docs["a"]; d.Lang != "fr" || d.Title != "T" {
		t.Errorf("language %q, title %q", d.Lang, d.Title)
	}
	const closed = ": nobody sees the document who searches as a member of a group"
	if got, want := strings.Join(warnings, "\n"), `a.jsonl:1: type is not taken: every document has its own type
a.jsonl:2: embedding is not taken: outside "metadata" a value has at most 4096 bytes
a.jsonl:2: groups is an access list that is neither the name of a group nor a list of names`+closed+`
a.jsonl:3: groups is an access list that comes twice`+closed+`
a.jsonl:3: year is not taken: "metadata" has a key of that name
a.jsonl:4: groups is an access list that is neither the name of a group nor a list of names`+closed; got != want {
		t.Errorf("warnings\n%s\nwant\n%s", got, want)
	}
}

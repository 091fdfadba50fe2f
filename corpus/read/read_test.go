package read

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/vector"
)

// tree writes files, named by their path below a new folder.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// readAll reads everything below paths: documents by id, and what was skipped
// as "path: reason" with paths relative to dir.
func readAll(t testing.TB, o Options, dir string, paths ...string) (map[string]corpus.Document, []string) {
	t.Helper()
	docs := make(map[string]corpus.Document)
	var skipped []string
	note := func(err error) {
		var s *SkipError
		if !errors.As(err, &s) {
			t.Fatalf("error %v is no SkipError", err)
		}
		skipped = append(skipped, strings.ReplaceAll(s.Error(), dir+string(filepath.Separator), ""))
	}
	r := New(o)
	for f, err := range r.Files(paths...) {
		if err != nil {
			note(err)
			continue
		}
		for d, err := range r.Documents(t.Context(), f) {
			if err != nil {
				note(err)
				continue
			}
			check(t, &d)
			id := strings.TrimPrefix(strings.TrimPrefix(d.ID, dir), string(filepath.Separator))
			if _, ok := docs[id]; ok {
				t.Fatalf("document %q came twice", id)
			}
			docs[id] = d
		}
	}
	return docs, skipped
}

// check fails unless d keeps what corpus.Document promises.
func check(t testing.TB, d *corpus.Document) {
	t.Helper()
	if d.ID == "" || d.Type == "" {
		t.Fatalf("document without id or type: %+v", d)
	}
	if !utf8.ValidString(d.Source) {
		t.Fatalf("%s: source is not UTF-8", d.ID)
	}
	at, fileAt := 0, 0
	for i, b := range d.Blocks {
		if b.Start < at || b.End <= b.Start || b.End > len(d.Source) {
			t.Fatalf("%s: block %d is [%d,%d) after %d of %d", d.ID, i, b.Start, b.End, at, len(d.Source))
		}
		if s := d.Source[b.Start:b.End]; !utf8.ValidString(s) {
			t.Fatalf("%s: block %d %q is cut inside a rune", d.ID, i, s)
		}
		if b.FileStart < fileAt || b.FileEnd < b.FileStart {
			t.Fatalf("%s: block %d is file [%d,%d) after %d", d.ID, i, b.FileStart, b.FileEnd, fileAt)
		}
		if d.Verbatim && (b.FileStart != b.Start || b.FileEnd != b.End) {
			t.Fatalf("%s: block %d is [%d,%d), file [%d,%d)", d.ID, i, b.Start, b.End, b.FileStart, b.FileEnd)
		}
		if b.Kind == corpus.Heading && (b.Level < 1 || b.Level > 6) {
			t.Fatalf("%s: heading of level %d", d.ID, b.Level)
		}
		at, fileAt = b.End, b.FileEnd
	}
}

// one reads a single file of the given name.
func one(t testing.TB, name, body string) corpus.Document {
	t.Helper()
	dir := tree(t, map[string]string{name: body})
	docs, skipped := readAll(t, Options{}, dir, filepath.Join(dir, name))
	if len(docs) != 1 {
		t.Fatalf("%d documents, skipped %q", len(docs), skipped)
	}
	return docs[name]
}

// outline prints blocks, one a line: kind, level, label, text.
func outline(d corpus.Document) string {
	names := map[corpus.BlockKind]string{corpus.Paragraph: "p", corpus.Heading: "h", corpus.ListItem: "li", corpus.TableRow: "tr", corpus.Code: "code", corpus.Turn: "turn", corpus.Quote: "q"}
	var b strings.Builder
	for _, x := range d.Blocks {
		b.WriteString(names[x.Kind])
		if x.Level > 0 {
			fmt.Fprint(&b, x.Level)
		}
		if x.Label != "" {
			fmt.Fprintf(&b, " <%s>", x.Label)
		}
		fmt.Fprintf(&b, " %q\n", d.Source[x.Start:x.End])
	}
	return b.String()
}

func expect(t *testing.T, d corpus.Document, want string) {
	t.Helper()
	if got := strings.TrimSpace(outline(d)); got != strings.TrimSpace(want) {
		t.Errorf("got\n%s\nwant\n%s", got, strings.TrimSpace(want))
	}
}

func TestMarkdown(t *testing.T) {
	d := one(t, "a.md", "---\ntitle: \"The Sieve\"\ntags: [a, 'b']\ndate: 2020-01-01\n---\n\n# Big `code` and [link](http://x) #\n\nFirst *paragraph*\nof two lines.\n\n"+
		"Under\n-----\n\n- one\n- two\n  goes on\n\n  second paragraph\n  1. inner\n\n> quoted\n> text\n\n```go\nfunc f() {\n\n}\n```\n\n    indented\n\n"+
		"| a | b |\n|---|---|\n| 1 | 2 |\n\n<p align=\"center\"></p>\n\n<p>Raw text</p>\n\n[x]: http://example.com\n\n* * *\nlast")
	if d.Title != "The Sieve" || d.Type != "markdown" || d.Metadata["date"] != "2020-01-01" || fmt.Sprint(d.Metadata["tags"]) != "[a b]" {
		t.Errorf("title %q, metadata %v", d.Title, d.Metadata)
	}
	expect(t, d, `
h1 <Big code and link> "# Big `+"`code`"+` and [link](http://x) #"
p "First *paragraph*\nof two lines."
h2 <Under> "Under"
li "- one"
li "- two\n  goes on"
p "second paragraph"
li "1. inner"
q "quoted\n> text"
code "func f() {\n\n}"
code "indented"
tr "| a | b |"
tr "| 1 | 2 |"
p "<p>Raw text</p>"
p "last"
`)
	if d := one(t, "b.md", "\uFEFF# Title\r\n\r\nText.\r\n"); d.Title != "Title" || outline(d) != "h1 <Title> \"# Title\"\np \"Text.\"\n" {
		t.Errorf("%q %s", d.Title, outline(d))
	}
}

func TestHTML(t *testing.T) {
	src := `<!DOCTYPE html><html lang="en-GB"><head><title> The
 Sieve &amp; co </title><meta name=description content="About"><style>p{}</style></head><body>
<header><a href="/">Home</a> Site</header><nav><ul><li><a>One</a></ul></nav>
<main><h1>Main <em>head</em></h1><p>First&nbsp;paragraph with <b>bo</b>ld text,
  wrapped &lt;here&gt;.<p>Second one.
<ul><li>item one<li>item <a href=x>two</a></ul>
<table><tr><th>a</th><th>b</th></tr><tr><td><p>1</p></td><td>2</td></tr></table>
<pre>
 line 1
   line 2</pre>
<blockquote><p>Quote.</p></blockquote><script>var x = "<p>no</p>";</script>
Line one<br>line two<br><br>Next paragraph</main>
<footer>Copyright</footer></body></html>`
	d := one(t, "a.html", src)
	if d.Title != "The Sieve & co" || d.Lang != "en" || d.Metadata["description"] != "About" {
		t.Errorf("title %q, lang %q, metadata %v", d.Title, d.Lang, d.Metadata)
	}
	expect(t, d, `
h1 <Main head> "Main head"
p "First paragraph with bold text, wrapped <here>."
p "Second one."
li "item one"
li "item two"
tr "a\tb"
tr "1\t2"
code " line 1\n   line 2"
q "Quote."
p "Line one\nline two"
p "Next paragraph"
`)
	for i, want := range []string{"Main <em>head", "First&nbsp;paragraph with <b>bo</b>ld text,\n  wrapped &lt;here&gt;.", "Second one.", "item one"} {
		if b := d.Blocks[i]; src[b.FileStart:b.FileEnd] != want {
			t.Errorf("block %d is %q of the file, want %q", i, src[b.FileStart:b.FileEnd], want)
		}
	}
	if d := one(t, "b.html", "<nav><p>Only a menu that was never closed, and text."); !strings.Contains(d.Source, "never closed") {
		t.Errorf("lenient reading: %q", d.Source)
	}
	if d := one(t, "c.html", "<meta charset=windows-1252><p>caf\xe9"); d.Source != "café" {
		t.Errorf("windows-1252: %q", d.Source)
	}
}

func TestGo(t *testing.T) {
	d := one(t, "a.go", `// Licence.

// Package a is a test.
//
// It has two paragraphs:
//	and code
package a

import "fmt"

// T is a type.
type T[K any] struct{} // trailing

// floating

// M does it.
func (t *T[K]) M() {

	fmt.Println()
}
const (
	A = 1
	B = 2
	C = 3
	D = 4
)
`)
	expect(t, d, `
code "// Licence."
p "// Package a is a test."
p "// It has two paragraphs:"
code "//\tand code"
code1 <package a> "package a"
code1 <import> "import \"fmt\""
code1 <type T> "// T is a type.\ntype T[K any] struct{} // trailing"
code1 "// floating"
code1 <func (*T) M> "// M does it.\nfunc (t *T[K]) M() {\n\n\tfmt.Println()\n}"
code1 <const A, B, C, …> "const (\n\tA = 1\n\tB = 2\n\tC = 3\n\tD = 4\n)"
`)
	if d := one(t, "b.go", "package b\n\nfunc Broken( {\n\nfunc Other() {}\n"); d.Type != "go" || len(d.Blocks) != 3 {
		t.Errorf("broken Go: %s", outline(d))
	}
}

func TestCode(t *testing.T) {
	d := one(t, "a.py", "import os\n\n@deco\nclass A(B):\n    \"\"\"Doc.\"\"\"\n    x = 1\n\n    y = 2\n\n    def f(self):\n        a = 1\n\n        return a\n\nasync def g():\n    pass\n")
	if d.Lang != "python" || d.Type != "code" {
		t.Errorf("type %q, lang %q", d.Type, d.Lang)
	}
	expect(t, d, `
code1 "import os"
code1 <class A> "@deco\nclass A(B):\n    \"\"\"Doc.\"\"\"\n    x = 1\n\n    y = 2\n\n    def f(self):\n        a = 1\n\n        return a"
code1 <def g> "async def g():\n    pass"
`)
	if d := one(t, "script", "#!/usr/bin/env python3\nprint(1)\n"); d.Lang != "python" {
		t.Errorf("shebang: %q", d.Lang)
	}
	expect(t, one(t, "a.csv", "a,b\n1,\"x\ny\"\n2,z\n"), "tr \"a\\tb\"\ntr \"1\\tx y\"\ntr \"2\\tz\"")
}

const records = `{"_id": "a", "title": "T", "text": "caf\u00e9 one", "metadata": {"n": 1, "b": true, "s": "x", "l": ["p", "q"], "o": {"k": null, "m": "y"}}}
{"id": 7, "text": "two"}

{"text": "no id"}
{"_id": "a", "text": "again"}
not json
{"_id": "c", "text": 5}
[1]
{"_id": "d", "title": "only a title"}
{"_id": "e", "text": ""}
{"id": "last", "text": "no line break"}`

func TestRecords(t *testing.T) {
	dir := tree(t, map[string]string{"c.jsonl": records})
	docs, skipped := readAll(t, Options{}, dir, dir)
	if len(docs) != 4 || docs["a"].Source != "café one" || docs["a"].Title != "T" || docs["7"].Source != "two" || docs["last"].Type != "jsonl" ||
		docs["d"].Title != "only a title" || docs["a"].Path != filepath.Join(dir, "c.jsonl") || docs["a"].ModTime.IsZero() {
		t.Errorf("documents %+v", docs)
	}
	if got := fmt.Sprint(docs["a"].Metadata); got != "map[b:true l:[p q] n:1 o.m:y s:x]" {
		t.Errorf("metadata %s", got)
	}
	want := []string{
		`c.jsonl:4: record has no "_id" or "id"`,
		`c.jsonl:5: id "a" came before in this run; the first one stays`,
		`c.jsonl:6: malformed JSON at byte 2: invalid character 'o' in literal null (expecting 'u')`,
		`c.jsonl:7: "text" is a number, want a string`,
		`c.jsonl:8: not a JSON object: array`,
		`c.jsonl:10: record "e" is empty: it has neither text nor title nor vector`,
	}
	if strings.Join(skipped, "\n") != strings.Join(want, "\n") {
		t.Errorf("skipped\n%s\nwant\n%s", strings.Join(skipped, "\n"), strings.Join(want, "\n"))
	}
	// Vectors: beside a text, instead of one, in fields of their own.
	dir = tree(t, map[string]string{"c.jsonl": `{"id": "a", "contents": "one", "vector": {"x": 1.5, "17": 2}}
{"id": "b", "vectors": {"p": {"y": 1}, "q": {"z": 2}}}
{"id": "c", "text": "two", "vector": null}
{"id": "d", "text": "three", "vector": {"x": -1}}
{"id": "e", "vector": {"x": 1, "x": 2}}
{"id": "f", "vector": {}}
{"id": "g", "vector": [1]}
{"id": "h", "vector": {"x": 1}, "vectors": {"vector": {"x": 1}}}
{"id": "i", "vector": {"x": NaN}}
{"id": "j", "vectors": {"m": [[1, 2], [3, 4]]}}
{"id": "k", "vector": "x"}`})
	docs, skipped = readAll(t, Options{}, dir, dir)
	if len(docs) != 5 || docs["a"].Source != "one" || !reflect.DeepEqual(docs["g"].Vectors, map[string]vector.Value{"vector": vector.Dense{1}}) ||
		!reflect.DeepEqual(docs["j"].Vectors, map[string]vector.Value{"m": vector.Multi{{1, 2}, {3, 4}}}) || docs["c"].Vectors != nil ||
		!reflect.DeepEqual(docs["a"].Vectors, map[string]vector.Value{"vector": vector.Named{"x": 1.5, "17": 2}}) ||
		!reflect.DeepEqual(docs["b"].Vectors, map[string]vector.Value{"p": vector.Named{"y": 1}, "q": vector.Named{"z": 2}}) {
		t.Errorf("documents %+v", docs)
	}
	want = []string{
		`c.jsonl:4: record "d": field "vector": weights must be positive and finite: term "x" weighs -1`,
		`c.jsonl:5: record "e": field "vector": repeated term: "x"`,
		`c.jsonl:6: record "f": field "vector": empty vector`,
		`c.jsonl:8: record "h": field "vector" has two vectors`,
		`c.jsonl:9: malformed JSON at byte 29: invalid character 'N' looking for beginning of value`,
		`c.jsonl:11: record "k": field "vector": malformed: a vector is an object of term: weight, a list of numbers, or a list of lists`,
	}
	if strings.Join(skipped, "\n") != strings.Join(want, "\n") {
		t.Errorf("skipped\n%s\nwant\n%s", strings.Join(skipped, "\n"), strings.Join(want, "\n"))
	}
	// A line over the limit is one error, the rest goes in.
	long := `{"_id":"x","text":"` + strings.Repeat("a", 300000) + "\"}\n" + `{"_id":"y","text":"b"}`
	dir = tree(t, map[string]string{"c.jsonl": long})
	docs, skipped = readAll(t, Options{MaxFileBytes: 1000}, dir, dir)
	if len(docs) != 1 || len(skipped) != 1 || !strings.Contains(skipped[0], "c.jsonl:1: line is longer") {
		t.Errorf("%v, skipped %q", docs, skipped)
	}
}

func zipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(s))
	z.Close()
	return b.String()
}

func TestKinds(t *testing.T) {
	dir := tree(t, map[string]string{
		"a.md.gz":    zipped("# Head\n\ntext"),
		"b.jsonl.gz": zipped(records),
		"c.txt":      "caf\xe9 is not UTF-8, but mostly it is; so it is text all the same",
		"d.txt":      "\xff\xfeh\x00i\x00\xe9\x00",
		"e.txt":      "\ufeffwith mark\r\nCRLF",
		"f.bin":      "ab\x00cd",
		"g.dat":      "\xe0\x01\xe2\x02\xe4\xe5\xe6\xe7\xe8",
		"h.txt":      "",
		"i.txt":      " \n\t",
		"j.pdf":      "%PDF-1.4 …",
		"k.gz":       "\x1f\x8bbroken",
		"l.txt.gz":   zipped("cut short, cut short, cut short")[:30],
		"m.json":     `{"id": "in-json", "text": "record"}`,
		"n.json":     "{\n  \"a\": 1\n}",
		"o":          "<!DOCTYPE html><p>page",
		"p.txt":      strings.Repeat("x", 8192) + "\x00",
		"q.adml":     "<?xml version=\"1.0\" ?>\n<policies>\n  <string id=\"a\">Samba</string>\n</policies>\n",
		"r.adml":     "it begins with no <?xml declaration",
	})
	docs, skipped := readAll(t, Options{}, dir, dir)
	for id, want := range map[string]string{"a.md.gz": "markdown", "a": "jsonl", "c.txt": "text", "d.txt": "text", "in-json": "jsonl", "n.json": "data", "o": "html", "q.adml": "data", "r.adml": "text"} {
		if docs[id].Type != want {
			t.Errorf("%s is %q, want %q", id, docs[id].Type, want)
		}
	}
	if docs["d.txt"].Source != "hié" || docs["e.txt"].Source != "\ufeffwith mark\r\nCRLF" || !strings.HasPrefix(docs["c.txt"].Source, "café is") {
		t.Errorf("%q %q %q", docs["d.txt"].Source, docs["e.txt"].Source, docs["c.txt"].Source)
	}
	var rest []string
	for _, s := range skipped {
		if !strings.HasPrefix(s, "b.jsonl.gz:") {
			rest = append(rest, s)
		}
	}
	want := `f.bin: binary file (NUL byte at 2)
g.dat: binary file (2 of the first 9 bytes are control characters)
h.txt: empty
i.txt: empty
j.pdf: damaged: it is no PDF file that can be opened
k.gz: damaged gzip file: unexpected EOF
l.txt.gz: damaged gzip file: unexpected EOF
p.txt: binary file (NUL byte at 8192)`
	if strings.Join(rest, "\n") != want {
		t.Errorf("skipped\n%s\nwant\n%s", strings.Join(rest, "\n"), want)
	}
}

func TestStdin(t *testing.T) {
	for body, want := range map[string]string{
		"plain text":                          "text",
		`{"id": "stdin", "text": "a record"}`: "jsonl",
		"<html><p>page":                       "html",
		zipped("zipped text"):                 "text",
	} {
		docs, skipped := readAll(t, Options{Stdin: strings.NewReader(body)}, "", "-")
		if d := docs["stdin"]; d.Type != want || d.Path != "" {
			t.Errorf("%q: %+v, skipped %q", body, docs, skipped)
		}
	}
}

func TestDigest(t *testing.T) {
	dir := tree(t, map[string]string{"a.jsonl": records, "b.md.gz": zipped("# x\n\ny")})
	r := New(Options{})
	for f, err := range r.Files(dir) {
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		want := sha256.Sum256(data)
		if got, err := f.Digest(t.Context()); got != want || err != nil {
			t.Errorf("%s: digest %x, %v", f.Path, got, err)
		}
		// A file that changes after it was hashed and listed: what counts is
		// what was parsed.
		for range New(Options{}).Documents(t.Context(), f) {
		}
		if got, _ := f.Digest(t.Context()); got != want {
			t.Errorf("%s: digest after parsing kept bytes %x", f.Path, got)
		}
		fresh := &File{Path: f.Path, Size: f.Size}
		for range New(Options{}).Documents(t.Context(), fresh) {
		}
		if !fresh.hashed || fresh.digest != want {
			t.Errorf("%s: digest by parsing %x", f.Path, fresh.digest)
		}
	}
}

func TestLimit(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": strings.Repeat("a", 2000), "b.txt.gz": zipped(strings.Repeat("b", 2000)), "c.txt": "small"})
	docs, skipped := readAll(t, Options{MaxFileBytes: 1000}, dir, dir)
	if len(docs) != 1 || len(skipped) != 2 || !strings.Contains(skipped[1], "larger than the limit of 1000 bytes") {
		t.Errorf("%d documents, skipped %q", len(docs), skipped)
	}
}

func TestModTime(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": "a"})
	when := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(dir, "a.txt"), when, when); err != nil {
		t.Fatal(err)
	}
	docs, _ := readAll(t, Options{}, dir, dir)
	if d := docs["a.txt"]; !d.ModTime.Equal(when) || d.Title != "a.txt" || d.ID != d.Path {
		t.Errorf("%+v", d)
	}
}

// TestMemory: what a reader would make too much of is read as plain text, or left out
// with a reason that names the way out.
func TestMemory(t *testing.T) {
	dir := tree(t, map[string]string{
		"a.md": "---\ntitle: T\n---\n" + strings.Repeat("- a\n", 3000), "b.html": strings.Repeat("<b>", 10000) + "text", "c.go": "package c\n" + strings.Repeat("var x = 1\n", 3000),
		"d.csv": strings.Repeat("a,b\n", 9000), "e.py": strings.Repeat("a = 1\n\n", 9000), "f.txt": strings.Repeat("text\n", 9000),
	})
	all, skipped := readAll(t, Options{}, dir, dir)
	if len(all) != 6 || len(skipped) > 0 {
		t.Fatalf("%d documents, skipped %v", len(all), skipped)
	}
	docs, skipped := readAll(t, Options{Memory: 1 << 20}, dir, dir)
	if len(docs) != 5 || len(skipped) != 1 || !strings.HasPrefix(skipped[0], "b.html: ") || !strings.Contains(skipped[0], "--memory") {
		t.Errorf("%d documents, skipped %q", len(docs), skipped)
	}
	for name, d := range docs {
		if len(d.Blocks) > 1 || d.Source != all[name].Source && name != "d.csv" || d.Type != all[name].Type {
			t.Errorf("%s: %d blocks", name, len(d.Blocks))
		}
	}
	if docs["a.md"].Title != "T" {
		t.Errorf("title %q", docs["a.md"].Title)
	}
}

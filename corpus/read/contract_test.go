package read

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// with puts a format in the table for one test: files that begin with a magic
// number of their own.
func with(t *testing.T, magic string, form row) {
	old := byMagic
	byMagic = append(byMagic[:len(byMagic):len(byMagic)], struct {
		magic string
		form  *row
		name  string
	}{magic, &form, ""})
	t.Cleanup(func() { byMagic = old })
}

// TestBinaryFormat reads a format that no text reader could: its table of
// contents stands at the end, its bytes are no text, and it holds many documents
// with places of their own. It is the same from a file, kept bytes, a gzip file
// and standard input.
func TestBinaryFormat(t *testing.T) {
	with(t, "\x00ARC", row{read: func(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
		var n [1]byte
		if _, err := f.ReadAt(n[:], f.Size-1); err != nil {
			return err
		}
		for i := range int(n[0]) {
			page := make([]byte, 4)
			if _, err := f.ReadAt(page, f.Size-1-int64(4*(i+1))); err != nil {
				return err
			}
			d := corpus.Document{ID: fmt.Sprintf("%s#%d", f.Path, i), Type: "arc", Source: string(page)}
			d.Blocks = []corpus.Block{{End: 4, Place: &corpus.Place{Page: i + 1, Box: corpus.Box{1, 2, 3, 4}}}}
			if !f.Claim(d.ID) {
				return errors.New("claimed twice")
			}
			if !yield(d, nil) {
				return nil
			}
		}
		yield(corpus.Document{}, f.Skip("one part is damaged"))
		return nil
	}})
	body := "\x00ARC\xff\x00two.one.\x02"
	want := sha256.Sum256([]byte(body))
	dir := tree(t, map[string]string{"a.arc": body, "b.arc.gz": zipped(body)})
	for _, name := range []string{"a.arc", "b.arc.gz", "-"} {
		for _, kept := range []bool{false, true} {
			path := name
			if name != "-" {
				path = filepath.Join(dir, name)
			}
			r := New(Options{Stdin: strings.NewReader(body)})
			for f, err := range r.Files(path) {
				if err != nil {
					t.Fatal(err)
				}
				if kept && name != "-" {
					if _, err := f.Digest(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				var got []string
				for d, err := range r.Documents(t.Context(), f) {
					if err != nil {
						got = append(got, err.(*SkipError).Reason)
						continue
					}
					got = append(got, fmt.Sprint(d.Source, " ", d.PlaceOf(2).Page, d.Path == f.Path))
				}
				if s := strings.Join(got, " "); s != fmt.Sprintf("one. 1 %v two. 2 %[1]v one part is damaged", name != "-") {
					t.Errorf("%s: %s", name, s)
				}
				if sum, err := f.Digest(t.Context()); name == "a.arc" && (sum != want || err != nil) {
					t.Errorf("%s: digest %x, %v", name, sum, err)
				}
			}
		}
	}
	docs, skipped := readAll(t, Options{MaxFileBytes: 10}, dir, dir)
	if len(docs) != 0 || len(skipped) != 2 || !strings.Contains(skipped[1], "larger than the limit of 10 bytes") {
		t.Errorf("%d documents, skipped %q", len(docs), skipped)
	}
}

// TestDigestInAnyOrder: in whatever order a file is read, its digest is that of
// its bytes from first to last.
func TestDigestInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		body := make([]byte, r.IntN(3000))
		for i := range body {
			body[i] = byte(r.Uint32())
		}
		d := &digest{r: bytes.NewReader(body), h: sha256.New()}
		for range r.IntN(8) {
			p := make([]byte, r.IntN(800))
			off := r.IntN(len(body) + 1)
			n, err := d.ReadAt(p, int64(off))
			if want := body[off:min(len(body), off+len(p))]; !bytes.Equal(p[:n], want) || n < len(p) && err != io.EOF {
				t.Fatalf("%d bytes at %d: %v", n, off, err)
			}
		}
		if sum, err := d.sum(); sum != sha256.Sum256(body) || err != nil {
			t.Fatalf("digest %x, %v", sum, err)
		}
	}
}

// TestCancel: a long file is left soon after its context ended, whichever its
// format and wherever its bytes are.
func TestCancel(t *testing.T) {
	var lines strings.Builder
	for i := range 200000 {
		fmt.Fprintf(&lines, "{\"id\": %d, \"text\": \"a text of some words\"}\n", i)
	}
	dir := tree(t, map[string]string{"a.jsonl": lines.String(), "b.jsonl.gz": zipped(lines.String())})
	for _, name := range []string{"a.jsonl", "b.jsonl.gz"} {
		for _, kept := range []bool{false, true} {
			ctx, cancel := context.WithCancel(t.Context())
			r := New(Options{})
			f := &File{Path: filepath.Join(dir, name), Size: 1}
			if kept {
				if _, err := f.Digest(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			n := 0
			var last error
			for _, err := range r.Documents(ctx, f) {
				if n++; n == 10 {
					cancel()
				}
				last = err
			}
			cancel()
			if n > 11 || !errors.Is(last, context.Canceled) {
				t.Errorf("%s, kept %v: %d documents after the context ended, %v", name, kept, n-10, last)
			}
		}
	}
	// A text is not even read to its end.
	ctx, cancel := context.WithCancel(t.Context())
	path := filepath.Join(dir, "c.html")
	if err := os.WriteFile(path, []byte(strings.Repeat("<p>word", 100000)), 0o666); err != nil {
		t.Fatal(err)
	}
	cancel()
	r := New(Options{})
	for d, err := range r.Documents(ctx, &File{Path: path}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%d bytes, %v", len(d.Source), err)
		}
	}
}

// TestLines: the place of every byte of a text is its line in the file, counted
// by hand; of HTML that of its block, of a record its own.
func TestLines(t *testing.T) {
	text := "\uFEFF---\ntitle: x\n---\n# Head\r\n\r\nOne\ntwo [l](x)\n\n- a\n  b\n- c\n\n```\ncode\n\ngo\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\nlast"
	for _, name := range []string{"a.md", "a.txt", "a.py", "a.go", "a.txt.gz", "a.log"} {
		for _, body := range []string{text, strings.TrimPrefix(text, bom), "package a\n\n// F.\nfunc F() {\n}\n\n\nvar x = `a\nb`\n", "\n\n\nx", strings.ReplaceAll(text, "l](x", "l\xff\xfe](x")} {
			d := func() corpus.Document {
				if strings.HasSuffix(name, ".gz") {
					return one(t, name, zipped(body))
				}
				return one(t, name, body)
			}()
			for i := range d.Source {
				if p, want := d.PlaceOf(i), 1+strings.Count(d.Source[:i], "\n"); p != (corpus.Place{Line: want}) {
					t.Fatalf("%s: byte %d is at %+v, want line %d", name, i, p, want)
				}
			}
			if strings.Count(d.Source, "\n") != strings.Count(body, "\n") {
				t.Fatalf("%s: lines were lost", name)
			}
		}
	}
	for _, mark := range []string{"", bom} {
		src := mark + "<html>\n<head><title>t</title></head>\n<body><p>One\ntwo <b>three\n</b> four.\n\n<ul><li>item\n<li>next</ul><pre>\n\ncode\n more</pre>end"
		d := one(t, "a.html", src)
		var lines []int
		for _, b := range d.Blocks {
			lines = append(lines, b.Place.Line)
			if want := 1 + strings.Count(src[:b.FileStart], "\n"); d.PlaceOf(b.Start).Line != want || d.PlaceOf(b.End-1).Line != want {
				t.Errorf("block %q: %+v, want line %d", d.Source[b.Start:b.End], d.PlaceOf(b.Start), want)
			}
		}
		if fmt.Sprint(lines) != "[3 7 8 10 11]" {
			t.Errorf("lines %v: %s", lines, outline(d))
		}
	}
	dir := tree(t, map[string]string{"a.jsonl": "\n{\"id\": 1, \"text\": \"a\\n\\nb\"}\n\n\n{\"id\": 2, \"title\": \"x\"}", "b.jsonl.gz": zipped("\uFEFF{\"id\": 3, \"text\": \"c\"}")})
	docs, _ := readAll(t, Options{}, dir, dir)
	for id, want := range map[string]int{"1": 2, "2": 5, "3": 1} {
		d := docs[id]
		if p := d.PlaceOf(len(d.Source)); p != (corpus.Place{Line: want}) || d.Verbatim {
			t.Errorf("record %s is at %+v, want line %d", id, p, want)
		}
	}
}

// TestNumbers: what metadata holds is the same after it went through JSON.
func TestNumbers(t *testing.T) {
	dir := tree(t, map[string]string{"a.jsonl": `{"id": "a", "text": "x", "metadata": {"big": 9007199254740993, "huge": 123456789012345678901234567890, "list": [9007199254740993, 1.50, 1e3, -2], "over": 1e400, "bad": "a` + "\xff" + `b", "half": "\ud800", "k` + "\xfe" + `": 1, "e": []}}
{"id": "b", "text": "x", "metadata": "none"}
{"id": "c", "text": "x", "metadata": null}`})
	docs, skipped := readAll(t, Options{}, dir, dir)
	if got, want := fmt.Sprintf("%#v", docs["a"].Metadata), `map[string]interface {}{"bad":"a\ufffdb", "big":9.007199254740992e+15, "e":[]string{}, "half":"\ufffd", "huge":1.2345678901234568e+29, "k\ufffd":1, "list":[]string{"9007199254740993", "1.5", "1000", "-2"}, "over":"1e400"}`; strings.ReplaceAll(got, "�", `\ufffd`) != want {
		t.Errorf("metadata\n%s\nwant\n%s", got, want)
	}
	if docs["c"].ID == "" || len(skipped) != 1 || !strings.HasSuffix(skipped[0], `a.jsonl:2: "metadata" is a string, want an object`) {
		t.Errorf("%v, skipped %q", docs["c"], skipped)
	}
}

// TestLookFirst: what the first bytes or the size rule out is not hashed, and what
// is hashed is left when the context ends.
func TestLookFirst(t *testing.T) {
	dir := t.TempDir()
	for name, head := range map[string]string{"zeros.txt": "", "large.txt": strings.Repeat("A text.\n", 2000), "a.pdf": "%PDF-1.7", "rows.jsonl": "{\"id\": \"a\", \"text\": \"b\"}\n" + strings.Repeat(" \n", 9000), "pack.txt": "\x1f\x8b"} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(head); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Truncate(10<<30), f.Close()); err != nil {
			t.Skip("no sparse files here:", err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	want := map[string]string{"zeros.txt": "NUL byte", "large.txt": "larger than the limit", "a.pdf": "larger than the limit", "rows.jsonl": "", "pack.txt": ""}
	for f, err := range New(Options{}).Files(dir) {
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(f.Path)
		_, err = f.Digest(ended)
		var skip *SkipError
		switch reason := want[name]; {
		case reason == "" && !errors.Is(err, context.Canceled), reason != "" && (!errors.As(err, &skip) || !strings.Contains(skip.Reason, reason)):
			t.Errorf("%s: %v, want %q", name, err, reason)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
}

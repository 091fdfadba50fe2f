package read

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// boxed is a format that holds files: "\x00BOX" and, for each, a line "name length"
// and its bytes.
func boxed(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	all, err := io.ReadAll(f.Reader())
	if err != nil {
		return err
	}
	for all = all[4:]; len(all) > 0; {
		line, rest, _ := bytes.Cut(all, []byte("\n"))
		var name string
		var n int
		fmt.Sscan(string(line), &name, &n)
		if err := o.Inner(ctx, format.Member{Of: f, Name: name, Packed: int64(len(line)), Reader: bytes.NewReader(rest[:n])}, yield); err != nil {
			return err
		}
		all = rest[n:]
	}
	return nil
}

func box(files ...string) string {
	b := "\x00BOX"
	for i := 0; i < len(files); i += 2 {
		b += fmt.Sprintf("%s %d\n%s", files[i], len(files[i+1]), files[i+1])
	}
	return b
}

// TestNested reads files in files: ids, paths, places, what is skipped, and bounds.
func TestNested(t *testing.T) {
	with(t, "\x00BOX", row{read: boxed})
	deep := box("last.txt", "Too deep.")
	for i := range 5 {
		deep = box(fmt.Sprintf("%d.box", i), deep)
	}
	dir := tree(t, map[string]string{
		"a.box": box("sub/one.md", "# One\n\nText.", "two.box", box("x.txt", "Inner.", "y.exe", "\x7fELF\x00\x00"), "r.jsonl", "{\"id\": \"7\", \"text\": \"a record\"}\n{\"no\": 1}", "sub/one.md", "again", "z.txt.gz", zipped("Zipped.")),
		"b.box": box("deep.box", deep, "after.txt", "Goes on."),
		"c.box": box("bomb.txt", strings.Repeat("a bomb ", 3<<20), "after.txt", "Goes on."),
	})
	docs, skipped := readAll(t, Options{}, dir, dir)
	name := func(s string) string { return filepath.Join(dir, s) }
	for id, want := range map[string]string{
		"a.box!/sub/one.md": "# One\n\nText.", "a.box!/two.box!/x.txt": "Inner.", "7": "a record", "a.box!/z.txt.gz": "Zipped.",
		"b.box!/after.txt": "Goes on.", "c.box!/after.txt": "Goes on.",
	} {
		d, ok := docs[id]
		if d.Source != want || !ok {
			t.Errorf("%s: %q, want %q", id, d.Source, want)
		}
		if id == "a.box!/z.txt.gz" && d.Title != "z.txt.gz" || d.ModTime.IsZero() {
			t.Errorf("%s: title %q, time %v", id, d.Title, d.ModTime)
		}
		if d.Path != name("a.box") && d.Path != name("b.box") && d.Path != name("c.box") {
			t.Errorf("%s: path %q", id, d.Path)
		}
		delete(docs, id)
	}
	if len(docs) > 0 {
		t.Errorf("unexpected: %v", docs)
	}
	got := strings.Join(skipped, "\n")
	for _, want := range []string{"a.box!/two.box!/y.exe: no reader for a program", "a.box!/r.jsonl:2: ", "a.box!/sub/one.md: was already read", "0.box!/last.txt: stands more than 6 files deep", "c.box!/bomb.txt: unpacks to more than 200 times"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if len(skipped) != 5 {
		t.Errorf("skipped\n%s", got)
	}
	docs, skipped = readAll(t, Options{MaxFileBytes: 1 << 20}, dir, name("c.box"))
	if len(docs) != 0 || len(skipped) != 1 || !strings.Contains(skipped[0], "larger than the limit") {
		t.Errorf("%v, skipped %q", docs, skipped)
	}
	// All members together are bounded too, and what ends is heard at once.
	many := make([]string, 0, 400)
	for i := range 200 {
		many = append(many, fmt.Sprintf("%d.txt", i), strings.Repeat("words ", 1000))
	}
	with(t, "\x01BOX", row{read: boxed, streamed: true})
	dir = tree(t, map[string]string{"d.box.gz": zipped("\x01" + box(many...)[1:])})
	docs, skipped = readAll(t, Options{MaxFileBytes: 50_000}, dir, dir)
	if len(docs) != 133 || len(skipped) != 1 || !strings.Contains(skipped[0], "d.box.gz: what it holds is larger than 800000 bytes unpacked") {
		t.Errorf("%d documents, skipped %q", len(docs), skipped)
	}
	r, n := New(Options{}), 0
	for f, err := range r.Files(dir) {
		if err != nil {
			t.Fatal(err)
		}
		for range r.Documents(t.Context(), f) {
			if n++; n == 3 {
				break
			}
		}
	}
	if n != 3 {
		t.Errorf("%d documents after the end", n-3)
	}
}

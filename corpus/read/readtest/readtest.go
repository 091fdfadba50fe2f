// Package readtest is what tests of readers share: it reads bytes as a file and holds
// every document to what package format promises.
package readtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// Read reads body as a file of a name: its documents, those of files inside as their
// bytes, and why others were left out. An error other than a skip, or one of those in
// allowed, fails the test.
func Read(t testing.TB, f format.Func, name, body string, allowed ...error) (docs []corpus.Document, skipped []string) {
	t.Helper()
	return read(t, f, name, body, false, allowed...)
}

func read(t testing.TB, f format.Func, name, body string, shared bool, allowed ...error) (docs []corpus.Document, skipped []string) {
	t.Helper()
	ids := map[string]bool{}
	in := &format.File{
		Path: "/" + name, Name: "/" + name, Size: int64(len(body)), ReaderAt: format.Memory(body), Head: []byte(body[:min(len(body), format.HeadBytes)]),
		Claim: func(id string) bool { was := ids[id]; ids[id] = true; return !was },
	}
	o := &format.Options{MaxBytes: 1 << 20, Memory: 64 << 20}
	o.Inner = func(_ context.Context, m format.Member, yield func(corpus.Document, error) bool) error {
		data, err := io.ReadAll(m.Reader)
		if err != nil {
			t.Fatal(err)
		}
		yield(corpus.Document{ID: m.Of.Part(m.Name), Type: "inner", Source: strings.ToValidUTF8(string(data), "?")}, nil)
		return nil
	}
	err := f(t.Context(), in, o, func(d corpus.Document, err error) bool {
		if err != nil {
			skipped = append(skipped, err.Error())
			return true
		}
		check(t, &d, shared)
		docs = append(docs, d)
		return true
	})
	var s *format.SkipError
	switch {
	case errors.As(err, &s):
		skipped = append(skipped, s.Reason)
	case err != nil && !isOneOf(err, allowed):
		t.Fatalf("error %v is no SkipError", err)
	case err != nil:
		skipped = append(skipped, err.Error())
	}
	return docs, skipped
}

func isOneOf(err error, of []error) bool {
	for _, e := range of {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// check holds a document to its promises: valid text; blocks in order, within it, with
// nothing but white space between them where the text was extracted; and in order in the file, of whose bytes blocks
// of one paragraph may share some.
func check(t testing.TB, d *corpus.Document, shared bool) {
	t.Helper()
	if !utf8.ValidString(d.Source) || !utf8.ValidString(d.Title) {
		t.Fatalf("source %q, title %q", d.Source, d.Title)
	}
	at, file := 0, 0
	for _, b := range d.Blocks {
		if b.Start < at || b.End <= b.Start || b.End > len(d.Source) || b.FileStart < file || b.FileEnd < b.FileStart || !d.Verbatim && strings.TrimSpace(d.Source[at:b.Start]) != "" {
			t.Fatalf("block %+v after %d and %d of %q", b, at, file, d.Source)
		}
		if !utf8.ValidString(d.Source[b.Start:b.End]) {
			t.Fatalf("block %+v begins or ends inside a sign of %q", b, d.Source)
		}
		if at, file = b.End, b.FileEnd; shared {
			file = b.FileStart
		}
	}
}

// Document reads a text as one document, whose blocks may share bytes of the file; nil
// where there is none in it.
func Document(t testing.TB, f format.Func, src string) *corpus.Document {
	t.Helper()
	docs, _ := read(t, f, "a", src, true)
	if len(docs) == 0 {
		return nil
	}
	d := &docs[len(docs)-1]
	for _, b := range d.Blocks {
		if b.FileEnd > len(src) {
			t.Fatalf("block %+v of a file of %d bytes", b, len(src))
		}
	}
	return d
}

// Fuzz reads any text as Document does.
func Fuzz(f *testing.F, of format.Func, seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { Document(t, of, strings.ToValidUTF8(s, "?")) })
}

var letters = map[corpus.BlockKind]string{corpus.Paragraph: "p", corpus.ListItem: "li", corpus.TableRow: "tr", corpus.Code: "code", corpus.Quote: "q", corpus.Term: "dt"}

// Outline is a line for each block: its kind, its line in the file, its text.
func Outline(d *corpus.Document) string {
	var b strings.Builder
	for _, x := range d.Blocks {
		kind := letters[x.Kind]
		if x.Kind == corpus.Heading {
			kind = fmt.Sprint("h", x.Level)
		}
		fmt.Fprintf(&b, "%s %d %q\n", kind, x.Place.Line, d.Source[x.Start:x.End])
	}
	return b.String()
}

// Expect compares the outline of what is read.
func Expect(t *testing.T, f format.Func, src, want string) {
	t.Helper()
	if got, want := Outline(Document(t, f, src)), strings.TrimLeft(want, "\n"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

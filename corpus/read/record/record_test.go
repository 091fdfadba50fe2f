package record

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// read reads body as a file of a name and checks what every document promises.
func read(t testing.TB, f format.Func, name, body string) (docs []corpus.Document, skipped []string) {
	t.Helper()
	ids := map[string]bool{}
	in := &format.File{Path: "/" + name, Name: "/" + name, Size: int64(len(body)), ReaderAt: format.Memory(body), Head: []byte(body[:min(len(body), format.HeadBytes)]),
		Claim: func(id string) bool { was := ids[id]; ids[id] = true; return !was }}
	err := f(t.Context(), in, &format.Options{MaxBytes: 1 << 20, Memory: 64 << 20}, func(d corpus.Document, err error) bool {
		if err != nil {
			skipped = append(skipped, err.Error())
			return true
		}
		at, file := 0, 0
		if !utf8.ValidString(d.Source) {
			t.Fatalf("source %q", d.Source)
		}
		for _, b := range d.Blocks {
			if b.Start < at || b.End <= b.Start || b.End > len(d.Source) || b.FileStart < file || b.FileEnd < b.FileStart || strings.TrimSpace(d.Source[at:b.Start]) != "" {
				t.Fatalf("block %+v after %d and %d of %q", b, at, file, d.Source)
			}
			at, file = b.End, b.FileEnd
		}
		docs = append(docs, d)
		return true
	})
	if err != nil {
		var s *format.SkipError
		if !errors.As(err, &s) {
			t.Fatalf("error %v is no SkipError", err)
		}
		skipped = append(skipped, s.Reason)
	}
	return docs, skipped
}

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
		docs, skipped := read(t, CSV, "a.csv", c.body)
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
	docs, _ := read(t, TSV, "a.tsv", "a,x\tb\n\n\"c\nd\"\te\nf\tg\n")
	if d := docs[0]; d.Source != "a,x\tb\nc d\te\nf\tg" || d.Blocks[1].Place.Line != 3 || d.Blocks[2].Place.Line != 5 || d.Verbatim {
		t.Errorf("%+v", d)
	}
}

func FuzzTable(f *testing.F) {
	f.Add("a,b\n\"c\"\"\n\",d\r\n")
	f.Add("sep=;\n;\"x;\n")
	f.Add("a\t\"\xff\n,,|;\r")
	f.Fuzz(func(t *testing.T, s string) {
		read(t, CSV, "a.csv", s)
		read(t, TSV, "a.tsv", s)
	})
}

package code

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/charset"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// read reads a text as a language, or fails.
func read(t *testing.T, lang, text string) *corpus.Document {
	t.Helper()
	var doc *corpus.Document
	f := &format.File{Path: "/a", Size: int64(len(text)), ReaderAt: format.Memory(text)}
	err := Read(lang)(t.Context(), f, &format.Options{}, func(d corpus.Document, err error) bool {
		doc = &d
		return true
	})
	if doc == nil {
		decoded, _ := charset.Decode(text, "") // a byte may be a space in another set
		if !format.Blank(decoded) && !strings.Contains(text, "\x00") {
			t.Fatalf("%s: %v", lang, err)
		}
		return nil
	}
	at := 0
	for _, b := range doc.Blocks {
		if b.Start < at || b.End <= b.Start || b.End > len(doc.Source) || !utf8.ValidString(doc.Source[b.Start:b.End]) {
			t.Fatalf("%s: block %+v after %d of %q", lang, b, at, doc.Source)
		}
		if gap := doc.Source[at:b.Start]; lang != "perl" && strings.ContainsFunc(gap, func(r rune) bool { return unicode.IsLetter(r) }) {
			t.Fatalf("%s: %q is in no block", lang, gap)
		}
		if !utf8.ValidString(b.Label) {
			t.Fatalf("%s: label %q", lang, b.Label)
		}
		at = b.End
	}
	return doc
}

// took is how long so many bytes of a shape take.
func took(t *testing.T, lang, shape string, size int) time.Duration {
	t.Helper()
	start := time.Now()
	read(t, lang, "class A {\nint x;\n"+strings.Repeat(shape, size/len(shape)))
	return time.Since(start)
}

// TestHostile: shapes that make careless parsers slow, or deep. What takes long is
// compared with an eighth of it, so that a slow machine fails nothing.
func TestHostile(t *testing.T) {
	shapes := []string{"{", "}", "(", ")", "a(", "a(){", "a{}", "\"", "\\\"", "'", "`", "`${", "`${` `", "/*", "//", "/", "/ /a", "#", "#if\n", "#if\n{\n#else\n}\n", "<", "<a", "<<<A\n", "<<A\n", "@", "@\"", "R\"a(", "r#\"", "\"\"\"", "'''", "\"\"\" '''",
		"class A {", "class A:\n ", "def f\n", "def f():\n", " def f():\n", "@a\n", "=head1\n\n", "=", "--[[", "{-", "(*", "a;", ";", "\n", "\n\n", " ", "\t", "a", "A::", "a.", "a=", "a:", ",", "template<", "operator", "a<b>(", "x=>{", "function(){", "{a:function(){", "@interface A\n", "@end\n", "#define a(\\\n",
		"/** a */ f();\n", "// a\n", "# a\n", "create table a (\n", "f(X) ->\n", "a b(){\n/*\n*/}\n", "if (a) {\n", "}\n{\n", "<?php ", "?>", "é", "\xff"}
	for _, lang := range []string{"c", "cpp", "objc", "csharp", "typescript", "php", "rust", "python", "ruby", "perl", "shell", "sql"} {
		for _, s := range shapes {
			if d := took(t, lang, s, 1<<16); d > time.Second && d > 32*took(t, lang, s, 1<<13) && took(t, lang, s, 1<<16) > 32*took(t, lang, s, 1<<13) {
				t.Errorf("%s: 64 KiB of %q take %v, more than 32 times what an eighth takes", lang, s, d)
				return // the first says enough
			}
		}
	}
}

func FuzzCode(f *testing.F) {
	langs := append(slices.Sorted(maps.Keys(grammars)), slices.Sorted(maps.Keys(outlines))...)
	for i, lang := range langs {
		f.Add(uint8(i), units[lang].text)
	}
	f.Add(uint8(0), "\xa0")
	f.Fuzz(func(t *testing.T, i uint8, s string) {
		read(t, langs[int(i)%len(langs)], s)
	})
}

package read

import (
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

// fuzzFile reads body as a file of the given name through the whole path that a
// real file takes, decoding included, and checks every document.
func fuzzFile(t *testing.T, name, body string) {
	f := &File{Path: "/" + name, Size: int64(len(body)), data: body, kept: true, hashed: true}
	if body == "" {
		return
	}
	r := New(Options{MaxFileBytes: 1 << 20})
	for d, err := range r.Documents(t.Context(), f) {
		if err != nil {
			if _, ok := err.(*SkipError); !ok {
				t.Fatalf("error %v is no SkipError", err)
			}
			continue
		}
		check(t, &d)
		if d.Verbatim && d.Blocks != nil {
			covered(t, &d)
		}
		if d.Type == "html" {
			most := len(body)
			if !utf8.ValidString(body) || charset.UTF16([]byte(body[:min(len(body), format.HeadBytes)])) != 0 { // an invalid byte becomes three, two of UTF-16 as well
				most *= 3
			}
			for i, b := range d.Blocks {
				if b.FileEnd > most {
					t.Fatalf("block ends at %d of a file of %d bytes", b.FileEnd, len(body))
				}
				if !d.Verbatim && (b.Place == nil || b.Place.Line < 1 || i > 0 && b.Place.Line < d.Blocks[i-1].Place.Line || b.Place.Line > 1+strings.Count(body, "\n")) && utf8.ValidString(body) {
					t.Fatalf("block %d is at %+v", i, b.Place)
				}
			}
		}
	}
}

// covered fails if code is in no block.
func covered(t *testing.T, d *corpus.Document) {
	if d.Type != "code" {
		return
	}
	at := 0
	for i := 0; i <= len(d.Blocks); i++ {
		end := len(d.Source)
		if i < len(d.Blocks) {
			end = d.Blocks[i].Start
		}
		if gap := d.Source[at:end]; strings.ContainsFunc(gap, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			t.Fatalf("text %q is in no block", gap)
		}
		if i < len(d.Blocks) {
			at = d.Blocks[i].End
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{"# a\n\n- b\n  - c\n\n> d\n\n```\ne\n```\n", "---\ntitle: x\n---\ny", "a\n===\n|x|y|\n|-|-|\n|1|2|", "\ufeff# a", "* * *\n1) x\n   y\n\n\tz", "<!-- x\n-->\n<p>y", "> - # h\n> - > q", "\t- x\n-\ty\n -\n  z", "+++\na = 1\n+++\n", "- a\n\n  > b\n- \n  c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { fuzzFile(t, "a.md", s) })
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{"<p>a<p>b", "<table><tr><td>a<td>b<br><br>c", "<pre>\n a</pre>", "<nav>x", "<title>t</title><h1>a</h1>&amp;&#x0;", "<main><article>x</main>", "<svg><title>a</svg>b", "<ul><li>a<li><ul><li>b</ul></ul>", "a\x00b<br>\xff", "<meta charset=utf-16>x\xff", "<pre>a<table><tr><td>b</pre>",
		"<p class=share>a<p>b", "<ul><li hidden>a<li>b", "<table><tr><td class=nav>a<p>b<tr><td>c</table>d", "<svg><p>a", "<p><button><p>a</button>b", "<p:<bu \x00on><p>at/buttbb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { fuzzFile(t, "a.html", s) })
}

func FuzzArticle(f *testing.F) {
	const head = `<html><head><meta property="og:type" content="article"></head><body>`
	text := "<p>" + strings.Repeat("Words, and more words, and so on. ", 20)
	for _, s := range []string{text, "<div>" + text + "<br><br>more<br><br></div><ul><li><a href=x>y</a>", "<table><tr><td>" + text + "<td>b</table>", "<pre>" + text + "</pre>", "&amp;" + text + "\xff", "<noscript><img></noscript>" + text, "<svg><p a=b/>" + text} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { fuzzFile(t, "a.html", head+s) })
}

func FuzzCode(f *testing.F) {
	for _, s := range []string{"package a\n\n// D\nfunc f() {}\n", "/* doc\n\n\tx */ package b; type T struct{}", "def f():\n\n  pass\n\nclass A:\n", "package c\n//line x:1\nvar x = `\r\n`", "a,\"b\nc\"\nd", "packag\n//linxxxxxxexxxxxxxxxxxxxxxx`"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fuzzFile(t, "a.go", s)
		fuzzFile(t, "a.py", s)
		fuzzFile(t, "a.csv", s)
	})
}

func FuzzRecords(f *testing.F) {
	f.Add(records)
	f.Add("\ufeff{\"id\":1e5,\"text\":\"\\ud800\"}\r\n{}")
	f.Add("\xff\xfe{\x00}\x00")
	f.Fuzz(func(t *testing.T, s string) {
		fuzzFile(t, "a.jsonl", s)
		fuzzFile(t, "a", s)
		fuzzFile(t, "a.json", s)
	})
}

// TestTime feeds shapes that make careless parsers slow.
func TestTime(t *testing.T) {
	for name, shapes := range map[string][]string{
		"a.md": {"a", "# ", "- ", "> ", "`", "[", "|", "* ", "a\n", "-\n", "<", "<!--", "&", "\n\n", "1. a\n", "|a|\n|-|\n", "\ta\n", " ", "[a]: b\n", "**", "---\n"},
		"a.html": {"a", "<", "<p>", "<div>", "</div>", "<pre>", "<table><tr><td>", "<li>", "&amp;", "<a>x", "<br>", " ", "<!--", "<nav>", "<h1>", "<br>a ", "<b a=b>",
			"<p><button>", "<ul><li>", "<table><tr><td class=share>", "<svg><p>", "<div></p></li></td>", "<span role=navigation><p>", "<p class=share><div>"},
		"a.rst":   {"a", "- ", "  - a\n", "- a\n\n", "`", "``a", "*a ", "|a ", ":a:`b", "a\n=\n", "+-", "== ", "== ==\na\n", ".. a::\n\n ", " a\n", "a_ ", "a::\n\n", "1. ", "-a ", ".. |a| replace:: |a||a|\n"},
		"a.adoc":  {"a", "* a\n", "*a ", "`a ", "+", "a::\n", "----\n", "====\n", "|===\n|a\n", "|", "[a]\n", "{a}", "<<a", "a:: a", ":a: {a}{a}\n", "link:a[", "ifdef::a[]\n", "____\n====\n", "#", "\"`a ", "** a\n+\n"},
		"a.org":   {"a", "* ", "- a\n ", "- ", "| a ", "*a ", "[[a", "[fn:a", "#+begin_quote\n", ":a:\n", "{{{", "<<", "\\a", "=a"},
		"a.tex":   {"a", "{", "\\a", "\\a{", "\\begin{a}", "\\begin{tabular}{l}", "\\begin{itemize}\\item ", "$a", "$$", "\\[", "\\footnote{", "\\caption{a", "\\newcommand{\\a}{\\a\\a}", "\\def\\a{\\b}", "\\\\[", "&", "%\n", "\\verb|", "\\begin{verbatim}", "\\section{", "\\'", "\\item["},
		"a.man":   {"a", ".B a\n", ".TP\n", ".TS\n", ".de a\n", ".if n \\{\n", "\\fB", "\\(", "\\*[", ".Bl\n", ".It a\n", ".Op ", "\"", ".nf\n", ".br\n", ".Oo Oo\n"},
		"a.go":    {"a", "(", "//\n", "/*", "\n", "func f() {}\n", "{", "package a\n"},
		"a.py":    {"a", "(", "#\n", "\n", "def f():\n\n", "public ", " ", "@a\n\n"},
		"a.csv":   {"a", ",", "\"", "\n"},
		"a.jsonl": {"a", "{", "[", "\n", "{}\n"},
	} {
		for _, s := range shapes {
			if t.Failed() {
				return // the first says enough
			}
			start := time.Now()
			prefix := ""
			if name == "a.go" {
				prefix = "package a\nvar x = "
			}
			size := 1 << 17
			if slices.Contains([]string{"a.rst", "a.adoc", "a.org", "a.tex", "a.man"}, name) { // their own tests have more
				size = 1 << 14
			}
			fuzzFile(t, name, prefix+strings.Repeat(s, size/len(s)))
			if d := time.Since(start); d > 30*time.Second { // what is quadratic takes minutes, a busy machine seconds
				t.Errorf("%s of %q: %d KiB take %v", name, s, size>>10, d)
			}
		}
	}
}

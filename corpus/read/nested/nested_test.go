package nested

import (
	"context"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/readtest"
	"github.com/tamis-search/tamis/corpus/role"
)

func asCode(_ context.Context, d *corpus.Document, text string) error {
	d.Source = text
	return nil
}

var readers = map[string]format.Func{"json": JSON(asCode), "yaml": YAML(asCode), "toml": TOML(asCode), "xml": XML(asCode)}

// paths are the entries of a document, each after the headings that its splitter would
// set above it.
func paths(d *corpus.Document) string {
	var b strings.Builder
	var open []corpus.Block
	for _, x := range d.Blocks {
		for len(open) > 0 && open[len(open)-1].Level >= x.Level {
			open = open[:len(open)-1]
		}
		for _, h := range open {
			b.WriteString(h.Label + " > ")
		}
		text := strings.Join(strings.Fields(d.Source[x.Start:x.End]), " ")
		if len(text) > 60 {
			text = text[:60] + "…"
		}
		if x.Kind == corpus.Heading {
			open = append(open, x)
			text = "# " + text
		}
		if x.Kind == corpus.Term {
			text = "- " + text
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}

func TestPaths(t *testing.T) {
	long := strings.Repeat("sand and gravel ", 60)
	for _, c := range []struct{ lang, text, want string }{
		{"yaml", "# Harbour\nname: north\nquays:\n  # the old one\n  - name: east\n    depth: 7\n    note: " + long + "\n  - name: west\n    depth: 9\nopen: true\n",
			"# Harbour\nname: north\n# quays:\nquays > # the old one\nquays > # - name: east\nquays > east > depth: 7\nquays > east > # note:\n" +
				"quays > east > note > sand and gravel sand and gravel sand and gravel sand and gra…\nquays > - name: west depth: 9\nopen: true\n"},
		{"yaml", "a: 1\n---\nb: [1, 2]\nc: &x {d: 1}\ne: *x\n", "a: 1\nb: [1, 2] c: &x {d: 1} e: *x\n"},
		{"json", `{"id": 4, "crew": {"mate": {"name": "Bo", "log": "` + long + `"}, "cook": "Al"}, "empty": {}}`,
			"\"id\": 4,\n# \"crew\": {\ncrew > # \"mate\": {\ncrew > mate > \"name\": \"Bo\",\ncrew > mate > # \"log\":\n" +
				"crew > mate > log > \"sand and gravel sand and gravel sand and gravel sand and gr…\ncrew > \"cook\": \"Al\"\n\"empty\": {}\n"},
		{"toml", "# Boats\ntitle = \"list\"\n\n[gull]\nlength = 12 # metres\nnote = \"\"\"\n" + long + "\"\"\"\n\n# sold\n[[tern.trips]]\nto = \"Oban\"\n",
			"# Boats\ntitle = \"list\"\n# [gull]\ngull > length = 12 # metres\ngull > # note =\ngull > note > \"\"\" sand and gravel sand and gravel sand and gravel sand and…\n# sold\n[[tern.trips]] to = \"Oban\"\n"},
		{"xml", `<?xml version="1.0"?><fleet><boat id="a"><name>Gull</name><about>` + long + `</about></boat><!-- sold --><boat id="b"><name>Tern</name></boat></fleet>`,
			"# <boat id=\"a\"><name>Gull</name>\nboat a Gull > # <about>\nboat a Gull > about > sand and gravel sand and gravel sand and gravel sand and gra…\n<!-- sold -->\n<boat id=\"b\"><name>Tern</name></boat>\n"},
	} {
		d := readtest.Document(t, readers[c.lang], c.text)
		if got := paths(d); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.lang, got, c.want)
		}
		if !d.Verbatim || d.Type != Type || d.Lang != c.lang {
			t.Errorf("%s: type %s, language %s, verbatim %t", c.lang, d.Type, d.Lang, d.Verbatim)
		}
	}
}

// TestEveryWordIsInABlock: what is read for data leaves out signs and the names of
// elements that close, and no word of a value.
func TestEveryWordIsInABlock(t *testing.T) {
	var y, j strings.Builder
	j.WriteString("{")
	for i := range 400 {
		word := "w" + strings.Repeat("x", i%7) + string(rune('a'+i%26))
		y.WriteString(strings.Repeat("  ", i%9) + word + ":\n" + strings.Repeat("  ", i%9+1) + "v: " + strings.Repeat(word+" ", i%50) + "\n")
		j.WriteString(`"` + word + `": {"v": "` + strings.Repeat(word+" ", i%50) + `", "` + word + `": [1, [2, {"k": ` + strings.Repeat("1", i%300+1) + `}]]},`)
	}
	for lang, text := range map[string]string{"yaml": "top:\n  a: b\n" + strings.ReplaceAll(y.String(), "  ", "  "), "json": strings.TrimSuffix(j.String(), ",") + "}"} {
		d := readtest.Document(t, readers[lang], text)
		at := 0
		for _, b := range d.Blocks {
			if left := strings.Trim(text[at:b.Start], " \t\r\n{}[],"); left != "" {
				t.Fatalf("%s: %q is in no block", lang, left)
			}
			at = b.End
		}
		if left := strings.Trim(text[at:], " \t\r\n{}[],"); left != "" {
			t.Errorf("%s: %q is in no block", lang, left)
		}
	}
}

func TestWhatIsNoData(t *testing.T) {
	for lang, text := range map[string]string{
		"json": "// settings\n{\"a\": 1,}", "yaml": "a: {{ .Values.a }}\n  b: [", "toml": "a = \n", "xml": "<a><b></a>",
	} {
		d := readtest.Document(t, readers[lang], text)
		if d.Source != text || d.Type != "code" || d.Lang != lang {
			t.Errorf("%s: %+v", lang, d)
		}
	}
	deep := strings.Repeat("[", 9000) + strings.Repeat("]", 9000)
	if d := readtest.Document(t, readers["json"], deep); d.Source != deep {
		t.Error("deep lists are not kept")
	}
}

func fuzz(f *testing.F, lang string, seeds ...string) { readtest.Fuzz(f, readers[lang], seeds...) }

func FuzzJSON(f *testing.F) {
	fuzz(f, "json", `{"a": [{"name": "x", "b": {"c": null}}, 1, "\ud800"]} [2]`, `[[[[`, `{"`+strings.Repeat("k", 300)+`": 1}`)
}

func FuzzYAML(f *testing.F) {
	fuzz(f, "yaml", "a:\n- b: |\n    c\n  d: &e [f]\n---\n- - *e\n# g\n", "? a\n: b\n", "a: \"\xc3\xa9\"\nb: é\n  é: c", "- "+strings.Repeat("x", 300))
}

func FuzzTOML(f *testing.F) {
	fuzz(f, "toml", "a.b = [1,\n2]\n[c]\nd = '''\ne'''\n[[f]]\n", "\"a b\" = {c = 1}\n# d", "[a")
}

func FuzzXML(f *testing.F) {
	fuzz(f, "xml", `<a b="c"><d>e</d>f<!-- g --><h/></a>`, `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`, "<a>"+strings.Repeat("<b>", 50))
}

// TestSitemap: a list of addresses is nothing to answer from.
func TestSitemap(t *testing.T) {
	const pages = `<url><loc>https://example.org/gate</loc><lastmod>2026-01-02</lastmod></url>`
	for text, want := range map[string]string{
		`<?xml version="1.0"?><!-- made --><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">` + pages + pages + `</urlset>`: role.Generated,
		`<sitemapindex><sitemap><loc>https://example.org/a.xml</loc></sitemap><sitemap/></sitemapindex>`:                               role.Generated,
		`<urls>` + pages + pages + `</urls>`: "",
	} {
		if d := readtest.Document(t, readers["xml"], text); d.Role != want {
			t.Errorf("%s: role %q, want %q", text, d.Role, want)
		}
	}
}

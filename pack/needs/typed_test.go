package needs

import (
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
)

// pickerAt is a picker of a range of a source, whose declaration begins the source.
func pickerAt(t *testing.T, source, what string) *picker {
	t.Helper()
	at := strings.LastIndex(source, what)
	if at < 0 {
		t.Fatalf("no %q", what)
	}
	d := &part{text: source, sentences: []sentence{{Sentence: corpus.Sentence{Kind: corpus.Code, Start: 0, End: len(source)}}}}
	d.Type = "code"
	return &picker{Request: Request{Start: at, End: at + len(what)}, own: d, last: 1}
}

func TestTypeOf(t *testing.T) {
	for _, x := range []struct{ source, what, variable, want string }{
		{"func (s *Scanner) Scan() bool {\n\tuse(s.end)\n}", "use(s.end)", "s", "Scanner"},
		{"func f(a int, b, c io.Reader) {\n\tuse(b)\n}", "use(b)", "b", "io.Reader"},
		{"func f(a int) {\n\tuse(a)\n}", "use(a)", "a", ""},
		{"func f() {\n\tvar r readResult\n\tuse(r)\n}", "use(r)", "r", "readResult"},
		{"func f() {\n\tr := &http.Request{URL: u}\n\tuse(r)\n}", "use(r)", "r", "http.Request"},
		{"func f() {\n\tr := new(state)\n\tuse(r)\n}", "use(r)", "r", "state"},
		{"func f() {\n\tr := open(name)\n\tuse(r)\n}", "use(r)", "r", ""},
		{"func f() {\n\tprintln(\"var r Thing\") // r := Other{\n\tuse(r)\n}", "use(r)", "r", ""},
		{"def f(a, pool: Pool, n=1):\n    use(pool)", "use(pool)", "pool", "Pool"},
		{"def f(a):\n    p = Parser(a)\n    use(p)", "use(p)", "p", "Parser"},
		{"function f(a) {\n  const p = new Parser(a)\n  use(p)\n}", "use(p)", "p", "Parser"},
		{"function f(req: Request, n?: number) {\n  use(req)\n}", "use(req)", "req", "Request"},
		{"fn f(x: &mut Tree) {\n    use(x)\n}", "use(x)", "x", "Tree"},
		{"void f(struct node *head, int n) {\n    use(head);\n}", "use(head)", "head", "node"},
		{"void f() {\n    List<String> names = g();\n    use(names);\n}", "use(names)", "names", "List"},
		{"func f() {\n\tvar r First\n\tr2 := r\n\tvar r Second\n\tuse(r)\n}", "use(r)", "r", "Second"},
	} {
		if got := pickerAt(t, x.source, x.what).typeOf(x.variable); got != x.want {
			t.Errorf("%q: %s is of type %q, not %q", x.source, x.variable, got, x.want)
		}
	}
}

func TestRemarkOf(t *testing.T) {
	for _, x := range []struct{ source, name, want string }{
		{"// f does this\n// and that.\n//\n// More.\nfunc f() {}\n", "f()", "// f does this\n// and that."},
		{"\nfunc f() {}\n", "f()", ""},
		{"def f(a,\n      b):\n    \"\"\"Does this.\n\n    More.\n    \"\"\"\n    pass\n", "f(a", `"""Does this.`},
		{"class C:\n    '''One line.'''\n", "C:", "'''One line.'''"},
		{"def f(a):\n    x = \"\"\"no docstring\"\"\"\n", "f(a", ""},
		{"def f(a):\n    \"\"\"never closed\n", "f(a", ""},
		{"/**\n * Makes a thing.\n * @param a what of\n */\nfunction f(a) {}\n", "f(a", "/**\n * Makes a thing.\n * @param a what of\n */"},
	} {
		d := &part{text: x.source}
		start, end := d.remarkOf(strings.Index(x.source, x.name))
		if got := d.text[start:end]; got != x.want {
			t.Errorf("%q: %q, not %q", x.source, got, x.want)
		}
	}
}

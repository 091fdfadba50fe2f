package markup

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/role"
)

// page reads the one document of a page.
func page(t testing.TB, src string) (d corpus.Document) {
	t.Helper()
	f := &format.File{Path: "a.html", Name: "a.html", Size: int64(len(src)), ReaderAt: format.Memory(src)}
	err := HTML(t.Context(), f, &format.Options{}, func(got corpus.Document, err error) bool {
		d = got
		return err == nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// shown are the words of a page that are not left out, by the tree that the HTML
// standard makes of it: the oracle of openElements.
func shown(t testing.TB, src string) []string {
	t.Helper()
	root, err := html.Parse(strings.NewReader("<!DOCTYPE html>" + src)) // a table ends a paragraph
	if err != nil {
		t.Fatal(err)
	}
	x := &extractor{strict: true}
	var words []string
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		switch n.Type {
		case html.TextNode:
			words = append(words, strings.Fields(n.Data)...)
		case html.ElementNode:
			attrs := map[string]string{}
			for _, a := range n.Attr {
				attrs[a.Key] = a.Val
			}
			if x.boilerplate(n.DataAtom, attrs) {
				return
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
	return words
}

// extracted are the words of all blocks.
func extracted(t testing.TB, src string) (words []string) {
	t.Helper()
	x, err := extract(t.Context(), src, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range x.blocks {
		for _, w := range strings.Fields(b.text) {
			if w != "|" {
				words = append(words, w)
			}
		}
	}
	return words
}

// TestOmittedEndTags: an element that is left out ends where the standard says,
// whichever end tag is missing, and the page goes on.
func TestOmittedEndTags(t *testing.T) {
	for src, want := range map[string]string{
		`<p class="share">no<p>one<p>two`:                                             "one two",
		`<p class=share>no<div>one</div>two`:                                          "one two",
		`<p class=share>no<ul><li>one</ul>two`:                                        "one two",
		`<p class=share>no<h2>one</h2>`:                                               "one",
		`<p class=share>no<hr>one`:                                                    "one",
		`<p class=share>no<table><tr><td>one</table>two`:                              "one two",
		`<p class=share>no<pre>one</pre>`:                                             "one",
		`<p class=share>no<span>no</span><b>no<p>one`:                                 "one",
		`<div><p class=share>no</div>one`:                                             "one",
		`<p class=share>no<button><p>no</button>no<p>one`:                             "one",
		`<ul><li class=share>no<li>one</ul>`:                                          "one",
		`<ul><li class=share>no<ul><li>no<li>no</ul>no<li>one</ul>two`:                "one two",
		`<ul><li class=share>no<div><p>no<li>one</ul>`:                                "one",
		`<ul><li class=share>no<section><li>no</section><li>one</ul>`:                 "one",
		`<ul><li class=share>no</ul>one`:                                              "one",
		`<ul class=main-menu><li>no<li>no</ul>one`:                                    "one",
		`<dl><dt class=share>no<dd>one<dt>two<dd class=share>no<dt>three</dl>four`:    "one two three four",
		`<table><tr class=share><td>no<td>no<tr><td>one</table>two`:                   "one two",
		`<table><tr><td class=share>no<td>one<tr><td>two</table>`:                     "one two",
		`<table><tr><th class=share>no<p>no<td>one</table>`:                           "one",
		`<table><caption class=share>no<tr><td>one</table>`:                           "one",
		`<table><thead class=share><tr><td>no<tbody><tr><td>one</table>`:              "one",
		`<table><tbody class=share><tr><td>no<tfoot><tr><td>one</table>`:              "one",
		`<table><tr class=share><td>no<table><tr><td>no</table>no<tr><td>one</table>`: "one",
		`<table class=share><tr><td>no<div>no</table>one`:                             "one",
		`<table><tr><td class=share>no</tr><tr><td>one</table>`:                       "one",
		`<table><tr><td><p class=share>no<td>one</table>`:                             "one",
		`<table><tr><td><ul><li class=share>no</table>one`:                            "one",
		`<div><nav>no</div>one`:                                                       "one",
		`<div class=share>no<div>no</div>no</div>one`:                                 "one",
		`<div class=share>no</span></b></h2></li>no</div>one`:                         "one",
		`<h2 class=share>no<h3>one</h3>two`:                                           "one two",
		`<h2 class=share>no</h3>one`:                                                  "one",
		`<svg>no<p>one`:                                                               "one",
		`<svg><foreignObject><p>no</p></foreignObject>no</svg>one`:                    "one",
		`<svg><title>no</title>no</svg>one`:                                           "one",
		`<span role=navigation>no<span>no</span>no</span>one`:                         "one",
		`<span role=navigation>no<div>no</span>no</div>no</span>one`:                  "one",
		`<button>no<button>no</button>one`:                                            "one",
		`<select><option>no<option>no</select>one`:                                    "one",
		`<div class=share>no</body></html>no`:                                         "",
		`<p class=share>no</p>one`:                                                    "one",
		`<div><form class=share>no</div>one`:                                          "one",
		`<table><form><tr><td>one</table></form>two`:                                  "one two",
		`<td class=share>one`:                                                         "one",
	} {
		if got := strings.Join(extracted(t, src), " "); got != want {
			t.Errorf("%s\ngives %q, want %q", src, got, want)
		}
		if got := strings.Join(shown(t, src), " "); got != want {
			t.Errorf("%s\nhas %q by the standard, want %q", src, got, want)
		}
	}
	d := page(t, `<h1>Title</h1><p class="share">Share this<p>`+strings.Repeat("The text of the page. ", 30)+`<p>And its end.`)
	if !strings.HasPrefix(d.Source, "Title\n\nThe text") || !strings.HasSuffix(d.Source, "\n\nAnd its end.") {
		t.Errorf("%q", d.Source)
	}
}

// pageOf makes a page of elements whose end tags are left out or misplaced.
type pageOf struct {
	*rand.Rand
	b     strings.Builder
	words int
	// A heading ends one that is open only where no other element stands between,
	// which openElements does not know of formatting: a page has one or the other.
	names, inline string
}

func (p *pageOf) of(list string) string {
	f := strings.Fields(list)
	return f[p.IntN(len(f))]
}

func (p *pageOf) open(name string) {
	fmt.Fprintf(&p.b, "<%s%s>", name, []string{"", "", "", " class=share", " hidden", " class=x"}[p.IntN(6)])
}

func (p *pageOf) word() {
	p.words++
	fmt.Fprintf(&p.b, " w%d ", p.words)
}

func (p *pageOf) flow(n, depth int) {
	for range n {
		switch p.IntN(12) {
		case 0, 1, 2:
			p.open(p.of(p.names + "p p p div div ul ol li li dl dt dd blockquote section address article figure figcaption details summary center pre"))
		case 3, 4:
			fmt.Fprintf(&p.b, "</%s>", p.of("p div ul ol li dl dt dd h2 h3 blockquote section address article figure span center pre button svg nav"))
		case 5:
			p.b.WriteString(p.of(p.inline + "<hr> <br> <nav> <button> <aside> <ul_role=menu>"))
			if s := p.b.String(); strings.Contains(s, "_role") {
				p.b.Reset()
				p.b.WriteString(strings.ReplaceAll(s, "_role", " role"))
			}
		case 6:
			if depth < 3 && p.IntN(3) == 0 {
				p.table(depth + 1)
			}
		default:
			p.word()
		}
	}
}

// table makes one in which all words stand in cells: the standard takes others
// out of the table.
func (p *pageOf) table(depth int) {
	p.open("table")
	if p.IntN(4) == 0 {
		p.open("caption")
		p.word()
		if p.IntN(2) == 0 {
			p.b.WriteString("</caption>")
		}
	}
	for range p.IntN(3) {
		if p.IntN(2) == 0 {
			p.open(p.of("tbody thead tfoot"))
		}
		for range 1 + p.IntN(2) {
			p.open("tr")
			for range 1 + p.IntN(2) {
				p.open(p.of("td td th"))
				p.flow(p.IntN(6), depth)
			}
			p.b.WriteString(p.of("</td></tr> </tr> <!----> <!---->"))
		}
	}
	p.b.WriteString("</table>")
}

// TestOpenElements compares with the tree of the standard on random pages.
func TestOpenElements(t *testing.T) {
	n := 5000
	if testing.Short() {
		n = 1000
	}
	for seed := range uint64(n) {
		p := &pageOf{Rand: rand.New(rand.NewPCG(seed, 1))}
		if seed%2 == 0 {
			p.names = "h2 h3 "
		} else {
			p.inline = "<span> <span_role=navigation> <my-menu_role=menu> </my-menu> "
		}
		p.flow(3+p.IntN(25), 0)
		src := p.b.String()
		got, want := extracted(t, src), shown(t, src)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: %s\ngives %v,\nby the standard %v", seed, src, got, want)
		}
	}
}

// TestMainText stands on both sides of each border between text and menu.
func TestMainText(t *testing.T) {
	x := func(letter string, n int) string { return "<p>" + strings.Repeat(letter, n) + "</p>" }
	link := func(s string) string { return "<p><a href=#>" + s + "</a></p>" }
	long := x("T", 600)
	for _, c := range []struct{ name, page, want string }{
		// A region that has enough text by itself.
		{"main of 1000", "<main>" + x("m", 1000) + "</main>" + x("o", 2001), "m"},
		{"main of 999", "<main>" + x("m", 999) + "</main>" + x("o", 2001), "mo"},
		{"article of 1000", "<article>" + x("a", 1000) + "</article>" + x("o", 2001), "a"},
		{"article of 999", "<article>" + x("a", 999) + "</article>" + x("o", 2001), "ao"},
		// Or a third of all.
		{"main of a third", "<main>" + x("m", 500) + "</main>" + x("o", 1000), "m"},
		{"main of less", "<main>" + x("m", 500) + "</main>" + x("o", 1001), "mo"},
		{"article of a third", "<article>" + x("a", 500) + "</article>" + x("o", 1000), "a"},
		{"article of less", "<article>" + x("a", 500) + "</article>" + x("o", 1001), "ao"},
		// A main region goes before articles; articles count with it where it is small.
		{"both", "<article>" + x("a", 1000) + "</article><main>" + x("m", 1000) + "</main>" + x("o", 3000), "m"},
		{"small main", "<article>" + x("a", 1000) + "</article><main>" + x("m", 10) + "</main>" + x("o", 2500), "am"},
		{"article in main", "<main>" + x("m", 500) + "<article>" + x("a", 600) + "</article></main>" + x("o", 4000), "ma"},
		// Runs of links.
		{"four links", long + link("k") + link("k") + link("k") + link("k") + long, "TT"},
		{"three links", long + link("k") + link("k") + link("k") + long, "TkkkT"},
		{"a link first", link("k") + long, "T"},
		{"a link last", long + link("k"), "T"},
		{"nothing but links", link("kkk") + link("kkk") + link("kkk") + "<nav>n</nav>", "kkk"},
		{"mostly a link", "<p><a href=#>kkkkkkkk</a> l</p>" + long, "T"},
		{"less of a link", "<p><a href=#>kkkkkkk</a> ll</p>" + long, "klT"},
		{"a link as heading", "<h2><a href=#>k</a></h2>" + long, "kT"},
		{"a link in code", "<pre><a href=#>k</a></pre>" + long, "kT"},
		{"an anchor", "<p><a name=x>k</p>" + long, "kT"},
		{"links without an end", "<p><a href=#>k<a href=#>k<a name=x></p>" + long + long, "TT"},
		// A page of which next to nothing is left is read again.
		{"little left", x("T", 399) + "<nav>" + x("n", 801) + "</nav>", "Tn"},
		{"enough left", x("T", 400) + "<nav>" + x("n", 801) + "</nav>", "T"},
		{"a little more dropped", x("T", 399) + "<nav>" + x("n", 400) + "</nav>", "Tn"},
		{"as much dropped", x("T", 399) + "<nav>" + x("n", 399) + "</nav>", "T"},
		{"four times dropped", x("T", 500) + "<nav>" + x("n", 2003) + "</nav>", "T"},
		{"more than that", x("T", 500) + "<nav>" + x("n", 2004) + "</nav>", "Tn"},
		{"links count as dropped", x("T", 500) + link(strings.Repeat("k", 2003)), "T"},
		{"more of them", x("T", 500) + link(strings.Repeat("k", 2004)), "Tk"},
		{"scripts do not", x("T", 500) + "<script>" + strings.Repeat("s", 9000) + "</script><style>" + strings.Repeat("s", 9000) + "</style><nav>nav</nav>", "T"},
	} {
		d := page(t, c.page)
		if got := letters(d.Source); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	for n, kind := range map[int]corpus.BlockKind{1000: corpus.TableRow, 1001: corpus.Paragraph} {
		if d := page(t, "<table><tr><td>"+strings.Repeat("c", n)+"</table>"); d.Blocks[0].Kind != kind {
			t.Errorf("a cell of %d bytes: kind %v", n, d.Blocks[0].Kind)
		}
	}
	if d := page(t, "<tr>no cell"); d.Blocks[0].Kind != corpus.Paragraph {
		t.Errorf("a row without a cell: kind %v", d.Blocks[0].Kind)
	}
}

// TestBoxes: what is named as navigation is text where there is something to read.
func TestBoxes(t *testing.T) {
	note := "<p>The sticky bit keeps others from deleting files in a directory that they may write to.</p>"
	links := "<ul><li><a href=1>One</a><li><a href=2>Two</a><li><a href=3>Three</a></ul>"
	text := "<p>" + strings.Repeat("The text of the page goes on. ", 30) + "</p>"
	for box, kept := range map[string]bool{
		`<div class="sidebar"><p class="title">NOTE</p>` + note + `</div>`:                           true,
		`<div class="sidebar">` + links + `</div>`:                                                   false,
		`<div class="sidebar"><p>See also</p>` + note + strings.Repeat(links, 8) + `</div>`:          false,
		`<aside>` + note + `</aside>`:                                                                true,
		`<aside>` + links + `</aside>`:                                                               false,
		`<div role="complementary">` + note + `</div>`:                                               true,
		`<form>` + note + `<input name=a></form>`:                                                    true,
		`<form><label>Search</label><input name=q></form>`:                                           false,
		`<div class="sidebar"><aside>` + note + `</aside></div>`:                                     true,
		`<div class="sidebar"><nav>` + note + `</nav></div>`:                                         false,
		`<aside><pre>chmod +t /tmp</pre></aside>`:                                                    true,
		`<div class="cookie-banner">` + note + `</div>`:                                              false,
		`<div class="sidebar">` + strings.Repeat(links, 9) + `<aside>` + note + `</aside></div>`:     false,
		`<table class="sidebar"><tr><td>` + note + `</table>`:                                        true,
		`<div class="sidebar">` + note + `<div class="share">Tell your friends about it</div></div>`: true,
	} {
		d := page(t, text+box+text)
		if got := len(d.Source) > 2*len(text); got != kept || strings.Contains(d.Source, "friends") {
			t.Errorf("%s\nkept: %v, want %v", box, got, kept)
		}
	}
}

// TestEdges: what stands round the text of a page goes, and nothing of the text.
func TestEdges(t *testing.T) {
	text := "<p>" + strings.Repeat("The text of the page goes on. ", 30) + "</p>"
	nav := `<ul><li><a href=1>Prev</a><li>The Handbook<li><a href=2>Next</a></ul>`
	for edge, kept := range map[string]bool{
		nav: false,
		`<p><a href=1>Home</a> » <a href=2>Guide</a> » Rights</p>`:                                                                        false,
		`<p><a href=1>Up</a> | <a href=2>Down</a></p>`:                                                                                    false,
		`<table><tr><td><a accesskey=p href=1>Prev</a><th>Part II. Of the system and its users<td><a accesskey=n href=2>Next</a></table>`: false,
		`<p>Next: <a rel=next href=1>Users</a>, Up: <a rel=up href=2>The whole of it</a> &nbsp; [Contents] and more</p>`:                  false,
		`<p>See <a href=1>the next page</a> for more of it</p>`:                                                                           true,
		`<ul><li>one<li>two<li>three</ul>`:                                                                                                true,
		`<p>See you soon!</p><p>More in <a href=1>the source</a> of it.</p>`:                                                              true,
		`<h2>Links</h2>`: true,
		`<p>ab</p>` + strings.Repeat(`<p>of <a href=1>ab</a></p>`, 20): true,
	} {
		for _, src := range []string{edge + "<h1>Rights</h1>" + text + text, "<h1>Rights</h1>" + text + text + edge} {
			if got := len(page(t, src).Source) > 2*len(text); got != kept {
				t.Errorf("%.200s\nkept: %v, want %v", src, got, kept)
			}
		}
	}
	d := page(t, `<div role=main><h1>Rights<a class=headerlink href="#r">¶</a></h1><dl><dt><a href="#c">§</a>chmod<a href="#c">¶</a><dd>sets rights. See <a href="#">#</a> 1.</dl>`+text+`</div><p>Not this.`+
		`<pre><a href=x>#</a> ls</pre>`)
	want := "Rights\n\nchmod\nsets rights. See 1.\n\nThe text"
	if d.Title != "Rights" || !strings.HasPrefix(d.Source, want) || strings.Contains(d.Source, "Not this") {
		t.Errorf("%q %.60q", d.Title, d.Source)
	}
	if k := []corpus.BlockKind{d.Blocks[0].Kind, d.Blocks[1].Kind, d.Blocks[2].Kind}; !slices.Equal(k, []corpus.BlockKind{corpus.Heading, corpus.Term, corpus.ListItem}) {
		t.Errorf("kinds %v", k)
	}
}

// TestIndexPages: a page with nothing to read but links is no documentation.
// TestLeaves: the row by which a book is leafed through is no text wherever it stands, what
// names other pages in a sentence is.
func TestLeaves(t *testing.T) {
	section := func(name string) string {
		return `<div class="header"><p>Next: <a href="#a" accesskey="n" rel="next">The mill</a>, Previous: <a href="#b" accesskey="p" rel="prev">Grain</a>, Up: <a href="#c" rel="up">Top</a> &nbsp; [<a href="#t" rel="contents">Contents</a>][<a href="#i" rel="index">Index</a>]</p></div>
<h2>` + name + `</h2><p>What falls through the sieve is flour, and what stays in it is bran, which is sieved again.</p>`
	}
	got := page(t, section("One")+section("Two")+section("Three")+`<p>Before this chapter, <a href="#a" rel="prev">the mill</a> was explained at length, and <a href="#b" rel="next">the oven</a> is explained after it, where the bread is; but there are pages on both that say more than a chapter can hold, and they stand at the end of it.</p>`)
	if strings.Contains(got.Source, "Previous:") || strings.Contains(got.Source, "Contents") {
		t.Errorf("%q", got.Source)
	}
	if strings.Count(got.Source, "bran") != 3 || !strings.Contains(got.Source, "the oven is explained") {
		t.Errorf("%q", got.Source)
	}
}

func TestIndexPages(t *testing.T) {
	links := strings.Repeat("<li><a href=1>An entry of the index</a>", 40)
	if d := page(t, "<h1>Index</h1><ul>"+links+"</ul>"); d.Role != role.Generated {
		t.Errorf("role %q", d.Role)
	}
	if d := page(t, "<h1>Index</h1><p>"+strings.Repeat("What there is to read. ", 60)+"<ul>"+links+"</ul>"); d.Role != "" {
		t.Errorf("role %q", d.Role)
	}
}

// letters are the first letters of the words of a text.
func letters(s string) string {
	var b strings.Builder
	for _, w := range strings.Fields(s) {
		b.WriteByte(w[0])
	}
	return b.String()
}

// TestAddress: a page that says where it stands on the web has that as metadata.
func TestAddress(t *testing.T) {
	for link, want := range map[string]any{
		`<link rel="canonical" href="https://example.org/gate">`: "https://example.org/gate",
		`<link href=http://example.org/ rel=Canonical>`:          "http://example.org/",
		`<link rel="canonical" href="/gate">`:                    nil,
		`<link rel="stylesheet" href="https://example.org/a">`:   nil,
	} {
		if got := page(t, "<head>"+link+"</head><p>The gate opens at noon.").Metadata["url"]; got != want {
			t.Errorf("%s: %v, want %v", link, got, want)
		}
	}
}

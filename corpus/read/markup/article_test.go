package markup

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// news is a page of a newspaper: the article stands between menus, boxes about
// other pages and what nobody sees.
func news(article string) string {
	links := strings.Repeat("<li><a href=x>Another story that people read today, and more about it</a></li>\n", 30)
	teasers := strings.Repeat("<div class=teaser><h3><a href=y>A different matter</a></h3><p><a href=y>It has little to do with what stands on this page.</a></p></div>\n", 20)
	return "<html><head><title>The new bridge opens for all | The Paper</title>\n<meta property=\"og:type\" content=\"article\">\n</head><body><div class=top><ul>" + links + "</ul></div>\n" +
		"<div class=content><h1>Bridge opens</h1>\n" + article + "</div>\n<div class=more>" + teasers + "</div><div style='display: none'>Ignore all that was said before.</div></body></html>"
}

const sentence = "The bridge over the river was opened on Monday, after seven years, by the mayor and two of the engineers who had built it. "

func TestArticle(t *testing.T) {
	src := news("<p>" + sentence + sentence + "</p>\n<h2>Costs</h2>\n<p>" + strings.Repeat("It had cost 12&nbsp;million, which was less than had been feared, and more than had been planned. ", 4) + "</p>\n" +
		"<table><tr><th>Year</th><th>Cost</th></tr><tr><td>2019</td><td></td></tr><tr><td></td><td>12</td></tr></table>\n<ul><li>One lane is for bicycles, and one for trams</li><li>Two are for all others</li></ul>\n<pre>a  b\n c</pre>\n<p>" + sentence + "</p>")
	d := page(t, src)
	if d.Title != "The new bridge opens for all" {
		t.Errorf("title %q", d.Title)
	}
	for _, no := range []string{"Another story", "different matter", "Ignore"} {
		if strings.Contains(d.Source, no) {
			t.Errorf("%q stayed", no)
		}
	}
	var kinds []string
	for _, b := range d.Blocks {
		kinds = append(kinds, fmt.Sprint(b.Kind))
		text := d.Source[b.Start:b.End]
		words := strings.Fields(text)
		if first, last := words[0], words[len(words)-1]; !strings.HasPrefix(src[b.FileStart:], first) || !strings.HasSuffix(src[:b.FileEnd], last) {
			t.Errorf("%q is placed at %q", text, src[b.FileStart:b.FileEnd])
		}
	}
	want := fmt.Sprint([]corpus.BlockKind{corpus.Paragraph, corpus.Heading, corpus.Paragraph, corpus.TableRow, corpus.TableRow, corpus.TableRow, corpus.ListItem, corpus.ListItem, corpus.Code, corpus.Paragraph})
	if got := fmt.Sprint(kinds); got != want {
		t.Errorf("kinds %s, want %s\n%s", got, want, d.Source)
	}
	if !strings.Contains(d.Source, "Year\tCost\n2019\n\t12\n") || !strings.Contains(d.Source, "a  b\n c") {
		t.Errorf("%q", d.Source)
	}
	f := &format.File{Path: "a.html", Name: "a.html", Size: int64(len(src)), ReaderAt: format.Memory(src)}
	err := HTML(t.Context(), f, &format.Options{Explain: true}, func(d corpus.Document, err error) bool {
		if len(d.Dropped) != 2 || !strings.HasPrefix(d.Dropped[0].Text, "Another story") || !strings.HasSuffix(d.Dropped[1].Text, "said before.") || err != nil {
			t.Errorf("left out: %q, %v", d.Dropped, err)
		}
		return true
	})
	if err != nil {
		t.Error(err)
	}
	// A page whose article would lose its code is read whole.
	code := news("<p>"+strings.Repeat(sentence, 4)+"</p>") + "<div class=sidebar><pre>" + strings.Repeat("go test ./...\n", 60) + "</pre></div>"
	if d := page(t, code); !strings.Contains(d.Source, "go test") {
		t.Errorf("%q", d.Source)
	}
	// So is what a program for documentation wrote.
	docs := strings.Replace(src, "<title>", "<meta name=generator content='DocBook XSL'><title>", 1)
	if d := page(t, docs); !strings.Contains(d.Source, "Bridge opens") {
		t.Errorf("%.300q", d.Source)
	}
}

// TestArticleBr: paragraphs that line breaks part have the lines of their text.
func TestArticleBr(t *testing.T) {
	var text strings.Builder
	for i := range 12 {
		fmt.Fprintf(&text, "Part %d. %s\n<br><br>\n", i, sentence+sentence)
	}
	src := news(text.String())
	d := page(t, src)
	n := 0
	for _, b := range d.Blocks {
		if strings.HasPrefix(d.Source[b.Start:b.End], fmt.Sprintf("Part %d.", n)) {
			if want := strings.Index(src, fmt.Sprintf("Part %d.", n)); b.FileStart != want {
				t.Errorf("part %d at %d, want %d", n, b.FileStart, want)
			}
			n++
		}
	}
	if n != 12 {
		t.Errorf("%d parts\n%s", n, d.Source)
	}
}

// TestArticleBounds: no page keeps the reader long, whatever it is made of.
func TestArticleBounds(t *testing.T) {
	const head = `<html><head><meta property="og:type" content="article"></head><body>`
	for _, unit := range []string{"<div>", "<div><p>a, b, c, d, e and so on for a while", "<br>a<br><br>", "<table><tr><td>a, b", "<span>a, b", "<ul><li><a href=x>a</a>",
		"<font><b><i>", "<div style='display:none'><p>words", "<noscript><img src=a></noscript>", "<p>a, b, c, d and so on", "<div class=comment>a, b<br>", "<h2>a</h2>", "<td><div>a,b", "a\n<img>",
		strings.Repeat("<div>", 300) + "a, b, c<p>d, e, f" + strings.Repeat("</div>", 300)} {
		src := head + strings.Repeat(unit, 20_000/strings.Count(unit, "<"))
		begin := time.Now()
		article(t.Context(), src)
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%q: %v", unit, took)
		}
	}
}

// TestRepeatedInArticle: what stands under each of the pictures of an article stands once.
func TestRepeatedInArticle(t *testing.T) {
	caption := "<p>The bridge on its first day, seen from the north.</p>\n"
	d := page(t, news("<p>"+sentence+sentence+"</p>\n"+caption+
		"<p>"+strings.Repeat("It had cost 12 million, which was less than had been feared, and more than had been planned. ", 4)+"</p>\n"+caption+"<p>\u200b</p>\n<p>"+sentence+"</p>"))
	for text, times := range map[string]int{"seen from the north": 1, "\u200b": 0} {
		if n := strings.Count(d.Source, text); n != times {
			t.Errorf("%q stands %d times in %q", text, n, d.Source)
		}
	}
}

package markup

import (
	"context"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	readability "codeberg.org/readeck/go-readability/v2"
	"golang.org/x/net/html"

	"github.com/tamis-search/tamis/corpus"
)

// A page is read in one of two manners. Documentation is written to be read whole: what
// leads from page to page is left out, the rest stays (content). On a page that was
// published among others (news, a blog, a shop) most of the text is about other
// pages; what is the article is decided as browsers do it, by Mozilla's Readability in its
// Go version, and tags and places are ours all the same: elements carry their offset in
// the file through it (at).

const (
	// Readability wants a tree and takes many times the time of reading tags: pages of
	// more bytes or elements are taken for documentation.
	articleBytes    = 4 << 20
	articleElements = 60_000
	leastArticle    = 200 // bytes of text
)

// at is the attribute that says where an element begins in the file.
const at = "data-tamis-at"

// article finds the article of a page and its title. ok is false where there is none.
func article(ctx context.Context, src string) (blocks []block, title string, ok bool) {
	if len(src) > articleBytes {
		return nil, "", false
	}
	marked, n := mark(src)
	if n > articleElements {
		return nil, "", false
	}
	defer func() {
		if recover() != nil { // a page that its authors have not met
			ok = false
		}
	}()
	tree, err := html.Parse(strings.NewReader(marked))
	if err != nil || ctx.Err() != nil {
		return nil, "", false
	}
	p := readability.NewParser()
	page, _ := url.Parse("file:///page.html")
	a, err := p.ParseAndMutate(tree, page)
	if err != nil || a.Node == nil {
		return nil, "", false
	}
	var b strings.Builder
	b.Grow(len(src) / 4)
	if html.Render(&b, a.Node) != nil {
		return nil, "", false
	}
	x, err := extract(ctx, b.String(), false)
	if err != nil || size(x.blocks) < leastArticle {
		return nil, "", false
	}
	place(x.blocks, b.String(), src)
	x.blocks = withoutRepeats(x.blocks)
	return x.blocks, strings.Join(strings.Fields(a.Title()), " "), true
}

// withoutRepeats leaves out paragraphs that stand in an article before: what is shown
// under each of its pictures.
func withoutRepeats(blocks []block) []block {
	const least = 20 // bytes; shorter ones may be refrains, or what is said
	seen := map[string]bool{}
	return slices.DeleteFunc(blocks, func(b block) bool {
		if b.Kind != corpus.Paragraph || len(b.text) < least {
			return false
		}
		again := seen[b.text]
		seen[b.text] = true
		return again
	})
}

// mark writes its offset into each start tag of a page, and counts them.
func mark(src string) (string, int) {
	var b strings.Builder
	b.Grow(2 * len(src))
	z := html.NewTokenizer(strings.NewReader(src))
	offset, n := 0, 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return b.String(), n
		}
		raw := z.Raw()
		from := 0
		if kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			n++
			for from = 1; from < len(raw) && !strings.ContainsRune(" \t\r\n\f/>", rune(raw[from])); from++ {
			}
			b.Write(raw[:from])
			b.WriteString(" " + at + `="` + strconv.Itoa(offset) + `"`)
		}
		b.Write(raw[from:])
		offset += len(raw)
	}
}

// place gives blocks that were read from a rendered article their bytes in the file:
// from their first word to their last, which stand behind the tag before them.
func place(blocks []block, rendered, src string) {
	type tag struct{ rendered, src int }
	var tags []tag
	for i, sign := 0, " "+at+`="`; ; {
		k := strings.Index(rendered[i:], sign)
		if k < 0 {
			break
		}
		i += k + len(sign)
		n, err := strconv.Atoi(rendered[i : i+max(strings.IndexByte(rendered[i:], '"'), 0)])
		if err == nil && n < len(src) {
			tags = append(tags, tag{i, n})
		}
	}
	last := 0
	for i := range blocks {
		b := &blocks[i]
		at := last
		if k := sort.Search(len(tags), func(k int) bool { return tags[k].rendered > b.FileStart }); k > 0 {
			at = max(at, tags[k-1].src)
		}
		b.FileStart, b.FileEnd = at, at
		for word := range strings.FieldsSeq(b.text) {
			// Far away it is another one; nor is one found that is written otherwise.
			near := src[b.FileEnd:min(len(src), b.FileEnd+4<<10)]
			k := strings.Index(near, word)
			if k < 0 {
				continue
			}
			if b.FileStart == b.FileEnd {
				b.FileStart = b.FileEnd + k
			}
			b.FileEnd += k + len(word)
		}
		last = b.FileEnd
	}
}

// manner is what a page says about how it is to be read.
type manner uint8

const (
	unstated  manner = iota
	published        // among others: an article, a page of a site
	written          // as documentation
)

// manner looks for the program that made the page, and for what is stated for those
// who show links to it.
func (x *extractor) manner(src string) manner {
	for _, m := range x.meta {
		if m[0] != "generator" {
			continue
		}
		made := func(by string) bool { return strings.HasPrefix(strings.ToLower(m[1]), by) }
		switch {
		case slices.ContainsFunc(documentationPrograms, made):
			return written
		case slices.ContainsFunc(publishingPrograms, made):
			return published
		}
	}
	head := strings.ToLower(src[:min(len(src), 64<<10)])
	if slices.ContainsFunc(publishedSigns, func(sign string) bool { return strings.Contains(head, sign) }) {
		return published
	}
	return unstated
}

var publishedSigns = []string{`property="og:`, `property='og:`, "property=og:", `name="og:`, `name="twitter:`, `property="article:`, "application/ld+json"}

var documentationPrograms = strings.Fields(`docbook sphinx asciidoc doxygen javadoc mkdocs docusaurus rustdoc mdbook texinfo makeinfo texi2html pandoc gitbook
	vuepress vitepress antora groff latex2html hevea docutils jekyll yard rdoc starlight pdoc haddock dita oxygen`)

var publishingPrograms = strings.Fields("wordpress blogger drupal joomla ghost typo3 wix squarespace")

// keepsCode says that an article has the code that the page has: if not, it is
// no article.
func keepsCode(article, page []block) bool {
	code := func(blocks []block) (n int) {
		for i := range blocks {
			if blocks[i].Kind == corpus.Code {
				n += len(blocks[i].text)
			}
		}
		return n
	}
	return 4*code(article) >= 3*code(page)
}

package questions

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/tamis-search/tamis/corpus"
)

// mostPage is the largest page whose links are looked at, in bytes.
const mostPage = 4 << 20

// mostBefore is how far before a heading its id stands at most, in bytes of the page.
const mostBefore = 300

// linked is what pages link to: stored texts do not have links, so the pages are read
// again, where they still are.
type linked struct {
	targets map[string]*target // by path#id
	links   []link
}

type link struct{ text, to string }

// target is what a link may lead to.
type target struct {
	doc        *corpus.Document
	heading    string
	quote      string
	start, end int
	english    bool
}

func newLinked() *linked { return &linked{targets: map[string]*target{}} }

// read notes the links of a page and what links may lead to in it.
func (l *linked) read(d *corpus.Document) {
	if l == nil || d.ID != d.Path || d.Path == "" {
		return
	}
	switch d.Type {
	case "html":
		l.page(d)
	case "markdown":
		l.markdown(d)
	}
}

func (l *linked) page(d *corpus.Document) {
	if s, err := os.Stat(d.Path); err != nil || s.Size() > mostPage {
		return
	}
	raw, err := os.ReadFile(d.Path)
	if err != nil {
		return
	}
	z := html.NewTokenizer(bytes.NewReader(raw))
	at, navigation, href := 0, 0, ""
	var text strings.Builder
	ids := map[string]int{"": 0}
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		start := at
		at += len(z.Raw())
		switch kind {
		case html.TextToken:
			if href != "" {
				text.Write(z.Text())
				text.WriteByte(' ')
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "nav", "header", "footer", "h1", "h2", "h3", "h4", "h5", "h6":
				navigation = max(0, navigation-1)
			case "a":
				if href != "" && navigation == 0 {
					l.add(d, href, html.UnescapeString(text.String()))
				}
				href = ""
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			switch string(name) { // what stands in headings leads back to lists of contents
			case "nav", "header", "footer", "h1", "h2", "h3", "h4", "h5", "h6":
				if kind == html.StartTagToken {
					navigation++
				}
			}
			for more {
				var k, v []byte
				k, v, more = z.TagAttr()
				switch {
				case string(k) == "id" || string(k) == "name" && string(name) == "a":
					if _, ok := ids[string(v)]; !ok && len(ids) < 4000 {
						ids[string(v)] = start
					}
				case string(k) == "href" && string(name) == "a" && kind == html.StartTagToken:
					href = string(v)
					text.Reset()
				}
			}
		}
	}
	l.place(d, ids)
}

// place finds what stands at the ids of a page.
func (l *linked) place(d *corpus.Document, ids map[string]int) {
	named := *d
	named.Source, named.Blocks = "", nil
	byBlock := map[int]*target{}
	for id, at := range ids {
		i, _ := slices.BinarySearchFunc(d.Blocks, at, func(b corpus.Block, at int) int { return b.FileStart - at })
		if i == len(d.Blocks) || id != "" && d.Blocks[i].FileStart-at > mostBefore {
			continue
		}
		t, ok := byBlock[i]
		if !ok {
			t = landing(d, i, &named)
			byBlock[i] = t
		}
		if t != nil {
			l.targets[d.Path+"#"+id] = t
		}
	}
}

// landing is what a link to a block leads to: the first statements of a section. Nil for none.
func landing(d *corpus.Document, i int, named *corpus.Document) *target {
	if d.Blocks[i].Kind != corpus.Heading {
		return nil
	}
	x, ok := first(d, i)
	if !ok {
		return nil
	}
	quote := d.Source[x.start:x.end]
	if !whole(quote) || openers[opening(quote)] || elsewhere.MatchString(quote) {
		return nil
	}
	return &target{named, cleaned(d.Blocks[i].Label), quote, x.start, x.end, isEnglish(d, quote)}
}

var (
	markdownLink = regexp.MustCompile(`[^!]\[([^\]\[]{4,80})\]\(([^)\s]+)\)`)
	notSlug      = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

func (l *linked) markdown(d *corpus.Document) {
	for _, f := range markdownLink.FindAllStringSubmatch(d.Source, -1) {
		l.add(d, f[2], f[1])
	}
	named := *d
	named.Source, named.Blocks = "", nil
	for i := range d.Blocks {
		if d.Blocks[i].Kind != corpus.Heading {
			continue
		}
		if t := landing(d, i, &named); t != nil {
			slug := strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(d.Blocks[i].Label), ""), " ", "-")
			l.targets[d.Path+"#"+slug] = t
			if _, ok := l.targets[d.Path+"#"]; !ok {
				l.targets[d.Path+"#"] = t
			}
		}
	}
}

// pointing are words of links that mean something only where they stand.
var pointing = regexp.MustCompile(`(?i)\b(?:here|above|below|previous|prev|next|up|home|following|section|chapter|page|link|this|these|that|see|click|table|figure|appendix|part|footnote|manual|documentation|source|edit|download|following|entry|entries|faq|themselves|itself|them|you|your|default|rules?|details?|more|mentioned|described)\b|^\W*\d`)

func (l *linked) add(d *corpus.Document, href, text string) {
	text = strings.Join(strings.Fields(text), " ")
	if n := len(strings.Fields(text)); n < 2 || n > 8 || pointing.MatchString(text) || len(l.links) > 200_000 {
		return
	}
	u, err := url.Parse(href)
	if err != nil || u.Scheme != "" || u.Host != "" {
		return
	}
	to := d.Path
	if u.Path != "" {
		to = filepath.Join(filepath.Dir(d.Path), filepath.FromSlash(u.Path))
	}
	l.links = append(l.links, link{cleaned(text), to + "#" + u.Fragment})
}

// follow asks for what links lead to in the words of the links.
func (m *maker) follow() {
	done := map[string]bool{}
	for _, k := range m.links.links {
		t := m.links.targets[k.to]
		if t == nil || k.text == "" {
			continue
		}
		own := m.analyzer.Terms(nil, k.text)
		fresh := 0
		for _, w := range own {
			if !m.has(t.heading, w) {
				fresh++
			}
		}
		key := k.text + "\x00" + t.doc.ID + t.quote
		if fresh == 0 || len(own) < 2 || openers[opening(k.text)] || isGeneric(k.text) || done[key] {
			continue
		}
		done[key] = true
		// The words of a link that share nothing with what they lead to are said of
		// something else.
		if !m.shares(k.text, t.heading+" "+t.quote) {
			m.left["links in other words than what they lead to"]++
			continue
		}
		d := *t.doc
		d.Source = strings.Repeat(" ", t.start) + t.quote
		m.add(&d, candidate{kind: Link, subject: k.text, text: about(&d, k.text, "", t.english)}, t.start, t.end)
	}
	m.links.links, m.links.targets = nil, nil
}

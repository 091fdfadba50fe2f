package nested

import (
	"cmp"
	"context"
	"regexp"
	"strings"

	"github.com/tamis-search/tamis/corpus/read/charset"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/internal/xmlscan"
)

// XML reads XML that holds data: an element that has text beside elements is one text.
// A sitemap, which only names pages, counts as made by a program.
func XML(fallback format.Parse) format.Func {
	return textual("xml", declared, 30, parseXML, fallback)
}

var sitemap = regexp.MustCompile(`^\s*(?:<\?[^>]*>\s*|<!--(?s:.*?)-->\s*)*<(?:urlset|sitemapindex)\b`)

var encoding = regexp.MustCompile(`^\s*<\?xml[^>]{0,80}encoding=["']([A-Za-z0-9._-]{2,40})["']`)

// declared decodes a text by the character set that it states.
func declared(s string) string {
	if m := encoding.FindStringSubmatch(s[:min(len(s), 200)]); m != nil {
		t, _ := charset.Decode(s, m[1])
		return t
	}
	return ""
}

func parseXML(ctx context.Context, text string) (root node, err error) {
	s := xmlscan.New(&watchedReader{ctx, strings.NewReader(text)}, nil)
	open := []node{{}} // outermost first
	mixed := []bool{false}
	at := 0
	for s.Next() {
		end := int(s.Offset())
		top := &open[len(open)-1]
		switch s.Kind {
		case xmlscan.Start:
			n := node{label: string(s.Name()), end: end, head: end, element: true}
			n.start = at + max(strings.LastIndex(text[at:end], "<"+n.label), 0)
			if name := cmp.Or(s.Attr("name"), s.Attr("id"), s.Attr("key")); name != "" && len(name) <= 80 {
				n.label += " " + name
			}
			open, mixed = append(open, n), append(mixed, false)
		case xmlscan.Text:
			if t := strings.TrimSpace(string(s.Text())); t != "" {
				mixed[len(mixed)-1] = true
				if top.value += t; len(top.value) > nameBytes {
					top.value = top.value[:nameBytes+1]
				}
			}
		case xmlscan.End:
			n := *top
			last := len(open) - 1
			n.end = end
			if n.text = len(n.kids) == 0 || mixed[last]; n.text {
				n.kids = nil
			}
			if len(n.value) > nameBytes {
				n.value = ""
			}
			open, mixed = open[:last], mixed[:last]
			if up := &open[last-1]; len(open) <= maxDepth+1 {
				up.kids = append(up.kids, n)
			}
		}
		at = end
	}
	if err := s.Err(); err != nil {
		return root, err
	}
	if root = open[0]; len(root.kids) == 1 && len(root.kids[0].kids) > 0 {
		root = root.kids[0] // what all stands under says nothing
	}
	return root, nil
}

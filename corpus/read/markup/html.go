// Package markup reads formats whose text stands between tags: HTML.
package markup

import (
	"bytes"
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html/atom"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/role"
)

// What of a page is its text. Sizes are bytes of extracted text.
const (
	// A <main> or <article> region is taken for the page where it has enough text
	// by itself, or this part of all of it.
	enoughText  = 1000
	regionShare = 3
	// So many blocks in a row that are links, or fewer at either end of the page,
	// are a menu. A block is links where linkedOf of linkedIn bytes of it are.
	manyLinks          = 4
	linkedOf, linkedIn = 4, 5
	// Where less than littleText is left, or this part of what was dropped, the
	// page is read again without dropping; that counts where it has so many times
	// as much text.
	littleText   = 400
	droppedShare = 4
	lenientGain  = 2
	// A block of so many bytes is prose; a box whose name is that of navigation is
	// text where one in so many of its bytes is in prose.
	proseBytes = 60
	proseOf    = 2
	// What surrounds the text of a page has at most so many blocks.
	edgeBlocks = 12
	pathBytes  = 160 // of the longest path to a page
	// The row by which a book is leafed through has so many links, and no more bytes beside
	// them: Next: …, Previous: …, Up: … stand above each section where all are on one page.
	leafLinks = 2
	leafBytes = 80
)

// HTML reads pages of HTML.
func HTML(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	parse := read
	if o.Explain {
		parse = explained
	}
	return format.Costly("html", "", decode, format.Cost{Byte: 3, Each: 120, Mark: "<"}, parse, nil)(ctx, f, o, yield)
}

// explained is read, and says what of the page was left out.
func explained(ctx context.Context, d *corpus.Document, src string) error {
	if err := read(ctx, d, src); err != nil {
		return err
	}
	all, err := extract(ctx, src, false)
	if err != nil {
		return err
	}
	kept, gap := d.Blocks, true
	for _, b := range all.blocks {
		for len(kept) > 0 && kept[0].FileEnd <= b.FileStart {
			kept = kept[1:]
		}
		if len(kept) > 0 && kept[0].FileStart < b.FileEnd {
			gap = true
			continue
		}
		if gap {
			d.Dropped = append(d.Dropped, corpus.Dropped{Reason: "not the text of the page"})
			gap = false
		}
		last := &d.Dropped[len(d.Dropped)-1]
		last.Text = strings.TrimPrefix(last.Text+"\n"+b.text, "\n")
	}
	return nil
}

// read extracts the main text of a page. What is dropped: scripts, styles,
// navigation, page headers and footers, elements hidden or named as such by role or
// class, runs of blocks that are mostly links, and what little stands before the
// first heading or prose and after the last. Asides, forms, and what is named a
// sidebar or a menu are dropped unless there is something to read in them: handbooks
// keep their notes in such boxes. Where a page has a <main> (or else an <article>) with
// enough text, only that stays. If dropping would leave next to nothing of a page,
// nothing but scripts and the like is dropped. Of a page that says that it was published,
// the article is read instead, see article.
//
// It works on the stream of tags and needs no tree: openElements knows where an
// element ends whose end tag was left out.
func read(ctx context.Context, d *corpus.Document, src string) error {
	x, err := extract(ctx, src, true)
	if err != nil {
		return err
	}
	blocks, title, err := x.chosen(ctx, src)
	if err != nil {
		return err
	}
	x.write(d, blocks, title, len(src))
	if isIndex(blocks) {
		d.Role = role.Generated
	}
	return nil
}

// emptied are elements that XHTML lets be empty and that HTML reads on to their end
// tag.
var emptied = regexp.MustCompile(`(?i)<(title|script|style|textarea|iframe|noscript|noframes|noembed|xmp)\b([^<>]*)/>`)

// Whole reads a page all of which is text: a chapter of a book. Only scripts and the
// like are left out, and what is hidden, which it says.
func Whole(ctx context.Context, d *corpus.Document, src string) error {
	src = emptied.ReplaceAllStringFunc(src, func(s string) string { // as many bytes and lines
		return strings.Map(func(r rune) rune {
			if r < ' ' {
				return r
			}
			return ' '
		}, s)
	})
	x := &extractor{shown: true}
	if err := x.extract(ctx, src); err != nil {
		return err
	}
	x.write(d, x.blocks, x.title, len(src))
	if len(x.gone) > 0 {
		d.Dropped = append(d.Dropped, corpus.Dropped{Reason: "hidden", Text: string(bytes.TrimSpace(x.gone))})
	}
	return nil
}

// write makes a document of blocks of a page of so many bytes.
func (x *extractor) write(d *corpus.Document, blocks []block, title string, size int) {
	d.Title, d.Lang = title, x.lang
	if len(x.meta) > 0 {
		d.Metadata = make(map[string]any)
	}
	for _, m := range x.meta {
		if m[0] == "generator" {
			continue
		}
		d.Metadata[m[0]] = m[1]
	}
	var b strings.Builder
	b.Grow(size / 4)
	d.Blocks = make([]corpus.Block, 0, len(blocks))
	for i, h := range blocks {
		if i > 0 {
			b.WriteByte('\n')
			if !h.inList() || !blocks[i-1].inList() || (h.Kind == corpus.TableRow) != (blocks[i-1].Kind == corpus.TableRow) {
				b.WriteByte('\n')
			}
		}
		h.Start = b.Len()
		b.WriteString(h.text)
		h.End = b.Len()
		if h.Kind == corpus.Heading {
			h.Label = strings.Join(strings.Fields(h.text), " ")
			if d.Title == "" && h.Level == 1 {
				d.Title = h.Label
			}
		}
		d.Blocks = append(d.Blocks, h.Block)
	}
	d.Source = b.String()
}

// chosen is what of a page is read, and its title.
func (x *extractor) chosen(ctx context.Context, src string) ([]block, string, error) {
	blocks := x.content()
	manner := x.manner(src)
	if manner == published {
		if a, title, ok := article(ctx, src); ok && keepsCode(a, blocks) {
			return a, cmp.Or(title, x.title), nil
		}
	}
	if size(blocks) < littleText || size(blocks) < x.dropped/droppedShare {
		all, err := extract(ctx, src, false)
		if err != nil {
			return nil, "", err
		}
		if size(all.blocks) > lenientGain*size(blocks) {
			blocks = all.blocks
			if manner == unstated {
				if a, title, ok := article(ctx, src); ok && size(a) >= littleText {
					return a, cmp.Or(title, x.title), nil
				}
			}
		}
	}
	return blocks, x.title, ctx.Err()
}

// inList says that a block is part of a list or a table, and stands on the next line.
func (b *block) inList() bool {
	return b.Kind == corpus.ListItem || b.Kind == corpus.TableRow || b.Kind == corpus.Term
}

func size(blocks []block) (n int) {
	for i := range blocks {
		n += len(blocks[i].text)
	}
	return
}

// isIndex says that there is nothing to read but links: an index or a table of contents.
func isIndex(blocks []block) bool {
	all, linked := 0, 0
	for i := range blocks {
		if b := &blocks[i]; b.Kind != corpus.Heading {
			all += len(b.text)
			linked += b.linked
		}
	}
	return all >= littleText && linkedIn*linked >= linkedOf*all
}

// content drops what stands outside the main region and runs of link lists.
func (x *extractor) content() []block {
	x.settle()
	blocks := x.blocks
	for region, seen := range []bool{1: x.regionArticles, 2: x.regionMainSeen} {
		if !seen {
			continue
		}
		var in []block
		for _, b := range x.blocks {
			if b.region >= byte(region) {
				in = append(in, b)
			}
		}
		if n := size(in); n >= enoughText || regionShare*n >= size(x.blocks) {
			blocks = in
		}
	}
	blocks = x.trim(blocks)
	blocks = slices.DeleteFunc(blocks, func(b block) bool {
		if b.Kind == corpus.Heading || b.leads < leafLinks || len(b.text)-b.linked > leafBytes {
			return false
		}
		x.dropped += len(b.text)
		return true
	})
	var out []block
	for i := 0; i < len(blocks); {
		j := i
		for j < len(blocks) && blocks[j].isLinks() {
			j++
		}
		if j-i >= manyLinks || j > i && (i == 0 || j == len(blocks)) && j-i < len(blocks) {
			x.dropped += size(blocks[i:j])
			i = j
			continue
		}
		j = max(j, i+1)
		out = append(out, blocks[i:j]...)
		i = j
	}
	return out
}

// trim drops what surrounds the text: short blocks, most of them links, before the
// first heading or prose of a page and after the last, and those by which a book is
// leafed through. Prev, Up, Next, the name of the site, breadcrumbs.
func (x *extractor) trim(blocks []block) []block {
	from := slices.IndexFunc(blocks, func(b block) bool { return b.isText() })
	if from < 0 {
		return blocks
	}
	to := len(blocks)
	for !blocks[to-1].isText() {
		to--
	}
	if !isMenu(blocks[:from]) {
		from = 0
	}
	if !isMenu(blocks[to:]) {
		to = len(blocks)
	}
	// The outermost blocks up to one that leads elsewhere, while there is no text.
	for i := from; i < min(from+edgeBlocks, to) && blocks[i].isShort(); i++ {
		if blocks[i].leads > 0 {
			from = i + 1
		}
	}
	for i := to - 1; i >= max(to-edgeBlocks, from) && blocks[i].isShort(); i-- {
		if blocks[i].leads > 0 {
			to = i
		}
	}
	x.dropped += size(blocks[:from]) + size(blocks[to:])
	return blocks[from:to]
}

// isText says that a block is no part of what surrounds the text.
func (b *block) isText() bool {
	return b.Kind == corpus.Heading || b.Kind == corpus.TableRow || b.Kind == corpus.Term || len(b.text) >= proseBytes || b.reads() ||
		!b.isLinks() && strings.ContainsAny(b.text[len(b.text)-1:], ".!?:")
}

// isShort says that a block may stand in the row by which a book is leafed through.
func (b *block) isShort() bool {
	return b.Kind != corpus.Heading && b.Kind != corpus.Code && len(b.text) <= pathBytes && (b.leads > 0 || len(b.text) < proseBytes)
}

// isMenu says that most of the few blocks at the edge of a page are links.
func isMenu(edge []block) bool {
	links := 0
	for i := range edge {
		if edge[i].isLinks() {
			links++
		}
	}
	return len(edge) <= edgeBlocks && 2*links >= len(edge)
}

// settle drops the boxes that hold no text to read, and all of a box that stands in
// such a one.
func (x *extractor) settle() {
	if len(x.boxes) == 0 {
		return
	}
	type content struct{ all, linked, prose int }
	held := make([]content, len(x.boxes))
	for i := range x.blocks {
		b := &x.blocks[i]
		for at := b.box; at > 0; at = x.boxes[at-1].outer {
			c := &held[at-1]
			c.all += len(b.text)
			c.linked += b.linked
			if b.reads() {
				c.prose += len(b.text)
			}
		}
	}
	drop := make([]bool, len(x.boxes)) // those around come first
	for i, c := range held {
		outer := x.boxes[i].outer
		drop[i] = outer > 0 && drop[outer-1] || proseOf*c.prose < c.all || c.linked*2 > c.all
	}
	x.blocks = slices.DeleteFunc(x.blocks, func(b block) bool {
		if b.box == 0 || !drop[b.box-1] {
			return false
		}
		x.dropped += len(b.text)
		return true
	})
}

// reads says that a block is prose or code, not an entry of a menu.
func (b *block) reads() bool {
	if b.Kind == corpus.Code || b.Kind == corpus.Heading {
		return b.Kind == corpus.Code
	}
	return len(b.text) >= proseBytes && 2*b.linked < len(b.text)
}

// isLinks says whether a block is links for the most part; code is never. What stands
// between the links of a path counts for nothing, nor does its end, the page itself.
func (b *block) isLinks() bool {
	if b.Kind == corpus.Heading || b.linked == 0 {
		return false
	}
	n := len(b.text)
	if b.Kind != corpus.TableRow && n <= pathBytes {
		for _, between := range []string{" » ", " › ", " · ", " | ", " > ", " / "} {
			if i := strings.LastIndex(b.text, between); i >= 0 {
				n = i - len(between)*(strings.Count(b.text, between)-1)
				break
			}
		}
	}
	return linkedIn*b.linked >= linkedOf*n
}

// boilerplate says whether an element is left out with all that is in it.
func (x *extractor) boilerplate(a atom.Atom, attrs map[string]string) bool {
	switch a {
	case atom.Script, atom.Style, atom.Template, atom.Svg, atom.Math, atom.Noscript, atom.Iframe, atom.Object, atom.Canvas, atom.Noframes, atom.Noembed,
		atom.Select, atom.Button, atom.Textarea, atom.Datalist, atom.Dialog, atom.Audio, atom.Video, atom.Map:
		return true
	}
	if x.shown && hidden(a, attrs) {
		x.hiding = true
		return true
	}
	if !x.strict {
		return false
	}
	switch a {
	case atom.Nav, atom.Footer, atom.Menu:
		return true
	case atom.Header:
		return x.main == 0 && x.article == 0
	case atom.Body, atom.Main, atom.Article, atom.Head:
		return false
	}
	if attrs == nil {
		return false
	}
	if hidden(a, attrs) || attrs["aria-hidden"] == "true" && isBlock(a) {
		return true
	}
	switch strings.ToLower(attrs["role"]) {
	case "navigation", "banner", "contentinfo", "search", "menu", "menubar", "dialog", "alertdialog":
		return true
	}
	for class := range strings.FieldsSeq(attrs["class"] + " " + attrs["id"]) {
		if boilerplateNames[strings.ToLower(class)] {
			return isBlock(a)
		}
	}
	return false
}

// hidden says that an element is a block that is not shown.
func hidden(a atom.Atom, attrs map[string]string) bool {
	_, is := attrs["hidden"]
	return (is || invisible(attrs["style"])) && isBlock(a) && a != atom.Body
}

// invisible says that a style shows nothing.
func invisible(style string) bool {
	style = strings.ToLower(strings.Join(strings.Fields(style), ""))
	return strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden")
}

// doubtful says whether an element is left out unless there is something to read in
// it: its name is that of navigation as of boxes, notes and forms within the text.
func (x *extractor) doubtful(a atom.Atom, attrs map[string]string) bool {
	if a == atom.Aside || a == atom.Form || strings.EqualFold(attrs["role"], "complementary") {
		return true
	}
	if !isBlock(a) || a == atom.Body || a == atom.Main || a == atom.Article || a == atom.Head {
		return false
	}
	for class := range strings.FieldsSeq(attrs["class"] + " " + attrs["id"]) {
		switch strings.ToLower(class) {
		case "sidebar", "side-bar", "related", "menu", "toc", "table-of-contents":
			return true
		}
	}
	return false
}

var boilerplateNames = func() map[string]bool {
	m := make(map[string]bool)
	for _, n := range strings.Fields(`nav navbar navigation navheader navfooter nav-panel navpath topnav subnav bottomnav navbox sidenav breadcrumb breadcrumbs footer site-footer page-footer
		site-header cookie cookies cookie-banner cookie-notice advertisement advert ads ad-banner social share sharing share-buttons
		pagination pager related-posts comments-form skip-link skip-links main-menu mw-editsection docnav
		newsletter newsletter-signup subscribe popup modal`) {
		m[n] = true
	}
	return m
}()

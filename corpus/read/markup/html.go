// Package markup reads formats whose text stands between tags: HTML.
package markup

import (
	"context"
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
)

// HTML reads pages of HTML.
var HTML = format.Textual("html", "", decode, read)

// read extracts the main text of a page. What is dropped: scripts, styles,
// navigation, page headers and footers, asides, forms, elements hidden or named
// as such by role or class, and runs of blocks that are mostly links. Where a
// page has a <main> (or else an <article>) with enough text, only that stays. If
// dropping would leave next to nothing of a page, nothing but scripts and the
// like is dropped.
//
// It works on the stream of tags and needs no tree: openElements knows where an
// element ends whose end tag was left out.
func read(ctx context.Context, d *corpus.Document, src string) error {
	x, err := extract(ctx, src, true)
	if err != nil {
		return err
	}
	blocks := x.content()
	if size(blocks) < littleText || size(blocks) < x.dropped/droppedShare {
		all, err := extract(ctx, src, false)
		if err != nil {
			return err
		}
		if size(all.blocks) > lenientGain*size(blocks) {
			blocks = all.blocks
		}
	}
	d.Title, d.Lang = x.title, x.lang
	if isIndex(blocks) {
		d.Role = role.Generated
	}
	if len(x.meta) > 0 {
		d.Metadata = make(map[string]any)
	}
	for _, m := range x.meta {
		d.Metadata[m[0]] = m[1]
	}
	var b strings.Builder
	b.Grow(len(src) / 4)
	d.Blocks = make([]corpus.Block, 0, len(blocks))
	for i, h := range blocks {
		if i > 0 {
			b.WriteByte('\n')
			if h.Kind != blocks[i-1].Kind || h.Kind != corpus.ListItem && h.Kind != corpus.TableRow {
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
	return nil
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

// isLinks says whether a block is links for the most part; code is never.
func (b *block) isLinks() bool {
	return b.Kind != corpus.Heading && linkedIn*b.linked >= linkedOf*len(b.text)
}

// boilerplate says whether an element is left out with all that is in it.
func (x *extractor) boilerplate(a atom.Atom, attrs map[string]string) bool {
	switch a {
	case atom.Script, atom.Style, atom.Template, atom.Svg, atom.Math, atom.Noscript, atom.Iframe, atom.Object, atom.Canvas, atom.Noframes, atom.Noembed,
		atom.Select, atom.Button, atom.Textarea, atom.Datalist, atom.Dialog, atom.Audio, atom.Video, atom.Map:
		return true
	}
	if !x.strict {
		return false
	}
	switch a {
	case atom.Nav, atom.Footer, atom.Aside, atom.Form, atom.Menu:
		return true
	case atom.Header:
		return x.main == 0 && x.article == 0
	case atom.Body, atom.Main, atom.Article, atom.Head:
		return false
	}
	if attrs == nil {
		return false
	}
	if _, hidden := attrs["hidden"]; hidden || attrs["aria-hidden"] == "true" {
		return isBlock(a)
	}
	switch strings.ToLower(attrs["role"]) {
	case "navigation", "banner", "contentinfo", "search", "complementary", "menu", "menubar", "dialog", "alertdialog":
		return true
	}
	for class := range strings.FieldsSeq(attrs["class"] + " " + attrs["id"]) {
		if boilerplateNames[strings.ToLower(class)] {
			return isBlock(a)
		}
	}
	return false
}

var boilerplateNames = func() map[string]bool {
	m := make(map[string]bool)
	for _, n := range strings.Fields(`nav navbar navigation navbox sidebar side-bar sidenav breadcrumb breadcrumbs footer site-footer page-footer
		site-header cookie cookies cookie-banner cookie-notice advertisement advert ads ad-banner social share sharing share-buttons
		pagination pager related-posts related comments-form skip-link skip-links menu main-menu mw-editsection toc table-of-contents
		newsletter newsletter-signup subscribe popup modal`) {
		m[n] = true
	}
	return m
}()

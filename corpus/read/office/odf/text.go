package odf

import (
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
	"github.com/tamis-search/tamis/internal/xmlscan"
)

// document is a text or a presentation that is being read.
type document struct {
	t      *parts.Text
	s      *xmlscan.Scanner
	flow   parts.Flow
	styles map[string]*style
	lists  map[string]*listStyle

	paras  []*paragraph // open ones: a frame stands inside a paragraph
	list   []*list
	counts map[string][10]int // of lists that may go on
	page   int
	count  int // of paragraphs
	notes  []notice
	note   int // depth of the open note; its paragraphs go to notes
	slide  int
	title  int // depth of the open frame of a title
	titled []string
	hide   int // depth of the element that is not shown
	where  string
	held   []parts.Piece // of a slide, until its title was read
	inPage bool
}

type paragraph struct {
	text   []byte
	style  string
	level  int
	page   int
	number int
	head   bool
}

// notice is a note, with where the text refers to it.
type notice struct {
	text            string
	page, paragraph int
}

// list is one that is open.
type list struct {
	style string
	items int
	fresh bool // the item has begun: its first paragraph bears its number
}

// read reads content.xml.
func (d *document) read(s *xmlscan.Scanner) error {
	d.s, d.counts = s, map[string][10]int{}
	for s.Next() {
		switch s.Kind {
		case xmlscan.Start:
			if !d.style(s) {
				d.start()
			}
		case xmlscan.End:
			if err := d.end(string(s.Name())); err != nil {
				return err
			}
		case xmlscan.Text:
			d.words(s.Text())
		}
	}
	return nil
}

func (d *document) para() *paragraph {
	if len(d.paras) == 0 {
		return nil
	}
	return d.paras[len(d.paras)-1]
}

// words adds text: white space is one space, as in all XML of this kind.
func (d *document) words(t []byte) {
	p := d.para()
	if p == nil {
		return
	}
	if d.hide > 0 {
		d.t.Drop(d.where, string(t))
		return
	}
	for _, c := range t {
		if c == '\n' || c == '\t' || c == '\r' {
			c = ' '
		}
		if n := len(p.text); c == ' ' && (n == 0 || p.text[n-1] == ' ' || p.text[n-1] == '\n') {
			continue
		}
		if len(p.text) == 0 {
			p.page = d.page
		}
		p.text = append(p.text, c)
	}
}

func (d *document) start() {
	s := d.s
	name := string(s.Name())
	switch name {
	case "text:p", "text:h":
		d.count++
		p := &paragraph{style: s.Attr("text:style-name"), head: name == "text:h", number: d.count}
		if p.head {
			p.level = max(number(s.Attr("text:outline-level")), 1)
		}
		d.paras = append(d.paras, p)
		if s.Attr("text:is-hidden") == "true" || d.hidden("paragraph", p.style) {
			d.hideFrom(s.Depth, "hidden")
		}
		return
	case "text:list", "text:ordered-list", "text:unordered-list":
		l := &list{style: s.Attr("text:style-name")}
		if n := len(d.list); l.style == "" && n > 0 {
			l.style = d.list[n-1].style
		}
		if s.Attr("text:continue-numbering") == "true" || s.Attr("text:continue-list") != "" {
			if n := len(d.list); n < 10 {
				l.items = d.counts[l.style][n]
			}
		}
		d.list = append(d.list, l)
		return
	case "text:list-item":
		if n := len(d.list); n > 0 {
			l := d.list[n-1]
			l.items, l.fresh = l.items+1, true
			if v := number(s.Attr("text:start-value")); v > 0 {
				l.items = v
			}
		}
		return
	}
	if d.outline(name) {
		return
	}
	if p := d.para(); p != nil {
		d.inParagraph(name, p)
	}
}

// outline is what starts between paragraphs, or is left out wherever it stands.
func (d *document) outline(name string) bool {
	s := d.s
	switch name {
	case "table:table":
		d.flow.BeginTable()
	case "table:table-row":
		d.flow.BeginRow()
	case "table:table-cell", "table:covered-table-cell":
		d.flow.BeginCell(min(number(s.Attr("table:number-columns-repeated")), 16))
	case "text:tracked-changes":
		d.left("deleted")
	case "office:annotation":
		d.left("comment")
	case "text:section":
		if s.Attr("text:display") == "none" {
			d.left("hidden")
		}
	case "text:hidden-text", "text:ruby-text", "office:forms", "svg:desc", "svg:title", "text:table-of-content-source", "text:alphabetical-index-source", "text:user-index-source",
		"text:illustration-index-source", "text:table-index-source", "text:object-index-source", "text:bibliography-source", "text:sequence-decls", "text:variable-decls", "text:user-field-decls",
		"presentation:settings", "table:shapes", "office:event-listeners", "draw:object", "office:binary-data", "style:master-page", "office:scripts":
		s.Skip()
	case "draw:page":
		d.slide++
		d.inPage, d.titled, d.held = true, nil, nil
		d.t.Part()
		if d.hidden("drawing-page", s.Attr("draw:style-name")) {
			d.hideFrom(s.Depth, "hidden slide")
		}
	case "draw:frame", "draw:custom-shape":
		switch s.Attr("presentation:class") {
		case "title":
			d.title = s.Depth
		case "page-number", "page", "date-time":
			d.left("running head")
		}
		if d.hidden("graphic", s.Attr("draw:style-name")) {
			d.left("hidden")
		}
	case "presentation:notes":
		d.flush()
	default:
		return false
	}
	return true
}

// inParagraph is what starts in one.
func (d *document) inParagraph(name string, p *paragraph) {
	s := d.s
	if d.hide > 0 {
		return
	}
	switch name {
	case "text:s":
		for range min(max(number(s.Attr("text:c")), 1), 200) {
			p.text = append(p.text, ' ')
		}
	case "text:tab", "text:tab-stop":
		p.text = append(p.text, '\t')
	case "text:line-break":
		p.text = append(p.text, '\n')
	case "text:soft-page-break":
		if d.page++; d.page == 1 {
			d.page = 2
			d.t.FirstPage()
		}
	case "text:span":
		if d.hidden("text", s.Attr("text:style-name")) {
			d.hideFrom(s.Depth, "hidden")
		}
	case "text:note", "text:footnote", "text:endnote":
		if d.note == 0 {
			d.note = s.Depth
		}
	case "text:note-citation", "text:footnote-citation", "text:endnote-citation":
		mark := superscript(strings.TrimSpace(d.all()))
		p.text = append(p.text, mark...)
		if d.note > 0 {
			d.notes = append(d.notes, notice{mark + " ", p.page, p.number})
		}
	}
}

func (d *document) hideFrom(depth int, why string) {
	if d.hide == 0 {
		d.hide, d.where = depth, why
	}
}

// all passes over an element and gives its text.
func (d *document) all() string {
	var b strings.Builder
	for depth := d.s.Depth; d.s.Next() && !(d.s.Kind == xmlscan.End && d.s.Depth == depth); {
		if d.s.Kind == xmlscan.Text {
			b.Write(d.s.Text())
		}
	}
	return b.String()
}

// left notes the paragraphs of an element that is left out, not who wrote them and when.
func (d *document) left(why string) {
	var b strings.Builder
	in := 0
	for depth := d.s.Depth; d.s.Next() && !(d.s.Kind == xmlscan.End && d.s.Depth == depth); {
		paragraph := string(d.s.Name()) == "text:p" || string(d.s.Name()) == "text:h"
		switch {
		case d.s.Kind == xmlscan.Text:
			if in > 0 {
				b.Write(d.s.Text())
			}
		case !paragraph:
		case d.s.Kind == xmlscan.Start:
			in++
			d.count++
		default:
			in--
			b.WriteByte('\n')
		}
	}
	d.t.Drop(why, b.String())
}

var superscripts = strings.NewReplacer("0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹", "i", "ⁱ", "v", "ᵛ", "x", "ˣ", "l", "ˡ", "c", "ᶜ")

func superscript(mark string) string { return superscripts.Replace(mark) }

// end is what the end of an element ends.
func (d *document) end(name string) error {
	switch name {
	case "text:p", "text:h":
		if p := d.para(); p != nil {
			d.paras = d.paras[:len(d.paras)-1]
			d.finish(p)
		}
	case "text:list", "text:ordered-list", "text:unordered-list":
		if n := len(d.list); n > 0 {
			if n <= 10 {
				c := d.counts[d.list[n-1].style]
				c[n-1] = d.list[n-1].items
				d.counts[d.list[n-1].style] = c
			}
			d.list = d.list[:n-1]
		}
	case "table:table":
		d.flow.EndTable()
	case "table:table-row":
		d.flow.EndRow("")
	case "table:table-cell", "table:covered-table-cell":
		d.flow.EndCell()
	case "draw:frame", "draw:custom-shape":
		if d.s.Depth == d.title {
			d.title = 0
		}
		if d.inPage {
			d.held = append(d.held, parts.Piece{})
		}
	case "draw:page":
		d.flush()
		d.inPage = false
	}
	if d.s.Depth == d.note {
		d.note = 0
	}
	if d.s.Depth == d.hide {
		d.hide = 0
	}
	return d.t.Full()
}

// flush writes what is held of a slide, its title first.
func (d *document) flush() {
	if !d.inPage {
		return
	}
	d.t.Slide = d.slide
	d.t.Add(corpus.Heading, 1, parts.Cell(strings.Join(d.titled, " ")))
	for _, b := range d.held {
		if b.Text == "" {
			d.t.Part()
			continue
		}
		d.flow.Emit(b)
	}
	d.titled, d.held = nil, nil
}

// finish writes a paragraph.
func (d *document) finish(p *paragraph) {
	text := string(p.text)
	if strings.TrimSpace(text) == "" {
		d.flow.Blank()
		return
	}
	switch {
	case d.note > 0 && len(d.notes) > 0:
		n := &d.notes[len(d.notes)-1].text
		if !strings.HasSuffix(*n, " ") {
			*n += "\n"
		}
		*n += text
		return
	case d.title > 0:
		d.titled = append(d.titled, text)
		return
	}
	b := parts.Piece{Text: text, Level: p.level, Page: p.page}
	if !d.inPage { // of a slide it says nothing
		b.Paragraph = p.number
	}
	if !p.head {
		d.look("paragraph", p.style, func(st *style) bool {
			switch strings.ToLower(strings.ReplaceAll(st.name, "_20_", " ")) {
			case "title":
				b.Level = 1
			case "quotations":
				b.Kind = corpus.Quote
			case "preformatted text", "source code":
				b.Kind = corpus.Code
			default:
				return false
			}
			return true
		})
	}
	if b.Level > 6 {
		b.Level = 0
	}
	switch n := len(d.list); {
	case b.Level > 0:
		b.Kind = corpus.Heading
	case n > 0 && b.Kind == corpus.Paragraph:
		b.Kind = corpus.ListItem
		if l := d.list[n-1]; l.fresh {
			l.fresh = false
			if mark := d.number(); mark != "" {
				b.Text = mark + " " + strings.TrimLeft(text, " \t")
			}
		}
	}
	if d.inPage && !d.flow.Table() {
		d.held = append(d.held, b)
		return
	}
	if d.inPage {
		d.t.Slide = d.slide
	}
	d.flow.Emit(b)
}

// number is that of the open item, as it is shown; "" for a sign.
func (d *document) number() string {
	n := len(d.list)
	if n > 10 {
		return ""
	}
	ls := d.lists[d.list[n-1].style]
	if ls == nil {
		return ""
	}
	at := ls.levels[n-1]
	if at.format == "" {
		return ""
	}
	var all []string
	for k := max(0, n-at.shown); k < n; k++ {
		all = append(all, numeral(d.list[k].items+at.start-1, ls.levels[k].format))
	}
	return strings.TrimSpace(at.prefix + strings.Join(all, ".") + at.suffix)
}

// numeral writes a number in a format of lists.
func numeral(n int, format string) string {
	if n < 1 || n > 5000 {
		return strconv.Itoa(n)
	}
	switch format {
	case "a", "A":
		return strings.Repeat(string(rune(format[0])+rune((n-1)%26)), 1+(n-1)/26)
	case "i", "I":
		s := parts.Roman(n)
		if format == "i" {
			s = strings.ToLower(s)
		}
		return s
	}
	return strconv.Itoa(n)
}

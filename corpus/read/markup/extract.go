package markup

import (
	"bytes"
	"context"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// decode decodes a page that states an encoding other than UTF-8 in its
// first 1,024 bytes.
func decode(src string) string {
	enc, _, stated := charset.DetermineEncoding([]byte(src[:min(len(src), 1024)]), "")
	if !stated && !strings.Contains(strings.ToLower(src[:min(len(src), 1024)]), "charset=") {
		return ""
	}
	s, err := enc.NewDecoder().String(src)
	if err != nil {
		return ""
	}
	return s
}

// block is a block and its extracted text.
type block struct {
	corpus.Block
	text   string
	linked int  // bytes of text inside links
	region byte // of the page: 0 anywhere, 1 in an <article>, 2 in <main>
	box    int  // the innermost of extractor.boxes that it stands in, plus 1
	leads  int  // links in it that lead to the page before, after or above
}

// itemKind is what the open element of a list is.
type itemKind uint8

const (
	noItem itemKind = iota
	anItem
	aTerm
)

// box is an element that may be text or navigation: what it holds tells.
type box struct {
	at    int // its index in open
	outer int // the box around it, plus 1
}

// maxGone is how much of what is hidden is noted.
const maxGone = 64 << 10

type extractor struct {
	strict  bool
	shown   bool   // blocks that are hidden are left out, and their text is in gone
	hiding  bool   // the element that is left out is hidden
	gone    []byte // at most about maxGone bytes
	blocks  []block
	dropped int // bytes of text left out as boilerplate
	title   string
	lang    string
	meta    [][2]string

	aside      *block // the name of a note, such as "Caution", which what follows begins with
	text       []byte // of the open block
	linked     int
	start, end int  // of its text in the file
	space      bool // white space is due before the next word
	cells      int  // cells begun in the open row
	row        bool
	breaks     int // <br> since the last word

	heading                        uint8 // level of the open heading, 0 if none
	item                           itemKind
	quote, pre                     int // depth of open elements
	link                           bool
	leads                          int // links of the block to other pages of a book
	linkFrom, linkEnd              int // where the text of the open link begins in text; what end was then
	main, article                  int
	mains                          []int // indexes in open of elements that are <main> by their role
	boxes                          []box
	box                            int // the innermost open one, plus 1
	open                           openElements
	skipTag                        string // the element that is being left out
	skipAt                         int    // its index in open
	foreign                        int    // depth of what holds HTML in a drawing that is left out
	inTitle                        bool
	offset                         int // of the current token in the file
	regionArticles, regionMainSeen bool
}

// extract reads the whole page once; its error is that of ctx.
func extract(ctx context.Context, src string, strict bool) (*extractor, error) {
	x := &extractor{strict: strict}
	return x, x.extract(ctx, src)
}

func (x *extractor) extract(ctx context.Context, src string) error {
	z := html.NewTokenizer(strings.NewReader(src))
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		kind := z.Next()
		if kind == html.ErrorToken {
			break // the only error of a string is its end
		}
		raw := len(z.Raw())
		switch kind {
		case html.TextToken:
			lead := 0
			for _, c := range z.Raw() {
				if c != ' ' && c != '\n' && c != '\t' && c != '\r' && c != '\f' {
					break
				}
				lead++
			}
			tail := raw
			for tail > lead {
				if c := z.Raw()[tail-1]; c != ' ' && c != '\n' && c != '\t' && c != '\r' && c != '\f' {
					break
				}
				tail--
			}
			x.words(string(z.Text()), x.offset+lead, x.offset+tail)
		case html.StartTagToken, html.SelfClosingTagToken:
			x.startTag(z, kind == html.SelfClosingTagToken)
		case html.EndTagToken:
			name, _ := z.TagName()
			x.endTag(string(name))
		}
		x.offset += raw
	}
	x.flush()
	if x.aside != nil {
		x.blocks = append(x.blocks, *x.aside)
	}
	return nil
}

// words adds text, whose first and last signs other than white space stand at
// start and before end in the file.
func (x *extractor) words(t string, start, end int) {
	t = strings.ToValidUTF8(strings.ReplaceAll(t, "\x00", ""), "\uFFFD")
	switch {
	case x.inTitle:
		if x.title == "" {
			x.title = strings.Join(strings.Fields(t), " ")
		}
		return
	case x.skipTag != "":
		if x.skipTag != "script" && x.skipTag != "style" {
			x.dropped += len(t)
		}
		if x.hiding && len(x.gone) < maxGone {
			x.gone = append(append(x.gone, strings.Join(strings.Fields(t), " ")...), ' ')
		}
		return
	case x.pre > 0:
		if len(x.text) == 0 {
			t = strings.TrimLeft(t, "\n")
			if format.Blank(t) {
				return
			}
			x.start = start
		}
		if !format.Blank(t) {
			x.end = end
		}
		x.text = append(x.text, t...)
		return
	}
	before := len(x.text)
	word := false
	for i, r := range t {
		if unicode.IsSpace(r) {
			x.space = true
			word = false
			continue
		}
		if !word {
			word = true
			if len(x.text) == 0 || x.row && len(bytes.TrimLeft(x.text, "\t")) == 0 {
				x.start = start
				before = len(x.text)
			} else if x.space && x.text[len(x.text)-1] != '\n' && x.text[len(x.text)-1] != '\t' {
				x.text = append(x.text, ' ')
			}
			x.space, x.breaks = false, 0
			x.end = end
		}
		x.text = append(x.text, t[i:i+runeLen(r)]...)
	}
	if x.link {
		x.linked += len(x.text) - before
	}
}

func runeLen(r rune) int {
	switch {
	case r < 0x80:
		return 1
	case r < 0x800:
		return 2
	case r < 0x10000:
		return 3
	}
	return 4
}

// flush closes the open block.
func (x *extractor) flush() {
	t := strings.TrimRightFunc(string(x.text), unicode.IsSpace)
	if x.row && x.cells > 1 {
		t = strings.TrimLeft(t, " \n\r") // empty cells stay
	} else if x.pre == 0 || x.row {
		t = strings.TrimLeftFunc(t, unicode.IsSpace)
	}
	if format.Blank(t) || strings.Trim(t, "\u200b\u200c\u200d\ufeff \n\t") == "" {
		x.text, x.linked, x.linkFrom, x.leads, x.space, x.cells = x.text[:0], 0, 0, 0, false, 0
		return
	}
	b := block{text: t, linked: x.linked, box: x.box, leads: x.leads}
	b.FileStart, b.FileEnd = x.start, x.end
	switch {
	case x.pre > 0:
		b.Kind = corpus.Code
	case x.heading > 0:
		b.Kind, b.Level = corpus.Heading, x.heading
	case x.row && len(t) <= 1000 && x.cells > 0:
		b.Kind = corpus.TableRow
	case x.item == anItem:
		b.Kind = corpus.ListItem
	case x.item == aTerm:
		b.Kind = corpus.Term
	case x.quote > 0:
		b.Kind = corpus.Quote
	}
	switch {
	case x.main > 0:
		b.region = 2
		x.regionMainSeen = true
	case x.article > 0:
		b.region = 1
		x.regionArticles = true
	}
	x.add(b)
	x.text, x.linked, x.linkFrom, x.leads, x.space, x.cells = x.text[:0], 0, 0, 0, false, 0
}

// skip leaves out the element that was pushed last, up to its end.
func (x *extractor) skip(tag string) { x.skipTag, x.skipAt, x.foreign = tag, len(x.open.stack)-1, 0 }

// closeTo ends the open elements but the first stay.
func (x *extractor) closeTo(stay int) {
	for len(x.open.stack) > stay {
		e := x.open.pop()
		switch {
		case x.skipTag == "":
			x.ended(e.a)
		case len(x.open.stack) == x.skipAt:
			x.skipTag, x.hiding = "", false
		}
		if at := len(x.open.stack); x.box > 0 && x.boxes[x.box-1].at == at {
			x.box = x.boxes[x.box-1].outer
		} else if n := len(x.mains); n > 0 && x.mains[n-1] == at {
			x.mains = x.mains[:n-1]
			x.main--
		}
	}
}

func (x *extractor) startTag(z *html.Tokenizer, selfClosing bool) {
	name, more := z.TagName()
	tag := string(name)
	a := atom.Lookup(name)
	id := elementIDs[a]
	if x.skipTag == "svg" || x.skipTag == "math" {
		if x.foreign == 0 && isBlock(a) {
			x.closeTo(x.skipAt) // HTML does not stand in a drawing
		} else if hostsHTML[tag] && !selfClosing {
			x.foreign++
		}
	}
	stay, ok := x.open.start(id, a)
	x.closeTo(stay)
	if x.skipTag != "" {
		if ok && !selfClosing && (id != other || tag == x.skipTag) {
			x.open.push(id, a)
		}
		return
	}
	attrs := make(map[string]string, 4)
	for more {
		var k, v []byte
		k, v, more = z.TagAttr()
		if _, ok := attrs[string(k)]; !ok {
			attrs[string(k)] = string(v)
		}
	}
	switch a {
	case atom.Html:
		lang, _, _ := strings.Cut(strings.ReplaceAll(attrs["lang"], "_", "-"), "-")
		if len(lang) == 2 {
			x.lang = strings.ToLower(lang)
		}
		return
	case atom.Meta:
		switch n := strings.ToLower(attrs["name"]); n {
		case "description", "author", "keywords", "date", "generator":
			if c := strings.TrimSpace(attrs["content"]); c != "" {
				x.meta = append(x.meta, [2]string{n, c})
			}
		}
		return
	case atom.Link:
		// Where the page stands on the web: a mirror's pages are known by it.
		href := strings.TrimSpace(attrs["href"])
		if strings.EqualFold(strings.TrimSpace(attrs["rel"]), "canonical") && (strings.HasPrefix(href, "https://") || strings.HasPrefix(href, "http://")) {
			x.meta = append(x.meta, [2]string{"url", href})
		}
		return
	case atom.Title:
		x.inTitle = !selfClosing
		return
	case atom.Br:
		x.lineBreak()
		return
	case atom.A:
		// A link ends where the next begins; an anchor is none.
		_, href := attrs["href"]
		x.endLink()
		x.link = href && !selfClosing
		if href && leads(attrs) {
			x.leads++
		}
		x.linkFrom, x.linkEnd = len(x.text), x.end
		return
	}
	if void[a] {
		if a == atom.Hr {
			x.flush()
		}
		return
	}
	if isBlock(a) {
		x.breakBlock(a)
	}
	if !selfClosing && ok && x.boilerplate(a, attrs) {
		x.flush()
		x.open.push(id, a)
		x.skip(tag)
		return
	}
	if selfClosing {
		return
	}
	if ok && id != other {
		x.open.push(id, a)
		if strings.EqualFold(attrs["role"], "main") && a != atom.Main {
			x.mains = append(x.mains, len(x.open.stack)-1)
			x.main++
		} else if x.strict && x.doubtful(a, attrs) {
			x.boxes = append(x.boxes, box{at: len(x.open.stack) - 1, outer: x.box})
			x.box = len(x.boxes)
		}
	}
	x.started(a, tag)
}

// leads says that a link leads from page to page of a book: its relation or its access
// key says so.
func leads(attrs map[string]string) bool {
	for rel := range strings.FieldsSeq(strings.ToLower(attrs["rel"])) {
		switch rel {
		case "next", "prev", "previous", "up", "start", "first", "last", "contents", "index":
			return true
		}
	}
	switch strings.ToLower(attrs["accesskey"]) {
	case "n", "p", "u", "h":
		return true
	}
	return false
}

// endLink ends a link, and takes back the sign that leads to a heading itself.
func (x *extractor) endLink() {
	if !x.link {
		return
	}
	x.link = false
	if x.pre > 0 || x.linkFrom > len(x.text) {
		return
	}
	if t := strings.TrimSpace(string(x.text[x.linkFrom:])); permalinks[t] {
		x.linked -= len(x.text) - x.linkFrom
		x.text, x.end = x.text[:x.linkFrom], x.linkEnd
	}
}

// permalinks are the signs by which headings and terms link to themselves.
var permalinks = map[string]bool{"¶": true, "§": true, "#": true, "🔗": true, "\uf0c1": true, "[link]": true}

// hostsHTML are the elements of drawings and formulas in which HTML stands.
var hostsHTML = map[string]bool{"foreignobject": true, "desc": true, "annotation-xml": true}

// started is what an element begins.
func (x *extractor) started(a atom.Atom, tag string) {
	switch a {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		x.heading = tag[1] - '0'
	case atom.Li, atom.Dd:
		x.item = anItem
	case atom.Dt:
		x.item = aTerm
	case atom.Ul, atom.Ol, atom.Dl:
		x.item = noItem
	case atom.Blockquote:
		x.quote++
	case atom.Pre, atom.Listing:
		x.flush()
		x.pre++
	case atom.Main:
		x.main++
	case atom.Article:
		x.article++
	case atom.Tr:
		x.flush()
		x.row, x.cells = true, 0
	case atom.Td, atom.Th:
		if x.row && x.pre == 0 {
			if x.cells > 0 {
				x.text = append(trimTail(x.text), '\t')
				x.space = false
			}
			x.cells++
		}
	}
}

// trimTail cuts the white space at the end of an open row's last cell.
func trimTail(t []byte) []byte {
	for len(t) > 0 && (t[len(t)-1] == ' ' || t[len(t)-1] == '\n') {
		t = t[:len(t)-1]
	}
	return t
}

func (x *extractor) endTag(tag string) {
	a := atom.Lookup([]byte(tag))
	id := elementIDs[a]
	if x.skipTag != "" {
		if hostsHTML[tag] {
			x.foreign = max(x.foreign-1, 0)
		}
		if id == other && tag != x.skipTag {
			return
		}
	}
	if stay, ok := x.open.end(id); ok {
		x.closeTo(stay)
		return
	}
	if x.skipTag != "" {
		return
	}
	switch a {
	case atom.Title:
		x.inTitle = false
	case atom.A:
		x.endLink()
	case atom.Br:
		x.lineBreak()
	case atom.Tr, atom.Table: // rows may stand outside a table
		x.flush()
		x.row = false
	case atom.Pre, atom.Listing, atom.Td, atom.Th:
	default:
		if isBlock(a) {
			x.breakBlock(a)
		}
	}
}

// ended is what the end of an element ends.
func (x *extractor) ended(a atom.Atom) {
	switch a {
	case atom.Pre, atom.Listing:
		x.flush()
		x.pre = max(x.pre-1, 0)
	case atom.Tr, atom.Table:
		x.flush()
		x.row = false
	case atom.Td, atom.Th:
		return
	default:
		if isBlock(a) {
			x.breakBlock(a)
		}
	}
	switch a {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		x.heading = 0
	case atom.Li, atom.Dt, atom.Dd, atom.Ul, atom.Ol, atom.Dl:
		x.item = noItem
	case atom.Blockquote:
		x.quote = max(x.quote-1, 0)
	case atom.Main:
		x.main = max(x.main-1, 0)
	case atom.Article:
		x.article = max(x.article-1, 0)
	}
}

// breakBlock closes the open block before a block element. Inside the cells of
// a row, paragraphs are parted by a space only; in a <pre> nothing is closed.
func (x *extractor) breakBlock(a atom.Atom) {
	switch {
	case x.pre > 0 && a != atom.Pre && a != atom.Listing:
	case x.row && x.cells > 0 && (a == atom.P || a == atom.Div || a == atom.Center || a == atom.Section || a == atom.Td || a == atom.Th):
		x.space = true
	default:
		x.flush()
	}
}

// lineBreak is one <br>; two end a paragraph, save in a row of several cells.
func (x *extractor) lineBreak() {
	if x.skipTag != "" {
		return
	}
	if x.pre > 0 {
		if len(x.text) > 0 {
			x.text = append(x.text, '\n')
		}
		return
	}
	x.breaks++
	if x.row && x.cells > 1 || x.heading > 0 {
		x.space = true
		return
	}
	if x.breaks >= 2 {
		cells := x.cells
		x.flush()
		x.cells = cells
		return
	}
	if len(bytes.TrimLeft(x.text, "\t")) > 0 {
		x.text = append(trimTail(x.text), '\n')
		x.space = false
	}
}

var void = map[atom.Atom]bool{
	atom.Area: true, atom.Base: true, atom.Br: true, atom.Col: true, atom.Embed: true, atom.Hr: true, atom.Img: true, atom.Input: true,
	atom.Keygen: true, atom.Link: true, atom.Meta: true, atom.Param: true, atom.Source: true, atom.Track: true, atom.Wbr: true,
}

// isBlock says whether an element begins and ends a block.
func isBlock(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Section, atom.Article, atom.Main, atom.Header, atom.Footer, atom.Nav, atom.Aside, atom.Body, atom.Html, atom.Head,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Li, atom.Dl, atom.Dt, atom.Dd, atom.Blockquote, atom.Pre, atom.Listing,
		atom.Table, atom.Thead, atom.Tbody, atom.Tfoot, atom.Tr, atom.Td, atom.Th, atom.Caption, atom.Figure, atom.Figcaption, atom.Form, atom.Fieldset,
		atom.Address, atom.Center, atom.Details, atom.Summary, atom.Dialog, atom.Menu, atom.Hgroup, atom.Frameset, atom.Noscript, atom.Template:
		return true
	}
	return false
}

package markup

import (
	"slices"
	"strings"

	"golang.org/x/net/html/atom"
)

// openElements is the stack of open elements by which the HTML standard says
// where an element ends whose end tag was left out: with the next one of its
// kind, with one that cannot stand in it, or with the element around it. It
// follows the rules for the body of a document and for tables. Elements inside
// paragraphs (formatting) never end others and are not on it; where one of them
// is left out of the text, it is pushed as other.
//
// Each question takes the same time however deep the stack is.
type openElements struct {
	stack []element
	last  [numElements]int32 // the innermost of each, plus 1; 0 where none is open
}

type element struct {
	id   elementID
	a    atom.Atom
	last int32 // what openElements.last was before
	// edge is the innermost element, itself included, that an item of a list ends
	// at most up to, plus 1; 0 where there is none.
	edge int32
}

// elementID numbers the elements that the standard calls special; other is all
// else.
type elementID uint8

const other elementID = 0

var (
	elementIDs  = map[atom.Atom]elementID{}
	numbered    = 0
	paragraph   = number1("p")
	button      = number1("button")
	listItem    = number1("li")
	definitions = numberAll("dt dd")
	headings    = numberAll("h1 h2 h3 h4 h5 h6")
	lists       = numberAll("ul ol")
	form        = number1("form")
	table       = number1("table")
	template    = number1("template")
	caption     = number1("caption")
	colgroup    = number1("colgroup")
	sections    = numberAll("tbody thead tfoot")
	tableRow    = number1("tr")
	cells       = numberAll("td th")
	frames      = numberAll("applet marquee object")
	option      = number1("option")
	optgroup    = number1("optgroup")
	blocks      = numberAll(`address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer header hgroup
		listing main menu nav plaintext pre search section summary xmp`)
	_ = numberAll("iframe noembed noframes noscript script select style textarea")
)

const numElements = 80

func number1(name string) elementID { return numberAll(name)[0] }

func numberAll(names string) (ids []elementID) {
	for _, n := range strings.Fields(names) {
		numbered++
		id := elementID(numbered)
		if a := atom.Lookup([]byte(n)); a != 0 {
			elementIDs[a] = id
		}
		ids = append(ids, id)
	}
	return ids
}

// endsParagraph are the elements whose start ends a paragraph.
var endsParagraph = func() (t [numElements]bool) {
	for _, ids := range [][]elementID{blocks, headings, lists, definitions, {paragraph, listItem, form, table}} {
		for _, id := range ids {
			t[id] = true
		}
	}
	return
}()

// edges are the special elements other than address, div and p: an item of a
// list is not ended by another one inside one of these.
var edges = func() (t [numElements]bool) {
	for a, id := range elementIDs {
		t[id] = a != atom.Address && a != atom.Div && a != atom.P
	}
	return
}()

func (o *openElements) push(id elementID, a atom.Atom) {
	e := element{id: id, a: a, last: o.last[id]}
	if n := len(o.stack); n > 0 {
		e.edge = o.stack[n-1].edge
	}
	o.stack = append(o.stack, e)
	o.last[id] = int32(len(o.stack))
	if edges[id] {
		o.stack[len(o.stack)-1].edge = int32(len(o.stack))
	}
}

func (o *openElements) pop() element {
	e := o.stack[len(o.stack)-1]
	o.stack = o.stack[:len(o.stack)-1]
	o.last[e.id] = e.last
	return e
}

// innermost is the index of the innermost open element of some, or -1.
func (o *openElements) innermost(ids ...elementID) int {
	i := int32(0)
	for _, id := range ids {
		i = max(i, o.last[id])
	}
	return int(i) - 1
}

// scope is the index of the innermost element whose inside an end tag cannot
// leave.
func (o *openElements) scope() int {
	return max(o.innermost(frames...), o.innermost(cells...), o.innermost(table, template, caption))
}

// top is the innermost open element's number.
func (o *openElements) top() elementID {
	if len(o.stack) == 0 {
		return other
	}
	return o.stack[len(o.stack)-1].id
}

// inTable says that a table is open and no cell or caption in it.
func (o *openElements) inTable() bool {
	return o.innermost(table) > max(o.innermost(cells...), o.innermost(caption, template))
}

// start is how many of the open elements stay open at a start tag, and whether
// the element is one at all: parts of tables outside a table and a form in a
// form are not.
func (o *openElements) start(id elementID, a atom.Atom) (stay int, ok bool) {
	stay = len(o.stack)
	if endsParagraph[id] || a == atom.Hr {
		if p := o.innermost(paragraph); p > max(o.scope(), o.innermost(button)) {
			stay = p
		}
	}
	upTo := func(i, border int) {
		if i > border {
			stay = min(stay, i)
		}
	}
	switch {
	case id == listItem:
		upTo(o.item(listItem), -1)
	case slices.Contains(definitions, id):
		upTo(o.item(definitions...), -1)
	case slices.Contains(headings, id):
		if stay > 0 && slices.Contains(headings, o.stack[stay-1].id) {
			stay--
		}
	case id == button:
		upTo(o.innermost(button), o.scope())
	case id == form:
		// In a table but in no cell it ends at once.
		return stay, o.innermost(form) < 0 && !o.inTable()
	case id == table:
		if o.inTable() {
			upTo(o.innermost(table), -1)
		}
	case id == option, id == optgroup:
		for stay > 0 && (o.stack[stay-1].id == option || id == optgroup && o.stack[stay-1].id == optgroup) {
			stay--
		}
	case id == caption, id == colgroup, a == atom.Col, id == tableRow, slices.Contains(sections, id), slices.Contains(cells, id):
		return o.tablePart(id)
	}
	return stay, true
}

// item is the innermost item of a list that the next one ends: none where an
// element is open in it that is not an address, a div or a paragraph.
func (o *openElements) item(ids ...elementID) int {
	i := o.innermost(ids...)
	if i < 0 || int(o.stack[len(o.stack)-1].edge)-1 > i {
		return -1
	}
	return i
}

// tablePart ends what is open in a table at the start of one of its parts.
func (o *openElements) tablePart(id elementID) (stay int, ok bool) {
	t := o.innermost(table)
	if t < 0 || t < o.innermost(template) {
		return len(o.stack), false
	}
	within := t
	switch {
	case slices.Contains(cells, id):
		within = max(t, o.innermost(tableRow), o.innermost(sections...))
	case id == tableRow:
		within = max(t, o.innermost(sections...))
	}
	return within + 1, true
}

// end is how many of the open elements stay open at an end tag; ok is false
// where it ends none.
func (o *openElements) end(id elementID) (stay int, ok bool) {
	i, border := o.innermost(id), o.scope()
	switch {
	case id == paragraph:
		border = max(border, o.innermost(button))
	case id == listItem:
		border = max(border, o.innermost(lists...))
	case slices.Contains(headings, id):
		i = o.innermost(headings...)
	case id == table:
		border = o.innermost(template)
	case id == caption, id == colgroup, id == tableRow, slices.Contains(sections, id), slices.Contains(cells, id):
		border = max(o.innermost(table), o.innermost(template))
	case id == template:
		border = -1
	case id == other:
		// The end of a formatting element ends no special one.
		border = len(o.stack) - 2
		if o.top() != other {
			border = len(o.stack)
		}
	}
	return i, i >= 0 && i > border
}

package ooxml

import (
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
	"github.com/tamis-search/tamis/internal/xmlscan"
)

// paragraph is one that is open.
type paragraph struct {
	text     []byte
	style    string
	num, lvl string // of its list, where it states one
	outline  int    // -1 where it states none
	page     int
	number   int
	joined   bool // its mark is deleted: the next goes on with it
}

// run is what holds of the text of a run.
type run struct{ hidden bool }

// docx is a document that is being read.
type docx struct {
	p      *parts.Package
	t      *parts.Text
	s      *xmlscan.Scanner
	styles map[string]*style
	lists  *lists

	paras   []*paragraph // open ones: a text box stands inside a paragraph
	carry   []byte       // of a paragraph whose mark is deleted
	carried int          // its number
	flow    parts.Flow
	rows    []tracked // of the tables that are open
	run     run
	inPPr   int // depth of the properties of the open paragraph
	page    int
	count   int // of paragraphs
	noted   int // the paragraph that refers to the note that is read; 0 in the text
	notes   []note
}

// note is a reference to one.
type note struct {
	kind, id, mark  string
	page, paragraph int
}

// tracked is the open row of a table.
type tracked struct {
	paras int // paragraphs that were open before the table
	gone  bool
}

// document reads a Word document.
func document(p *parts.Package, main string, t *parts.Text) error {
	rels, err := p.Relations(main)
	if err != nil {
		return err
	}
	d := &docx{p: p, t: t, flow: parts.Flow{T: t}, styles: map[string]*style{}, lists: newLists()}
	part := map[string]string{}
	for _, r := range rels {
		if !r.External && p.Has(r.Target) {
			part[r.Type] = r.Target
			if r.Type == "header" || r.Type == "footer" {
				if err := d.leftOut(r.Target, "running head"); err != nil {
					return err
				}
			}
		}
	}
	if n := part["styles"]; n != "" {
		if err := p.Scan(n, canon, d.readStyles); err != nil {
			return err
		}
	}
	if n := part["numbering"]; n != "" {
		if err := p.Scan(n, canon, d.lists.read); err != nil {
			return err
		}
	}
	err = p.Scan(main, canon, func(s *xmlscan.Scanner) error { return d.body(s, s.Depth) })
	if err != nil {
		return err
	}
	for _, kind := range []string{"footnotes", "endnotes"} {
		if n := part[kind]; n != "" {
			if err := d.readNotes(n, kind); err != nil {
				return err
			}
		}
	}
	if n := part["comments"]; n != "" {
		return d.leftOut(n, "comment")
	}
	return nil
}

// leftOut notes the text of a part that is not read.
func (d *docx) leftOut(part, reason string) error {
	if d.t.Explaining() {
		return d.p.Scan(part, canon, func(s *xmlscan.Scanner) error {
			for s.Next() {
				if s.Kind == xmlscan.Start && string(s.Name()) == "w:p" {
					d.t.Drop(reason, text(s, "w:t"))
				}
			}
			return nil
		})
	}
	return nil
}

// body reads what is in the element at depth, to its end.
func (d *docx) body(s *xmlscan.Scanner, depth int) error {
	d.s = s
	for s.Next() {
		switch s.Kind {
		case xmlscan.Start:
			d.start()
		case xmlscan.End:
			if s.Depth == depth {
				return d.t.Full()
			}
			if err := d.end(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *docx) para() *paragraph {
	if len(d.paras) == 0 {
		return nil
	}
	return d.paras[len(d.paras)-1]
}

func (d *docx) start() {
	s, p := d.s, d.para()
	switch string(s.Name()) {
	case "w:p":
		d.count++
		number := d.count
		if d.noted > 0 {
			number = d.noted
		} else if len(d.carry) > 0 {
			number = d.carried
		}
		d.paras = append(d.paras, &paragraph{outline: -1, text: d.carry, page: d.page, number: number})
		d.carry = nil
	case "w:pPr":
		d.inPPr = s.Depth
	case "w:r":
		d.run = run{hidden: p != nil && d.style(p.style).hidden}
	case "w:tbl":
		d.flow.BeginTable()
		d.rows = append(d.rows, tracked{paras: len(d.paras)})
	case "w:tr":
		if n := len(d.rows); n > 0 {
			d.rows[n-1].gone = false
		}
		d.flow.BeginRow()
	case "w:tc":
		d.flow.BeginCell(1)
	case "w:gridSpan":
		n, _ := strconv.Atoi(s.Attr("w:val"))
		d.flow.Span(n)
	case "w:del", "w:moveFrom":
		if d.inPPr > 0 {
			if p != nil {
				p.joined = true
			}
		} else if d.inRowProperties() {
			d.rows[len(d.rows)-1].gone = true
		} else {
			d.t.Drop("deleted", allText(d.s))
		}
	case "w:pPrChange", "w:rPrChange", "w:tblPrChange", "w:trPrChange", "w:tcPrChange", "w:sectPrChange", "w:tblGridChange", "w:numberingChange",
		"mc:Fallback", "w:sdtPr", "w:instrText", "w:delInstrText", "w:rt", "w:tblPr", "w:sectPr":
		s.Skip()
	default:
		if p != nil {
			d.inParagraph(p)
		}
	}
}

// inRowProperties says that an empty element stands in the properties of a row.
func (d *docx) inRowProperties() bool {
	n := len(d.rows)
	return n > 0 && d.flow.InRow() && !d.flow.InCell() && len(d.paras) == d.rows[n-1].paras
}

// inParagraph is what starts in one.
func (d *docx) inParagraph(p *paragraph) {
	s := d.s
	switch string(s.Name()) {
	case "w:t", "m:t":
		d.words(p)
	case "w:tab", "w:ptab":
		if d.inPPr == 0 {
			d.put(p, "\t")
		}
	case "w:br", "w:cr":
		d.put(p, "\n")
	case "w:noBreakHyphen":
		d.put(p, "-")
	case "w:sym":
		d.put(p, symbol(s.Attr("w:font"), s.Attr("w:char")))
	case "w:vanish", "w:specVanish":
		if d.inPPr == 0 {
			d.run.hidden = on(s, "w:val")
		}
	case "w:pStyle":
		p.style = s.Attr("w:val")
	case "w:rStyle":
		if d.inPPr == 0 && d.style(s.Attr("w:val")).hidden {
			d.run.hidden = true
		}
	case "w:numId":
		p.num = s.Attr("w:val")
	case "w:ilvl":
		p.lvl = s.Attr("w:val")
	case "w:outlineLvl":
		p.outline, _ = strconv.Atoi(s.Attr("w:val"))
	case "w:lastRenderedPageBreak":
		if d.page++; d.page == 1 {
			d.page = 2
			d.t.FirstPage()
		}
	case "w:footnoteReference", "w:endnoteReference":
		if !d.run.hidden {
			d.refer(p, strings.TrimSuffix(string(s.Name())[2:], "Reference")+"s", s.Attr("w:id"))
		}
	}
}

// words takes the text of an element.
func (d *docx) words(p *paragraph) {
	s := d.s
	for s.Next() && s.Kind == xmlscan.Text {
		if d.run.hidden {
			d.t.Drop("hidden", string(s.Text()))
			continue
		}
		if len(p.text) == 0 {
			p.page = d.page // that begins in the first run, maybe
		}
		p.text = append(p.text, s.Text()...)
	}
	if s.Kind == xmlscan.Start { // text holds no elements
		s.Skip()
	}
}

func (d *docx) put(p *paragraph, t string) {
	if !d.run.hidden {
		p.text = append(p.text, t...)
	}
}

// refer puts the mark of a note.
func (d *docx) refer(p *paragraph, kind, id string) {
	n := 1
	for _, x := range d.notes {
		if x.kind == kind {
			n++
		}
	}
	mark := superscript(kind, n)
	d.notes = append(d.notes, note{kind, id, mark, d.page, p.number})
	p.text = append(p.text, mark...)
}

var superscripts = strings.NewReplacer("0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹",
	"i", "ⁱ", "v", "ᵛ", "x", "ˣ", "l", "ˡ", "c", "ᶜ", "d", "ᵈ", "m", "ᵐ")

// superscript is the mark of a note: notes at the end have Roman numbers.
func superscript(kind string, n int) string {
	if kind == "endnotes" {
		return superscripts.Replace(numeral(n, "lowerRoman"))
	}
	return superscripts.Replace(strconv.Itoa(n))
}

// end is what the end of an element ends.
func (d *docx) end() error {
	switch string(d.s.Name()) {
	case "w:p":
		p := d.para()
		if p == nil {
			return nil
		}
		d.paras = d.paras[:len(d.paras)-1]
		if p.joined {
			d.carry, d.carried = p.text, p.number
			return nil
		}
		d.finish(p)
		return d.t.Full()
	case "w:pPr":
		d.inPPr = 0
	case "w:r":
		d.run = run{}
	case "w:tc":
		d.flow.EndCell()
	case "w:tr":
		why := ""
		if n := len(d.rows); n > 0 && d.rows[n-1].gone {
			why = "deleted"
		}
		d.flow.EndRow(why)
	case "w:tbl":
		d.flow.EndTable()
		d.rows = d.rows[:max(len(d.rows)-1, 0)]
	}
	return nil
}

// finish writes a paragraph.
func (d *docx) finish(p *paragraph) {
	st := d.style(p.style)
	level := st.heading
	if p.outline >= 0 && level == 0 {
		level = p.outline + 1
	}
	if level > 6 {
		level = 0
	}
	num, lvl := p.num, p.lvl
	if num == "" {
		num = st.num
	}
	if lvl == "" {
		lvl = st.lvl
	}
	b := parts.Piece{Text: string(p.text), Page: p.page, Paragraph: p.number, Level: level}
	if strings.TrimSpace(b.Text) == "" {
		d.flow.Blank()
		return
	}
	number, item := d.lists.next(num, lvl)
	switch {
	case level > 0:
		b.Kind = corpus.Heading
	case item:
		b.Kind = corpus.ListItem
	case st.quote:
		b.Kind = corpus.Quote
	case st.code:
		b.Kind = corpus.Code
	}
	if number != "" {
		b.Text = number + " " + strings.TrimLeft(b.Text, " \t")
	}
	d.flow.Emit(b)
}

// readNotes writes the notes that were referred to, in that order.
func (d *docx) readNotes(part, kind string) error {
	referred := map[string]note{}
	for _, n := range d.notes {
		if _, twice := referred[n.id]; n.kind == kind && !twice {
			referred[n.id] = n
		}
	}
	if len(referred) == 0 {
		return nil
	}
	name := strings.TrimSuffix("w:"+kind, "s")
	return d.p.Scan(part, canon, func(s *xmlscan.Scanner) error {
		for s.Next() {
			if s.Kind != xmlscan.Start || string(s.Name()) != name {
				continue
			}
			n, ok := referred[s.Attr("w:id")]
			if !ok {
				s.Skip()
				continue
			}
			d.carry, d.page, d.noted = []byte(n.mark+" "), n.page, n.paragraph
			if err := d.body(s, s.Depth); err != nil {
				return err
			}
			d.carry = nil
		}
		return nil
	})
}

package ooxml

import (
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
	"github.com/tamis-search/tamis/internal/xmlscan"
)

// presentation reads the slides of a presentation in their order, each with its notes.
func presentation(p *parts.Package, main string, t *parts.Text) error {
	rels, err := p.Relations(main)
	if err != nil {
		return err
	}
	var slides []string
	err = p.Scan(main, canon, func(s *xmlscan.Scanner) error {
		for s.Next() {
			if s.Kind == xmlscan.Start && string(s.Name()) == "p:sldId" {
				if r, ok := rels[s.Attr("r:id")]; ok && !r.External {
					slides = append(slides, r.Target)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	read, heads := map[string]bool{}, map[string]bool{}
	for i, name := range slides {
		if read[name] {
			continue
		}
		read[name] = true
		t.Slide = i + 1
		if err := slide(p, name, heads, t); err != nil {
			return err
		}
	}
	return nil
}

// shape is one of a slide.
type shape struct {
	holder string // the kind of placeholder, "body" where it is one without a kind
	hidden bool
	blocks []parts.Piece
}

func (x *shape) isTitle() bool { return x.holder == "title" || x.holder == "ctrTitle" }

// slide reads one, its title first. What stands at the edge of slides is read once, and
// the number of the slide never: heads are those that were.
func slide(p *parts.Package, name string, heads map[string]bool, t *parts.Text) error {
	rels, err := p.Relations(name)
	if err != nil {
		return err
	}
	g := &shapes{rels: rels}
	if err := comments(p, rels, "p:text", t); err != nil {
		return err
	}
	hidden := false
	err = p.Scan(name, canon, func(s *xmlscan.Scanner) error {
		if s.Next() {
			hidden = !on(s, "show") && s.Raw("show") != nil
		}
		return g.read(s)
	})
	if err != nil {
		return err
	}
	if hidden {
		for _, x := range g.all {
			for _, b := range x.blocks {
				t.Drop("hidden slide", b.Text)
			}
		}
		return nil
	}
	slices.SortStableFunc(g.all, func(a, b *shape) int {
		switch {
		case a.isTitle() == b.isTitle():
			return 0
		case a.isTitle():
			return -1
		}
		return 1
	})
	t.Part()
	for _, x := range g.all {
		x.write(t, heads)
	}
	for _, n := range g.diagrams {
		if err := diagram(p, n, t); err != nil {
			return err
		}
	}
	for _, r := range rels {
		if r.Type == "notesSlide" && !r.External && p.Has(r.Target) {
			return notes(p, r.Target, t)
		}
	}
	return t.Full()
}

func (x *shape) write(t *parts.Text, heads map[string]bool) {
	if x.hidden {
		for _, b := range x.blocks {
			t.Drop("hidden", b.Text)
		}
		return
	}
	switch x.holder {
	case "sldNum", "dt", "ftr", "hdr":
		for _, b := range x.blocks {
			if x.holder == "sldNum" || heads[b.Text] {
				t.Drop("running head", b.Text)
				continue
			}
			heads[b.Text] = true
			t.Add(corpus.Paragraph, 0, b.Text)
		}
		return
	}
	t.Part()
	if x.isTitle() {
		var all []string
		for _, b := range x.blocks {
			all = append(all, b.Text)
		}
		t.Add(corpus.Heading, 1, parts.Cell(strings.Join(all, " ")))
		return
	}
	for _, b := range x.blocks {
		if b.Kind == corpus.TableRow {
			t.Row("", b.Text)
		} else {
			t.Add(b.Kind, b.Level, b.Text)
		}
	}
}

// notes reads what the speaker notes on a slide.
func notes(p *parts.Package, name string, t *parts.Text) error {
	g := &shapes{}
	if err := p.Scan(name, canon, g.read); err != nil {
		return err
	}
	for _, x := range g.all {
		if x.holder != "body" {
			continue
		}
		t.Part()
		for _, b := range x.blocks {
			t.Add(corpus.Paragraph, 0, b.Text)
		}
	}
	return t.Full()
}

// diagram reads the texts of a drawing that a program makes of data (SmartArt).
func diagram(p *parts.Package, name string, t *parts.Text) error {
	t.Part()
	return p.Scan(name, canon, func(s *xmlscan.Scanner) error {
		for s.Next() {
			if s.Kind == xmlscan.Start && string(s.Name()) == "dgm:t" {
				t.Add(corpus.ListItem, 0, parts.Cell(text(s, "a:t")))
			}
		}
		return nil
	})
}

// shapes gathers those of a part.
type shapes struct {
	rels     map[string]parts.Relation
	all      []*shape
	diagrams []string

	x      *shape
	text   []byte
	bullet int // 1 where the paragraph has a sign or number, -1 where it says that it has none
	inText bool
	cells  []string
	inCell bool
	cell   []string
}

// read reads the shapes of a part to its end.
func (g *shapes) read(s *xmlscan.Scanner) error {
	for s.Next() {
		switch s.Kind {
		case xmlscan.Start:
			g.start(s)
		case xmlscan.End:
			g.end(string(s.Name()))
		}
	}
	return nil
}

func (g *shapes) shape() *shape {
	if g.x == nil {
		g.x = &shape{}
		g.all = append(g.all, g.x)
	}
	return g.x
}

func (g *shapes) start(s *xmlscan.Scanner) {
	switch string(s.Name()) {
	case "p:sp", "p:graphicFrame", "p:cxnSp":
		g.x = nil
		g.shape()
	case "p:cNvPr":
		if g.x != nil && s.Raw("hidden") != nil && on(s, "hidden") {
			g.x.hidden = true
		}
	case "p:ph":
		x := g.shape()
		if x.holder = s.Attr("type"); x.holder == "" || x.holder == "obj" || x.holder == "subTitle" {
			x.holder = "body"
		}
	case "a:p":
		g.text, g.bullet, g.inText = g.text[:0], 0, true
	case "a:buChar", "a:buAutoNum", "a:buBlip":
		g.bullet = 1
	case "a:buNone":
		g.bullet = -1
	case "a:t", "m:t":
		if g.inText {
			for s.Next() && s.Kind == xmlscan.Text {
				g.text = append(g.text, s.Text()...)
			}
		}
	case "a:br":
		g.text = append(g.text, '\n')
	case "a:tab":
		g.text = append(g.text, '\t')
	case "a:tbl":
		g.shape()
	case "a:tr":
		g.cells = g.cells[:0]
	case "a:tc":
		g.inCell, g.cell = true, g.cell[:0]
	case "dgm:relIds":
		if r, ok := g.rels[s.Attr("r:dm")]; ok && !r.External {
			g.diagrams = append(g.diagrams, r.Target)
		}
	case "mc:Fallback", "p:extLst", "a:extLst", "p:txStyles", "p:timing":
		s.Skip()
	}
}

func (g *shapes) end(name string) {
	switch name {
	case "a:p":
		if !g.inText {
			return
		}
		g.inText = false
		t := strings.TrimSpace(string(g.text))
		switch {
		case t == "":
		case g.inCell:
			g.cell = append(g.cell, t)
		default:
			x := g.shape()
			b := parts.Piece{Text: t}
			if g.bullet > 0 || g.bullet == 0 && x.holder == "body" {
				b.Kind = corpus.ListItem
			}
			x.blocks = append(x.blocks, b)
		}
	case "a:tc":
		g.inCell = false
		g.cells = append(g.cells, parts.Cell(strings.Join(g.cell, "\n")))
	case "a:tr":
		if x := g.shape(); strings.Join(g.cells, "") != "" {
			x.blocks = append(x.blocks, parts.Piece{Kind: corpus.TableRow, Text: strings.Join(g.cells, "\t")})
		}
	case "p:sp", "p:graphicFrame", "p:cxnSp":
		g.x = nil
	}
}

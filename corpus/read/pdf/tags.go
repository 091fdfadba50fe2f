package pdf

import (
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// unit is what the structure tree of a tagged file says about a piece of text: the
// paragraph, heading, item or cell that it belongs to.
type unit struct {
	kind  corpus.BlockKind
	level int   // of a heading; 0 where the tag does not say
	cell  *cell // of a table, which goes before all else
}

// cell is one of a tagged table.
type cell struct {
	table *tagged
	row   int
	text  strings.Builder
	box   box
}

// tagged is a table of the structure tree.
type tagged struct {
	rows [][]*cell
	done bool
}

const (
	mostElements = 20_000 // a page
	deepest      = 60     // nesting of elements
	tagsCover    = 0.5    // of the text of a page; where tags cover less they are not believed
)

// tags maps the marked content of a page to what the structure tree says of it.
func (f *file) tags(handle uint64) map[int]*unit {
	tree := f.Call("FPDF_StructTree_GetForPage", handle)
	if tree == 0 {
		return nil
	}
	w := tagWalk{file: f, units: map[int]*unit{}}
	for i := range f.count("FPDF_StructTree_CountChildren", tree) {
		w.element(f.Call("FPDF_StructTree_GetChildAtIndex", tree, uint64(i)), nil, nil, 0)
	}
	f.Call("FPDF_StructTree_Close", tree)
	return w.units
}

func (f *file) count(name string, handle uint64) int {
	return max(0, min(int(int32(f.Call(name, handle))), mostElements))
}

type tagWalk struct {
	*file
	units map[int]*unit
	seen  int
}

// element walks an element of the tree: in is the unit, and table the table, that it stands in.
func (w *tagWalk) element(e uint64, in *unit, table *tagged, depth int) {
	if w.seen++; e == 0 || w.seen > mostElements || depth > deepest || w.Err != nil {
		return
	}
	tag := w.Wide(func(buf, n uint64) uint64 { return w.Call("FPDF_StructElement_GetType", e, buf, n) })
	inCell := in != nil && in.cell != nil
	switch {
	case tag == "Table":
		if !inCell {
			table = &tagged{}
		}
	case tag == "TR" && table != nil && !inCell:
		table.rows = append(table.rows, nil)
	case (tag == "TD" || tag == "TH") && table != nil && !inCell:
		if len(table.rows) == 0 {
			table.rows = append(table.rows, nil)
		}
		row := len(table.rows) - 1
		in = &unit{kind: corpus.TableRow, cell: &cell{table: table, row: row}}
		table.rows[row] = append(table.rows[row], in.cell)
	case inCell:
	default:
		in = unitOf(tag, in)
	}
	for i := range w.count("FPDF_StructElement_CountChildren", e) {
		if child := w.Call("FPDF_StructElement_GetChildAtIndex", e, uint64(i)); child != 0 {
			w.element(child, in, table, depth+1)
		} else if mark := int(int32(w.Call("FPDF_StructElement_GetChildMarkedContentID", e, uint64(i)))); mark >= 0 && in != nil {
			w.units[mark] = in
		}
	}
}

// unitOf is the unit that an element begins, or the one it stands in.
func unitOf(tag string, in *unit) *unit {
	switch tag {
	case "H1", "H2", "H3", "H4", "H5", "H6":
		return &unit{kind: corpus.Heading, level: int(tag[1] - '0')}
	case "H":
		return &unit{kind: corpus.Heading}
	case "Title":
		return &unit{kind: corpus.Heading, level: 1}
	case "LI":
		return &unit{kind: corpus.ListItem}
	case "P", "Caption", "TOCI", "Note", "BibEntry", "BlockQuote":
		if in == nil || in.kind == corpus.Paragraph {
			return &unit{}
		}
	case "Formula", "Form", "Code":
		if in == nil {
			return &unit{}
		}
	}
	return in
}

// believe says whether the tags of a page cover enough of its text, and gives each
// style its unit.
func (p *page) believe(units map[int]*unit) {
	with, all := 0, 0
	for i := range p.glyphs {
		if isSpace(p.glyphs[i].r) {
			continue
		}
		all++
		if units[p.glyphs[i].style.mark] != nil {
			with++
		}
	}
	if float64(with) < tagsCover*float64(all) {
		return
	}
	p.tagged = true
	for i := range p.glyphs {
		s := p.glyphs[i].style
		s.unit = units[s.mark]
	}
}

// tables makes rows of the blocks that stand in cells of tagged tables, each table
// where its first block stands.
func tagTables(blocks []*block, number *int) []*block {
	for _, b := range blocks {
		if c := b.cell(); c != nil {
			if c.text.Len() > 0 {
				c.text.WriteByte(' ')
				c.box = c.box.union(b.box)
			} else {
				c.box = b.box
			}
			c.text.WriteString(b.text(nil))
		}
	}
	var out []*block
	for _, b := range blocks {
		c := b.cell()
		if c == nil {
			out = append(out, b)
			continue
		}
		if c.table.done {
			continue
		}
		c.table.done = true
		*number++
		for _, cells := range c.table.rows {
			row := &block{kind: corpus.TableRow, page: b.page, table: *number}
			filled := false
			for _, c := range cells {
				row.cells = append(row.cells, strings.ReplaceAll(c.text.String(), "\t", " "))
				if c.text.Len() > 0 {
					if !filled {
						row.box = c.box
					}
					row.box, filled = row.box.union(c.box), true
				}
			}
			if filled {
				out = append(out, row)
			}
		}
	}
	return out
}

func (b *block) cell() *cell {
	if len(b.lines) > 0 && b.lines[0].unit != nil {
		return b.lines[0].unit.cell
	}
	return nil
}

package markup

import (
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// add adds a block. Manuals put the names of their notes into headings, cells and paragraphs of
// their own, which say nothing by themselves: what follows begins with them.
func (x *extractor) add(b block) {
	name := x.aside
	x.aside = nil
	switch {
	case format.IsAside(b.text) && b.Kind != corpus.Code && b.Kind != corpus.ListItem && b.Kind != corpus.Term:
		if name != nil {
			x.blocks = append(x.blocks, *name)
		}
		b.text = strings.TrimSpace(b.text) // it may stand in the second cell of a row
		x.aside = &b
		return
	case name == nil:
	case b.Kind == corpus.Heading || b.Kind == corpus.Code || b.box != name.box:
		x.blocks = append(x.blocks, *name)
	default:
		b.text, b.FileStart = name.text+"\n"+b.text, name.FileStart
		if b.Kind == corpus.TableRow && name.Kind == corpus.TableRow {
			b.Kind = corpus.Paragraph // the note is laid out as a table
		}
	}
	x.blocks = append(x.blocks, b)
}

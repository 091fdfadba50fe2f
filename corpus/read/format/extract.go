package format

import (
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/corpus"
)

// Extract puts together the text that a reader takes out of a markup or binary
// format: blocks are parted by a blank line, rows of a table and items of a list
// by a line break, and so are blocks that go on with the one before.
type Extract struct {
	b      strings.Builder
	blocks []corpus.Block
	apart  bool // see Part
}

// Add appends a block with its text, which is trimmed; one without text is left
// out. Start, End and, of a heading, Label are set here. File ranges may come in any
// order and are made to ascend.
func (x *Extract) Add(b corpus.Block, text string) { x.add(b, text, false) }

// Continue is Add for a block that stands on the next line.
func (x *Extract) Continue(b corpus.Block, text string) { x.add(b, text, true) }

func (x *Extract) add(b corpus.Block, text string, goesOn bool) {
	if b.Kind == corpus.TableRow { // empty cells at its ends are cells
		text = strings.Trim(text, "\r\n ")
	} else if b.Kind == corpus.Code {
		text = strings.TrimRightFunc(strings.TrimLeft(text, "\r\n"), unicode.IsSpace)
	} else {
		text = strings.TrimFunc(text, unicode.IsSpace)
	}
	if Blank(text) {
		return
	}
	if n := len(x.blocks); n > 0 {
		last := &x.blocks[n-1]
		b.FileStart = max(b.FileStart, last.FileEnd)
		x.b.WriteByte('\n')
		if inList := b.Kind == last.Kind && (b.Kind == corpus.TableRow || b.Kind == corpus.ListItem); (!inList || x.apart) && !goesOn {
			x.b.WriteByte('\n')
		}
	}
	x.apart = false
	b.FileEnd = max(b.FileEnd, b.FileStart)
	b.Start = x.b.Len()
	x.b.WriteString(text)
	b.End = x.b.Len()
	if b.Kind == corpus.Heading && b.Label == "" {
		b.Label = strings.Join(strings.Fields(text), " ")
	}
	x.blocks = append(x.blocks, b)
}

// Len is how many bytes of text there are.
func (x *Extract) Len() int { return x.b.Len() }

// Part begins a new table or list: rows and items that follow do not go on with those
// before.
func (x *Extract) Part() { x.apart = true }

// Put gives a document the text and its blocks.
func (x *Extract) Put(d *corpus.Document) {
	d.Source, d.Blocks = x.b.String(), x.blocks
}

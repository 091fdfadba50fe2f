package corpus

import (
	"sort"
	"strings"
)

// Place says where in its original a range of a document stands, in the terms
// of its format: a line of a text, a page of a PDF file, a cell of a sheet, a
// second of a recording. What a format does not have is zero; a zero Place says
// that nothing is known. What Seconds points to is shared and never changed.
type Place struct {
	Line  int    `json:"line,omitempty"`  // of the decompressed file, or of its part Sheet, from 1; "\n" ends a line
	Page  int    `json:"page,omitempty"`  // from 1
	Box   Box    `json:"box,omitzero"`    // on the page
	Sheet string `json:"sheet,omitempty"` // its name; of a book, that of a file in it
	Cell  string `json:"cell,omitempty"`  // on the sheet: "B7"
	Slide int    `json:"slide,omitempty"` // from 1
	// Paragraph of the text of a document, from 1, as the file has them: those that are
	// empty, left out or stand in tables count.
	Paragraph int `json:"paragraph,omitempty"`
	// Seconds since the start of a recording; nil where there is none, for 0 is
	// its beginning.
	Seconds *float64 `json:"seconds,omitempty"`
}

// Box is a rectangle on a page: left, top, right and bottom in points of 1/72
// inch from the page's top left corner.
type Box [4]float32

// IsZero says that nothing is known.
func (p Place) IsZero() bool { return p == Place{} }

// PlaceOf is the place of a byte of Source: of a verbatim document the line that
// the byte is on, of others the place of the block that holds the byte or is the
// last before it, or of the part of it that does, else the document's.
func (d *Document) PlaceOf(at int) Place {
	if d.Verbatim {
		p := d.Place
		p.Line += strings.Count(d.Source[:at], "\n")
		return p
	}
	i := sort.Search(len(d.Blocks), func(i int) bool { return d.Blocks[i].Start > at }) - 1
	if i < 0 || d.Blocks[i].Place == nil {
		return d.Place
	}
	p := *d.Blocks[i].Place
	for o := d.Blocks[i].Onward; o != nil && o.Start <= at; o = o.Onward {
		p = o.Place
	}
	return p
}

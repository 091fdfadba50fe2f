package record

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// How the places of a document are known.
const (
	placesByLine      = 1 // a verbatim document
	placesByBlock     = 2
	placesByParagraph = 3
)

// The parts of a place that are there.
const (
	hasLine = 1 << iota
	hasPage
	hasBox
	hasSheet
	hasCell
	hasSlide
	hasSeconds
	sameSheet // the sheet of the place before
)

// AppendPlaces encodes the places of a document; it adds nothing where none is
// known. A byte says how they are known, then comes the document's own place,
// then
//
//	1  of a verbatim document, the line breaks in each piece of its source but the
//	   last (uvarint)
//	2  of others, how many places there are (uvarint) and, for each block, or part of
//	   one, whose place is not that of what is before, the gap of its start (uvarint)
//	   and the place
//	3  as 2, of a document whose places are paragraphs: behind each place stands the
//	   difference of its number to the one before (varint)
//
// A place is a byte that names its parts, then those: line, page and slide as
// varints of the difference to the place before; the box as four float32, the
// seconds as a float64, little endian; sheet and cell as uvarint length and bytes.
func AppendPlaces(b []byte, d *corpus.Document) []byte {
	var last corpus.Place
	if d.Verbatim {
		if d.Place.IsZero() {
			return b
		}
		b = appendPlace(append(b, placesByLine), d.Place, &last)
		for i := PieceSize; i < len(d.Source); i += PieceSize {
			b = binary.AppendUvarint(b, uint64(strings.Count(d.Source[i-PieceSize:i], "\n")))
		}
		return b
	}
	n, before, how := 0, corpus.Place{}, byte(placesByBlock)
	each := func(do func(start int, p corpus.Place)) {
		before = d.Place
		one := func(start int, p corpus.Place) {
			if !samePlace(p, before) {
				do(start, p)
				before = p
			}
		}
		for i := range d.Blocks {
			p := d.Place
			if d.Blocks[i].Place != nil {
				p = *d.Blocks[i].Place
			}
			one(d.Blocks[i].Start, p)
			for o := d.Blocks[i].Onward; o != nil; o = o.Onward {
				one(o.Start, o.Place)
			}
		}
	}
	each(func(_ int, p corpus.Place) {
		if n++; p.Paragraph != 0 {
			how = placesByParagraph
		}
	})
	if d.Place.Paragraph != 0 {
		how = placesByParagraph
	}
	if n == 0 && d.Place.IsZero() {
		return b
	}
	put := func(p corpus.Place) {
		was := last.Paragraph
		if b = appendPlace(b, p, &last); how == placesByParagraph {
			b = binary.AppendVarint(b, int64(p.Paragraph-was))
		}
	}
	b = append(b, how)
	put(d.Place)
	b = binary.AppendUvarint(b, uint64(n))
	at := 0
	each(func(start int, p corpus.Place) {
		b = binary.AppendUvarint(b, uint64(start-at))
		put(p)
		at = start
	})
	return b
}

func samePlace(a, b corpus.Place) bool {
	if (a.Seconds == nil) != (b.Seconds == nil) || a.Seconds != nil && *a.Seconds != *b.Seconds {
		return false
	}
	a.Seconds, b.Seconds = nil, nil
	return a == b
}

// FindPlace looks up the place of a byte in what AppendPlaces wrote: a place, and
// the byte from which each line break before at is one line more. from is at where
// none is to be counted, and in the same piece of the source otherwise.
func FindPlace(b []byte, at int) (p corpus.Place, from int, err error) {
	d := decoder{b: b}
	var last corpus.Place
	switch how := d.byte(); how {
	case placesByLine:
		p = d.place(&last)
		for from+PieceSize <= at && len(d.b) > 0 {
			p.Line += int(d.uvarint())
			from += PieceSize
		}
		if at-from > PieceSize {
			d.fail()
		}
		return p, from, d.err
	case placesByBlock, placesByParagraph:
		next := d.placesOf(how, &last)
		p = next()
		start := 0
		for n := d.uvarint(); n > 0 && d.err == nil; n-- {
			start += int(d.uvarint())
			if start > at {
				break
			}
			p = next()
		}
		return p, at, d.err
	}
	return corpus.Place{}, at, errDecode
}

// placesOf reads one place after another.
func (d *decoder) placesOf(how byte, last *corpus.Place) func() corpus.Place {
	return func() corpus.Place {
		was := last.Paragraph
		p := d.place(last)
		if how == placesByParagraph {
			p.Paragraph = was + int(d.varint())
			last.Paragraph = p.Paragraph
		}
		return p
	}
}

// ReadPlaces gives a document, whose source and blocks are known, the places that
// AppendPlaces wrote of it; of nothing it gives none.
func ReadPlaces(b []byte, doc *corpus.Document) error {
	if len(b) == 0 {
		return nil
	}
	d := decoder{b: b}
	var last corpus.Place
	how := d.byte()
	switch how {
	case placesByLine:
		doc.Place, doc.Verbatim = d.place(&last), true
		return d.err
	case placesByBlock, placesByParagraph:
	default:
		return errDecode
	}
	next := d.placesOf(how, &last)
	doc.Place = next()
	left, start, now := d.uvarint(), 0, doc.Place
	ahead := func() bool { // whether there is one more, which begins at start
		if left == 0 || d.err != nil {
			return false
		}
		left--
		start += int(d.uvarint())
		return d.err == nil
	}
	more := ahead()
	for i := range doc.Blocks {
		block := &doc.Blocks[i]
		for more && start <= block.Start {
			now = next()
			more = ahead()
		}
		if !samePlace(now, doc.Place) || more && start < block.End {
			at := now
			block.Place = &at
		}
		for onward := &block.Onward; more && start < block.End; more = ahead() {
			now = next()
			*onward = &corpus.Onward{Start: start, Place: now}
			onward = &(*onward).Onward
		}
	}
	return d.err
}

func appendPlace(b []byte, p corpus.Place, last *corpus.Place) []byte {
	var parts byte
	set := func(part byte, there bool) {
		if there {
			parts |= part
		}
	}
	set(hasLine, p.Line != 0)
	set(hasPage, p.Page != 0)
	set(hasBox, p.Box != corpus.Box{})
	set(hasSheet, p.Sheet != "" && p.Sheet != last.Sheet)
	set(sameSheet, p.Sheet != "" && p.Sheet == last.Sheet)
	set(hasCell, p.Cell != "")
	set(hasSlide, p.Slide != 0)
	set(hasSeconds, p.Seconds != nil)
	b = append(b, parts)
	text := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	if p.Line != 0 {
		b = binary.AppendVarint(b, int64(p.Line-last.Line))
	}
	if p.Page != 0 {
		b = binary.AppendVarint(b, int64(p.Page-last.Page))
	}
	if parts&hasBox != 0 {
		for _, x := range p.Box {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
	}
	if parts&hasSheet != 0 {
		text(p.Sheet)
	}
	if p.Cell != "" {
		text(p.Cell)
	}
	if p.Slide != 0 {
		b = binary.AppendVarint(b, int64(p.Slide-last.Slide))
	}
	if p.Seconds != nil {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(*p.Seconds))
	}
	*last = p
	return b
}

func (d *decoder) place(last *corpus.Place) (p corpus.Place) {
	parts := d.byte()
	if parts&hasLine != 0 {
		p.Line = last.Line + int(d.varint())
	}
	if parts&hasPage != 0 {
		p.Page = last.Page + int(d.varint())
	}
	if parts&hasBox != 0 {
		for i := range p.Box {
			p.Box[i] = math.Float32frombits(binary.LittleEndian.Uint32(d.take(4)))
		}
	}
	switch {
	case parts&hasSheet != 0:
		p.Sheet = d.string()
	case parts&sameSheet != 0:
		p.Sheet = last.Sheet
	}
	if parts&hasCell != 0 {
		p.Cell = d.string()
	}
	if parts&hasSlide != 0 {
		p.Slide = last.Slide + int(d.varint())
	}
	if parts&hasSeconds != 0 {
		s := math.Float64frombits(binary.LittleEndian.Uint64(d.take(8)))
		p.Seconds = &s
	}
	*last = p
	return p
}

// take is the next n bytes, zeros where there are less.
func (d *decoder) take(n int) []byte {
	if n > len(d.b) {
		d.fail()
		return make([]byte, n)
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

// Package legacy reads the binary formats of Office 97 to 2003: Word ([MS-DOC]), Excel
// ([MS-XLS], and the books of Excel 5 and 95) and PowerPoint ([MS-PPT]). Each is a few
// streams of an OLE file, which the caller has read.
//
// A Word document is one run of characters: the text, then notes, heads, comments and
// text boxes, whose lengths stand in the header (FIB). A table of pieces says where in
// the stream they are, in one byte each or two. Marks are characters: 13 ends a
// paragraph, 7 a cell or a row, 19 to 21 are a field. What paragraphs and characters
// are (style, row end, deleted, hidden) stands in pages of 512 bytes by position.
package legacy

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
)

// data is a stream whose numbers are read without care for its end: what is behind it
// is zero.
type data []byte

func (d data) u8(at int) int {
	if at < 0 || at >= len(d) {
		return 0
	}
	return int(d[at])
}

func (d data) u16(at int) int {
	if at < 0 || at+2 > len(d) {
		return 0
	}
	return int(binary.LittleEndian.Uint16(d[at:]))
}

func (d data) u32(at int) int {
	if at < 0 || at+4 > len(d) {
		return 0
	}
	return int(binary.LittleEndian.Uint32(d[at:]))
}

// cut is d[from:from+n], as much as there is.
func (d data) cut(from, n int) data {
	if from < 0 || from >= len(d) || n <= 0 {
		return nil
	}
	return d[from : from+min(n, len(d)-from)]
}

func utf16Of(b data) string {
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(u))
}

func latin(b data) string {
	s, _ := charmap.Windows1252.NewDecoder().Bytes(b)
	return string(s)
}

// Where in the header of a document things stand.
const (
	fibFlags  = 0x0A
	fibCounts = 0x4C // of characters: text, notes, heads, macros, comments, end notes, text boxes
	fibStyles = 0xA2
	fibChars  = 0xFA
	fibParas  = 0x102
	fibPieces = 0x1A2
)

// doc is a document that is being read.
type doc struct {
	main, table data
	flow        parts.Flow
	t           *parts.Text
	pieces      []piece
	paras       runs
	chars       runs
	headings    map[int]int // by style
	inTable     bool
	count       int // of paragraphs that have ended
}

// piece is a run of characters that stand together in the stream.
type piece struct {
	from, to int // characters
	at       int // of the stream
	wide     bool
}

// DOC reads a Word document.
func DOC(f *format.File, streams map[string][]byte, t *parts.Text) error {
	d := &doc{main: streams["WordDocument"], t: t, flow: parts.Flow{T: t}, headings: map[int]int{}}
	flags := d.main.u16(fibFlags)
	switch {
	case d.main.u16(0) != 0xA5EC && d.main.u16(0) != 0xA5DC:
		return f.SkipAs(format.Damaged, "it has no header of a Word document")
	case flags&0x100 != 0:
		return f.SkipAs(format.Encrypted, "it is encrypted in the way of old Word files, which is not read")
	case d.main.u16(2) < 0xC1:
		return f.SkipAs(format.Unsupported, "no reader for Word documents before Word 97")
	}
	d.table = streams["0Table"]
	if flags&0x200 != 0 {
		d.table = streams["1Table"]
	}
	if d.readPieces(); len(d.pieces) == 0 {
		return f.SkipAs(format.Damaged, "its table of pieces is missing")
	}
	d.readStyles()
	d.paras = d.readRuns(fibParas, true)
	d.chars = d.readRuns(fibChars, false)
	at := 0
	for i, why := range []string{"", "", "running head", "", "comment", "", "", "running head"} {
		n := d.main.u32(fibCounts + 4*i)
		n = min(n, 1<<30)
		if i == 3 {
			n = 0 // of macros, which no longer are
		}
		if err := d.text(at, at+n, why); err != nil {
			return err
		}
		at += n
	}
	return nil
}

func (d *doc) readPieces() {
	clx := d.table.cut(d.main.u32(fibPieces), d.main.u32(fibPieces+4))
	for len(clx) > 0 && clx[0] == 1 {
		clx = clx.cut(3+clx.u16(1), len(clx))
	}
	if clx.u8(0) != 2 {
		return
	}
	plc := clx.cut(5, clx.u32(1))
	n := (len(plc) - 4) / 12
	for i := range n {
		p := piece{from: plc.u32(4 * i), to: plc.u32(4*i + 4), wide: true}
		p.at = plc.u32(4*(n+1) + 8*i + 2)
		if p.at&(1<<30) != 0 {
			p.at, p.wide = (p.at&^(1<<30))/2, false
		}
		if p.from < p.to && p.at < len(d.main) && (len(d.pieces) == 0 || p.from >= d.pieces[len(d.pieces)-1].to) {
			d.pieces = append(d.pieces, p)
		}
	}
}

// readStyles finds the styles that are headings, by the number that each has that comes
// with Word.
func (d *doc) readStyles() {
	sheet := d.table.cut(d.main.u32(fibStyles), d.main.u32(fibStyles+4))
	at := 2 + sheet.u16(0)
	for i := 0; at+2 <= len(sheet) && i < 4096; i++ {
		n := sheet.u16(at)
		if n >= 2 {
			switch sti := sheet.u16(at+2) & 0xFFF; {
			case sti >= 1 && sti <= 6:
				d.headings[i] = sti
			case sti == 62:
				d.headings[i] = 1
			}
		}
		at += 2 + n + n%2
	}
}

// run is what holds of the bytes from a position of the stream on.
type run struct {
	from, to       int
	style          int
	rowEnd, inRow  bool
	item           bool
	hidden, erased bool
}

type runs []run

// readRuns reads the pages of properties.
func (d *doc) readRuns(at int, paras bool) (all runs) {
	plc := d.table.cut(d.main.u32(at), d.main.u32(at+4))
	n := (len(plc) - 4) / 8
	for i := range n {
		page := d.main.cut(plc.u32(4*(n+1)+4*i)*512, 512)
		if len(page) < 512 {
			continue
		}
		count := page.u8(511)
		for k := range count {
			r := run{from: page.u32(4 * k), to: page.u32(4*k + 4)}
			if r.from >= r.to || len(all) > 0 && r.from < all[len(all)-1].to {
				continue
			}
			if paras {
				p := 2 * page.u8(4*(count+1)+13*k)
				size := 2*page.u8(p) - 1
				if size < 0 {
					p++
					size = 2 * page.u8(p)
				}
				if p > 1 && size >= 2 {
					r.style = page.u16(p + 1)
					r.properties(page.cut(p+3, size-2))
				}
			} else if p := 2 * page.u8(4*(count+1)+k); p > 0 {
				r.properties(page.cut(p+1, page.u8(p)))
			}
			all = append(all, r)
		}
	}
	return all
}

// properties reads a list of changes, each with an operand.
func (r *run) properties(p data) {
	for len(p) >= 3 {
		op, n := p.u16(0), 1
		v := p.u8(2)
		switch op >> 13 {
		case 2, 4, 5:
			n = 2
		case 3:
			n = 4
		case 7:
			n = 3
		case 6:
			n = 1 + p.u8(2)
			if op == 0xD608 {
				n = 1 + p.u16(2)
			}
		}
		switch op {
		case 0x2416:
			r.inRow = v != 0
		case 0x2417:
			r.rowEnd = v != 0
		case 0x460B:
			r.item = p.u16(2) != 0
		case 0x083C:
			r.hidden = v == 1
		case 0x0800:
			r.erased = v == 1
		}
		p = p.cut(2+n, len(p))
	}
}

// of is what holds at a position; next is where to look for a later one.
func (all runs) of(at, next int) (run, int) {
	for next > 0 && (next >= len(all) || all[next].from > at) {
		next--
	}
	for next < len(all) && all[next].to <= at {
		next++
	}
	if next < len(all) && all[next].from <= at {
		return all[next], next
	}
	return run{}, next
}

// text reads the characters of a part of the document; why says why it is left out.
func (d *doc) text(from, to int, why string) error {
	w := &words{d: d, why: why}
	para, char := 0, 0
	for _, p := range d.pieces {
		size := 1
		if p.wide {
			size = 2
		}
		for c := max(p.from, from); c < min(p.to, to); c++ {
			at := p.at + (c-p.from)*size
			if at+size > len(d.main) {
				break
			}
			var pr, cr run
			cr, char = d.chars.of(at, char)
			r := d.main.u8(at)
			if p.wide {
				r = d.main.u16(at)
			}
			if r == 13 || r == 7 || r == 12 {
				pr, para = d.paras.of(at, para)
			}
			if err := w.char(r, p.wide, pr, cr); err != nil {
				return err
			}
		}
	}
	w.paragraph(run{})
	d.endTable()
	return nil
}

// words are the text of a part.
type words struct {
	d      *doc
	why    string
	units  []uint16
	fields []bool // of the open ones: the result has begun
	gone   []uint16
}

// char takes a character with what holds of it.
func (w *words) char(c int, wide bool, pr, cr run) error {
	switch c {
	case 13, 12:
		w.paragraph(pr)
		w.d.count++
		return w.d.t.Full()
	case 7:
		w.cell(pr)
		w.d.count++
		return nil
	case 19:
		w.fields = append(w.fields, false)
		return nil
	case 20, 21:
		if n := len(w.fields); n > 0 && c == 20 {
			w.fields[n-1] = true
		} else if n > 0 {
			w.fields = w.fields[:n-1]
		}
		return nil
	case 11:
		c = '\n'
	case 30:
		c = '-'
	case 9:
	default:
		if c < ' ' {
			return nil
		}
	}
	for _, result := range w.fields {
		if !result {
			return nil
		}
	}
	if !wide && c >= 0x80 && c < 0xA0 {
		c = int(charmap.Windows1252.DecodeByte(byte(c)))
	}
	if cr.hidden || cr.erased {
		if len(w.gone) < 4096 {
			w.gone = append(w.gone, uint16(c))
		}
		return nil
	}
	w.units = append(w.units, uint16(c))
	return nil
}

func (w *words) take() string {
	if len(w.gone) > 0 {
		w.d.t.Drop("deleted or hidden", string(utf16.Decode(w.gone)))
		w.gone = w.gone[:0]
	}
	s := string(utf16.Decode(w.units))
	w.units = w.units[:0]
	if w.why != "" {
		w.d.t.Drop(w.why, s)
		return ""
	}
	return s
}

func (w *words) paragraph(pr run) {
	d := w.d
	text := w.take()
	if !pr.inRow {
		d.endTable()
	}
	if pr.inRow && w.why == "" {
		d.openCell()
	}
	if strings.TrimSpace(text) == "" {
		d.flow.Blank()
		return
	}
	b := parts.Piece{Text: text, Level: d.headings[pr.style], Paragraph: d.count + 1}
	switch {
	case b.Level > 0:
		b.Kind = corpus.Heading
	case pr.item:
		b.Kind = corpus.ListItem
	}
	d.flow.Emit(b)
}

func (w *words) cell(pr run) {
	d := w.d
	if pr.rowEnd {
		w.take()
		d.flow.EndRow("")
		return
	}
	pr.inRow = true
	text := w.take()
	if w.why != "" {
		return
	}
	d.openCell()
	if strings.TrimSpace(text) != "" {
		d.flow.Emit(parts.Piece{Text: text, Paragraph: d.count + 1})
	}
	d.flow.EndCell()
}

func (d *doc) openCell() {
	if !d.inTable {
		d.inTable = true
		d.flow.BeginTable()
	}
	if !d.flow.InRow() {
		d.flow.BeginRow()
	}
	if !d.flow.InCell() {
		d.flow.BeginCell(1)
	}
}

func (d *doc) endTable() {
	if d.inTable {
		d.inTable = false
		d.flow.EndTable()
	}
}

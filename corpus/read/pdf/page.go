package pdf

import (
	"encoding/binary"
	"math"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/pdf/pdfium"
)

// box is left, top, right and bottom in points from the page's top left corner.
type box struct{ x0, y0, x1, y1 float32 }

func (b box) width() float32  { return b.x1 - b.x0 }
func (b box) height() float32 { return b.y1 - b.y0 }
func (b box) union(c box) box {
	return box{min(b.x0, c.x0), min(b.y0, c.y0), max(b.x1, c.x1), max(b.y1, c.y1)}
}

// on is the box as a place on a page.
func (b box) on(page int) corpus.Place {
	return corpus.Place{Page: page, Box: corpus.Box{b.x0, b.y0, b.x1, b.y1}}
}

// font is what is known of one.
type font struct {
	name   string
	bold   bool
	italic bool
	mono   bool
	caps   bool // small capitals
}

// style is how a text object is set.
type style struct {
	font   *font
	size   float32 // in points on the page
	turn   int     // a quarter turn clockwise: 0 to 3; -1 where it is another angle
	unseen bool    // drawn with neither fill nor stroke
	white  bool
	mark   int   // the marked content that it is, in the structure tree; -1 none
	unit   *unit // what the structure tree says of it
	fitted bool
}

// glyph is one character on a page.
type glyph struct {
	r     rune
	made  bool // PDFium put it in: a space or line break that it sees
	box   box
	style *style
}

// page is what is drawn on one.
type page struct {
	number        int // from 1
	width, height float32
	glyphs        []glyph
	rules         []rule
	backs         []box   // what is drawn where white text can be read on it
	images        float32 // how much of the page's area they cover
	covered       float32 // the same with shadings, and what is drawn as a form, which may be images
	notes         bool    // annotations show text
	tagged        bool    // a structure tree says what is what
	turned        int     // by how many quarters text ran clockwise before it was straightened
}

// rule is a straight line, or a thin box, that is drawn.
type rule struct {
	box
	upright bool
}

const (
	mostGlyphs  = 400_000 // a page; what stands after them is not read
	mostObjects = 50_000
)

// page reads page n, counted from 1; nil where PDFium cannot load it.
func (f *file) page(n int, fonts map[uint64]*font) *page {
	p := f.load(n, fonts)
	if p == nil || !p.notes {
		return p
	}
	// PDFium counts what annotations show as text once it is made part of the page.
	if handle := f.Call("FPDF_LoadPage", f.doc, uint64(n-1)); handle != 0 {
		done := f.Call("FPDFPage_Flatten", handle, 0)
		f.Call("FPDF_ClosePage", handle)
		if done != 1 {
			return p
		}
	}
	if flat := f.load(n, fonts); flat != nil && flat.holds(p) {
		return flat
	}
	return p
}

// holds says that a page with its annotations still has the text of the page
// without them: fonts of some files are lost on the way.
func (p *page) holds(bare *page) bool {
	count := map[rune]int{}
	for i := range p.glyphs {
		count[p.glyphs[i].r]++
	}
	lost := 0
	for i := range bare.glyphs {
		if r := bare.glyphs[i].r; count[r] > 0 {
			count[r]--
		} else {
			lost++
		}
	}
	return lost*50 <= len(bare.glyphs)
}

func (f *file) load(n int, fonts map[uint64]*font) *page {
	handle := f.Call("FPDF_LoadPage", f.doc, uint64(n-1))
	if handle == 0 {
		return nil
	}
	p := &page{number: n, width: pdfium.Float32(f.Call("FPDF_GetPageWidthF", handle)), height: pdfium.Float32(f.Call("FPDF_GetPageHeightF", handle))}
	p.notes = f.drawsNotes(handle)
	m := f.toDevice(handle, p)
	if text := f.Call("FPDFText_LoadPage", handle); text != 0 {
		f.text(p, text, m, fonts)
		f.Call("FPDFText_ClosePage", text)
	}
	if units := f.tags(handle); len(units) > 0 {
		p.believe(units)
	}
	f.objects(p, handle, m)
	f.Call("FPDF_ClosePage", handle)
	return p
}

// drawsNotes says that a page has annotations that show text: the fields of a form,
// remarks, stamps.
func (f *file) drawsNotes(handle uint64) bool {
	const link, popup = 2, 16
	n := min(int(int32(f.Call("FPDFPage_GetAnnotCount", handle))), mostObjects)
	for i := range n {
		note := f.Call("FPDFPage_GetAnnot", handle, uint64(i))
		kind := f.Call("FPDFAnnot_GetSubtype", note)
		f.Call("FPDFPage_CloseAnnot", note)
		if kind != link && kind != popup {
			return true
		}
	}
	return false
}

// matrix turns the space of a page's content into points from the top left corner
// of the page as it is shown.
type matrix [6]float32

func (m matrix) apply(x, y float32) (float32, float32) {
	return m[0]*x + m[2]*y + m[4], m[1]*x + m[3]*y + m[5]
}

func (m matrix) box(x0, y0, x1, y1 float32) box {
	ax, ay := m.apply(x0, y0)
	bx, by := m.apply(x1, y1)
	return box{min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)}
}

// toDevice asks PDFium where three points of a page are shown.
func (f *file) toDevice(handle uint64, p *page) matrix {
	const fine, far = 64, 1024 // PDFium answers in whole pixels
	at := func(x, y float64) (float32, float32) {
		f.Call("FPDF_PageToDevice", handle, 0, 0, uint64(uint32(p.width*fine)), uint64(uint32(p.height*fine)), 0,
			math.Float64bits(x), math.Float64bits(y), uint64(f.Scratch), uint64(f.Scratch+4))
		return float32(f.Int(0)) / fine, float32(f.Int(4)) / fine
	}
	ox, oy := at(0, 0)
	ax, ay := at(far, 0)
	bx, by := at(0, far)
	return matrix{(ax - ox) / far, (ay - oy) / far, (bx - ox) / far, (by - oy) / far, ox, oy}
}

// text reads the characters of a page.
func (f *file) text(p *page, text uint64, m matrix, fonts map[uint64]*font) {
	n := min(int(int32(f.Call("FPDFText_CountChars", text))), mostGlyphs)
	if n <= 0 {
		return
	}
	units := f.units(text, n)
	p.glyphs = make([]glyph, 0, n)
	styles := map[uint64]*style{}
	for i := 0; i < n && f.Err == nil; i++ {
		g := glyph{}
		if units != nil {
			g.r = rune(units[i])
		} else {
			g.r = rune(f.Call("FPDFText_GetUnicode", text, uint64(i)))
		}
		if g.r == 0 {
			continue
		}
		if g.r == '\r' || g.r == '\n' {
			continue // line ends are seen by their place
		}
		f.Call("FPDFText_GetLooseCharBox", text, uint64(i), uint64(f.Scratch))
		b := f.Bytes(f.Scratch, 16)
		read := func(at int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b[at:])) }
		g.box = m.box(read(0), read(4), read(8), read(12))
		if g.r == ' ' && g.box.width() == 0 {
			g.made = true
		}
		object := f.Call("FPDFText_GetTextObject", text, uint64(i))
		if g.style = styles[object]; g.style == nil {
			g.style = f.style(text, uint64(i), object, m, fonts)
			styles[object] = g.style
		}
		g.style.fit(g.r, g.box)
		if g.r >= 0xD800 && g.r < 0xDC00 && len(p.glyphs) < cap(p.glyphs) {
			// The other half of the pair is the next one.
			g.r = f.pair(g.r, text, i+1)
			i++
		}
		p.glyphs = append(p.glyphs, g)
	}
}

func (f *file) pair(high rune, text uint64, i int) rune {
	low := rune(f.Call("FPDFText_GetUnicode", text, uint64(i)))
	if low < 0xDC00 || low > 0xDFFF {
		return unicode.ReplacementChar
	}
	return 0x10000 + (high-0xD800)<<10 + (low - 0xDC00)
}

// units are the UTF-16 units of a page's n characters in one call; nil where they
// are not one to one.
func (f *file) units(text uint64, n int) []uint16 {
	buf := f.Malloc(2 * (n + 1))
	if buf == 0 {
		return nil
	}
	defer f.Free(buf)
	if got := int(int32(f.Call("FPDFText_GetText", text, 0, uint64(n), uint64(buf)))); got != n+1 {
		return nil
	}
	b := f.Bytes(buf, 2*n)
	units := make([]uint16, n)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return units
}

// style reads how a text object is set, by its first character: the matrix of the
// object itself lacks that of a form it stands in.
func (f *file) style(text, i, object uint64, m matrix, fonts map[uint64]*font) *style {
	s := &style{font: &font{}, mark: -1}
	if object == 0 {
		return s
	}
	f.Call("FPDFTextObj_GetFontSize", object, uint64(f.Scratch))
	size := f.Float(0)
	if f.Call("FPDFText_GetMatrix", text, i, uint64(f.Scratch)) != 0 {
		a, b := f.Float(0), f.Float(4)
		c, d := f.Float(8), f.Float(12)
		// Where the text runs to, as it is shown.
		dx, dy := m[0]*a+m[2]*b, m[1]*a+m[3]*b
		if size < 0 {
			dx, dy = -dx, -dy
		}
		ux, uy := m[0]*c+m[2]*d, m[1]*c+m[3]*d
		size *= float32(math.Hypot(float64(ux), float64(uy)))
		switch {
		case math.Abs(float64(dy)) <= 0.1*math.Abs(float64(dx)):
			s.turn = 0
			if dx < 0 {
				s.turn = 2
			}
		case math.Abs(float64(dx)) <= 0.1*math.Abs(float64(dy)):
			s.turn = 1
			if dy < 0 {
				s.turn = 3
			}
		default:
			s.turn = -1
		}
	}
	s.size = float32(math.Abs(float64(size)))
	mode := int32(f.Call("FPDFTextObj_GetTextRenderMode", object))
	s.unseen = mode == 3 || mode == 7
	s.white = mode == 0 && f.colour(object) >= 3*250
	s.mark = int(int32(f.Call("FPDFPageObj_GetMarkedContentID", object)))
	handle := f.Call("FPDFTextObj_GetFont", object)
	if fonts[handle] == nil {
		fonts[handle] = f.font(handle)
	}
	s.font = fonts[handle]
	return s
}

// fit mends the size of a font whose letters have quite another height: those of
// Type 3 have units of their own.
func (s *style) fit(r rune, b box) {
	h := b.height()
	if s.turn == 1 || s.turn == 3 {
		h = b.width()
	}
	if !s.fitted && h > 0 && !isSpace(r) {
		s.fitted = true
		if s.size < 0.4*h || s.size > 2.5*h {
			s.size = 0.85 * h
		}
	}
}

// colour is the sum of red, green and blue, at most 255 each, that an object is
// filled with.
func (f *file) colour(object uint64) int {
	s := uint64(f.Scratch)
	if f.Call("FPDFPageObj_GetFillColor", object, s, s+4, s+8, s+12) == 0 {
		return 0
	}
	if f.Int(12) == 0 {
		return 3 * 255 // transparent
	}
	return int(f.Int(0) + f.Int(4) + f.Int(8))
}

func (f *file) font(handle uint64) *font {
	if handle == 0 {
		return &font{}
	}
	ft := &font{name: f.Narrow(func(buf, n uint64) uint64 { return f.Call("FPDFFont_GetBaseFontName", handle, buf, n) })}
	flags := int32(f.Call("FPDFFont_GetFlags", handle))
	weight := int32(f.Call("FPDFFont_GetWeight", handle))
	if _, after, ok := strings.Cut(ft.name, "+"); ok {
		ft.name = after
	}
	low := strings.ToLower(ft.name)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(low, w) {
				return true
			}
		}
		return false
	}
	ft.mono = flags&1 != 0 || has("mono", "courier", "consol", "typewriter", "cmtt", "menlo")
	ft.caps = has("csc", "smallcap", "smcp")
	ft.italic = flags&64 != 0 || has("italic", "oblique")
	ft.bold = flags&(1<<18) != 0 || weight >= 600 || has("bold", "black", "heavy", "cmbx")
	return ft
}

// Kinds of page objects.
const (
	isPath    = 2
	isImage   = 3
	isShading = 4
	isForm    = 5
)

// objects reads the rules and images of a page.
func (f *file) objects(p *page, handle uint64, m matrix) {
	n := min(int(int32(f.Call("FPDFPage_CountObjects", handle))), mostObjects)
	for i := 0; i < n && f.Err == nil; i++ {
		object := f.Call("FPDFPage_GetObject", handle, uint64(i))
		kind := int32(f.Call("FPDFPageObj_GetType", object))
		if kind < isPath || kind > isForm {
			continue
		}
		s := uint64(f.Scratch)
		if f.Call("FPDFPageObj_GetBounds", object, s, s+4, s+8, s+12) == 0 {
			continue
		}
		b := m.box(f.Float(0), f.Float(4), f.Float(8), f.Float(12))
		switch kind {
		case isPath:
			f.path(p, object, b)
		default:
			part := b.width() * b.height() / max(1, p.width*p.height)
			p.covered += part
			if kind == isImage {
				p.images += part
			}
			p.backs = append(p.backs, b)
		}
	}
}

// path takes what a path says about tables, and about text on it.
func (f *file) path(p *page, object uint64, b box) {
	const thin = 3
	switch {
	case b.height() <= thin && b.width() > 3*thin:
		p.rules = append(p.rules, rule{b, false})
	case b.width() <= thin && b.height() > 2*thin:
		p.rules = append(p.rules, rule{b, true})
	case b.width() > 3*thin && b.height() > 2*thin:
		f.Call("FPDFPath_GetDrawMode", object, uint64(f.Scratch), uint64(f.Scratch+4))
		filled, stroked := f.Int(0) != 0, f.Int(4) != 0
		if filled && f.colour(object) < 3*250 {
			p.backs = append(p.backs, b)
		}
		if !stroked && b.width()*b.height() > 0.5*p.width*p.height {
			return // the ground of the page
		}
		// A box has four of them.
		p.rules = append(p.rules, rule{box{b.x0, b.y0, b.x1, b.y0}, false}, rule{box{b.x0, b.y1, b.x1, b.y1}, false},
			rule{box{b.x0, b.y0, b.x0, b.y1}, true}, rule{box{b.x1, b.y0, b.x1, b.y1}, true})
	}
}

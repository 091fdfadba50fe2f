package pdf

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a run of glyphs without a space between them.
type word struct {
	text  string
	box   box // in the frame of its line
	style *style
	gap   float32 // to the word before it on the line
	// Of letters that are written to the left, how many more of them stand right of the
	// one before: where most do, they are in the order of the eye.
	rightward int
	led       bool // dots led to it
}

// line is a run of words on one base line, in the order of the page's content.
// Words that stand far apart are lines of their own.
type line struct {
	words []word
	turn  int
	box   box // in a frame that is turned so that the text runs to the right
	size  float32
	bold  bool
	mono  bool
	page  box // the same on the page
	unit  *unit
	leads bool // dots lead from it to what stands right of it
	seq   int  // of the lines of a page in the order of its content
}

func (l *line) text() string {
	var b strings.Builder
	for i := range l.words {
		switch {
		case i > 0 && l.words[i].led:
			b.WriteByte('\t')
		case i > 0 && l.turn == 1 && l.words[i].gap < spacedOut*l.size && noSpaces(lastRune(l.words[i-1].text)) && noSpaces(firstRune(l.words[i].text)):
		case i > 0:
			b.WriteByte(' ')
		}
		b.WriteString(l.words[i].text)
	}
	return b.String()
}

const (
	// Parts of the font size: a gap that separates words, and one that separates
	// columns.
	wordGap   = 0.2
	columnGap = 1.4
	// What letters may stand apart that are set downwards.
	spacedOut = 0.4
	// Text so small, in points, is not meant to be read.
	tiny = 1.5
)

// frame turns a box of the page so that text of that turn runs to the right.
func (p *page) frame(b box, turn int) box {
	switch turn {
	case 1: // downwards
		return box{b.y0, p.width - b.x1, b.y1, p.width - b.x0}
	case 2:
		return box{p.width - b.x1, p.height - b.y1, p.width - b.x0, p.height - b.y0}
	case 3: // upwards
		return box{p.height - b.y1, b.x0, p.height - b.y0, b.x1}
	}
	return b
}

// lines makes words and lines of the glyphs of a page. hidden is the text that nobody sees.
func (p *page) lines() (lines []line, hidden string) {
	var gone strings.Builder
	var cur *line
	var last glyph // on the line, in the frame
	var text strings.Builder
	var wordBox box
	var wordStyle *style
	var before float32
	space, rightward := false, 0
	endWord := func() {
		if text.Len() == 0 {
			return
		}
		cur.words = append(cur.words, word{text: text.String(), box: wordBox, style: wordStyle, gap: before, rightward: rightward})
		text.Reset()
		rightward = 0
	}
	endLine := func() {
		if cur == nil {
			return
		}
		endWord()
		for _, l := range cur.withoutLeaders() {
			l.finish()
			l.seq = len(lines)
			lines = append(lines, l)
		}
		cur = nil
	}
	for _, g := range p.glyphs {
		if isSpace(g.r) {
			space = true
			continue
		}
		if p.unseen(&g) {
			if gone.Len() > 0 && space {
				gone.WriteByte(' ')
			}
			space = false
			gone.WriteRune(g.r)
			continue
		}
		pageBox := g.box
		g.box = p.frame(g.box, g.style.turn)
		gap, fits := float32(0), false
		if cur != nil {
			gap, fits = follows(&last, &g, cur, space)
		}
		switch {
		case !fits:
			endLine()
			cur = &line{turn: g.style.turn, box: g.box, page: pageBox, unit: g.style.unit}
			before = 0
			wordBox, wordStyle = g.box, g.style
		case space || gap > wordGap*last.style.size:
			endWord()
			before = gap
			wordBox, wordStyle = g.box, g.style
		}
		space = false
		if text.Len() > 0 && rightToLeft(g.r) {
			switch d := g.box.x0 - last.box.x0; {
			case d > 0:
				rightward++
			case d < 0:
				rightward--
			}
		}
		put(&text, &g)
		wordBox = wordBox.union(g.box)
		cur.box = cur.box.union(g.box)
		cur.page = cur.page.union(pageBox)
		last = g
	}
	endLine()
	return lines, gone.String()
}

// follows says whether a glyph goes on with the line of the last one, and the gap between
// them; space is whether one stands there.
func follows(last, g *glyph, l *line, space bool) (gap float32, fits bool) {
	size := max(last.style.size, g.style.size, 1)
	if g.style.turn != l.turn || g.style.unit != l.unit {
		return 0, false
	}
	a, b := last.box, g.box
	if l.turn < 0 {
		dx, dy := (a.x0+a.x1-b.x0-b.x1)/2, (a.y0+a.y1-b.y0-b.y1)/2
		d := float32(math.Hypot(float64(dx), float64(dy)))
		return d - size, d < 2*size
	}
	over := min(a.y1, b.y1) - max(a.y0, b.y0)
	if over < 0.4*min(a.height(), b.height()) {
		return 0, false
	}
	gap = max(b.x0-a.x1, a.x0-b.x1)
	if gap > columnGap*size {
		return gap, false
	}
	if back := a.x1 - b.x0; (back > size || space && back > 0.5*size) && !rightToLeft(g.r) && !rightToLeft(last.r) {
		return gap, false // it begins over the text before, which was too long for its cell
	}
	if b.x1 < a.x0+0.1*size && !rightToLeft(g.r) && !rightToLeft(last.r) && gap > -0.5*size {
		// It goes back: what stands before the line is another.
		return gap, gap < 0.3*size && len(l.words) == 0
	}
	if !rightToLeft(g.r) && b.x0 < l.box.x0-size && a.x0 > b.x0 {
		return gap, rightToLeft(last.r)
	}
	return gap, true
}

// hyphen is what PDFium has for one that ends a line.
const hyphen = '\uFFFE'

// bitmapped are the characters that fonts of TeX without names for their letters
// have where others have control codes: by the encodings OT1 and T1.
var bitmapped = map[rune]string{0x0B: "ff", 0x0C: "fi", 0x0D: "fl", 0x0E: "ffi", 0x0F: "ffl", 0x10: "“", 0x11: "”", 0x12: "„",
	0x15: "–", 0x16: "—", 0x1B: "ff", 0x1C: "fi", 0x1D: "fl", 0x1E: "ffi", 0x1F: "ffl"}

// put appends a glyph to a word.
func put(word *strings.Builder, g *glyph) {
	if s := bitmapped[g.r]; s != "" && g.style.font.name == "" {
		word.WriteString(s)
	} else if r := plain(g.r); r >= 0 {
		word.WriteRune(r)
	}
}

// plain replaces the runes of private use that stand for bullets in the fonts of
// office programs; it is -1 for characters that control terminals.
func plain(r rune) rune {
	switch {
	case r == 2:
		return hyphen
	case r == 0xF0B7 || r == 0xF06C:
		return '•'
	case r == 0xF0A7 || r == 0xF06E:
		return '▪'
	case r < ' ' || r >= 0x7F && r < 0xA0:
		return -1
	}
	return r
}

func isSpace(r rune) bool {
	return r == ' ' || r == 0xA0 || r == '\t' || unicode.IsSpace(r)
}

// rightToLeft says that a rune is written to the left.
func rightToLeft(r rune) bool {
	return r >= 0x590 && r <= 0x8FF || r >= 0xFB1D && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFC || r >= 0x10800 && r <= 0x10FFF || r >= 0x1E800 && r <= 0x1EFFF
}

// unseen says that a glyph is not to be read: drawn without ink and no layer of
// text over the picture of a page, white on white, next to nothing in size, or off
// the page. It is how text is put into files for programs alone.
func (p *page) unseen(g *glyph) bool {
	x, y := (g.box.x0+g.box.x1)/2, (g.box.y0+g.box.y1)/2
	switch {
	case g.style.size > 0 && g.style.size < tiny,
		x < 0 || y < 0 || x > p.width || y > p.height,
		g.style.unseen && p.images < 0.5:
		return true
	case g.style.white:
		for _, b := range p.backs {
			if x >= b.x0 && x <= b.x1 && y >= b.y0 && y <= b.y1 {
				return false
			}
		}
		return true
	}
	return false
}

// finish sets what follows from the words of a line: the size of most of its letters,
// and whether all of it is bold or of a font whose letters are of one width.
func (l *line) finish() {
	l.turnRightToLeft()
	most := 0
	counts := map[float32]int{}
	l.bold, l.mono = true, true
	for i := range l.words {
		w := &l.words[i]
		counts[w.style.size] += utf8.RuneCountInString(w.text)
		if n := counts[w.style.size]; n > most {
			l.size, most = w.style.size, n
		}
		l.bold, l.mono = l.bold && w.style.font.bold, l.mono && w.style.font.mono
	}
}

// turnRightToLeft puts text that is written to the left, and stands in the order of
// the eye, into that of reading.
func (l *line) turnRightToLeft() {
	turned, leftward, all := 0, 0, 0
	for i := range l.words {
		w := &l.words[i]
		if !rightToLeft(firstRune(w.text)) {
			continue
		}
		all++
		if w.rightward > 0 {
			w.text = reversed(w.text)
			turned++
		}
		if i > 0 && rightToLeft(firstRune(l.words[i-1].text)) {
			if w.box.x0 > l.words[i-1].box.x0 {
				leftward--
			} else {
				leftward++
			}
		}
	}
	if turned == 0 || leftward >= 0 || 2*all < len(l.words) {
		return
	}
	slices.Reverse(l.words)
	for i := 0; i < len(l.words); {
		k := i + 1
		for k < len(l.words) && !rightToLeft(firstRune(l.words[i].text)) && !rightToLeft(firstRune(l.words[k].text)) {
			k++
		}
		slices.Reverse(l.words[i:k])
		i = k
	}
}

// reversed turns the letters of a word around, with the marks that stand on them.
func reversed(s string) string {
	runes := []rune(s)
	slices.Reverse(runes)
	for i := 1; i < len(runes); i++ {
		// A mark that stood after its letter stands before it now.
		if unicode.Is(unicode.Mn, runes[i-1]) && !unicode.Is(unicode.Mn, runes[i]) {
			runes[i-1], runes[i] = runes[i], runes[i-1]
		}
	}
	return string(runes)
}

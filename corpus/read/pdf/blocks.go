package pdf

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// block is a paragraph, heading, item, row or piece of code on one page.
type block struct {
	kind  corpus.BlockKind
	level int
	lines []line
	cells []string // of a table's row
	page  int
	box   box
	size  float32
	bold  bool
	mono  bool
	table int     // rows of one table have the same number, from 1
	left  float32 // where the table begins
	aside bool    // a footnote, or what stands on each page: text goes on behind it
	parts []part  // of a paragraph, on the pages after its first
}

func newBlock(page int, l line) *block {
	b := &block{page: page}
	b.add(l)
	return b
}

func (b *block) add(l line) {
	if len(b.lines) == 0 {
		b.box, b.size, b.bold, b.mono = l.page, l.size, l.bold, l.mono
	} else {
		b.box = b.box.union(l.page)
		b.bold, b.mono = b.bold && l.bold, b.mono && l.mono
	}
	b.lines = append(b.lines, l)
}

func (b *block) last() *line { return &b.lines[len(b.lines)-1] }

// paragraphs joins the lines of a page, in their order, into blocks.
func paragraphs(page int, lines []line) []*block {
	var blocks []*block
	var cur *block
	for _, l := range lines {
		switch {
		case cur == nil:
		case l.unit != nil && l.unit == cur.last().unit && (l.unit.kind != corpus.Paragraph || !cur.sameRow(&l)):
			cur.add(l)
			continue
		case l.unit != cur.last().unit:
		case cur.sameRow(&l):
			last := cur.last()
			gap := l.box.x0 - last.box.x1
			l.words[0].led = l.words[0].led || last.leads
			last.leads = l.leads
			last.words = append(last.words, l.words...)
			last.words[len(last.words)-len(l.words)].gap = gap
			last.box, last.page = last.box.union(l.box), last.page.union(l.page)
			cur.box = cur.box.union(l.page)
			cur.bold, cur.mono = cur.bold && l.bold, cur.mono && l.mono
			continue
		case cur.goesOn(&l):
			cur.add(l)
			continue
		}
		cur = newBlock(page, l)
		if l.unit != nil {
			cur.kind, cur.level = l.unit.kind, l.unit.level
		}
		blocks = append(blocks, cur)
	}
	return blocks
}

// sameRow says that a line stands right of the block's last on the same base line.
func (b *block) sameRow(l *line) bool {
	last := b.last()
	return l.turn == last.turn && l.turn >= 0 && overlap(last.box, l.box) && l.box.x0 >= last.box.x1-0.3*l.size
}

// overlap says that two boxes are next to each other on a line.
func overlap(a, b box) bool {
	over := min(a.y1, b.y1) - max(a.y0, b.y0)
	return over > 0.5*min(a.height(), b.height())
}

// goesOn says that a line belongs to the paragraph of the lines before it.
func (b *block) goesOn(l *line) bool {
	last := b.last()
	if l.turn != last.turn || l.turn < 0 || l.mono != last.mono {
		return false
	}
	if d := l.size - last.size; d > 0.12*last.size || d < -0.12*last.size {
		return false
	}
	em := l.size
	step := l.box.y1 - last.box.y1
	if step < -em { // up again: the next column
		return !last.ends() && l.goesOnLower() && len(b.lines) > 1
	}
	if step < 0.5*em || step > 2.2*em {
		return false
	}
	if n := len(b.lines); n > 1 {
		before := last.box.y1 - b.lines[n-2].box.y1
		if before > 0 && (step > 1.3*before || step < 0.7*before) {
			return false
		}
	}
	if min(l.box.x1, last.box.x1) <= max(l.box.x0, last.box.x0) {
		return false
	}
	if b.mono {
		return step < 1.9*em
	}
	if last.led() && (l.led() || l.box.x0 < b.lines[0].box.x0+em/2) {
		return false // an entry ends with what dots lead to
	}
	if last.gapped() && l.gapped() {
		return false // rows
	}
	if l.bullet() != "" || len(l.words) == 1 && isNumber(l.words[0].text) || b.bold != l.bold && (b.bold || l.allBold()) {
		return false
	}
	return !b.newParagraph(l, em)
}

// newParagraph says that a line that follows begins another paragraph, by its indent
// or by the room that was left on the line before.
func (b *block) newParagraph(l *line, em float32) bool {
	last := b.last()
	middle := (l.box.x0+l.box.x1)/2 - (last.box.x0+last.box.x1)/2
	centred := middle < em && middle > -em && (l.box.x0 > last.box.x0+em/2 || l.box.x0 < last.box.x0-em/2)
	if centred || rightToLeft(firstRune(l.words[0].text)) {
		return false
	}
	item := b.lines[0].bullet() != ""
	left, right := l.box.x0, l.box.x1
	for i := len(b.lines) - 1; i >= 0; i-- {
		if i < len(b.lines)-1 && b.lines[i].box.y1 > b.lines[i+1].box.y1 {
			break // in the column before
		}
		if i > 0 || !item {
			left = min(left, b.lines[i].box.x0)
		}
		right = max(right, b.lines[i].box.x1)
	}
	if l.box.x0 > left+0.8*em && !(item && len(b.lines) == 1) {
		return true // indented, where the lines before are not
	}
	if len(b.lines) > 2 && l.box.x0 < last.box.x0-0.8*em {
		return true // no longer indented, where the lines before are
	}
	if item && len(b.lines) == 1 && l.box.x0 < last.box.x0-0.3*em {
		return true
	}
	// The first word of the line would have had room on the line before.
	return right-last.box.x1 > l.words[0].box.width()+1.2*em
}

// gapped says that words of a line, but for its bullet, stand as far apart as columns do.
func (l *line) gapped() bool {
	for i := 1; i < len(l.words); i++ {
		if l.words[i].gap > columnGap*l.size && (i > 1 || l.bullet() == "") {
			return true
		}
	}
	return false
}

func (l *line) allBold() bool { return l.bold }

// ends says that a line ends a sentence.
func (l *line) ends() bool {
	t := strings.TrimRight(l.words[len(l.words)-1].text, `"'”’)]`)
	r, _ := utf8.DecodeLastRuneInString(t)
	return strings.ContainsRune(".!?:;。！？", r)
}

// goesOnLower says that a line begins in the middle of a sentence.
func (l *line) goesOnLower() bool { return unicode.IsLower(firstRune(l.words[0].text)) }

func firstRune(s string) rune { r, _ := utf8.DecodeRuneInString(s); return r }
func lastRune(s string) rune  { r, _ := utf8.DecodeLastRuneInString(s); return r }

// bullet is what marks a line as an item of a list: a bullet or a number, followed
// by text.
func (l *line) bullet() string {
	if len(l.words) < 2 {
		return ""
	}
	w := l.words[0].text
	if r, n := utf8.DecodeRuneInString(w); n == len(w) {
		if strings.ContainsRune("•‣▪●○◦–—·*-■□➢►✓✔❖⁃∙▶◆", r) {
			return w
		}
	}
	if isNumber(w) {
		return w
	}
	return ""
}

// isNumber says that a word numbers an item: "1.", "(a)", "iv)".
func isNumber(w string) bool {
	body := strings.TrimPrefix(w, "(")
	if n := len(body); n < 2 || n > 5 || body[n-1] != '.' && body[n-1] != ')' {
		return false
	}
	body = body[:len(body)-1]
	digits := strings.Trim(body, "0123456789") == ""
	roman := strings.Trim(body, "ivx") == "" || strings.Trim(body, "IVX") == ""
	return digits && len(body) <= 3 || roman || len(body) == 1 && unicode.IsLetter(rune(body[0])) && w[len(w)-1] == ')'
}

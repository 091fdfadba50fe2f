package pdf

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// What makes one paragraph of those that a page end, a column's end or footnotes divide.
const (
	smallerThan = 0.93 // times the size of the body: footnotes
	lowest      = 0.5  // of the page's height: above it no paragraph ends that goes on overleaf
	mostParts   = 40   // pages of one paragraph
	mostOnPage  = 2000 // blocks: footnotes are looked for among so many
)

// part is the rest of a block on another page.
type part struct {
	line int // of the block, the first that stands there
	page int
	box  box
}

// joinParagraphs makes one paragraph of one that goes on on the next page. Footnotes, numbers
// of pages and running heads that stand between its parts come after it.
func (r *reading) joinParagraphs() {
	r.markNotes(bodySize(r.blocks))
	heights := r.heights()
	indents := indented(r.blocks)
	var out []*block
	var cur *block // the last that is neither footnote nor head
	apart := false // something stands between it and the next
	for _, b := range r.blocks {
		switch {
		case b.aside || number(b, heights[b.page]):
			apart = true
		case cur != nil && cur.goesOnAcross(b, apart, indents, heights):
			cur.parts = append(cur.parts, part{len(cur.lines), b.page, b.box})
			cur.lines = append(cur.lines, b.lines...)
			continue
		default:
			cur, apart = b, false
		}
		out = append(out, b)
	}
	r.blocks = out
}

func (r *reading) heights() map[int]float32 {
	heights := map[int]float32{}
	for _, p := range r.pages {
		heights[p.number] = p.height
	}
	return heights
}

// number says that a block is the number of its page.
func number(b *block, height float32) bool {
	at, _, ok := edgeText(b, height)
	return ok && strings.Trim(at.text, "# \n-–—|/") == ""
}

// indented says that most paragraphs of several lines begin with an indent.
func indented(blocks []*block) bool {
	with, all := 0, 0
	for _, b := range blocks {
		if b.kind == corpus.Paragraph && len(b.lines) > 2 {
			all++
			if b.indented() {
				with++
			}
		}
	}
	return 2*with > all
}

// indented says that a block begins further right than it goes on.
func (b *block) indented() bool {
	return len(b.lines) > 1 && b.lines[0].box.x0 > b.lines[1].box.x0+0.8*b.size
}

// goesOnAcross says that the paragraph goes on with a block of the next page, or, where something
// stands between them, of the next column.
func (b *block) goesOnAcross(next *block, apart, indents bool, heights map[int]float32) bool {
	if len(b.lines) == 0 || len(next.lines) == 0 || len(b.parts) == mostParts || b.kind != corpus.Paragraph && b.kind != corpus.ListItem {
		return false
	}
	last, l := b.last(), &next.lines[0]
	if next.kind != corpus.Paragraph && (next.kind != b.kind || l.bullet() != "") {
		return false
	}
	page, end := b.page, b.box
	if n := len(b.parts); n > 0 {
		page, end = b.parts[n-1].page, b.parts[n-1].box
	}
	switch {
	case next.page == page && !(apart && next.box.y1 < end.y1):
		return false
	case next.page != page && next.page != page+1:
		return false
	case l.turn == 0 && (end.y1 < lowest*heights[page] || next.box.y0 > lowest*heights[next.page]):
		return false
	}
	if l.turn != last.turn || l.turn < 0 || l.bold != last.bold || l.mono != last.mono || abs(l.size-last.size) > 0.08*l.size || (l.unit == nil) != (last.unit == nil) || last.led() || last.gapped() || l.gapped() {
		return false
	}
	return b.sentenceGoesOn(next, indents)
}

// sentenceGoesOn says that the words of two blocks are those of one paragraph: in the middle
// of a sentence, or, where paragraphs begin with an indent, without one.
func (b *block) sentenceGoesOn(next *block, indents bool) bool {
	last, l := b.last(), &next.lines[0]
	first := firstRune(strings.TrimLeft(l.words[0].text, `"'“”‘’«»([`))
	before, _ := utf8.DecodeLastRuneInString(last.words[len(last.words)-1].text)
	right := last.box.x1
	from := 0
	if n := len(b.parts); n > 0 {
		from = b.parts[n-1].line
	}
	for i := from; i < len(b.lines); i++ {
		right = max(right, b.lines[i].box.x1)
	}
	full := right-last.box.x1 <= l.words[0].box.width()+1.2*l.size
	several := len(b.lines) > 1
	switch {
	case before == hyphen || before == '-' || before == 0xAD || before == '\u2010':
		return unicode.IsLower(first)
	case strings.ContainsRune(":：", before):
		return false
	case last.ends():
		return indents && several && full && len(next.lines) > 1 && !next.indented()
	case unicode.IsLower(first):
		return full || several
	case noSpaces(first):
		return several && full && noSpaces(before) && !next.indented()
	}
	return several && full && len(next.lines) > 1 && !next.indented() && (unicode.IsLetter(before) || before == ',')
}

// markNotes finds the footnotes of all pages: what stands below the text of its column in
// smaller characters, and begins with a mark that stands in that text.
func (r *reading) markNotes(body float32) {
	heights := r.heights()
	for from := 0; from < len(r.blocks); {
		to := from
		for to < len(r.blocks) && r.blocks[to].page == r.blocks[from].page {
			to++
		}
		if blocks := r.blocks[from:to]; len(blocks) < mostOnPage {
			markNotes(blocks, body, heights[blocks[0].page])
		}
		from = to
	}
}

func markNotes(page []*block, body, height float32) {
	small := func(b *block) bool {
		return len(b.lines) > 0 && (b.kind == corpus.Paragraph || b.kind == corpus.ListItem) && b.lines[0].turn == 0 && b.size <= smallerThan*body
	}
	for i := 0; i < len(page); i++ {
		if !small(page[i]) || page[i].box.y0 < lowest*height {
			continue
		}
		mark := page[i].mark()
		if mark == "" || !marked(page[:i], mark) {
			continue
		}
		end := i + 1
		for end < len(page) && small(page[end]) && page[end].box.y0 >= page[end-1].box.y0 {
			end++
		}
		if lowestOf(page, i, end, height) {
			for _, b := range page[i:end] {
				b.aside, b.kind = true, corpus.Paragraph
			}
		}
		i = end - 1
	}
}

// lowestOf says that nothing but the foot of the page stands below the blocks from i to end.
func lowestOf(page []*block, i, end int, height float32) bool {
	at := page[i].box
	for _, b := range page[i+1 : end] {
		at = at.union(b.box)
	}
	for k, b := range page {
		if k >= i && k < end || b.aside || b.box.y0 > (1-edge/2)*height || number(b, height) {
			continue
		}
		if b.box.x0 < at.x1 && b.box.x1 > at.x0 && b.box.y1 > at.y0+b.size/2 {
			return false
		}
	}
	return true
}

// mark is the number or sign that a footnote begins with; "" for none.
func (b *block) mark() string {
	w := b.lines[0].words[0].text
	n := strings.IndexFunc(w, func(r rune) bool { return r < '0' || r > '9' })
	if n < 0 {
		n = len(w)
	}
	if n == 0 {
		n = len(w) - len(strings.TrimLeft(w, "*†‡§¶"))
	}
	if n == 0 || n > 6 || n == len(w) && len(b.lines[0].words) < 2 {
		return ""
	}
	if rest := w[n:]; rest != "" && rest[0] != '.' && rest[0] != ')' && !unicode.IsLetter(firstRune(rest)) {
		return ""
	}
	return w[:n]
}

// marked says that a mark stands in the text of blocks: behind a word, or alone and raised.
func marked(blocks []*block, mark string) bool {
	for _, b := range blocks {
		for i := range b.lines {
			for k := range b.lines[i].words {
				w := &b.lines[i].words[k]
				stem, ok := strings.CutSuffix(strings.TrimRight(w.text, ".,;:)”\""), mark)
				if !ok {
					continue
				}
				before, _ := utf8.DecodeLastRuneInString(stem)
				if stem == "" && w.style.size < 0.85*b.lines[i].size || stem != "" && before != '*' && (unicode.IsLetter(before) || strings.ContainsRune(".,;:!?)]”’\"'", before)) {
					return true
				}
			}
		}
	}
	return false
}

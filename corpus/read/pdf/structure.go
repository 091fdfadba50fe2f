package pdf

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// What makes a heading.
const (
	headLines  = 4
	headRunes  = 220
	largerThan = 1.1 // times the size of the body
)

// classify says what the blocks of all pages are: headings by the file's outline, by
// size and by weight, items, code; and joins the lines of code.
func (r *reading) classify() {
	body := bodySize(r.blocks)
	boldBody := mostlyBold(r.blocks)
	monoBody := mostlyMono(r.blocks)
	levels := map[headStyle]int{}
	tagged := map[int]bool{} // pages whose tags name headings
	for _, b := range r.blocks {
		if b.kind == corpus.Heading {
			tagged[b.page] = true
			if b.level == 0 {
				levels[b.headStyle()] = 0
			}
		}
	}
	for i, b := range r.blocks {
		if b.kind != corpus.Paragraph {
			continue
		}
		switch {
		case b.mono && !monoBody && b.lines[0].turn == 0:
			b.kind = corpus.Code
		case r.outline[b.key()] > 0 && len(b.lines) <= headLines:
			b.kind, b.level = corpus.Heading, r.outline[b.key()]
		case !tagged[b.page] && r.stands(i, body, boldBody):
			b.kind = corpus.Heading
			levels[b.headStyle()] = 0
		case b.lines[0].bullet() != "":
			b.kind = corpus.ListItem
		}
	}
	// The larger, the higher; bold before plain.
	styles := slices.SortedFunc(maps.Keys(levels), func(a, b headStyle) int {
		switch {
		case a.size != b.size:
			return int(2*b.size) - int(2*a.size)
		case a.bold != b.bold && a.bold:
			return -1
		case a.bold != b.bold:
			return 1
		}
		return 0
	})
	for i, s := range styles {
		levels[s] = min(i+1, 6)
	}
	for _, b := range r.blocks {
		if b.kind == corpus.Heading && b.level == 0 {
			b.level = levels[b.headStyle()]
		}
	}
	r.blocks = joinCode(joinHeadings(r.blocks))
}

type headStyle struct {
	size float32
	bold bool
}

func (b *block) headStyle() headStyle { return headStyle{roundSize(b.size), b.bold} }

// stands says that a block stands out as headings do: larger than the body, or bold
// where the body is not, short, and no sentence.
func (r *reading) stands(i int, body float32, boldBody bool) bool {
	b := r.blocks[i]
	if len(b.lines) > headLines || b.lines[0].turn != 0 {
		return false
	}
	text := b.text(nil)
	letters, digits := 0, 0
	for _, c := range text {
		if unicode.IsLetter(c) {
			letters++
		} else if unicode.IsDigit(c) {
			digits++
		}
	}
	if letters < 2 || letters < digits || utf8.RuneCountInString(text) > headRunes || strings.Contains(text, "....") {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(text)
	switch size := roundSize(b.size); {
	case size >= largerThan*body:
		return !(len(b.lines) > 2 && last == '.')
	case b.bold && !boldBody && size >= 0.95*body:
		if b.lines[0].bullet() != "" && !isNumber(b.lines[0].words[0].text) || last == '.' || last == ',' || last == ';' || len(b.lines) > 2 {
			return false
		}
		return last != ':' || len(strings.Fields(text)) < 8
	case len(b.lines) <= 2 && b.slanted() && sectionNumber(text):
		return !strings.ContainsRune(".,;:", last)
	}
	return false
}

// slanted says that all of a block is italic or in small capitals.
func (b *block) slanted() bool {
	for i := range b.lines {
		for j := range b.lines[i].words {
			if f := b.lines[i].words[j].style.font; !f.italic && !f.caps {
				return false
			}
		}
	}
	return true
}

// sectionNumber says that a text begins as numbered headings do: "2.1 Method",
// "II. METHOD", "A. Method".
func sectionNumber(text string) bool {
	number, rest, ok := strings.Cut(text, " ")
	body := strings.TrimRight(number, ".)")
	switch {
	case !ok || body == "" || !unicode.IsUpper(firstRune(rest)):
		return false
	case strings.Trim(body, "0123456789.") == "":
		return len(body) < 10
	}
	return body != number && (strings.Trim(body, "IVX") == "" || len(body) == 1 && unicode.IsUpper(rune(body[0])))
}

// joinHeadings makes one heading of the lines of a long one, which the rules for
// paragraphs divide.
func joinHeadings(blocks []*block) []*block {
	var out []*block
	for _, b := range blocks {
		if n := len(out); n > 0 && b.kind == corpus.Heading && out[n-1].kind == corpus.Heading && len(b.lines) > 0 && len(out[n-1].lines) > 0 {
			before := out[n-1]
			last, next := before.last(), &b.lines[0]
			step := next.box.y1 - last.box.y1
			if b.page == before.page && b.headStyle() == before.headStyle() && last.unit == next.unit && step > 0 && step < 1.5*b.size &&
				len(before.lines)+len(b.lines) <= headLines && !sectionNumber(b.text(nil)) && (last.box.x0 <= next.box.x0+1 || abs(last.box.x0+last.box.x1-next.box.x0-next.box.x1) < 2*b.size) {
				before.lines = append(before.lines, b.lines...)
				before.box = before.box.union(b.box)
				continue
			}
		}
		out = append(out, b)
	}
	return out
}

func mostlyBold(blocks []*block) bool {
	return share(blocks, func(w *word) bool { return w.style.font.bold }) > 0.5
}

func mostlyMono(blocks []*block) bool {
	return share(blocks, func(w *word) bool { return w.style.font.mono }) > 0.7
}

// share is the part of the letters whose word has a property.
func share(blocks []*block, has func(*word) bool) float64 {
	n, all := 0, 1
	for _, b := range blocks {
		for i := range b.lines {
			for j := range b.lines[i].words {
				w := &b.lines[i].words[j]
				all += len(w.text)
				if has(w) {
					n += len(w.text)
				}
			}
		}
	}
	return float64(n) / float64(all)
}

// key is a text by which an entry of the outline finds its heading: letters and
// digits alone.
func key(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

func (b *block) key() string {
	if len(b.lines) == 0 || len(b.lines) > headLines {
		return ""
	}
	return key(b.text(nil))
}

// joinCode makes one block of the pieces of code that follow each other closely on a page.
func joinCode(blocks []*block) []*block {
	var out []*block
	for _, b := range blocks {
		if n := len(out); n > 0 && b.kind == corpus.Code && out[n-1].kind == corpus.Code && out[n-1].page == b.page {
			before := out[n-1]
			if gap := b.box.y0 - before.box.y1; gap > -b.size && gap < 2.5*b.size {
				before.lines = append(before.lines, b.lines...)
				before.box = before.box.union(b.box)
				continue
			}
		}
		out = append(out, b)
	}
	return out
}

// readOutline reads the titles of the file's bookmarks, and how deep they stand.
func (f *file) readOutline() map[string]int {
	const most, deep = 5000, 8
	titles := map[string]int{}
	seen := map[uint64]bool{}
	var walk func(parent uint64, level int)
	walk = func(parent uint64, level int) {
		for mark := f.Call("FPDFBookmark_GetFirstChild", f.doc, parent); mark != 0 && len(seen) < most && !seen[mark]; mark = f.Call("FPDFBookmark_GetNextSibling", f.doc, mark) {
			seen[mark] = true
			title := key(f.Wide(func(buf, n uint64) uint64 { return f.Call("FPDFBookmark_GetTitle", mark, buf, n) }))
			if title != "" && titles[title] == 0 {
				titles[title] = min(level, 6)
			}
			if level < deep {
				walk(mark, level+1)
			}
		}
	}
	walk(0, 1)
	return titles
}

// What repeats at the edge of pages.
const (
	edge        = 0.12 // of the page's height
	numberEdge  = 0.18 // the same for what is a number alone
	repeatPages = 3
)

// dropRepeats leaves out running heads and feet and the numbers of pages: lines at the
// edge of a page that stand there on many, alike but for their digits. The first
// stays, unless it is a number alone.
func (r *reading) dropRepeats() {
	if len(r.pages) < repeatPages {
		return
	}
	heights := r.heights()
	groups := map[repeat]*repeats{}
	for _, b := range r.blocks {
		at, numbers, ok := edgeText(b, heights[b.page])
		if !ok {
			continue
		}
		if groups[at] == nil {
			groups[at] = &repeats{}
		}
		groups[at].add(b.page, numbers)
	}
	runs := func(b *block) (at repeat, ok bool) {
		at, _, ok = edgeText(b, heights[b.page])
		return at, ok && groups[at].running(max(repeatPages, len(r.pages)/8))
	}
	more := map[int]bool{} // pages that have something else
	for _, b := range r.blocks {
		if _, ok := runs(b); !ok {
			more[b.page] = true
		}
	}
	if 2*len(more) < len(r.pages) {
		return // what repeats is what the file says
	}
	first := map[string]bool{}
	kept := r.blocks[:0]
	for _, b := range r.blocks {
		if at, ok := runs(b); ok {
			number := strings.Trim(at.text, "# \n-–—|/.pageof") == ""
			if number || first[at.text] {
				if r.options.Explain {
					r.dropped = append(r.dropped, corpus.Dropped{Reason: "running head or foot", Text: b.text(nil)})
				}
				continue
			}
			first[at.text] = true
			b.aside = true
		}
		kept = append(kept, b)
	}
	r.blocks = kept
}

// repeat is a text without its numbers and the height at which it stands.
type repeat struct {
	text string
	y    int
}

// repeats is where a text stands, and the numbers in it.
type repeats struct {
	pages   []int
	numbers [][]int
}

func (r *repeats) add(page int, numbers []int) {
	r.pages, r.numbers = append(r.pages, page), append(r.numbers, numbers)
}

// running says that a text stands on so many pages, with the same numbers, or
// numbers that count with the pages.
func (r *repeats) running(most int) bool {
	if len(r.pages) < most || r.pages[len(r.pages)-1] == r.pages[0] {
		return false
	}
	for k, n := range r.numbers[0] {
		same, counts := 0, 0
		for i, numbers := range r.numbers {
			if numbers[k] == n {
				same++
			}
			if numbers[k]-r.pages[i] == r.numbers[1][k]-r.pages[1] {
				counts++
			}
		}
		if 5*max(same, counts) < 4*len(r.pages) {
			return false
		}
	}
	return true
}

// edgeText is the text of a block that stands at the edge of a page, and its numbers.
func edgeText(b *block, height float32) (at repeat, numbers []int, ok bool) {
	if len(b.lines) == 0 || len(b.lines) > 2 || b.lines[0].turn != 0 {
		return at, nil, false
	}
	near := float32(edge)
	if len(b.lines) == 1 && len(b.lines[0].words) == 1 && len(b.lines[0].words[0].text) < 5 {
		near = numberEdge
	}
	if b.box.y1 > near*height && b.box.y0 < (1-near)*height {
		return at, nil, false
	}
	var text strings.Builder
	n := -1
	for _, c := range b.text(nil) + "\n" {
		switch {
		case c >= '0' && c <= '9':
			n = min(max(n, 0)*10+int(c-'0'), 1e8)
			continue
		case n >= 0:
			numbers = append(numbers, n)
			text.WriteByte('#')
			n = -1
		}
		text.WriteRune(unicode.ToLower(c))
	}
	return repeat{text.String(), int(b.box.y0/8 + 0.5)}, numbers, true
}

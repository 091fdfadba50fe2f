package pdf

// What is set in columns that run downwards.
const (
	columnRunes = 4   // stand below each other, at least
	turnedShare = 0.6 // of the text of a page that is turned: so is the page
)

// stand finds text of scripts without spaces that is set downwards, in columns from the
// right to the left, as its glyphs stand upright below each other: it is read as text that is
// turned by a quarter is, whose lines are those columns.
func (p *page) stand() {
	upright := map[*style]*style{}
	for i := 0; i < len(p.glyphs); {
		end := i + 1
		for end < len(p.glyphs) && below(&p.glyphs[end-1], &p.glyphs[end]) {
			end++
		}
		if end-i >= columnRunes {
			for k := i; k < end; k++ {
				g := &p.glyphs[k]
				if upright[g.style] == nil {
					s := *g.style
					s.turn = 1
					upright[g.style] = &s
				}
				g.style = upright[g.style]
			}
		}
		i = end
	}
}

// below says that a glyph stands upright and closely below another.
func below(a, b *glyph) bool {
	if a.style.turn != 0 || b.style.turn != 0 || !noSpaces(a.r) || !noSpaces(b.r) {
		return false
	}
	size := max(a.style.size, 1)
	middle := (a.box.x0 + a.box.x1 - b.box.x0 - b.box.x1) / 2
	step := (b.box.y0 + b.box.y1 - a.box.y0 - a.box.y1) / 2
	beside := min(abs(middle), abs(a.box.x0-b.box.x0)) // narrow ones may stand at the left
	return beside < 0.3*size && step > 0.3*size && step < 2*size && b.style.size == a.style.size
}

// straighten turns a page most of whose text is turned, such as one with a broad table, so
// that it is read as others are; unturn is for the boxes of what is read.
func (p *page) straighten() {
	var of [4]int
	for i := range p.glyphs {
		if g := &p.glyphs[i]; !isSpace(g.r) && g.style.turn >= 0 {
			if noSpaces(g.r) && g.style.turn == 1 {
				of[0]++ // may be upright
				continue
			}
			of[g.style.turn]++
		}
	}
	turn := 0
	for t, n := range of {
		if t > 0 && float64(n) > turnedShare*float64(of[0]+of[1]+of[2]+of[3]) {
			turn = t
		}
	}
	if turn == 0 {
		return
	}
	done := map[*style]bool{}
	for i := range p.glyphs {
		g := &p.glyphs[i]
		g.box = p.frame(g.box, turn)
		if !done[g.style] && g.style.turn >= 0 {
			g.style.turn = (g.style.turn - turn + 4) % 4
		}
		done[g.style] = true
	}
	for i := range p.rules {
		p.rules[i].box = p.frame(p.rules[i].box, turn)
		p.rules[i].upright = p.rules[i].upright != (turn != 2)
	}
	for i := range p.backs {
		p.backs[i] = p.frame(p.backs[i], turn)
	}
	p.turned = turn
	if turn != 2 {
		p.width, p.height = p.height, p.width
	}
}

// unturn gives the box of what was read on a page that was straightened as it stands on it.
func (p *page) unturn(b box) box {
	switch p.turned {
	case 1, 3: // width and height changed places
		return p.frame(b, 4-p.turned)
	}
	return p.frame(b, p.turned)
}

// unturn gives all blocks the boxes that they have on their pages.
func (r *reading) unturn() {
	turned := map[int]*page{}
	for _, p := range r.pages {
		if p.turned != 0 {
			turned[p.number] = p
		}
	}
	for _, b := range r.blocks {
		if p := turned[b.page]; p != nil {
			b.box = p.unturn(b.box)
		}
		for i := range b.parts {
			if p := turned[b.parts[i].page]; p != nil {
				b.parts[i].box = p.unturn(b.parts[i].box)
			}
		}
	}
}

package split

import (
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// packer groups units into passages, one section (the units between two
// headings) at a time.
type packer struct {
	*splitter
	title    string
	add      func(corpus.Passage) error
	passages []corpus.Passage
	given    int            // where the passages that were handed out end
	path     []corpus.Block // the open headings, outermost first
	headings []string       // their labels; shared by the passages below them
	first    int            // first unit of the section, its headings included
	body     int            // first unit of the section after its headings
	open     []corpus.Block // the declarations of source code that are open, outermost first
	within   []within       // which declaration units are in, ascending
}

// within says that the units from one on continue a declaration, whose name then stands
// above a passage that begins there.
type within struct {
	unit     int
	headings []string
}

// declared takes a block of source code before it is cut into units: it ends the
// declarations that are as deep, and continues the one around it.
func (p *packer) declared(b *corpus.Block) {
	n := len(p.open)
	for n > 0 && p.open[n-1].Level >= b.Level {
		n--
	}
	if n == len(p.open) && b.Label == "" {
		return
	}
	p.open = p.open[:n]
	label := ""
	if n > 0 {
		label = p.open[n-1].Label
	}
	p.under(len(p.units), label)
	if b.Label != "" {
		p.open = append(p.open, *b)
		p.under(len(p.units)+1, b.Label)
	}
}

// under says that the units from one on are in what is called so; "" is nothing.
func (p *packer) under(unit int, label string) {
	if n := len(p.within); n > 0 && p.within[n-1].unit >= unit {
		p.within = p.within[:n-1]
	}
	h := p.headings
	if label != "" {
		h = append(h[:len(h):len(h)], label)
	}
	p.within = append(p.within, within{unit, h})
}

// above is the heading path of a passage that begins with a unit; units are asked
// for in ascending order.
func (p *packer) above(unit int) []string {
	for len(p.within) > 1 && p.within[1].unit <= unit {
		p.within = p.within[1:]
	}
	if len(p.within) == 0 || p.within[0].unit > unit {
		return p.headings
	}
	return p.within[0].headings
}

// heading closes the section before it and opens one. Headings that follow one
// another without text between them open one section together, whose path is
// the last one's.
func (p *packer) heading(start, end int, b *corpus.Block) {
	start, end = trim(p.src, start, end)
	if start == end {
		return
	}
	if len(p.units) > p.body {
		p.flush()
	}
	p.leave(max(b.Level, 1))
	p.path = append(p.path, *b)
	p.name()
	p.border = true
	p.open, p.within = p.open[:0], p.within[:0]
	p.emit(start, end, corpus.Heading)
	p.body = len(p.units)
}

// rise closes the sections that a block of a level does not stand in.
func (p *packer) rise(level uint8) {
	if n := len(p.path); n == 0 || max(p.path[n-1].Level, 1) < level {
		return
	}
	if len(p.units) > p.first {
		p.flush()
	}
	p.leave(level)
	p.name()
	p.open, p.within = p.open[:0], p.within[:0]
}

// leave ends the sections of a level and of larger ones.
func (p *packer) leave(level uint8) {
	for len(p.path) > 0 && max(p.path[len(p.path)-1].Level, 1) >= level {
		p.path = p.path[:len(p.path)-1]
	}
}

// name makes the labels of the open headings.
func (p *packer) name() {
	p.headings = nil
	for i, h := range p.path {
		label := h.Label
		if label == "" {
			label = strings.TrimSpace(p.src[h.Start:min(h.End, len(p.src))])
		}
		if i == 0 && label == p.title {
			continue // the title has its own field
		}
		p.headings = append(p.headings, label)
	}
}

// flush packs the units since the last flush.
//
// A passage is filled to the target, but ends at the last paragraph border
// once it is 60 % full. What remains is looked at before each passage: up to
// 1.25 targets stay one passage, up to 2 are halved, so that no tiny tail is
// left behind.
func (p *packer) flush() {
	target := p.o.PassageTokens
	rest := 0
	for _, m := range p.marks[p.first:] {
		rest += int(m.tokens)
	}
	lead := p.body - p.first // headings that must stay with what follows
	for i := p.first; i < len(p.units); {
		aim := target
		switch {
		case 4*rest <= 5*target:
			aim = rest
		case rest < 2*target:
			aim = (rest + 1) / 2
		}
		end, size := p.cutAt(i, aim, lead)
		rest -= size
		p.passages = append(p.passages, corpus.Passage{
			Start:     p.units[i].Start,
			Headings:  p.above(i),
			Sentences: p.units[i:end:end],
		})
		i, lead = end, 0
	}
	p.first, p.body = len(p.units), len(p.units)
}

// cutAt returns the unit before which the passage that begins with unit i ends,
// and its size. The first lead units are headings, after which it never ends
// if a text follows.
func (p *packer) cutAt(i, aim, lead int) (end, size int) {
	sum, border, borderSum := 0, -1, 0
	for j := i; j < len(p.units); j++ {
		m := p.marks[j]
		if j > i && m.border && 10*sum >= 6*aim && j-i > lead {
			border, borderSum = j, sum
		}
		// Halving would leave a unit over for a third passage if it did not
		// round up to the nearer border.
		if over := sum + int(m.tokens) - aim; over > 0 && j > i && (j-i > lead || sum > 2*aim) &&
			!(aim < p.o.PassageTokens && 2*over <= int(m.tokens) && sum+int(m.tokens) <= p.o.PassageTokens) {
			if border >= 0 {
				return border, borderSum
			}
			return j, sum
		}
		sum += int(m.tokens)
	}
	return len(p.units), sum
}

// part packs what there is and hands it out but for the last passage, whose units
// wait for what follows.
func (p *packer) part() {
	lead := p.body
	p.flush()
	last := len(p.passages) - 1
	if last < 1 {
		// One passage of so many units: it can only be handed out as it is.
		p.first, p.body = 0, lead
		p.passages = p.passages[:0]
		p.window *= 2
		return
	}
	from := len(p.units) - len(p.passages[last].Sentences)
	next := p.passages[last].Start
	p.passages = p.passages[:last]
	p.handOut(next)
	// The units of passages are handed out with them.
	p.units = append(make([]corpus.Sentence, 0, p.window), p.units[from:]...)
	p.marks = append(p.marks[:0], p.marks[from:]...)
	p.first, p.body = 0, max(lead-from, 0)
	for i := range p.within {
		p.within[i].unit -= from
	}
}

// finish hands out what is left.
func (p *packer) finish() {
	if len(p.passages) == 0 && p.given == 0 {
		p.passages = []corpus.Passage{{}}
	}
	p.handOut(len(p.src))
}

// handOut hands out the passages, which tile the source up to end.
func (p *packer) handOut(end int) {
	for i, at := range p.passages {
		at.Start, at.End = p.given, end
		if i+1 < len(p.passages) {
			at.End = p.passages[i+1].Start
		}
		if p.err = p.add(at); p.err != nil {
			return
		}
		p.given = at.End
	}
	p.passages = p.passages[:0]
}

package unit

import (
	"cmp"
	"slices"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/gather"
)

// A document may come in pieces, in any order: candidates, what they need from far
// above, later what was found by name. What is asked of it goes by where things stand
// in it.

// within is what was read of a document and shares bytes with start to end.
func (s *Source) within(start, end int) []*gather.Passage {
	from, _ := slices.BinarySearchFunc(s.Read, start, func(p *gather.Passage, at int) int { return cmp.Compare(p.End, at+1) })
	to := from
	for to < len(s.Read) && s.Read[to].Start < end {
		to++
	}
	return s.Read[from:to]
}

// unread is a passage, or of one that was read in part the rest, in pieces; it notes that
// they are read.
func (s *Source) unread(p *gather.Passage) []*gather.Passage {
	read := s.within(p.Start, p.End)
	rest := []*gather.Passage{p}
	if len(read) > 0 {
		rest = nil
		at := p.Start
		for _, r := range read {
			rest = appendPiece(rest, p, at, r.Start)
			at = r.End
		}
		rest = appendPiece(rest, p, at, p.End)
	}
	for _, p := range rest {
		at, _ := slices.BinarySearchFunc(s.Read, p.Start, func(r *gather.Passage, start int) int { return cmp.Compare(r.Start, start) })
		s.Read = slices.Insert(s.Read, at, p)
	}
	return rest
}

// appendPiece appends what of a passage stands in a range.
func appendPiece(pieces []*gather.Passage, p *gather.Passage, start, end int) []*gather.Passage {
	if start >= end {
		return pieces
	}
	piece := *p
	piece.Sentences = nil
	for _, s := range p.Sentences {
		if start <= s.Start && s.End <= end {
			piece.Sentences = append(piece.Sentences, s)
		}
	}
	piece.Start, piece.End, piece.Text = start, end, p.Text[start-p.Start:end-p.Start]
	return append(pieces, &piece)
}

// sort brings the units of a document in their order, after some were read.
func (all *Set) sort(s *Source) {
	for _, units := range [][]int{s.order, s.titles} {
		slices.SortFunc(units, func(a, b int) int { return cmp.Compare(all.Units[a].Start, all.Units[b].Start) })
	}
	s.letters = nil
}

// Of are the units of a document, as they stand in it.
func (all *Set) Of(doc int) []int { return all.Docs[doc].order }

// below is how many of some units of a document, ascending, begin before a byte.
func (all *Set) below(units []int, start int) int {
	n, _ := slices.BinarySearchFunc(units, start, func(i, start int) int { return cmp.Compare(all.Units[i].Start, start) })
	return n
}

// above are the units of a document that stand above unit i, ascending.
func (all *Set) above(i int) []int {
	order := all.Docs[all.Units[i].Doc].order
	return order[:all.below(order, all.Units[i].Start)]
}

// Together says whether two units of a document stand under the same headings.
func (all *Set) Together(a, b *Unit) bool {
	s := all.Docs[a.Doc].Sections
	return a.Section == b.Section || slices.Equal(s[a.Section].Headings, s[b.Section].Headings)
}

// HeadingsOf are the units of the headings above a section, outermost first,
// each before the next; -1 for one that was not read.
func (all *Set) HeadingsOf(doc, sec int) []int {
	s := &all.Docs[doc]
	c := &s.Sections[sec]
	if c.units != nil {
		return c.units
	}
	c.units = make([]int, len(c.Headings))
	// The nearest heading at or above the beginning of the section, and from there
	// outwards.
	above := s.titles[:0]
	if lead := all.leadOf(doc, sec); lead >= 0 {
		above = s.titles[:all.below(s.titles, all.Units[lead].Start+1)]
	}
	for k, label := range slices.Backward(c.Headings) {
		c.units[k] = -1
		for n, i := range slices.Backward(above) {
			if all.bears(&all.Units[i], label) {
				c.units[k], above = i, above[:n]
				break
			}
		}
	}
	return c.units
}

// leadOf is the first unit of a section, or the last heading of those that it
// begins with, where it begins with headings; -1 without units.
func (all *Set) leadOf(doc, sec int) int {
	i := all.Docs[doc].Sections[sec].first
	if i < 0 {
		return -1
	}
	order := all.Docs[doc].order
	for _, next := range order[all.below(order, all.Units[i].Start)+1:] {
		a, b := &all.Units[i], &all.Units[next]
		if a.Kind != corpus.Heading || b.Kind != corpus.Heading || !all.Together(a, b) {
			break
		}
		i = next
	}
	return i
}

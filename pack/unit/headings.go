package unit

import (
	"math"
	"slices"

	"github.com/tamis-search/tamis/corpus"
)

// Together says whether two units of a document stand under the same headings.
func (all *Set) Together(a, b *Unit) bool {
	s := all.Docs[a.Doc].Sections
	return a.Section == b.Section || slices.Equal(s[a.Section].Headings, s[b.Section].Headings)
}

// HeadingsOf are the units of the headings above a section, outermost first,
// each before the next; -1 for one that was not read.
func (all *Set) HeadingsOf(doc, sec int) []int {
	s := &all.Docs[doc].Sections[sec]
	if s.units != nil {
		return s.units
	}
	s.units = make([]int, len(s.Headings))
	lead := all.leadOf(doc, sec)
	// The nearest heading at or above the beginning of the section, and from there
	// outwards.
	below := math.MaxInt
	if lead >= 0 {
		below = all.Units[lead].Start + 1
	}
	for k, label := range slices.Backward(s.Headings) {
		found := -1
		for i := range all.Units {
			u := &all.Units[i]
			if lead >= 0 && u.Doc == doc && u.Start < below && (found < 0 || u.Start > all.Units[found].Start) && all.bears(u, label) {
				found = i
			}
		}
		if s.units[k] = found; found >= 0 {
			below = all.Units[found].Start
		}
	}
	return s.units
}

// leadOf is the first unit of a section, or the last heading of those that it
// begins with, where it begins with headings; -1 without units.
func (all *Set) leadOf(doc, sec int) int {
	for i := range all.Units {
		if all.Units[i].Doc != doc || all.Units[i].Section != sec {
			continue
		}
		// The units of a section follow each other.
		for all.Units[i].Kind == corpus.Heading && i+1 < len(all.Units) && all.Units[i+1].Kind == corpus.Heading && all.Units[i+1].Doc == doc && all.Units[i+1].Section == sec {
			i++
		}
		return i
	}
	return -1
}

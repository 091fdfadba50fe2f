package unit

import (
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// Together says whether two units of a document stand under the same headings.
func (all *Set) Together(a, b *Unit) bool {
	s := all.Docs[a.Doc].Sections
	return a.Section == b.Section || slices.Equal(s[a.Section].Headings, s[b.Section].Headings)
}

// HeadingsOf are the units of the headings above a section, outermost first; -1
// for one that was not read.
func (all *Set) HeadingsOf(doc, sec int) []int {
	s := &all.Docs[doc].Sections[sec]
	if s.units == nil {
		s.units = make([]int, len(s.Headings))
		first := -1 // unit of the section
		for i := range all.Units {
			if u := &all.Units[i]; u.Doc == doc && u.Section == sec && (first < 0 || u.Start < all.Units[first].Start) {
				first = i
			}
		}
		for k, label := range s.Headings {
			s.units[k] = -1
			for i := range all.Units {
				u := &all.Units[i]
				if u.Doc != doc || u.Kind != corpus.Heading || !strings.Contains(u.Text, label) || first < 0 {
					continue
				}
				// The nearest at or above the section, which may begin with several.
				if (u.Start <= all.Units[first].Start || u.Section == sec) && (s.units[k] < 0 || u.Start > all.Units[s.units[k]].Start) && !slices.Contains(s.units[:k], i) {
					s.units[k] = i
				}
			}
		}
	}
	return s.units
}

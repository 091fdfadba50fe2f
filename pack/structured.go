package pack

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// NoHeading is the Level of a point that no heading stands above, after points
// that one does.
const NoHeading = -1

// renderStructured writes a line for each group: the label of the document, its
// scope, and the headings that are new, its aspects; and a line "- " for each
// point. A heading whose parents stand above an earlier group begins with "> "
// for each of them. Every group begins with a label, so that no range can seem
// to begin one, in its own document or another.
func renderStructured(label string, parts []part) string {
	var b strings.Builder
	line := func() {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
	}
	cite, level := 0, 0 // of the part before
	for _, p := range parts {
		if p.inline && p.cite == cite && p.level == 0 {
			b.WriteString(" " + p.text)
			continue
		}
		group := p.cite != cite || p.level == NoHeading || p.level > 0 && (level <= 0 || p.level <= level)
		if group {
			line()
			fmt.Fprintf(&b, label, p.cite)
			if p.level > 0 {
				b.WriteString(strings.Repeat(" >", p.level-1) + " " + p.text)
			}
		} else if p.level > 0 {
			b.WriteString(" > " + p.text)
		}
		if p.level <= 0 {
			b.WriteString("\n- " + p.text)
		}
		cite, level = p.cite, p.level
	}
	return b.String()
}

// groups puts headings above what is kept, for the rendering Structured.
type groups struct {
	f     *filler
	cite  map[int]int  // of a document
	above map[int]bool // headings that were laid out
	last  *unit        // the unit before
}

// enter is told each kept unit in the order of the text. It lays out the
// headings that are new, and returns the level of the unit itself; isHeading
// says that it is one of those, and laid out.
func (g *groups) enter(i int) (level int, isHeading bool) {
	if g.f.o.Render != Structured {
		return 0, false
	}
	u := &g.f.r.units[i]
	begins := g.last == nil || u.doc != g.last.doc
	moved := begins || !g.f.r.together(u, g.last)
	if !moved && u.kind != corpus.Heading {
		return 0, false
	}
	if begins {
		g.above = make(map[int]bool)
	}
	g.last = u
	fresh := false
	path := g.f.r.headingsOf(u.doc, u.section)
	for depth, h := range path {
		if h < 0 || g.above[h] {
			continue
		}
		fresh = true
		v := &g.f.r.units[h]
		start, text := v.start, v.text
		if label := g.f.r.docs[u.doc].sections[u.section].headings[depth]; g.f.state[h] != kept {
			if at := strings.Index(text, label); at >= 0 {
				start, text = start+at, label
			}
		}
		g.heading(h, depth+1, start, text)
	}
	if u.kind == corpus.Heading && !slices.Contains(path, i) { // the title of its document
		fresh = true
		g.heading(i, 1, u.start, u.text)
	}
	if moved && !begins && !fresh {
		level = NoHeading
	}
	return level, u.kind == corpus.Heading
}

func (g *groups) heading(h, level, start int, text string) {
	g.above[h] = true
	u := &g.f.r.units[h]
	d := &g.f.r.docs[u.doc]
	g.f.parts = append(g.f.parts, part{cite: g.cite[u.doc], level: level, text: text})
	g.f.spans = append(g.f.spans, Span{Cite: g.cite[u.doc], Doc: d.ID, Path: d.Path, Start: start, End: start + len(text),
		Score: round(u.score), Level: level})
}

// same says whether two units may be one point.
func (g *groups) same(a, b int) bool {
	if g.f.o.Render != Structured {
		return true
	}
	ua, ub := &g.f.r.units[a], &g.f.r.units[b]
	return g.f.r.together(ua, ub) && ub.kind != corpus.Heading
}

// together says whether two units of a document stand under the same headings.
func (r *reader) together(a, b *unit) bool {
	s := r.docs[a.doc].sections
	return a.section == b.section || slices.Equal(s[a.section].headings, s[b.section].headings)
}

// headingsOf are the units of the headings above a section, outermost first; -1
// for one that was not read.
func (r *reader) headingsOf(doc, sec int) []int {
	s := &r.docs[doc].sections[sec]
	if s.units == nil {
		s.units = make([]int, len(s.headings))
		first := -1 // unit of the section
		for i := range r.units {
			if u := &r.units[i]; u.doc == doc && u.section == sec && (first < 0 || u.start < r.units[first].start) {
				first = i
			}
		}
		for k, label := range s.headings {
			s.units[k] = -1
			for i := range r.units {
				u := &r.units[i]
				if u.doc != doc || u.kind != corpus.Heading || !strings.Contains(u.text, label) || first < 0 {
					continue
				}
				// The nearest at or above the section, which may begin with several.
				if (u.start <= r.units[first].start || u.section == sec) && (s.units[k] < 0 || u.start > r.units[s.units[k]].start) && !slices.Contains(s.units[:k], i) {
					s.units[k] = i
				}
			}
		}
	}
	return s.units
}

// groupCost is about what a unit costs beside its text in the rendering
// Structured: the mark of a point, and the headings of a group that is new.
func (f *filler) groupCost(i int) int {
	if f.o.Render != Structured {
		return 0
	}
	u := &f.r.units[i]
	c := 1
	for j, s := range f.state {
		if s == kept && f.r.units[j].doc == u.doc && f.r.together(&f.r.units[j], u) {
			return c
		}
	}
	for _, h := range f.r.headingsOf(u.doc, u.section) {
		if h >= 0 {
			c += len(f.r.units[h].text)/4 + 2
		}
	}
	return c + 3
}

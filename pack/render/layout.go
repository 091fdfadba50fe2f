package render

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/pack/unit"
)

// Kept is a unit of which something is kept.
type Kept struct {
	Unit int
	Head int      // only so many first bytes are kept; 0: the whole, or what Left says
	Left [][2]int // byte ranges of its text that are kept, ascending; nil: all of it
}

// Plan is what Layout lays out.
type Plan struct {
	Rendering string
	Units     *unit.Set
	Scores    []float64 // of all units, for the spans
	Docs      []int     // documents that have kept units, in the order of the text
	First     int       // number of the first document's label
	Kept      []Kept    // in any order, each unit once
}

// Layout puts what is kept into the order of the text and joins what adjoins.
// Digests are not set.
func Layout(p Plan) []Part {
	l := layout{Plan: p, cite: make(map[int]int, len(p.Docs)), whole: make(map[int]bool)}
	for k, d := range p.Docs {
		l.cite[d] = p.First + k
	}
	kept := slices.Clone(p.Kept)
	slices.SortFunc(kept, func(a, b Kept) int {
		ua, ub := &p.Units.Units[a.Unit], &p.Units.Units[b.Unit]
		return cmp.Or(cmp.Compare(l.cite[ua.Doc], l.cite[ub.Doc]), cmp.Compare(ua.Start, ub.Start))
	})
	for _, k := range kept {
		l.whole[k.Unit] = k.Head == 0
	}
	for k := 0; k < len(kept); {
		end := k + 1
		level, isHeading := l.enter(kept[k].Unit)
		switch {
		case isHeading:
		case kept[k].Head > 0:
			u := &p.Units.Units[kept[k].Unit]
			l.add(u, u.Start, u.Start+kept[k].Head, p.Scores[kept[k].Unit], level, false)
		default:
			score := p.Scores[kept[k].Unit]
			for end < len(kept) && kept[end].Head == 0 && p.Units.Adjoins(kept[end-1].Unit, kept[end].Unit) && l.same(kept[k].Unit, kept[end].Unit) {
				score = max(score, p.Scores[kept[end].Unit])
				end++
			}
			for _, x := range l.stretches(kept[k:end]) {
				l.add(&p.Units.Units[kept[k].Unit], x.start, x.end, score, level, x.inline)
				level = 0
			}
		}
		k = end
	}
	return l.parts
}

// layout is a layout under way.
type layout struct {
	Plan
	cite  map[int]int  // of a document
	whole map[int]bool // units of which more than a head is kept
	above map[int]bool // headings of this document that were laid out
	last  *unit.Unit   // the unit before
	parts []Part
}

// add appends the range start to end of the document of u.
func (l *layout) add(u *unit.Unit, start, end int, score float64, level int, inline bool) {
	d := &l.Units.Docs[u.Doc]
	s := Span{Cite: l.cite[u.Doc], Doc: d.ID, Path: d.Path, Start: start, End: end, Score: Round(score), Level: level, Inline: inline}
	if at := d.Sections; u.Section < len(at) {
		s.Heading = strings.Join(at[u.Section].Headings, " > ")
	}
	text, follows := l.Units.Slice(u.Doc, start, end), false
	if n := len(l.parts); n > 0 && l.parts[n-1].Cite == s.Cite {
		s.Gap = !l.Units.Blank(u.Doc, l.parts[n-1].End, start)
		follows = !s.Gap
	}
	if u.Kind == corpus.Code && !follows && !inline {
		skip := bareLines(text)
		s.Start, text = s.Start+skip, text[skip:]
	}
	l.parts = append(l.parts, Part{Span: s, Text: text})
}

// bareLines is how many bytes of a piece of code are lines before its first one that is more than
// the mark of a comment, and the blanks before that.
func bareLines(code string) int {
	at := 0
	for line := range strings.Lines(code) {
		switch strings.TrimSpace(line) {
		case "", "//", "///", "#", "*", "--", ";;":
			at += len(line)
			continue
		}
		if at == 0 {
			return 0
		}
		return at + len(line) - len(strings.TrimLeft(line, " \t"))
	}
	return 0
}

// enter is told each kept unit in the order of the text. It lays out the
// headings above it that are new, and returns the level of the unit itself;
// isHeading says that it is one of those, and laid out.
func (l *layout) enter(i int) (level int, isHeading bool) {
	if l.Rendering != Structured {
		return 0, false
	}
	u := &l.Units.Units[i]
	begins := l.last == nil || u.Doc != l.last.Doc
	moved := begins || !l.Units.Together(u, l.last)
	if begins {
		l.above = make(map[int]bool)
	}
	l.last = u
	type heading struct{ unit, level, start, end int }
	var above []heading
	path := l.Units.HeadingsOf(u.Doc, u.Section)
	laid := 0 // so far, of the document
	if n := len(l.parts); n > 0 && !begins {
		laid = l.parts[n-1].End
	}
	for depth, h := range path {
		// Where headings are alike and not all were read, one may stand too far above.
		if h < 0 || l.above[h] || l.Units.Units[h].Start < laid || u.Kind == corpus.Heading && l.Units.Units[h].Start > u.Start {
			continue
		}
		v := &l.Units.Units[h]
		start, end := v.Start, v.End
		if label := l.Units.Docs[u.Doc].Sections[u.Section].Headings[depth]; !l.whole[h] {
			if at := strings.Index(v.Text, label); at >= 0 {
				start += at
				end = start + len(label)
			}
		}
		above = append(above, heading{h, depth + 1, start, end})
	}
	if u.Kind == corpus.Heading && !slices.Contains(path, i) && !l.above[i] { // the title of its document
		above = append(above, heading{i, 1, u.Start, u.End})
	}
	slices.SortFunc(above, func(a, b heading) int { return cmp.Compare(a.start, b.start) })
	for _, h := range above {
		l.above[h.unit] = true
		l.add(&l.Units.Units[h.unit], h.start, h.end, l.Scores[h.unit], h.level, false)
	}
	if moved && !begins && len(above) == 0 {
		level = NoHeading
	}
	return level, u.Kind == corpus.Heading
}

// same says whether two units may be one point.
func (l *layout) same(a, b int) bool {
	if l.Rendering != Structured {
		return true
	}
	ua, ub := &l.Units.Units[a], &l.Units.Units[b]
	return l.Units.Together(ua, ub) && ub.Kind != corpus.Heading
}

// stretch is a range of a document on its way into the text.
type stretch struct {
	start, end int
	inline     bool
}

// stretches are the ranges of adjoining units.
func (l *layout) stretches(kept []Kept) []stretch {
	var out []stretch
	touches := false // the last range reaches the end of its unit
	for k := range kept {
		u := &l.Units.Units[kept[k].Unit]
		ranges := kept[k].Left
		if ranges == nil {
			ranges = [][2]int{{0, len(u.Text)}}
		}
		for j, r := range ranges {
			if j == 0 && touches && r[0] == 0 {
				out[len(out)-1].end = u.Start + r[1]
			} else {
				out = append(out, stretch{u.Start + r[0], u.Start + r[1], j > 0 || k > 0})
			}
			touches = r[1] == len(u.Text)
		}
	}
	return out
}

// Round keeps receipts readable.
func Round(x float64) float64 { return math.Round(x*1e4) / 1e4 }

package needs

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/pack/render"
)

// fill keeps pieces, what is needed most first, as long as the whole text is within the
// budget.
func (p *picker) fill() (*render.Context, error) {
	slices.SortStableFunc(p.pieces, func(a, b piece) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	start, end := p.whole()
	why := "the range"
	if s, e := p.asked(); s != start || e != end {
		why = "the range, with the sentence that it cuts"
	}
	l := &layout{picker: p}
	if !p.shown(p.own, start, end) && !l.keep(piece{p.own, start, end, why, itself}) {
		need := l.need
		start, end = p.asked()
		if !l.keep(piece{p.own, start, end, "the range", itself}) {
			if p.Window != nil && l.forges {
				return nil, &pack.BudgetError{Budget: p.Budget}
			}
			return nil, &pack.BudgetError{Budget: p.Budget, Need: min(need, l.need)}
		}
	}
	dropped := []render.Drop{}
	for _, x := range p.pieces {
		for _, rest := range l.without(x) {
			if !p.shown(rest.in, rest.start, rest.end) && !l.keep(rest) {
				dropped = append(dropped, render.Drop{Doc: x.in.ID, Start: rest.start, End: rest.end, Score: x.score, Reason: "budget: " + x.why})
			}
		}
	}
	c := &render.Context{
		Question: fmt.Sprintf("around %s:%d-%d", p.own.ID, p.Start, p.End), Around: &render.Range{Doc: p.own.ID, Start: p.Start, End: p.End},
		Budget: p.Budget, Order: render.Order, Render: p.Render,
	}
	parts := l.parts()
	c.Label = render.Form(p.Render, l.signs(parts))
	render.Write(c, parts, p.Counter)
	c.SetDropped(l.unkept(dropped))
	return c, nil
}

// shown says that the window has some of a range before the reader already.
func (p *picker) shown(in *part, start, end int) bool {
	return p.Window != nil && slices.ContainsFunc(p.Window.Shown, func(s pack.Shown) bool {
		return s.Doc == in.ID && s.Start < end && start < s.Start+len(s.Text)
	})
}

// layout is what is kept.
type layout struct {
	*picker
	kept   []piece
	need   int  // tokens of the text that did not fit
	forges bool // it did not for the form of a label in it
}

// keep keeps a piece if the text is within the budget with it.
func (l *layout) keep(x piece) bool {
	l.kept = append(l.kept, x)
	parts := l.parts()
	signs := l.signs(parts)
	l.forges = false
	if l.Window != nil {
		l.forges = slices.ContainsFunc(parts, func(q render.Part) bool { return render.Signs(l.Render, q.Text) > signs })
	}
	l.need = l.Counter.Count(render.Text(l.Render, render.Form(l.Render, signs), parts))
	if l.forges || l.need > l.Budget {
		l.kept = l.kept[:len(l.kept)-1]
		return false
	}
	return true
}

// signs are those that labels have: of the window, or as many as no text needs more.
func (l *layout) signs(parts []render.Part) int {
	if l.Window != nil {
		return max(l.Window.Signs, 0)
	}
	n := 0
	for _, q := range parts {
		n = max(n, render.Signs(l.Render, q.Text))
	}
	return n
}

// without is what of a piece is not kept yet, blanks at the ends apart.
func (l *layout) without(x piece) []piece {
	left := []piece{x}
	for _, k := range l.kept {
		if k.in.row != x.in.row {
			continue
		}
		var next []piece
		for _, y := range left {
			if k.end <= y.start || y.end <= k.start {
				next = append(next, y)
				continue
			}
			for _, r := range [][2]int{{y.start, min(y.end, k.start)}, {max(y.start, k.end), y.end}} {
				if r[0] >= r[1] {
					continue
				}
				s := y.in.slice(r[0], r[1])
				z := y
				z.start = r[0] + len(s) - len(strings.TrimLeftFunc(s, unicode.IsSpace))
				z.end = r[0] + len(strings.TrimRightFunc(s, unicode.IsSpace))
				if z.start < z.end {
					next = append(next, z)
				}
			}
		}
		left = next
	}
	return left
}

// unkept are the drops that no later piece has kept after all, each range once.
func (l *layout) unkept(drops []render.Drop) []render.Drop {
	out := []render.Drop{}
	for _, d := range drops {
		over := slices.ContainsFunc(l.kept, func(k piece) bool { return k.in.ID == d.Doc && k.start < d.End && d.Start < k.end }) ||
			slices.ContainsFunc(out, func(o render.Drop) bool { return o.Doc == d.Doc && o.Start < d.End && d.Start < o.End })
		if !over {
			out = append(out, d)
		}
	}
	return out
}

// nearby is how many blanks may stand between two ranges that are shown as one.
const nearby = 32

// parts lays out what is kept: the range, its document, other documents in the order in
// which they were needed.
func (l *layout) parts() []render.Part {
	cite := 1
	if l.Window != nil {
		cite = max(l.Window.First, 1)
	}
	var out []render.Part
	var groups [][]piece
	for i, k := range l.kept {
		if i == 0 && k.score == itself {
			groups = append(groups, []piece{k})
			continue
		}
		at := slices.IndexFunc(groups, func(g []piece) bool { return g[0].in.row == k.in.row && g[0].score != itself })
		if at < 0 {
			at = len(groups)
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], k)
	}
	// What stands around the range follows it.
	slices.SortStableFunc(groups, func(a, b []piece) int { return l.place(a) - l.place(b) })
	for _, g := range groups {
		out = append(out, l.joined(g, cite)...)
		cite++
	}
	return out
}

func (l *layout) place(g []piece) int {
	switch {
	case g[0].score == itself:
		return 0
	case g[0].in == l.own:
		return 1
	}
	return 2
}

// joined are the pieces of one document as parts, those that adjoin as one.
func (l *layout) joined(g []piece, cite int) []render.Part {
	slices.SortStableFunc(g, func(a, b piece) int { return a.start - b.start })
	var out []render.Part
	for i, k := range g {
		n := len(out)
		blank := n > 0 && strings.TrimSpace(l.between(g[i-1].in, k.in, out[n-1].End, k.start)) == ""
		if blank && g[i-1].in == k.in && k.start-out[n-1].End <= nearby {
			last := &out[n-1]
			last.End, last.Text = k.end, k.in.slice(last.Start, k.end)
			last.Score = max(last.Score, k.score)
			if !slices.Contains(strings.Split(last.Why, "; "), k.why) {
				last.Why += "; " + k.why
			}
			continue
		}
		s := render.Span{Cite: cite, Doc: k.in.ID, Path: k.in.Path, Start: k.start, End: k.end, Score: k.score, Why: k.why, Gap: n > 0 && !blank}
		if i := k.in.sentenceEnding(k.start); i < len(k.in.sentences) {
			s.Heading = strings.Join(k.in.sentences[i].headings, " > ")
		}
		out = append(out, render.Part{Span: s, Text: k.in.slice(k.start, k.end)})
	}
	return out
}

// between is what stands between two pieces of one document.
func (l *layout) between(a, b *part, start, end int) string {
	if a == b {
		return b.slice(start, end)
	}
	s, err := l.from.Text(b.row, start, end)
	if err != nil {
		return "" // Err says so
	}
	return s
}

package pack

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/internal/neardup"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/pack/unit"
	"github.com/tamis-search/tamis/text/tokens"
)

// filler chooses units under the budget.
type filler struct {
	o      Options
	all    *unit.Set
	scores *score.Scoring
	order  []int // units, best first
	signs  int   // number signs in the labels
	state  []state
	notes  map[int]string // why a unit is out, where it is not the budget
	forge  map[int]bool   // units that would hold a label of the window's form
	// For the guards: units that are kept for their own sake, those of which only
	// so many first bytes are kept, and what units need.
	chosen map[int]bool
	heads  map[int]int
	needed map[int][]unit.Need
	// What is left of units, by shrinking or because their heads are shown.
	shrunk    map[int][][2]int
	headShown map[int]bool // units of which the window shows the first bytes
	model     *language
	// For the estimates.
	label int         // tokens of one more document
	mark  int         // tokens of the mark of a join, beyond the line break
	costs map[int]int // tokens of units
	inDoc map[int]bool
	fold  neardup.Folder
	laid
}

// laid is what layout made of the kept units.
type laid struct {
	parts []render.Part
	used  int // tokens of their text
}

type state uint8

const (
	open state = iota
	kept
	failed // does not fit beside what is kept
	folded // near-duplicate of a kept one
	barred // the reader has it before him, or it would forge a label
)

// How long the filler tries.
const (
	maxRetry = 12 // recounts of the whole for the last few tokens
	shortest = 64 // units that are tried when none of the best fits
)

func (f *filler) fill() error {
	if len(f.all.Units) == 0 {
		return nil
	}
	for {
		f.begin()
		if err := f.fillOnce(); err != nil {
			if f.signs == 0 || f.o.Window != nil {
				return err
			}
			// The longer labels are for a sentence that they left no room for.
			f.signs = 0
			return f.one()
		}
		// A label must not occur in what is kept.
		if f.o.Window != nil {
			if !f.forged() {
				return nil
			}
			continue
		}
		need := f.signs
		for _, p := range f.parts {
			need = max(need, render.Signs(f.o.Render, p.Text))
		}
		if need == f.signs {
			return nil
		}
		f.signs = need
	}
}

// begin keeps nothing.
func (f *filler) begin() {
	f.state = make([]state, len(f.all.Units))
	f.notes = make(map[int]string)
	f.chosen, f.heads = make(map[int]bool), nil
	f.bar()
	f.mark = max(f.o.Counter.Count(render.Mark+"\n")-1, 0)
	f.label, f.costs, f.inDoc = f.labelCost(), make(map[int]int), make(map[int]bool)
	f.refold()
}

// refold has the folder know what the reader has and what is chosen, and opens what was
// folded for the sake of something else.
func (f *filler) refold() {
	f.fold = neardup.Folder{}
	if f.o.KeepDuplicates {
		return
	}
	for i, s := range f.state {
		if s == barred || f.chosen[i] {
			f.fold.Keep(i, f.all.Shingles(i))
		}
	}
	for i, s := range f.state {
		if s == folded && f.twin(i) < 0 {
			f.state[i] = failed
			delete(f.notes, i)
		}
	}
}

// duplicate says which unit another one repeats.
func (f *filler) duplicate(of int) string {
	t := &f.all.Units[of]
	return fmt.Sprintf("duplicate of %s:%d-%d", f.all.Docs[t.Doc].ID, t.Start, t.End)
}

func (f *filler) fillOnce() error {
	greedy(f.order, f.o.Budget, f)
	f.trim()
	f.top()
	if len(f.parts) == 0 {
		return f.one()
	}
	return nil
}

// trim lays out what is kept and drops units, worst first, until the text is
// within the budget: the estimates were for choosing, counting the text holds
// the budget.
func (f *filler) trim() {
	f.layout()
	released := false
	for _, i := range slices.Backward(f.order) {
		if f.used <= f.o.Budget {
			break
		}
		if f.chosen[i] {
			f.release(i)
			f.layout()
			released = true
		}
	}
	if released {
		f.refold()
	}
}

// top fills up what the estimates left over.
func (f *filler) top() {
	for k, tries := 0, 0; k < len(f.order) && tries < maxRetry && f.used < f.o.Budget; k++ {
		i := f.order[k]
		if f.state[i] != failed {
			continue
		}
		if twin := f.twin(i); twin >= 0 {
			f.state[i], f.notes[i] = folded, f.duplicate(twin)
			continue
		}
		if f.all.Repeated(i) || f.all.Fragment(i) && !f.isKept(i-1, i) && !f.isKept(i, i+1) {
			continue
		}
		if f.exhausts(i) || f.used+f.estimate(i)-2 > f.o.Budget || !f.inDoc[f.all.Units[i].Doc] && !f.opens(i) {
			continue
		}
		tries++
		before := f.laid
		f.bring(f.lacks(i))
		f.state[i], f.chosen[i] = kept, true
		if f.layout(); f.used > f.o.Budget {
			f.release(i)
			f.laid = before
			continue
		}
		f.keep(i)
	}
}

// cost implements estimates.
func (f *filler) cost(i int) (int, offer) {
	switch f.state[i] {
	case barred, folded:
		return 0, out
	case kept: // for another
		return f.needsCost(i), free
	}
	if f.all.BareKey(i) {
		return 0, out
	}
	if f.all.Repeated(i) {
		f.notes[i] = "stands in several documents"
		return 0, out
	}
	if twin := f.twin(i); twin >= 0 {
		f.state[i], f.notes[i] = folded, f.duplicate(twin)
		return 0, out
	}
	if !f.inDoc[f.all.Units[i].Doc] && !f.opens(i) {
		return 0, out
	}
	if f.exhausts(i) {
		f.state[i], f.notes[i] = failed, "share of its document"
		return 0, out
	}
	if f.all.Fragment(i) && !f.isKept(i-1, i) && !f.isKept(i, i+1) {
		f.state[i] = failed // for top, when a neighbour may have been kept
		return 0, out
	}
	return f.estimate(i), candidate
}

// miss implements estimates.
func (f *filler) miss(i int) { f.state[i] = failed }

// keep implements estimates: unit i with what it needs.
func (f *filler) keep(i int) {
	f.bring(f.lacks(i))
	f.state[i], f.chosen[i] = kept, true
	f.inDoc[f.all.Units[i].Doc] = true
	if !f.o.KeepDuplicates {
		f.fold.Keep(i, f.all.Shingles(i))
	}
}

// estimate is about what unit i costs beside what is kept, with what it needs.
func (f *filler) estimate(i int) int {
	known, before, after := f.inDoc[f.all.Units[i].Doc], f.isKept(i-1, i), f.isKept(i, i+1)
	c := alone(f.bare(i), f.label, known, before, after) + f.needsCost(i) + f.groupCost(i)
	if known && !before && !after {
		c += f.mark
	}
	return c
}

// bare is the tokens of unit i.
func (f *filler) bare(i int) int {
	c, ok := f.costs[i]
	if !ok {
		c = countMost(f.o.Counter, f.left(i), f.o.Budget)
		f.costs[i] = c
	}
	return c
}

// needsCost is about what a unit's needs cost that are not kept.
func (f *filler) needsCost(i int) int {
	c := 0
	for _, n := range f.lacks(i) {
		if n.Head > 0 {
			c += f.o.Counter.Count(f.all.Units[n.Unit].Text[:n.Head]) + 1
		} else {
			c += f.bare(n.Unit) + 1
		}
	}
	return c
}

// twin is the kept unit that has most of what unit i says, where it says hardly
// anything that is not kept, or -1.
func (f *filler) twin(i int) int {
	if f.o.KeepDuplicates {
		return -1
	}
	return f.fold.Said(f.all.Shingles(i))
}

// exhausts says whether a document would have more kept of it, with unit i, than
// Options.MostOf allows.
func (f *filler) exhausts(i int) bool {
	if f.o.MostOf <= 0 || f.o.MostOf >= 1 {
		return false
	}
	doc, have, all := f.all.Units[i].Doc, 0, 0
	for j := range f.all.Units {
		if u := &f.all.Units[j]; u.Doc == doc {
			all += len(u.Text)
			if f.chosen[j] {
				have += len(u.Text)
			}
		}
	}
	return have > 0 && float64(have+len(f.all.Units[i].Text)) > f.o.MostOf*float64(all)
}

// labelCost is what one more document costs beside its text.
func (f *filler) labelCost() int {
	two := []render.Part{{Span: render.Span{Cite: f.first()}, Text: "a"}, {Span: render.Span{Cite: f.first() + 1}, Text: "a"}}
	form := render.Form(f.o.Render, f.signs)
	return f.o.Counter.Count(render.Text(f.o.Render, form, two)) - f.o.Counter.Count(render.Text(f.o.Render, form, two[:1])) - 1
}

// groupCost is about what a unit costs beside its text in the rendering
// Structured: the mark of a point, and the headings of a group that is new.
func (f *filler) groupCost(i int) int {
	if f.o.Render != render.Structured {
		return 0
	}
	u := &f.all.Units[i]
	c := 1
	for j, s := range f.state {
		if s == kept && f.all.Units[j].Doc == u.Doc && f.all.Together(&f.all.Units[j], u) {
			return c
		}
	}
	for _, h := range f.all.HeadingsOf(u.Doc, u.Section) {
		if h >= 0 {
			c += len(f.all.Units[h].Text)/4 + 2
		}
	}
	return c + 3
}

// opens says whether a unit may be the first of its document: one that has no
// question term and no name is hardly worth a label.
func (f *filler) opens(i int) bool {
	if x := &f.scores.X[i]; x[score.Lead] > 0 || x[score.Draft] > 0 {
		return true
	}
	for t := range f.all.Terms {
		if f.all.Has(i, t) {
			return true
		}
	}
	return false
}

// one keeps the best of the shortest units that fits on its own, for budgets of
// a few tokens; none is a BudgetError.
func (f *filler) one() error {
	var byLen []int
	for _, i := range f.order {
		if f.state[i] != barred && f.opens(i) {
			byLen = append(byLen, i)
		}
	}
	if len(byLen) == 0 {
		return nil // nothing matches: an empty context
	}
	slices.SortStableFunc(byLen, func(a, b int) int {
		return cmp.Compare(len(f.all.Units[a].Text), len(f.all.Units[b].Text))
	})
	byLen = byLen[:min(shortest, len(byLen))]
	slices.SortFunc(byLen, f.scores.Compare)
	need, signs := math.MaxInt, f.signs
	for _, i := range byLen {
		f.state[i], f.chosen[i] = kept, true
		if f.o.Window == nil {
			f.signs = max(signs, render.Signs(f.o.Render, f.all.Units[i].Text))
		}
		f.layout()
		if f.used <= f.o.Budget {
			return nil
		}
		need = min(need, f.used)
		f.release(i)
	}
	f.layout()
	return &BudgetError{Budget: f.o.Budget, Need: need}
}

// countMost counts the tokens of s, but looks at no more of a giant than it
// takes to see that it does not fit.
func countMost(c tokens.Counter, s string, budget int) int {
	// A token has at most 128 bytes.
	if n := len(s) / 128; n > budget {
		return n
	}
	return c.Count(s)
}

func (f *filler) isKept(a, b int) bool {
	if a < 0 || b >= len(f.state) || !f.all.Adjoins(a, b) {
		return false
	}
	return f.state[a] == kept || f.state[b] == kept
}

// layout lays out the kept units and counts the tokens of the text.
func (f *filler) layout() {
	// Documents by their best unit.
	seen := make(map[int]bool)
	var docs []int
	var units []render.Kept
	for _, i := range f.order {
		if f.state[i] != kept {
			continue
		}
		if d := f.all.Units[i].Doc; !seen[d] {
			seen[d] = true
			docs = append(docs, d)
		}
		units = append(units, render.Kept{Unit: i, Left: f.ranges(i)})
	}
	for i, n := range f.heads {
		if f.state[i] != kept {
			units = append(units, render.Kept{Unit: i, Head: n})
		}
	}
	render.Arrange(f.o.Order, f.all, docs)
	f.parts = render.Layout(render.Plan{Rendering: f.o.Render, Units: f.all, Scores: f.scores.Total, Docs: docs, First: f.first(), Kept: units})
	f.used = f.o.Counter.Count(render.Text(f.o.Render, render.Form(f.o.Render, f.signs), f.parts))
}

// context writes the receipt.
func (f *filler) context(question string, confidence float64) *render.Context {
	c := &render.Context{
		Question: question, Budget: f.o.Budget, Confidence: confidence, Order: f.o.Order, Render: f.o.Render, Cut: f.o.Cut, CutRecall: Recall(f.o.Cut), Unit: f.o.Unit, Guards: f.o.Guards,
		MostOf: f.o.MostOf, Shrink: f.o.Shrink, ShrinkByQuestion: f.o.Shrink > 0 && f.o.ShrinkByQuestion, Label: render.Form(f.o.Render, f.signs),
		Drafts: f.o.Drafts, Incomplete: f.o.Incomplete, Judged: f.o.Judged,
	}
	render.Write(c, f.parts, f.o.Counter)
	c.SetDropped(f.dropped())
	return c
}

// dropped are the units that were scored and are not in the text, best first: of
// one that is partly in it, as a guard keeps the beginning of another, what is
// not.
func (f *filler) dropped() []render.Drop {
	in := make(map[int][]*render.Part) // of a document
	for k := range f.parts {
		if doc, ok := f.all.DocNamed(f.parts[k].Doc); ok {
			in[doc] = append(in[doc], &f.parts[k])
		}
	}
	cited := make(map[int]bool)
	for i, s := range f.state {
		if s == kept {
			cited[f.all.Units[i].Doc] = true
		}
	}
	dropped := []render.Drop{}
	var rest [][2]int
	for _, i := range f.order {
		if f.state[i] == kept {
			continue
		}
		u := &f.all.Units[i]
		if rest = without(rest[:0], u, in[u.Doc]); len(rest) == 0 {
			continue
		}
		reason := "budget"
		switch {
		case f.notes[i] != "":
			reason = f.notes[i]
		case !cited[u.Doc] && !f.opens(i):
			reason = "no question term"
		}
		for _, r := range rest {
			dropped = append(dropped, render.Drop{Doc: f.all.Docs[u.Doc].ID, Start: r[0], End: r[1], Score: render.Round(f.scores.Total[i]), Reason: reason})
		}
	}
	return dropped
}

// without appends the ranges of a unit that no part of its document has, blanks at
// their ends apart: none of a heading that stands above what is kept, though only
// its label may stand there.
func without(left [][2]int, u *unit.Unit, parts []*render.Part) [][2]int {
	left = append(left, [2]int{u.Start, u.End})
	for _, p := range parts {
		if p.End <= u.Start || u.End <= p.Start {
			continue
		}
		if p.Level > 0 && u.Kind == corpus.Heading {
			return left[:0]
		}
		var cut [][2]int
		for _, r := range left {
			for _, piece := range [][2]int{{r[0], min(r[1], p.Start)}, {max(r[0], p.End), r[1]}} {
				text := ""
				if piece[0] < piece[1] {
					text = u.Text[piece[0]-u.Start : piece[1]-u.Start]
				}
				start := piece[0] + len(text) - len(strings.TrimLeftFunc(text, unicode.IsSpace))
				if text = strings.TrimSpace(text); text != "" {
					cut = append(cut, [2]int{start, start + len(text)})
				}
			}
		}
		left = cut
	}
	return left
}

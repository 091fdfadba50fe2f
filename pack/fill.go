package pack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/internal/neardup"
	"github.com/tamis-search/tamis/text/tokens"
)

// Select packs the sentences of the candidates that answer q into the budget.
//
// It returns ErrNoTerms, a *BudgetError, or the error of ctx or of
// Options.Named. Candidates of which no sentence, title or heading has a question
// term give a Context without spans.
func Select(ctx context.Context, q Question, docs []Document, o Options) (*Context, error) {
	if len(q.Terms) == 0 {
		return nil, ErrNoTerms
	}
	if o.Budget <= 0 {
		return nil, &BudgetError{Budget: o.Budget}
	}
	if o.Counter == nil || q.IDF == nil {
		return nil, errors.New("pack: a token counter and the index's idf are required")
	}
	o.Order, o.Render = cmp.Or(o.Order, Order), cmp.Or(o.Render, Plain)
	for _, choice := range []struct {
		what, name string
		known      []string
	}{{"order", o.Order, Orders()}, {"rendering", o.Render, Renderings()}, {"cut", cmp.Or(o.Cut, CutGap), Cuts()}} {
		if !slices.Contains(choice.known, choice.name) {
			return nil, fmt.Errorf("%w: %s %q; known are %s", ErrUnknown, choice.what, choice.name, strings.Join(choice.known, ", "))
		}
	}
	if o.Guards == nil {
		o.Guards = DefaultGuards()
	}
	for _, g := range o.Guards {
		if !slices.Contains(Guards(), g) {
			return nil, fmt.Errorf("%w: guard %q; known are %s", ErrUnknown, g, strings.Join(Guards(), ", "))
		}
	}
	for _, share := range []struct {
		what string
		x    float64
	}{{"MostOf", o.MostOf}, {"Shrink", o.Shrink}} {
		if !(share.x >= 0 && share.x <= 1) {
			return nil, fmt.Errorf("%w: %s is %v; it is a share from 0 to 1", ErrUnknown, share.what, share.x)
		}
	}
	w := DefaultWeights()
	if o.Weights != nil {
		w = *o.Weights
	}
	if w[Draft] == 0 {
		q.Drafts = nil
	}
	r := newReader(q)
	for i := range docs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := r.add(&docs[i]); err != nil {
			return nil, err
		}
	}
	var tops scales
	r.features(q.Text, &tops)
	r.score(&w)
	if err := r.bridge(ctx, &w, q.Text, &tops, o.Named); err != nil {
		return nil, err
	}
	if broad.MatchString(q.Text) {
		r.spread()
		r.score(&w)
	}
	f := &filler{r: r, o: o, order: r.best(len(r.units))}
	if o.Window != nil {
		f.signs = max(o.Window.Signs, 0)
	}
	if o.Trace != nil {
		o.Trace(f.trace())
	}
	if err := f.fill(); err != nil {
		return nil, err
	}
	if o.Cut != "" {
		f.cut()
	}
	return f.context(q.Text), nil
}

func (f *filler) trace() []Unit {
	units := make([]Unit, len(f.r.units))
	for i := range units {
		u := &f.r.units[i]
		units[i] = Unit{
			Doc: f.r.docs[u.doc].ID, Start: u.start, End: u.end, Tokens: f.o.Counter.Count(u.text),
			Follows: i > 0 && f.adjoins(i-1, i), Features: u.x, Score: u.score,
		}
	}
	return units
}

// filler chooses units under the budget.
type filler struct {
	r     *reader
	o     Options
	order []int // units, best first
	signs int   // number signs in the labels
	state []state
	notes map[int]string // why a unit is out, where it is not the budget
	forge map[int]bool   // units that would hold a label of the window's form
	// For the guards: units that are kept for their own sake, those of which only
	// so many first bytes are kept, and what units need.
	chosen map[int]bool
	heads  map[int]int
	needed map[int][]need
	// What is left of units, by shrinking or because their heads are shown.
	shrunk map[int][][2]int
	model  *language
	laid
}

// laid is what layout made of the kept units.
type laid struct {
	text  string
	parts []part
	spans []Span
	used  int // tokens of text
}

type state uint8

const (
	open state = iota
	kept
	failed // does not fit beside what is kept
	folded // near-duplicate of a kept one
	barred // the reader has it before him, or it would forge a label
)

// How long the filler tries. The estimate of a unit's cost is its own tokens
// and a line break, which is seldom off by more than a token or two.
const (
	maxMisses = 64 // units that do not fit before the filling stops
	maxRetry  = 12 // recounts of the whole for the last few tokens
	shortest  = 64 // units that are tried when none of the best fits
)

func (f *filler) fill() error {
	if len(f.r.units) == 0 {
		return nil
	}
	for {
		f.state = make([]state, len(f.r.units))
		f.notes = make(map[int]string)
		f.chosen, f.heads = make(map[int]bool), nil
		f.bar()
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
			need = max(need, signsFor(f.o.Render, p.text))
		}
		if need == f.signs {
			return nil
		}
		f.signs = need
	}
}

// twin is the kept unit that unit i nearly repeats, or -1.
func (f *filler) twin(fold *neardup.Folder, i int) int {
	if f.o.KeepDuplicates {
		return -1
	}
	return fold.Twin(f.r.shingles(i))
}

func (f *filler) fillOnce() error {
	label := f.labelCost()
	costs := make(map[int]int)
	inDoc := make(map[int]bool)
	var fold neardup.Folder
	sum, misses := 0, 0
	bare := func(i int) int {
		c, ok := costs[i]
		if !ok {
			c = countMost(f.o.Counter, f.left(i), f.o.Budget) + 1
			costs[i] = c
		}
		return c
	}
	alone := func(i int) int {
		c := bare(i)
		if !inDoc[f.r.units[i].doc] {
			return c + label
		}
		if f.isKept(i-1, i) {
			c--
		}
		if f.isKept(i, i+1) {
			c--
		}
		return c
	}
	needs := func(i int) int {
		c := 0
		for _, n := range f.lacks(i) {
			if n.head > 0 {
				c += f.o.Counter.Count(f.r.units[n.unit].text[:n.head]) + 1
			} else {
				c += bare(n.unit)
			}
		}
		return c
	}
	cost := func(i int) int { return alone(i) + needs(i) + f.groupCost(i) }
	keep := func(i int) {
		f.bring(f.lacks(i))
		f.state[i], f.chosen[i] = kept, true
		inDoc[f.r.units[i].doc] = true
		if !f.o.KeepDuplicates {
			fold.Keep(i, f.r.shingles(i))
		}
	}
	for i, s := range f.state {
		if s == barred && !f.o.KeepDuplicates {
			fold.Keep(i, f.r.shingles(i))
		}
	}
	for _, i := range f.order {
		if misses >= maxMisses || sum >= f.o.Budget {
			break
		}
		if f.state[i] == barred {
			continue
		}
		if f.state[i] == kept { // for another
			if c := needs(i); sum+c <= f.o.Budget {
				sum += c
				keep(i)
			}
			continue
		}
		if twin := f.twin(&fold, i); twin >= 0 {
			f.state[i] = folded
			t := &f.r.units[twin]
			f.notes[i] = fmt.Sprintf("duplicate of %s:%d-%d", f.r.docs[t.doc].ID, t.start, t.end)
			continue
		}
		if !inDoc[f.r.units[i].doc] && !f.r.opens(i) {
			continue
		}
		if f.exhausts(i) {
			f.state[i], f.notes[i] = failed, "share of its document"
			continue
		}
		c := cost(i)
		if sum+c > f.o.Budget {
			f.state[i] = failed
			misses++
			continue
		}
		sum += c
		keep(i)
	}
	// The estimate was for choosing; the budget is held by counting the text.
	f.layout()
	for k := len(f.order) - 1; f.used > f.o.Budget && k >= 0; k-- {
		if i := f.order[k]; f.chosen[i] {
			f.release(i)
			f.layout()
		}
	}
	// And what the estimate left over is filled up.
	for k, tries := 0, 0; k < len(f.order) && tries < maxRetry && f.used < f.o.Budget; k++ {
		i := f.order[k]
		if f.state[i] != failed {
			continue
		}
		if f.exhausts(i) || f.used+cost(i)-2 > f.o.Budget || !inDoc[f.r.units[i].doc] && !f.r.opens(i) {
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
		keep(i)
	}
	if len(f.parts) == 0 {
		return f.one()
	}
	return nil
}

// exhausts says whether a document would have more kept of it, with unit i, than
// Options.MostOf allows.
func (f *filler) exhausts(i int) bool {
	if f.o.MostOf <= 0 || f.o.MostOf >= 1 {
		return false
	}
	doc, have, all := f.r.units[i].doc, 0, 0
	for j := range f.r.units {
		if u := &f.r.units[j]; u.doc == doc {
			all += len(u.text)
			if f.chosen[j] {
				have += len(u.text)
			}
		}
	}
	return have > 0 && float64(have+len(f.r.units[i].text)) > f.o.MostOf*float64(all)
}

// labelCost is what one more document costs beside its text.
func (f *filler) labelCost() int {
	two := []part{{cite: f.first(), text: "a"}, {cite: f.first() + 1, text: "a"}}
	form := labelForm(f.o.Render, f.signs)
	return f.o.Counter.Count(render(f.o.Render, form, two)) - f.o.Counter.Count(render(f.o.Render, form, two[:1])) - 1
}

// opens says whether a unit may be the first of its document: one that has no
// question term and no name is hardly worth a label.
func (r *reader) opens(i int) bool {
	if r.units[i].x[Lead] > 0 || r.units[i].x[Draft] > 0 {
		return true
	}
	above := &r.docs[r.units[i].doc].sections[r.units[i].section]
	for t := range r.count {
		if above.tf[t] > 0 || r.count[t][i+1] > r.count[t][i] {
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
		if f.state[i] != barred && f.r.opens(i) {
			byLen = append(byLen, i)
		}
	}
	if len(byLen) == 0 {
		return nil // nothing matches: an empty context
	}
	slices.SortStableFunc(byLen, func(a, b int) int {
		return cmp.Compare(len(f.r.units[a].text), len(f.r.units[b].text))
	})
	byLen = byLen[:min(shortest, len(byLen))]
	slices.SortFunc(byLen, f.r.compare)
	need, signs := math.MaxInt, f.signs
	for _, i := range byLen {
		f.state[i], f.chosen[i] = kept, true
		if f.o.Window == nil {
			f.signs = max(signs, signsFor(f.o.Render, f.r.units[i].text))
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

// adjoins says whether unit b follows unit a with nothing but white space, and
// little of it, between them.
func (f *filler) adjoins(a, b int) bool {
	ua, ub := &f.r.units[a], &f.r.units[b]
	return ua.doc == ub.doc && !ub.first && b == a+1 && ub.start-ua.end <= 32
}

func (f *filler) isKept(a, b int) bool {
	if a < 0 || b >= len(f.state) || !f.adjoins(a, b) {
		return false
	}
	return f.state[a] == kept || f.state[b] == kept
}

// layout puts the kept units into the order of the text, joins those that
// adjoin, renders them and counts the tokens.
func (f *filler) layout() {
	// Documents by their best unit.
	rank := make(map[int]int)
	var units, docs []int
	for _, i := range f.order {
		if f.state[i] != kept {
			continue
		}
		d := f.r.units[i].doc
		if _, ok := rank[d]; !ok {
			rank[d] = 0
			docs = append(docs, d)
		}
		units = append(units, i)
	}
	for i := range f.heads {
		if f.state[i] != kept {
			units = append(units, i)
		}
	}
	f.r.arrange(f.o.Order, docs)
	for k, d := range docs {
		rank[d] = f.first() + k
	}
	slices.SortFunc(units, func(a, b int) int {
		ua, ub := &f.r.units[a], &f.r.units[b]
		return cmp.Or(cmp.Compare(rank[ua.doc], rank[ub.doc]), cmp.Compare(ua.start, ub.start))
	})
	f.laid = laid{}
	groups := groups{f: f, cite: rank}
	for k := 0; k < len(units); {
		u := &f.r.units[units[k]]
		score := u.score
		end := k + 1
		level, isHeading := groups.enter(units[k])
		if isHeading {
			k++
			continue
		}
		if n := f.heads[units[k]]; n > 0 && f.state[units[k]] != kept {
			d := &f.r.docs[u.doc]
			f.parts = append(f.parts, part{rank[u.doc], level, false, u.text[:n]})
			f.spans = append(f.spans, Span{Cite: rank[u.doc], Doc: d.ID, Path: d.Path, Start: u.start, End: u.start + n, Score: round(score), Level: level})
			k = end
			continue
		}
		for end < len(units) && f.state[units[end]] == kept && f.adjoins(units[end-1], units[end]) && groups.same(units[k], units[end]) {
			score = max(score, f.r.units[units[end]].score)
			end++
		}
		d := &f.r.docs[u.doc]
		for _, x := range f.stretches(units[k:end]) {
			f.parts = append(f.parts, part{rank[u.doc], level, x.inline, f.r.slice(u.doc, x.start, x.end)})
			f.spans = append(f.spans, Span{Cite: rank[u.doc], Doc: d.ID, Path: d.Path, Start: x.start, End: x.end, Score: round(score), Level: level, Inline: x.inline})
			level = 0
		}
		k = end
	}
	f.text = render(f.o.Render, labelForm(f.o.Render, f.signs), f.parts)
	f.used = f.o.Counter.Count(f.text)
}

// slice returns the bytes start to end of a document, which lie in passages that
// follow each other.
func (r *reader) slice(doc, start, end int) string {
	var b strings.Builder
	for _, p := range r.docs[doc].text {
		if p.Start < end && start < p.End {
			piece := p.Text[max(start, p.Start)-p.Start : min(end, p.End)-p.Start]
			if start >= p.Start && end <= p.End {
				return piece
			}
			b.WriteString(piece)
		}
	}
	return b.String()
}

// context writes the receipt.
func (f *filler) context(question string) *Context {
	c := &Context{
		Question: question, Budget: f.o.Budget, Tokens: f.used, Tokenizer: f.o.Counter.Name(), Text: f.text,
		Spans: make([]Span, len(f.spans)), Dropped: []Drop{}, Order: f.o.Order, Render: f.o.Render, Cut: f.o.Cut, CutRecall: Recall(f.o.Cut), MostOf: f.o.MostOf, Shrink: f.o.Shrink, ShrinkByQuestion: f.o.Shrink > 0 && f.o.ShrinkByQuestion, Label: labelForm(f.o.Render, f.signs), Digest: digest(f.text),
	}
	copy(c.Spans, f.spans)
	for i, p := range f.parts {
		c.Spans[i].Digest = digest(p.text)
		c.texts = append(c.texts, p.text)
	}
	c.Guards = f.o.Guards
	shown := make(map[[3]int]bool) // headings that stand above what is kept
	for _, p := range f.spans {
		if p.Level > 0 {
			shown[[3]int{f.r.byID[p.Doc], p.Start, p.End}] = true
		}
	}
	cited := make(map[int]bool)
	for i, s := range f.state {
		if s == kept {
			cited[f.r.units[i].doc] = true
		}
	}
	for _, i := range f.order {
		if f.state[i] == kept {
			continue
		}
		u := &f.r.units[i]
		if shown[[3]int{u.doc, u.start, u.end}] {
			continue
		}
		reason := "budget"
		switch {
		case f.notes[i] != "":
			reason = f.notes[i]
		case !cited[u.doc] && !f.r.opens(i):
			reason = "no question term"
		}
		c.Dropped = append(c.Dropped, Drop{f.r.docs[u.doc].ID, u.start, u.end, round(u.score), reason})
	}
	return c
}

// round keeps receipts readable.
func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }

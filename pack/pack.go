// Package pack makes the smallest cited context out of candidate documents and
// passages: it scores sentences against the question at several granularities,
// fills a hard token budget, and writes a receipt from which the text can be
// rebuilt byte for byte.
//
// # What comes in
//
// A Pack is fed and calls nobody: Add hands over the passages that were hit with
// some neighbours, and the first passages of the best documents; Wanted says
// which names the best sentences have, for the questions whose answer takes two
// steps; Add is given documents that may bear them; Fill chooses. The rooms below
// do the rest: pack/unit reads the text once, pack/score scores it, pack/render
// lays out what was chosen. Everything is linear in the text but for sorting.
// Measured, the 60
// best passages with two neighbours on either side and six passages of each of
// the ten best documents lose nothing against several times as many; a large
// budget needs enough of them to be filled.
//
// # What comes out
//
// A Context is text and receipt in one. The text is made of exact byte ranges
// of stored sources. Documents follow each other by their best sentence, or in
// another of the Orders; each starts on a line of its own with a label such as
// "[1] ", or is set off as one of the Renderings does; its ranges stand in the
// order of the source, and where something was left out between two ranges
// " …" and a line break, or " … " where only words of a sentence were. Nothing
// else is added. No kept range contains anything
// of the form of a label: if "[7]" occurs in one, the labels of that context
// are "[#1]", "[#2]" …, and so on with more number signs.
package pack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/pack/unit"
	"github.com/tamis-search/tamis/text/tokens"
)

var (
	// ErrNoTerms: the question has no word that could be searched for.
	ErrNoTerms = errors.New("the question has no word to search for besides stop words")
	// ErrBudget: the budget is zero, negative, or too small for one sentence of
	// the candidates. The error in hand may be a *BudgetError, which says what
	// would be enough.
	ErrBudget = errors.New("the token budget is too small")
	// ErrUnknown: an order, a rendering or a cut that does not exist. The message
	// lists those that do.
	ErrUnknown = errors.New("unknown choice")
)

// ChoiceError says which option does not exist, and which do. It is ErrUnknown.
type ChoiceError struct {
	Field  string // order, render, cut, unit, guards, most_of or shrink
	Reason string
}

func (e *ChoiceError) Error() string { return "unknown choice: " + e.Reason }

// Unwrap returns ErrUnknown.
func (e *ChoiceError) Unwrap() error { return ErrUnknown }

// BudgetError says that not even one sentence fits. It is ErrBudget.
type BudgetError struct {
	Budget int // what was asked for
	Need   int // a budget that is enough for the cheapest sentence; 0 when the budget is not positive
}

func (e *BudgetError) Error() string {
	if e.Need == 0 {
		return fmt.Sprintf("a budget of %d tokens is too small; it must be positive", e.Budget)
	}
	return fmt.Sprintf("a budget of %d tokens is too small for one sentence; %d would do", e.Budget, e.Need)
}

// Unwrap returns ErrBudget.
func (e *BudgetError) Unwrap() error { return ErrBudget }

// Question is what the context must answer.
type Question struct {
	Text string
	// Terms are the analysed question terms, each once, in question order, for
	// every analyzer that the documents have: the terms that were searched.
	// None at all is ErrNoTerms.
	Terms []string
	// IDF is the inverse document frequency of a term among the passages of the
	// whole visible index: ln(1 + (N - df + .5)/(df + .5)). It is a function, not a
	// table, since the terms are not known before: they are the question's, those
	// of names in the best sentences, and for shrinking those of all candidates.
	IDF func(term string) float64
	// Drafts are analysed terms of draft answers, from a model that has seen less
	// or nothing: what overlaps with one of them scores higher, by the weight of
	// the feature Draft.
	Drafts [][]string
}

// Options say how much context, and how it is made.
type Options struct {
	Budget  int            // tokens, separators and labels included
	Counter tokens.Counter // counts them; must be exact
	// KeepDuplicates lets near-duplicates of kept sentences in. Evaluations want
	// them: marked evidence may occur twice.
	KeepDuplicates bool
	// Order and Render are one of render.Orders and render.Renderings, Cut one of
	// Cuts; "" stands for render.Order, render.Plain and no cut.
	Order, Render, Cut string
	// Unit is what is kept or left out whole, one of unit.Kinds; "" stands for unit.Thought.
	Unit string
	// Guards are some of unit.Guards; nil means unit.DefaultGuards.
	Guards []string
	// MostOf, where between 0 and 1, is the most that is kept of each document: this
	// share of the bytes of its candidates, and one unit in any case. What guards
	// bring is not held to it.
	MostOf float64
	// Shrink leaves out this share of the words of each kept sentence, those that
	// say least; 0, the default, leaves sentences whole. ShrinkByQuestion keeps the
	// words of the question and those beside them.
	Shrink           float64
	ShrinkByQuestion bool
	// Window, where not nil, is what the context is added to.
	Window *Window
	// Weights of the features; nil means score.DefaultWeights.
	Weights *score.Weights
	// Drafts, Incomplete and Judged are for the receipt.
	Drafts     []string
	Incomplete int
	Judged     int
	// Trace, where not nil, is shown every unit that was scored, in the order in
	// which they were read: for tuning weights and for learning scorers.
	Trace func([]score.Unit)
}

// Pack makes one context. It is used by one goroutine at a time.
type Pack struct {
	q       Question
	o       Options
	units   *unit.Set
	scoring *score.Scoring
	first   bool // the first candidates are scored
}

// New returns a Pack without candidates. Errors: ErrNoTerms, a *BudgetError,
// ErrUnknown.
func New(q Question, o Options) (*Pack, error) {
	if len(q.Terms) == 0 {
		return nil, ErrNoTerms
	}
	if o.Budget <= 0 {
		return nil, &BudgetError{Budget: o.Budget}
	}
	if o.Counter == nil || q.IDF == nil {
		return nil, errors.New("pack: a token counter and the index's idf are required")
	}
	o.Order, o.Render = cmp.Or(o.Order, render.Order), cmp.Or(o.Render, render.Plain)
	if o.Guards == nil {
		o.Guards = unit.DefaultGuards()
	}
	if err := o.valid(); err != nil {
		return nil, err
	}
	w := score.DefaultWeights()
	if o.Weights != nil {
		w = *o.Weights
	}
	units := unit.New(q.Terms, q.IDF)
	units.HeadingsApart, units.Kind = o.Render == render.Structured, o.Unit
	return &Pack{q: q, o: o, units: units, scoring: score.New(score.Question{Text: q.Text, Drafts: q.Drafts}, units, &w)}, nil
}

func (o *Options) valid() error {
	for _, choice := range []struct {
		field, what, name string
		known             []string
	}{{"order", "order", o.Order, render.Orders()}, {"render", "rendering", o.Render, render.Renderings()}, {"cut", "cut", cmp.Or(o.Cut, CutGap), Cuts()}, {"unit", "unit", cmp.Or(o.Unit, unit.Thought), unit.Kinds()}} {
		if !slices.Contains(choice.known, choice.name) {
			return &ChoiceError{choice.field, fmt.Sprintf("%s %q; known are %s", choice.what, choice.name, strings.Join(choice.known, ", "))}
		}
	}
	for _, g := range o.Guards {
		if !slices.Contains(unit.Guards(), g) {
			return &ChoiceError{"guards", fmt.Sprintf("guard %q; known are %s", g, strings.Join(unit.Guards(), ", "))}
		}
	}
	for _, share := range []struct {
		field, what string
		x           float64
	}{{"most_of", "MostOf", o.MostOf}, {"shrink", "Shrink", o.Shrink}} {
		if !(share.x >= 0 && share.x <= 1) {
			return &ChoiceError{share.field, fmt.Sprintf("%s is %v; it is a share from 0 to 1", share.what, share.x)}
		}
	}
	return nil
}

// Add reads candidates, which are not to be changed before Fill returns. Of a
// document that was added before, only passages outside of those are new. After
// Wanted only documents are taken whose title one of the best sentences names.
func (p *Pack) Add(docs ...gather.Document) error {
	for i := range docs {
		d := &docs[i]
		if d.Analyzer == nil {
			return fmt.Errorf("pack: document %q came without an analyzer", d.ID)
		}
		if p.first && !p.scoring.Named(d) {
			continue
		}
		if err := p.units.Add(d); err != nil {
			return err
		}
	}
	return nil
}

// Wanted scores the candidates and returns the names that the best sentences
// have: runs of analysed terms that stand capitalised there. Documents that may
// bear one as title are to be added, with their passages (the first eight are
// enough); a search of the few best documents for each name will do. Error: that
// of ctx.
func (p *Pack) Wanted(ctx context.Context) ([][]string, error) {
	if err := p.firstScores(ctx); err != nil {
		return nil, err
	}
	return p.scoring.Names(), nil
}

func (p *Pack) firstScores(ctx context.Context) error {
	if p.first {
		return nil
	}
	p.first = true
	return p.scoring.First(ctx)
}

// Fill packs the sentences of the candidates that answer the question into the
// budget. Candidates of which no sentence, title or heading has a question term
// give a Context without spans. Errors: a *BudgetError, that of ctx.
func (p *Pack) Fill(ctx context.Context) (*render.Context, error) {
	if err := p.firstScores(ctx); err != nil {
		return nil, err
	}
	if err := p.scoring.Last(ctx); err != nil {
		return nil, err
	}
	if !p.o.KeepDuplicates && slices.Contains(p.o.Guards, unit.Letter) {
		preferOriginals(p.units, p.scoring)
	}
	f := &filler{o: p.o, all: p.units, scores: p.scoring, order: p.scoring.Order()}
	if p.o.Window != nil {
		f.signs = max(p.o.Window.Signs, 0)
	}
	if p.o.Trace != nil {
		p.o.Trace(f.trace())
	}
	if err := f.fill(); err != nil {
		return nil, err
	}
	if p.o.Cut != "" {
		if err := f.cut(); err != nil {
			return nil, err
		}
	}
	// A word that nobody writes has the idf of one that no passage has.
	return f.context(p.q.Text, f.confidence(p.q.IDF("\x00"))), nil
}

func (f *filler) trace() []score.Unit {
	units := make([]score.Unit, len(f.all.Units))
	for i := range units {
		u := &f.all.Units[i]
		units[i] = score.Unit{
			Doc: f.all.Docs[u.Doc].ID, Start: u.Start, End: u.End, Tokens: f.o.Counter.Count(u.Text),
			Follows: i > 0 && f.all.Adjoins(i-1, i), Fragment: f.all.Fragment(i), Features: f.scores.X[i], Score: f.scores.Total[i],
		}
	}
	return units
}

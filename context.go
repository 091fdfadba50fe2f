package tamis

import (
	"context"
	"errors"

	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/search"
)

// Budget is how large a context may be.
type Budget struct {
	// Tokens, labels and separators included.
	Tokens int
	// Counter names what counts them: see Index.Counter.
	Counter string
}

// A ContextOption changes how a context is made: a Scope, a Layout, Drafts, Rerank, a
// Window or a Lab.
type ContextOption interface{ set(*request) }

// request is all that a context is made from.
type request struct {
	Budget
	Scope
	Layout
	Lab
	drafts Drafts
	rerank Rerank
	window *pack.Window
}

func (s Scope) set(r *request)  { r.Scope = s }
func (l Layout) set(r *request) { r.Layout = l }
func (l Lab) set(r *request)    { r.Lab = l }
func (d Drafts) set(r *request) { r.drafts = d }
func (m Rerank) set(r *request) { r.rerank = m }

// Layout is what a context looks like, and what is left out of it or kept
// together. The zero Layout: best document first, plain text, the budget is filled.
type Layout struct {
	// Order of the documents, rendering of the text, and a rule by which the
	// context may end before its budget: see render.Orders, render.Renderings
	// and pack.Cuts.
	Order, Render, Cut string
	// Guards keep what a sentence needs to be understood with it: some of
	// unit.Guards. Nil stands for unit.DefaultGuards; an empty list for none.
	Guards []string
	// MostOf, where between 0 and 1, is the share of each document that may be
	// kept: see pack.Options.
	MostOf float64
	// Shrink leaves out this share of the words of each sentence, at the cost of
	// answers; ShrinkByQuestion keeps those of the question: see pack.Options.
	Shrink           float64
	ShrinkByQuestion bool
}

// Drafts are draft answers, such as package ask samples: what overlaps with one
// counts more, by the weight of score.Draft, and is looked for as well.
type Drafts []string

// Window is what the reader of a context has before them already, as in a
// conversation (package session): it is not shown again, and its labels are not
// used again.
type Window struct {
	Shown []Shown
	First int // number of the first label of the new context; less than 1 is 1
	Signs int // extra signs that every label of the window has
}

// Shown is a range that stands in a window.
type Shown struct {
	Cite  int // number of its label
	Doc   string
	Start int
	Text  string // its bytes when it was shown; a source that has changed since is new
}

func (w Window) set(r *request) {
	r.window = &pack.Window{First: w.First, Signs: w.Signs}
	for _, s := range w.Shown {
		r.window.Shown = append(r.window.Shown, pack.Shown(s))
	}
}

// Lab is for evaluations and experiments.
type Lab struct {
	// KeepDuplicates lets near-duplicates of kept sentences in: marked evidence may
	// occur twice.
	KeepDuplicates bool
	// Weights of the features by which sentences are chosen; nil stands for
	// score.DefaultWeights. Trace is shown every unit that was scored.
	Weights *score.Weights
	Trace   func([]score.Unit)
}

// Context is the packed text with its receipt; its JSON form is the receipt
// that Replay takes.
type Context = render.Context

// How many candidates a context is chosen from: the fewest that were tried of
// those that kept as much evidence as 120 passages and 20 documents did, on the
// eight evidence sets under budgets up to 2,000 tokens. A larger budget needs
// more to be filled from.
const (
	candidatePassages  = 40 // at least; one for every passageBudget of a larger budget
	passageBudget      = 50
	candidateDocuments = 8
)

// Context packs the sentences that answer a question into the budget: exact
// byte ranges of the sources under short labels like [2], never more tokens
// than asked for. Near-duplicates are folded. Errors: ErrInvalid for a request
// that cannot be; of these ErrNoTerms for a question without a word to search
// for, ErrBudget for a budget that not even one sentence fits into. A context
// without spans says that nothing matches.
func (ix *Index) Context(ctx context.Context, question string, b Budget, options ...ContextOption) (*Context, error) {
	r := request{Budget: b}
	for _, o := range options {
		o.set(&r)
	}
	c, err := ix.context(ctx, question, &r)
	return c, invalid(err)
}

func (ix *Index) context(ctx context.Context, question string, r *request) (*Context, error) {
	counter, err := ix.counter(r.Counter)
	if err != nil {
		return nil, err
	}
	snap, err := ix.store.Snapshot()
	if err != nil {
		return nil, err
	}
	defer snap.Release()
	seen, err := r.Scope.restrict(snap)
	if err != nil {
		return nil, err
	}
	terms, err := ix.terms(snap, question)
	if err != nil {
		return nil, err
	}
	words := ix.analyzers.Loan()
	defer words.Release()
	from := snapshotReader{newView(seen, search.DefaultParams())}
	g := gather.New(from, words)
	q := pack.Question{Text: question, Terms: texts(terms), IDF: from.idf}
	for _, d := range r.drafts {
		of, err := ix.terms(snap, d)
		if errors.Is(err, ErrNoTerms) || len(of) == 0 {
			continue
		}
		if err != nil {
			return nil, err
		}
		g.Find(of, candidatePassages/len(r.drafts)+1)
		q.Drafts = append(q.Drafts, texts(of))
	}
	meaning, err := ix.meaning(ctx, from, question)
	if err != nil {
		return nil, err
	}
	asked := gather.Question{Text: question, Terms: terms, IDF: from.idf, Meaning: meaning}
	judged := r.rerank.judge(from, &asked)
	if err := g.Look(ctx, &asked, max(candidatePassages, r.Tokens/passageBudget), candidateDocuments); err != nil {
		return nil, err
	}
	docs, err := g.Read(ctx)
	if err != nil {
		return nil, err
	}
	p, err := pack.New(q, pack.Options{
		Budget: r.Tokens, Counter: counter, KeepDuplicates: r.KeepDuplicates,
		Order: r.Order, Render: r.Render, Cut: r.Cut, Guards: r.Guards, MostOf: r.MostOf, Shrink: r.Shrink, ShrinkByQuestion: r.ShrinkByQuestion, Weights: r.Weights, Trace: r.Trace, Window: r.window,
		Drafts: r.drafts, Incomplete: snap.Incomplete(), Judged: *judged,
	})
	if err != nil {
		return nil, err
	}
	c, err := fill(ctx, p, g, docs)
	if err != nil {
		return nil, err
	}
	return c, setPlaces(from.view, c)
}

// fill feeds a pack with candidates, and with the documents that they name.
func fill(ctx context.Context, p *pack.Pack, g *gather.Gatherer, docs []gather.Document) (*Context, error) {
	if err := p.Add(docs...); err != nil {
		return nil, err
	}
	names, err := p.Wanted(ctx)
	if err != nil {
		return nil, err
	}
	g.FindNamed(names)
	named, err := g.Read(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.Add(named...); err != nil {
		return nil, err
	}
	return p.Fill(ctx)
}

func texts(terms []search.Term) []string {
	var out []string
	for _, t := range terms {
		out = append(out, t.Text)
	}
	return out
}

package tamis

import (
	"context"
	"time"

	"github.com/tamis-search/tamis/compose"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/text/tokens"
)

// Budget is how large a context may be.
type Budget struct {
	// Tokens, labels and separators included.
	Tokens int
	// Counter names what counts them: see Index.Counter.
	Counter string
}

// A ContextOption changes how a context is made: a Scope, a Layout, Drafts, Beside, Favour,
// Rerank, a Window or a Lab.
type ContextOption interface{ set(*request) }

// request is all that a context is made from.
type request struct {
	Budget
	Scope
	Layout
	Lab
	drafts Drafts
	beside Beside
	favour Favour
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

// Rerank has a model read the best passages beside the question, the best first, and weighs
// what it says of them. encode.OpenReranker loads one from a folder.
type Rerank struct {
	By encode.Judge
	// Most is how many passages it reads at most; 0 stands for 20, with Within for all that
	// the second look ranks by meaning, 60.
	Most int
	// Within, where not 0, ends that after a time. How many passages have been read then, and
	// so the context, differs from run to run; Context.Judged says how many.
	Within time.Duration
}

// Context is the packed text with its receipt; its JSON form is the receipt
// that Replay takes.
type Context = render.Context

// Context packs the sentences that answer a question into the budget: exact
// byte ranges of the sources under short labels like [2], never more tokens
// than asked for. Near-duplicates are folded. Errors: ErrInvalid for a request
// that cannot be; of these ErrNoTerms for a question without a word to search
// for, ErrBudget for a budget that not even one sentence fits into. A context
// without spans says that nothing matches.
func (ix *Index) Context(ctx context.Context, question string, b Budget, options ...ContextOption) (*Context, error) {
	r := requestOf(b, options)
	c, err := ix.context(ctx, question, r)
	return c, AsInvalid(err)
}

func (ix *Index) context(ctx context.Context, question string, r *request) (*Context, error) {
	asked, err := r.composed(question, ix.counter)
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
	c, err := compose.Context(ctx, snapshotReader{ix, newView(seen, search.DefaultParams())}, &ix.analyzers, asked)
	if err != nil {
		return nil, err
	}
	return c, ix.setDates(snap, c)
}

// Requested is what Context makes a context from, as package compose takes it, and who
// asks; it is for packages that are an Index too. counter makes the counter of a name.
func Requested(question string, b Budget, counter func(name string) (tokens.Counter, error), options ...ContextOption) (compose.Request, Scope, error) {
	r := requestOf(b, options)
	c, err := r.composed(question, counter)
	return c, r.Scope, AsInvalid(err)
}

func requestOf(b Budget, options []ContextOption) *request {
	r := &request{Budget: b}
	for _, o := range options {
		o.set(r)
	}
	return r
}

func (r *request) composed(question string, counts func(name string) (tokens.Counter, error)) (compose.Request, error) {
	beside, err := r.beside.composed()
	if err != nil {
		return compose.Request{}, err
	}
	counter, err := counts(r.Counter)
	return compose.Request{
		Question: question, Beside: beside, Favour: r.favour, Drafts: r.drafts, Rerank: compose.Rerank(r.rerank),
		Pack: pack.Options{
			Budget: r.Tokens, Counter: counter, KeepDuplicates: r.KeepDuplicates,
			Order: r.Order, Render: r.Render, Cut: r.Cut, Guards: r.Guards, MostOf: r.MostOf,
			Shrink: r.Shrink, ShrinkByQuestion: r.ShrinkByQuestion, Weights: r.Weights, Trace: r.Trace, Window: r.window,
		},
	}, err
}

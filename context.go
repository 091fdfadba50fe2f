package tamis

import (
	"context"
	"errors"

	"github.com/tamis-search/tamis/gather"
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
	// Counter counts them: o200k_base (the default), cl100k_base, words, bytes.
	Counter string
	// Filter and Groups are those of a Query: nothing else enters the context.
	Filter string
	Groups []string
	// KeepDuplicates lets near-duplicates of kept sentences in: for evaluations,
	// where marked evidence may occur twice.
	KeepDuplicates bool
	// Order of the documents, rendering of the text, and a rule by which the
	// context may end before its budget: see render.Orders,
	// render.Renderings and pack.Cuts. Empty: best document first, plain, and the budget is filled.
	Order, Render, Cut string
	// Guards keep what a sentence needs to be understood with it: some of
	// unit.Guards. Nil stands for unit.DefaultGuards; an empty list for none.
	Guards []string
	// MostOf, where between 0 and 1, is the share of each document that may be
	// kept: see pack.Options.
	MostOf float64
	// Drafts are draft answers, such as Index.Drafts samples: what overlaps with
	// one counts more, by the weight of score.Draft, and is looked for as well.
	Drafts []string
	// Shrink leaves out this share of the words of each sentence, at the cost of
	// answers; ShrinkByQuestion keeps those of the question: see pack.Options.
	Shrink           float64
	ShrinkByQuestion bool
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
// than asked for. Near-duplicates are folded. Errors: ErrNoTerms for a
// question without a word to search for, ErrBudget for a budget that not even
// one sentence fits into. A context without spans says that nothing matches.
func (ix *Index) Context(ctx context.Context, question string, b Budget) (*Context, error) {
	return ix.context(ctx, question, b, nil)
}

// context adds to what stands in a window, where there is one.
func (ix *Index) context(ctx context.Context, question string, b Budget, window *pack.Window) (*Context, error) {
	if b.Counter == "" {
		b.Counter = "o200k_base"
	}
	counter, err := tokens.New(b.Counter)
	if err != nil {
		return nil, err
	}
	snap, err := ix.store.Snapshot()
	if err != nil {
		return nil, err
	}
	defer snap.Release()
	seen, err := restrict(snap, b.Filter, b.Groups)
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
	for _, d := range b.Drafts {
		of, err := ix.terms(snap, d)
		if errors.Is(err, ErrNoTerms) || len(of) == 0 {
			continue
		}
		if err != nil {
			return nil, err
		}
		g.Find(of, candidatePassages/len(b.Drafts)+1, 0)
		q.Drafts = append(q.Drafts, texts(of))
	}
	g.Find(terms, max(candidatePassages, b.Tokens/passageBudget), candidateDocuments)
	docs, err := g.Read(ctx)
	if err != nil {
		return nil, err
	}
	p, err := pack.New(q, pack.Options{
		Budget: b.Tokens, Counter: counter, KeepDuplicates: b.KeepDuplicates,
		Order: b.Order, Render: b.Render, Cut: b.Cut, Guards: b.Guards, MostOf: b.MostOf, Shrink: b.Shrink, ShrinkByQuestion: b.ShrinkByQuestion, Weights: b.Weights, Trace: b.Trace, Window: window,
		Drafts: b.Drafts, Incomplete: snap.Incomplete(),
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

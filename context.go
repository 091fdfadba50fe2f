package tamis

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/store"
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
	// context may end before its budget: see pack.Orders, pack.Renderings and
	// pack.Cuts. Empty: best document first, plain, and the budget is filled.
	Order, Render, Cut string
	// Guards keep what a sentence needs to be understood with it: some of
	// pack.Guards. Nil stands for pack.DefaultGuards; an empty list for none.
	Guards []string
	// MostOf, where between 0 and 1, is the share of each document that may be
	// kept: see pack.Options.
	MostOf float64
	// Drafts are draft answers, such as Index.Drafts samples: what overlaps with
	// one counts more, by the weight of pack.Draft, and is looked for as well.
	Drafts []string
	// Shrink leaves out this share of the words of each sentence, at the cost of
	// answers; ShrinkByQuestion keeps those of the question: see pack.Options.
	Shrink           float64
	ShrinkByQuestion bool
	// Weights of the features by which sentences are chosen; nil stands for
	// pack.DefaultWeights. Trace is shown every unit that was scored.
	Weights *pack.Weights
	Trace   func([]pack.Unit)
}

// Context is the packed text with its receipt; its JSON form is the receipt
// that Replay takes.
type Context = pack.Context

// How many candidates a context is chosen from: the fewest that were tried of
// those that kept as much evidence as 120 passages and 20 documents did, on the
// eight evidence sets under budgets up to 2,000 tokens. A larger budget needs
// more to be filled from.
const (
	candidatePassages  = 40 // at least; one for every passageBudget of a larger budget
	passageBudget      = 50
	candidateDocuments = 8
	documentPassages   = 6 // of a document that was found as a whole
	neighbours         = 2 // passages on either side of one that was found
	namedDocuments     = 8
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
	g := &gatherer{ix: ix, view: newView(seen, search.DefaultParams()), docs: map[store.Row]*candidate{}}
	defer g.release()
	q := pack.Question{Text: question, IDF: g.idf}
	for _, d := range b.Drafts {
		of, err := ix.terms(snap, d)
		if errors.Is(err, ErrNoTerms) || len(of) == 0 {
			continue
		}
		if err != nil {
			return nil, err
		}
		g.find(of, candidatePassages/len(b.Drafts)+1, 0)
		q.Drafts = append(q.Drafts, nil)
		for _, t := range of {
			q.Drafts[len(q.Drafts)-1] = append(q.Drafts[len(q.Drafts)-1], t.Text)
		}
	}
	g.find(terms, max(candidatePassages, b.Tokens/passageBudget), candidateDocuments)
	docs, err := g.read(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range terms {
		q.Terms = append(q.Terms, t.Text)
	}
	c, err := pack.Select(ctx, q, docs, pack.Options{
		Budget: b.Tokens, Counter: counter, KeepDuplicates: b.KeepDuplicates,
		Order: b.Order, Render: b.Render, Cut: b.Cut, Guards: b.Guards, MostOf: b.MostOf, Shrink: b.Shrink, ShrinkByQuestion: b.ShrinkByQuestion, Weights: b.Weights, Trace: b.Trace, Window: window,
		Named: func(ctx context.Context, names [][]string) ([]pack.Document, error) {
			more := &gatherer{ix: ix, view: g.view, docs: map[store.Row]*candidate{}, lent: g.lent}
			docs, err := more.named(ctx, names)
			g.lent = more.lent
			return docs, err
		},
	})
	if err == nil {
		c.Incomplete, c.Drafts = snap.Incomplete(), b.Drafts
	}
	return c, err
}

// Replay rebuilds the text of a context from its spans and the stored sources
// alone. The error, where a source has changed or is gone, says which.
func (ix *Index) Replay(ctx context.Context, receipt *Context) (string, error) {
	return pack.Replay(receipt, func(doc string) (string, error) { return ix.Source(ctx, doc) })
}

// gatherer collects the candidate text for one question.
type gatherer struct {
	ix   *Index
	view *view
	docs map[store.Row]*candidate
	lent lentAnalyzers
}

// candidate is a document of which some passages are candidates.
type candidate struct {
	row      store.Row
	score    float64
	passages map[uint32]float64 // row to score, 0 for neighbours
}

// find makes candidates of the passages and documents that match best, with
// neighbours.
func (g *gatherer) find(terms []search.Term, passages, documents int) {
	for _, p := range g.view.topK(store.Passages, terms, passages) {
		doc := g.view.DocumentOf(p.Row)
		first, end := g.view.PassageRows(doc)
		c := g.candidate(doc)
		for r := max(int(first), int(p.Row.Row)-neighbours); r <= min(int(end)-1, int(p.Row.Row)+neighbours); r++ {
			c.passages[uint32(r)] = max(c.passages[uint32(r)], 0)
		}
		c.passages[p.Row.Row] = float64(p.Score)
	}
	if documents == 0 {
		return
	}
	for _, d := range g.view.topK(store.Documents, terms, documents) {
		g.wholeDocument(d.Row, float64(d.Score))
	}
}

// named are the documents that may bear one of the names as title: those whose
// analysed title is the name, else those that match it best.
func (g *gatherer) named(ctx context.Context, names [][]string) ([]pack.Document, error) {
	for _, name := range names {
		rows := g.view.FindTitle(name)
		for _, doc := range rows[:min(len(rows), namedDocuments)] {
			g.wholeDocument(doc, 0)
		}
		if len(rows) > 0 {
			continue
		}
		var terms []search.Term
		for i, t := range name {
			if !slices.Contains(name[:i], t) {
				terms = append(terms, search.Term{Text: t, Weight: 1})
			}
		}
		for _, d := range g.view.topK(store.Documents, terms, 3) {
			g.wholeDocument(d.Row, 0)
		}
	}
	return g.read(ctx)
}

func (g *gatherer) candidate(doc store.Row) *candidate {
	c, ok := g.docs[doc]
	if !ok {
		c = &candidate{row: doc, passages: map[uint32]float64{}}
		g.docs[doc] = c
	}
	return c
}

// wholeDocument makes the first passages of a document candidates.
func (g *gatherer) wholeDocument(doc store.Row, score float64) {
	c := g.candidate(doc)
	c.score = max(c.score, score)
	first, end := g.view.PassageRows(doc)
	for r := first; r < min(end, first+documentPassages); r++ {
		c.passages[r] = max(c.passages[r], 0)
	}
}

// read loads the text of all candidates, documents in order of addition.
func (g *gatherer) read(ctx context.Context) ([]pack.Document, error) {
	found := make([]*candidate, 0, len(g.docs))
	for _, c := range g.docs {
		found = append(found, c)
	}
	slices.SortFunc(found, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(a.row.Segment, b.row.Segment), cmp.Compare(a.row.Row, b.row.Row))
	})
	docs := make([]pack.Document, 0, len(found))
	for _, c := range found {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		d, err := g.document(c)
		if err != nil {
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, nil
}

func (g *gatherer) document(c *candidate) (pack.Document, error) {
	h, err := g.view.header(c.row)
	if err != nil {
		return pack.Document{}, err
	}
	an, err := g.lent.get(&g.ix.analyzers, h.Analyzer)
	if err != nil {
		return pack.Document{}, err
	}
	d := pack.Document{ID: h.ID, Path: h.Path, Title: h.Title, Place: g.view.Ordinal(c.row), Analyzer: an, Score: c.score}
	rows := make([]uint32, 0, len(c.passages))
	for r := range c.passages {
		rows = append(rows, r)
	}
	slices.Sort(rows)
	// Neighbouring passages are read in one go.
	for i := 0; i < len(rows); {
		j := i + 1
		for j < len(rows) && rows[j] == rows[j-1]+1 {
			j++
		}
		run := make([]pack.Passage, 0, j-i)
		for _, r := range rows[i:j] {
			p := g.view.Passage(store.Row{Segment: c.row.Segment, Row: r})
			run = append(run, pack.Passage{Passage: p})
		}
		start := run[0].Start
		text, err := g.view.Text(h, start, run[len(run)-1].End)
		if err != nil {
			return pack.Document{}, err
		}
		for k := range run {
			run[k].Text = text[run[k].Start-start : run[k].End-start]
		}
		d.Passages = append(d.Passages, run...)
		i = j
	}
	return d, nil
}

// idf is the inverse document frequency of a term among the live passages.
func (g *gatherer) idf(term string) float64 {
	st := g.view.Statistics(store.Passages, []string{term})
	return search.IDF(st.Rows, st.DF[0])
}

func (g *gatherer) release() { g.lent.release(&g.ix.analyzers) }

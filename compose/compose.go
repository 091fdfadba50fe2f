// Package compose makes a context of a question, over any index that can be read as
// Index says: the question is analysed, candidates are gathered, packed under the
// budget, and what was kept is told where it stands.
package compose

import (
	"context"
	"errors"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/text"
)

// Index is what a context is made from: an index at one moment, as far as the asker may
// see it. Rows of passages and documents are those of gather.Reader.
type Index interface {
	gather.Reader
	Words
	// Meaning is how near passages are to the question; nil where nothing tells.
	Meaning(ctx context.Context, question string) (gather.Meaning, error)
	// Find is the row of a document by its id.
	Find(id string) (doc topk.Row, err error)
	// Place is where a byte of a document's source stands in its original.
	Place(doc topk.Row, at int) (corpus.Place, error)
	// Incomplete counts documents that cannot be found yet.
	Incomplete() int
}

// Request is all that a context is made from beside the index.
type Request struct {
	Question string
	// Around, where not nil, is the range of a document whose needs are packed instead.
	Around *render.Range
	Beside []Weighted // what weighs beside the question's words
	// Pack says how much context, and how it is made; what it says for the receipt of
	// drafts, judgments and what is incomplete is filled in.
	Pack   pack.Options
	Favour map[string]float64 // of documents: see gather.Question
	Drafts []string           // draft answers: what they have counts more, and is looked for
	Rerank Rerank
}

// How many candidates a context is chosen from: the fewest that were tried of
// those that kept as much evidence as 120 passages and 20 documents did, on the
// eight evidence sets under budgets up to 2,000 tokens. A larger budget needs
// more to be filled from.
const (
	candidatePassages  = 40 // at least; one for every passageBudget of a larger budget
	passageBudget      = 50
	candidateDocuments = 8
)

// Context packs the sentences that answer a question into a budget. Errors: those of
// package pack, and of the index.
func Context(ctx context.Context, from Index, analyzers *text.Pool, r Request) (*render.Context, error) {
	if r.Around != nil {
		return around(ctx, from, analyzers, r)
	}
	terms, own, err := Joined(func(s string) ([]search.Term, error) { return Terms(from, analyzers, s) }, r.Question, r.Beside)
	if err != nil {
		return nil, err
	}
	words := analyzers.Loan()
	defer words.Release()
	rare := rarityOf(from, terms)
	idf := weighed(terms[own:], rare.of)
	g := gather.New(from, words)
	q := pack.Question{Text: r.Question, Terms: texts(terms), IDF: idf}
	for _, d := range r.Drafts {
		of, err := Terms(from, analyzers, d)
		if errors.Is(err, pack.ErrNoTerms) || len(of) == 0 {
			continue
		}
		if err != nil {
			return nil, err
		}
		g.Find(of, candidatePassages/len(r.Drafts)+1)
		q.Drafts = append(q.Drafts, texts(of))
	}
	meaning, err := from.Meaning(ctx, meant(&r))
	if err != nil {
		return nil, err
	}
	asked := gather.Question{Text: r.Question, Terms: terms, IDF: idf, Ahead: rare.ahead, Meaning: meaning, Favour: r.Favour}
	judged := r.Rerank.judge(from, &asked, meant(&r))
	if err := g.Look(ctx, &asked, max(candidatePassages, r.Pack.Budget/passageBudget), candidateDocuments); err != nil {
		return nil, err
	}
	docs, err := g.Read(ctx)
	if err != nil {
		return nil, err
	}
	o := r.Pack
	o.Drafts, o.Incomplete, o.Judged = r.Drafts, from.Incomplete(), *judged
	p, err := pack.New(q, o)
	if err != nil {
		return nil, err
	}
	c, err := fill(ctx, p, g, docs)
	if err != nil {
		return nil, err
	}
	return c, setPlaces(from, g.Row, c)
}

// fill feeds a pack with candidates, and with the documents that they name.
func fill(ctx context.Context, p *pack.Pack, g *gather.Gatherer, docs []gather.Document) (*render.Context, error) {
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

// setPlaces says where the spans of a context begin in their files.
func setPlaces(from Index, row func(id string) (topk.Row, bool), c *render.Context) error {
	places := make([]corpus.Place, len(c.Spans))
	for i := range c.Spans {
		doc, ok := row(c.Spans[i].Doc)
		if !ok {
			continue
		}
		var err error
		if places[i], err = from.Place(doc, c.Spans[i].Start); err != nil {
			return err
		}
	}
	c.SetPlaces(places)
	return nil
}

func texts(terms []search.Term) []string {
	var out []string
	for _, t := range terms {
		out = append(out, t.Text)
	}
	return out
}

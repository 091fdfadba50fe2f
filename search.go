package tamis

import (
	"context"
	"time"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/search/lists"
	"github.com/tamis-search/tamis/store"
)

// Unit is what a search ranks.
type Unit string

// The units of a search.
const (
	// Passages are runs of about 200 tokens.
	Passages Unit = "passage"
	// Documents are whole files or records.
	Documents Unit = "document"
)

func (u Unit) store() (store.Unit, error) {
	switch u {
	case "", Passages:
		return store.Passages, nil
	case Documents:
		return store.Documents, nil
	}
	return 0, invalidf("unit", "unknown unit %q: use passage or document", string(u))
}

// Query is a search.
type Query struct {
	Text string
	// Beside weighs beside the words of Text; vectors are those of Text alone.
	Beside Beside
	// Plan says what ranks: the words of Text (text), vectors (dense, sparse, multi), or
	// what becomes of several lists, as in rrf(text, dense, k=10); package search/plan
	// says all of it. Hybrid names one. Without a plan words rank, or Vector, or
	// Hybrid where the Index was told to Use an Encoder.
	Plan string
	// Vector, instead of Text, ranks by the inner product with the vectors in Field
	// ("" for DefaultField), or by the cosine where the field says so, what these stand
	// for: documents, or passages. Terms that no sparse vector has add nothing, so that
	// a query of none but these finds nothing.
	Vector Vector
	Field  string
	// Rerank, where not nil, is the list reranker of a Plan, as in rerank(text, reranker,
	// n=50): it reads passages beside Text, of a document the one that its hit shows.
	// Without a plan it orders anew the best 20 of what ranks by itself.
	Rerank encode.Judge
	// Recall, between 0 and 1, is the share of the best 10 documents that a search by
	// vector is to find at least, faster than all of them; 0 and 1 stand for all.
	Recall float32
	// K is the number of hits; 0 stands for 10.
	K int
	// Unit is Passages by default; with a Vector it is that of Field, and no other.
	Unit Unit
	// K1 and B are BM25's parameters; 0 stands for 1.2 and 0.75.
	K1, B float32
	// Filter keeps the documents whose metadata passes an expression of package
	// filter, as lang = "en" and year >= 2020; empty keeps all. It changes no
	// score.
	Filter string
	// Groups, where it is not nil, keeps the documents that a member of these
	// groups may see: those whose metadata has no groups, or one of these.
	Groups []string
	// Fold leaves out passages that nearly repeat a better hit; better hits are
	// those of the exact ranking.
	Fold bool
	// Explain says of each hit what each word of Text brought it: see Hit.Terms.
	Explain bool
	// IDsOnly leaves Title, Path, Text, Headings and Metadata of the hits empty:
	// for evaluation, where only the ranking counts.
	IDsOnly bool
}

// Results are the hits of a search, best first.
type Results struct {
	Query string `json:"query"`
	K     int    `json:"k"`
	Exact bool   `json:"exact"`
	// Recall is what share of the best 10 searches like this one found when it was
	// measured, 1 where the result is exact.
	Recall float32 `json:"recall"`
	TookMS float64 `json:"took_ms"`
	// Plan is what ranked, where that was a plan.
	Plan string `json:"plan,omitempty"`
	// Incomplete counts documents that cannot be found yet, because damaged files
	// are being built anew.
	Incomplete int   `json:"incomplete,omitempty"`
	Hits       []Hit `json:"hits"`
}

// Hit is a passage or a document that matches.
type Hit struct {
	Rank     int            `json:"rank"`
	Doc      string         `json:"doc"`
	Title    string         `json:"title"`
	Path     string         `json:"path"`
	Headings []string       `json:"headings,omitempty"`
	Start    int            `json:"start"` // bytes of the stored source
	End      int            `json:"end"`
	Place    Place          `json:"place,omitzero"` // of Start
	Score    float32        `json:"score"`
	Text     string         `json:"text"`
	Metadata map[string]any `json:"metadata,omitempty"`
	// Dates are the days that words of Text mean: see Options.Dates.
	Dates []Dated `json:"dates,omitempty"`
	// Terms are what the words of the query bring the hit, where Query.Explain asks.
	Terms []TermShare `json:"-"`
	// Lists say where those of a plan have the hit.
	Lists []ListPlace `json:"lists,omitempty"`
}

// Search finds the k best passages or documents. The result is exact, unless
// Query.Recall allows less: it equals scoring everything; equal scores stand in
// order of addition. A query without a word that could be searched for gives
// ErrNoTerms, a field of vectors that no document has ErrNotFound. A plan's result is
// exact where its lists are, of which it counts as many of the best as it says.
//
// The hit of a document search shows the document's passage that holds most
// of the query.
func (ix *Index) Search(ctx context.Context, q Query) (*Results, error) {
	begin := time.Now()
	if q.K <= 0 {
		q.K = 10
	}
	v, err := ix.store.Snapshot()
	if err != nil {
		return nil, err
	}
	defer v.Release()
	seen, err := Scope{q.Filter, q.Groups}.restrict(v)
	if err != nil {
		return nil, err
	}
	view := newView(seen, q.params())
	ranked, err := ix.ranking(view).Of(q)
	if err != nil {
		return nil, err
	}
	unit, err := ranked.Unit.store()
	if err != nil {
		return nil, err
	}
	show := &shower{ix: ix, view: view, unit: unit, terms: ranked.Terms, idsOnly: q.IDsOnly}
	if q.Fold {
		ranked.Fold(&ix.analyzers, show.text)
	}
	res, err := ranked.Results(ctx, q, func(found []topk.Hit) ([]Hit, error) {
		hits, err := show.hits(ctx, found)
		if err == nil && q.Explain {
			err = ix.explain(view, unit, q.Text, ranked.Terms, found, hits)
		}
		return hits, err
	})
	if err != nil {
		return nil, err
	}
	res.Incomplete = v.Incomplete()
	res.TookMS = float64(time.Since(begin).Microseconds()) / 1000
	return res, nil
}

// ranking is what searches of a view rank by.
func (ix *Index) ranking(v *view) *Ranking {
	return &Ranking{
		Rows:    v.rows(ix.store.Field),
		Terms:   func(question string) ([]search.Term, error) { return ix.terms(v.Snapshot, question) },
		Empty:   func() bool { return v.Rows(store.Documents)+v.Incomplete() == 0 },
		Encoder: ix.used(), Fields: ix.store.VectorFields(), Analyzers: &ix.analyzers,
		Allowed: func(e *filter.Expr) error { return knownFields(v.Snapshot, e) },
		Best: func(doc topk.Row, terms []search.Term) (topk.Row, error) {
			h, err := v.header(doc)
			if err != nil {
				return doc, err
			}
			return ix.bestPassage(v, doc, h, terms)
		},
	}
}

func (q *Query) params() search.Params {
	p := search.Params{K1: 1.2, B: 0.75}
	if q.K1 > 0 {
		p.K1 = q.K1
	}
	if q.B > 0 {
		p.B = q.B
	}
	return p
}

// view is a snapshot as one question uses it.
type view struct {
	*store.Snapshot
	params  search.Params
	headers map[uint64]*store.Header
}

func newView(v *store.Snapshot, p search.Params) *view {
	return &view{Snapshot: v, params: p, headers: map[uint64]*store.Header{}}
}

// rows are those that searches rank.
func (v *view) rows(fields func(string) VectorField) *lists.Snapshot {
	return &lists.Snapshot{Snapshot: v.Snapshot, Params: v.params, Document: v.header, Fields: fields}
}

func (v *view) topK(u store.Unit, terms []search.Term, k int) []topk.Hit {
	t := v.rows(nil).Words(u, terms)
	return search.TopK(t.Sources, t.Terms, t.Stats, t.Params, k)
}

// header reads the header of a document row, once.
func (v *view) header(doc store.Row) (*store.Header, error) {
	ordinal := v.Ordinal(doc)
	if h, ok := v.headers[ordinal]; ok {
		return h, nil
	}
	h, err := v.Header(ordinal)
	if err == nil {
		v.headers[ordinal] = h
	}
	return h, err
}

// A shower makes the hits of one search from rows of its unit.
type shower struct {
	ix      *Index
	view    *view
	unit    store.Unit
	terms   []search.Term
	idsOnly bool
	made    map[store.Row]Hit // what folding has read; none with idsOnly
}

// hit is the hit of a row.
func (s *shower) hit(r topk.Hit, idsOnly bool) (Hit, error) {
	if hit, ok := s.made[r.Row]; ok {
		return hit, nil
	}
	v, doc := s.view, r.Row
	if s.unit == store.Passages {
		doc = v.DocumentOf(r.Row)
	}
	d, err := v.header(doc)
	if err != nil {
		return Hit{}, err
	}
	hit := Hit{Doc: d.ID, End: d.Size, Score: r.Score}
	if idsOnly {
		return hit, nil
	}
	passage := r.Row
	if s.unit == store.Documents {
		if passage, err = s.ix.bestPassage(v, doc, d, s.terms); err != nil {
			return Hit{}, err
		}
	}
	if first, end := v.PassageRows(doc); first < end {
		p := v.Passage(passage)
		hit.Start, hit.End, hit.Headings = p.Start, p.End, p.Headings
	}
	hit.Title, hit.Path, hit.Metadata = d.Title, d.Path, d.AllMetadata()
	if hit.Text, err = v.Text(d, hit.Start, hit.End); err == nil {
		hit.Place, err = v.Place(d, hit.Start)
		hit.Dates = s.ix.dated(d, hit.Text, hit.Start)
	}
	return hit, err
}

// hits are those of rows, ranked.
func (s *shower) hits(ctx context.Context, rows []topk.Hit) ([]Hit, error) {
	hits := make([]Hit, len(rows))
	for i, r := range rows {
		err := ctx.Err()
		if err != nil {
			return nil, err
		}
		if hits[i], err = s.hit(r, s.idsOnly); err != nil {
			return nil, err
		}
		hits[i].Rank = i + 1
	}
	return hits, nil
}

// text is what a row's hit shows.
func (s *shower) text(r topk.Hit) (string, error) {
	hit, err := s.hit(r, false)
	if err != nil {
		return "", err
	}
	if s.made == nil {
		s.made = map[store.Row]Hit{}
	}
	if !s.idsOnly {
		s.made[r.Row] = hit
	}
	return hit.Text, nil
}

// bestPassage picks the passage of a document that holds most terms of the
// query, the first of equals.
func (ix *Index) bestPassage(v *view, doc store.Row, d *store.Header, terms []search.Term) (store.Row, error) {
	const most = 200 // passages looked at
	first, end := v.PassageRows(doc)
	best, bestCount := store.Row{Segment: doc.Segment, Row: first}, 0
	if len(terms) == 0 { // a search by vector
		return best, nil
	}
	wanted := map[string]bool{}
	for _, t := range terms {
		wanted[t.Text] = true
	}
	an, err := ix.analyzers.Get(d.Analyzer)
	if err != nil {
		return best, err
	}
	defer ix.analyzers.Put(an)
	for row := first; row < min(end, first+most); row++ {
		r := store.Row{Segment: doc.Segment, Row: row}
		p := v.Passage(r)
		text, err := v.Text(d, p.Start, p.End)
		if err != nil {
			return best, err
		}
		seen := map[string]bool{}
		an.Each(text, func(term string, _, _ int) {
			if wanted[term] {
				seen[term] = true
			}
		})
		if len(seen) > bestCount {
			best, bestCount = r, len(seen)
		}
	}
	return best, nil
}

package tamis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/internal/neardup"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/search/lists"
	"github.com/tamis-search/tamis/search/plan"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/vector"
)

// Hybrid is the plan of searches by words where a model's vectors weigh too: see Use.
const Hybrid = "hybrid"

// hybrid is what Hybrid stands for, where the Encoder has no Plan of its own: chosen on two of the public sets, see docs/benchmarks.md.
const hybrid = "linear(text, 0.7*dense)"

// ListPlace is where a list of a plan has a hit: its name, the hit's rank and score there.
type ListPlace = plan.Place

// reranked is the plan of searches with a model that reads passages and no plan.
const reranked = "rerank(%s, " + lists.Reranker + ", n=20)"

// Ranking is what a search ranks by at one moment of an index. It is for packages that are
// an Index too.
type Ranking struct {
	Rows lists.Rows
	// Terms analyses the question; Empty says that there is no document.
	Terms func(question string) ([]search.Term, error)
	Empty func() bool
	// Encoder is the one in use, nil where none is; Fields are those of vectors.
	Encoder Encoder
	Fields  []string
	// Allowed says what is wrong with a filter, Best is the passage of a document that
	// its hit shows.
	Allowed   func(e *filter.Expr) error
	Best      func(doc topk.Row, terms []search.Term) (topk.Row, error)
	Analyzers *text.Pool
}

// Ranked is what a query ranks by: a plan, its vector or its words. Unit is that of the
// hits, Terms are the words of the question, Plan is nil where it is none.
type Ranked struct {
	search.Ranker
	Unit  Unit
	Terms []search.Term
	Plan  *plan.Plan
}

// Of is what q ranks by. Errors: ErrInvalid, ErrNotFound for a field of vectors.
func (r *Ranking) Of(q Query) (*Ranked, error) {
	if q.Unit != "" && q.Unit != Passages && q.Unit != Documents {
		return nil, invalidf("unit", "unknown unit %q: use passage or document", string(q.Unit))
	}
	out := &Ranked{Unit: cmp.Or(q.Unit, Passages)}
	planned, err := r.planned(q, out)
	if planned || err != nil {
		return out, err
	}
	if q.Vector != nil {
		out.Ranker, out.Unit, err = r.byVector(q)
		return out, err
	}
	if out.Terms, err = r.terms(&q, true); err != nil {
		return nil, err
	}
	out.Ranker, err = r.Rows.ByWords(out.Unit.vectors(), out.Terms, nil)
	return out, err
}

func (u Unit) vectors() vector.Unit {
	if u == Documents {
		return vector.Documents
	}
	return vector.Passages
}

// expression is the plan of a query: the one that is named, else Hybrid where a model
// weighs; empty where words or a vector alone do.
func (r *Ranking) expression(q Query) (string, error) {
	expr := q.Plan
	if expr == "" && q.Vector == nil {
		if e := r.Encoder; e != nil && e.Kind() == vector.KindDense && slices.Contains(r.Fields, e.Name()) {
			expr = Hybrid
		} else if q.Rerank != nil {
			expr = "text"
		}
	}
	switch {
	case q.Rerank != nil && expr == "":
		return "", invalidf("rerank", "a search by a vector alone asks no model that reads: say with a plan what is to be read, as in rerank(dense, reranker)")
	case expr == "":
		return "", nil
	case expr == Hybrid:
		expr = hybrid
		if e, ok := r.Encoder.(interface{ Plan() string }); ok {
			expr = e.Plan()
		}
	}
	if q.Rerank != nil && q.Plan == "" {
		expr = fmt.Sprintf(reranked, expr)
	}
	return expr, nil
}

// planned ranks by a plan, where there is one.
func (r *Ranking) planned(q Query, out *Ranked) (bool, error) {
	expr, err := r.expression(q)
	if expr == "" || err != nil {
		return false, err
	}
	node, err := plan.Parse(expr)
	if err != nil {
		return false, invalidf("plan", "plan %q: %w", q.Plan, err)
	}
	if err := q.checkRecall(); err != nil {
		return false, err
	}
	names := node.Lists()
	reads := slices.Contains(names, lists.Reranker)
	words := !slices.ContainsFunc(names, func(name string) bool {
		return name != "text" && !strings.HasPrefix(name, "text/") && name != lists.Reranker
	})
	if reads && q.Text == "" {
		return false, invalidf("query", "plan %q: %s reads passages beside a question, and there is none", expr, lists.Reranker)
	}
	if out.Terms, err = r.terms(&q, words); err != nil {
		return false, err
	}
	literal, err := r.literal(q.Text)
	if err != nil {
		return false, err
	}
	source := &lists.Question{Rows: r.Rows, Terms: out.Terms, Literal: literal, Recall: cmp.Or(q.Recall, 1), Analyzers: r.Analyzers, Allowed: r.Allowed}
	source.Vector = func(ctx context.Context, kind vector.Kind, field string) (Vector, string, error) {
		return r.asked(ctx, q, kind, field)
	}
	if reads {
		source.Best = func(doc topk.Row) (topk.Row, error) { return r.Best(doc, out.Terms) }
		source.Judge = judged(q.Rerank, q.Text)
	}
	out.Plan = &plan.Plan{Node: node, Source: source, Unit: out.Unit.vectors()}
	out.Ranker = out.Plan
	return true, nil
}

// literal are the terms of the words of a question that stand for themselves alone.
func (r *Ranking) literal(question string) (map[string]bool, error) {
	of := map[string]bool{}
	for _, w := range text.Literals(question) {
		terms, err := r.Terms(w)
		if err != nil {
			return nil, err
		}
		for _, t := range terms {
			of[t.Text] = true
		}
	}
	return of, nil
}

func (q *Query) checkRecall() error {
	if q.Recall < 0 || q.Recall > 1 || q.Recall != q.Recall {
		return invalidf("recall", "the target recall is %g: give a share such as 0.95", q.Recall)
	}
	return nil
}

// judged has a model read passages beside a question; nil where there is none.
func judged(model encode.Judge, question string) func(context.Context, []string) ([]float32, error) {
	if model == nil {
		return nil
	}
	return func(ctx context.Context, passages []string) ([]float32, error) {
		found, err := model.Judge(ctx, question, passages, 0)
		scores := make([]float32, len(passages))
		for i := range scores {
			if scores[i] = float32(math.NaN()); i < len(found) {
				scores[i] = found[i].Score
			}
		}
		return scores, err
	}
}

// asked is a question as the vectors of a kind, in a field where one is named, compare
// it, and their field: the vector that it has, else one that the Encoder makes.
func (r *Ranking) asked(ctx context.Context, q Query, kind vector.Kind, field string) (Vector, string, error) {
	own := cmp.Or(q.Field, DefaultField)
	if q.Vector != nil && q.Vector.Kind() == kind && (field == "" || field == own) {
		if err := q.Vector.Validate(); err != nil {
			return nil, "", invalidf("vector", "the query's vector: %w", err)
		}
		return q.Vector, own, r.noField(own)
	}
	var e Encoder
	if r.Encoder != nil && q.Text != "" {
		for _, one := range encode.Together(r.Encoder) {
			if one.Kind() == kind && (field == "" || field == one.Name()) {
				e = one
			}
		}
	}
	if e == nil {
		return nil, "", invalidf("plan", "plan: its list of %s vectors has nothing to ask: use a model that made such vectors here, or give the question's vector and its field", kind)
	}
	if err := r.noField(e.Name()); err != nil {
		return nil, "", err
	}
	made, err := questionVector(ctx, e, q.Text)
	return made, e.Name(), err
}

// byVector ranks what the vectors of the query's field stand for by comparing them
// with its vector.
func (r *Ranking) byVector(q Query) (search.Ranker, Unit, error) {
	name := cmp.Or(q.Field, DefaultField)
	unit := Documents
	if r.Rows.Field(name).Unit == vector.Passages {
		unit = Passages
	}
	switch {
	case q.Text != "":
		return nil, "", invalidf("vector", "a query has a text and a vector: give one of them")
	case q.Unit != "" && q.Unit != unit:
		return nil, "", invalidf("unit", "field %q has vectors of the unit %s: ask for that unit, not for %s", name, unit, q.Unit)
	}
	if err := q.checkRecall(); err != nil {
		return nil, "", err
	}
	if err := q.Vector.Validate(); err != nil {
		if errors.Is(err, vector.ErrEmpty) {
			return nil, "", invalidf("vector", "%w: the query's vector is empty", ErrNoTerms)
		}
		return nil, "", invalidf("vector", "the query's vector: %w", err)
	}
	if err := r.noField(name); err != nil {
		return nil, "", err
	}
	asked := lists.Question{Rows: r.Rows, Recall: cmp.Or(q.Recall, 1)}
	ranker, err := asked.By(q.Vector, name)
	if errors.Is(err, vector.ErrKind) || errors.Is(err, vector.ErrFormat) {
		err = invalidf("vector", "the query's vector in field %q: %w", name, err)
	}
	return ranker, unit, err
}

// noField says that a field of vectors was never used, where others were or
// documents are without any.
func (r *Ranking) noField(field string) error {
	switch {
	case slices.Contains(r.Fields, field):
		return nil
	case len(r.Fields) > 0:
		return fmt.Errorf("field %q of vectors: %w; there are %s", field, ErrNotFound, strings.Join(r.Fields, ", "))
	}
	return fmt.Errorf("field %q of vectors: %w; no document has a vector", field, ErrNotFound)
}

// Fold leaves out of what is ranked what nearly repeats a better hit; text is what a hit
// shows.
func (r *Ranked) Fold(analyzers *text.Pool, text func(topk.Hit) (string, error)) {
	r.Ranker = &search.Folded{Of: r.Ranker, Shingles: func(h topk.Hit) ([]uint64, error) {
		shown, err := text(h)
		if err != nil {
			return nil, err
		}
		an, err := analyzers.Get("simple")
		if err != nil {
			return nil, err
		}
		defer analyzers.Put(an)
		words := an.Terms(nil, shown)
		return neardup.Shingles(len(words), func(i int) uint64 { return xxhash.Sum64String(words[i]) }), nil
	}}
}

// Results are the best k; hits shows those that were found.
func (r *Ranked) Results(ctx context.Context, q Query, hits func([]topk.Hit) ([]Hit, error)) (*Results, error) {
	found, err := r.Rank(ctx, q.K)
	if err != nil {
		return nil, planError(err)
	}
	res := &Results{Query: q.Text, K: q.K, Exact: found.Exact, Recall: found.Recall}
	if res.Hits, err = hits(found.Hits); err != nil {
		return nil, err
	}
	if r.Plan != nil {
		res.Plan = r.Plan.Node.String()
		places := r.Plan.Places()
		for i, h := range found.Hits {
			res.Hits[i].Lists = places(h.Row)
		}
	}
	return res, nil
}

// planError says that a plan is wrong where what it asks for is.
func planError(err error) error {
	for _, wrong := range []error{plan.ErrSyntax, lists.ErrNone, vector.ErrKind, vector.ErrFormat} {
		if errors.Is(err, wrong) && !errors.Is(err, ErrInvalid) {
			return invalidf("plan", "plan: %w", err)
		}
	}
	return err
}

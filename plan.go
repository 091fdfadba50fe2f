package tamis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/search/lists"
	"github.com/tamis-search/tamis/search/plan"
	"github.com/tamis-search/tamis/store"
	"github.com/tamis-search/tamis/vector"
)

// Hybrid is the plan of searches by words where a model's vectors weigh too: see Use.
const Hybrid = "hybrid"

// hybrid is what Hybrid stands for: chosen on two of the public sets, see docs/benchmarks.md.
const hybrid = "linear(text, 0.7*dense)"

// ListPlace is where a list of a plan has a hit: its name, the hit's rank and score there.
type ListPlace = plan.Place

// lists are those of a question over a view.
func (v *view) lists(terms []search.Term) *lists.Question {
	return &lists.Question{Snapshot: v.Snapshot, Params: v.params, Terms: terms, Document: v.header}
}

// reranked is the plan of searches with a model that reads passages and no plan.
const reranked = "rerank(%s, " + lists.Reranker + ", n=20)"

// planned ranks by a plan: the one that is named, else Hybrid where a model weighs; nil
// where words alone do.
func (ix *Index) planned(v *view, unit store.Unit, q Query) (*plan.Plan, []search.Term, error) {
	expr := q.Plan
	if expr == "" && q.Vector == nil {
		if e := ix.used(); e != nil && e.Kind() == vector.KindDense && slices.Contains(ix.store.VectorFields(), e.Name()) {
			expr = Hybrid
		} else if q.Rerank != nil {
			expr = "text"
		}
	}
	switch {
	case q.Rerank != nil && expr == "":
		return nil, nil, invalidf("rerank", "a search by a vector alone asks no model that reads: say with a plan what is to be read, as in rerank(dense, reranker)")
	case expr == "":
		return nil, nil, nil
	case expr == Hybrid:
		expr = hybrid
	}
	if q.Rerank != nil && q.Plan == "" {
		expr = fmt.Sprintf(reranked, expr)
	}
	node, err := plan.Parse(expr)
	if err != nil {
		return nil, nil, invalidf("plan", "plan %q: %w", q.Plan, err)
	}
	if q.Recall < 0 || q.Recall > 1 || q.Recall != q.Recall {
		return nil, nil, invalidf("recall", "the target recall is %g: give a share such as 0.95", q.Recall)
	}
	terms, err := ix.terms(v.Snapshot, q.Text)
	if err != nil {
		return nil, nil, err
	}
	names := node.Lists()
	reads := slices.Contains(names, lists.Reranker)
	if reads && q.Text == "" {
		return nil, nil, invalidf("query", "plan %q: %s reads passages beside a question, and there is none", expr, lists.Reranker)
	}
	words := !slices.ContainsFunc(names, func(name string) bool {
		return name != "text" && !strings.HasPrefix(name, "text/") && name != lists.Reranker
	})
	if words && len(terms) == 0 && v.Rows(store.Documents)+v.Incomplete() > 0 {
		return nil, nil, AsInvalid(fmt.Errorf("%q: %w", q.Text, ErrNoTerms))
	}
	source := v.lists(terms)
	source.Recall = cmp.Or(q.Recall, 1)
	source.Field, source.Analyzers = ix.store.Field, &ix.analyzers
	source.Allowed = func(e *filter.Expr) error { return knownFields(v.Snapshot, e) }
	source.Vector = func(ctx context.Context, kind vector.Kind, field string) (Vector, string, error) {
		return ix.asked(ctx, q, kind, field)
	}
	if reads {
		ix.reading(source, v, q)
	}
	p := &plan.Plan{Node: node, Source: source}
	if unit == store.Passages {
		p.Unit = vector.Passages
	}
	return p, terms, nil
}

// reading gives a question's lists the model that reads passages.
func (ix *Index) reading(source *lists.Question, v *view, q Query) {
	source.Best = func(doc topk.Row) (topk.Row, error) {
		h, err := v.header(doc)
		if err != nil {
			return doc, err
		}
		return ix.bestPassage(v, doc, h, source.Terms)
	}
	if q.Rerank == nil {
		return
	}
	source.Judge = func(ctx context.Context, passages []string) ([]float32, error) {
		found, err := q.Rerank.Judge(ctx, q.Text, passages, 0)
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
func (ix *Index) asked(ctx context.Context, q Query, kind vector.Kind, field string) (Vector, string, error) {
	own := cmp.Or(q.Field, DefaultField)
	if q.Vector != nil && q.Vector.Kind() == kind && (field == "" || field == own) {
		if err := q.Vector.Validate(); err != nil {
			return nil, "", invalidf("vector", "the query's vector: %w", err)
		}
		return q.Vector, own, ix.noField(own)
	}
	e := ix.used()
	if e == nil || e.Kind() != kind || field != "" && field != e.Name() || q.Text == "" {
		return nil, "", invalidf("plan", "plan: its list of %s vectors has nothing to ask: use a model that made such vectors here, or give the question's vector and its field", kind)
	}
	if err := ix.noField(e.Name()); err != nil {
		return nil, "", err
	}
	made, err := questionVector(ctx, e, q.Text)
	return made, e.Name(), err
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

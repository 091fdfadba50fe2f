// Package lists has the lists that plans are made of over a snapshot of a store: the
// words of a question, and its vectors in the fields that have them.
package lists

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/search/plan"
	"github.com/tamis-search/tamis/store"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/vector"
)

// ErrNone is wrapped where a plan names a list that is not there.
var ErrNone = errors.New("there is no such list")

// Question is what is asked of a snapshot; it is the source of the lists of a plan.
type Question struct {
	*store.Snapshot
	Terms  []search.Term
	Params search.Params
	// Recall, up to 1, is that of searches by vector.
	Recall float32
	// Vector is the question as the vectors of a kind compare it, and the field that has
	// these; of the field named, where one is.
	Vector func(ctx context.Context, kind vector.Kind, field string) (vector.Value, string, error)
	// Field says how a field keeps its vectors.
	Field func(name string) vector.Field
	// Judge says how well passages answer the question; nil where no model reads them. Best
	// is the passage of a document that stands for it.
	Judge func(ctx context.Context, passages []string) ([]float32, error)
	Best  func(doc topk.Row) (topk.Row, error)
	// Allowed says what is wrong with a filter; nil where it may be asked.
	Allowed func(e *filter.Expr) error
	// Analyzers are those of the index, Document reads a header.
	Analyzers *text.Pool
	Document  func(doc topk.Row) (*store.Header, error)
}

// kinds are the names of lists by vector; ":" and the name of a field may follow.
var kinds = map[string]vector.Kind{"dense": vector.KindDense, "sparse": vector.KindSparse, "multi": vector.KindMulti}

// List is that of plan.Source: text, dense, sparse, multi, reranker.
func (q *Question) List(ctx context.Context, name string, unit vector.Unit) (*plan.List, error) {
	switch name {
	case "text":
		return q.words(unit), nil
	case Reranker:
		return q.judged(unit)
	}
	of, field, _ := strings.Cut(name, ":")
	kind, ok := kinds[of]
	if !ok {
		return nil, fmt.Errorf("%w: %q; there are text, dense, sparse, multi and reranker, dense, sparse and multi with :FIELD where there are several", ErrNone, name)
	}
	v, field, err := q.Vector(ctx, kind, field)
	if err != nil {
		return nil, err
	}
	return q.vectors(v, field)
}

// Words ranks rows of a unit by terms.
func (q *Question) Words(unit store.Unit, terms []search.Term) *search.Text {
	t := &search.Text{Terms: terms, Params: q.Params}
	if len(terms) == 0 {
		return t
	}
	for _, s := range q.Spaces(unit) {
		t.Sources = append(t.Sources, search.Source{Inverted: s.Inverted, Visible: s.Visible})
	}
	names := make([]string, len(terms))
	for i, t := range terms {
		names[i] = t.Text
	}
	t.Stats = search.Stats(q.Statistics(unit, names))
	return t
}

func (q *Question) words(unit vector.Unit) *plan.List {
	of := store.Documents
	if unit == vector.Passages {
		of = store.Passages
	}
	all := q.Words(of, q.Terms)
	return &plan.List{Unit: unit, Ranker: all,
		Score: func(ctx context.Context, rows []topk.Row) ([]float32, error) {
			some := *all
			some.Sources = make([]search.Source, len(all.Sources))
			for i, s := range all.Sources {
				some.Sources[i] = search.Source{Inverted: s.Inverted, Visible: make([]uint64, (s.Inverted.Rows()+63)/64)}
			}
			for _, r := range rows {
				if r.Segment < len(some.Sources) {
					some.Sources[r.Segment].Visible[r.Row>>6] |= 1 << (r.Row & 63)
				}
			}
			return scores(ctx, &some, rows)
		},
		Feedback: func(ctx context.Context, found []topk.Hit, f plan.Feedback) (search.Ranker, error) {
			terms, err := q.expanded(of, found, f)
			return q.Words(of, terms), err
		},
	}
}

// scores asks a ranker of no other rows for those of rows.
func scores(ctx context.Context, of search.Ranker, rows []topk.Row) ([]float32, error) {
	r, err := of.Rank(ctx, len(rows))
	if err != nil {
		return nil, err
	}
	has := make(map[topk.Row]float32, len(r.Hits))
	for _, h := range r.Hits {
		has[h.Row] = h.Score
	}
	out := make([]float32, len(rows))
	for i, row := range rows {
		s, ok := has[row]
		if !ok {
			s = float32(math.NaN())
		}
		out[i] = s
	}
	return out, nil
}

// By ranks what the vectors of a field stand for by a vector.
func (q *Question) By(v vector.Value, field string) (*search.Vectors, error) {
	r := &search.Vectors{Recall: q.Recall}
	for _, s := range q.VectorSpaces(field) {
		r.Sources = append(r.Sources, search.VectorSource(s))
	}
	if len(r.Sources) == 0 {
		return r, nil
	}
	var err error
	r.Query, err = q.QueryVector(q.Field(field), v)
	return r, err
}

func (q *Question) vectors(v vector.Value, field string) (*plan.List, error) {
	all, err := q.By(v, field)
	if err != nil {
		return nil, err
	}
	l := &plan.List{Unit: q.Field(field).Unit, Ranker: all}
	l.Score = func(ctx context.Context, rows []topk.Row) ([]float32, error) {
		some := *all
		some.Recall = 1
		some.Sources = make([]search.VectorSource, len(all.Sources))
		for i, s := range all.Sources {
			of := map[uint32]bool{}
			for _, r := range rows {
				if r.Segment == s.Segment {
					of[r.Row] = true
				}
			}
			s.Visible = s.Visible.And(s.Vectors.Mask(func(row uint32) bool { return of[s.Vectors.Row(row)] }))
			some.Sources[i] = s
		}
		return scores(ctx, &some, rows)
	}
	switch asked := all.Query.(type) {
	case vector.Dense:
		l.Feedback = func(_ context.Context, found []topk.Hit, f plan.Feedback) (search.Ranker, error) {
			return q.By(q.towards(asked, field, found, f.By), field)
		}
	case vector.Sparse:
		l.Feedback = func(_ context.Context, found []topk.Hit, f plan.Feedback) (search.Ranker, error) {
			v, err := q.closer(asked, field, found, f)
			if err != nil {
				return nil, err
			}
			return q.By(v, field)
		}
	}
	return l, nil
}

// Match is that of plan.Source.
func (q *Question) Match(s string) (func(doc topk.Row) (bool, error), error) {
	e, err := filter.Parse(s)
	if err == nil && q.Allowed != nil {
		err = q.Allowed(e)
	}
	if err != nil {
		return nil, fmt.Errorf("filter %q: %w", s, err)
	}
	return func(doc topk.Row) (bool, error) {
		h, err := q.Document(doc)
		if err != nil {
			return false, err
		}
		return e.Match(ingest.Metadata(h.Document("", nil))), nil
	}, nil
}

// Modified is that of plan.Source.
func (q *Question) Modified(doc topk.Row) (time.Time, error) {
	h, err := q.Document(doc)
	if err != nil {
		return time.Time{}, err
	}
	return h.ModTime, nil
}

// Package lists has the lists that plans are made of, over any index that can be read as
// Rows says: the words of a question, and its vectors in the fields that have them.
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
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/vector"
)

// ErrNone is wrapped where a plan names a list that is not there.
var ErrNone = errors.New("there is no such list")

// Rows are those of an index at one moment, as far as the asker may see it, and what ranks
// them: a Snapshot of a store, or a moment of a cluster.
type Rows interface {
	DocumentOf(passage topk.Row) topk.Row
	PassageRows(doc topk.Row) (first, end uint32)
	// Header is that of a document.
	Header(doc topk.Row) (*record.Header, error)
	// Beginning is the first bytes of a row's text, most of them at most.
	Beginning(unit vector.Unit, row topk.Row, most int) (*record.Header, string, error)
	// ByWords ranks rows of a unit by terms: all, or those of only, where it is not nil.
	ByWords(unit vector.Unit, terms []search.Term, only []topk.Row) (search.Ranker, error)
	// Frequencies are how many rows of a unit have each term.
	Frequencies(unit vector.Unit, terms []string) ([]int, error)
	// Field says how a field keeps its vectors, and Compared is a question's vector as
	// these are compared with it; nil where there are none.
	Field(name string) vector.Field
	Compared(v vector.Value, field string) (vector.Value, error)
	// ByVector ranks what the vectors of a field stand for by one of Compared: all, or
	// those of only, where it is not nil.
	ByVector(v vector.Value, field string, recall float32, only []topk.Row) (search.Ranker, error)
	// Stored are the vectors of rows in a field, with terms of the numbers that those of
	// Compared have; nil where a row has none.
	Stored(field string, rows []topk.Row) ([]vector.Value, error)
}

// Question is what is asked of an index; it is the source of the lists of a plan.
type Question struct {
	Rows
	Terms []search.Term
	// Literal are those of Terms that stand for themselves alone, beside those that look so
	// (text.Literal): of names. Feedback leaves them their weight.
	Literal map[string]bool
	// Recall, up to 1, is that of searches by vector.
	Recall float32
	// Vector is the question as the vectors of a kind compare it, and the field that has
	// these; of the field named, where one is.
	Vector func(ctx context.Context, kind vector.Kind, field string) (vector.Value, string, error)
	// Judge says how well passages answer the question; nil where no model reads them. Best
	// is the passage of a document that stands for it.
	Judge func(ctx context.Context, passages []string) ([]float32, error)
	Best  func(doc topk.Row) (topk.Row, error)
	// Allowed says what is wrong with a filter; nil where it may be asked.
	Allowed func(e *filter.Expr) error
	// Analyzers are those of the index.
	Analyzers *text.Pool
}

// kinds are the names of lists by vector; ":" and the name of a field may follow.
var kinds = map[string]vector.Kind{"dense": vector.KindDense, "sparse": vector.KindSparse, "multi": vector.KindMulti}

// List is that of plan.Source: text, dense, sparse, multi, reranker.
func (q *Question) List(ctx context.Context, name string, unit vector.Unit) (*plan.List, error) {
	switch name {
	case "text":
		return q.words(unit)
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

func (q *Question) words(unit vector.Unit) (*plan.List, error) {
	all, err := q.ByWords(unit, q.Terms, nil)
	if err != nil {
		return nil, err
	}
	return &plan.List{Unit: unit, Ranker: all,
		Score: func(ctx context.Context, rows []topk.Row) ([]float32, error) {
			some, err := q.ByWords(unit, q.Terms, notNil(rows))
			if err != nil {
				return nil, err
			}
			return Scores(ctx, some, rows)
		},
		Feedback: func(ctx context.Context, found []topk.Hit, f plan.Feedback) (search.Ranker, error) {
			terms, err := q.expanded(unit, found, f)
			if err != nil {
				return nil, err
			}
			return q.ByWords(unit, terms, nil)
		},
	}, nil
}

// notNil keeps no rows from being all rows.
func notNil(rows []topk.Row) []topk.Row {
	if rows == nil {
		rows = []topk.Row{}
	}
	return rows
}

// Scores asks a ranker of no other rows for those of rows.
func Scores(ctx context.Context, of search.Ranker, rows []topk.Row) ([]float32, error) {
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
func (q *Question) By(v vector.Value, field string) (search.Ranker, error) {
	asked, err := q.Compared(v, field)
	if err != nil {
		return nil, err
	}
	return q.ByVector(asked, field, q.Recall, nil)
}

func (q *Question) vectors(v vector.Value, field string) (*plan.List, error) {
	asked, err := q.Compared(v, field)
	if err != nil {
		return nil, err
	}
	all, err := q.ByVector(asked, field, q.Recall, nil)
	if err != nil {
		return nil, err
	}
	l := &plan.List{Unit: q.Field(field).Unit, Ranker: all}
	l.Score = func(ctx context.Context, rows []topk.Row) ([]float32, error) {
		some, err := q.ByVector(asked, field, 1, notNil(rows))
		if err != nil {
			return nil, err
		}
		return Scores(ctx, some, rows)
	}
	switch asked := asked.(type) {
	case vector.Dense:
		l.Vectors = func(rows []topk.Row) ([]vector.Dense, error) { return q.dense(field, rows) }
		l.Feedback = func(_ context.Context, found []topk.Hit, f plan.Feedback) (search.Ranker, error) {
			moved, err := q.towards(asked, field, found, f.By)
			if err != nil {
				return nil, err
			}
			return q.By(moved, field)
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
		h, err := q.Header(doc)
		if err != nil {
			return false, err
		}
		return e.Match(ingest.Metadata(h.Document("", nil))), nil
	}, nil
}

// Modified is that of plan.Source.
func (q *Question) Modified(doc topk.Row) (time.Time, error) {
	h, err := q.Header(doc)
	if err != nil {
		return time.Time{}, err
	}
	return h.ModTime, nil
}

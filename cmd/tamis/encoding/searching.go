package encoding

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/search/lists"
	"github.com/tamis-search/tamis/search/plan"
)

// Searching is what ranks in tamis search: models and a plan.
type Searching struct {
	Flag
	reader string
	Plan   string
	// Move, where not nil, gives a query the vector to ask by. The model that is asked is nil
	// where words alone count.
	Move func(ctx context.Context, e tamis.Encoder, q *tamis.Query) error
}

// Add makes the flags.
func (s *Searching) Add(f *pflag.FlagSet) {
	s.AddAsking(f)
	AddReranker(f, &s.reader, "reads passages beside the query: reranker in a plan; without one it orders the best 20 anew")
	f.StringVar(&s.Plan, "plan", "", "what ranks: text, dense, hybrid, or an expression (default: text; hybrid where a model made vectors)")
}

// Ranked says that a plan or a model that reads passages is to rank, and not a vector alone.
func (s *Searching) Ranked() bool { return s.Plan != "" || s.reader != "" }

// Open has ix and q rank by what the flags name. The caller calls done in the end.
func (s *Searching) Open(ctx context.Context, ix engine.Index, q *tamis.Query, warn func(format string, args ...any)) (done func() error, err error) {
	var reader io.Closer = nobody{}
	if s.reader != "" {
		if n, err := plan.Parse(s.Plan); err == nil && !slices.Contains(n.Lists(), lists.Reranker) {
			return nil, flags.Usagef("--rerank names a model that the plan does not ask: --plan 'rerank(%s, reranker, n=50)'", s.Plan)
		}
		r, err := Reranker(s.reader)
		if err != nil {
			return nil, err
		}
		q.Rerank, reader = r, r
	}
	of, by, err := s.useToSearch(ctx, ix, s.Plan, warn)
	if err != nil {
		return nil, errors.Join(err, reader.Close())
	}
	if q.Plan = by; s.Move != nil {
		e, _ := of.(tamis.Encoder)
		if err := s.Move(ctx, e, q); err != nil {
			return nil, errors.Join(err, of.Close(), reader.Close())
		}
	}
	if q.Plan != "" && s.Plan == "" && q.Rerank != nil {
		q.Plan = "rerank(" + q.Plan + ", reranker, n=20)"
	}
	return func() error { return errors.Join(of.Close(), reader.Close()) }, nil
}

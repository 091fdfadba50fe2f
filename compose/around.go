package compose

import (
	"context"
	"errors"
	"fmt"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/pack/needs"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/text"
)

// around packs what a range of a document needs to be understood. Of the request's Pack
// the budget, the counter, the rendering and the window count.
func around(ctx context.Context, from Index, analyzers *text.Pool, r Request) (*render.Context, error) {
	doc, err := from.Find(r.Around.Doc)
	if errors.Is(err, record.ErrNotFound) {
		return nil, fmt.Errorf("there is no such document among those that may be seen here: %w", err)
	}
	if err != nil {
		return nil, err
	}
	words := analyzers.Loan()
	defer words.Release()
	c, err := needs.Context(ctx, from, words, needs.Request{
		Doc: doc, Start: r.Around.Start, End: r.Around.End,
		Budget: r.Pack.Budget, Counter: r.Pack.Counter, Render: r.Pack.Render, Window: r.Pack.Window,
		Terms: func(name string) ([]search.Term, error) { return Terms(from, analyzers, name) },
		IDF:   IDF(from, nil),
	})
	if err != nil {
		return nil, err
	}
	return c, setPlaces(from, func(id string) (topk.Row, bool) {
		row, err := from.Find(id)
		return row, err == nil
	}, c)
}

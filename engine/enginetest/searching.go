package enginetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/ingest"
)

func ranking(t *testing.T, p *pair) {
	p.add(short(200, 3)...)
	r := rand.New(rand.NewPCG(3, 2))
	for range 40 {
		var q []string
		for range 1 + r.IntN(4) {
			q = append(q, words[r.IntN(len(words))])
		}
		unit := tamis.Passages
		if r.IntN(2) == 0 {
			unit = tamis.Documents
		}
		p.ranked(tamis.Query{Text: strings.Join(q, " "), K: 1 + r.IntN(30), Unit: unit})
	}
}

// someMetadata has values of every kind, some of which nearly equal others.
func someMetadata(r *rand.Rand) map[string]any {
	m := map[string]any{}
	for _, field := range []string{"a", "b", "with space", "9:odd"} {
		switch r.IntN(8) {
		case 0:
			m[field] = []float64{-1.5, -1, 0, 1e-300, 1, 2, 1e300}[r.IntN(7)]
		case 1:
			m[field] = r.IntN(2) == 0
		case 2:
			m[field] = []string{"x", "", "xy", "é", "2020-01-01", "2020-01-01T12:00:00+02:00", "x\x00", strings.Repeat("long ", 1000), strings.Repeat("long ", 1000) + "er"}[r.IntN(9)]
		case 3:
			m[field] = []string{"x", "xy", "z"}[r.IntN(3):]
		}
	}
	return m
}

func someFilter(r *rand.Rand, depth int) *filter.Expr {
	if depth > 0 && r.IntN(2) == 0 {
		op := []filter.Op{filter.And, filter.Or, filter.Not}[r.IntN(3)]
		e := &filter.Expr{Op: op, Args: []*filter.Expr{someFilter(r, depth-1)}}
		if op != filter.Not {
			e.Args = append(e.Args, someFilter(r, depth-1))
		}
		return e
	}
	field := []string{"a", "b", "with space", "9:odd"}[r.IntN(4)]
	value := func() filter.Value {
		f := filter.Fields{}
		for len(f) == 0 {
			for k, v := range someMetadata(r) {
				if f.Set(k, v); len(f[k]) > 0 {
					return f[k][r.IntN(len(f[k]))]
				}
			}
		}
		return filter.Value{}
	}
	op := []filter.Op{filter.Has, filter.Equal, filter.Less, filter.AtMost, filter.Greater, filter.AtLeast, filter.Prefix}[r.IntN(7)]
	e := &filter.Expr{Op: op, Field: field, Values: []filter.Value{value()}}
	switch v := e.Values[0]; {
	case op == filter.Has:
		e.Values = nil
	case op == filter.Prefix && (v.Kind != filter.Keyword || len(v.Text) > 1000):
		e.Values[0] = filter.Value{Kind: filter.Keyword, Text: "x"}
	case op == filter.Equal && r.IntN(2) == 0:
		e.Values = append(e.Values, value())
	}
	return e
}

// ordersLong says that a filter compares a long keyword by its order.
func ordersLong(e *filter.Expr) bool {
	ordered := e.Op == filter.Less || e.Op == filter.AtMost || e.Op == filter.Greater || e.Op == filter.AtLeast
	return ordered && len(e.Values[0].Text) > 1000 || slices.ContainsFunc(e.Args, ordersLong)
}

func filters(t *testing.T, p *pair) {
	r := rand.New(rand.NewPCG(4, 2))
	docs := short(120, 4)
	for i := range docs {
		docs[i].Source += " everywhere"
		docs[i].Metadata = someMetadata(r)
		if i%5 == 0 {
			docs[i].ModTime = time.Date(2020, 1, i%28+1, 0, 0, 0, 0, time.UTC)
		}
	}
	if _, err := p.subject.Add(t.Context(), sequence(docs)); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		e := someFilter(r, 2)
		text := e.String()
		if ordersLong(e) { // an engine may say that it does not
			_, err := p.subject.Search(t.Context(), tamis.Query{Text: "everywhere", Filter: text})
			if err != nil && !errors.Is(err, tamis.ErrInvalid) {
				t.Errorf("%.100s: %v", text, err)
			}
			continue
		}
		if again, err := filter.Parse(text); err != nil || again.String() != text {
			continue // what cannot be written cannot be asked
		}
		var want []string
		for i := range docs {
			if e.Match(ingest.Metadata(&docs[i])) {
				want = append(want, docs[i].ID)
			}
		}
		for _, unit := range []tamis.Unit{tamis.Passages, tamis.Documents} {
			res, err := p.subject.Search(t.Context(), tamis.Query{Text: "everywhere", K: 200, Filter: text, Unit: unit, IDsOnly: true})
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			var got []string
			for _, h := range res.Hits {
				got = append(got, h.Doc)
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%.300s: finds %v, not %v", text, got, want)
			}
		}
	}
}

func groups(t *testing.T, p *pair) {
	docs := short(12, 5)
	for i := range docs {
		docs[i].Source = "secret sieve of the mill, number " + fmt.Sprint(i)
		switch i % 4 {
		case 1:
			docs[i].Metadata = map[string]any{"groups": "staff"}
		case 2:
			docs[i].Metadata = map[string]any{"groups": []string{"staff", "board"}}
		case 3:
			docs[i].Metadata = map[string]any{"groups": 3.0} // nobody
		}
	}
	p.add(docs...)
	for _, g := range [][]string{{}, {"staff"}, {"board"}, {"board", "staff"}, {"nobody"}} {
		found := [2][]string{}
		for i, ix := range p.indexes {
			res, err := ix.Search(t.Context(), tamis.Query{Text: "secret mill", K: 50, Groups: g})
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range res.Hits {
				found[i] = append(found[i], h.Doc)
			}
			slices.Sort(found[i])
		}
		if !slices.Equal(found[0], found[1]) {
			t.Errorf("groups %q see %v, embedded %v", g, found[1], found[0])
		}
		scope := tamis.Scope{Groups: g}
		p.same(fmt.Sprintf("%q list and count", g), func(ix engine.Index) (any, error) {
			var ids []string
			for p := (tamis.Page{Limit: 3}); ; {
				list, next, err := ix.Documents(t.Context(), p, scope)
				if err != nil {
					return nil, err
				}
				for _, d := range list {
					ids = append(ids, d.ID)
				}
				if p.After = next; next == "" {
					break
				}
			}
			documents, passages, err := ix.Count(scope)
			return []any{ids, documents, passages}, err
		})
		for _, d := range docs {
			p.same(fmt.Sprintf("%q open %s", g, d.ID), func(ix engine.Index) (any, error) {
				_, err := ix.Source(t.Context(), d.ID, scope)
				_, err2 := ix.Show(t.Context(), d.ID, 0, 3, 0, scope)
				return []bool{errors.Is(err, tamis.ErrNotFound), errors.Is(err2, tamis.ErrNotFound)}, nil
			})
		}
		p.same(fmt.Sprintf("context of %q", g), func(ix engine.Index) (any, error) {
			c, err := ix.Context(t.Context(), "the secret of the mill", tamis.Budget{Tokens: 200}, scope)
			if err != nil {
				return nil, err
			}
			return c.Text, nil
		})
	}
}

func badInput(t *testing.T, p *pair) {
	p.same("no terms in nothing", func(ix engine.Index) (any, error) {
		res, err := ix.Search(t.Context(), tamis.Query{Text: "?"})
		if err != nil {
			return nil, err
		}
		return len(res.Hits), nil
	})
	p.add(short(5, 9)...)
	for _, q := range []tamis.Query{{Text: "?!"}, {Text: "mill", Filter: "year >"}, {Text: "mill", Filter: "nosuch = 1"}, {Text: "mill", Unit: "word"}} {
		p.same(fmt.Sprintf("%+v", q), func(ix engine.Index) (any, error) {
			_, err := ix.Search(t.Context(), q)
			if !errors.Is(err, tamis.ErrInvalid) {
				t.Errorf("%+v: %v is not ErrInvalid", q, err)
			}
			return nil, err
		})
	}
	for _, b := range []tamis.Budget{{Tokens: 1}, {Tokens: 100, Counter: "nosuch"}, {Tokens: -5}} {
		p.same(fmt.Sprintf("%+v", b), func(ix engine.Index) (any, error) {
			_, err := ix.Context(t.Context(), "the sieve and the flour", b)
			if !errors.Is(err, tamis.ErrInvalid) {
				t.Errorf("%+v: %v is not ErrInvalid", b, err)
			}
			return nil, err
		})
	}
	p.same("receipt", func(ix engine.Index) (any, error) { return ix.Replay(t.Context(), &tamis.Context{}, tamis.Scope{}) })
}

func lacks(t *testing.T, p *pair) {
	p.add(short(5, 10)...)
	for c, q := range map[engine.Capability]tamis.Query{
		engine.Vectors: {Vector: tamis.Sparse{"1": 1}}, engine.Plans: {Text: "mill", Plan: "text"},
		engine.Folding: {Text: "mill", Fold: true}, engine.Parameters: {Text: "mill", K1: 2},
	} {
		if engine.Has(p.subject, c) {
			continue
		}
		if _, err := p.subject.Search(t.Context(), q); !errors.Is(err, engine.ErrLacks) {
			t.Errorf("%s: %v", c, err)
		}
	}
}

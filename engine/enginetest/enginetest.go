// Package enginetest holds an engine to what an index is: it does the same things with
// it and with the embedded one, and compares what they answer. What an engine says it
// lacks is held to be an error that says so.
package enginetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/ingest"
)

// Opener opens an empty index of the engine, which ends with the test.
type Opener func(t *testing.T) engine.Index

// Run runs all tests.
func Run(t *testing.T, open Opener) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *pair)
	}{
		{"Adding", adding}, {"Deleting", deleting}, {"Ranking", ranking}, {"Filters", filters}, {"Groups", groups},
		{"Contexts", contexts}, {"Replay", replay}, {"Showing", showing}, {"Names", names}, {"BadInput", badInput},
		{"Lacks", lacks}, {"Long", long}, {"Sparse", sparse}, {"Dense", dense}, {"PassageVectors", passageVectors}, {"Plans", plans}, {"Aggregates", aggregates}, {"Folding", folding},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, both(t, open)) })
	}
	t.Run("Writers", func(t *testing.T) { writers(t, open(t)) })
	t.Run("Cancelled", func(t *testing.T) { cancelled(t, open(t)) })
}

// pair is an embedded index and one of the engine, with the same documents.
type pair struct {
	t        *testing.T
	oracle   *tamis.Index
	subject  engine.Index
	indexes  [2]engine.Index
	distance float64 // by which a score may differ, as a share of it
	floor    float64 // or of this
}

func both(t *testing.T, open Opener) *pair {
	t.Helper()
	oracle, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = oracle.Close() })
	p := &pair{t: t, oracle: oracle, subject: open(t), distance: 1e-5}
	p.indexes = [2]engine.Index{p.oracle, p.subject}
	return p
}

func sequence(docs []tamis.Document) iter.Seq2[tamis.Document, error] {
	return func(yield func(tamis.Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// same has both indexes do something, and holds what they answer to be the same JSON, or
// errors of the same text.
func (p *pair) same(what string, do func(ix engine.Index) (any, error)) {
	p.t.Helper()
	var out [2]string
	for i, ix := range p.indexes {
		v, err := do(ix)
		if err != nil {
			out[i] = "error: " + err.Error()
			continue
		}
		b, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			p.t.Fatal(err)
		}
		out[i] = string(b)
	}
	if out[0] != out[1] {
		p.t.Errorf("%s: embedded\n%s\nthis engine\n%s", what, out[0], out[1])
	}
}

func (p *pair) add(docs ...tamis.Document) {
	p.t.Helper()
	p.same("add", func(ix engine.Index) (any, error) { return ix.Add(p.t.Context(), sequence(docs)) })
}

// words of texts whose lengths every engine stores as they are: below 24 terms.
var words = strings.Fields("sieve flour grain mill stone water wheel river bridge road town market bread oven salt butter honey apple knife table")

// short are documents of one short passage.
func short(n int, seed uint64) []tamis.Document {
	r := rand.New(rand.NewPCG(seed, 1))
	docs := make([]tamis.Document, n)
	for i := range docs {
		var text []string
		for range 3 + r.IntN(12) {
			text = append(text, words[min(r.IntN(len(words)), r.IntN(len(words)))])
		}
		docs[i] = tamis.Document{ID: fmt.Sprintf("doc%03d", i), Title: words[r.IntN(len(words))], Source: strings.Join(text, " ") + ".", Lang: "en"}
	}
	return docs
}

func adding(t *testing.T, p *pair) {
	docs := short(20, 1)
	p.add(docs...)
	p.add(docs...)
	docs[3].Source, docs[7].Title = "another text", "another title"
	docs[9].Metadata = map[string]any{"year": 2020.0, "odd": map[string]any{"a": 1}, "groups": 5.0}
	p.add(docs...)
	p.add(docs[0], docs[0], tamis.Document{Source: "no id"}, tamis.Document{ID: "bad\xff"}, tamis.Document{ID: "b", Source: "\xff"}, tamis.Document{ID: "empty"})
	p.same("source", func(ix engine.Index) (any, error) { return ix.Source(t.Context(), "doc003", tamis.Scope{}) })
	p.same("empty", func(ix engine.Index) (any, error) { return ix.Source(t.Context(), "empty", tamis.Scope{}) })
	p.same("absent", func(ix engine.Index) (any, error) {
		_, err := ix.Source(t.Context(), "nobody", tamis.Scope{Groups: []string{}})
		return errors.Is(err, tamis.ErrNotFound), nil
	})
	p.distance = .3 // an engine may count what was replaced until it is merged away
	p.ranked(tamis.Query{Text: "another sieve", K: 20})
}

func deleting(t *testing.T, p *pair) {
	docs := short(30, 2)
	p.add(docs...)
	p.same("delete", func(ix engine.Index) (any, error) {
		return ix.Delete(t.Context(), "doc003", "nobody", "doc004", "doc003")
	})
	for i, ix := range p.indexes {
		for _, unit := range []tamis.Unit{tamis.Passages, tamis.Documents} {
			res, err := ix.Search(t.Context(), tamis.Query{Text: strings.Join(words, " "), K: 100, Unit: unit})
			if err != nil {
				t.Fatal(err)
			}
			if len(res.Hits) != 28 {
				t.Errorf("index %d finds %d %ss after deleting, not 28", i, len(res.Hits), unit)
			}
		}
	}
	p.add(docs[3])
	p.same("source", func(ix engine.Index) (any, error) { return ix.Source(t.Context(), "doc003", tamis.Scope{}) })
}

// ranked holds the hits of a search to be those of the oracle: scores within a distance,
// the same order where they are further apart than that.
func (p *pair) ranked(q tamis.Query) {
	p.t.Helper()
	all := q
	if q.Plan == "" { // a plan counts more of its lists for more hits
		all.K = 1000
	}
	want, err := p.oracle.Search(p.t.Context(), all)
	if err != nil {
		p.t.Fatal(err)
	}
	got, err := p.subject.Search(p.t.Context(), q)
	if err != nil {
		p.t.Fatalf("%+v: %v", q, err)
	}
	if got.Exact != want.Exact || got.Plan != want.Plan {
		p.t.Errorf("%+v: exact %t by plan %q, not %t by %q", q, got.Exact, got.Plan, want.Exact, want.Plan)
	}
	if len(got.Hits) != min(q.K, len(want.Hits)) {
		p.t.Fatalf("%q: %d hits, not %d", q.Text, len(got.Hits), min(q.K, len(want.Hits)))
	}
	score := map[string]tamis.Hit{}
	for _, h := range want.Hits {
		score[fmt.Sprint(h.Doc, h.Start)] = h
	}
	for i, h := range got.Hits {
		w, ok := score[fmt.Sprint(h.Doc, h.Start)]
		if !ok {
			p.t.Errorf("%q: %s is no hit", q.Text, h.Doc)
			continue
		}
		near := func(a, b float32) bool {
			return math.Abs(float64(a)-float64(b)) <= p.distance*max(math.Abs(float64(a)), math.Abs(float64(b)), p.floor)
		}
		if !near(h.Score, w.Score) || !near(w.Score, want.Hits[i].Score) {
			p.t.Errorf("%q: hit %d is %s with %g, whose score is %g; the %d. is %s with %g", q.Text, i+1, h.Doc, h.Score, w.Score, i+1, want.Hits[i].Doc, want.Hits[i].Score)
		}
		h.Score, h.Rank, w.Score, w.Rank = 0, 0, 0, 0
		for j := range min(len(h.Lists), len(w.Lists)) { // near scores may stand in another order
			if near(h.Lists[j].Score, w.Lists[j].Score) {
				h.Lists[j] = w.Lists[j]
			}
		}
		a, _ := json.Marshal(w)
		b, _ := json.Marshal(h)
		if string(a) != string(b) {
			p.t.Errorf("%q: hit %d is\n%s, not\n%s", q.Text, i+1, b, a)
		}
	}
}

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

func contexts(t *testing.T, p *pair) {
	p.add(short(150, 6)...)
	for _, q := range []string{"how is flour made at the mill?", "bread and butter", "the river under the bridge", "honey", "sieve stone 42"} {
		for _, budget := range []int{30, 100, 400} {
			p.same(fmt.Sprintf("context of %q in %d", q, budget), func(ix engine.Index) (any, error) {
				c, err := ix.Context(t.Context(), q, tamis.Budget{Tokens: budget})
				if err != nil {
					return nil, err
				}
				if c.Tokens > budget {
					t.Errorf("%q: %d tokens, more than %d", q, c.Tokens, budget)
				}
				return c.Text, nil
			})
		}
	}
}

func replay(t *testing.T, p *pair) {
	docs := short(40, 7)
	p.add(docs...)
	c, err := p.subject.Context(t.Context(), "bread from the oven of the town", tamis.Budget{Tokens: 120})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Spans) == 0 {
		t.Fatal("nothing kept")
	}
	text, err := p.subject.Replay(t.Context(), c, tamis.Scope{})
	if err != nil || text != c.Text {
		t.Fatalf("%q %v, not %q", text, err, c.Text)
	}
	if text, err = p.oracle.Replay(t.Context(), c, tamis.Scope{}); err != nil || text != c.Text {
		t.Errorf("an embedded index with the same documents: %v", err)
	}
	altered := *c
	altered.Tokens++
	if _, err := p.subject.Replay(t.Context(), &altered, tamis.Scope{}); !errors.Is(err, tamis.ErrAltered) {
		t.Errorf("an altered receipt: %v", err)
	}
	for i := range docs {
		if docs[i].ID == c.Spans[0].Doc {
			docs[i].Source = "It was " + docs[i].Source
			p.add(docs[i])
		}
	}
	if _, err := p.subject.Replay(t.Context(), c, tamis.Scope{}); !errors.Is(err, tamis.ErrChanged) {
		t.Errorf("a changed source: %v", err)
	}
}

// chapters is a document of several passages with headings, tables and lines.
func chapters(n int) tamis.Document {
	d := tamis.Document{ID: "book", Title: "The mill", Type: "markdown", Lang: "en", Verbatim: true, Place: tamis.Place{Line: 1}, Path: "/books/mill.md"}
	var b strings.Builder
	block := func(text string) {
		start := b.Len()
		b.WriteString(text)
		at := corpus.Block{Start: start, End: b.Len(), FileStart: start, FileEnd: b.Len()}
		if heading, ok := strings.CutPrefix(text, "## "); ok {
			at.Kind, at.Level, at.Label = corpus.Heading, 2, heading
		}
		d.Blocks = append(d.Blocks, at)
		b.WriteString("\n\n")
	}
	r := rand.New(rand.NewPCG(8, uint64(n)))
	for i := range n {
		block(fmt.Sprintf("## Chapter %d of the %s", i+1, words[i%len(words)]))
		for range 5 {
			var s []string
			for range 60 {
				s = append(s, words[r.IntN(len(words))])
			}
			s[0] = strings.ToUpper(s[0][:1]) + s[0][1:]
			block(strings.Join(s[:20], " ") + ".\n" + strings.Join(s[20:40], " ") + ". " + strings.Join(s[40:], " ") + ".")
		}
	}
	d.Source = b.String()
	return d
}

func showing(t *testing.T, p *pair) {
	book := chapters(9)
	book.Metadata = map[string]any{"year": 1890.0}
	p.add(book)
	n := len(book.Source)
	for _, at := range [][2]int{{0, 0}, {0, 10}, {n / 2, n/2 + 30}, {n - 5, n}, {n, n}, {5, n + 1}, {-1, 3}, {9, 3}} {
		p.same(fmt.Sprint("show ", at), func(ix engine.Index) (any, error) {
			return ix.Show(t.Context(), "book", at[0], at[1], 3, tamis.Scope{})
		})
	}
	for _, line := range []int{0, 1, 7, 50, 100000} {
		p.same(fmt.Sprint("line ", line), func(ix engine.Index) (any, error) {
			return ix.ShowLine(t.Context(), "book", line, 1, tamis.Scope{})
		})
	}
	p.same("page", func(ix engine.Index) (any, error) { return ix.ShowPage(t.Context(), "book", 2, tamis.Scope{}) })
	p.same("document", func(ix engine.Index) (any, error) { return ix.Document(t.Context(), "book", tamis.Scope{}) })
	for _, q := range []string{"chapter 3 of the grain", "stone water wheel"} {
		res, err := p.subject.Search(t.Context(), tamis.Query{Text: q, K: 5})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range res.Hits {
			if h.Text != book.Source[h.Start:h.End] || h.Place.Line != 1+strings.Count(book.Source[:h.Start], "\n") {
				t.Errorf("%q: %d-%d at line %d is %q", q, h.Start, h.End, h.Place.Line, h.Text)
			}
		}
		c, err := p.subject.Context(t.Context(), q, tamis.Budget{Tokens: 300})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range c.Spans {
			if !strings.Contains(c.Text, book.Source[s.Start:s.End]) || s.Place.Line != 1+strings.Count(book.Source[:s.Start], "\n") {
				t.Errorf("%q: span %d-%d at line %d", q, s.Start, s.End, s.Place.Line)
			}
		}
	}
}

func names(t *testing.T, p *pair) {
	var docs []tamis.Document
	for i, id := range []string{"a/b?c=d&e#f", "ünï/çødé 文件", strings.Repeat("long/", 400), "_id", "..", "\"quoted\"", "with\nline", "with\x00zero", "p1/0", "head"} {
		docs = append(docs, tamis.Document{ID: id, Title: "Title of | pipes % and\u3000blanks", Source: fmt.Sprintf("the mill number%d a|b 100%% x\u3000y snake_case 漢字かな", i), Lang: "en"})
	}
	p.add(docs...)
	for i, d := range docs {
		p.same(d.ID, func(ix engine.Index) (any, error) { return ix.Source(t.Context(), d.ID, tamis.Scope{}) })
		p.ranked(tamis.Query{Text: fmt.Sprintf("number%d", i), K: 3})
	}
	p.ranked(tamis.Query{Text: "a|b 100% snake_case 漢字", K: 20})
	for i := range 7 { // long ids that share their beginning
		docs = append(docs, tamis.Document{ID: strings.Repeat("deep/", 1000) + fmt.Sprint(i), Source: "far down", Lang: "en"})
	}
	p.add(docs[len(docs)-7:]...)
	for _, prefix := range []string{"", "deep/", strings.Repeat("deep/", 1000), "a/b?"} {
		p.same("pages of "+prefix[:min(9, len(prefix))], func(ix engine.Index) (any, error) {
			var ids []string
			for page := (tamis.Page{Prefix: prefix, Limit: 3}); ; {
				list, next, err := ix.Documents(t.Context(), page, tamis.Scope{})
				if err != nil {
					return nil, err
				}
				for _, d := range list {
					ids = append(ids, d.ID)
				}
				if page.After = next; next == "" {
					return ids, nil
				}
			}
		})
	}
	p.same("delete", func(ix engine.Index) (any, error) { return ix.Delete(t.Context(), docs[0].ID, docs[2].ID, "p1/0") })
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

// long documents have many passages, of which a context reads some.
func long(t *testing.T, p *pair) {
	p.distance = .05 // lengths are coded
	book := chapters(120)
	p.add(append(short(20, 11), book)...)
	p.same("source", func(ix engine.Index) (any, error) { return ix.Source(t.Context(), "book", tamis.Scope{}) })
	c, err := p.subject.Context(t.Context(), "chapter 77 of the mill", tamis.Budget{Tokens: 500})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := p.subject.Replay(t.Context(), c, tamis.Scope{}); err != nil || text != c.Text {
		t.Error(err)
	}
	p.same("delete", func(ix engine.Index) (any, error) { return ix.Delete(t.Context(), "book") })
	res, err := p.subject.Search(t.Context(), tamis.Query{Text: "chapter", K: 10})
	if err != nil || len(res.Hits) != 0 {
		t.Errorf("%d passages are left, %v", len(res.Hits), err)
	}
}

// writers change the same documents at once: each is there once, as one of them wrote it.
func writers(t *testing.T, ix engine.Index) {
	const many, docs = 4, 12
	var wg sync.WaitGroup
	for w := range many {
		wg.Go(func() {
			for round := range 3 {
				var batch []tamis.Document
				for i := range docs {
					batch = append(batch, tamis.Document{ID: fmt.Sprint("d", i), Source: fmt.Sprintf("written by w%dr%d for everybody", w, round), Lang: "en"})
				}
				if _, err := ix.Add(t.Context(), sequence(batch)); err != nil {
					t.Error(err)
				}
				if _, err := ix.Delete(t.Context(), fmt.Sprint("d", w)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var last []tamis.Document
	for i := range docs {
		last = append(last, tamis.Document{ID: fmt.Sprint("d", i), Source: "written at last for everybody", Lang: "en"})
	}
	if _, err := ix.Add(t.Context(), sequence(last)); err != nil {
		t.Fatal(err)
	}
	for _, unit := range []tamis.Unit{tamis.Passages, tamis.Documents} {
		res, err := ix.Search(t.Context(), tamis.Query{Text: "everybody", K: 1000, Unit: unit})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Hits) != docs {
			t.Errorf("%d %ss, not %d", len(res.Hits), unit, docs)
		}
		for _, h := range res.Hits {
			if h.Text != "written at last for everybody" {
				t.Errorf("%s: %q", h.Doc, h.Text)
			}
		}
	}
}

func cancelled(t *testing.T, ix engine.Index) {
	ctx, cancel := context.WithCancel(t.Context())
	var added int
	docs := func(yield func(tamis.Document, error) bool) {
		for i := range 5000 {
			if i == 2000 {
				cancel()
			}
			if !yield(tamis.Document{ID: fmt.Sprint("c", i), Source: "cancelled halfway", Lang: "en"}, nil) {
				return
			}
		}
	}
	report, err := ix.Add(ctx, docs)
	if err == nil {
		t.Fatal("a cancelled call returns no error")
	}
	added = report.Added
	res, err := ix.Search(t.Context(), tamis.Query{Text: "cancelled", K: 5000, Unit: tamis.Documents, IDsOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Hits) < added {
		t.Errorf("%d were counted, %d are there", added, len(res.Hits))
	}
}

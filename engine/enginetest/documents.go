package enginetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
)

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

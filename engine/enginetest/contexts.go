package enginetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
)

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
	for _, doc := range []string{"doc003", "doc077", "doc149", "nobody"} {
		p.same("context around the beginning of "+doc, func(ix engine.Index) (any, error) {
			c, err := ix.Context(t.Context(), "", tamis.Budget{Tokens: 200}, tamis.Around{Doc: doc, End: 20})
			if errors.Is(err, tamis.ErrNotFound) {
				return "not found", nil
			}
			if err != nil {
				return nil, err
			}
			return c.Text, nil
		})
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

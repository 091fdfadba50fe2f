package tamis_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/session"
)

// TestInvalid: what the caller did wrong is told from what failed, with the
// field.
func TestInvalid(t *testing.T) {
	ix := indexed(t, map[string]string{"a": "The salt gate opens at dawn."})
	ctx := t.Context()
	search := func(q tamis.Query) error { _, err := ix.Search(ctx, q); return err }
	ask := func(b tamis.Budget, o ...tamis.ContextOption) error {
		_, err := ix.Context(ctx, "salt gate", b, o...)
		return err
	}
	ok := tamis.Budget{Tokens: 100}
	receipt, err := ix.Context(ctx, "salt gate", ok)
	if err != nil {
		t.Fatal(err)
	}
	replay := func(change func(c *tamis.Context)) error {
		c := *receipt
		change(&c)
		_, err := ix.Replay(ctx, &c, tamis.Scope{})
		return err
	}
	for _, c := range []struct {
		field, place string
		err          error
	}{
		{"filter", "byte 6", search(tamis.Query{Text: "salt", Filter: "year >"})},
		{"filter", "byte 0", ask(ok, tamis.Scope{Filter: ")"})},
		{"unit", "", search(tamis.Query{Text: "salt", Unit: "chapter"})},
		{"vector", "", search(tamis.Query{Text: "salt", Vector: tamis.Sparse{"a": 1}})},
		{"vector", "", search(tamis.Query{Vector: tamis.Sparse{"a": -1}})},
		{"vector", "", search(tamis.Query{Vector: tamis.Sparse{}})},
		{"recall", "", search(tamis.Query{Vector: tamis.Sparse{"a": 1}, Recall: 2})},
		{"unit", "", search(tamis.Query{Vector: tamis.Sparse{"a": 1}, Unit: tamis.Passages})},
		{"question", "", search(tamis.Query{Text: "the"})},
		{"budget", "", ask(tamis.Budget{Tokens: 0})},
		{"budget", "", ask(tamis.Budget{Tokens: 1})},
		{"counter", "", ask(tamis.Budget{Tokens: 100, Counter: "fingers"})},
		{"order", "", ask(ok, tamis.Layout{Order: "none"})},
		{"render", "", ask(ok, tamis.Layout{Render: "none"})},
		{"cut", "", ask(ok, tamis.Layout{Cut: "none"})},
		{"guards", "", ask(ok, tamis.Layout{Guards: []string{"none"}})},
		{"shrink", "", ask(ok, tamis.Layout{Shrink: 2})},
		{"most_of", "", ask(ok, tamis.Layout{MostOf: -1})},
		{"receipt", "", replay(func(c *tamis.Context) { c.Order = "none" })},
		{"receipt", "", replay(func(c *tamis.Context) { c.Tokenizer = "fingers" })},
		{"tokens", "", func() error { _, err := session.New(ix, session.Options{}); return err }()},
		{"render", "", func() error { _, err := session.New(ix, session.Options{Tokens: 9, Render: "json"}); return err }()},
		{"state", "", func() error { _, err := session.Resume(ctx, ix, []byte("{"), tamis.Scope{}); return err }()},
	} {
		var wrong *tamis.InvalidError
		if !errors.As(c.err, &wrong) || !errors.Is(c.err, tamis.ErrInvalid) || wrong.Field != c.field || wrong.Place != c.place {
			t.Errorf("%s: %#v: %v", c.field, wrong, c.err)
			continue
		}
		if s := c.err.Error(); s == "" || strings.Contains(s, "\n") {
			t.Errorf("%s: %q is not one sentence", c.field, s)
		}
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = ix.Context(cancelled, "salt gate", ok)
	for what, err := range map[string]error{
		"a cancelled context":         err,
		"a source that is not there":  func() error { _, err := ix.Source(ctx, "b", tamis.Scope{}); return err }(),
		"a source that has changed":   replay(func(c *tamis.Context) { c.Spans[0].Digest = strings.Repeat("0", 64) }),
		"a field that is not there":   search(tamis.Query{Vector: tamis.Sparse{"a": 1}, Field: "none"}),
		"an index that is not there":  func() error { _, err := tamis.OpenReadOnly(t.TempDir()); return err }(),
		"an index that was closed":    closed(t),
		"a receipt that was altered":  replay(func(c *tamis.Context) { c.Question = "other" }),
		"a receipt with another text": replay(func(c *tamis.Context) { c.Text = "other" }),
	} {
		if err == nil || errors.Is(err, tamis.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func closed(t *testing.T) error {
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = ix.Search(t.Context(), tamis.Query{Text: "salt"})
	return err
}

// letters counts letters, as a model's own tokenizer might.
type letters struct{}

func (letters) Name() string       { return "letters" }
func (letters) Count(s string) int { return strings.Count(s, "") - 1 }

// TestOwnCounter: a budget is counted, and a receipt replayed, by a counter that
// the caller brings.
func TestOwnCounter(t *testing.T) {
	ix, err := tamis.Open("", tamis.Options{Counters: []tamis.Counter{letters{}}})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	put(t, ix, map[string]string{"a": "The salt gate opens at dawn. It closes at dusk, when the salt is in."})
	c, err := ix.Context(t.Context(), "salt gate", tamis.Budget{Tokens: 40, Counter: "letters"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Tokenizer != "letters" || c.Tokens != (letters{}).Count(c.Text) || c.Tokens > 40 || c.Tokens == 0 {
		t.Fatalf("%d letters by %s: %q", c.Tokens, c.Tokenizer, c.Text)
	}
	if again, err := ix.Replay(t.Context(), c, tamis.Scope{}); err != nil || again != c.Text {
		t.Fatalf("%q, %v", again, err)
	}
	s, err := session.New(ix, session.Options{Tokens: 60, Counter: "letters"})
	if err != nil {
		t.Fatal(err)
	}
	if turn, err := s.Context(t.Context(), "salt gate", tamis.Budget{Tokens: 50}); err != nil || turn.Tokens > 50 || turn.Tokenizer != "letters" {
		t.Fatalf("%+v, %v", turn, err)
	}
}

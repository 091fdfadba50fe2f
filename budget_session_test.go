package tamis_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/internal/bpeoracle"
	"github.com/tamis-search/tamis/internal/hostile"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/session"
	"github.com/tamis-search/tamis/text/tokens"
)

var oracles = sync.OnceValues(func() (map[string]*bpeoracle.Encoding, error) {
	all := map[string]*bpeoracle.Encoding{}
	for _, name := range tokens.Names()[:2] {
		e, err := bpeoracle.New(name)
		if err != nil {
			return nil, err
		}
		all[name] = e
	}
	return all, nil
})

// recount counts by other means than package tokens.
func recount(tokenizer, s string) int {
	switch tokenizer {
	case "bytes":
		return len(s)
	case "words":
		return len(strings.Fields(s))
	}
	all, err := oracles()
	if err != nil {
		return -1
	}
	n, err := all[tokenizer].Count(s)
	if err != nil {
		return -1
	}
	return n
}

// sessions asks, folds, pins and restores at random.
func (w *world) sessions() {
	ctx := context.Background()
	for n := range worldSession {
		w.g = hostile.New(w.seed<<20 | 1<<19 | uint64(n))
		g := w.g
		o := session.Options{Tokens: 10 + g.IntN(500), Counter: tokens.Names()[g.IntN(4)], Render: render.Growing()[g.IntN(len(render.Growing()))], Keep: g.IntN(4) == 0}
		if g.IntN(2) == 0 {
			o.Turn = 1 + g.IntN(o.Tokens)
		}
		s, err := session.New(w.ix, o)
		if err != nil {
			w.found.add("an error", "world %d session %d: %v", w.seed, n, err)
			continue
		}
		for turn := range sessionTurns {
			at := fmt.Sprintf("world %d session %d turn %d: %+v", w.seed, n, turn, o)
			before := s.Window()
			question, b := g.Question(), w.budget()
			if g.IntN(2) == 0 {
				b.Tokens = 0
			}
			added, err := s.Context(ctx, question, b.Budget, b.options()...)
			at += " " + describe(question, b)
			if err != nil {
				w.found.count(nil, err)
				if !errors.Is(err, tamis.ErrBudget) && !errors.Is(err, tamis.ErrNoTerms) {
					w.found.add("an error", "%s: %v", at, err)
				}
				if after := s.Window(); after.Text != before.Text {
					w.found.add("a failed turn changes the window", "%s: %q to %q", at, before.Text, after.Text)
				}
			} else {
				w.found.count(added.Context, nil)
				if added.Text != "" {
					w.promises(at+" (addition)", added.Context, added.Budget)
				}
				if len(added.Folded) == 0 {
					if after := s.Window(); after.Text != join(before.Text, added.Text) {
						w.found.add("a window does not grow at its end", "%s: %q to %q", at, before.Text, after.Text)
					}
				}
			}
			w.change(s)
			w.promises(at+" (window)", s.Window(), o.Tokens)
			w.resumes(at, s)
		}
	}
}

func join(window, added string) string {
	if window == "" || added == "" {
		return window + added
	}
	return window + "\n" + added
}

// change does something to a session that is no question.
func (w *world) change(s *session.Session) {
	pieces := s.Pieces()
	if len(pieces) == 0 {
		return
	}
	id := pieces[w.g.IntN(len(pieces))].ID
	var err error
	switch w.g.IntN(6) {
	case 0, 1:
		err = s.Fold(id)
	case 2:
		_, err = s.Restore(id)
	case 3:
		err = s.Pin(id, w.g.IntN(2) == 0)
	}
	if err != nil && !errors.Is(err, session.ErrPinned) && !errors.Is(err, session.ErrNoPiece) && !errors.Is(err, tamis.ErrBudget) {
		w.found.add("an error", "world %d: piece %d: %v", w.seed, id, err)
	}
}

// resumes makes a session anew from its JSON: it has the same window.
func (w *world) resumes(at string, s *session.Session) {
	j, err := s.MarshalJSON()
	if err != nil {
		w.found.add("a session has no JSON", "%s: %v", at, err)
		return
	}
	again, err := session.Resume(context.Background(), w.ix, j, tamis.Scope{})
	if err != nil || again.Window().Text != s.Window().Text || !slices.EqualFunc(again.Pieces(), s.Pieces(), func(a, b session.Piece) bool { return a.ID == b.ID && a.Folded == b.Folded }) {
		w.found.add("a session is another after its JSON", "%s: %v", at, err)
	}
}

// TestRecount holds the two counters of this test against each other where they
// are easy to check by hand.
func TestRecount(t *testing.T) {
	if _, err := oracles(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		tokenizer, text string
		want            int
	}{{"o200k_base", "hello world", 2}, {"cl100k_base", "don't", 2}, {"words", " a  b", 2}, {"bytes", "é", 2}} {
		if got := recount(tt.tokenizer, tt.text); got != tt.want {
			t.Errorf("%s of %q: %d, want %d", tt.tokenizer, tt.text, got, tt.want)
		}
	}
}

package session_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/session"
)

var cancers = map[string]string{
	"lung":   "Lung cancer begins in the lungs. The symptoms of lung cancer are a cough and loss of weight.",
	"throat": "Throat cancer begins in the throat. The symptoms of throat cancer are hoarseness and pain.",
	"flu":    "Influenza is an infection. The symptoms of influenza are fever and headache, and many more symptoms.",
}

func began(t *testing.T, ix *tamis.Index, o session.Options) *session.Session {
	t.Helper()
	o.Tokens, o.Turn = 600, 20
	s, err := session.New(ix, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func turned(t *testing.T, s *session.Session, question string, options ...tamis.ContextOption) *session.Turn {
	t.Helper()
	turn, err := s.Context(t.Context(), question, tamis.Budget{}, options...)
	if err != nil {
		t.Fatal(err)
	}
	return turn
}

// TestCarried: a question that points back is asked with what it points to, unless it is
// told not to; a resumed session goes on with the same.
func TestCarried(t *testing.T) {
	ix := indexed(t, cancers)
	s := began(t, ix, session.Options{})
	turned(t, s, "Tell me about throat cancer.")
	state, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	again, err := session.Resume(t.Context(), ix, state, tamis.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*session.Session{s, again} {
		turn := turned(t, s, "What are its symptoms?")
		if got := turn.Asked.Text(); got != "What are its symptoms? (throat cancer)" || turn.Question != "What are its symptoms?" {
			t.Errorf("asked as %q, the receipt says %q", got, turn.Question)
		}
		if !strings.HasPrefix(turn.Text, "[##") || turn.Spans[0].Doc != "throat" || !strings.Contains(turn.Text, "hoarseness") {
			t.Errorf("%s", turn.Text)
		}
		if got, err := ix.Replay(t.Context(), turn.Context, tamis.Scope{}); err != nil || got != turn.Text {
			t.Error(got, err)
		}
	}
	plain := began(t, ix, session.Options{AsAsked: true})
	other := began(t, ix, session.Options{})
	turned(t, plain, "Tell me about throat cancer.")
	turned(t, other, "Tell me about throat cancer.")
	a, b := turned(t, plain, "What are its symptoms?"), turned(t, other, "What are its symptoms?", tamis.Beside{})
	if len(a.Asked.Carried)+len(b.Asked.Carried) != 0 || a.Text != b.Text {
		t.Errorf("%+v %+v", a.Asked, b.Asked)
	}
}

// TestCarriedAlone: a question of a pronoun alone finds what it stands for.
func TestCarriedAlone(t *testing.T) {
	s := began(t, indexed(t, cancers), session.Options{})
	if turn := turned(t, s, "What about it?"); turn.Text != "" {
		t.Errorf("%s", turn.Text)
	}
	turned(t, s, "Tell me about lung cancer.")
	if turn := turned(t, s, "What about it?"); len(turn.Spans) == 0 || turn.Spans[0].Doc != "lung" {
		t.Errorf("%+v %+v", turn.Asked, turn.Context)
	}
}

// TestFavour: what was done with pieces moves documents of the same worth, is bounded, and
// never brings what the words do not.
func TestFavour(t *testing.T) {
	ix := indexed(t, map[string]string{
		"a": "The mill of the north grinds rye. Nothing else is known of it.",
		"b": "The mill of the south grinds rye. Nothing else is known of it.",
		"c": "A lake lies behind the hill.",
	})
	first := func(f tamis.Favour) string {
		c, err := ix.Context(t.Context(), "which mill grinds rye?", tamis.Budget{Tokens: 14}, f)
		if err != nil || len(c.Spans) == 0 {
			t.Fatal(c, err)
		}
		return c.Spans[0].Doc
	}
	if a, b := first(nil), first(tamis.Favour{"b": .6}); a != "a" || b != "b" {
		t.Errorf("first %s, then %s", a, b)
	}
	for _, most := range []float64{1, 1e9, math.Inf(1)} {
		if got := first(tamis.Favour{"c": most, "a": -most}); got != "b" {
			t.Errorf("%g: %s", most, got)
		}
	}
	s := began(t, ix, session.Options{})
	turn := turned(t, s, "which mill grinds rye?")
	id, doc := turn.Spans[0].Cite, turn.Spans[0].Doc
	for range 50 {
		if err := s.Opened(id); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Favour()[doc]; got != 1 {
		t.Errorf("opened often: %g", got)
	}
	if err := s.Fold(id); err != nil {
		t.Fatal(err)
	}
	if got := s.Favour()[doc]; !(got < 1) {
		t.Errorf("folded: %g", got)
	}
	if err := s.Opened(99); err == nil {
		t.Error("opened what is not there")
	}
	// Pinned and unpinned is as it was.
	before := s.Favour()[doc]
	if err := s.Pin(id, true); err != nil {
		t.Fatal(err)
	}
	if err := s.Pin(id, false); err != nil {
		t.Fatal(err)
	}
	if got := s.Favour()[doc]; math.Abs(got-before) > 1e-9 && got < .3 {
		t.Errorf("%g, before %g", got, before)
	}
}

// TestResumeWithout: pieces of a source that has changed are forgotten, the others stay.
func TestResumeWithout(t *testing.T) {
	ix := indexed(t, cancers)
	s := began(t, ix, session.Options{})
	turned(t, s, "Tell me about throat cancer.")
	state, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	put(t, ix, map[string]string{"throat": "All is different now."})
	if _, err := session.Resume(t.Context(), ix, state, tamis.Scope{}); err == nil {
		t.Error("a changed source goes unnoticed")
	}
	again, forgotten, err := session.ResumeWithout(t.Context(), ix, state, tamis.Scope{})
	if err != nil || forgotten != 1 || !slices.Equal(again.Asked(), s.Asked()) {
		t.Fatal(forgotten, err)
	}
	for _, p := range again.Pieces() {
		if p.Doc == "throat" {
			t.Error("it is still there")
		}
	}
}

package ask_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/ask"
	"github.com/tamis-search/tamis/session"
)

// TestDialogue: in a session the model sees the window and the questions before, its
// citations are those of the window, and what it makes of a question is for the search alone.
func TestDialogue(t *testing.T) {
	ix := index(t)
	s, err := session.New(ix, session.Options{Tokens: 400, Turn: 40})
	if err != nil {
		t.Fatal(err)
	}
	m := &model{replies: [][]string{{"A fine sieve [##1][1]."}, {"What do cooks push through a tamis?"}, {"Soup [1][9]."}}}
	o := ask.Options{Session: s, Model: m, Rewrite: true}
	a, err := ask.Answer(t.Context(), ix, "What is a tamis?", o)
	if err != nil || len(a.Cited) != 1 || a.Rewrite != "" {
		t.Fatalf("%+v %v", a, err)
	}
	a, err = ask.Answer(t.Context(), ix, "What is pushed through it?", o)
	if err != nil {
		t.Fatal(err)
	}
	if a.Rewrite != "What do cooks push through a tamis?" || a.Asked == nil || len(a.Unknown) != 1 || a.Unknown[0] != 9 || len(a.Cited) != 1 {
		t.Errorf("%+v", a)
	}
	if len(m.asked) != 3 || !strings.Contains(m.asked[1][1].Content, "What is a tamis?\nWhat is pushed through it?") {
		t.Fatalf("%q", m.asked)
	}
	last := m.asked[2][1].Content
	if !strings.Contains(last, "Asked before:\nWhat is a tamis?\n\nQuestion: What is pushed through it?") || !strings.Contains(last, "A tamis is a fine sieve") {
		t.Errorf("%s", last)
	}
}

// TestRewriteFails: what is carried over stands in where the model's rewrite is none.
func TestRewriteFails(t *testing.T) {
	ix := index(t)
	for _, reply := range []string{"", strings.Repeat("much ", 200)} {
		s, err := session.New(ix, session.Options{Tokens: 400, Turn: 40})
		if err != nil {
			t.Fatal(err)
		}
		m := &model{replies: [][]string{{"Yes [1]."}, {reply}, {"Soup [1]."}}}
		o := ask.Options{Session: s, Model: m, Rewrite: true}
		if _, err := ask.Answer(t.Context(), ix, "What is a tamis?", o); err != nil {
			t.Fatal(err)
		}
		a, err := ask.Answer(t.Context(), ix, "What do cooks do with it?", o)
		if err != nil || a.NoRewrite == "" || a.Rewrite != "" || !strings.Contains(a.Asked.Text(), "tamis") {
			t.Errorf("%+v %v", a, err)
		}
	}
	// A model that fails fails the turn.
	s, err := session.New(ix, session.Options{Tokens: 400, Turn: 40})
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the line is cut")
	if _, err := ask.Answer(t.Context(), ix, "What is a tamis?", ask.Options{Session: s, Model: &model{replies: [][]string{{"A"}}, err: broken}}); !errors.Is(err, broken) {
		t.Error(err)
	}
}

package eval

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/text/tokens"
)

func TestMinimal(t *testing.T) {
	s := smallSet(t)
	counter, err := tokens.New("words")
	if err != nil {
		t.Fatal(err)
	}
	q := &s.Questions[0] // its evidence is "Alpha beta."
	got := s.Minimal(q, &Context{Spans: []Span{{"a", 12, 26}, {"a", 0, 5}, {"g1-b", 0, 4}, {"a", 6, 11}, {"a", 0, 11}, {"zz", 0, 1}}}, counter)
	if len(got.Spans) != 1 || got.Spans[0] != (Span{"a", 0, 11}) || got.Tokens != counter.Count("Alpha beta.") {
		t.Errorf("%+v", got)
	}
	// Of any spans: as much evidence as before, and nothing left to leave out.
	rng := rand.New(rand.NewPCG(1, 1))
	d := s.Documents[0]
	for range 300 {
		c := &Context{}
		var texts []string
		for range rng.IntN(8) {
			x := Span{Doc: "a", Start: rng.IntN(12)}
			x.End = x.Start + 1 + rng.IntN(6)
			// White space at a border would go with the cutting into sentences.
			if borders(d.Text, x.Start, x.End) && strings.TrimSpace(d.Text[x.Start:x.End]) == d.Text[x.Start:x.End] {
				c.Spans, texts = append(c.Spans, x), append(texts, d.Text[x.Start:x.End])
			}
		}
		c.Text = strings.Join(texts, "\n")
		want := s.Judge(q, c, nil).Hit
		got := s.Minimal(q, c, counter)
		if hit := s.Judge(q, &Context{Spans: got.Spans}, nil).Hit; hit != want {
			t.Fatalf("%d bytes of evidence, %d in the whole", hit, want)
		}
		for i := range got.Spans {
			fewer := append(append([]Span{}, got.Spans[:i]...), got.Spans[i+1:]...)
			if s.Judge(q, &Context{Spans: fewer}, nil).Hit == want {
				t.Fatalf("%v can go from %v", got.Spans[i], got.Spans)
			}
		}
	}
	// Without evidence an answer decides.
	q = &Question{answers: []string{"beta"}}
	if got := s.Minimal(q, &Context{Spans: []Span{{"a", 0, 11}, {"g1-b", 0, 13}}}, counter); len(got.Spans) != 1 || got.Spans[0].Doc != "a" {
		t.Errorf("%+v", got)
	}
}

package tamis

import (
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/pack/score"
)

// TestRerankChangesTheOrder: of texts that have the words of a question alike, the one that
// the model prefers comes first, whichever that is; what it would keep of them is a feature.
func TestRerankChangesTheOrder(t *testing.T) {
	ix, err := Open("", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	texts := []string{"The gate opens at noon.", "The gate opens at high."}
	docs := func(yield func(Document, error) bool) {
		for i, text := range texts {
			yield(Document{ID: string(rune('a' + i)), Source: text}, nil)
		}
	}
	if _, err := ix.Add(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	const question = "when does the gate open"
	firsts := map[string]bool{}
	for seed := range uint64(8) {
		shape := tinymodel.Shape{Words: len(gateWords), Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 64, Labels: 1, Prunes: true}
		by, err := encode.OpenReranker(shape.Write(t, seed, gateWords...), model.F32)
		if err != nil {
			t.Fatal(err)
		}
		said, err := by.Judge(t.Context(), question, texts, 0)
		if err != nil {
			t.Fatal(err)
		}
		best := 0
		if said[1].Score > said[0].Score {
			best = 1
		}
		var units []score.Unit
		c, err := ix.Context(t.Context(), question, Budget{Tokens: 100}, Rerank{By: by}, Lab{Trace: func(u []score.Unit) { units = u }})
		if err != nil || len(c.Spans) != 2 {
			t.Fatal(c, err)
		}
		want := string(rune('a' + best))
		if c.Spans[0].Doc != want || c.Judged != 2 || !strings.HasPrefix(c.Text[strings.Index(c.Text, "The"):], texts[best]) {
			t.Errorf("%s is first, the model prefers %s (%v)", c.Spans[0].Doc, want, said)
		}
		firsts[want] = true
		for _, u := range units {
			i := int(u.Doc[0] - 'a')
			sum := 0.
			for _, k := range said[i].Kept {
				sum += float64(k.Probability)
			}
			judged := 0.
			if i == best {
				judged = 1
			}
			if u.Features[score.Judged] != judged || !alike(u.Features[score.Kept], sum/float64(len(said[i].Kept))) {
				t.Errorf("%s: %v %v", u.Doc, u.Features[score.Judged], u.Features[score.Kept])
			}
		}
		again, err := ix.Context(t.Context(), question, Budget{Tokens: 100}, Rerank{By: by, Most: 1, Within: time.Hour})
		if err != nil || again.Judged != 1 {
			t.Error(again.Judged, err)
		}
		if text, err := ix.Replay(t.Context(), c, Scope{}); err != nil || text != c.Text {
			t.Error(text, err)
		}
		by.Close()
	}
	if len(firsts) != 2 {
		t.Error("all models prefer the same text: the test shows nothing")
	}
}

func alike(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }

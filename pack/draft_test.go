package pack

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/pack/score"
)

func TestDraftsFindWhatTheQuestionHasNoWordsFor(t *testing.T) {
	l := newLibrary(t)
	for i := range 8 {
		l.add(fmt.Sprint("noise", i), "", "The keeper of the lighthouse wrote a letter. Nobody answered the keeper.")
	}
	l.add("a", "", "Stones lie still. Seagull was the word that opened the door of the tower.")
	q := l.question("what was the password of the lighthouse keeper")
	o := Options{Budget: 24, Counter: counter(t, "o200k_base"), KeepDuplicates: true}
	w := score.DefaultWeights()
	w[score.Draft] = 4
	o.Weights = &w
	without, err := Select(t.Context(), q, l.docs, o)
	if err != nil {
		t.Fatal(err)
	}
	q.Drafts = [][]string{nil, l.a.Terms(nil, "It was seagull, said at the door of the tower."), l.a.Terms(nil, "zebra")}
	with, err := Select(t.Context(), q, l.docs, o)
	if err != nil {
		t.Fatal(err)
	}
	l.check(t, with, o)
	if strings.Contains(without.Text, "Seagull") || !strings.Contains(with.Text, "Seagull") {
		t.Fatalf("without: %q, with: %q", without.Text, with.Text)
	}
	w[score.Draft] = 0
	none, err := Select(t.Context(), q, l.docs, o)
	if err != nil || none.Text != without.Text {
		t.Fatalf("weight 0: %q, without: %q", none.Text, without.Text)
	}
}

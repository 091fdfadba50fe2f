package tune

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/text/tokens"
)

// TestTopAgainstSort compares the selection with sorting everything.
func TestTopAgainstSort(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	e := &estimator{order: make([]int, 300)}
	for range 2000 {
		scores := make([]float64, 1+rng.IntN(300))
		for i := range scores {
			scores[i] = float64(rng.IntN(1 + rng.IntN(300)))
		}
		want := make([]int, len(scores))
		for i := range want {
			want[i] = i
		}
		slices.SortFunc(want, func(a, b int) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), a-b) })
		n := rng.IntN(len(scores) + 1)
		if got := e.top(scores, n); !slices.Equal(got, want[:n]) {
			t.Fatalf("best %d of %v: %v, want %v", n, scores, got, want[:n])
		}
	}
}

// owlSet has one question of two documents.
func owlSet(t *testing.T) *eval.EvidenceSet {
	t.Helper()
	s, err := eval.ReadEvidence("d", strings.NewReader(`{"id":"a","title":"Owls","text":"Owls hunt at night. Mice sleep by day. Owls eat mice and voles."}
{"id":"b","title":"Mice","text":"Mice eat seeds. Owls are rare here. Voles dig holes."}
`), "q", strings.NewReader(`{"id":"1","question":"What do owls eat?","answers":[],"evidence":[{"doc":"a","start":39,"end":63}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTune: the search finds the same weights twice, none of them negative,
// stops when it is told to, and needs two sets to hold one out.
func TestTune(t *testing.T) {
	s := owlSet(t)
	counter, err := tokens.New("words")
	if err != nil {
		t.Fatal(err)
	}
	tuner, err := New(t.Context(), []string{"a", "b"}, []*eval.EvidenceSet{s, s}, []int{12, 24})
	if err != nil {
		t.Fatal(err)
	}
	defer tuner.Close()
	first, err := tuner.Tune(t.Context(), tuner.All())
	if err != nil {
		t.Fatal(err)
	}
	again, err := tuner.Tune(t.Context(), tuner.All())
	if err != nil || *again != *first {
		t.Fatalf("tuned twice: %v and %v, %v", first, again, err)
	}
	for f, w := range first.Weights {
		if w < 0 {
			t.Errorf("%v weighs %g", score.Feature(f), w)
		}
	}
	held, err := tuner.HeldOut(t.Context(), counter)
	if err != nil || held.Reports[0] == nil || held.Reports[1] == nil || held.Reports[0].Questions != len(s.Questions) {
		t.Fatalf("held out: %+v, %v", held, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tuner.Tune(ctx, tuner.All()); err == nil {
		t.Error("a cancelled search went on")
	}
	one, err := New(t.Context(), []string{"a"}, []*eval.EvidenceSet{s}, []int{12})
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	if _, err := one.HeldOut(t.Context(), counter); err == nil {
		t.Error("one set was halved")
	}
}

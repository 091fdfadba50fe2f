package encode

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/vector"
)

var reader = tinymodel.Shape{Words: 9, Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 24, Labels: 1}

func openReranker(t *testing.T, dir string) *Reranker {
	t.Helper()
	r, err := OpenReranker(dir, model.F32)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// TestRerank: a score is that of the label, of the last of two less the first, for the
// question and the passage as the two texts of a pair.
func TestRerank(t *testing.T) {
	for labels := 1; labels <= 2; labels++ {
		shape := reader
		shape.Labels = labels
		r := openReranker(t, shape.Write(t, 3, words...))
		passages := []string{"a fine sieve", "", strings.Repeat("sieve ", 1<<18), "fine fine"}
		for len(passages) < 40 {
			passages = append(passages, passages[len(passages)%4])
		}
		got, err := r.Judge(t.Context(), "sieves", passages, 0)
		if err != nil || len(got) != len(passages) {
			t.Fatal(len(got), err)
		}
		// [CLS] sieve ##s [SEP] a fine sieve [SEP]
		want, err := r.e.model.Labels([][]int32{{2, 6, 7, 3, 4, 5, 6, 3}}, [][]int32{{0, 0, 0, 0, 1, 1, 1, 1}})
		if err != nil {
			t.Fatal(err)
		}
		score := want[0][0]
		if labels == 2 {
			score = want[0][1] - want[0][0]
		}
		if got[0].Score != score || got[0].Kept != nil || got[4].Score != score || got[1].Score == score {
			t.Errorf("%d labels: %v, want %g first", labels, got[:5], score)
		}
		if _, err := r.Judge(t.Context(), strings.Repeat("fine ", 1<<18), passages[:1], 0); err != nil {
			t.Error(err)
		}
	}
}

// TestRerankEnds: after a time, and where it is told to.
func TestRerankEnds(t *testing.T) {
	r := openReranker(t, reader.Write(t, 3, words...))
	passages := make([]string, 1000)
	if got, err := r.Judge(t.Context(), "sieve", passages, 1); err != nil || len(got) == len(passages) {
		t.Error(len(got), err)
	}
	if got, err := r.Judge(t.Context(), "sieve", passages[:10], time.Hour); err != nil || len(got) != 10 {
		t.Error(len(got), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Judge(ctx, "sieve", passages, 0); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestPrune: a model that prunes says of each piece of the passage, and of no other, how
// probable it is that it is kept, in the same pass.
func TestPrune(t *testing.T) {
	shape := reader
	shape.Prunes = true
	r := openReranker(t, shape.Write(t, 3, words...))
	shape.Prunes = false
	plain := openReranker(t, shape.Write(t, 3, words...)) // the same weights
	const passage = "a  fine sieves"
	got, err := r.Judge(t.Context(), "sieve", []string{passage}, 0)
	want, err2 := plain.Judge(t.Context(), "sieve", []string{passage}, 0)
	if err != nil || err2 != nil || got[0].Score != want[0].Score {
		t.Fatal(got, want, err, err2)
	}
	states, err := r.e.model.States([][]int32{{2, 6, 3, 4, 5, 6, 7, 3}})
	if err != nil || len(states) != 1 {
		t.Fatal(err)
	}
	var pieces []string
	for _, k := range got[0].Kept {
		pieces = append(pieces, passage[k.Start:k.End])
		if !(k.Probability > 0 && k.Probability < 1) || math.Abs(float64(k.Probability)-.5) < 1e-9 {
			t.Error(k)
		}
	}
	if s := strings.Join(pieces, "|"); s != "a|fine|sieve|s" {
		t.Error(s)
	}
}

// TestLateInteraction: of a folder that projects tokens the score is MaxSim, and what it
// makes of texts are the vectors of their tokens.
func TestLateInteraction(t *testing.T) {
	dir := tiny.Write(t, 1, words...)
	folder := filepath.Join(dir, "1_Dense")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	tinymodel.WriteJSON(t, filepath.Join(folder, "config.json"), map[string]any{"in_features": 32, "out_features": 16})
	w := make([]float32, 16*32)
	for i := range w {
		w[i] = float32(math.Sin(float64(i)))
	}
	tinymodel.WriteFile(t, filepath.Join(folder, "model.safetensors"), tinymodel.Safetensors(map[string]tinymodel.Tensor{"linear.weight": {Shape: []int{16, 32}, Values: w}}))
	r := openReranker(t, dir)
	if made, err := r.e.Encode(t.Context(), []string{"fine"}, Passage); err != nil || r.e.Kind() != vector.KindMulti || len(made[0].(vector.Multi)) != 3 || len(made[0].(vector.Multi)[0]) != 16 || r.e.Width() != 16 {
		t.Error(made, err)
	}
	got, err := r.Judge(t.Context(), "fine sieve", []string{"fine sieve", "a"}, 0)
	if err != nil || math.Abs(float64(got[0].Score)-4) > 1e-5 || got[1].Score > got[0].Score { // [CLS] fine sieve [SEP]
		t.Error(got, err)
	}
}

func TestNoReranker(t *testing.T) {
	three := reader
	three.Labels = 3
	short := reader
	short.Positions = 4
	for want, dir := range map[string]string{
		"it has 0 labels for a text": tiny.Write(t, 1, words...),
		"it has 3 labels for a text": three.Write(t, 1, words...),
		"no room for two texts":      short.Write(t, 1, words...),
	} {
		if _, err := OpenReranker(dir, model.F32); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

package encode

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/model/pruner"
)

// frozen is small, and has room for a passage of some sentences.
var frozen = tinymodel.Shape{Words: 9, Width: 32, Inner: 48, Layers: 2, Heads: 2, Positions: 48}

// head saves one that was learned of anything, for the encoder in dir.
func head(t *testing.T, dir string, layers int) string {
	t.Helper()
	f, err := OpenFrozen(dir, model.F32, layers)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rng := rand.New(rand.NewPCG(1, 1))
	var groups []pruner.Group
	for range 30 {
		var g pruner.Group
		for i := range 2 {
			pieces := []string{"a", "fine", "sieve", "sieves", "fine fine"}
			s := func() string { return pieces[rng.IntN(len(pieces))] + " " + pieces[rng.IntN(len(pieces))] }
			q, err := f.Read(s(), Query)
			if err != nil {
				t.Fatal(err)
			}
			p, err := f.Read(s()+" . "+s(), Passage)
			if err != nil {
				t.Fatal(err)
			}
			at := len(p.IDs) / 2
			g.Examples = append(g.Examples, pruner.Look(&q.Text, &p.Text, [][2]int{{0, at}, {at, len(p.IDs)}}, func(int32) float32 { return 1 }))
			g.Answers, g.Keep = append(g.Answers, i == 0), append(g.Keep, []bool{i == 0, false})
		}
		groups = append(groups, g)
	}
	o := pruner.Defaults
	o.Hidden, o.Epochs = 4, 3
	h, err := pruner.Fit(t.Context(), groups[:20], groups[20:], make([]float32, frozen.Words), o)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "head")
	if err := h.Save(to, f.Is()); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestPruner: a head's folder is a reranker: each token of a sentence has the sentence's probability, and
// both are what the head says of the states.
func TestPruner(t *testing.T) {
	for layers := 1; layers <= 2; layers++ {
		dir := frozen.Write(t, 3, words...)
		to := head(t, dir, layers)
		r := openReranker(t, to)
		const passage = "A fine sieve. Sieves a sieve fine."
		got, err := r.Judge(t.Context(), "fine sieves", []string{passage, "", "sieve"}, 0)
		if err != nil || len(got) != 3 {
			t.Fatal(got, err)
		}
		f, err := OpenFrozen(dir, model.F32, layers)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		h, _, err := pruner.Open(to)
		if err != nil {
			t.Fatal(err)
		}
		q, err := f.Read("fine sieves", Query)
		if err != nil {
			t.Fatal(err)
		}
		p, err := f.Read(passage, Passage)
		if err != nil {
			t.Fatal(err)
		}
		sentences := Sentences(passage)
		ranges, _ := p.Ranges(sentences)
		if len(ranges) != 2 {
			t.Fatalf("sentences %v, tokens %v", sentences, ranges)
		}
		e := pruner.Look(&q.Text, &p.Text, ranges, h.Weighs)
		if got[0].Score != h.Rank(e) || got[0].Score == got[2].Score {
			t.Errorf("scores %g and %g, want %g first", got[0].Score, got[2].Score, h.Rank(e))
		}
		want := h.Keep(e)
		if len(got[0].Kept) != len(p.IDs) || got[1].Kept != nil {
			t.Errorf("%d pieces of %d tokens", len(got[0].Kept), len(p.IDs))
		}
		for _, k := range got[0].Kept {
			sentence := 0
			if k.Start >= sentences[1][0] {
				sentence = 1
			}
			if k.Probability != want[sentence] {
				t.Errorf("%q: %g, want %g", passage[k.Start:k.End], k.Probability, want[sentence])
			}
		}
	}
}

// TestPrunerOfAnother: a head knows its encoder, wherever that lies.
func TestPrunerOfAnother(t *testing.T) {
	dir := frozen.Write(t, 3, words...)
	to := head(t, dir, 0)
	beside := filepath.Join(to, "encoder")
	other := frozen
	other.Layers = 1
	for what, wrong := range map[string]string{"weights": frozen.Write(t, 4, words...), "layers": other.Write(t, 3, words...)} {
		if err := os.Symlink(wrong, beside); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenReranker(to, model.F32); err == nil || !strings.Contains(err.Error(), "belongs to the encoder") {
			t.Errorf("other %s: %v", what, err)
		}
		if err := os.Remove(beside); err != nil {
			t.Fatal(err)
		}
	}
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenReranker(to, model.F32); err == nil || !strings.Contains(err.Error(), "put it, or a link to it, into") {
		t.Error(err)
	}
	if err := os.Symlink(moved, beside); err != nil {
		t.Fatal(err)
	}
	openReranker(t, to)
	if _, err := OpenFrozen(moved, model.F32, 3); err == nil || !strings.Contains(err.Error(), "the first 3 layers of a model that has 2") {
		t.Error(err)
	}
	if _, err := OpenFrozen(reader.Write(t, 1, words...), model.F32, 0); err == nil || !strings.Contains(err.Error(), "dense vectors") {
		t.Error(err)
	}
}

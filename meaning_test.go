package tamis

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/pack/score"
)

var gateWords = []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "gate", "of", "wall", "opens", "at", "noon", "tide", "is", "high", ".", "##s"}

func tinyEncoder(t *testing.T, seed uint64) *encode.Encoder {
	t.Helper()
	dir := tinymodel.Shape{Words: len(gateWords), Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 64}.Write(t, seed, gateWords...)
	e, err := encode.Open(dir, model.Int8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// gates are documents of several passages.
func gates(n int) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for i := range n {
			text := strings.Repeat(fmt.Sprintf("The gate of wall %d opens at noon%s. The tide is high.\n\n", i, strings.Repeat(" at high tide", i%7)), 40)
			if !yield(Document{ID: fmt.Sprint("gate ", i), Title: "Gates", Source: text}, nil) {
				return
			}
		}
	}
}

// encoded are the passages that have vectors, and all.
func encoded(t *testing.T, ix *Index, field string) (have, all int) {
	t.Helper()
	s, err := ix.Stats()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range s.Vectors {
		if v.Field == field {
			have = v.Documents
		}
	}
	return have, s.Passages
}

// TestEncode: what lacks a vector gets one, and what has one is left alone, through
// changes, deletions, another model and an interruption.
func TestEncode(t *testing.T) {
	dir := t.TempDir()
	ix, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { ix.Close() }()
	add := func(docs iter.Seq2[Document, error]) {
		t.Helper()
		if _, err := ix.Add(t.Context(), docs); err != nil {
			t.Fatal(err)
		}
	}
	add(gates(30))
	e := tinyEncoder(t, 1)
	run := func(ctx context.Context, e *encode.Encoder) Encoded {
		t.Helper()
		r, err := ix.Encode(ctx, e, nil)
		if err != nil || len(r.Skipped) > 0 {
			t.Fatal(r, err)
		}
		return r
	}

	// Stopped half-way, it keeps what it has told.
	ctx, cancel := context.WithCancel(t.Context())
	told := 0
	r, err := ix.Encode(ctx, e, func(done, all int) {
		if told = done; done > all/2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(r, err)
	}
	half, all := encoded(t, ix, e.Name())
	if half == 0 || half >= all || told < half {
		t.Fatalf("%d of %d passages have vectors after %d were told of", half, all, told)
	}
	if r := run(t.Context(), e); r.Passages != all-half {
		t.Fatalf("%d passages were encoded, %d lacked a vector", r.Passages, all-half)
	}
	if have, all := encoded(t, ix, e.Name()); have != all {
		t.Fatalf("%d of %d passages have vectors", have, all)
	}

	// One changed, one new, one deleted.
	add(func(yield func(Document, error) bool) {
		_ = yield(Document{ID: "gate 3", Source: "The gate is high."}, nil) && yield(Document{ID: "gate 99", Source: "The tide opens the gate."}, nil)
	})
	if _, err := ix.Delete(t.Context(), "gate 5"); err != nil {
		t.Fatal(err)
	}
	if r := run(t.Context(), e); r.Passages != 2 {
		t.Fatalf("%d passages were encoded, 2 were new", r.Passages)
	}
	if r := run(t.Context(), e); r.Passages != 0 {
		t.Fatalf("%d passages were encoded again", r.Passages)
	}

	// Another model has a field of its own.
	other := tinyEncoder(t, 2)
	if other.Name() == e.Name() {
		t.Fatal("two models of one name")
	}
	_, all = encoded(t, ix, e.Name())
	if r := run(t.Context(), other); r.Passages != all {
		t.Fatalf("%d of %d passages were encoded with another model", r.Passages, all)
	}
	if models := ix.Models(); len(models) != 2 || models[e.Name()] != e.Place() {
		t.Fatal(models)
	}

	// It is all there after a restart.
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	if ix, err = OpenReadOnly(dir); err != nil {
		t.Fatal(err)
	}
	for _, e := range []*encode.Encoder{e, other} {
		if have, all := encoded(t, ix, e.Name()); have != all {
			t.Fatalf("after a restart %d of %d passages have vectors", have, all)
		}
	}
}

// TestMeaning: contexts weigh the vectors of the model that they are asked to use, and
// are what they were where they are not asked, or where there are none.
func TestMeaning(t *testing.T) {
	ix, err := Open("", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	if _, err := ix.Add(t.Context(), gates(12)); err != nil {
		t.Fatal(err)
	}
	e := tinyEncoder(t, 1)
	if _, err := ix.Encode(t.Context(), e, nil); err != nil {
		t.Fatal(err)
	}
	ask := func() (text string, weighed int) {
		t.Helper()
		c, err := ix.Context(t.Context(), "when is the tide high at the gate", Budget{Tokens: 120}, Lab{Trace: func(units []score.Unit) {
			for _, u := range units {
				if x := u.Features[score.Meaning]; x < 0 || x > 1 {
					t.Fatalf("meaning %g", x)
				} else if x > 0 {
					weighed++
				}
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		return c.Text, weighed
	}
	words, weighed := ask()
	if weighed > 0 {
		t.Fatalf("%d units are weighed by a model that nobody named", weighed)
	}
	ix.Use(e)
	text, weighed := ask()
	if weighed == 0 {
		t.Fatal("no unit is weighed by the model")
	}
	if again, _ := ask(); again != text {
		t.Fatal("the same question gave two contexts")
	}
	ix.Use(tinyEncoder(t, 2)) // has made no vectors
	if text, weighed := ask(); text != words || weighed > 0 {
		t.Fatal("a model that has made no vectors changes the context")
	}
	ix.Use(nil)
	if text, _ := ask(); text != words {
		t.Fatal("the context is another without the model than it was")
	}
}

// TestEncodeChanges: a document that is deleted while vectors are made does not come
// back, and one that is replaced has none of its old text.
func TestEncodeChanges(t *testing.T) {
	ix, err := Open("", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	if _, err := ix.Add(t.Context(), gates(20)); err != nil {
		t.Fatal(err)
	}
	e, changed := tinyEncoder(t, 1), false
	if _, err := ix.Encode(t.Context(), e, func(done, all int) {
		if changed {
			return
		}
		changed = true
		if _, err := ix.Delete(t.Context(), "gate 15"); err != nil {
			t.Error(err)
		}
		if _, err := ix.Add(t.Context(), func(yield func(Document, error) bool) {
			yield(Document{ID: "gate 16", Source: "The tide is high at the wall."}, nil)
		}); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := ix.Source(t.Context(), "gate 15", Scope{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a deleted document: %v", err)
	}
	if have, all := encoded(t, ix, e.Name()); have != all-1 {
		t.Errorf("%d of %d passages have vectors, one was replaced", have, all)
	}
	if r, err := ix.Encode(t.Context(), e, nil); err != nil || r.Passages != 1 {
		t.Errorf("then %d passages were encoded: %v", r.Passages, err)
	}
}

// TestEncodeSparse: a passage of which a sparse model says nothing keeps none of its
// document's others from having vectors, and nothing is made twice.
func TestEncodeSparse(t *testing.T) {
	ix, err := Open("", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	if _, err := ix.Add(t.Context(), gates(5)); err != nil {
		t.Fatal(err)
	}
	dir := tinymodel.Shape{Words: len(gateWords), Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 64, Masked: true}.Write(t, 1, gateWords...)
	e, err := encode.Open(dir, model.Int8)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for i, want := range []bool{true, false} {
		r, err := ix.Encode(t.Context(), e, nil)
		if err != nil || len(r.Skipped) > 0 || (r.Passages > 0) != want {
			t.Fatalf("run %d: %+v %v", i, r, err)
		}
	}
}

// TestMeaningScope: what a group may not see weighs in nothing, with a model too.
func TestMeaningScope(t *testing.T) {
	// The first twelve belong to the sea, what follows to the land.
	of := func(n int) iter.Seq2[Document, error] {
		return func(yield func(Document, error) bool) {
			i := 0
			for d, err := range gates(n) {
				d.Metadata = map[string]any{"groups": []string{[]string{"sea", "land"}[min(i/12, 1)]}}
				if i++; !yield(d, err) {
					return
				}
			}
		}
	}
	e := tinyEncoder(t, 1)
	near := func(docs iter.Seq2[Document, error]) map[string]float64 {
		t.Helper()
		ix, err := Open("", Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer ix.Close()
		if _, err := ix.Add(t.Context(), docs); err != nil {
			t.Fatal(err)
		}
		if _, err := ix.Encode(t.Context(), e, nil); err != nil {
			t.Fatal(err)
		}
		ix.Use(e)
		found := map[string]float64{}
		c, err := ix.Context(t.Context(), "when is the tide high at the gate", Budget{Tokens: 400}, Scope{Groups: []string{"sea"}}, Lab{Trace: func(units []score.Unit) {
			for _, u := range units {
				found[fmt.Sprint(u.Doc, u.Start)] = u.Features[score.Meaning]
			}
		}})
		if err != nil || len(c.Spans) == 0 {
			t.Fatal(len(c.Spans), err)
		}
		return found
	}
	seen, without := near(of(24)), near(of(12))
	if len(seen) == 0 || !maps.Equal(seen, without) {
		t.Errorf("%d units are near as they are among all documents, %d as among those that may be seen:\n%v\n%v", len(seen), len(without), seen, without)
	}
}

// TestEncodeTokens: vectors of tokens go into a field of passages, which MaxSim ranks; labels
// are refused.
func TestEncodeTokens(t *testing.T) {
	shape := tinymodel.Shape{Words: len(gateWords), Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 64}
	dir := shape.Write(t, 1, gateWords...)
	folder := filepath.Join(dir, "1_Dense")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	w := make([]float32, 16*32)
	for i := range w {
		w[i] = float32(i*7%13) - 6
	}
	tinymodel.WriteJSON(t, filepath.Join(folder, "config.json"), map[string]any{"in_features": 32, "out_features": 16})
	tinymodel.WriteFile(t, filepath.Join(folder, "model.safetensors"), tinymodel.Safetensors(map[string]tinymodel.Tensor{"linear.weight": {Shape: []int{16, 32}, Values: w}}))
	e, err := encode.Open(dir, model.F32)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	ix, err := Open("", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	if _, err := ix.Add(t.Context(), gates(3)); err != nil {
		t.Fatal(err)
	}
	report, err := ix.Encode(t.Context(), e, nil)
	if err != nil || report.Passages == 0 || len(report.Skipped) > 0 {
		t.Fatal(report, err)
	}
	asked, err := e.Encode(t.Context(), []string{"Gates. the gate of wall"}, encode.Query)
	if err != nil {
		t.Fatal(err)
	}
	found, err := ix.Search(t.Context(), Query{Vector: asked[0], Field: e.Name(), K: 3})
	if err != nil || len(found.Hits) != 3 || found.Hits[0].Score <= 0 {
		t.Fatal(found, err)
	}
	shape.Labels = 2
	judge, err := encode.Open(shape.Write(t, 1, gateWords...), model.F32)
	if err != nil {
		t.Fatal(err)
	}
	defer judge.Close()
	if _, err := ix.Encode(t.Context(), judge, nil); err == nil || !strings.Contains(err.Error(), "makes labels") {
		t.Error(err)
	}
}

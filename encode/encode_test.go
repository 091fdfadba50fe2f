package encode

import (
	"context"
	"errors"
	"iter"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/vector"
)

var (
	words = []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "fine", "sieve", "##s", "."}
	tiny  = tinymodel.Shape{Words: 9, Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 12}
)

func open(t *testing.T, dir string) *Encoder {
	t.Helper()
	e, err := Open(dir, model.F32)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func TestDense(t *testing.T) {
	e := open(t, tiny.Write(t, 1, words...))
	texts := []string{"", "a fine sieve", "sieves.", strings.Repeat("a ", 1<<20), strings.Repeat("a ", 10), "\xff"}
	for len(texts) < 300 {
		texts = append(texts, texts[len(texts)%6])
	}
	got, err := e.Encode(t.Context(), texts, Passage)
	if err != nil || len(got) != len(texts) {
		t.Fatal(len(got), err)
	}
	for i, v := range got {
		sum := 0.
		for _, x := range v.(vector.Dense) {
			sum += float64(x) * float64(x)
		}
		if math.Abs(sum-1) > 1e-6 {
			t.Fatalf("text %d: length %g", i, sum)
		}
		if i >= 6 && !reflect.DeepEqual(v, got[i%6]) {
			t.Fatalf("text %d has another vector than its twin", i)
		}
	}
	if !reflect.DeepEqual(got[3], got[4]) {
		t.Error("a long text is not cut after twelve tokens")
	}
	if reflect.DeepEqual(got[1], got[2]) {
		t.Error("different texts, same vector")
	}
}

func TestSparse(t *testing.T) {
	shape := tiny
	shape.Masked = true
	e := open(t, shape.Write(t, 2, words...))
	got, err := e.Encode(t.Context(), []string{"a fine sieve"}, Query)
	if err != nil || e.Kind() != vector.KindSparse {
		t.Fatal(err)
	}
	all, err := e.model.Weights([][]int32{{2, 4, 5, 6, 3}})
	if err != nil {
		t.Fatal(err)
	}
	want := vector.Named{}
	for i, w := range all[0] {
		if w > 0 {
			want[words[i]] = w
		}
	}
	if len(want) == 0 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("%v, want %v", got[0], want)
	}
}

// TestFolder: what the files beside the model say is done.
func TestFolder(t *testing.T) {
	dir := tiny.Write(t, 1, words...)
	plain := open(t, dir)
	tinymodel.WriteJSON(t, filepath.Join(dir, "config_sentence_transformers.json"), map[string]any{"prompts": map[string]string{"query": "fine "}})
	tinymodel.WriteJSON(t, filepath.Join(dir, "sentence_bert_config.json"), map[string]any{"max_seq_length": 5})
	e := open(t, dir)
	for _, c := range []struct {
		text, same string
		use        Use
	}{{"sieve", "fine sieve", Query}, {"sieve", "sieve", Passage}, {"a a a a", "a a a", Passage}} {
		got, err := e.Encode(t.Context(), []string{c.text}, c.use)
		if err != nil {
			t.Fatal(err)
		}
		want, err := plain.Encode(t.Context(), []string{c.same}, Passage)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q is not encoded as %q", c.text, c.same)
		}
	}
	if i := e.Info(); i.Architecture != "BertModel" || i.Vectors != "dense" || i.Width != 32 || i.Tokens != 5 || i.Pooling != "mean" {
		t.Errorf("%+v", i)
	}
}

// TestLaterFolder: later versions of sentence-transformers say the same otherwise.
func TestLaterFolder(t *testing.T) {
	dir := tiny.Write(t, 1, words...)
	if err := os.Mkdir(filepath.Join(dir, "1_Pooling"), 0o777); err != nil {
		t.Fatal(err)
	}
	tinymodel.WriteJSON(t, filepath.Join(dir, "1_Pooling", "config.json"), map[string]any{"pooling_mode": "lasttoken"})
	for _, c := range []struct {
		most float64
		want int
	}{{1e30, 12}, {0, 12}, {7, 7}, {100, 12}} {
		tinymodel.WriteJSON(t, filepath.Join(dir, "tokenizer_config.json"), map[string]any{"model_max_length": c.most})
		if i := open(t, dir).Info(); i.Pooling != "last" || i.Tokens != c.want {
			t.Errorf("model_max_length %g: %+v", c.most, i)
		}
	}
	tinymodel.WriteJSON(t, filepath.Join(dir, "1_Pooling", "config.json"), map[string]any{"pooling_mode": "max"})
	if e, err := Open(dir, model.F32); err == nil {
		e.Close()
		t.Error("a pooling that is not known is taken for another")
	}
}

func TestWrongFolder(t *testing.T) {
	if _, err := Open(tiny.Write(t, 1, append(words, "more")...), model.F32); err == nil || !strings.Contains(err.Error(), "has 10 words, the weights 9") {
		t.Error(err)
	}
	if _, err := Open(tiny.Write(t, 1), model.F32); err == nil || !strings.Contains(err.Error(), "neither tokenizer.json nor vocab.txt") {
		t.Error(err)
	}
}

// TestStop: a call ends where it is told to, and where nobody asks for more.
func TestStop(t *testing.T) {
	e := open(t, tiny.Write(t, 1, words...))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	endless := iter.Seq[string](func(yield func(string) bool) {
		for yield("a fine sieve") {
		}
	})
	n := 0
	for _, err := range e.All(ctx, endless, Passage) {
		if n++; n == 100 {
			cancel()
		}
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			break
		}
	}
	for range e.All(t.Context(), endless, Passage) {
		break
	}
}

// TestLabels: of a model with labels they are what is made of texts and pairs, a list each or
// one for each token.
func TestLabels(t *testing.T) {
	shape := reader
	shape.Labels = 3
	for _, tokens := range []bool{false, true} {
		dir := shape.Write(t, 3, words...)
		if tokens {
			config := shape.Config()
			config["architectures"] = []string{"BertForTokenClassification"}
			tinymodel.WriteJSON(t, filepath.Join(dir, "config.json"), config)
		}
		e := open(t, dir)
		got, err := e.Encode(t.Context(), []string{Pair("sieve", "a fine"), "a fine"}, Passage)
		if err != nil || !e.Labels() || e.Width() != 3 || e.Info().Vectors != "labels" {
			t.Fatal(err, e.Info())
		}
		want, err := e.model.Labels([][]int32{{2, 6, 3, 4, 5, 3}, {2, 4, 5, 3}}, [][]int32{{0, 0, 0, 1, 1, 1}, {0, 0, 0, 0}})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if tokens {
				v = vector.Dense(slices.Concat([][]float32(asRows(v.(vector.Multi)))...))
			}
			if !reflect.DeepEqual(v, vector.Dense(want[i])) {
				t.Errorf("tokens %v, text %d: %v, want %v", tokens, i, v, want[i])
			}
		}
	}
}

func asRows(m vector.Multi) (rows [][]float32) {
	for _, v := range m {
		rows = append(rows, v)
	}
	return rows
}

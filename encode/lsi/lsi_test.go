package lsi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/vector"
)

// topics are passages of which each is about one of a few subjects: of its words a passage
// has some, drawn at random, so that two of a subject may share none.
func topics(subjects, words, passages int) []string {
	rng := rand.New(rand.NewPCG(4, 2))
	var all []string
	for i := range passages {
		var b strings.Builder
		for range 12 {
			b.WriteString(lettered("s%dw%d ", i%subjects, rng.IntN(words)))
			b.WriteString(lettered("c%d ", rng.IntN(300))) // of no subject
		}
		all = append(all, b.String())
	}
	return all
}

// lettered has letters for digits, since a word with digits is literal.
func lettered(format string, args ...any) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r - '0' + 'a'
		}
		return r
	}, fmt.Sprintf(format, args...))
}

func each(texts []string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, s := range texts {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func learned(t *testing.T, texts []string) *Model {
	t.Helper()
	m, err := Learn(t.Context(), each(texts), Options{Analyzer: "simple", Width: 64, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func vectorOf(t *testing.T, m *Model, s string, u encode.Use) vector.Dense {
	t.Helper()
	for v, err := range m.All(t.Context(), slices.Values([]string{s}), u) {
		if err != nil {
			t.Fatal(err)
		}
		return v.(vector.Dense)
	}
	t.Fatal("no vector")
	return nil
}

// TestOtherWords: a question finds the subject whose passages have none of its words.
func TestOtherWords(t *testing.T) {
	m, err := Learn(t.Context(), each(topics(8, 40, 1600)), Options{Analyzer: "simple", Width: 32, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for s := range 8 {
		q := vectorOf(t, m, lettered("s%dw1", s), encode.Query)
		if l := q.Length(); math.Abs(l-1) > 1e-5 {
			t.Errorf("a question's vector has the length %g", l)
		}
		near := make([]float32, 8)
		for o := range near {
			near[o] = q.Dot(vectorOf(t, m, strings.Repeat(lettered("s%dw2 s%dw3 s%dw4 ", o, o, o), 20), encode.Passage))
		}
		if near[s] != slices.Max(near) {
			wrong++
		}
	}
	if wrong > 0 { // one of eight would be right by chance
		t.Errorf("%d subjects of 8 are not found by other words of theirs", wrong)
	}
	short := vectorOf(t, m, lettered("s1w1 s1w2"), encode.Passage)
	if l, want := short.Length(), math.Sqrt(2/m.Mean); math.Abs(l-want) > 1e-5 {
		t.Errorf("a passage of two terms has the length %g, want %g", l, want)
	}
	if l := vectorOf(t, m, "nothing known", encode.Passage).Length(); l != 0 {
		t.Errorf("a passage without a known term has the length %g", l)
	}
}

// TestSubspace: the basis is orthonormal and holds as much of the corpus as that of an
// independent way to the same: power iteration, one direction after the other, in float64.
func TestSubspace(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is shared: without the race detector")
	}
	c := &corpus{ids: map[string]int32{}}
	for _, s := range topics(6, 30, 400) {
		c.rows = append(c.rows, counted(strings.Fields(s), c.id))
	}
	c.keep()
	c.weigh()
	s := newSubspace(len(c.words), lanes, 7)
	for range rounds {
		if err := s.turn(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	column := func(l int) []float64 {
		v := make([]float64, len(c.words))
		for i := range v {
			v[i] = float64(s.blocks[l/lanes][i*lanes+l%lanes])
		}
		return v
	}
	var held float64
	for a := range lanes {
		for b := range a + 1 {
			dot := 0.0
			for i, x := range column(a) {
				dot += x * column(b)[i]
			}
			want := 0.0
			if a == b {
				want = 1
			}
			if math.Abs(dot-want) > 1e-4 {
				t.Fatalf("columns %d and %d: %g", a, b, dot)
			}
		}
		held += energy(c, column(a))
	}
	var found [][]float64
	best := 0.0
	rng := rand.New(rand.NewPCG(1, 1))
	for range lanes {
		v := make([]float64, len(c.words))
		for i := range v {
			v[i] = rng.Float64() - .5
		}
		for range 60 {
			next := make([]float64, len(v))
			for i, row := range c.rows {
				z := 0.0
				for j, x := range row {
					z += float64(c.weights[i][j]) * v[x.Term]
				}
				for j, x := range row {
					next[x.Term] += float64(c.weights[i][j]) * z
				}
			}
			for _, f := range found {
				dot := 0.0
				for i := range f {
					dot += f[i] * next[i]
				}
				for i := range f {
					next[i] -= dot * f[i]
				}
			}
			square := 0.0
			for _, x := range next {
				square += x * x
			}
			for i := range next {
				v[i] = next[i] / math.Sqrt(square)
			}
		}
		found = append(found, v)
		best += energy(c, v)
	}
	if held < .97*best || held > 1.01*best {
		t.Errorf("the subspace holds %.3f of the corpus, power iteration finds %.3f", held, best)
	}
}

// energy is how much of the rows lies in a direction.
func energy(c *corpus, v []float64) (sum float64) {
	for i, row := range c.rows {
		z := 0.0
		for j, x := range row {
			z += float64(c.weights[i][j]) * v[x.Term]
		}
		sum += z * z
	}
	return sum
}

// TestSameBytes: how many processors there are does not show, nor that a model was saved.
func TestSameBytes(t *testing.T) {
	texts := topics(5, 30, 500)
	m := learned(t, texts)
	was := runtime.GOMAXPROCS(1)
	again := learned(t, texts)
	runtime.GOMAXPROCS(was)
	if m.Name() != again.Name() || !bytes.Equal(m.safetensors(), again.safetensors()) {
		t.Error("two models of the same texts differ")
	}
	other, err := Learn(t.Context(), each(texts), Options{Analyzer: "simple", Width: 64, Seed: 2})
	if err != nil || other.Name() == m.Name() {
		t.Errorf("another seed gives the model %s (%v)", other.Name(), err)
	}
	dir := filepath.Join(t.TempDir(), "model")
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	read, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if read.Name() != m.Name() || !Is(dir) {
		t.Errorf("%s was saved, %s is read", m.Name(), read.Name())
	}
	if a, b := vectorOf(t, m, texts[3], encode.Passage), vectorOf(t, read, texts[3], encode.Passage); !slices.Equal(a, b) {
		t.Error("a model that was read makes other vectors")
	}
	if err := other.Save(dir); err != nil { // over the first
		t.Fatal(err)
	}
	if read, err = Open(dir); err != nil || read.Name() != other.Name() {
		t.Errorf("a model saved over another: %v", err)
	}
}

func TestBadFolders(t *testing.T) {
	m := learned(t, topics(5, 30, 500))
	for name, c := range map[string]struct {
		file string
		data string
		want string
	}{
		"other":   {configFile, `{"model_type": "bert"}`, "no model that tamis train made"},
		"no json": {configFile, `{`, "no model that tamis train made"},
		"width":   {configFile, `{"model_type": "tamis-lsi", "width": -1, "mean_terms": 3}`, "train it anew"},
		"words":   {wordsFile, "a\nb\n", "the terms are those of vocab.txt"},
		"twice":   {wordsFile, strings.Repeat("a\n", m.Terms()), "a term twice"},
		"cut":     {weightsFile, string(m.safetensors()[:100]), weightsFile},
		"nan":     {weightsFile, strings.Replace(string(m.safetensors()), string(m.safetensors()[len(m.safetensors())-8:]), "\xff\x7f\xff\x7f\xff\x7f\xff\x7f", 1), "is NaN"},
		"analyzer": {configFile, fmt.Sprintf(`{"model_type": "tamis-lsi", "width": %d, "mean_terms": 3, "analyzer": "klingon"}`, m.Width()),
			"klingon"},
	} {
		dir := filepath.Join(t.TempDir(), name)
		if err := m.Save(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.data), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, configFile), []byte(`{"model_type": "bert"}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(dir); !errors.Is(err, ErrOther) {
		t.Errorf("saved over another model: %v", err)
	}
	for name, texts := range map[string][]string{"nothing": nil, "one": {"a few words"}, "the same": slices.Repeat([]string{"a few words of one kind"}, 500)} {
		if _, err := Learn(t.Context(), each(texts), Options{Analyzer: "simple"}); !errors.Is(err, ErrSmall) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Learn(ctx, each(topics(5, 30, 500)), Options{Analyzer: "simple"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

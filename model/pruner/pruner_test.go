package pruner

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLook: numbers that can be computed by hand, of states that are 2 wide (padded to 16, which products need).
func TestLook(t *testing.T) {
	const width = 16
	row := func(x, y float32) []float32 {
		r := make([]float32, width)
		r[0], r[1] = x, y
		return r
	}
	text := func(ids []int32, rows ...[]float32) *Text {
		x := &Text{IDs: ids}
		for _, r := range rows {
			x.States = append(x.States, r...)
		}
		return x
	}
	q := text([]int32{1, 2}, row(2, 0), row(0, 3))
	p := text([]int32{1, 5, 2}, row(1, 0), row(3, 4), row(0, -1))
	rare := func(id int32) float32 { return float32(id) } // the second token of the question weighs 2 of 3
	e := Look(q, p, [][2]int{{0, 2}, {2, 3}}, rare)
	near := func(what string, got, want float32) {
		t.Helper()
		if math.Abs(float64(got-want)) > 1e-5 {
			t.Errorf("%s: %g, want %g", what, got, want)
		}
	}
	first, second := e.Sentences[0].Numbers, e.Sentences[1].Numbers
	near("MaxSim", first[nearest], (1+.8)/2)
	near("by rarity", first[nearestRare], (1*1+2*.8)/3)
	near("the least", first[nearestLeast], .8)
	near("the most", first[nearestMost], 1)
	near("shared", first[shared], .5)
	near("shared by rarity", first[sharedRare], 1./3)
	near("back", first[nearestBackMean], (1+.8)/2)
	near("MaxSim of the second", second[nearest], (0-1)/2.)
	near("shared by rarity of the second", second[sharedRare], 2./3)
	near("tokens", float32(e.Sentences[0].Tokens()), 2)
	// mean (2,3) beside mean (4,4)
	near("cosine", first[cosine], float32((2*4+3*4)/(math.Sqrt(13)*math.Sqrt(32))))
	near("the whole", e.Whole.Numbers[nearest], (1+.8)/2)
	if n := len(e.keepInput(nil, 0)); n != keepNumbers+3*width {
		t.Errorf("%d inputs", n)
	}
	if n := len(e.rankInput(nil)); n != rankNumbers+3*width {
		t.Errorf("%d inputs", n)
	}
}

// examples whose right sentence has the question's direction: no number alone says it as well.
func examples(n int, seed uint64) (groups []Group) {
	rng := rand.New(rand.NewPCG(seed, 2))
	const width = 16
	for range n {
		var g Group
		right := rng.IntN(3)
		for i := range 3 {
			e := &Example{Question: make([]float32, width)}
			for j := range e.Question {
				e.Question[j] = float32(rng.NormFloat64()) / 4
			}
			keep := make([]bool, 4)
			at := rng.IntN(4)
			keep[at] = i == right
			for s := range 4 {
				r := Range{Mean: make([]float32, width)}
				for j := range r.Mean {
					r.Mean[j] = float32(rng.NormFloat64()) / 4
				}
				for j := range r.Numbers {
					r.Numbers[j] = float32(rng.NormFloat64())
				}
				if s == at && i == right {
					r.Numbers[nearest] += 3
				}
				e.Sentences = append(e.Sentences, r)
			}
			e.Whole = e.Sentences[at]
			g.Examples, g.Answers, g.Keep = append(g.Examples, e), append(g.Answers, i == right), append(g.Keep, keep)
		}
		groups = append(groups, g)
	}
	return groups
}

// TestGradient: that of each loss is what small changes of parameters make of it.
func TestGradient(t *testing.T) {
	groups := examples(3, 1)
	for what, items := range map[string][]item{"keep": keepItems(groups), "rank": rankItems(groups)} {
		numbers := keepNumbers
		if what == "rank" {
			numbers = rankNumbers
		}
		n := newNetwork(numbers, 16, 5)
		n.standardise(items)
		rng := rand.New(rand.NewPCG(3, 3))
		for i := range n.p {
			n.p[i] = float32(rng.NormFloat64()) / 4
		}
		g := make([]float32, len(n.p))
		n.loss(&items[0], &room{}, g)
		for range 60 {
			i := rng.IntN(len(g))
			const step = 1e-2
			was := n.p[i]
			n.p[i] = was + step
			up := n.loss(&items[0], &room{}, nil)
			n.p[i] = was - step
			down := n.loss(&items[0], &room{}, nil)
			n.p[i] = was
			if want := (up - down) / (2 * step); math.Abs(want-float64(g[i])) > 2e-3+.05*math.Abs(want) {
				t.Errorf("%s: parameter %d: %g, want %g", what, i, g[i], want)
			}
		}
	}
}

func options() Options {
	o := Defaults
	o.Hidden, o.Epochs, o.Rate = 8, 10, .01
	return o
}

// TestFit: what decides is learned, and the same bytes twice.
func TestFit(t *testing.T) {
	fit := func(seed uint64) *Head {
		o := options()
		o.Seed = seed
		h, err := Fit(t.Context(), examples(200, 1), examples(50, 2), make([]float32, 9), o)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	h := fit(1)
	ranked, kept := 0, 0
	for _, g := range examples(100, 3) {
		best := 0
		for i, e := range g.Examples {
			if h.Rank(e) > h.Rank(g.Examples[best]) {
				best = i
			}
			if !g.Answers[i] {
				continue
			}
			p := h.Keep(e)
			for s := range p {
				if g.Keep[i][s] == (p[s] > .5) {
					kept++
				}
			}
		}
		if g.Answers[best] {
			ranked++
		}
	}
	if ranked < 85 || kept < 340 {
		t.Errorf("%d of 100 passages and %d of 400 sentences are right", ranked, kept)
	}
	if !bytes.Equal(h.tensors(), fit(1).tensors()) {
		t.Error("a second run learns something else")
	}
	if bytes.Equal(h.tensors(), fit(2).tensors()) {
		t.Error("another seed learns the same")
	}
}

// TestDiverged: a loss that is not a number ends with the step, and what was good before stays.
func TestDiverged(t *testing.T) {
	learn := examples(200, 1)
	learn[7].Examples[0].Sentences[0].Mean[0] = float32(math.NaN())
	learn[7].Examples[0].Whole.Mean[0] = float32(math.NaN())
	h, err := Fit(t.Context(), learn, examples(20, 2), nil, options())
	if h != nil || !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "of epoch 1") {
		t.Errorf("%v %v", h, err)
	}
	o := options()
	o.Rate = 1e30 // the first epoch ends in numbers that are none
	if h, err := Fit(t.Context(), examples(10, 1), examples(20, 2), nil, o); h != nil && err == nil {
		t.Errorf("steps without a bound: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(ctx, examples(10, 1), examples(20, 2), nil, options()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestFolder: a head is what it was, and what is wrong with a folder is one error.
func TestFolder(t *testing.T) {
	h, err := Fit(t.Context(), examples(80, 1), examples(20, 2), make([]float32, 9), options())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "head")
	is := Encoder{Name: "x", Place: "y", Width: 16, Words: 9, Layers: 1}
	if err := errors.Join(Takes(dir), h.Save(dir, is), Takes(dir)); err != nil {
		t.Fatal(err)
	}
	again, found, err := Open(dir)
	if err != nil || found != is || !bytes.Equal(again.tensors(), h.tensors()) || !Is(dir) {
		t.Fatalf("%v %+v", err, found)
	}
	e := examples(1, 9)[0].Examples[0]
	if h.Rank(e) != again.Rank(e) || h.Keep(e)[2] != again.Keep(e)[2] {
		t.Error("it says something else")
	}
	for name, change := range map[string]func([]byte) []byte{
		"does not belong": func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"not written":     func(b []byte) []byte { return b[:len(b)/2] },
	} {
		path := filepath.Join(dir, weightsFile)
		was, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, change(bytes.Clone(was)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Open(dir); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.WriteFile(path, was, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for want, text := range map[string]string{
		"version 2":    `{"version": 2}`,
		"no such head": `{"version": 1, "hidden": -1}`,
		nameFile:       `{`,
	} {
		if err := os.WriteFile(filepath.Join(dir, nameFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Open(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Takes(other); err == nil {
		t.Error("a folder of something else is taken")
	}
}

// FuzzParse: what is no example is an error, and what is one comes back.
func FuzzParse(f *testing.F) {
	f.Add(examples(1, 1)[0].Examples[0].AppendBinary(nil))
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, rest, err := Parse(b)
		if err != nil {
			return
		}
		again, _, err := Parse(e.AppendBinary(nil))
		if err != nil || len(again.Sentences) != len(e.Sentences) || len(rest) > len(b) {
			t.Error(err)
		}
	})
}

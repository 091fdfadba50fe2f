package projection

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/train/asked"
)

// made are states of n tokens: of length 3, 2 and 1 along three directions, and .1 along all others.
func made(n, in int, directions [][]float64, seed uint64) *read {
	draw := rand.New(rand.NewPCG(seed, 1))
	r := &read{n: n}
	for range n {
		x := make([]float64, in)
		for i := range x {
			x[i] = .1 * draw.NormFloat64()
		}
		for k, d := range directions {
			a := float64(3-k) * draw.NormFloat64()
			for i, y := range d {
				x[i] += a * y
			}
		}
		for _, a := range x {
			r.states = append(r.states, simd.ToHalf(float32(a)))
		}
	}
	return r
}

// TestDirections: what most squares lie along is found, and how many that are is told.
func TestDirections(t *testing.T) {
	const in, width = 48, 3
	draw := rand.New(rand.NewPCG(7, 7))
	true3 := make([][]float64, 3)
	for i := range true3 {
		for range in {
			true3[i] = append(true3[i], draw.NormFloat64())
		}
	}
	orthonormal(true3)
	rows, kept, err := directions(in, width, []*read{made(3000, in, true3, 1), made(2000, in, true3, 2)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range true3 {
		along := 0.
		for i, x := range want {
			along += x * float64(rows[k*in+i])
		}
		if math.Abs(along) < .99 {
			t.Errorf("direction %d: %g", k, along)
		}
	}
	if want := (9 + 4 + 1) / (9 + 4 + 1 + .01*in); math.Abs(kept-want) > .02 {
		t.Errorf("kept %g, want %g", kept, want)
	}
	if _, _, err := directions(in, width, []*read{{n: 1, states: make([]uint16, in)}}, 1); err == nil {
		t.Error("states of nothing have directions")
	}
}

// TestMaxSim is beside the formula.
func TestMaxSim(t *testing.T) {
	const in = 32
	draw := rand.New(rand.NewPCG(3, 3))
	rows := make([]float32, 16*in)
	for i := range rows {
		rows[i] = float32(draw.NormFloat64())
	}
	m := newMatrix(rows, in)
	q, p := made(5, in, nil, 4), made(23, in, nil, 5)
	vectors := func(r *read) (all [][]float64) {
		for i := range r.n {
			v, n := make([]float64, 16), 0.
			for k := range v {
				for j := range in {
					v[k] += float64(rows[k*in+j]) * float64(simd.FromHalf(r.states[i*in+j]))
				}
				n += v[k] * v[k]
			}
			for k := range v {
				v[k] /= math.Sqrt(n)
			}
			all = append(all, v)
		}
		return all
	}
	want := 0.
	for _, a := range vectors(q) {
		best := -2.
		for _, b := range vectors(p) {
			c := 0.
			for k, x := range a {
				c += x * b[k]
			}
			best = max(best, c)
		}
		want += best / 5
	}
	if got := maxSim(m.project(q), m.project(p)); math.Abs(got-want) > 1e-5 {
		t.Errorf("%g, want %g", got, want)
	}
	if got := reciprocal([]float64{1, 3, 3, 2}, 2); got != .5 {
		t.Errorf("a tie with what is wrong: %g", got)
	}
}

func frozen(t *testing.T) *encode.Frozen {
	t.Helper()
	words := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "fine", "sieve", "is", "here", "there", "thing0", "thing1", "thing2", "thing3", "thing4"}
	dir := tinymodel.Shape{Words: len(words), Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 40}.Write(t, 1, words...)
	f, err := encode.OpenFrozen(dir, model.F32, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func questions(n int) (all []asked.Question) {
	for i := range n {
		all = append(all, asked.Question{Text: fmt.Sprintf("fine thing%d", i%5), From: fmt.Sprint(i), Passages: []asked.Passage{
			{Text: "a sieve is here"},
			{Text: fmt.Sprintf("thing%d is there", i%5), Answers: true},
			{Text: fmt.Sprintf("thing%d is fine", (i+1)%5)},
		}})
	}
	return all
}

// TestLearn: all directions of the states are the states, few are less, and a second time is the same.
func TestLearn(t *testing.T) {
	f := frozen(t)
	learn := func(width, n int) (*Result, error) {
		return Learn(t.Context(), f, questions(n), Options{Width: width, Seed: 1})
	}
	all, err := learn(32, 60)
	if err != nil {
		t.Fatal(err)
	}
	if g := all.Gain; g.Questions != 60 || g.Whole < .5 || math.Abs(g.Whole-g.Projected) > .02 || math.Abs(all.Squares-1) > 1e-6 {
		t.Errorf("%+v", all)
	}
	few, err := learn(16, 60)
	if err != nil || few.Squares >= all.Squares || few.Squares < .5 || len(few.Weights) != 16*32 {
		t.Errorf("%+v %v", few.Squares, err)
	}
	again, err := learn(16, 60)
	if err != nil || !bytes.Equal(fmt.Append(nil, again.Weights), fmt.Append(nil, few.Weights)) {
		t.Error("another result", err)
	}
	if _, err := learn(16, 20); !errors.Is(err, ErrFew) {
		t.Error(err)
	}
	for _, width := range []int{0, 8, 48} {
		if _, err := learn(width, 60); err == nil || !strings.Contains(err.Error(), "a multiple of 16") {
			t.Error(width, err)
		}
	}
}

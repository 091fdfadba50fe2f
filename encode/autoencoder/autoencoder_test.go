package autoencoder

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/tamis-search/tamis/vector"
)

const (
	plantedWidth = 32
	planted      = 24
	each3        = 3
)

// plant makes vectors that are sums of three of some directions each.
func plant(n int, seed uint64) (directions, vs []vector.Dense) {
	rng := rand.New(rand.NewPCG(seed, 7))
	for range planted {
		d := make([]float32, plantedWidth)
		for i := range d {
			d[i] = float32(rng.NormFloat64())
		}
		unit(d)
		directions = append(directions, d)
	}
	for range n {
		v := make(vector.Dense, plantedWidth)
		for _, f := range rng.Perm(planted)[:each3] {
			add(v, directions[f], 1+rng.Float32())
		}
		vs = append(vs, v)
	}
	return directions, vs
}

// found is how near the nearest feature of a model is to each direction, in the mean.
func found(m *Model, directions []vector.Dense) float64 {
	sum := 0.0
	for _, d := range directions {
		best := -1.0
		for f := range m.Features {
			best = max(best, float64(d.Dot(m.Direction(f))))
		}
		sum += best
	}
	return sum / float64(len(directions))
}

func learned(t *testing.T, vs []vector.Dense, o Options) *Training {
	t.Helper()
	tr, err := Start(vs, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return tr
}

// Directions that vectors were made of are found, by training and not before, and vectors
// that were not seen are explained by them.
func TestPlanted(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is shared: without the race detector")
	}
	directions, vs := plant(2200, 1)
	o := Options{Features: 32, Active: each3, Rounds: 60, Rate: 5e-3, Seed: 3}
	before, err := Start(vs[:2000], o)
	if err != nil {
		t.Fatal(err)
	}
	near := found(before.Model(), directions)
	after := learned(t, vs[:2000], o)
	if got := found(after.Model(), directions); got < .97 || near > .9 {
		t.Errorf("directions are found to %.3f, before training to %.3f", got, near)
	}
	e, err := after.Model().Explained(vs[2000:])
	if err != nil || e < .9 {
		t.Errorf("%.3f of the variance of unseen vectors is explained: %v", e, err)
	}
	if fit := after.Fit(); math.Abs(fit.Explained-e) > .1 {
		t.Errorf("training says %.3f, unseen vectors %.3f", fit.Explained, e)
	}
	// Features of other vectors explain these badly: the measure is none that all pass.
	_, others := plant(2000, 99)
	wrong := learned(t, others, o)
	if got := found(wrong.Model(), directions); got > .8 {
		t.Errorf("features of other vectors are as near: %.3f", got)
	}
	if x, _ := wrong.Model().Explained(vs[2000:]); x > e-.2 {
		t.Errorf("features of other vectors explain %.3f, own ones %.3f", x, e)
	}
}

// What is decoded is the sum of the directions by their activations; the strongest are first,
// and no more than may be.
func TestDecode(t *testing.T) {
	_, vs := plant(300, 2)
	m := learned(t, vs, Options{Features: 24, Active: 4, Rounds: 3}).Model()
	codes, err := m.Encode(vs)
	if err != nil {
		t.Fatal(err)
	}
	for i, code := range codes {
		if len(code) > 4 {
			t.Fatalf("vector %d has %d features", i, len(code))
		}
		want := append([]float32(nil), m.mean...)
		x := make([]float32, m.Width)
		m.centre(x, vs[i])
		for j, a := range code {
			if j > 0 && a.Weight > code[j-1].Weight || a.Weight <= 0 {
				t.Fatalf("vector %d: %v", i, code)
			}
			e := 0.0
			for k, y := range m.encoder[a.Feature*m.Width:][:m.Width] {
				e += float64(y) * float64(x[k])
			}
			if math.Abs(e*float64(m.scale)-float64(a.Weight)) > 1e-4 {
				t.Fatalf("vector %d, feature %d: %g, want %g", i, a.Feature, a.Weight, e*float64(m.scale))
			}
			add(want, m.Direction(a.Feature), a.Weight)
		}
		if d := distance(m.Decode(code), want); d > 1e-9 {
			t.Fatalf("vector %d is decoded %g away", i, d)
		}
	}
}

func bytesOf(t *testing.T, m *Model) []byte {
	t.Helper()
	b, err := m.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The same seed makes the same bytes, on one processor and on several, stopped or not; another
// makes others.
func TestSame(t *testing.T) {
	_, vs := plant(500, 4)
	o := Options{Features: 40, Active: 4, Rounds: 6, Seed: 1}
	want := bytesOf(t, learned(t, vs, o).Model())
	before := runtime.GOMAXPROCS(1)
	one := bytesOf(t, learned(t, vs, o).Model())
	runtime.GOMAXPROCS(before)
	if !bytes.Equal(want, one) {
		t.Error("one processor makes other bytes")
	}
	other := o
	other.Seed = 2
	if bytes.Equal(want, bytesOf(t, learned(t, vs, other).Model())) {
		t.Error("another seed makes the same bytes")
	}
	for _, stop := range []int{1, 3} {
		tr, err := Start(vs, o)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		rounds := 0
		if err := tr.Run(ctx, func() error {
			if rounds++; rounds == stop {
				cancel()
			}
			return nil
		}); !errors.Is(err, context.Canceled) {
			t.Fatalf("a training that is stopped: %v", err)
		}
		b, err := tr.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Resume(vs, o, b)
		if err != nil {
			t.Fatal(err)
		}
		if done, all := again.Steps(); done != stop*8 || all != 48 {
			t.Errorf("%d of %d steps are done after %d rounds", done, all, stop)
		}
		if err := again.Run(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, bytesOf(t, again.Model())) {
			t.Errorf("stopped after round %d, training makes other bytes", stop)
		}
		if _, err := Resume(vs[1:], o, b); !errors.Is(err, ErrOther) {
			t.Errorf("other vectors: %v", err)
		}
		if _, err := Resume(vs, other, b); !errors.Is(err, ErrOther) {
			t.Errorf("other options: %v", err)
		}
		b[len(b)/2] ^= 1
		if _, err := Resume(vs, o, b); !errors.Is(err, ErrFile) {
			t.Errorf("a damaged training: %v", err)
		}
	}
}

// Features that never fire come to life by the auxiliary loss.
func TestDead(t *testing.T) {
	_, vs := plant(1000, 5)
	tr, err := Start(vs, Options{Features: 64, Active: 3, Rounds: 30})
	if err != nil {
		t.Fatal(err)
	}
	// Directions that no vector has: their features cannot fire by themselves.
	for f := range 16 {
		for i := range plantedWidth {
			tr.m.encoder[f*plantedWidth+i] *= -.01
		}
	}
	tr.m.pack()
	if err := tr.Run(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if fit := tr.Fit(); fit.Dead > 12 {
		t.Errorf("%d of 64 features are dead", fit.Dead)
	}
}

// A training that runs away says at which step, and keeps what it was before.
func TestDiverged(t *testing.T) {
	_, vs := plant(300, 6)
	tr, err := Start(vs, Options{Features: 32, Active: 3, Rate: 1e36})
	if err != nil {
		t.Fatal(err)
	}
	before := bytesOf(t, tr.Model())
	err = tr.Run(t.Context(), nil)
	if !errors.Is(err, ErrDiverged) {
		t.Fatalf("a training that runs away: %v", err)
	}
	t.Log(err)
	if done, _ := tr.Steps(); done%5 != 0 {
		t.Errorf("%d steps are kept, no whole rounds", done)
	}
	if done, _ := tr.Steps(); done == 0 && !bytes.Equal(before, bytesOf(t, tr.Model())) {
		t.Error("what was there before is not kept")
	}
	if e, err := tr.Model().Explained(vs); err != nil || math.IsNaN(e) {
		t.Errorf("what is kept explains %g: %v", e, err)
	}
}

func TestRefused(t *testing.T) {
	_, vs := plant(200, 7)
	same := make([]vector.Dense, 100)
	for i := range same {
		same[i] = vs[0]
	}
	for name, x := range map[string]struct {
		vs []vector.Dense
		o  Options
	}{
		"none": {}, "few": {vs[:63], Options{}}, "too many features": {vs, Options{Features: 101}}, "all the same": {same, Options{}},
	} {
		if _, err := Start(x.vs, x.o); !errors.Is(err, ErrFew) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Start(append(vs[:len(vs):len(vs)], vector.Dense{1}), Options{}); err == nil {
		t.Error("vectors of two widths are taken")
	}
	if _, err := Start(vs, Options{Features: 16, Active: 17}); err == nil {
		t.Error("more active features than there are")
	}
	m := learned(t, vs, Options{Rounds: 1}).Model()
	if _, err := m.Encode([]vector.Dense{{1, 2}}); err == nil {
		t.Error("a vector of another width is encoded")
	}
	b := bytesOf(t, m)
	var again Model
	if err := again.UnmarshalBinary(b); err != nil || !bytes.Equal(b, bytesOf(t, &again)) {
		t.Errorf("a model is read as another: %v", err)
	}
	for n := range len(b) {
		if n%97 == 0 || n > len(b)-20 || n < 60 {
			if err := new(Model).UnmarshalBinary(b[:n]); !errors.Is(err, ErrFile) {
				t.Fatalf("%d of %d bytes: %v", n, len(b), err)
			}
		}
	}
}

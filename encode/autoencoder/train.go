package autoencoder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/vector"
)

// What is learned, where Options name nothing else.
const (
	DefaultActive = 16
	DefaultRounds = 20
	leastVectors  = 64
	mostWide      = 4 // times the width of the vectors, in features by default
	vectorsEach   = 4 // vectors for a feature by default
	fewestEach    = 2 // and at least
)

// How it is learned.
const (
	batch     = 64
	rate      = 2e-3     // of Adam, falling to 0 along the second half
	momentum  = .9       // of the mean of gradients
	inertia   = .999     // of the mean of their squares
	tiny      = 1e-8     // beside the root of the latter
	auxiliary = 1. / 32. // weight of the loss by which dead features learn
)

// Errors of Start and Run.
var (
	// ErrFew is wrapped where there are too few vectors to learn from.
	ErrFew = errors.New("too few vectors to learn features from")
	// ErrDiverged is wrapped where training gives what is no number.
	ErrDiverged = errors.New("training gives what is no number")
)

// Options of Start.
type Options struct {
	// Features is how many are learned; 0 goes by the number of vectors and their width.
	Features int
	// Active is how many a vector has at most; 0 is DefaultActive, or fewer where there are few features.
	Active int
	// Rounds is how often each vector is seen; 0 is DefaultRounds.
	Rounds int
	Seed   uint64
	// Rate is by how much a step changes the model at first; 0 is 0.002.
	Rate float32
}

// Training is a model that learns. One that was saved (Bytes) goes on with Resume.
type Training struct {
	m       *Model
	o       Options
	x       []float32 // the vectors, centred
	n       int
	step    int
	fired   []int32 // the step at which a feature fired last, by feature
	moments [4][]float32
	last    Fit
	digest  uint64
}

// Fit is how well the vectors that are learned from were explained in a round.
type Fit struct {
	Explained float64 // share of their variance
	Dead      int     // features that did not fire in it
}

// Start makes a model that is to learn from vectors, which are of one width and valid.
func Start(vs []vector.Dense, o Options) (*Training, error) {
	if len(vs) < leastVectors {
		return nil, fmt.Errorf("%w: %d; %d are the least", ErrFew, len(vs), leastVectors)
	}
	width := len(vs[0])
	if o.Features == 0 {
		o.Features = max(panel, min(mostWide*width, len(vs)/vectorsEach)/panel*panel)
	}
	if o.Features*fewestEach > len(vs) {
		return nil, fmt.Errorf("%w: %d for %d features; ask for %d or fewer", ErrFew, len(vs), o.Features, len(vs)/fewestEach)
	}
	o.Active = cmp.Or(o.Active, min(DefaultActive, max(1, o.Features/4)))
	if o.Features < 1 || o.Active < 1 || o.Active > o.Features || o.Rounds < 0 {
		return nil, fmt.Errorf("%d features of which a vector has %d, %d rounds: a vector has 1 to all of the features", o.Features, o.Active, o.Rounds)
	}
	o.Rounds, o.Rate = cmp.Or(o.Rounds, DefaultRounds), cmp.Or(o.Rate, rate)
	t := &Training{o: o, n: len(vs), fired: make([]int32, o.Features)}
	t.m = &Model{Config: Config{width, o.Features, o.Active, o.Seed}}
	if err := t.read(vs); err != nil {
		return nil, err
	}
	t.begin()
	return t, nil
}

// read centres the vectors and gives them the mean squared length 1.
func (t *Training) read(vs []vector.Dense) error {
	width := t.m.Width
	sums := make([]float64, width)
	for i, v := range vs {
		if len(v) != width {
			return fmt.Errorf("vector %d has %d numbers, the first %d: features are of vectors of one width", i+1, len(v), width)
		}
		for j, x := range v {
			sums[j] += float64(x)
		}
	}
	t.m.mean = make([]float32, width)
	for j, s := range sums {
		t.m.mean[j] = float32(s / float64(len(vs)))
	}
	square := 0.0
	for _, v := range vs {
		square += distance(v, t.m.mean)
	}
	if !(square > 0) || math.IsInf(square, 0) {
		return fmt.Errorf("%w: all %d are the same", ErrFew, len(vs))
	}
	t.m.scale = float32(math.Sqrt(square / float64(len(vs))))
	t.x = make([]float32, len(vs)*width)
	for i, v := range vs {
		t.m.centre(t.x[i*width:][:width], v)
	}
	t.digest = digest(t.x)
	return nil
}

// begin points each feature at one of the vectors, so that most fire from the start.
func (t *Training) begin() {
	width, all := t.m.Width, t.m.Features*t.m.Width
	rng := rand.New(rand.NewPCG(t.o.Seed, 0x666561))
	order := rng.Perm(t.n)
	t.m.decoder = make([]float32, all)
	for f := range t.m.Features {
		d := t.m.decoder[f*width:][:width]
		copy(d, t.x[order[f]*width:])
		for i := range d { // none is where another is, or nowhere
			d[i] += float32(float32(rng.NormFloat64()) * .3 / float32(math.Sqrt(float64(width))))
		}
		unit(d)
	}
	t.m.encoder = append([]float32(nil), t.m.decoder...)
	t.m.pack()
	for i := range t.moments {
		t.moments[i] = make([]float32, all)
	}
}

// steps is how many a round has.
func (t *Training) steps() int { return (t.n + batch - 1) / batch }

// Steps says how many are done, of how many.
func (t *Training) Steps() (done, all int) { return t.step, t.steps() * t.o.Rounds }

// Fit is that of the last whole round.
func (t *Training) Fit() Fit { return t.last }

// Model is what was learned so far.
func (t *Training) Model() *Model { return t.m }

// Run trains to the end, or until ctx ends: then its error is returned, and training may go on
// later. round, where not nil, is called after each round; its error ends Run. Where what is
// learned is no number, the training is what it was after the last round before, and the error
// wraps ErrDiverged.
func (t *Training) Run(ctx context.Context, round func() error) error {
	good := t.clone()
	_, all := t.Steps()
	order, of := []int(nil), -1
	sum, seen := 0.0, 0
	for t.step < all {
		now, at := t.step/t.steps(), t.step%t.steps()
		if now != of {
			order, of = rand.New(rand.NewPCG(t.o.Seed, uint64(now)+1)).Perm(t.n), now
			sum, seen = 0, 0
		}
		if err := ctx.Err(); err != nil {
			// A round is begun anew: it is what a training that was saved goes on with.
			t.restore(good)
			return err
		}
		rows := order[at*batch : min(t.n, (at+1)*batch)]
		loss := t.learn(rows)
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			step := t.step + 1
			t.restore(good)
			return fmt.Errorf("%w: step %d of %d; what was learned in the %d rounds before is kept; a smaller rate than %g may help", ErrDiverged, step, all, now, t.o.Rate)
		}
		sum += loss
		seen += len(rows)
		t.step++
		if t.step%t.steps() != 0 {
			continue
		}
		t.last = Fit{1 - sum/float64(seen), len(t.dead())}
		good = t.clone()
		if round != nil {
			if err := round(); err != nil {
				return err
			}
		}
	}
	return nil
}

// dead are the features that have not fired for a round.
func (t *Training) dead() (all []int) {
	for f, at := range t.fired {
		if t.step-int(at) > t.steps() {
			all = append(all, f)
		}
	}
	return all
}

// share is what a feature does in a row of a batch.
type share struct {
	row     int
	weight  float32 // the feature's activation
	towards float32 // what the loss says of it: its gradient by the activation
	spare   bool    // in the auxiliary loss
}

// learn makes one step with some rows, and returns the sum of their squared errors.
func (t *Training) learn(rows []int) float64 {
	m, width, wide := t.m, t.m.Width, simd.Padded(t.m.Features)
	n := len(rows)
	x := make([]float32, n*width)
	for i, r := range rows {
		copy(x[i*width:][:width], t.x[r*width:])
	}
	codes, spares := make([][]Activation, n), make([][]Activation, n)
	wrong, missed := make([]float32, n*width), make([]float32, n*width)
	dead := t.dead()
	const together = 8
	each((n+together-1)/together, func(part int) {
		from := part * together
		to := min(n, from+together)
		pre := make([]float32, (to-from)*wide)
		simd.Multiply(pre, wide, x[from*width:], width, m.packed, make([]float32, wide), to-from, width, m.Features)
		var keys []uint64
		for i := from; i < to; i++ {
			row := pre[(i-from)*wide:][:m.Features]
			codes[i] = strongest(row, m.Active, nil, &keys)
			e := wrong[i*width:][:width]
			t.miss(e, x[i*width:][:width], codes[i])
			if len(dead) == 0 {
				continue
			}
			// What is left is -e: the dead features are to explain it.
			spares[i] = strongest(row, min(len(dead), width/2), dead, &keys)
			left := missed[i*width:][:width]
			for j, y := range e {
				left[j] = -y
			}
			target := append([]float32(nil), left...)
			t.miss(left, target, spares[i])
		}
	})
	loss := 0.0
	by := make([][]share, m.Features)
	for i := range n {
		e, s := wrong[i*width:][:width], missed[i*width:][:width]
		for _, y := range e {
			loss += float64(float64(y) * float64(y))
		}
		for _, a := range codes[i] {
			by[a.Feature] = append(by[a.Feature], share{row: i, weight: a.Weight, towards: dot(e, m.decoder[a.Feature*width:][:width])})
			t.fired[a.Feature] = int32(t.step + 1)
		}
		for _, a := range spares[i] {
			by[a.Feature] = append(by[a.Feature], share{i, a.Weight, dot(s, m.decoder[a.Feature*width:][:width]), true})
		}
	}
	if !t.change(x, wrong, missed, by, n) {
		return math.NaN()
	}
	m.pack()
	return loss
}

// miss is what a code says less x, by which it misses it.
func (t *Training) miss(e, x []float32, code []Activation) {
	for i, y := range x {
		e[i] = -y
	}
	for _, a := range code {
		add(e, t.m.decoder[a.Feature*t.m.Width:][:t.m.Width], a.Weight)
	}
}

// change makes a step of Adam with the gradients of a batch of n rows. Each feature's are
// summed in the order of the rows, so that no bit depends on how many processors there are. False: what came of it is no number.
func (t *Training) change(x, wrong, missed []float32, by [][]share, n int) bool {
	m, width := t.m, t.m.Width
	_, all := t.Steps()
	fall := min(1, 2*float64(all-t.step)/float64(all))
	first, second := 1-power(momentum, t.step+1), 1-power(inertia, t.step+1)
	step := float32(float64(t.o.Rate) * fall * math.Sqrt(second) / first)
	bad := make([]bool, m.Features)
	each(m.Features, func(f int) {
		row := func(all []float32) []float32 { return all[f*width:][:width] }
		encoder, decoder := make([]float32, width), make([]float32, width)
		for _, s := range by[f] {
			e, weight := wrong[s.row*width:][:width], float32(2)/float32(n)
			if s.spare {
				e, weight = missed[s.row*width:][:width], weight*auxiliary
			}
			add(decoder, e, s.weight*weight)
			add(encoder, x[s.row*width:][:width], s.towards*weight)
		}
		d := row(m.decoder)
		add(decoder, d, -dot(decoder, d)) // along itself a direction of length 1 cannot change
		adam(row(m.encoder), encoder, row(t.moments[0]), row(t.moments[1]), step)
		adam(d, decoder, row(t.moments[2]), row(t.moments[3]), step)
		unit(d)
		sum := float64(dot(d, d) + dot(row(m.encoder), row(m.encoder)))
		bad[f] = math.IsNaN(sum) || math.IsInf(sum, 0)
	})
	return !slices.Contains(bad, true)
}

// adam changes numbers by their gradients (Kingma and Ba 2015).
func adam(w, g, mean, square []float32, step float32) {
	for i, x := range g {
		mean[i] += float32((x - mean[i]) * (1 - momentum))
		square[i] += float32((float32(x*x) - square[i]) * (1 - inertia))
		w[i] -= float32(step * mean[i] / (float32(math.Sqrt(float64(square[i]))) + tiny))
	}
}

// power is b to the n, the same bits on every machine.
func power(b float64, n int) float64 {
	p := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			p *= b
		}
		b *= b
	}
	return p
}

// unit gives a direction the length 1.
func unit(d []float32) {
	square := 0.0
	for _, x := range d {
		square += float64(float64(x) * float64(x))
	}
	if square > 0 {
		by := float32(1 / math.Sqrt(square))
		for i := range d {
			d[i] *= by
		}
	}
}

// clone is all that changes in training, as it is now.
func (t *Training) clone() *Training {
	c := *t
	m := *t.m
	m.encoder, m.decoder = append([]float32(nil), m.encoder...), append([]float32(nil), m.decoder...)
	m.packed = nil
	c.m, c.fired = &m, append([]int32(nil), t.fired...)
	for i := range c.moments {
		c.moments[i] = append([]float32(nil), t.moments[i]...)
	}
	return &c
}

func (t *Training) restore(from *Training) {
	c := from.clone()
	c.m.pack()
	*t = *c
}

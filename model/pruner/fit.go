package pruner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tamis-search/tamis/internal/portable"
)

// Group is a question with passages of which some answer it.
type Group struct {
	Examples []*Example
	Answers  []bool   // of each example
	Keep     [][]bool // of each sentence of each example; nil where nobody said
}

// Options of Fit.
type Options struct {
	Hidden int
	Epochs int
	Rate   float64 // of AdamW
	Decay  float64
	Seed   uint64
	// Progress is called after steps.
	Progress func(done, all int)
}

// Defaults are what Options were chosen to be, on the development parts of SelQA and QED.
var Defaults = Options{Hidden: 32, Epochs: 8, Rate: .001, Decay: .01, Seed: 1}

// ErrDiverged is the error for a loss that is not a number.
var ErrDiverged = errors.New("the loss is not a number")

const (
	batch = 16 // passages, or questions
	// A network begins as MaxSim, which ranks well untaught, with so much weight; what it learns is the rest.
	prior = 2
)

// Fit learns a head. After each epoch it is tried on groups that it does not learn from; the best state
// is what is returned. Where the loss stops being a number the error says at which step, beside the best
// state before, or none. The same groups and options give the same head.
func Fit(ctx context.Context, learn, try []Group, rare []float32, o Options) (*Head, error) {
	width := len(learn[0].Examples[0].Question)
	h := &Head{Width: width, Rare: rare, rank: newNetwork(rankNumbers, width, o.Hidden), keep: newNetwork(keepNumbers, width, o.Hidden)}
	done := func(before int) func(int) {
		return func(epoch int) {
			if o.Progress != nil {
				o.Progress(before+epoch, 2*o.Epochs)
			}
		}
	}
	var diverged error
	for i, of := range []struct {
		n     **network
		items func([]Group) []item
		what  string
	}{{&h.keep, keepItems, "which sentences are kept"}, {&h.rank, rankItems, "how passages rank"}} {
		best, err := fit(ctx, *of.n, of.items(learn), of.items(try), o, done(i*o.Epochs))
		if err != nil {
			err = fmt.Errorf("%s: %w", of.what, err)
		}
		if best == nil || err != nil && !errors.Is(err, ErrDiverged) {
			return nil, err
		}
		*of.n, diverged = best, errors.Join(diverged, err)
	}
	return h, diverged
}

// item is what one loss is made of: inputs of which one or more are right.
type item struct {
	inputs []func(x []float32) []float32
	right  []bool
	among  bool // right ones are chosen among all inputs, which a softmax is over; else each is judged for itself
}

func keepItems(groups []Group) (items []item) {
	for _, g := range groups {
		for i, e := range g.Examples {
			if g.Keep[i] == nil {
				continue
			}
			it := item{right: g.Keep[i]}
			for s := range e.Sentences {
				it.inputs = append(it.inputs, func(x []float32) []float32 { return e.keepInput(x, s) })
			}
			items = append(items, it)
		}
	}
	return items
}

func rankItems(groups []Group) (items []item) {
	for _, g := range groups {
		if !slices.Contains(g.Answers, true) || !slices.Contains(g.Answers, false) {
			continue
		}
		it := item{right: g.Answers, among: true}
		for _, e := range g.Examples {
			it.inputs = append(it.inputs, e.rankInput)
		}
		items = append(items, it)
	}
	return items
}

// fit learns a network and returns its best state.
func fit(ctx context.Context, n *network, learn, try []item, o Options, done func(epoch int)) (*network, error) {
	n.standardise(learn)
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	in, _, out, skip, _ := n.parts(n.p)
	skip[nearest] = prior
	for i := range in {
		in[i] = float32(rng.NormFloat64() * math.Sqrt(2/float64(n.inputs)))
	}
	for i := range out {
		out[i] = float32(rng.NormFloat64() / (10 * math.Sqrt(float64(n.hidden))))
	}
	a := &adam{o: o, m: make([]float32, len(n.p)), v: make([]float32, len(n.p))}
	g := make([]float32, len(n.p))
	var best *network
	least := math.Inf(1)
	room := &room{}
	for epoch := range o.Epochs {
		for from, order := 0, rng.Perm(len(learn)); from < len(order); from += batch {
			if err := ctx.Err(); err != nil {
				return best, err
			}
			clear(g)
			loss := 0.
			part := order[from:min(from+batch, len(order))]
			for _, i := range part {
				loss += n.loss(&learn[i], room, g)
			}
			if loss-loss != 0 {
				return best, fmt.Errorf("%w at step %d of epoch %d", ErrDiverged, from/batch+1, epoch+1)
			}
			a.step(n.p, g, 1/float32(len(part)))
		}
		loss := 0.
		for i := range try {
			loss += n.loss(&try[i], room, nil)
		}
		if loss < least {
			least = loss
			copied := *n
			copied.p = slices.Clone(n.p)
			best = &copied
		}
		done(epoch + 1)
	}
	if best == nil {
		return nil, fmt.Errorf("%w on the examples that are tried", ErrDiverged)
	}
	return best, nil
}

// standardise has the numbers of items scaled to a mean of 0 and a variance of 1.
func (n *network) standardise(items []item) {
	sum, square, count := make([]float64, n.numbers), make([]float64, n.numbers), 0.
	var x []float32
	for _, it := range items {
		for _, f := range it.inputs {
			x = f(x)
			count++
			for i, v := range x[:n.numbers] {
				sum[i] += float64(v)
				square[i] += float64(float64(v) * float64(v))
			}
		}
	}
	for i := range sum {
		mean := sum[i] / max(1, count)
		n.least[i], n.scale[i] = float32(mean), 1
		if v := square[i]/max(1, count) - float64(mean*mean); v > 1e-9 {
			n.scale[i] = float32(1 / math.Sqrt(v))
		}
	}
}

// room is what the loss of an item is computed in.
type room struct{ inputs, inner [][]float32 }

// loss is that of an item; g, where not nil, gets the gradient added.
func (n *network) loss(it *item, r *room, g []float32) (loss float64) {
	for len(r.inputs) < len(it.inputs) {
		r.inputs, r.inner = append(r.inputs, nil), append(r.inner, make([]float32, n.hidden))
	}
	logits := make([]float64, len(it.inputs))
	for i, f := range it.inputs {
		r.inputs[i] = f(r.inputs[i])
		n.scaled(r.inputs[i])
		if len(r.inner[i]) != n.hidden {
			r.inner[i] = make([]float32, n.hidden)
		}
		logits[i] = float64(n.forward(r.inputs[i], r.inner[i]))
	}
	d := make([]float64, len(logits))
	if it.among {
		loss = softmax(logits, it.right, d)
	} else {
		for i, z := range logits {
			p := portable.Logistic(z)
			d[i] = p
			if it.right[i] {
				d[i]--
				z = -z
			}
			loss += softplus(z)
		}
	}
	if g != nil {
		for i := range d {
			n.backward(g, r.inputs[i], r.inner[i], float32(d[i]))
		}
	}
	return loss
}

// softplus is log(1 + e^z).
func softplus(z float64) float64 {
	if z > 0 {
		return z + portable.Log(1+exp(-z))
	}
	return portable.Log(1 + exp(z))
}

// exp of a number below 0, by the logistic function: the same on every machine.
func exp(z float64) float64 {
	p := portable.Logistic(z)
	return p / (1 - p)
}

// softmax is the loss of choosing a right one among all; d gets its gradient.
func softmax(logits []float64, right []bool, d []float64) float64 {
	most := slices.Max(logits)
	all, good := 0., 0.
	for i, z := range logits {
		d[i] = exp(z - most)
		all += d[i]
		if right[i] {
			good += d[i]
		}
	}
	good = max(good, 1e-30)
	for i := range d {
		e := d[i]
		d[i] = e / all
		if right[i] {
			d[i] -= e / good
		}
	}
	return portable.Log(all) - portable.Log(good)
}

// adam is AdamW (Loshchilov and Hutter 2019).
type adam struct {
	o      Options
	m, v   []float32
	b1, b2 float64 // powers of the decay rates
}

func (a *adam) step(p, g []float32, factor float32) {
	const beta1, beta2 = .9, .999
	if a.b1 == 0 {
		a.b1, a.b2 = 1, 1
	}
	a.b1, a.b2 = a.b1*beta1, a.b2*beta2
	rate, first, second := float32(a.o.Rate), float32(1/(1-a.b1)), float32(1/(1-a.b2))
	decay := float32(a.o.Rate * a.o.Decay)
	for i, x := range g {
		x = float32(x * factor)
		a.m[i] = float32(beta1*a.m[i]) + float32((1-beta1)*x)
		a.v[i] = float32(beta2*a.v[i]) + float32((1-beta2)*float32(x*x))
		move := float32(a.m[i]*first) / (float32(math.Sqrt(float64(float32(a.v[i]*second)))) + 1e-8)
		p[i] -= float32(rate*move) + float32(decay*p[i])
	}
}

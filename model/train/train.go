// Package train makes small language models that package decoder runs: a task whose answers are
// known, a seed, and the same bytes each time, in minutes.
//
// They are for measuring attention that must be trained: a built model (package induction) finds all that
// it can read, a trained one what it has learned to find by what its attention gave it. Forward and backward
// passes are written for this one shape; finite differences are their oracle, and package decoder that of
// what is written. Attention is quadratic here and masked: a text has some hundred tokens.
//
// Texts of training say their facts again and again, and each answer but the first is scored, so that a
// text teaches dozens of times; they begin easy. Weights begin so that copying what is alike is
// near (newNet), without which two layers learn no recall for thousands of steps.
package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
)

// Recipe is all that a model depends on: the same recipe gives the same bytes on any machine.
type Recipe struct {
	Task   string  `json:"task"`
	Shape  Shape   `json:"shape"`
	Length int     `json:"length"` // tokens of a text
	Batch  int     `json:"batch"`  // texts of a step, a multiple of 4
	Steps  int     `json:"steps"`  // at most
	Rate   float64 `json:"rate"`   // of learning at its highest
	Goal   float64 `json:"goal"`   // share of right answers at which training ends early, once texts are as hard as they get; 0 for never
	Seed   uint64  `json:"seed"`
	Beside int     `json:"beside,omitempty"` // texts that are each other's memory, at the end of training; 0 and 1 for none
}

// Progress is how far training is.
type Progress struct {
	Step  int     `json:"step"`
	Loss  float64 `json:"loss"`  // nats a scored token
	Right float64 `json:"right"` // share of these
}

// ErrNotANumber is wrapped where training went astray.
var ErrNotANumber = errors.New("training went astray")

// Model is what was trained.
type Model struct {
	Recipe Recipe   `json:"recipe"`
	Last   Progress `json:"last"`
	net    *net
}

const (
	shards = 4  // whose gradients are summed in their order, however many processors there are
	every  = 25 // steps between reports
)

// Train makes a model. Where it is interrupted there is none.
func Train(ctx context.Context, r Recipe, watch func(Progress)) (*Model, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	task, err := taskOf(r.Task)
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(r.Seed, 0))
	n := newNet(r.Shape, r.Length, random)
	var a all
	workers := make([]*worker, shards)
	for i := range workers {
		workers[i] = n.worker(&a)
	}
	o := optimizer{m: make([]float32, len(n.params)), v: make([]float32, len(n.params)), grads: make([]float32, len(n.params))}
	m, seen := &Model{Recipe: r, net: n}, Progress{}
	for step := 1; step <= r.Steps; step++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		beside := r.beside(hard(r, step))
		batch := make([]sample, r.Batch/beside)
		for i := range batch {
			if beside > 1 {
				batch[i] = task.beside(random, r.Length, hard(r, step), beside)
			} else {
				batch[i] = task.train(random, r.Length, hard(r, step))
			}
		}
		n.pack(&a)
		loss, right, scored := together(workers, batch)
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			return nil, fmt.Errorf("%w: the loss of step %d is no number; a lower rate than %g may help", ErrNotANumber, step, r.Rate)
		}
		if !o.step(n, workers, rate(r, step), step) {
			return nil, fmt.Errorf("%w: the gradient of step %d is no number; a lower rate than %g may help", ErrNotANumber, step, r.Rate)
		}
		seen.Loss += loss / float64(scored) / every
		seen.Right += float64(right) / float64(scored) / every
		if step%every > 0 && step < r.Steps {
			continue
		}
		if k := step % every; k > 0 {
			seen.Loss, seen.Right = seen.Loss*every/float64(k), seen.Right*every/float64(k)
		}
		seen.Step = step
		m.Last, seen = seen, Progress{}
		if watch != nil {
			watch(m.Last)
		}
		if r.Goal > 0 && m.Last.Right >= r.Goal && hard(r, step-every) == 1 {
			break
		}
	}
	return m, nil
}

func (r Recipe) check() error {
	if err := r.Shape.check(); err != nil {
		return err
	}
	if r.Shape.Words < Words {
		return fmt.Errorf("a model of %d words: tasks are written with %d", r.Shape.Words, Words)
	}
	if r.Beside < 0 || r.Beside > contexts || r.Beside > 1 && (r.Task != documents.name || r.Shape.Gate.Kind != "memory" || r.Batch%(shards*r.Beside) != 0 || r.Beside&(r.Beside-1) != 0) {
		return fmt.Errorf("%d of %d texts beside each other: of the task %s, in models with a memory, 2, 4 or 8, and four times as many in a step or a multiple", r.Beside, r.Batch, documents.name)
	}
	if r.Length < 48 || r.Length > 1<<14 || r.Batch < shards || r.Batch%shards != 0 || r.Steps < 1 || !(r.Rate > 0 && r.Rate < 1) {
		return fmt.Errorf("a recipe of %d steps of %d texts of %d tokens at the rate %g: texts are a multiple of %d and have 48 to 16384 tokens, the rate is between 0 and 1", r.Steps, r.Batch, r.Length, r.Rate, shards)
	}
	return nil
}

// beside is how many texts are each other's memory: the more the harder texts are, as the focused transformer has it.
func (r Recipe) beside(hard float64) int {
	n := 1
	for n < r.Beside && hard >= float64(n)/float64(r.Beside) {
		n *= 2
	}
	return n
}

// together learns from a batch.
func together(workers []*worker, batch []sample) (loss float64, right, scored int) {
	for _, s := range batch {
		scored += len(s.scored)
	}
	weight, per := 1/float32(scored), len(batch)/shards
	losses, rights := make([]float64, shards), make([]int, shards)
	turn := make(chan int, shards)
	for i := range workers {
		turn <- i
	}
	close(turn)
	var wait sync.WaitGroup
	for range min(shards, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for i := range turn {
				clear(workers[i].grads)
				for j := range per {
					l, r := workers[i].learn(&batch[i*per+j], weight)
					losses[i], rights[i] = losses[i]+l, rights[i]+r
				}
			}
		})
	}
	wait.Wait()
	for i := range losses {
		loss, right = loss+losses[i], right+rights[i]
	}
	return loss, right, scored
}

// hard is how hard texts are: as they are to be from two fifths of training on.
func hard(r Recipe, step int) float64 { return min(1, 2.5*float64(max(0, step))/float64(r.Steps)) }

// rate rises at first, and then falls along half a cosine to a twentieth.
func rate(r Recipe, step int) float64 {
	warm := min(100, r.Steps/10+1)
	if step < warm {
		return r.Rate * float64(step) / float64(warm)
	}
	share := float64(step-warm) / float64(max(1, r.Steps-warm))
	return r.Rate * (.05 + .95*(1+math.Cos(math.Pi*share))/2)
}

// optimizer is AdamW (Loshchilov and Hutter 2019).
type optimizer struct{ m, v, grads []float32 }

const (
	beta1, beta2 = .9, .98
	decay        = .01
	longest      = 1. // that a gradient may be
)

// step moves the parameters against the gradient, and says whether it was one of numbers.
func (o *optimizer) step(n *net, workers []*worker, rate float64, step int) bool {
	sum := 0.
	for i := range o.grads {
		g := float32(0)
		for _, w := range workers {
			g += w.grads[i]
		}
		o.grads[i] = g
		sum += float64(float64(g) * float64(g))
	}
	length := math.Sqrt(sum)
	if math.IsNaN(length) || math.IsInf(length, 0) {
		return false
	}
	shrink := float32(min(1, longest/(length+1e-12)))
	first, second := 1-math.Pow(beta1, float64(step)), 1-math.Pow(beta2, float64(step))
	less := float32(1 - rate*decay)
	for i, g := range o.grads {
		g *= shrink
		o.m[i] = float32(beta1*o.m[i]) + float32((1-beta1)*g)
		o.v[i] = float32(beta2*o.v[i]) + float32(float32((1-beta2)*g)*g)
		move := rate * (float64(o.m[i]) / first) / (math.Sqrt(float64(o.v[i])/second) + 1e-8)
		n.params[i] = float32(n.params[i]*less) - float32(move)
	}
	return true
}

// Logits are those of the token after each of ids, Words numbers for each: by the trainer's own forward pass.
func (m *Model) Logits(ids []int32) [][]float32 {
	n := m.net
	n.turn(len(ids))
	var a all
	n.pack(&a)
	w := n.worker(&a)
	w.run(ids)
	at := make([]int, len(ids))
	for i := range at {
		at[i] = i
	}
	w.pick(at)
	rows := make([][]float32, len(ids))
	for i := range rows {
		rows[i] = w.logits[i*n.Words:][:n.Words]
	}
	return rows
}

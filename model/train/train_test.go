package train

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

func tiny(gate Gate) Shape {
	return Shape{Words: Words, Width: 32, Layers: 2, Heads: 2, HeadSize: 16, Inner: 32, Positions: 4096, Base: 10000, Gate: gate}
}

// The gradient is what the loss changes by, tensor by tensor.
func TestGradient(t *testing.T) {
	for _, gate := range []Gate{{}, {"nsa", 16, 3, 8}, {"hsa", 16, 3, 0}, {"hsa-window", 16, 9, 8}} {
		random := rand.New(rand.NewPCG(3, 3))
		n := newNet(tiny(gate), 70, random)
		var a all
		w := n.worker(&a)
		task, _ := taskOf("recall")
		s := task.train(random, 70, .5)
		n.pack(&a)
		w.learn(&s, 1)
		loss := func() float64 {
			n.pack(&a)
			l, _ := n.worker(&a).learn(&s, 1)
			return l
		}
		check := func(name string, m matrix) {
			if m.out == 0 {
				return
			}
			g, p := m.of(w.grads), m.of(n.params)
			direction, along, length := make([]float32, len(g)), 0., 0.
			for i := range g {
				length += float64(g[i]) * float64(g[i])
			}
			step := .02 / math.Sqrt(length) / math.Sqrt(math.Sqrt(length)+1)
			for i := range g {
				direction[i] = float32((float64(g[i]) + random.NormFloat64()*math.Sqrt(length/float64(len(g)))) * step)
				along += float64(g[i]) * float64(direction[i])
			}
			move := func(by float32) {
				for i := range p {
					p[i] += by * direction[i]
				}
			}
			move(1)
			up := loss()
			move(-2)
			down := loss()
			move(1)
			if got := (up - down) / 2; math.Abs(got-along) > .03*math.Abs(along) || along == 0 {
				t.Errorf("%q %s: the loss changes by %g, by its gradient %g", gate.Kind, name, got, along)
			}
		}
		check("words", n.words)
		check("final", n.final)
		for i, l := range n.layers {
			for name, m := range map[string]matrix{"attended": l.attended, "done": l.done, "queries": {l.qkvg.at, 32, 32}, "keys": {l.qkvg.at + 32*32, 32, 32}, "values": {l.qkvg.at + 2*32*32, 32, 32},
				"gates": {l.qkvg.at + 3*32*32, l.qkvg.out - 3*32, 32}, "biases": l.biases, "out": l.out, "gated": l.gated, "projected": l.projected} {
				check(string(rune('0'+i))+name, m)
			}
		}
	}
}

func small(task string) Recipe {
	shape := tiny(Gate{})
	shape.Still = 1
	return Recipe{Task: task, Shape: shape, Length: 48, Batch: 4, Steps: 3, Rate: 1e-2, Seed: 7}
}

// Recall is learned: two layers look up what followed a key. No model of one layer does, nor one that
// sees no further than the token before.
func TestRecallIsLearned(t *testing.T) {
	r := small("recall")
	r.Shape.Width, r.Shape.HeadSize, r.Length, r.Batch, r.Steps, r.Rate, r.Goal = 64, 32, 64, 16, 150, 3e-3, .97
	m, err := Train(context.Background(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.Last.Right < .95 {
		t.Errorf("of answers %.3f are right after %d steps", m.Last.Right, m.Last.Step)
	}
	r.Shape.Layers, r.Steps = 1, 50
	if m, err = Train(context.Background(), r, nil); err != nil {
		t.Fatal(err)
	}
	if m.Last.Right > .5 {
		t.Errorf("a model of one layer has %.3f right: the task needs no recall", m.Last.Right)
	}
}

// A seed makes the same bytes, on however many processors.
func TestSameBytes(t *testing.T) {
	made := func(seed uint64) []byte {
		r := small("joint")
		r.Shape.Gate, r.Seed = Gate{"nsa", 16, 3, 8}, seed
		m, err := Train(context.Background(), r, nil)
		if err != nil {
			t.Fatal(err)
		}
		files, err := m.files()
		if err != nil {
			t.Fatal(err)
		}
		return files["model.safetensors"]
	}
	first := made(7)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if !bytes.Equal(first, made(7)) {
		t.Error("the same seed makes other bytes")
	}
	if bytes.Equal(first, made(8)) {
		t.Error("another seed makes the same bytes")
	}
}

func TestAstray(t *testing.T) {
	r := small("recall")
	r.Shape.Gate, r.Rate, r.Steps = Gate{}, .999999, 400
	n := newNet(r.Shape, r.Length, rand.New(rand.NewPCG(1, 1)))
	n.params[5] = float32(math.NaN())
	var a all
	n.pack(&a)
	workers := []*worker{n.worker(&a), n.worker(&a), n.worker(&a), n.worker(&a)}
	batch := make([]sample, 4)
	task, _ := taskOf("recall")
	for i := range batch {
		batch[i] = task.train(rand.New(rand.NewPCG(2, uint64(i))), r.Length, 1)
	}
	loss, _, _ := together(workers, batch)
	o := optimizer{m: make([]float32, len(n.params)), v: make([]float32, len(n.params)), grads: make([]float32, len(n.params))}
	if !math.IsNaN(loss) || o.step(n, workers, 1e-3, 1) {
		t.Errorf("parameters that are no numbers make the loss %g, and a step all the same", loss)
	}
	for name, bad := range map[string]func(*Recipe){
		"width": func(r *Recipe) { r.Shape.Width = 40 }, "task": func(r *Recipe) { r.Task = "sorting" }, "batch": func(r *Recipe) { r.Batch = 6 },
		"rate": func(r *Recipe) { r.Rate = math.NaN() }, "gate": func(r *Recipe) { r.Shape.Gate.Kind = "moba" }, "block": func(r *Recipe) { r.Shape.Gate = Gate{"nsa", 8, 1, 1} },
		"words": func(r *Recipe) { r.Shape.Words = 64 },
	} {
		r := small("recall")
		if bad(&r); r.Steps < 1 {
			t.Fatal(name)
		}
		if _, err := Train(context.Background(), r, nil); err == nil {
			t.Errorf("a recipe with a bad %s is trained", name)
		}
	}
}

// Facts are said once, nothing else is asked, and each question has one answer.
func TestExam(t *testing.T) {
	for _, name := range Tasks() {
		ids, questions, err := Exam(name, rand.New(rand.NewPCG(4, 4)), 400, 20)
		if err != nil || len(ids) != 400 || len(questions) != 20 {
			t.Fatal(name, len(ids), len(questions), err)
		}
		for _, q := range questions {
			found := 0
			for i := range ids[:len(ids)-len(q.Ask)-len(q.Answer)+1] {
				if slices.Equal(ids[i:][:len(q.Ask)], q.Ask) {
					if found++; !slices.Equal(ids[i+len(q.Ask):][:len(q.Answer)], q.Answer) {
						t.Errorf("%s: %v is followed by %v, the answer is %v", name, q.Ask, ids[i+1:][:6], q.Answer)
					}
				}
			}
			if found != 1 {
				t.Errorf("%s: %v is there %d times", name, q.Ask, found)
			}
		}
	}
	if _, _, err := Exam("recall", rand.New(rand.NewPCG(4, 4)), 100, 40); err == nil {
		t.Error("40 facts are in 100 tokens")
	}
}

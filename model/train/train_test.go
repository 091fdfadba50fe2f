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
	for _, gate := range []Gate{{}, {Kind: "ssa"}, {Kind: "dma", Taken: 20}, {Kind: "dma", Taken: 20, Window: 8}, {Kind: "memory", Taken: 9, Window: 8, From: 1}, {"nsa", 16, 3, 8, 0}, {"hsa", 16, 3, 0, 0}, {"hsa-window", 16, 9, 8, 0}} {
		random := rand.New(rand.NewPCG(3, 3))
		n := newNet(tiny(gate), 70, random)
		if gate.Kind == "dma" { // scores so far apart that a step changes none of what is read
			for _, l := range n.layers {
				for i := range l.own.of(n.params) {
					l.own.of(n.params)[i] *= 10
				}
				for h := range n.Heads {
					l.own.of(n.params)[h*l.own.in] = 1
				}
			}
		}
		var a all
		w := n.worker(&a)
		task, _ := taskOf("recall")
		s := task.train(random, 70, .5)
		if gate.Kind == "memory" {
			s = documents.beside(random, 70, .5, 3)
		}
		n.pack(&a)
		w.learn(&s, 1)
		loss := func() float64 {
			n.pack(&a)
			l, _ := n.worker(&a).learn(&s, 1)
			return l
		}
		check := func(name string, m matrix) {
			if m.out*m.in == 0 {
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
				"gates": {l.qkvg.at + 3*32*32, l.qkvg.out - 3*32, 32}, "own": l.own, "biases": l.biases, "out": l.out, "gated": l.gated, "projected": l.projected} {
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
	gate := Gate{"nsa", 16, 3, 8, 0}
	made := func(seed uint64) []byte {
		r := small("joint")
		r.Shape.Gate, r.Seed = gate, seed
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
	for _, gate = range []Gate{{Kind: "ssa"}, {Kind: "dma", Taken: 20}} {
		if !bytes.Equal(made(7), made(7)) {
			t.Errorf("%s: the same seed makes other bytes", gate.Kind)
		}
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
		"rate": func(r *Recipe) { r.Rate = math.NaN() }, "gate": func(r *Recipe) { r.Shape.Gate.Kind = "moba" }, "block": func(r *Recipe) { r.Shape.Gate = Gate{"nsa", 8, 1, 1, 0} },
		"words": func(r *Recipe) { r.Shape.Words = 64 }, "memory": func(r *Recipe) { r.Shape.Gate = Gate{Kind: "memory", Taken: 3} }, "mask": func(r *Recipe) { r.Shape.Gate = Gate{Kind: "dma"} },
		"task of texts beside each other": func(r *Recipe) { r.Beside, r.Batch, r.Shape.Gate = 2, 8, Gate{Kind: "memory", Taken: 3, Window: 8} },
		"number of texts beside each other": func(r *Recipe) {
			r.Task, r.Beside, r.Batch, r.Shape.Gate = "documents", 4, 8, Gate{Kind: "memory", Taken: 3, Window: 8}
		},
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

// There is a recipe for each task and attention that is asked, and each begins anew from the same seed.
func TestRecipes(t *testing.T) {
	for _, task := range Tasks() {
		for _, kind := range AttentionsOf(task) {
			if r, err := RecipeOf(task, kind, 1); err != nil || r.Task != task {
				t.Errorf("%s, %s: %+v, %v", task, kind, r, err)
			}
		}
	}
	for _, bad := range [][2]string{{"recall", crossbatch}, {"recall", "moba"}, {"sorting", "dense"}} {
		if _, err := RecipeOf(bad[0], bad[1], 1); err == nil {
			t.Errorf("%v has a recipe", bad)
		}
	}
	if _, err := CompressorRecipeOf("documents", "r4s64", 1); err == nil {
		t.Error("documents have a recipe of a compressor")
	}
}

// Of several documents each key has a value in each, and its context says which is asked; learning beside others keeps
// documents in contexts of their own and scores what each says itself.
func TestDocuments(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	ids, questions, err := Exam("documents", random, 4096, 16)
	if err != nil || len(ids) != 4096 || len(questions) != 16 {
		t.Fatal(len(ids), len(questions), err)
	}
	asked := map[int32]bool{}
	for _, q := range questions {
		of, other := 0, 0
		for i := range ids[:len(ids)-2] {
			if ids[i+1] == q.Ask[1] && ids[i] == q.Ask[0] {
				of++
			} else if ids[i+1] == q.Ask[1] {
				other++
			}
		}
		if asked[q.Ask[1]] = true; of != 1 || other != contexts-1 {
			t.Errorf("%v is said %d times, its key in %d other contexts", q.Ask, of, other)
		}
	}
	if len(asked) != 16 {
		t.Errorf("%d keys are asked", len(asked))
	}
	s := documents.beside(random, 64, .5, 4)
	seen := map[int32]bool{}
	for _, p := range s.parts {
		context := int32(0)
		for _, id := range s.ids[p.from:p.to] {
			if id >= firstContext && id < firstFiller {
				if context > 0 && id != context {
					t.Errorf("a document is in two contexts")
				}
				context = id
			}
		}
		if seen[context] || s.ids[p.from] != First {
			t.Errorf("documents share a context, or one does not begin")
		}
		seen[context] = true
	}
	for _, at := range s.scored {
		if v := s.ids[at+1]; v < firstValue || v >= firstContext || s.ids[at-1] < firstContext {
			t.Errorf("at %d %v is scored", at, s.ids[at-1:at+2])
		}
	}
	r := Recipe{Beside: 4}
	for hard, want := range map[float64]int{0: 1, .2: 1, .25: 2, .5: 4, 1: 4} {
		if got := r.beside(hard); got != want {
			t.Errorf("%d texts beside each other at %g, not %d", got, hard, want)
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

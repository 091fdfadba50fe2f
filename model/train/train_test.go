package train

import (
	"math"
	"math/rand/v2"
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

package train

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

func smallCompressor(task string) CompressorRecipe {
	r := small(task)
	return CompressorRecipe{Model: r, Rate: 4, Segment: 16, Length: 50, Facts: 8, Batch: 4, Steps: 3, Learn: 1e-2, Seed: 5}
}

// smallCompressors are one of each kind.
func smallCompressors(task string) (all []CompressorRecipe) {
	for _, rate := range []int{4, 16} {
		r := smallCompressor(task)
		r.Rate = rate
		all = append(all, r)
	}
	r := smallCompressor(task)
	r.Rate, r.State = 0, 8
	all = append(all, r)
	r.Asked = true
	return append(all, r)
}

func (r CompressorRecipe) named() string {
	return fmt.Sprintf("rate %d, state %d, asked %v", r.Rate, r.State, r.Asked)
}

// The gradient of a compressor is what the loss changes by, tensor by tensor: memory tokens or the recurrence, the way into the
// decoder, and all of the encoder, through a decoder that stays as it is.
func TestCompressorGradient(t *testing.T) {
	for _, r := range smallCompressors("recall") {
		random := rand.New(rand.NewPCG(3, 3))
		n := newNet(r.Model.Shape, 128, random)
		c := r.begin(n, random)
		task, _ := taskOf("recall")
		s := r.text(task, random, 1)
		for len(s.readings[0].scored)+len(s.readings) < 4 {
			s = r.text(task, random, 1)
		}
		e := c.encoder
		w := c.students[0].worker()
		learn := func() float64 {
			c.pack()
			l, _ := c.students[1].learn(&s, 1)
			return l
		}
		c.pack()
		c.students[0].learn(&s, 1)
		check := func(name string, m matrix) {
			g, p := m.of(w.grads), m.of(e.params)
			direction, along, length := make([]float32, len(g)), 0., 0.
			for i := range g {
				length += float64(g[i]) * float64(g[i])
			}
			step := .02 / math.Sqrt(length) / math.Sqrt(math.Sqrt(length)+1)
			for i := range g {
				direction[i] = float32((float64(g[i]) + random.NormFloat64()*math.Sqrt(length/float64(len(g)))) * step)
				along += float64(g[i]) * float64(direction[i])
			}
			move := func(by float32) float64 {
				for i := range p {
					p[i] += by * direction[i]
				}
				return learn()
			}
			up := move(1)
			down := move(-2)
			move(1)
			if got := (up - down) / 2; math.Abs(got-along) > .03*math.Abs(along) || along == 0 {
				t.Errorf("%s, %s: the loss changes by %g, by its gradient %g", r.named(), name, got, along)
			}
		}
		switch p := c.students[0].(type) {
		case *pupil:
			check("memory", p.e.memory)
			check("into", p.e.into)
		case *reader:
			for name, m := range map[string]matrix{"start": p.e.start, "place": p.e.place, "keep": p.e.keep, "query": p.e.query, "key": p.e.key, "value": p.e.value, "into": p.e.into} {
				check(name, m)
			}
			if r.Asked {
				check("asked", p.e.asked)
			}
		}
		check("words", e.words)
		check("final", e.final)
		for i, l := range e.layers {
			check(string(rune('0'+i))+"qkvg", l.qkvg)
			check(string(rune('0'+i))+"out", l.out)
			check(string(rune('0'+i))+"gated", l.gated)
		}
	}
}

// Where all segments are named that a text is learned from, its gradient is the one of the whole text; where some are,
// the loss is that of the whole text, and tokens that stand only in others learn nothing.
func TestSomeSegmentsAreLearned(t *testing.T) {
	r := smallCompressor("recall")
	r.Rate, r.State, r.Length = 0, 8, 64
	random := rand.New(rand.NewPCG(3, 4))
	c := r.begin(newNet(r.Model.Shape, 128, random), random)
	c.pack()
	task, _ := taskOf("recall")
	s := r.text(task, random, 1)
	learn := func(learned []int) (float64, []float32, *recurrent) {
		p := c.students[0].(*reader)
		clear(p.enc.grads)
		s.learned = learned
		l, _ := p.learn(&s, 1)
		return l, slices.Clone(p.enc.grads), p.e
	}
	loss, whole, e := learn(nil)
	again, same, _ := learn([]int{0, 1, 2, 3})
	if again != loss {
		t.Errorf("the loss is %g, with all segments named %g", loss, again)
	}
	for i, v := range whole {
		if math.Abs(float64(v-same[i])) > 1e-6*(1+math.Abs(float64(v))) {
			t.Fatalf("number %d of the gradient is %g, with all segments named %g", i, v, same[i])
		}
	}
	fewer, some, _ := learn([]int{1, 3})
	if fewer != loss {
		t.Errorf("the loss is %g, with two segments learned from %g", loss, fewer)
	}
	learned := slices.Concat(s.context[1+16:1+32], s.context[1+48:])
	seen := 0
	for _, id := range s.context[1:] {
		row := e.words.of(some)[int(id)*e.Width:][:e.Width]
		zero := !slices.ContainsFunc(row, func(v float32) bool { return v != 0 })
		if zero == slices.Contains(learned, id) {
			t.Errorf("token %d: in a segment that is learned from: %v, has no gradient: %v", id, !zero, zero)
		}
		if zero {
			seen++
		}
	}
	if seen == 0 || slices.Equal(some, whole) {
		t.Errorf("%d tokens learn nothing", seen)
	}
}

// A sequence in parts is, part by part, what each would be alone.
func TestPartsAreAlone(t *testing.T) {
	n := newNet(tiny(Gate{}), 64, rand.New(rand.NewPCG(1, 2)))
	var a all
	n.pack(&a)
	ids := make([]int32, 60)
	for i := range ids {
		ids[i] = int32(i * 37 % Words)
	}
	all, alone := n.worker(&a), n.worker(&a)
	all.resize(len(ids))
	for i, id := range ids {
		copy(all.states[i*n.Width:], n.word(id))
	}
	all.parts = []span{{0, 20}, {20, 29}, {29, 60}}
	all.through()
	for _, s := range all.parts {
		alone.run(ids[s.from:s.to])
		for i, v := range alone.normed {
			if got := all.normed[s.from*n.Width+i]; math.Abs(float64(got-v)) > 1e-5 {
				t.Fatalf("part %v: number %d of its states is %g, alone %g", s, i, got, v)
			}
		}
	}
}

// A seed makes the same bytes, on however many processors, and the model does not change.
func TestSameCompressor(t *testing.T) {
	m, err := Train(context.Background(), small("recall"), nil)
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(m.net.params)
	made := func(seed uint64) []byte {
		r := smallCompressor("recall")
		r.Seed = seed
		c, err := TrainCompressor(context.Background(), m, r, nil)
		if err != nil {
			t.Fatal(err)
		}
		files, err := (&Model{Recipe: r.Model, net: c.encoder}).files()
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
	if !slices.Equal(before, m.net.params) {
		t.Error("the model learned too")
	}
}

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

func smallCompressor(task string) CompressorRecipe {
	r := small(task)
	return CompressorRecipe{Model: r, Rate: 4, Segment: 16, Length: 50, Facts: 8, Batch: 4, Steps: 3, Learn: 1e-2, Seed: 5}
}

// The gradient of a compressor is what the loss changes by, tensor by tensor: memory tokens, the way into the decoder, and all
// of the encoder, through a decoder that stays as it is.
func TestCompressorGradient(t *testing.T) {
	for _, rate := range []int{4, 16} {
		random := rand.New(rand.NewPCG(3, 3))
		r := smallCompressor("recall")
		r.Rate = rate
		n := newNet(r.Model.Shape, 128, random)
		e := newEncoder(n, r.Rate, r.Segment, random)
		task, _ := taskOf("recall")
		s := r.text(task, random, 1)
		for len(s.scored) < 4 {
			s = r.text(task, random, 1)
		}
		var encAll, decAll all
		n.pack(&decAll)
		learn := func() (float64, *worker) {
			e.pack(&encAll)
			p := &pupil{e: e, enc: e.worker(&encAll), dec: n.worker(&decAll)}
			p.dec.still = true
			l, _ := p.learn(&s, 1)
			return l, p.enc
		}
		_, w := learn()
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
				l, _ := learn()
				return l
			}
			up := move(1)
			down := move(-2)
			move(1)
			if got := (up - down) / 2; math.Abs(got-along) > .03*math.Abs(along) || along == 0 {
				t.Errorf("rate %d, %s: the loss changes by %g, by its gradient %g", rate, name, got, along)
			}
		}
		check("memory", e.memory)
		check("into", e.into)
		check("words", e.words)
		check("final", e.final)
		for i, l := range e.layers {
			check(string(rune('0'+i))+"qkvg", l.qkvg)
			check(string(rune('0'+i))+"out", l.out)
			check(string(rune('0'+i))+"gated", l.gated)
		}
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
		files, err := (&Model{Recipe: r.Model, net: c.encoder.net}).files()
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

package attention

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// one is what a query reads of the keys that are read, straight from the definition of a softmax with biases.
func one(q []float32, keys, values [][]float32, read []int, bias func(j int) float64) []float64 {
	scale, sum, out := 1/math.Sqrt(float64(len(q))), 0., make([]float64, len(q))
	for _, j := range read {
		logit := bias(j)
		for c, x := range keys[j] {
			logit += float64(q[c]) * float64(x) * scale
		}
		sum += math.Exp(logit)
		for c, v := range values[j] {
			out[c] += math.Exp(logit) * float64(v)
		}
	}
	for c := range out {
		out[c] /= sum
	}
	return out
}

// greatest are the n keys with the greatest of the first scores, of equals the first.
func greatest(n, of int, score func(j int) float64) (all []int) {
	scores := make([]float64, of)
	for j := range of {
		all, scores[j] = append(all, j), score(j)
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	return all[:min(n, of)]
}

// slowlySingle is what a query of the last token reads, and how many keys.
func slowlySingle(t Trained, layer int, q []float32, keys, values [][]float32, own []float32) ([]float64, int) {
	last := len(keys) - 1
	near := max(0, last+1-t.Window)
	score := func(j int) float64 { // of dma
		z := 0.
		for c, v := range values[j] {
			z += float64(own[1+c]) * float64(v)
		}
		return math.Exp(float64(own[0]) * math.Log(1+math.Exp(z)))
	}
	product := func(j int) (sum float64) {
		for c, x := range keys[j] {
			sum += float64(q[c]) * float64(x)
		}
		return sum
	}
	var read []int
	switch {
	case t.Kind == "dma":
		read = greatest(t.Taken, last+1, score)
	case layer >= t.From:
		read = greatest(t.Taken, near, product)
	}
	for j := near; j <= last; j++ {
		if !slices.Contains(read, j) {
			read = append(read, j)
		}
	}
	bias := func(int) float64 { return 0 }
	if t.Kind == "dma" {
		bias = score
	}
	return one(q, keys, values, read, bias), len(read)
}

func TestSingleIsItsDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	const size, heads, n = 32, 2, 150
	for _, kind := range []Trained{
		{Kind: "dma", Taken: 20}, {Kind: "dma", Taken: 1}, {Kind: "dma", Taken: 1000}, {Kind: "dma", Taken: 10, Window: 7}, {Kind: "dma", Taken: 3, Window: 1000},
		{Kind: "memory", Taken: 5, Window: 20, From: 1}, {Kind: "memory", Taken: 1000, Window: 1}, {Kind: "memory", Taken: 5, Window: 20, From: 2}, {Kind: "memory", Taken: 4, Window: 17},
	} {
		k, panels, keys, values := drawn(random, n, size)
		k.Layer = 1
		if err := kind.Check(); err != nil {
			t.Fatal(err)
		}
		own := make([]float32, kind.Own(size))
		for i := range own {
			own[i] = float32(random.NormFloat64() / 6)
		}
		kind.Learn(k, panels, own)
		for _, block := range [][2]int{{0, n}, {0, 1}, {15, 3}, {63, 2}, {n - 1, 1}} {
			first, rows := block[0], block[1]
			q := make([]float32, rows*heads*size)
			for i := range q {
				q[i] = float32(random.NormFloat64())
			}
			dst, count := make([]float32, rows*heads*size), 0
			read := kind.Attend(dst, heads*size, NewQueries(q, heads*size, rows, heads, first, float32(1/math.Sqrt(size))), k, panels, nil)
			for i := range rows {
				for h := range heads {
					want, n := slowlySingle(kind, k.Layer, q[(i*heads+h)*size:][:size], keys[:first+i+1], values[:first+i+1], own)
					if h == 0 {
						count += n
					}
					for j, v := range want {
						if got := float64(dst[(i*heads+h)*size+j]); math.Abs(got-v) > 1e-5*(1+math.Abs(v)) {
							t.Fatalf("%+v: number %d of head %d at token %d is %g, by the definition %g", kind, j, h, first+i, got, v)
						}
					}
				}
			}
			if read != count {
				t.Errorf("%+v reads %d keys for %d tokens from %d on, by the definition %d", kind, read, rows, first, count)
			}
		}
		k.Cut(100, 0) // what is read again after a cut is judged anew
		k.N = n
		kind.Learn(k, panels, own)
		if len(own) > 0 && len(k.bias) != n {
			t.Errorf("%+v: %d of %d keys have scores", kind, len(k.bias), n)
		}
	}
}

// Two keys at the most are kept, and what is crowded out does not come back: neither by its own product with a query, which
// is the greatest, nor later. What it gives is known.
func TestDynamicMaskForgets(t *testing.T) {
	const size, n = 16, 40
	k, panels, _, _ := drawn(rand.New(rand.NewPCG(1, 1)), n, size)
	own := make([]float32, 1+size)
	own[0], own[1] = 1, 1 // a score is e to the softplus of the first number of a value: 1 + e to it
	clear(k.Packed)
	clear(panels[0])
	q := make([]float32, size)
	for j, z := range map[int]float32{3: .1, 10: .4, 20: .3, 30: .2} {
		panels[0][j*size] = z
		panels[0][j*size+1] = float32(j)
		for c := range size {
			k.Packed[j/Page*Page*size+c*Page+j%Page] = float32(40 - j) // the earlier, the nearer to the query
		}
	}
	for c := range q {
		q[c] = 1
	}
	kind := Trained{Kind: "dma", Taken: 2}
	kind.Learn(k, panels, own)
	for at, want := range map[int]float64{5: 3, 15: 3, 25: 10, 39: 10} { // at 15 it is 3, nearer than 10; from 20 on 10 and 20 are kept
		dst := make([]float32, size)
		if read := kind.Attend(dst, size, NewQueries(q, size, 1, 1, at, .25), k, panels, nil); read != 2 || math.Abs(float64(dst[1])-want) > 1e-3 {
			t.Errorf("at %d it reads %d keys and finds %g, not %g", at, read, dst[1], want)
		}
	}
	for c := range q {
		q[c] = 0 // products say nothing: scores alone, 1 + e^.4 and 1 + e^.3, weigh what is kept
	}
	dst, a, b := make([]float32, size), math.Exp(1+math.Exp(float64(float32(.4)))), math.Exp(1+math.Exp(float64(float32(.3))))
	kind.Attend(dst, size, NewQueries(q, size, 1, 1, 39, .25), k, panels, nil)
	if want := (a*10 + b*20) / (a + b); math.Abs(float64(dst[1])-want) > 1e-3 {
		t.Errorf("scores weigh %g, not %g", dst[1], want)
	}
}

// The one key that a query asks for is found wherever it is in the memory, and not by layers that have none.
func TestMemoryFindsTheNearest(t *testing.T) {
	const size, n = 16, 200
	k, panels, keys, values := drawn(rand.New(rand.NewPCG(2, 2)), n, size)
	kind := Trained{Kind: "memory", Taken: 1, Window: 4, From: 1}
	for _, layer := range []int{0, 1} {
		k.Layer = layer
		for _, j := range []int{0, 17, 100, 195} {
			q := make([]float32, size)
			for c := range q {
				q[c] = 40 * keys[j][c]
			}
			dst, off := make([]float32, size), 0.
			if read := kind.Attend(dst, size, NewQueries(q, size, 1, 1, n-1, .25), k, panels, nil); read != 4+layer {
				t.Errorf("layer %d reads %d keys", layer, read)
			}
			for c, v := range values[j] {
				off = max(off, math.Abs(float64(v-dst[c])))
			}
			if found := off < 1e-3; found != (layer == 1) {
				t.Errorf("layer %d, key %d: found is %v, off by %g", layer, j, found, off)
			}
		}
	}
}

// A query whose temperature grows with the logarithm of the length weighs what it looks for the same in a thousand keys as
// in ten; one whose temperature does not is diluted. Heads that share values take the first one's temperature.
func TestTemperaturesAgainstDilution(t *testing.T) {
	const size = 16
	kind := Trained{Kind: "ssa"}
	weight := func(n int, share float32) float64 {
		q, v := make([]float32, 2*size), make([]float32, size)
		for i := range v {
			q[i], q[size+i], v[i] = 1./size, 1, 1
		}
		gates := []float32{0, float32(math.Atanh(.5)), float32(math.Atanh(-.5)), 7}
		kind.Temper(q, v, size, n-1, gates, []float32{share, -50})
		if v[0] != 1.5 || math.Abs(float64(q[size])-.5) > 1e-6 {
			t.Fatalf("a value becomes %g, a query %g", v[0], q[size])
		}
		logit := 0.
		for _, x := range q[:size] {
			logit += float64(x)
		}
		return math.Exp(logit) / (math.Exp(logit) + float64(n-1))
	}
	for _, n := range []int{10, 1000} {
		if got, want := weight(n, 50), math.E*float64(n)/(math.E*float64(n)+float64(n)-1); math.Abs(got-want) > 1e-6 {
			t.Errorf("of %d keys the one that is looked for weighs %g, not %g", n, got, want)
		}
		if got, want := weight(n, -50), math.E/(math.E+float64(n)-1); math.Abs(got-want) > 1e-6 {
			t.Errorf("without a share, %g, not %g", got, want)
		}
	}
}

func TestSingleIsChecked(t *testing.T) {
	for _, bad := range []Trained{{Kind: "dma"}, {Kind: "dma", Taken: 3, Window: -1}, {Kind: "memory", Taken: 3}, {Kind: "memory", Taken: 3, Window: 1 << 30}, {Kind: "memory", Taken: 3, Window: 3, From: -1}} {
		if bad.Check() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
	var dense *Trained
	for own, says := range map[string]string{"ssa": "blk.0.attn_gates.weight", "dma": "blk.0.attn_own.weight", "memory": "dense attention"} {
		if err := dense.Fits(&Policy{Own: own}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s without: %v", own, err)
		}
	}
	if err := (&Trained{Kind: "ssa"}).Fits(&Policy{Own: "ssa", Step: Quest{.1}}); err != nil {
		t.Errorf("temperatures with pages: %v", err)
	}
	if err := (&Trained{Kind: "dma", Taken: 1}).Fits(&Policy{Step: Quest{.1}}); err == nil {
		t.Error("a dynamic mask with pages passes")
	}
}

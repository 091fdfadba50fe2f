package main

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/model/weights"
)

var tinyShape = tinymodel.Decoder{Architecture: "llama", Layers: 3, Width: 48, Heads: 6, KeyHeads: 2, Size: 16, Inner: 80, Positions: 512}

func tiny(t *testing.T) *decoder.Decoder {
	t.Helper()
	d, err := decoder.Open(tinyShape.Write(t, 1), decoder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// TestCorrection: read again after every token, or where nothing sparse is let stand, what is written is the dense
// model's, to the last token; read never, it is the sparse one's; and the cache ends as if the dense model had read it.
func TestCorrection(t *testing.T) {
	ctx, d, others := context.Background(), tiny(t), 0
	for seed := range 3 {
		rng := rand.New(rand.NewPCG(uint64(seed), 3))
		prompt := make([]int32, 5+rng.IntN(30))
		for i := range prompt {
			prompt[i] = int32(rng.IntN(d.Words))
		}
		c, want := d.NewCache(), []int32(nil)
		logits, err := d.Read(ctx, c, prompt)
		for len(want) < 40 && err == nil {
			want = append(want, greatest(logits))
			logits, err = d.Read(ctx, c, want[len(want)-1:])
		}
		if err != nil {
			t.Fatal(err)
		}
		var hit [2]int
		sparse := rows("random", .2, nil, &hit)
		for _, k := range []correction{{1, 0, sparse}, {1, .9, sparse}, {4, 2, sparse}, {16, 2, sparse}, {7, 2, sparse}} {
			cache := d.NewCache()
			got, dense, wrote, err := k.write(ctx, d, cache, prompt, 40)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("every %d, threshold %g: %v\n%v\n%v", k.every, k.threshold, err, got, want)
			}
			if k.every == 1 && (wrote != 0 || dense != 39) {
				t.Errorf("%d tokens are written sparsely, %d read again", wrote, dense)
			}
			if read := cache.Tokens(); !slices.Equal(read, slices.Concat(prompt, want)[:len(read)]) {
				t.Error("the cache holds what was taken back")
			}
		}
		free, dense, _, err := correction{0, 0, sparse}.write(ctx, d, d.NewCache(), prompt, 40)
		if err != nil || dense != 0 {
			t.Errorf("without correction %d tokens are read again: %v", dense, err)
		}
		if !slices.Equal(free, want) {
			others++
		}
		everything, _, _, err := correction{0, 0, rows("oracle", 1, nil, &hit)}.write(ctx, d, d.NewCache(), prompt, 40)
		if err != nil || !slices.Equal(everything, want) {
			t.Errorf("a sparse model that computes everything writes something else: %v", err)
		}
	}
	if others == 0 {
		t.Error("without correction the sparse model writes as the dense one: nothing was tested")
	}
}

// TestFit: where inputs have as many dimensions as there are components, gates and values are found exactly.
func TestFit(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	const width, rank, inner = 20, 5, 7
	var basis, weights [][]float64
	for range rank {
		b := make([]float64, width)
		for j := range b {
			b[j] = rng.NormFloat64()
		}
		basis = append(basis, b)
	}
	for range 2 * inner {
		w := make([]float64, width+1)
		for j := range w {
			w[j] = rng.NormFloat64()
		}
		weights = append(weights, w)
	}
	draw := func() (x, y []float32) {
		x = make([]float32, width)
		for _, b := range basis {
			z := rng.NormFloat64()
			for j, v := range b {
				x[j] += float32(z * v)
			}
		}
		for _, w := range weights {
			sum := w[width]
			for j, v := range x {
				sum += w[j] * float64(v)
			}
			y = append(y, float32(sum))
		}
		return x, y
	}
	var xs, ys [][]float32
	for range 60 {
		x, y := draw()
		xs, ys = append(xs, x), append(ys, y)
	}
	f := fit(xs, ys, rank)
	for range 10 {
		x, y := draw()
		got := make([]float64, inner)
		f.scores(got, x)
		for j := range got {
			if want := size(float64(y[j]), float64(y[j+inner])); math.Abs(got[j]-want) > 1e-3*max(1, want) {
				t.Fatalf("number %d is expected to be %g, it is %g", j, got[j], want)
			}
		}
	}
}

// TestRows: the oracle leaves the greatest, so many of them.
func TestRows(t *testing.T) {
	var hit [2]int
	gate, up := []float32{1, -2, 3, 4, -5}, []float32{1, 1, 1, .01, 9}
	rows("oracle", .4, nil, &hit)(0, nil, gate, up)
	if !slices.Equal(gate, []float32{1, 0, 3, 0, 0}) || hit != [2]int{2, 2} {
		t.Errorf("%v, %v", gate, hit)
	}
}

// TestHeads: lengths of what heads add are those that the matrix gives, all heads kept are the model, the oracle keeps the
// greatest, and who looks at the layer before sees the same token's input, however many are read at once.
func TestHeads(t *testing.T) {
	ctx, path := context.Background(), tinyShape.Write(t, 1)
	d, err := decoder.Open(path, decoder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	h, err := joins(d, path)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(8, 8))
	ids := make([]int32, 70)
	for i := range ids {
		ids[i] = int32(rng.IntN(d.Words))
	}
	if err := h.learn(ctx, d, ids, 8); err != nil {
		t.Fatal(err)
	}
	want, err := each(ctx, d, ids, hooks{})
	if err != nil {
		t.Fatal(err)
	}
	for _, choice := range []string{"oracle", "predicted", "before", "static"} {
		var hit [2]int
		got, err := each(ctx, d, ids, hooks{heads: h.keep(choice, d.Heads, &hit)})
		if err != nil || !slices.EqualFunc(got, want, slices.Equal) || hit[0] != hit[1] {
			t.Errorf("%s: with all heads logits are others, %v, %v", choice, hit, err)
		}
	}

	set, _, err := weights.OpenGGUF(path)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	tensor, _ := set.Tensor("blk.1.attn_output.weight")
	w, err := tensor.Floats()
	if err != nil {
		t.Fatal(err)
	}
	given, lengths := make([]float32, d.Heads*d.HeadSize), make([]float64, d.Heads)
	for i := range given {
		given[i] = float32(rng.NormFloat64())
	}
	h.lengths(lengths, 1, given)
	greatest := 0
	for k, got := range lengths {
		sum := 0.
		for row := range d.Width {
			added := 0.
			for j, v := range given[k*d.HeadSize:][:d.HeadSize] {
				added += float64(w[row*len(given)+k*d.HeadSize+j]) * float64(v)
			}
			sum += added * added
		}
		if math.Abs(got-math.Sqrt(sum)) > 1e-6*got {
			t.Errorf("head %d adds %g, its length is told to be %g", k, math.Sqrt(sum), got)
		}
		if got > lengths[greatest] {
			greatest = k
		}
	}
	var hit [2]int
	h.keep("oracle", 1, &hit)(1, nil, given)
	for i, v := range given {
		if (v != 0) != (i/d.HeadSize == greatest) {
			t.Fatalf("number %d is %g where head %d alone is kept", i, v, greatest)
		}
	}

	alone := [][]float32(nil) // token by token
	c := d.NewCache()
	c.Heads = h.keep("before", 2, &hit)
	for i := range ids[:32] {
		logits, err := d.Read(ctx, c, ids[i:i+1])
		if err != nil {
			t.Fatal(err)
		}
		alone = append(alone, logits)
	}
	together, err := each(ctx, d, ids[:32], hooks{heads: h.keep("before", 2, &hit)})
	if err != nil || !slices.EqualFunc(alone, together, slices.Equal) || slices.EqualFunc(together, want[:32], slices.Equal) {
		t.Errorf("read at once heads are left out otherwise than token by token, or none is: %v", err)
	}
}

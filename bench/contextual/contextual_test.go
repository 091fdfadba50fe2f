package main

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model/decoder"
)

func tiny(t *testing.T) *decoder.Decoder {
	t.Helper()
	shape := tinymodel.Decoder{Architecture: "llama", Layers: 3, Width: 48, Heads: 6, KeyHeads: 2, Size: 16, Inner: 80, Positions: 512}
	d, err := decoder.Open(shape.Write(t, 1), decoder.Options{})
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

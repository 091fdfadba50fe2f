package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/model/weights"
)

// heads say how much each head of attention adds to a state, and expect it before it is known.
type heads struct {
	count, size int
	joined      [][][]float64 // by layer and head: products of the columns that take what the head gives into the state, size × size
	usual       [][]float64   // by layer: the mean over a text, for a choice that is always the same
	own, before []lowRank     // by layer: of its input, and of the input of the layer before; the first has its own in both
}

// joins reads the matrices that join heads, and keeps of them what lengths need: |W·g|² = g·(WᵀW)·g.
func joins(d *decoder.Decoder, path string) (*heads, error) {
	set, _, err := weights.OpenGGUF(path)
	if err != nil {
		return nil, err
	}
	defer set.Close()
	h := &heads{count: d.Heads, size: d.HeadSize}
	wide := d.Heads * d.HeadSize
	for l := range d.Layers {
		name := fmt.Sprintf("blk.%d.attn_output.weight", l)
		t, ok := set.Tensor(name)
		if !ok {
			return nil, fmt.Errorf("%s has no tensor %s", path, name)
		}
		w, err := t.Floats()
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", path, name, err)
		}
		layer := make([][]float64, d.Heads)
		for k := range layer {
			layer[k] = make([]float64, h.size*h.size)
			for row := range d.Width {
				some := w[row*wide+k*h.size:][:h.size]
				for i, a := range some {
					for j, b := range some {
						layer[k][i*h.size+j] += float64(a) * float64(b)
					}
				}
			}
		}
		h.joined = append(h.joined, layer)
	}
	return h, nil
}

// lengths sets dst to those of what the heads of a layer add.
func (h *heads) lengths(dst []float64, layer int, given []float32) {
	for k, joined := range h.joined[layer] {
		g, sum := given[k*h.size:][:h.size], 0.
		for i, a := range g {
			row := 0.
			for j, b := range g {
				row += joined[i*h.size+j] * float64(b)
			}
			sum += float64(a) * row
		}
		dst[k] = math.Sqrt(max(0, sum))
	}
}

// learn fits what is expected on what heads add as a text is read.
func (h *heads) learn(ctx context.Context, d *decoder.Decoder, ids []int32, rank int) error {
	x, y := make([][][]float32, d.Layers), make([][][]float32, d.Layers)
	lengths := make([]float64, h.count)
	c := d.NewCache()
	c.Heads = func(layer int, in, given []float32) {
		h.lengths(lengths, layer, given)
		row := make([]float32, h.count)
		for k, v := range lengths {
			row[k] = float32(v)
		}
		x[layer], y[layer] = append(x[layer], slices.Clone(in)), append(y[layer], row)
	}
	if _, err := d.Read(ctx, c, ids); err != nil {
		return err
	}
	for l := range y {
		usual := make([]float64, h.count)
		for _, row := range y[l] {
			for k, v := range row {
				usual[k] += float64(v) / float64(len(y[l]))
			}
		}
		h.usual = append(h.usual, usual)
		h.own = append(h.own, fit(x[l], y[l], rank))
		h.before = append(h.before, h.own[0])
		if l > 0 {
			h.before[l] = fit(x[l-1], y[l], rank)
		}
	}
	return nil
}

// keep leaves so many heads of each layer, by a choice: oracle (those that add most), predicted (of the layer's input),
// before (of the input of the layer before) or static (those that add most in the mean of another text). hit counts which
// of the oracle's are left.
func (h *heads) keep(choice string, most int, hit *[2]int) func(layer int, x, given []float32) {
	scores, real := make([]float64, h.count), make([]float64, h.count)
	at, before, here := -1, [][]float32(nil), [][]float32(nil) // inputs of the block's tokens, in the layer before and in this one
	return func(layer int, x, given []float32) {
		if layer != at {
			at, before, here = layer, here, nil
		}
		here = append(here, slices.Clone(x))
		h.lengths(real, layer, given)
		switch choice {
		case "oracle":
			copy(scores, real)
		case "static":
			copy(scores, h.usual[layer])
		case "before":
			if layer > 0 {
				x = before[len(here)-1]
			}
			h.before[layer].lines(scores, x)
		default:
			h.own[layer].lines(scores, x)
		}
		best := order(real)[:most]
		for i, k := range order(scores) {
			switch {
			case i >= most:
				clear(given[k*h.size:][:h.size])
			case slices.Contains(best, k):
				hit[0]++
			}
		}
		hit[1] += most
	}
}

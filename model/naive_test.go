package model

import (
	"math"

	"github.com/tamis-search/tamis/internal/tinymodel"
)

// naive is the oracle of the encoder: the published formulas in float64, one number
// at a time, from the tensors as they are stored.
type naive struct {
	tinymodel.Shape
	w map[string]tinymodel.Tensor
}

func (n naive) linear(x [][]float64, name string) [][]float64 {
	w := n.w[name+".weight"]
	out, in := w.Shape[0], w.Shape[1]
	y := make([][]float64, len(x))
	for t := range x {
		y[t] = make([]float64, out)
		for o := range out {
			if b, ok := n.w[name+".bias"]; ok {
				y[t][o] = float64(b.Values[o])
			}
			for i := range in {
				y[t][o] += x[t][i] * float64(w.Values[o*in+i])
			}
		}
	}
	return y
}

func (n naive) norm(x [][]float64, name string) {
	w, b := n.w[name+".weight"].Values, n.w[name+".bias"].Values
	for _, row := range x {
		mean, variance := 0., 0.
		for _, v := range row {
			mean += v / float64(len(row))
		}
		for _, v := range row {
			variance += (v - mean) * (v - mean) / float64(len(row))
		}
		for i, v := range row {
			row[i] = (v-mean)/math.Sqrt(variance+1e-12)*float64(w[i]) + float64(b[i])
		}
	}
}

func plus(x, y [][]float64) [][]float64 {
	for t := range x {
		for i := range x[t] {
			x[t][i] += y[t][i]
		}
	}
	return x
}

func gelu(x [][]float64) [][]float64 {
	for _, row := range x {
		for i, v := range row {
			row[i] = v / 2 * (1 + math.Erf(v/math.Sqrt2))
		}
	}
	return x
}

func (n naive) states(ids []int32) [][]float64 {
	x := make([][]float64, len(ids))
	words, places, types := n.w["embeddings.word_embeddings.weight"].Values, n.w["embeddings.position_embeddings.weight"].Values, n.w["embeddings.token_type_embeddings.weight"].Values
	for t, id := range ids {
		x[t] = make([]float64, n.Width)
		for i := range x[t] {
			x[t][i] = float64(words[int(id)*n.Width+i]) + float64(places[t*n.Width+i]) + float64(types[i])
		}
	}
	n.norm(x, "embeddings.LayerNorm")
	for l := range n.Layers {
		p := "encoder.layer." + string(rune('0'+l)) + "."
		q, k, v := n.linear(x, p+"attention.self.query"), n.linear(x, p+"attention.self.key"), n.linear(x, p+"attention.self.value")
		mixed, size := make([][]float64, len(x)), n.Width/n.Heads
		for t := range x {
			mixed[t] = make([]float64, n.Width)
			for h := range n.Heads {
				scores, sum := make([]float64, len(x)), 0.
				for s := range x {
					for i := h * size; i < (h+1)*size; i++ {
						scores[s] += q[t][i] * k[s][i] / math.Sqrt(float64(size))
					}
					scores[s] = math.Exp(scores[s])
					sum += scores[s]
				}
				for s := range x {
					for i := h * size; i < (h+1)*size; i++ {
						mixed[t][i] += scores[s] / sum * v[s][i]
					}
				}
			}
		}
		x = plus(x, n.linear(mixed, p+"attention.output.dense"))
		n.norm(x, p+"attention.output.LayerNorm")
		x = plus(x, n.linear(gelu(n.linear(x, p+"intermediate.dense")), p+"output.dense"))
		n.norm(x, p+"output.LayerNorm")
	}
	return x
}

// weights is SPLADE's pooling of the masked-language head.
func (n naive) weights(ids []int32) []float64 {
	x := gelu(n.linear(n.states(ids), "cls.predictions.transform.dense"))
	n.norm(x, "cls.predictions.transform.LayerNorm")
	out := make([]float64, n.Words)
	logits := n.linear(x, "embeddings.word_embeddings")
	for _, row := range logits {
		for i, v := range row {
			out[i] = max(out[i], math.Log1p(max(0, v+float64(n.w["cls.predictions.bias"].Values[i]))))
		}
	}
	return out
}

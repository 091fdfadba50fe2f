package decoder

import (
	"math"
	"testing"

	"github.com/tamis-search/tamis/model/weights"
)

// naive computes the logits after the last token as the papers write them: in float64, one
// token after the other, nothing kept, from the file's tensors.
type naive struct {
	Config
	words  int
	tensor map[string][]float32
}

func openNaive(t *testing.T, path string) naive {
	set, values, err := weights.OpenGGUF(path)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	c, err := configOf(values)
	if err != nil {
		t.Fatal(err)
	}
	n := naive{Config: c, tensor: map[string][]float32{}}
	for _, name := range set.Names() {
		x, _ := set.Tensor(name)
		if n.tensor[name], err = x.Floats(); err != nil {
			t.Fatal(err)
		}
	}
	n.words = len(n.tensor["token_embd.weight"]) / c.Width
	return n
}

// times is w · x + bias.
func (n naive) times(name string, x []float64) []float64 {
	w, bias := n.tensor[name+".weight"], n.tensor[name+".bias"]
	y := make([]float64, len(w)/len(x))
	for i := range y {
		if bias != nil {
			y[i] = float64(bias[i])
		}
		for j, v := range x {
			y[i] += float64(w[i*len(x)+j]) * v
		}
	}
	return y
}

func (n naive) rms(x []float64, weight []float32) []float64 {
	sum := 0.
	for _, v := range x {
		sum += v * v
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v / math.Sqrt(sum/float64(len(x))+float64(n.Eps)) * float64(weight[i])
	}
	return y
}

func (n naive) turned(x []float64, at int) []float64 {
	y := make([]float64, len(x))
	for j := range len(x) / 2 {
		a, b := j, j+len(x)/2
		if n.Name == "llama" {
			a, b = 2*j, 2*j+1
		}
		sin, cos := math.Sincos(float64(at) / math.Pow(n.base, 2*float64(j)/float64(len(x))))
		y[a], y[b] = x[a]*cos-x[b]*sin, x[a]*sin+x[b]*cos
	}
	return y
}

func (n naive) logits(ids []int32) []float64 {
	states := make([][]float64, len(ids))
	for i, id := range ids {
		for _, v := range n.tensor["token_embd.weight"][int(id)*n.Width:][:n.Width] {
			states[i] = append(states[i], float64(v))
		}
	}
	for l := range n.Layers {
		p := "blk." + string(rune('0'+l)) + "."
		var keys, values [][]float64
		for i, x := range states {
			in := n.rms(x, n.tensor[p+"attn_norm.weight"])
			q, k := n.times(p+"attn_q", in), n.times(p+"attn_k", in)
			values = append(values, n.times(p+"attn_v", in))
			heads := func(x []float64, weight []float32) (all []float64) {
				for h := 0; h < len(x); h += n.HeadSize {
					y := x[h : h+n.HeadSize]
					if weight != nil {
						y = n.rms(y, weight)
					}
					all = append(all, n.turned(y, i)...)
				}
				return all
			}
			q, k = heads(q, n.tensor[p+"attn_q_norm.weight"]), heads(k, n.tensor[p+"attn_k_norm.weight"])
			keys = append(keys, k)
			mixed := make([]float64, n.Heads*n.HeadSize)
			for h := range n.Heads {
				g := h / (n.Heads / n.KeyHeads)
				weights, sum := make([]float64, i+1), 0.
				for j := range weights {
					dot := 0.
					for d := range n.HeadSize {
						dot += q[h*n.HeadSize+d] * keys[j][g*n.HeadSize+d]
					}
					weights[j] = math.Exp(dot / math.Sqrt(float64(n.HeadSize)))
					sum += weights[j]
				}
				for j, w := range weights {
					for d := range n.HeadSize {
						mixed[h*n.HeadSize+d] += w / sum * values[j][g*n.HeadSize+d]
					}
				}
			}
			for d, v := range n.times(p+"attn_output", mixed) {
				x[d] += v
			}
			in = n.rms(x, n.tensor[p+"ffn_norm.weight"])
			gate, up := n.times(p+"ffn_gate", in), n.times(p+"ffn_up", in)
			for d, v := range gate {
				up[d] *= v / (1 + math.Exp(-v))
			}
			for d, v := range n.times(p+"ffn_down", up) {
				x[d] += v
			}
		}
	}
	out := "output"
	if n.tensor["output.weight"] == nil {
		out = "token_embd"
	}
	return n.times(out, n.rms(states[len(ids)-1], n.tensor["output_norm.weight"]))
}

package decoder

import (
	"math"
	"sort"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/model/weights"
)

// naive computes the logits after the last token as the papers write them: in float64, one
// token after the other, nothing kept, from the file's tensors.
type naive struct {
	Config
	words  int
	tensor map[string][]float32
	took   map[string][]int // by the prefix of a layer: the experts that tokens took
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

// norm is x where the file has no such norm.
func (n naive) norm(x []float64, name string) []float64 {
	weight, bias := n.tensor[name+".weight"], n.tensor[name+".bias"]
	if weight == nil {
		return x
	}
	sum, mean := 0., 0.
	if bias != nil {
		for _, v := range x {
			mean += v / float64(len(x))
		}
	}
	for _, v := range x {
		sum += (v - mean) * (v - mean)
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = (v - mean) / math.Sqrt(sum/float64(len(x))+float64(n.Eps)) * float64(weight[i])
		if bias != nil {
			y[i] += float64(bias[i])
		}
	}
	return y
}

// near says whether a layer reads the nearest tokens alone.
func (n naive) near(layer int) bool {
	return n.Name == "gemma2" && layer%2 == 0 || n.Name == "gemma3" && layer%6 != 5
}

func (n naive) turned(x []float64, at, layer int) []float64 {
	if n.Name == "gpt2" {
		return x
	}
	base, place := 10000., float64(at)
	if n.Name == "gemma3" && !n.near(layer) {
		base, place = 1e6, place/8
	}
	y := make([]float64, len(x))
	for j := range len(x) / 2 {
		a, b := j, j+len(x)/2
		if n.Name == "llama" {
			a, b = 2*j, 2*j+1
		}
		sin, cos := math.Sincos(place / math.Pow(base, 2*float64(j)/float64(len(x))))
		y[a], y[b] = x[a]*cos-x[b]*sin, x[a]*sin+x[b]*cos
	}
	return y
}

func soft(x, bound float64) float64 { return bound * math.Tanh(x/bound) }

// states are those behind the last norm.
func (n naive) states(ids []int32) [][]float64 {
	states := make([][]float64, len(ids))
	for i, id := range ids {
		for j, v := range n.tensor["token_embd.weight"][int(id)*n.Width:][:n.Width] {
			x := float64(v)
			if strings.HasPrefix(n.Name, "gemma") {
				x *= math.Sqrt(float64(n.Width))
			} else if n.Name == "gpt2" {
				x += float64(n.tensor["position_embd.weight"][i*n.Width+j])
			}
			states[i] = append(states[i], x)
		}
	}
	for l := range n.Layers {
		n.layer(l, states)
	}
	for i, x := range states {
		states[i] = n.norm(x, "output_norm")
	}
	return states
}

func (n naive) logits(ids []int32) []float64 { return n.logitsOf(n.states(ids)[len(ids)-1]) }

func (n naive) logitsOf(state []float64) []float64 {
	out := "output"
	if n.tensor["output.weight"] == nil {
		out = "token_embd"
	}
	logits := n.times(out, state)
	for i, x := range logits {
		if n.Name == "gemma2" {
			logits[i] = soft(x, 3)
		}
	}
	return logits
}

func (n naive) layer(l int, states [][]float64) {
	p := "blk." + string(rune('0'+l)) + "."
	var keys, values [][]float64
	for i, x := range states {
		in := n.norm(x, p+"attn_norm")
		var q, k, v []float64
		if n.Name == "gpt2" {
			all := n.times(p+"attn_qkv", in)
			q, k, v = all[:n.Width], all[n.Width:2*n.Width], all[2*n.Width:]
		} else {
			q, k, v = n.times(p+"attn_q", in), n.times(p+"attn_k", in), n.times(p+"attn_v", in)
		}
		heads := func(x []float64, name string) (all []float64) {
			for h := 0; h < len(x); h += n.HeadSize {
				all = append(all, n.turned(n.norm(x[h:h+n.HeadSize], name), i, l)...)
			}
			return all
		}
		q, k = heads(q, p+"attn_q_norm"), heads(k, p+"attn_k_norm")
		keys, values = append(keys, k), append(values, v)
		mixed := make([]float64, n.Heads*n.HeadSize)
		for h := range n.Heads {
			g := h / (n.Heads / n.KeyHeads)
			weights, sum := make([]float64, i+1), 0.
			for j := range weights {
				if n.near(l) && i-j >= n.Window {
					continue
				}
				dot := 0.
				for d := range n.HeadSize {
					dot += q[h*n.HeadSize+d] * keys[j][g*n.HeadSize+d]
				}
				dot /= math.Sqrt(float64(n.HeadSize))
				if n.Name == "gemma2" {
					dot = soft(dot, 5)
				}
				weights[j] = math.Exp(dot)
				sum += weights[j]
			}
			for j, w := range weights {
				for d := range n.HeadSize {
					mixed[h*n.HeadSize+d] += w / sum * values[j][g*n.HeadSize+d]
				}
			}
		}
		for d, v := range n.norm(n.times(p+"attn_output", mixed), p+"post_attention_norm") {
			x[d] += v
		}
		for d, v := range n.norm(n.feed(p, n.norm(x, p+"ffn_norm")), p+"post_ffw_norm") {
			x[d] += v
		}
	}
}

// feed is the feed-forward network of a layer, or what the mixture of its experts gives.
func (n naive) feed(p string, in []float64) []float64 {
	if n.Name == "gpt2" {
		up := n.times(p+"ffn_up", in)
		for d, v := range up {
			up[d] = .5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+.044715*v*v*v)))
		}
		return n.times(p+"ffn_down", up)
	}
	if n.Experts == 0 {
		return n.gated(p, "", in)
	}
	weights := n.times(p+"ffn_gate_inp", in)
	order, sum := make([]int, n.Experts), 0.
	for e := range weights {
		weights[e], order[e] = math.Exp(weights[e]), e
		sum += weights[e]
	}
	sort.SliceStable(order, func(i, j int) bool { return weights[order[i]] > weights[order[j]] })
	if n.Name != "qwen2moe" {
		sum = 0
		for _, e := range order[:n.Taken] {
			sum += weights[e]
		}
	}
	y := make([]float64, n.Width)
	if n.took != nil {
		n.took[p] = append(n.took[p], order[:n.Taken]...)
	}
	for _, e := range order[:n.Taken] {
		one := naive{Config: n.Config, tensor: map[string][]float32{}}
		for _, name := range []string{"ffn_gate", "ffn_up", "ffn_down"} {
			all := n.tensor[p+name+"_exps.weight"]
			size := len(all) / n.Experts
			one.tensor[name+".weight"] = all[e*size : (e+1)*size]
		}
		for d, v := range one.gated("", "", in) {
			y[d] += weights[e] / sum * v
		}
	}
	if n.tensor[p+"ffn_up_shexp.weight"] != nil {
		share := 1 / (1 + math.Exp(-n.times(p+"ffn_gate_inp_shexp", in)[0]))
		for d, v := range n.gated(p, "_shexp", in) {
			y[d] += share * v
		}
	}
	return y
}

func (n naive) gated(p, kind string, in []float64) []float64 {
	gate, up := n.times(p+"ffn_gate"+kind, in), n.times(p+"ffn_up"+kind, in)
	for d, v := range gate {
		if strings.HasPrefix(n.Name, "gemma") {
			up[d] *= .5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+.044715*v*v*v)))
		} else {
			up[d] *= v / (1 + math.Exp(-v))
		}
	}
	return n.times(p+"ffn_down"+kind, up)
}

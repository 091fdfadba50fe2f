package model

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
)

// plain is the oracle of the families: the published formulas in float64, one number at
// a time, driven by the tensors' published names.
type plain struct {
	naive
	c Config
}

// familyTensors are random weights by a family's names; matrices that hold halves do so
// in the published order.
func familyTensors(f family, s tinymodel.Shape, biases bool) map[string]tinymodel.Tensor {
	rng, all := rand.New(rand.NewPCG(5, 5)), map[string]tinymodel.Tensor{}
	add := func(name string, mean, spread float64, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(mean + spread*rng.NormFloat64())
		}
		all[name] = tinymodel.Tensor{Shape: shape, Values: v}
	}
	linear := func(name string, out, in int) {
		add(name+".weight", 0, 1/math.Sqrt(float64(in)), out, in)
		if biases {
			add(name+".bias", 0, .1, out)
		}
	}
	norm := func(name string) {
		add(name+".weight", 1, .1, s.Width)
		if biases {
			add(name+".bias", 0, .1, s.Width)
		}
	}
	add(f.words+".weight", 0, 1, s.Words, s.Width)
	if f.places != "" {
		add(f.places+".weight", 0, .3, s.Positions, s.Width)
	}
	if f.types != "" {
		add(f.types+".weight", 0, .3, 2, s.Width)
	}
	norm(f.norm)
	for i := range s.Layers {
		p := fmt.Sprintf(f.layer, i)
		for _, name := range f.qkv {
			linear(p+name, 3*s.Width/len(f.qkv), s.Width)
		}
		linear(p+f.out, s.Width, s.Width)
		norm(p + f.attended)
		inner := s.Inner
		if f.gated && len(f.up) == 1 {
			inner *= 2
		}
		for _, name := range f.up {
			linear(p+name, inner, s.Width)
		}
		linear(p+f.down, s.Width, s.Inner)
		norm(p + f.done)
	}
	if f.final != "" {
		norm(f.final)
	}
	if f.qkv[0] == families["deberta-v2"].qkv[0] {
		add("encoder.rel_embeddings.weight", 0, 1, 2*farthest, s.Width)
		norm("encoder.LayerNorm")
	}
	return all
}

// states follows the text of the papers: see the comments at each form.
func (n plain) states(ids, kinds []int32, f family) [][]float64 {
	x := make([][]float64, len(ids))
	for t, id := range ids {
		x[t] = make([]float64, n.Width)
		for i := range x[t] {
			x[t][i] = float64(n.w[f.words+".weight"].Values[int(id)*n.Width+i])
			if f.places != "" {
				x[t][i] += float64(n.w[f.places+".weight"].Values[(t+f.offset)*n.Width+i])
			}
			if f.types != "" {
				x[t][i] += float64(n.w[f.types+".weight"].Values[int(kinds[t])*n.Width+i])
			}
		}
	}
	n.norm(x, f.norm)
	for l := range n.Layers {
		p := fmt.Sprintf(f.layer, l)
		in := x
		if f.before && l > 0 {
			in = clone(x)
			n.norm(in, p+f.attended)
		}
		x = plus(x, n.linear(n.mix(in, p, l, f), p+f.out))
		if !f.before {
			n.norm(x, p+f.attended)
		}
		in = x
		if f.before {
			in = clone(x)
			n.norm(in, p+f.done)
		}
		x = plus(x, n.linear(n.inner(in, p, f), p+f.down))
		if !f.before {
			n.norm(x, p+f.done)
		}
	}
	if f.final != "" {
		n.norm(x, f.final)
	}
	return x
}

func clone(x [][]float64) (y [][]float64) {
	for _, row := range x {
		y = append(y, slices.Clone(row))
	}
	return y
}

// inner is the activated half times the other, where there are two.
func (n plain) inner(x [][]float64, p string, f family) [][]float64 {
	a := n.linear(x, p+f.up[0])
	if !f.gated {
		return gelu(a)
	}
	b := a
	if len(f.up) == 2 {
		b = n.linear(x, p+f.up[1])
	} else {
		a, b = clone(a), clone(a)
		for t := range a {
			a[t], b[t] = a[t][:n.Inner], b[t][n.Inner:]
			if f.swapped {
				a[t], b[t] = b[t], a[t]
			}
		}
	}
	if n.c.Activation == "swiglu" {
		for _, row := range a {
			for i, v := range row {
				row[i] = v / (1 + math.Exp(-v))
			}
		}
	} else {
		gelu(a)
	}
	for t := range a {
		for i := range a[t] {
			a[t][i] *= b[t][i]
		}
	}
	return a
}

func (n plain) mix(x [][]float64, p string, layer int, f family) [][]float64 {
	var q, k, v [][]float64
	if len(f.qkv) == 3 {
		q, k, v = n.linear(x, p+f.qkv[0]), n.linear(x, p+f.qkv[1]), n.linear(x, p+f.qkv[2])
	} else {
		for _, row := range n.linear(x, p+f.qkv[0]) {
			q, k, v = append(q, row[:n.Width]), append(k, row[n.Width:2*n.Width]), append(v, row[2*n.Width:])
		}
	}
	size, mixed := n.Width/n.Heads, make([][]float64, len(x))
	// rotated is number i of a head at a place, turned by the angle place · base^(-2i/size).
	rotated := func(row []float64, h, i, at int) float64 {
		base, factor := n.base(layer)
		if base == 0 {
			return row[h*size+i]
		}
		half := size / 2
		angle := float64(at) * math.Pow(base, -2*float64(i%half)/float64(size)) * factor
		if i < half {
			return row[h*size+i]*math.Cos(angle) - row[h*size+i+half]*math.Sin(angle)
		}
		return row[h*size+i]*math.Cos(angle) + row[h*size+i-half]*math.Sin(angle)
	}
	var keys, queries [][]float64
	if n.c.Type == "deberta-v2" {
		keys, queries = n.distances(p, f)
	}
	for t := range x {
		mixed[t] = make([]float64, n.Width)
		for h := range n.Heads {
			scores, sum := make([]float64, len(x)), 0.
			for s := range x {
				for i := range size {
					scores[s] += rotated(q[t], h, i, t) * rotated(k[s], h, i, s) / math.Sqrt(float64(size))
				}
				if keys != nil {
					for i := h * size; i < (h+1)*size; i++ {
						d := min(max(0, t-s+farthest), 2*farthest-1)
						scores[s] += q[t][i]*keys[d][i]/math.Sqrt(float64(size)) + queries[d][i]*k[s][i]/math.Sqrt(float64(size))
					}
					scores[s] /= math.Sqrt(3)
				}
				if n.c.PositionType == "alibi" { // two heads: slopes 1/16 and 1/256
					scores[s] -= math.Pow(2, -4*float64(h+1)) * math.Abs(float64(t-s))
				}
				scores[s] = math.Exp(scores[s])
				if n.c.Type == "modernbert" && layer%3 != 0 && max(t-s, s-t) > 16 {
					scores[s] = 0
				}
				sum += scores[s]
			}
			for s := range x {
				for i := h * size; i < (h+1)*size; i++ {
					mixed[t][i] += scores[s] / sum * v[s][i]
				}
			}
		}
	}
	return mixed
}

// farthest is the greatest distance that is told apart in the test of DeBERTa.
const farthest = 30

// distances are the keys and the queries of distances, from -farthest on.
func (n plain) distances(p string, f family) (keys, queries [][]float64) {
	table := n.w["encoder.rel_embeddings.weight"]
	rows := make([][]float64, table.Shape[0])
	for i, v := range table.Values {
		rows[i/n.Width] = append(rows[i/n.Width], float64(v))
	}
	n.norm(rows, "encoder.LayerNorm")
	return n.linear(rows, p+f.qkv[1]), n.linear(rows, p+f.qkv[0])
}

func (n plain) base(layer int) (base, factor float64) {
	switch n.c.Type {
	case "modernbert":
		if layer%3 != 0 {
			return 10000, 1
		}
		return 160000, 1
	case "nomic_bert":
		return 1000, 1
	case "new":
		return 500 * 2, math.Pow(2, -2/float64(n.Width/n.Heads))
	}
	return 0, 1
}

// TestForms compares each family with the formulas.
func TestForms(t *testing.T) {
	shape := tinymodel.Shape{Words: 40, Width: 64, Inner: 48, Layers: 2, Heads: 2, Positions: 80}
	for _, c := range []struct {
		family string
		biases bool
		config map[string]any
	}{
		{"roberta", true, map[string]any{"pad_token_id": 1}},
		{"modernbert", false, map[string]any{"num_hidden_layers": 4, "norm_eps": 1e-12, "global_attn_every_n_layers": 3, "local_attention": 32, "global_rope_theta": 160000, "local_rope_theta": 10000}},
		{"nomic_bert", false, map[string]any{"n_embd": 64, "n_inner": 48, "n_layer": 2, "n_head": 2, "n_positions": 80, "activation_function": "swiglu", "rotary_emb_base": 1000, "rotary_emb_fraction": 1, "layer_norm_epsilon": 1e-12}},
		{"new", true, map[string]any{"rope_theta": 500, "rope_scaling": map[string]any{"type": "ntk", "factor": 2}, "position_embedding_type": "rope", "layer_norm_type": "layer_norm"}},
		{"deberta-v2", true, debertaAs(map[string]any{"pos_att_type": []string{"p2c", "c2p"}, "position_buckets": -1, "max_relative_positions": farthest})},
		{"alibi", true, map[string]any{"position_embedding_type": "alibi", "feed_forward_type": "geglu"}},
	} {
		t.Run(c.family, func(t *testing.T) {
			s, f := shape, families[c.family]
			if c.family == "modernbert" {
				s.Layers = 4
			}
			config := s.Config()
			config["model_type"], config["architectures"] = c.family, []string{"SomeModel"}
			if c.family == "alibi" {
				config["model_type"] = "bert"
			}
			if c.family == "nomic_bert" {
				for _, name := range []string{"hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings", "layer_norm_eps", "hidden_act"} {
					delete(config, name)
				}
			}
			maps.Copy(config, c.config)
			tensors := familyTensors(f, s, c.biases)
			dir := tinymodel.Folder(t, config, tensors)
			e := open(t, dir)
			if !c.biases {
				for name, w := range tensors { // what the formulas add is nothing
					if strings.Contains(name, "norm") || name == "emb_ln.weight" {
						tensors[strings.TrimSuffix(name, "weight")+"bias"] = tinymodel.Tensor{Values: make([]float32, len(w.Values))}
					}
				}
			}
			n := plain{naive: naive{s, tensors}, c: e.Config}
			ids := sequences(rand.New(rand.NewPCG(2, 2)), s.Words, 1, 13, 70)
			kinds := make([][]int32, len(ids))
			for i := range ids {
				for j := range ids[i] {
					kinds[i] = append(kinds[i], int32(j%2))
				}
			}
			err := e.run(ids, kinds, func(_ *room, x []float32) error {
				for i := range ids {
					for _, want := range slices.Concat(n.states(ids[i], kinds[i], f)...) {
						if d := math.Abs(want - float64(x[0])); !(d < 3e-5) {
							return fmt.Errorf("sequence of %d: a number is %g, want %g", len(ids[i]), x[0], want)
						}
						x = x[1:]
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestVectors: what the folder says of vectors is done to those of its states.
func TestVectors(t *testing.T) {
	batch := sequences(rand.New(rand.NewPCG(1, 4)), tiny.Words, 7)
	dense := func(dir, name string) {
		if err := os.Mkdir(filepath.Join(dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
		w := make([]float32, 16*64)
		for i := range 16 {
			w[i*64+i] = float32(i + 1) // the first sixteen numbers, each times its place
		}
		tinymodel.WriteJSON(t, filepath.Join(dir, name, "config.json"), map[string]any{"in_features": 64, "out_features": 16, "activation_function": "torch.nn.modules.linear.Identity"})
		tinymodel.WriteFile(t, filepath.Join(dir, name, "model.safetensors"), tinymodel.Safetensors(map[string]tinymodel.Tensor{"linear.weight": {Shape: []int{16, 64}, Values: w}}))
	}
	times := func(v []float32) []float32 {
		out := make([]float32, 16)
		for i := range out {
			out[i] = v[i] * float32(i+1)
		}
		normalise(out)
		return out
	}
	states, err := open(t, tiny.Write(t, 1)).States(batch)
	if err != nil {
		t.Fatal(err)
	}
	mean := make([]float32, 64)
	for i, v := range states[0] {
		mean[i%64] += v / 7
	}
	dir := tiny.Write(t, 1)
	dense(dir, "2_Dense")
	got, err := open(t, dir).Dense(batch)
	if err != nil || !near32(got[0], times(mean)) {
		t.Errorf("dense: %v (%v)", got, err)
	}
	tinymodel.WriteJSON(t, filepath.Join(dir, "config_sentence_transformers.json"), map[string]any{"truncate_dim": 5})
	cut := slices.Clone(times(mean)[:5])
	normalise(cut)
	if got, err = open(t, dir).Dense(batch); err != nil || !near32(got[0], cut) {
		t.Errorf("cut: %v (%v)", got, err)
	}
	dir = tiny.Write(t, 1)
	dense(dir, "1_Dense")
	multi, err := open(t, dir).Multi(batch)
	if err != nil || len(multi[0]) != 7 || !near32(multi[0][6], times(states[0][6*64:])) {
		t.Errorf("multi: %v (%v)", multi, err)
	}
	dir = tiny.Write(t, 1)
	if err := os.Mkdir(filepath.Join(dir, "1_Pooling"), 0o777); err != nil {
		t.Fatal(err)
	}
	tinymodel.WriteJSON(t, filepath.Join(dir, "1_Pooling", "config.json"), map[string]any{"pooling_mode_lasttoken": true})
	last := slices.Clone(states[0][6*64:])
	normalise(last)
	if got, err = open(t, dir).Dense(batch); err != nil || !near32(got[0], last) {
		t.Errorf("last: %v (%v)", got, err)
	}
	if p := Kept([]float32{0, 0, 1, 3}); math.Abs(float64(p[0])-.5) > 1e-6 || math.Abs(float64(p[1])-.880797) > 1e-5 {
		t.Error(p)
	}
}

func near32(x, y []float32) bool {
	return slices.EqualFunc(x, y, func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-5 })
}

// TestSparseForms: sums and double logarithms of the logits that the formulas give.
func TestSparseForms(t *testing.T) {
	shape := tiny
	shape.Masked = true
	ids := sequences(rand.New(rand.NewPCG(1, 3)), shape.Words, 20)
	n := naive{shape, shape.Tensors(2)}
	x := gelu(n.linear(n.states(ids[0]), "cls.predictions.transform.dense"))
	n.norm(x, "cls.predictions.transform.LayerNorm")
	logits := n.linear(x, "embeddings.word_embeddings")
	for _, s := range []Sparse{{}, {Sum: true}, {Double: true}, {true, true}} {
		dir := shape.Write(t, 2)
		if err := os.Mkdir(filepath.Join(dir, "1_SpladePooling"), 0o777); err != nil {
			t.Fatal(err)
		}
		c := map[string]any{"pooling_strategy": "max", "activation_function": "relu"}
		if s.Sum {
			c["pooling_strategy"] = "sum"
		}
		if s.Double {
			c["activation_function"] = "log1p_relu"
		}
		tinymodel.WriteJSON(t, filepath.Join(dir, "1_SpladePooling", "config.json"), c)
		got, err := open(t, dir).Weights(ids)
		if err != nil {
			t.Fatal(err)
		}
		for i := range shape.Words {
			want := 0.
			for _, row := range logits {
				v := math.Log1p(max(0, row[i]+float64(n.w["cls.predictions.bias"].Values[i])))
				if s.Double {
					v = math.Log1p(v)
				}
				if s.Sum {
					want += v
				} else {
					want = max(want, v)
				}
			}
			if math.Abs(want-float64(got[0][i])) > 5e-5 {
				t.Fatalf("%+v: word %d has %g, want %g", s, i, got[0][i], want)
			}
		}
	}
}

// TestFarther: each distance up to a half of the rows has its own, those beyond share the
// others, as transformers' make_log_bucket_position(…, 256, 512) says.
func TestFarther(t *testing.T) {
	for d, want := range map[int]int{0: 0, 127: 127, 128: 128, 129: 129, 130: 130, 200: 169, 300: 207, 400: 233, 511: 255} {
		if got := farther(d, 256, 512); got != want {
			t.Errorf("%d: row %d, want %d", d, got, want)
		}
		if got := farther(-d, 256, 512); got != -want {
			t.Errorf("%d: row %d, want %d", -d, got, -want)
		}
	}
}

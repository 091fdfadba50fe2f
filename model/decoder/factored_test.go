package decoder

import (
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model/weights"
)

// tensorsOf are those of a folder.
func tensorsOf(t *testing.T, dir string) map[string]tinymodel.Tensor {
	t.Helper()
	set, err := weights.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	all := map[string]tinymodel.Tensor{}
	for _, name := range set.Names() {
		x, _ := set.Tensor(name)
		v, err := x.Floats()
		if err != nil {
			t.Fatal(err)
		}
		all[name] = tinymodel.Tensor{Shape: x.Shape, Values: v}
	}
	return all
}

// lost writes a folder twice: with some weights as low-rank matrices and channels, and with their sums.
func lost(t *testing.T) (factored, dense string, tensors map[string]tinymodel.Tensor) {
	path := tiny["qwen2"].Write(t, 6)
	factored, dense = folderOf(t, path, inFolders["qwen2"]), folderOf(t, path, inFolders["qwen2"])
	sums := tensorsOf(t, dense)
	tensors = tensorsOf(t, factored)
	rng := rand.New(rand.NewPCG(8, 8))
	some := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(rng.NormFloat64() * .2)
		}
		return v
	}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		base, ok := strings.CutSuffix(name, ".weight")
		kind := base[strings.LastIndexByte(base, '.')+1:]
		if !ok || !slices.Contains([]string{"q_proj", "v_proj", "o_proj", "gate_proj", "down_proj"}, kind) {
			continue
		}
		out, in := sums[name].Shape[0], sums[name].Shape[1]
		rank, channels := 5, []float32{3, 0, float32(in - 1)}
		a, b, s := some(rank*in), some(out*rank), some(out*len(channels))
		w := make([]float32, out*in)
		for i := range out {
			for j := range in {
				for k := range rank {
					w[i*in+j] += b[i*rank+k] * a[k*in+j]
				}
			}
			for k, c := range channels {
				w[i*in+int(c)] += s[i*len(channels)+k]
			}
		}
		sums[name] = tinymodel.Tensor{Shape: []int{out, in}, Values: w}
		delete(tensors, name)
		tensors[base+".low_in.weight"] = tinymodel.Tensor{Shape: []int{rank, in}, Values: a}
		tensors[base+".low_out.weight"] = tinymodel.Tensor{Shape: []int{out, rank}, Values: b}
		tensors[base+".sparse.weight"] = tinymodel.Tensor{Shape: []int{out, len(channels)}, Values: s}
		tensors[base+".channels.weight"] = tinymodel.Tensor{Shape: []int{len(channels)}, Values: channels}
	}
	tinymodel.WriteFile(t, filepath.Join(dense, "model.safetensors"), tinymodel.Safetensors(sums))
	tinymodel.WriteFile(t, filepath.Join(factored, "model.safetensors"), tinymodel.Safetensors(tensors))
	return factored, dense, tensors
}

// TestFactored: low-rank matrices and channels give the logits of their sums, however a text is divided.
func TestFactored(t *testing.T) {
	ctx := context.Background()
	factored, dense, _ := lost(t)
	f, d := open(t, factored), open(t, dense)
	if f.layers[0].net.up.parts == nil || f.layers[0].qkv.parts == nil || d.layers[0].qkv.parts != nil {
		t.Fatal("weights are held in another way than they lie")
	}
	ids := someIDs(blockRows+30, d.Words)
	want, err := d.Read(ctx, d.NewCache(), ids)
	if err != nil {
		t.Fatal(err)
	}
	c := f.NewCache()
	got, err := f.Read(ctx, c, ids)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if math.Abs(float64(got[i]-want[i])) > 5e-5*max(1, math.Abs(float64(want[i]))) {
			t.Fatalf("logit %d is %g, want %g", i, got[i], want[i])
		}
	}
	c.Cut(100)
	f.Threads = 3
	for _, id := range ids[100:] {
		if want, err = f.Read(ctx, c, []int32{id}); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, want) {
		t.Error("read token by token, the logits are others")
	}
}

func TestWrongFactors(t *testing.T) {
	dir, _, good := lost(t)
	const name = "model.layers.1.mlp.gate_proj"
	for say, change := range map[string]func(map[string]tinymodel.Tensor){
		"blk.1.ffn_gate.channels.weight holds 64": func(all map[string]tinymodel.Tensor) {
			all[name+".channels.weight"] = tinymodel.Tensor{Shape: []int{3}, Values: []float32{1, 64, 2}}
		},
		"blk.1.ffn_gate.channels.weight holds 0.5": func(all map[string]tinymodel.Tensor) {
			all[name+".channels.weight"] = tinymodel.Tensor{Shape: []int{3}, Values: []float32{1, .5, 2}}
		},
		"goes with blk.1.ffn_gate.channels.weight": func(all map[string]tinymodel.Tensor) { delete(all, name+".channels.weight") },
		"no tensor blk.1.ffn_gate.low_out.weight":  func(all map[string]tinymodel.Tensor) { delete(all, name+".low_out.weight") },
		"tensor blk.1.ffn_gate.sparse.weight": func(all map[string]tinymodel.Tensor) {
			all[name+".sparse.weight"] = tinymodel.Tensor{Shape: []int{96, 2}, Values: make([]float32, 192)}
		},
	} {
		all := maps.Clone(good)
		change(all)
		tinymodel.WriteFile(t, filepath.Join(dir, "model.safetensors"), tinymodel.Safetensors(all))
		if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%v instead of %q", err, say)
		}
	}
}

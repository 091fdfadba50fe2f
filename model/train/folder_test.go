package train

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/model/attention"
	"github.com/tamis-search/tamis/model/decoder"
)

var gates = []Gate{{}, {"nsa", 16, 4, 24, 0}, {"nsa", 32, 2, 8, 0}, {"hsa", 16, 3, 0, 0}, {"hsa-window", 16, 2, 24, 0}, {"hsa-window", 32, 1, 100, 0},
	{Kind: "ssa"}, {Kind: "dma", Taken: 40}, {Kind: "dma", Taken: 20, Window: 8}, {Kind: "memory", Taken: 9, Window: 20, From: 1}, {Kind: "memory", Taken: 100, Window: 1}}

// The decoder computes what the trainer does, however a text is divided between calls.
func TestSameLogits(t *testing.T) {
	for i, gate := range gates {
		shape := tiny(gate)
		shape.Still = i % 2
		m, err := Train(context.Background(), Recipe{Task: "recall", Shape: shape, Length: 80, Batch: 4, Steps: 3, Rate: 1e-2, Seed: uint64(i)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, d := opened(t, m)
		random := rand.New(rand.NewPCG(uint64(i), 1))
		ids := make([]int32, 300)
		for j := range ids {
			ids[j] = random.Int32N(Words)
		}
		want := m.Logits(ids)
		for _, step := range []int{300, 1, 37} {
			c := d.NewCache()
			for from := 0; from < len(ids); from += step {
				to := min(from+step, len(ids))
				got, err := d.Read(context.Background(), c, ids[from:to])
				if err != nil {
					t.Fatal(err)
				}
				for j, v := range got {
					if math.Abs(float64(v-want[to-1][j])) > 1e-4*(1+math.Abs(float64(v))) {
						t.Fatalf("%+v, %d tokens at once: logit %d after %d tokens is %g, by the trainer %g", gate, step, j, to, v, want[to-1][j])
					}
				}
			}
		}
		// What is cut off and read anew, in conversations that are read together, is what it would have been.
		other := slices.Concat(ids[:70], ids[200:260])
		want = m.Logits(other)
		caches := []*decoder.Cache{d.NewCache(), d.NewCache()}
		for _, c := range caches {
			if _, err := d.Read(context.Background(), c, ids); err != nil {
				t.Fatal(err)
			}
			c.Cut(70)
		}
		got, err := d.ReadTogether(context.Background(), caches, [][]int32{ids[200:230], ids[200:215]})
		if err != nil {
			t.Fatal(err)
		}
		for i, rows := range got {
			for j, v := range rows[len(rows)-1] {
				if at := 70 + []int{30, 15}[i] - 1; math.Abs(float64(v-want[at][j])) > 1e-4*(1+math.Abs(float64(v))) {
					t.Fatalf("%+v, cut off and read together: logit %d after %d tokens is %g, by the trainer %g", gate, j, at+1, v, want[at][j])
				}
			}
		}
	}
}

// What tokens weigh in their blocks goes with them: cut, cloned and in few bits, however a text is divided.
func TestWeightsStayWithTokens(t *testing.T) {
	m, err := Train(context.Background(), Recipe{Task: "recall", Shape: tiny(Gate{"nsa", 16, 3, 24, 0}), Length: 80, Batch: 4, Steps: 3, Rate: 1e-2, Seed: 3}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, d := opened(t, m)
	random := rand.New(rand.NewPCG(9, 1))
	ids := make([]int32, 300)
	for j := range ids {
		ids[j] = random.Int32N(Words)
	}
	for _, name := range []string{"dense", "q8"} {
		policy, err := attention.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		read := func(c *decoder.Cache, ids []int32) []float32 {
			logits, err := d.Read(context.Background(), c, ids)
			if err != nil {
				t.Fatal(err)
			}
			return logits
		}
		c := d.NewCache()
		c.Policy = policy
		want := read(c, ids)
		sevens := slices.Repeat([]int32{7}, 60)
		for _, cut := range []int{1, 88, 201, 290} {
			if name == "q8" && cut < 288 { // a cut inside of what is in few bits rounds again
				continue
			}
			c := d.NewCache()
			c.Policy = policy
			read(c, ids[:cut])
			read(c, sevens)
			c.Cut(cut)
			other := c.Clone()
			read(c, ids[cut:cut+3])
			read(other, sevens[:3])
			if got := read(c, ids[cut+3:]); !slices.Equal(got, want) {
				t.Errorf("%s, cut at %d and read on: other logits", name, cut)
			}
			other.Cut(cut)
			if got := read(other, ids[cut:]); !slices.Equal(got, want) {
				t.Errorf("%s, a clone of %d tokens: other logits", name, cut)
			}
		}
	}
}

// What is wrong with a folder is said by the name of the tensor; nothing is written over, nothing is left half done.
func TestFolders(t *testing.T) {
	r := small("recall")
	r.Shape.Gate = Gate{"nsa", 16, 3, 8, 0}
	m, err := Train(context.Background(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "model")
	if err := m.Write(dir); err != nil {
		t.Fatal(err)
	}
	if err := m.Write(dir); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a folder is written over: %v", err)
	}
	if last, err := Made(dir, r); err != nil || last != m.Last {
		t.Errorf("the folder says %+v, %v", last, err)
	}
	other := r
	other.Seed++
	if _, err := Made(dir, other); err == nil {
		t.Error("a model of another recipe is taken")
	}
	if _, err := Made(filepath.Join(dir, "none"), r); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing is there: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.Steps = 1000
	if _, err := Train(ctx, r, func(Progress) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if all, _ := os.ReadDir(filepath.Dir(dir)); len(all) != 1 {
		t.Errorf("%d files are beside the model", len(all)-1)
	}
	path := filepath.Join(dir, "model.safetensors")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, says string }{
		{"layers.1.self_attn.gates.weight", "layers.1.self_attn.gatez.weight", "no tensor blk.1.attn_gates.weight"},
		{"layers.0.self_attn.gates.bias", "layers.0.self_attn.gates.bios", "no tensor blk.0.attn_gates.bias"},
	} {
		if err := os.WriteFile(path, bytes.Replace(good, []byte(c.from), []byte(c.to), 1), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := decoder.Open(dir, decoder.Options{}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("without %s: %v", c.from, err)
		}
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "config.json")
	b, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, says string }{
		{`"nsa"`, `"hsa-window"`, "attn_gates.weight"}, {`"nsa"`, `"moba"`, "there are nsa, hsa, hsa-window, ssa, dma and memory"}, {`"block": 16`, `"block": 17`, "17 tokens"}, {`"block": 16`, `"block": "x"`, "sparse_attention"},
	} {
		if err := os.WriteFile(config, bytes.Replace(b, []byte(c.from), []byte(c.to), 1), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := decoder.Open(dir, decoder.Options{}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("with %s for %s: %v", c.to, c.from, err)
		}
	}
}

// A model that says it was trained with scores of keys or with temperatures has them, or is refused by the name of
// what it has not.
func TestFoldersOfSingles(t *testing.T) {
	for kind, missing := range map[string]string{"ssa": "gates.weight", "dma": "own.weight"} {
		r := small("recall")
		r.Shape.Gate = Gate{Kind: kind, Taken: 8}
		m, err := Train(context.Background(), r, nil)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "model")
		if err := m.Write(dir); err != nil {
			t.Fatal(err)
		}
		if again, err := Open(dir, r); err != nil || !slices.Equal(again.net.params, m.net.params) {
			t.Errorf("%s: what is opened is not what was written: %v", kind, err)
		}
		path := filepath.Join(dir, "model.safetensors")
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{missing, "own.weight"} {
			bad := bytes.Replace(good, []byte("layers.1.self_attn."+name), []byte("layers.1.self_attz."+name), 1)
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := decoder.Open(dir, decoder.Options{}); err == nil || !strings.Contains(err.Error(), "no tensor blk.1.attn_"+name) {
				t.Errorf("%s without %s: %v", kind, name, err)
			}
		}
	}
}

// Policies go with a model's own attention where they ask for it or only round; others are refused.
func TestPolicies(t *testing.T) {
	open := func(gate Gate) *decoder.Decoder {
		r := small("recall")
		r.Shape.Gate = gate
		m, err := Train(context.Background(), r, nil)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "model")
		if err := m.Write(dir); err != nil {
			t.Fatal(err)
		}
		d, err := decoder.Open(dir, decoder.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		return d
	}
	dense, own := open(Gate{}), open(Gate{"nsa", 16, 3, 8, 0})
	tempered, masked := open(Gate{Kind: "ssa"}), open(Gate{Kind: "dma", Taken: 20})
	for _, c := range []struct {
		d      *decoder.Decoder
		policy string
		says   string
	}{
		{dense, "nsa", "no tensor blk.0.attn_gates.weight"}, {dense, "hsa", "trained with dense attention"}, {own, "hsa-window", "trained with nsa"}, {own, "quest", "chooses itself"}, {own, "snapkv", "chooses itself"},
		{own, "nsa", ""}, {own, "dense", ""}, {own, "nsa+q8", ""}, {dense, "quest+snapkv", ""},
		{dense, "ssa", "no tensor blk.0.attn_gates.weight"}, {dense, "dma", "no tensor blk.0.attn_own.weight"}, {dense, "memory", "trained with dense attention"}, {masked, "quest", "chooses itself"}, {tempered, "dma", "trained with ssa"},
		{tempered, "ssa+quest:0.1", ""}, {tempered, "chunks+snapkv+q8", ""}, {masked, "dma+q4", ""},
	} {
		p, err := attention.Parse(c.policy)
		if err != nil {
			t.Fatal(err)
		}
		cache := c.d.NewCache()
		cache.Policy = p
		_, err = c.d.Read(context.Background(), cache, make([]int32, 130))
		for i := 0; i < 20 && err == nil; i++ {
			_, err = c.d.Read(context.Background(), cache, []int32{int32(i)})
		}
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.policy, err)
		}
	}
}

// opened is a model as the decoder has it, from a folder of its own.
func opened(t *testing.T, m *Model) (dir string, d *decoder.Decoder) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "model")
	if err := m.Write(dir); err != nil {
		t.Fatal(err)
	}
	d, err := decoder.Open(dir, decoder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return dir, d
}

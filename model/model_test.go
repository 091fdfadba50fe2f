package model

import (
	"errors"
	"io/fs"
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

var tiny = tinymodel.Shape{Words: 90, Width: 64, Inner: 112, Layers: 2, Heads: 2, Positions: 130}

func open(t testing.TB, dir string) *Encoder {
	t.Helper()
	e, err := Open(dir, F32)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func sequences(rng *rand.Rand, words int, lengths ...int) [][]int32 {
	all := make([][]int32, len(lengths))
	for i, n := range lengths {
		for range n {
			all[i] = append(all[i], rng.Int32N(int32(words)))
		}
	}
	return all
}

// TestStates compares with the formulas, for lengths around those that the kernels
// treat otherwise.
func TestStates(t *testing.T) {
	e := open(t, tiny.Write(t, 1))
	n := naive{tiny, tiny.Tensors(1)}
	batch := sequences(rand.New(rand.NewPCG(1, 2)), tiny.Words, 1, 2, 6, 13, 16, 17, 40, 129, 130)
	got, err := e.States(batch)
	if err != nil {
		t.Fatal(err)
	}
	for i, ids := range batch {
		want := slices.Concat(n.states(ids)...)
		for j := range want {
			if d := math.Abs(want[j] - float64(got[i][j])); !(d < 2e-5) {
				t.Fatalf("sequence of %d: number %d is %g, want %g", len(ids), j, got[i][j], want[j])
			}
		}
		alone, err := e.States(batch[i : i+1])
		if err != nil || !slices.Equal(alone[0], got[i]) {
			t.Fatalf("sequence of %d: its states depend on the batch (%v)", len(ids), err)
		}
	}
}

func TestWeights(t *testing.T) {
	shape := tiny
	shape.Masked = true
	e := open(t, shape.Write(t, 2))
	n := naive{shape, shape.Tensors(2)}
	batch := sequences(rand.New(rand.NewPCG(1, 3)), shape.Words, 3, 50)
	got, err := e.Weights(batch)
	if err != nil || e.Pooling != Terms {
		t.Fatal(e.Pooling, err)
	}
	for i, ids := range batch {
		for j, want := range n.weights(ids) {
			if d := math.Abs(want - float64(got[i][j])); !(d < 2e-5) {
				t.Fatalf("sequence of %d: word %d has %g, want %g", len(ids), j, got[i][j], want)
			}
		}
	}
}

func TestPooling(t *testing.T) {
	batch := sequences(rand.New(rand.NewPCG(1, 4)), tiny.Words, 7, 20)
	for _, cls := range []bool{false, true} {
		shape := tiny
		shape.CLS = cls
		e := open(t, shape.Write(t, 3))
		states, err := e.States(batch)
		if err != nil {
			t.Fatal(err)
		}
		vectors, err := e.Dense(batch)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range vectors {
			want := slices.Clone(states[i][:e.Width])
			for j := e.Width; j < len(states[i]) && !cls; j++ {
				want[j%e.Width] += states[i][j]
			}
			normalise(want)
			if !slices.Equal(v, want) {
				t.Errorf("cls %v: sequence %d pooled wrongly", cls, i)
			}
		}
	}
}

func TestWrongSequences(t *testing.T) {
	e := open(t, tiny.Write(t, 1))
	for _, c := range []struct {
		ids  []int32
		want string
	}{
		{nil, "from 1 to 130"}, {make([]int32, 131), "has 131 tokens"}, {[]int32{90}, "outside of the model's 90 words"}, {[]int32{-1}, "outside"},
	} {
		if _, err := e.Dense([][]int32{c.ids}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d tokens: %v, want %q", len(c.ids), err, c.want)
		}
	}
	if _, err := e.Weights(nil); !errors.Is(err, ErrUnsupported) {
		t.Errorf("weights of a model without head: %v", err)
	}
}

// TestWrongFolders: each is one clear error.
func TestWrongFolders(t *testing.T) {
	config := func(change map[string]any) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			c := tiny.Config()
			maps.Copy(c, change)
			tinymodel.WriteJSON(t, filepath.Join(dir, "config.json"), c)
		}
	}
	tensors := func(change func(map[string]tinymodel.Tensor)) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			all := tiny.Tensors(1)
			change(all)
			tinymodel.WriteFile(t, filepath.Join(dir, "model.safetensors"), tinymodel.Safetensors(all))
		}
	}
	remove := func(names ...string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			for _, name := range names {
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, dir string)
		want   string
		is     error
	}{
		{"no configuration", remove("config.json"), "holds no config.json", fs.ErrNotExist},
		{"no weights", remove("model.safetensors"), "no model.safetensors nor model.onnx", fs.ErrNotExist},
		{"another architecture", config(map[string]any{"model_type": "t5", "architectures": []string{"T5Model"}}), "T5Model of type t5; supported are JinaBERT", ErrUnsupported},
		{"another activation", config(map[string]any{"hidden_act": "mish"}), "hidden_act mish", ErrUnsupported},
		{"relative positions", config(map[string]any{"position_embedding_type": "relative_key"}), "position_embedding_type relative_key", ErrUnsupported},
		{"DeBERTa with places", config(map[string]any{"model_type": "deberta-v2", "relative_attention": true, "share_att_key": true, "type_vocab_size": 0}), "with position_biased_input", ErrUnsupported},
		{"DeBERTa by one kind", config(debertaAs(map[string]any{"pos_att_type": "c2p"})), "pos_att_type c2p", ErrUnsupported},
		{"DeBERTa that convolves", config(debertaAs(map[string]any{"conv_kernel_size": 3})), "conv_kernel_size", ErrUnsupported},
		{"DeBERTa of few distances", config(debertaAs(map[string]any{"position_buckets": 64, "max_relative_positions": 20})), "max_relative_positions 20", nil},
		{"DeBERTa without its table", config(debertaAs(nil)), "no tensor encoder.layer.0.attention.self.query_proj.weight", nil},
		{"no width", config(map[string]any{"hidden_size": 0}), "hidden_size is 0", nil},
		{"huge width", config(map[string]any{"hidden_size": 1 << 40}), "hidden_size is 1099511627776", nil},
		{"odd heads", config(map[string]any{"num_attention_heads": 3}), "3 heads", ErrUnsupported},
		{"no eps", config(map[string]any{"layer_norm_eps": -1}), "layer_norm_eps is -1", nil},
		{"wider", config(map[string]any{"hidden_size": 128}), "has shape 90 × 64, its configuration asks for 90 × 128", nil},
		{"more layers", config(map[string]any{"num_hidden_layers": 3}), "no tensor encoder.layer.2.attention.self.query.weight", nil},
		{"NaN", tensors(func(all map[string]tinymodel.Tensor) {
			all["encoder.layer.1.output.dense.bias"].Values[5] = float32(math.NaN())
		}), "number 5 of tensor encoder.layer.1.output.dense.bias is NaN", nil},
		{"missing tensor", tensors(func(all map[string]tinymodel.Tensor) { delete(all, "embeddings.LayerNorm.bias") }), "no tensor embeddings.LayerNorm.bias", nil},
		{"pooling by maximum", func(t *testing.T, dir string) {
			if err := os.Mkdir(filepath.Join(dir, "1_Pooling"), 0o777); err != nil {
				t.Fatal(err)
			}
			tinymodel.WriteJSON(t, filepath.Join(dir, "1_Pooling", "config.json"), map[string]any{"pooling_mode_max_tokens": true})
		}, "pooling is that of the first or last token or the mean", ErrUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := tiny.Write(t, 1)
			c.damage(t, dir)
			e, err := Open(dir, F32)
			if err == nil {
				e.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) && c.want[:2] != "no" || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestDamagedWords: numbers of the word table are read as they are needed; what they
// spoil is told.
func TestDamagedWords(t *testing.T) {
	dir, all := tiny.Write(t, 1), tiny.Tensors(1)
	all["embeddings.word_embeddings.weight"].Values[7*64] = float32(math.Inf(1))
	tinymodel.WriteFile(t, filepath.Join(dir, "model.safetensors"), tinymodel.Safetensors(all))
	e := open(t, dir)
	if _, err := e.Dense([][]int32{{7, 8}}); err == nil || !strings.Contains(err.Error(), "not a number") {
		t.Error(err)
	}
}

// TestInt8: close to the formulas, and not as close as without rounding, which would
// mean that it is not there.
func TestInt8(t *testing.T) {
	shape := tiny
	shape.Masked = true
	dir := shape.Write(t, 2)
	e, err := Open(dir, Int8)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	n := naive{shape, shape.Tensors(2)}
	batch := sequences(rand.New(rand.NewPCG(1, 6)), shape.Words, 50)
	states, err := e.States(batch)
	if err != nil {
		t.Fatal(err)
	}
	weights, err := e.Weights(batch)
	if err != nil {
		t.Fatal(err)
	}
	a, b := cosine(slices.Concat(n.states(batch[0])...), states[0]), cosine(n.weights(batch[0]), weights[0])
	if !(a > .9995 && a < .9999999) || !(b > .999 && b < .9999999) {
		t.Errorf("cosines %.9f and %.9f", a, b)
	}
}

func cosine(x []float64, y []float32) float64 {
	var xx, yy, xy float64
	for i := range x {
		xx, yy, xy = xx+x[i]*x[i], yy+float64(y[i])*float64(y[i]), xy+x[i]*float64(y[i])
	}
	return xy / math.Sqrt(xx*yy)
}

// TestTogether: an encoder serves several goroutines.
func TestTogether(t *testing.T) {
	e := open(t, tiny.Write(t, 1))
	batch := sequences(rand.New(rand.NewPCG(1, 5)), tiny.Words, 30, 5)
	want, err := e.Dense(batch)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan bool)
	for range 4 {
		go func() {
			got, err := e.Dense(batch)
			done <- err == nil && slices.EqualFunc(got, want, slices.Equal[[]float32])
		}()
	}
	for range 4 {
		if !<-done {
			t.Error("another answer")
		}
	}
}

// TestNoFolder: a file of another format is named for what it is.
func TestNoFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "llama.gguf")
	head := "GGUF\x03\x00\x00\x00" + strings.Repeat("\x00", 8) + "\x02" + strings.Repeat("\x00", 7)
	text := func(s string) string { return string(rune(len(s))) + strings.Repeat("\x00", 7) + s }
	head += text("general.architecture") + "\x08\x00\x00\x00" + text("llama")
	head += text("llama.block_count") + "\x04\x00\x00\x00\x1e\x00\x00\x00"
	if err := os.WriteFile(path, []byte(head+strings.Repeat("\x00", 64)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(path, F32)
	if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "architecture llama (30 layers") {
		t.Error(err)
	}
}

// debertaAs is what makes a configuration that of DeBERTa-v3, and what is changed of it.
func debertaAs(changes map[string]any) map[string]any {
	c := map[string]any{"model_type": "deberta-v2", "type_vocab_size": 0, "relative_attention": true, "share_att_key": true, "position_biased_input": false,
		"norm_rel_ebd": "layer_norm", "position_buckets": 256, "max_relative_positions": -1, "pos_att_type": "p2c|c2p"}
	maps.Copy(c, changes)
	return c
}

package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/tamis-search/tamis/model/weights"
)

// Write writes the model as a folder that package decoder loads, in the layout of transformers. The folder
// is there whole or not at all; what is there already stays.
func (m *Model) Write(dir string) error {
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already: remove it, or name another folder", dir)
	}
	files, err := m.files()
	if err != nil {
		return err
	}
	return writeFolder(dir, files)
}

// writeFolder writes a folder whole or not at all.
func writeFolder(dir string, files map[string][]byte) error {
	beside, err := os.MkdirTemp(filepath.Dir(filepath.Clean(dir)), ".tamis-model-")
	if err != nil {
		return err
	}
	for name, b := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(beside, name), b, 0o644))
	}
	if err == nil {
		err = os.Chmod(beside, 0o755)
	}
	if err == nil {
		err = os.Rename(beside, dir)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(beside))
	}
	return nil
}

// files are those of the folder.
func (m *Model) files() (map[string][]byte, error) {
	s := m.Recipe.Shape
	config := map[string]any{
		"model_type": "qwen2", "architectures": []string{"Qwen2ForCausalLM"}, "vocab_size": s.Words, "hidden_size": s.Width, "num_hidden_layers": s.Layers,
		"num_attention_heads": s.Heads, "num_key_value_heads": s.Heads, "head_dim": s.HeadSize, "intermediate_size": s.Inner, "max_position_embeddings": s.Positions,
		"rms_norm_eps": eps, "rope_theta": s.Base, "tie_word_embeddings": true, "hidden_act": "silu", "torch_dtype": "float32", "eos_token_id": First,
	}
	if s.Still > 0 { // as SmolLM3 says it
		turned := make([]int, s.Layers)
		for i := range min(s.Still, s.Layers) {
			turned[i] = 1
		}
		config["no_rope_layers"] = turned
	}
	if g := s.Gate; g.Kind != "" {
		config["sparse_attention"] = map[string]any{"kind": g.Kind, "block": g.Block, "taken": g.Taken, "window": g.Window, "from": g.From}
	}
	files := map[string][]byte{}
	for name, v := range map[string]any{"config.json": config, "tokenizer.json": vocabulary(s.Words), recipeFile: m} {
		b, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return nil, err
		}
		files[name] = append(b, '\n')
	}
	b, err := weights.Safetensors(m.net.tensors())
	files["model.safetensors"] = b
	return files, err
}

// vocabulary is the tokenizer of bytes: as many as there are words, the first of which begins texts.
func vocabulary(words int) any {
	ids := map[string]int{"<|endoftext|>": First}
	next := rune(0x100)
	for b := range min(words, 256) {
		r := rune(b)
		if !(r >= '!' && r <= '~' || r >= '¡' && r <= '¬' || r >= '®') {
			r = next
			next++
		}
		if b > 0 {
			ids[string(r)] = b
		}
	}
	for i := 256; i < words; i++ {
		ids[fmt.Sprintf("<|%d|>", i)] = i
	}
	return map[string]any{
		"version":       "1.0",
		"added_tokens":  []any{map[string]any{"id": First, "content": "<|endoftext|>", "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}},
		"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false},
		"decoder":       map[string]any{"type": "ByteLevel"},
		"model":         map[string]any{"type": "BPE", "vocab": ids, "merges": []any{}},
	}
}

// tensors are the parameters by the names of transformers.
func (n *net) tensors() []weights.Written {
	cut := func(name string, m matrix, from, rows int) weights.Written {
		return weights.Written{Name: name, Shape: []int{rows, m.in}, Floats: m.of(n.params)[from*m.in:][:rows*m.in]}
	}
	row := func(name string, m matrix, from, count int) weights.Written {
		return weights.Written{Name: name, Shape: []int{count}, Floats: m.of(n.params)[from:][:count]}
	}
	all := []weights.Written{cut("model.embed_tokens.weight", n.words, 0, n.Words), row("model.norm.weight", n.final, 0, n.Width)}
	heads := n.Heads * n.HeadSize
	for i, l := range n.layers {
		p := fmt.Sprintf("model.layers.%d.", i)
		all = append(all, row(p+"input_layernorm.weight", l.attended, 0, n.Width), row(p+"post_attention_layernorm.weight", l.done, 0, n.Width),
			cut(p+"self_attn.o_proj.weight", l.out, 0, n.Width),
			cut(p+"mlp.gate_proj.weight", l.gated, 0, n.Inner), cut(p+"mlp.up_proj.weight", l.gated, n.Inner, n.Inner), cut(p+"mlp.down_proj.weight", l.projected, 0, n.Width))
		for j, name := range []string{"q_proj", "k_proj", "v_proj"} {
			all = append(all, cut(p+"self_attn."+name+".weight", l.qkvg, j*heads, heads), row(p+"self_attn."+name+".bias", l.biases, j*heads, heads))
		}
		if gates := n.Heads * n.Gate.parts(); gates > 0 {
			all = append(all, cut(p+"self_attn.gates.weight", l.qkvg, 3*heads, gates), row(p+"self_attn.gates.bias", l.biases, 3*heads, gates))
		}
		if l.own.in > 0 {
			all = append(all, cut(p+"self_attn.own.weight", l.own, 0, n.Heads))
		}
	}
	return all
}

// recipeFile is what a folder says about how its model was made.
const recipeFile = "recipe.json"

// Made says how training ended of the model in a folder, where it was made by the recipe. The error is of the
// kind fs.ErrNotExist where nothing is there.
func Made(dir string, r Recipe) (Progress, error) {
	var m Model
	if err := readRecipe(dir, &m); err != nil {
		return Progress{}, err
	}
	if m.Recipe != r {
		return Progress{}, fmt.Errorf("%s was made by another recipe: remove it, or name another folder", dir)
	}
	return m.Last, nil
}

// readRecipe reads how what a folder holds was made.
func readRecipe(dir string, into any) error {
	path := filepath.Join(dir, recipeFile)
	b, err := os.ReadFile(path)
	if err != nil {
		if _, there := os.Lstat(dir); there == nil {
			return fmt.Errorf("%s is no folder of a model that was trained here: remove it, or name another folder", dir)
		}
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Open is the model in a folder that was made by the recipe, for training that goes on from it.
func Open(dir string, r Recipe) (*Model, error) {
	last, err := Made(dir, r)
	if err != nil {
		return nil, err
	}
	set, err := weights.OpenFolder(dir)
	if err != nil {
		return nil, err
	}
	defer set.Close()
	m := &Model{Recipe: r, Last: last, net: newNet(r.Shape, r.Length, rand.New(rand.NewPCG(r.Seed, 0)))}
	for _, to := range m.net.tensors() {
		t, ok := set.Tensor(to.Name)
		if !ok {
			return nil, fmt.Errorf("%s: it has no tensor %s", dir, to.Name)
		}
		err := t.Is(to.Shape...)
		if err == nil {
			var from []float32
			from, err = t.Floats()
			copy(to.Floats, from)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: tensor %s: %w", dir, to.Name, err)
		}
	}
	return m, nil
}

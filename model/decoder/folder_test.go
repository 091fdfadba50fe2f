package decoder

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model/weights"
)

// folderOf writes the model of a GGUF file as transformers would save it. The file's numbers
// that turn together stand half a head apart, as they do there.
func folderOf(t *testing.T, path string, config map[string]any) string {
	t.Helper()
	set, values, err := weights.OpenGGUF(path)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	name := values.String("general.architecture")
	back := map[string]string{}
	for hf, gguf := range inner {
		if ofGPT2 := strings.HasPrefix(hf, "ln_") || strings.Contains(hf, ".c_"); ofGPT2 != shapes[name].first || strings.HasPrefix(hf, "block_sparse") {
			continue
		}
		if gguf == "ffn_norm" && !shapes[name].first && shapes[name].after != strings.HasPrefix(hf, "pre_") {
			continue
		}
		back[gguf] = hf
	}
	if shapes[name].after {
		back["post_attention_norm"] = "post_attention_layernorm"
	}
	tensors := map[string]tinymodel.Tensor{}
	layer := regexp.MustCompile(`^blk\.(\d+)\.(\w+)\.(weight|bias)$`)
	for _, n := range set.Names() {
		x, _ := set.Tensor(n)
		floats, err := x.Floats()
		if err != nil {
			t.Fatal(err)
		}
		for i := range floats {
			if strings.HasPrefix(name, "gemma") && strings.Contains(n, "norm") {
				floats[i]--
			}
		}
		m := layer.FindStringSubmatch(n)
		if m == nil {
			for hf, gguf := range outer {
				if gguf == n && shapes[name].first == (strings.HasPrefix(hf, "w") || strings.HasPrefix(hf, "ln_f")) {
					tensors["model."+hf] = tinymodel.Tensor{Shape: x.Shape, Values: floats}
				}
			}
			continue
		}
		at := "model.layers." + m[1] + "."
		if kind, ok := strings.CutSuffix(m[2], "_exps"); ok {
			for e := range x.Shape[0] {
				size := len(floats) / x.Shape[0]
				tensors[at+"mlp.experts."+string(rune('0'+e))+"."+strings.TrimPrefix(kind, "ffn_")+"_proj.weight"] = tinymodel.Tensor{Shape: x.Shape[1:], Values: floats[e*size : (e+1)*size]}
			}
			continue
		}
		shape := x.Shape
		if shapes[name].first && len(shape) == 2 { // inputs first
			turned := make([]float32, len(floats))
			for i := range shape[0] {
				for j := range shape[1] {
					turned[j*shape[0]+i] = floats[i*shape[1]+j]
				}
			}
			floats, shape = turned, []int{shape[1], shape[0]}
		}
		if m[2] == "ffn_gate_inp_shexp" {
			shape = []int{1, shape[0]}
		}
		if back[m[2]] == "" {
			t.Fatalf("%s: nothing is called %s", name, n)
		}
		tensors[at+back[m[2]]+"."+m[3]] = tinymodel.Tensor{Shape: shape, Values: floats}
	}
	dir := tinymodel.Folder(t, config, tensors)
	words := map[string]int{}
	for i, w := range values["tokenizer.ggml.tokens"].([]any) {
		words[w.(string)] = i
	}
	tinymodel.WriteJSON(t, filepath.Join(dir, "tokenizer.json"), map[string]any{
		"model": map[string]any{"type": "BPE", "vocab": words, "merges": []string{"t h", "th e"}}, "pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false},
	})
	tinymodel.WriteJSON(t, filepath.Join(dir, "tokenizer_config.json"), map[string]any{"chat_template": "{{ messages[0].content }}"})
	tinymodel.WriteJSON(t, filepath.Join(dir, "generation_config.json"), map[string]any{"eos_token_id": []int{2, 7}})
	return dir
}

var inFolders = map[string]map[string]any{
	"qwen2": {"model_type": "qwen2", "max_position_embeddings": 512, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 16, "intermediate_size": 96,
		"rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu"},
	"qwen2moe": {"model_type": "qwen2_moe", "max_position_embeddings": 512, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 16,
		"rms_norm_eps": 1e-5, "rope_parameters": map[string]any{"rope_theta": 10000.0, "rope_type": "default"}, "num_experts": 6, "num_experts_per_tok": 3, "moe_intermediate_size": 40, "shared_expert_intermediate_size": 88, "norm_topk_prob": false},
	"qwen3": {"model_type": "qwen3", "max_position_embeddings": 512, "hidden_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "intermediate_size": 72, "rms_norm_eps": 1e-5},
	"gemma2": {"model_type": "gemma2", "max_position_embeddings": 512, "hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "intermediate_size": 70, "rms_norm_eps": 1e-5,
		"sliding_window": 37, "query_pre_attn_scalar": 16, "attn_logit_softcapping": 5.0, "final_logit_softcapping": 3.0, "hidden_activation": "gelu_pytorch_tanh"},
	"gemma3": {"model_type": "gemma3_text", "max_position_embeddings": 512, "hidden_size": 40, "num_hidden_layers": 7, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 32, "intermediate_size": 72, "rms_norm_eps": 1e-5,
		"sliding_window": 50, "query_pre_attn_scalar": 32, "rope_theta": 1e6, "rope_scaling": map[string]any{"rope_type": "linear", "factor": 8.0}, "hidden_activation": "gelu_pytorch_tanh"},
	"gpt2": {"model_type": "gpt2", "n_positions": 512, "n_embd": 48, "n_layer": 3, "n_head": 3, "n_inner": nil, "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new"},
}

// TestFolderIsTheFile: the same weights give the same logits.
func TestFolderIsTheFile(t *testing.T) {
	for name, config := range inFolders {
		path := tiny[name].Write(t, 6)
		file, d := openAs(t, path, Options{F32: true}), open(t, folderOf(t, path, config))
		ids := someIDs(130, file.Words)
		want, err := file.Read(context.Background(), file.NewCache(), ids)
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Read(context.Background(), d.NewCache(), ids)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > 2e-5 {
				t.Fatalf("%s: logit %d is %g in the folder, %g in the file", name, i, got[i], want[i])
			}
		}
		if d.Template == "" || !slices.Contains(d.Ends, 7) || !slices.Contains(d.Ends, 2) {
			t.Errorf("%s: the template is %q, the ends are %v", name, d.Template, d.Ends)
		}
	}
}

func TestWrongFolders(t *testing.T) {
	good := folderOf(t, tiny["qwen2"].Write(t, 6), inFolders["qwen2"])
	for say, change := range map[string]func(c map[string]any){
		"its model_type is mamba":                      func(c map[string]any) { c["model_type"] = "mamba" },
		"its hidden_act is relu":                       func(c map[string]any) { c["hidden_act"] = "relu" },
		"its use_sliding_window is true":               func(c map[string]any) { c["use_sliding_window"] = true },
		"scaled by yarn":                               func(c map[string]any) { c["rope_scaling"] = map[string]any{"rope_type": "yarn"} },
		"of which no model is made":                    func(c map[string]any) { c["rope_scaling"] = map[string]any{"rope_type": "llama3", "factor": 8.0} },
		"no tensor blk.2.attn_norm.weight":             func(c map[string]any) { c["num_hidden_layers"] = 3 },
		"its configuration asks for 80 × 64":           func(c map[string]any) { c["intermediate_size"] = 80 },
		"embedding_length is 0":                        func(c map[string]any) { delete(c, "hidden_size") },
		"token_embd.weight of rows of 32":              func(c map[string]any) { c["hidden_size"] = 32 },
		"holds neither tokenizer.json":                 nil,
		"config.json: unexpected end of JSON input":    nil,
		"holds no config.json, which says what":        nil,
		"holds no model.safetensors nor model.onnx":    nil,
		"its tokenizer 300 words: they do not belong ": nil,
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
			t.Fatal(err)
		}
		config := map[string]any{}
		for k, v := range inFolders["qwen2"] {
			config[k] = v
		}
		at := filepath.Join(dir, "config.json")
		switch {
		case change != nil:
			change(config)
			tinymodel.WriteJSON(t, at, config)
		case strings.HasPrefix(say, "holds neither"):
			os.Remove(filepath.Join(dir, "tokenizer.json"))
		case strings.HasPrefix(say, "holds no model"):
			os.Remove(filepath.Join(dir, "model.safetensors"))
		case strings.Contains(say, "unexpected"):
			tinymodel.WriteFile(t, at, []byte(`{"model_type": "qwen2"`))
		case strings.HasPrefix(say, "holds no config"):
			os.Remove(at)
		case strings.Contains(say, "300 words"):
			words := map[string]int{}
			for i := range 300 {
				words[strings.Repeat("a", i+1)] = i
			}
			tinymodel.WriteJSON(t, filepath.Join(dir, "tokenizer.json"), map[string]any{"model": map[string]any{"type": "BPE", "vocab": words, "merges": []string{}}, "pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false}})
		default:
			continue
		}
		if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), say) || !strings.HasPrefix(err.Error(), dir) {
			t.Errorf("%v instead of %q", err, say)
		}
	}
}

package decoder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/model/attention"
	"github.com/tamis-search/tamis/model/tokenizer"
	"github.com/tamis-search/tamis/model/weights"
)

// Models in folders, as transformers saves them, are read as if they stood in a GGUF file: under
// its names, with what its files say otherwise told by layout.

// layout is how weights lie otherwise than in GGUF files.
type layout struct {
	halves bool      // numbers that turn together stand half a head apart
	less   bool      // weights of norms are less one
	freqs  []float64 // by which the steps of pairs are divided; nil for none
	still  []bool    // by layer: queries and keys are not turned; nil where all are

	own *attention.Trained // attention that the model was trained with; nil for dense
}

// folders are the kinds of models that config.json names, by the names that GGUF has for them.
var folders = map[string]string{
	"llama": "llama", "mistral": "llama", "mixtral": "llama", "qwen2": "qwen2", "qwen2_moe": "qwen2moe", "qwen3": "qwen3", "qwen3_moe": "qwen3moe",
	"gemma": "gemma", "gemma2": "gemma2", "gemma3_text": "gemma3", "gpt2": "gpt2",
}

// told is what GGUF calls the numbers of config.json, after the architecture's name.
var told = map[string]string{
	"max_position_embeddings": "context_length", "n_positions": "context_length", "hidden_size": "embedding_length", "n_embd": "embedding_length",
	"num_hidden_layers": "block_count", "n_layer": "block_count", "num_attention_heads": "attention.head_count", "n_head": "attention.head_count",
	"num_key_value_heads": "attention.head_count_kv", "head_dim": "attention.key_length", "intermediate_size": "feed_forward_length", "n_inner": "feed_forward_length",
	"num_experts": "expert_count", "num_local_experts": "expert_count", "num_experts_per_tok": "expert_used_count",
	"moe_intermediate_size": "expert_feed_forward_length", "shared_expert_intermediate_size": "expert_shared_feed_forward_length",
	"sliding_window": "attention.sliding_window",
}

// toldReal are the same that are no whole numbers.
var toldReal = map[string]string{
	"rms_norm_eps": "attention.layer_norm_rms_epsilon", "layer_norm_epsilon": "attention.layer_norm_epsilon", "rope_theta": "rope.freq_base",
	"attn_logit_softcapping": "attn_logit_softcapping", "final_logit_softcapping": "final_logit_softcapping",
}

const (
	mostConfig    = 1 << 20
	mostTokenizer = 64 << 20
)

// openFolder loads the model in a folder.
func openFolder(dir string, o Options) (*Decoder, error) {
	values, lies, err := readFolder(dir)
	if err != nil {
		return nil, err
	}
	t, err := tokenizer.Open(dir)
	if err != nil {
		return nil, err
	}
	set, err := weights.OpenFolder(dir)
	if err != nil {
		return nil, err
	}
	d, err := load(set.Renamed(namesOf(values.String("general.architecture"))), values, t, lies, o)
	if err != nil {
		set.Close()
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	for _, id := range endsIn(dir) {
		if !slices.Contains(d.Ends, id) {
			d.Ends = append(d.Ends, id)
		}
	}
	return d, nil
}

// readFolder is what the files of configuration say, as GGUF says it.
func readFolder(dir string) (weights.Values, layout, error) {
	c, err := readJSON(filepath.Join(dir, "config.json"), mostConfig)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s holds no config.json, which says what model it is: %w", dir, fs.ErrNotExist)
	}
	if err != nil {
		return nil, layout{}, err
	}
	kind, _ := c["model_type"].(string)
	name, ok := folders[kind]
	if !ok {
		return nil, layout{}, fmt.Errorf("%s: %w: its model_type is %s; language models of the families %s are supported", dir, ErrUnsupported, screen.Name(kind), supported)
	}
	v := weights.Values{"general.architecture": name}
	for key, as := range told {
		if n, ok := c[key].(float64); ok {
			v[name+"."+as] = int64(n)
		}
	}
	for key, as := range toldReal {
		if x, ok := c[key].(float64); ok {
			v[name+"."+as] = x
		}
	}
	lies := layout{halves: true, less: name == "gemma" || name == "gemma2" || name == "gemma3"}
	if err := otherwise(c, v, kind, name); err != nil {
		return nil, lies, fmt.Errorf("%s: %w", filepath.Join(dir, "config.json"), err)
	}
	if lies.freqs, err = rope(c, v, name); err != nil {
		return nil, lies, fmt.Errorf("%s: %w", filepath.Join(dir, "config.json"), err)
	}
	if err := lies.attention(c); err != nil {
		return nil, lies, fmt.Errorf("%s: %w", filepath.Join(dir, "config.json"), err)
	}
	v["tokenizer.chat_template"], err = templateIn(dir)
	return v, lies, err
}

// attention reads which layers turn nothing, as SmolLM3 says it, and the attention that tamis trains
// models with.
func (l *layout) attention(c map[string]any) error {
	if turned, ok := c["no_rope_layers"].([]any); ok {
		for _, x := range turned {
			l.still = append(l.still, x == 0.)
		}
	}
	own, ok := c["sparse_attention"]
	if !ok || own == nil {
		return nil
	}
	l.own = &attention.Trained{}
	b, err := json.Marshal(own)
	if err == nil {
		err = json.Unmarshal(b, l.own)
	}
	if err == nil {
		err = l.own.Check()
	}
	if err != nil {
		return fmt.Errorf("sparse_attention: %w", err)
	}
	return nil
}

// otherwise says what has no number of the same kind in GGUF, and refuses what is not computed
// here.
func otherwise(c map[string]any, v weights.Values, kind, name string) error {
	if _, ok := v[name+".feed_forward_length"]; !ok && kind == "gpt2" {
		width, _ := v.Int(name + ".embedding_length")
		v[name+".feed_forward_length"] = int64(4 * width)
	}
	if x, ok := c["query_pre_attn_scalar"].(float64); ok && x > 0 {
		v[name+".attention.scale"] = 1 / math.Sqrt(x)
	}
	for _, key := range []string{"attn_logit_softcapping", "final_logit_softcapping"} {
		if x, ok := c[key]; ok && x == nil {
			v[name+"."+key] = 0.
		}
	}
	if b, ok := c["norm_topk_prob"].(bool); ok {
		v[name+".expert_weights_norm"] = b
	}
	if window, ok := v.Int(name + ".attention.sliding_window"); ok && name == "llama" {
		if n, _ := v.Int(name + ".context_length"); window < n { // Mistral of the first version: what lies behind it is not read
			v[name+".context_length"] = int64(window)
		}
	}
	acts := map[string]bool{"silu": true, "": true}
	if shapes[name].tanh {
		acts = map[string]bool{"gelu_pytorch_tanh": true, "gelu_new": true, "gelu": kind == "gemma", "": true}
	}
	for _, key := range []string{"hidden_act", "hidden_activation", "activation_function"} {
		if act, _ := c[key].(string); !acts[act] {
			return fmt.Errorf("%w: its %s is %s", ErrUnsupported, key, screen.Name(act))
		}
	}
	plain, _ := c["mlp_only_layers"].([]any)
	step, _ := c["decoder_sparse_step"].(float64)
	pattern, _ := c["sliding_window_pattern"].(float64)
	for what, yes := range map[string]bool{
		"is_causal": c["is_causal"] == false, "use_bidirectional_attention": c["use_bidirectional_attention"] == true,
		"attention_bias": c["attention_bias"] == true, "mlp_bias": c["mlp_bias"] == true, "use_sliding_window": c["use_sliding_window"] == true,
		"mlp_only_layers": len(plain) > 0, "decoder_sparse_step": step > 1, "sliding_window_pattern": name == "gemma3" && pattern != 0 && pattern != 6,
	} {
		if yes {
			return fmt.Errorf("%w: its %s is %v", ErrUnsupported, what, c[what])
		}
	}
	return nil
}

// rope is how angles of positions grow: the base, and by what steps are divided.
func rope(c map[string]any, v weights.Values, name string) ([]float64, error) {
	scaling, _ := c["rope_scaling"].(map[string]any)
	if all, ok := c["rope_parameters"].(map[string]any); ok { // of later versions
		if scaling = all; all["full_attention"] != nil {
			scaling, _ = all["full_attention"].(map[string]any)
		}
		if base, ok := scaling["rope_theta"].(float64); ok {
			v[name+".rope.freq_base"] = base
		}
	}
	number := func(key string) float64 {
		x, _ := scaling[key].(float64)
		return x
	}
	kind, _ := scaling["rope_type"].(string)
	if kind == "" {
		kind, _ = scaling["type"].(string)
	}
	switch kind {
	case "", "default":
		return nil, nil
	case "linear":
		v[name+".rope.scaling.type"], v[name+".rope.scaling.factor"] = kind, number("factor")
		return nil, nil
	case "llama3": // slow pairs are slowed down, those between by their share
		config, err := configOf(v)
		if err != nil {
			return nil, err
		}
		factor, low, high, first := number("factor"), number("low_freq_factor"), number("high_freq_factor"), number("original_max_position_embeddings")
		if !(factor >= 1 && low > 0 && high > low && first > 0) {
			return nil, fmt.Errorf("rope_scaling has factor %g, low_freq_factor %g, high_freq_factor %g and original_max_position_embeddings %g, of which no model is made", factor, low, high, first)
		}
		freqs := make([]float64, config.HeadSize/2)
		for j := range freqs {
			wave := 2 * math.Pi * math.Pow(config.base, 2*float64(j)/float64(config.HeadSize))
			share := min(max((first/wave-low)/(high-low), 0), 1)
			freqs[j] = 1 / (share + (1-share)/factor)
		}
		return freqs, nil
	}
	return nil, fmt.Errorf("%w: positions are scaled by %s; without scaling, linear and llama3 are supported", ErrUnsupported, screen.Name(kind))
}

// templateIn is the template of chats in a folder, "" for none.
func templateIn(dir string) (string, error) {
	path := filepath.Join(dir, "chat_template.jinja")
	if info, err := os.Stat(path); err == nil && info.Size() <= mostConfig {
		b, err := os.ReadFile(path)
		return string(b), err
	}
	c, err := readJSON(filepath.Join(dir, "tokenizer_config.json"), mostTokenizer)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	switch t := c["chat_template"].(type) {
	case string:
		return t, err
	case []any:
		for _, one := range t {
			if m, _ := one.(map[string]any); m["name"] == "default" {
				s, _ := m["template"].(string)
				return s, err
			}
		}
	}
	return "", err
}

func readJSON(path string, most int64) (c map[string]any, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > most {
		return nil, fmt.Errorf("%s has %d bytes; at most %d are read", path, info.Size(), most)
	}
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// endsIn are the tokens that end what the model in a folder says.
func endsIn(dir string) (ids []int32) {
	for _, file := range []string{"generation_config.json", "config.json"} {
		c, err := readJSON(filepath.Join(dir, file), mostConfig)
		if err != nil {
			continue // config.json was read before
		}
		list, _ := c["eos_token_id"].([]any)
		for _, x := range append(list, c["eos_token_id"]) {
			if id, ok := x.(float64); ok && !slices.Contains(ids, int32(id)) {
				ids = append(ids, int32(id))
			}
		}
	}
	return ids
}

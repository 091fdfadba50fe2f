package decoder

import (
	"errors"
	"fmt"
	"math"

	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/weights"
)

// ErrUnsupported is wrapped where a file holds a model that is not known here. The
// message says which are.
var ErrUnsupported = errors.New("unsupported model")

// Config is the shape of a model.
type Config struct {
	Name      string  // of the architecture, as the file has it
	Words     int     // in the vocabulary
	Positions int     // that it was trained for
	Width     int     // numbers of a state
	Layers    int     //
	Heads     int     // of queries
	KeyHeads  int     // of keys and values; each is read by Heads/KeyHeads heads of queries
	HeadSize  int     // numbers of a query, a key, a value
	Inner     int     // numbers inside a feed-forward network; of an expert, where there are some
	Experts   int     // feed-forward networks of a layer, of which a token takes some; 0 for one that all take
	Taken     int     // by a token
	Window    int     // tokens that layers read whose reading is bounded; 0 where none is
	Pooling   int     // of states, where the model is for vectors: 1 mean, 2 first, 3 last, as GGUF counts; 0 where nothing is said
	Eps       float32 // added to the mean square of what is normed

	shape
	together         int     // numbers inside the expert that all tokens take beside theirs; 0 for none
	base, near       float64 // of the angles of positions; of those in layers with a window
	factor           float64 // by which positions are divided, but in layers with a window
	scale            float32 // of products of queries and keys
	soft, logitsSoft float32 // bounds that products of these, and logits, only come near to; 0 for none
}

// shape is what families differ in.
type shape struct {
	adjacent bool // pairs that are turned stand side by side; else halves
	biased   bool // queries, keys and values have biases
	normed   bool // queries and keys are normed, head by head
	after    bool // what attention and feed-forward networks give is normed
	raised   bool // embeddings are multiplied by the root of the width
	tanh     bool // gates are GELU, by its formula with tanh; else SiLU
	first    bool // GPT-2: positions have embeddings, norms are those of layers, nothing is gated, all has biases
	renewed  bool // weights of the experts taken sum to one
	global   int  // each so many layers one reads all tokens, the others a window; 0 where all do
}

// shapes are the architectures, by the name that GGUF files have for them.
var shapes = map[string]shape{
	"llama":    {adjacent: true, renewed: true},
	"qwen2":    {biased: true},
	"qwen3":    {normed: true},
	"qwen2moe": {biased: true},
	"qwen3moe": {normed: true, renewed: true},
	"gemma":    {raised: true, tanh: true},
	"gemma2":   {raised: true, tanh: true, after: true, global: 2},
	"gemma3":   {raised: true, tanh: true, after: true, normed: true, global: 6},
	"gpt2":     {first: true, tanh: true},
}

const supported = "llama (SmolLM, Mistral and Mixtral too), qwen2, qwen2moe, qwen3, qwen3moe, gemma, gemma2, gemma3 and gpt2"

// Bounds of what is believed of a file.
const (
	mostLayers  = 1 << 10
	mostWidth   = 1 << 17
	mostWords   = 1 << 22
	mostExperts = 1 << 10
)

// configOf reads the shape that a GGUF file tells.
func configOf(v weights.Values) (Config, error) {
	name := v.String("general.architecture")
	shape, ok := shapes[name]
	if !ok {
		return Config{}, fmt.Errorf("%w: its architecture is %s; supported are %s", ErrUnsupported, screen.Name(name), supported)
	}
	c := Config{Name: name, shape: shape}
	var err error
	take := func(key string, least, most, otherwise int) int {
		n, ok := v.Int(name + "." + key)
		if !ok {
			n = otherwise
		}
		if err == nil && (n < least || n > most) {
			err = fmt.Errorf("%s.%s is %d; numbers from %d to %d make sense", name, key, n, least, most)
		}
		return n
	}
	real := func(key string, otherwise float64) float64 {
		if f, ok := v[name+"."+key].(float64); ok {
			return f
		}
		return otherwise
	}
	c.Positions = take("context_length", 1, 1<<26, 0)
	c.Width = take("embedding_length", 1, mostWidth, 0)
	c.Layers = take("block_count", 1, mostLayers, 0)
	c.Heads = take("attention.head_count", 1, mostWidth, 0)
	c.KeyHeads = take("attention.head_count_kv", 1, mostWidth, c.Heads)
	if c.Experts = take("expert_count", 0, mostExperts, 0); c.Experts > 0 {
		c.Taken = take("expert_used_count", 1, c.Experts, 0)
		c.together = take("expert_shared_feed_forward_length", 0, mostWidth, 0)
	}
	inner, _ := v.Int(name + ".expert_feed_forward_length")
	if c.Experts == 0 || inner == 0 {
		c.Inner = take("feed_forward_length", 1, mostWidth, 0)
	} else {
		c.Inner = take("expert_feed_forward_length", 1, mostWidth, 0)
	}
	if err != nil {
		return Config{}, err
	}
	c.HeadSize = take("attention.key_length", 1, mostWidth, c.Width/c.Heads)
	if turned := take("rope.dimension_count", 1, mostWidth, c.HeadSize); err == nil && turned != c.HeadSize {
		err = fmt.Errorf("%w: %d of %d numbers of a head turn with positions; only all are supported", ErrUnsupported, turned, c.HeadSize)
	}
	if value := take("attention.value_length", 1, mostWidth, c.HeadSize); err == nil && value != c.HeadSize {
		err = fmt.Errorf("%w: values have %d numbers, keys %d", ErrUnsupported, value, c.HeadSize)
	}
	c.Pooling = take("pooling_type", 0, 4, 0)
	if causal, ok := v[name+".attention.causal"].(bool); ok && !causal && err == nil {
		err = fmt.Errorf("%w: its tokens read those that come after them too (attention.causal is false)", ErrUnsupported)
	}
	if c.global > 0 {
		c.Window = take("attention.sliding_window", 1, 1<<26, c.Positions)
	}
	eps := "attention.layer_norm_rms_epsilon"
	if c.first {
		eps = "attention.layer_norm_epsilon"
	}
	c.Eps, c.base, c.near = float32(real(eps, 1e-5)), real("rope.freq_base", 10000), 10000
	if name == "gemma2" { // whose layers differ in what they read alone
		c.near = c.base
	}
	if c.after && !c.normed { // Gemma 2
		c.soft, c.logitsSoft = 50, 30
	}
	c.soft, c.logitsSoft = float32(real("attn_logit_softcapping", float64(c.soft))), float32(real("final_logit_softcapping", float64(c.logitsSoft)))
	c.scale = float32(real("attention.scale", 1/math.Sqrt(float64(c.scaled()))))
	if renewed, ok := v[name+".expert_weights_norm"].(bool); ok {
		c.renewed = renewed
	}
	scaling := v.String(name + ".rope.scaling.type")
	if c.factor = 1; scaling == "linear" {
		c.factor = real("rope.scaling.factor", 1)
	}
	switch {
	case err != nil:
	case scaling != "" && scaling != "none" && scaling != "linear":
		err = fmt.Errorf("%w: positions are scaled by %s; without scaling, by a factor (linear) and by rope_freqs are supported", ErrUnsupported, screen.Name(scaling))
	case c.Heads%c.KeyHeads != 0:
		err = fmt.Errorf("%d heads of queries cannot share %d of keys", c.Heads, c.KeyHeads)
	case c.HeadSize%simd.Columns != 0:
		err = fmt.Errorf("%w: heads have %d numbers; multiples of %d are supported", ErrUnsupported, c.HeadSize, simd.Columns)
	case !(c.base > 1) || math.IsInf(c.base, 0) || !(c.Eps >= 0 && c.Eps < 1):
		err = fmt.Errorf("rope.freq_base is %g and %s %g, of which no model is made", c.base, eps, c.Eps)
	case !(c.factor >= 1 && c.factor < 1e6) || !(c.soft >= 0 && c.soft < 1e6) || !(c.logitsSoft >= 0 && c.logitsSoft < 1e6):
		err = fmt.Errorf("rope.scaling.factor is %g, attn_logit_softcapping %g and final_logit_softcapping %g, of which no model is made", c.factor, c.soft, c.logitsSoft)
	}
	return c, err
}

// scaled is the number by whose root products of queries and keys are divided. Two models of
// 27 billion numbers take another than the size of a head, which their files do not say.
func (c *Config) scaled() int {
	if c.Name == "gemma2" && c.Layers == 46 || c.Name == "gemma3" && c.Layers == 62 {
		return c.Width / c.Heads
	}
	return c.HeadSize
}

// window is how many tokens a layer reads, 0 for all.
func (c *Config) window(layer int) int {
	if c.global == 0 || layer%c.global == c.global-1 {
		return 0
	}
	return c.Window
}

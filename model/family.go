package model

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/internal/simd"
)

// family is a kind of encoder: what its tensors are called and how its layers differ
// from BERT's.
type family struct {
	words, places, types, norm string   // of the embedding; "" for none
	layer                      string   // before the names of a layer's tensors
	qkv                        []string // one matrix or three
	out, attended              string
	up                         []string // the half that is activated first, where there are two
	swapped                    bool     // the only matrix has that half last
	gated                      bool     // the halves are multiplied
	down, done                 string
	final                      string // a norm behind the last layer
	before                     bool   // norms stand before what they are for
	biasless                   bool   // biases may be missing
	offset                     int    // the place of the first token
	masked                     maskedNames
	classify                   classifyNames
}

type maskedNames struct{ dense, norm, decoder, bias string }

// classifyNames are those of what makes a vector of a text before its labels.
type classifyNames struct {
	dense, norm, out string
	activation       string
	own              bool // dense belongs to the encoder
}

var bert = family{
	words: "embeddings.word_embeddings", places: "embeddings.position_embeddings", types: "embeddings.token_type_embeddings", norm: "embeddings.LayerNorm",
	layer: "encoder.layer.%d.", qkv: []string{"attention.self.query", "attention.self.key", "attention.self.value"},
	out: "attention.output.dense", attended: "attention.output.LayerNorm", up: []string{"intermediate.dense"}, down: "output.dense", done: "output.LayerNorm",
	masked:   maskedNames{"cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.decoder", "cls.predictions.bias"},
	classify: classifyNames{dense: "pooler.dense", out: "classifier", activation: "tanh", own: true},
}

// families by model_type; JinaBERT calls itself bert too and is told by its positions.
var families = map[string]family{
	"bert": bert, "roberta": roberta(), "xlm-roberta": roberta(), "mpnet": mpnet(), "alibi": jina(), "new": gte(), "deberta-v2": deberta(),
	"distilbert": {
		words: bert.words, places: bert.places, norm: bert.norm,
		layer: "transformer.layer.%d.", qkv: []string{"attention.q_lin", "attention.k_lin", "attention.v_lin"},
		out: "attention.out_lin", attended: "sa_layer_norm", up: []string{"ffn.lin1"}, down: "ffn.lin2", done: "output_layer_norm",
		masked:   maskedNames{"vocab_transform", "vocab_layer_norm", "vocab_projector", "vocab_projector.bias"},
		classify: classifyNames{dense: "pre_classifier", out: "classifier", activation: "relu"},
	},
	"modernbert": {
		words: "embeddings.tok_embeddings", norm: "embeddings.norm", layer: "layers.%d.", qkv: []string{"attn.Wqkv"},
		out: "attn.Wo", attended: "attn_norm", up: []string{"mlp.Wi"}, gated: true, down: "mlp.Wo", done: "mlp_norm", final: "final_norm",
		before: true, biasless: true,
		masked:   maskedNames{"head.dense", "head.norm", "decoder", "decoder.bias"},
		classify: classifyNames{dense: "head.dense", norm: "head.norm", out: "classifier", activation: "gelu"},
	},
	"nomic_bert": {
		words: bert.words, types: bert.types, norm: "emb_ln", layer: "encoder.layers.%d.", qkv: []string{"attn.Wqkv"},
		out: "attn.out_proj", attended: "norm1", up: []string{"mlp.fc12", "mlp.fc11"}, gated: true, down: "mlp.fc2", done: "norm2", biasless: true,
		masked: maskedNames{"cls.predictions.transform.dense", "cls.predictions.transform.layer_norm", "cls.predictions.decoder", "cls.predictions.decoder.bias"},
	},
}

func roberta() family {
	f := bert
	f.offset = 2 // behind that of padding, 1
	f.masked = maskedNames{"lm_head.dense", "lm_head.layer_norm", "lm_head.decoder", "lm_head.bias"}
	f.classify = classifyNames{dense: "classifier.dense", out: "classifier.out_proj", activation: "tanh"}
	return f
}

// deberta is that of DeBERTa-v2 and -v3.
func deberta() family {
	f := bert
	f.places, f.types = "", ""
	f.qkv = []string{"attention.self.query_proj", "attention.self.key_proj", "attention.self.value_proj"}
	f.classify = classifyNames{dense: "pooler.dense", out: "classifier", activation: "gelu"}
	return f
}

func mpnet() family {
	f := roberta()
	f.types = ""
	f.qkv, f.out, f.attended = []string{"attention.attn.q", "attention.attn.k", "attention.attn.v"}, "attention.attn.o", "attention.LayerNorm"
	return f
}

func jina() family {
	f := bert
	f.places, f.biasless = "", true
	f.up, f.gated, f.down, f.done = []string{"mlp.gated_layers"}, true, "mlp.wo", "mlp.layernorm"
	return f
}

func gte() family {
	f := bert
	f.places, f.biasless = "", true
	f.qkv, f.out, f.attended = []string{"attention.qkv_proj"}, "attention.o_proj", "attn_ln"
	f.up, f.swapped, f.gated, f.down, f.done = []string{"mlp.up_gate_proj"}, true, true, "mlp.down_proj", "mlp_ln"
	f.masked = maskedNames{"lm_head.dense", "lm_head.norm", "lm_head.decoder", "lm_head.decoder.bias"}
	return f
}

// names of those that are supported, for messages.
func supported() string {
	names := []string{"JinaBERT (bert with alibi)"}
	for name := range families {
		if name != "alibi" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ") + ", each as Model, ForMaskedLM, ForSequenceClassification or ForTokenClassification"
}

// activations work on a multiple of simd.Vector numbers.
var activations = map[string]func([]float32){
	"gelu": simd.GELU,
	"relu": scalar(func(v float64) float64 { return max(v, 0) }),
	"silu": scalar(func(v float64) float64 { return v * portable.Logistic(v) }),
	"tanh": scalar(func(v float64) float64 { return 2*portable.Logistic(2*v) - 1 }),
	"gelu_new": scalar(func(v float64) float64 {
		return v * portable.Logistic(2*math.Sqrt(2/math.Pi)*(v+0.044715*float64(v*v)*v))
	}),
}

func scalar(f func(float64) float64) func([]float32) {
	return func(x []float32) {
		for i, v := range x {
			x[i] = float32(f(float64(v)))
		}
	}
}

// activation finds the function of hidden_act, by the names that families give it.
func activation(name string) (func([]float32), error) {
	switch name {
	case "swiglu":
		name = "silu"
	case "geglu":
		name = "gelu"
	case "gelu_pytorch_tanh", "gelu_fast":
		name = "gelu_new"
	}
	if f, ok := activations[name]; ok && name != "tanh" {
		return f, nil
	}
	return nil, fmt.Errorf("%w: hidden_act %s; supported are gelu, gelu_new, relu and silu", ErrUnsupported, screen.Name(name))
}

// positions is what attention knows of places, besides those of the embedding.
type positions struct {
	turns  [2][]float32 // cosines and sines by place, of global and of local layers; nil for none
	slopes []float32    // by head: what a distance of one costs
	near   []float32    // heads × (2 · places - 1): what distances add
	apart  *apart       // nil for none
	places int
	window int // how far local layers look
	every  int // of the layers, from the first on, one is global; 0: all are
}

// kinds is of how many products a score is the sum.
func (p *positions) kinds() int {
	if p.apart != nil {
		return 3
	}
	return 1
}

// local says whether a layer looks no further than the window.
func (p *positions) local(layer int) bool { return p.every > 0 && layer%p.every != 0 }

// turns are the cosines and sines of rotary embeddings (Su et al. 2021): for each
// place those of size/2 angles.
func turns(places, size int, base, factor float64) []float32 {
	t := make([]float32, 0, places*size)
	for at := range places {
		for i := range size / 2 {
			angle := float64(at) * math.Pow(base, -2*float64(i)/float64(size)) * factor
			t = append(t, float32(math.Cos(angle)), float32(math.Sin(angle)))
		}
	}
	return t
}

// turn rotates the heads of a row: of each, number i with number i + size/2.
func turn(row, angles []float32, size int) {
	half := size / 2
	for h := 0; h < len(row); h += size {
		a, b := row[h:h+half], row[h+half:h+size]
		for i := range a {
			c, s := angles[2*i], angles[2*i+1]
			x, y := a[i], b[i]
			a[i] = float32(x*c) - float32(y*s)
			b[i] = float32(y*c) + float32(x*s)
		}
	}
}

// slopes are those of ALiBi (Press et al. 2021).
func slopes(heads int) []float32 {
	power := func(n int) (s []float32) {
		for i := range n {
			s = append(s, float32(math.Exp2(-8*float64(i+1)/float64(n))))
		}
		return s
	}
	whole := 1
	for 2*whole <= heads {
		whole *= 2
	}
	s := power(whole)
	for i, v := range power(2 * whole) {
		if i%2 == 0 && len(s) < heads {
			s = append(s, v)
		}
	}
	return s
}

// near spreads a table of buckets × heads over distances (Raffel et al. 2019): the
// first half of the buckets for keys before, the others for those behind; half of
// each for single distances, the rest for ranges up to 128.
func near(table []float32, buckets, heads, places int) []float32 {
	out := make([]float32, heads*(2*places-1))
	half := buckets / 2
	for d := 1 - places; d < places; d++ {
		n, bucket := d, 0
		if d > 0 {
			bucket = half
		} else {
			n = -d
		}
		if exact := half / 2; n < exact {
			bucket += n
		} else {
			far := exact + int(math.Log(float64(n)/float64(exact))/math.Log(128/float64(exact))*float64(half-exact))
			bucket += min(far, half-1)
		}
		for h := range heads {
			out[h*(2*places-1)+d+places-1] = table[bucket*heads+h]
		}
	}
	return out
}

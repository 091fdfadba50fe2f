package model

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/weights"
)

// ErrUnsupported is wrapped where a folder holds a model of a kind that is not
// known here. The message says which kinds are.
var ErrUnsupported = errors.New("unsupported model")

// Limits on what a configuration may ask for. They are far above any encoder and
// keep sizes from overflowing.
const (
	mostWidth  = 1 << 16
	mostLayers = 1 << 10
	mostWords  = 1 << 22
	mostConfig = 1 << 20
)

// Config is what config.json of an encoder says, as far as it is used.
type Config struct {
	Architectures []string `json:"architectures"`
	Type          string   `json:"model_type"`
	Width         int      `json:"hidden_size"`
	Inner         int      `json:"intermediate_size"`
	Layers        int      `json:"num_hidden_layers"`
	Heads         int      `json:"num_attention_heads"`
	Words         int      `json:"vocab_size"`
	Positions     int      `json:"max_position_embeddings"`
	Types         int      `json:"type_vocab_size"`
	Eps           float64  `json:"layer_norm_eps"`
	Activation    string   `json:"hidden_act"`
	PositionType  string   `json:"position_embedding_type"`

	// Prunes says that, besides the score of a sequence, each token has one: whether it is
	// worth keeping (Provence, Chirkova et al. 2025).
	Prunes bool `json:"-"`

	others
	family string
}

// ranking stands before the names of the tensors that an OpenProvence model ranks with.
const ranking = "ranking_model."

// provence is config.json of OpenProvence, which has another in it.
type provence struct {
	Type string          `json:"model_type"`
	Base json.RawMessage `json:"base_model_config"`
}

// others are what families call the same, and what they alone have.
type others struct {
	Dim         int     `json:"dim"` // DistilBERT
	HiddenDim   int     `json:"hidden_dim"`
	NLayers     int     `json:"n_layers"`
	NHeads      int     `json:"n_heads"`
	Act         string  `json:"activation"`
	NEmbd       int     `json:"n_embd"` // NomicBERT
	NInner      int     `json:"n_inner"`
	NLayer      int     `json:"n_layer"`
	NHead       int     `json:"n_head"`
	NPositions  int     `json:"n_positions"`
	Epsilon     float64 `json:"layer_norm_epsilon"`
	ActFunction string  `json:"activation_function"`
	RotaryBase  float64 `json:"rotary_emb_base"`
	RotaryPart  float64 `json:"rotary_emb_fraction"`
	PreNorm     bool    `json:"prenorm"`
	NormEps     float64 `json:"norm_eps"` // ModernBERT
	HiddenAct   string  `json:"hidden_activation"`
	Every       int     `json:"global_attn_every_n_layers"`
	Window      int     `json:"local_attention"`
	GlobalTheta float64 `json:"global_rope_theta"`
	LocalTheta  float64 `json:"local_rope_theta"`
	Pools       string  `json:"classifier_pooling"`
	Theta       float64 `json:"rope_theta"` // NewModel
	Scaling     *struct {
		Type   string  `json:"type"`
		Factor float64 `json:"factor"`
	} `json:"rope_scaling"`
	NormType string `json:"layer_norm_type"`
	Buckets  int    `json:"relative_attention_num_buckets"` // MPNet
	Forward  string `json:"feed_forward_type"`              // JinaBERT
	Padding  *int   `json:"pad_token_id"`

	disentangled // DeBERTa
}

// complete brings what families call differently under one name.
func (c *Config) complete() {
	c.family = c.Type
	c.Width = cmp.Or(c.Width, c.Dim, c.NEmbd)
	c.Inner = cmp.Or(c.Inner, c.HiddenDim, c.NInner)
	c.Layers = cmp.Or(c.Layers, c.NLayers, c.NLayer)
	c.Heads = cmp.Or(c.Heads, c.NHeads, c.NHead)
	c.Positions = cmp.Or(c.Positions, c.NPositions)
	c.Eps = cmp.Or(c.Eps, c.NormEps, c.Epsilon)
	c.Activation = cmp.Or(c.Activation, c.Act, c.HiddenAct, c.ActFunction)
	switch c.Type {
	case "bert":
		if c.PositionType == "alibi" {
			c.family = "alibi"
			c.Activation = cmp.Or(map[string]string{"geglu": "gelu", "reglu": "relu"}[c.Forward], c.Activation)
		}
	case "distilbert":
		c.Eps = cmp.Or(c.Eps, 1e-12)
	}
}

// noFolder says what a GGUF file is, and what would be read in its stead; nil where path
// is a folder.
func noFolder(path string) error {
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return err
	}
	s, values, err := weights.OpenGGUF(path)
	if err != nil {
		return err
	}
	defer s.Close()
	name := values.String("general.architecture")
	layers, _ := values.Int(name + ".block_count")
	return fmt.Errorf("%s: %w: a GGUF file of the architecture %s (%d layers, %.0f MB of weights); encoders are loaded from folders with config.json and model.safetensors or model.onnx",
		path, ErrUnsupported, screen.Name(name), layers, float64(s.Bytes())/1e6)
}

// readConfig reads config.json of dir and checks it.
func readConfig(dir string) (Config, error) {
	var c Config
	if strings.EqualFold(filepath.Ext(dir), ".gguf") {
		if err := noFolder(dir); err != nil {
			return c, err
		}
	}
	path := filepath.Join(dir, "config.json")
	if err := readJSON(path, &c); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return c, fmt.Errorf("%s holds no config.json, so it is no model folder: %w", dir, fs.ErrNotExist)
		}
		return c, err
	}
	if c.Type == "open_provence" {
		var outer provence
		if err := readJSON(path, &outer); err != nil {
			return c, err
		}
		c = Config{Prunes: true}
		if err := json.Unmarshal(outer.Base, &c); err != nil {
			return c, fmt.Errorf("%s: base_model_config: %w", path, err)
		}
		c.Architectures = []string{"OpenProvenceForSequenceClassification"}
	}
	c.complete()
	if err := c.check(); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// readJSON reads a small file.
func readJSON(path string, into any) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() > mostConfig {
		return fmt.Errorf("%s has %d bytes; at most %d are read", path, info.Size(), mostConfig)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (c *Config) check() error {
	name := c.Type
	if len(c.Architectures) > 0 {
		name = c.Architectures[0]
	}
	f, ok := families[c.family]
	bare := strings.ToLower(name) == name // as old files have it
	if !ok || !bare && !slices.ContainsFunc([]string{"Model", "ForMaskedLM", "ForSequenceClassification", "ForTokenClassification"}, func(end string) bool { return strings.HasSuffix(name, end) }) {
		return fmt.Errorf("%w: it is a %s of type %s; supported are %s", ErrUnsupported, screen.Name(name), screen.Name(c.Type), supported())
	}
	if _, err := activation(c.Activation); err != nil {
		return err
	}
	positions := map[string]string{"new": "rope", "alibi": "alibi"}[c.family]
	if c.PositionType != "" && c.PositionType != cmp.Or(positions, "absolute") && c.family != "nomic_bert" && c.family != "modernbert" {
		return fmt.Errorf("%w: position_embedding_type %s of a %s", ErrUnsupported, screen.Name(c.PositionType), screen.Name(c.Type))
	}
	if c.PreNorm || c.RotaryPart != 0 && c.RotaryPart != 1 || c.NormType != "" && c.NormType != "layer_norm" || c.Scaling != nil && c.Scaling.Type != "ntk" {
		return fmt.Errorf("%w: a %s with prenorm, rotary_emb_fraction, layer_norm_type or rope_scaling of a kind that is not known", ErrUnsupported, screen.Name(c.Type))
	}
	if c.family == "deberta-v2" {
		if err := c.disentangled.check(c); err != nil {
			return err
		}
	}
	types := c.Types
	if f.types == "" || c.Types == 0 && f.biasless {
		types = 1 // none
	}
	for _, n := range []struct {
		name        string
		value, most int
	}{
		{"hidden_size", c.Width, mostWidth}, {"intermediate_size", c.Inner, mostWidth}, {"num_hidden_layers", c.Layers, mostLayers},
		{"num_attention_heads", c.Heads, mostWidth}, {"vocab_size", c.Words, mostWords}, {"max_position_embeddings", c.Positions, mostWords},
		{"type_vocab_size", types, mostWidth}, {"relative_attention_num_buckets", max(4, c.Buckets), mostWidth},
	} {
		if n.value < 1 || n.value > n.most {
			return fmt.Errorf("%s is %d; it must be from 1 to %d", n.name, n.value, n.most)
		}
	}
	if c.Width%(c.Heads*simd.Columns) != 0 || c.Inner%simd.Columns != 0 {
		return fmt.Errorf("%w: hidden_size %d in %d heads and intermediate_size %d are not whole multiples of %d", ErrUnsupported, c.Width, c.Heads, c.Inner, simd.Columns)
	}
	if !(c.Eps > 0 && c.Eps < 1) {
		return fmt.Errorf("layer_norm_eps is %g; it must be between 0 and 1", c.Eps)
	}
	return nil
}

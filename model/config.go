package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/internal/simd"
)

// ErrUnsupported is wrapped where a folder holds a model of a kind that is not
// known here. The message says which kinds are.
var ErrUnsupported = errors.New("unsupported model")

// What is supported, for messages.
const supported = "BertModel and BertForMaskedLM with gelu and absolute positions"

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
}

// readConfig reads config.json of dir and checks it.
func readConfig(dir string) (Config, error) {
	var c Config
	path := filepath.Join(dir, "config.json")
	if err := readJSON(path, &c); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return c, fmt.Errorf("%s holds no config.json, so it is no model folder: %w", dir, fs.ErrNotExist)
		}
		return c, err
	}
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
	switch {
	case c.Type != "bert" || name != "bert" && name != "BertModel" && name != "BertForMaskedLM":
		return fmt.Errorf("%w: it is a %s of type %s; supported are %s", ErrUnsupported, screen.Name(name), screen.Name(c.Type), supported)
	case c.Activation != "gelu":
		return fmt.Errorf("%w: hidden_act %s; supported are %s", ErrUnsupported, screen.Name(c.Activation), supported)
	case c.PositionType != "" && c.PositionType != "absolute":
		return fmt.Errorf("%w: position_embedding_type %s; supported are %s", ErrUnsupported, screen.Name(c.PositionType), supported)
	}
	for _, n := range []struct {
		name        string
		value, most int
	}{
		{"hidden_size", c.Width, mostWidth}, {"intermediate_size", c.Inner, mostWidth}, {"num_hidden_layers", c.Layers, mostLayers},
		{"num_attention_heads", c.Heads, mostWidth}, {"vocab_size", c.Words, mostWords}, {"max_position_embeddings", c.Positions, mostWords},
		{"type_vocab_size", c.Types, mostWidth},
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

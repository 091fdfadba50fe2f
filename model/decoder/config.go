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
	Inner     int     // numbers inside a feed-forward network
	Eps       float32 // added to the mean square of what is normed

	base     float64 // of the angles of positions
	adjacent bool    // pairs that are turned stand side by side; else halves
	biased   bool    // queries, keys and values have biases
	normed   bool    // queries and keys are normed, head by head
}

// shapes are the architectures, by the name that GGUF files have for them.
var shapes = map[string]struct{ adjacent, biased, normed bool }{
	"llama": {adjacent: true},
	"qwen2": {biased: true},
	"qwen3": {normed: true},
}

const supported = "llama (SmolLM too), qwen2 and qwen3"

// Bounds of what is believed of a file.
const (
	mostLayers = 1 << 10
	mostWidth  = 1 << 17
	mostWords  = 1 << 22
)

// configOf reads the shape that a GGUF file tells.
func configOf(v weights.Values) (Config, error) {
	name := v.String("general.architecture")
	shape, ok := shapes[name]
	if !ok {
		return Config{}, fmt.Errorf("%w: its architecture is %s; supported are %s", ErrUnsupported, screen.Name(name), supported)
	}
	c := Config{Name: name, adjacent: shape.adjacent, biased: shape.biased, normed: shape.normed, base: 10000, Eps: 1e-5}
	var err error
	take := func(key string, most, otherwise int) int {
		n, ok := v.Int(name + "." + key)
		if !ok {
			n = otherwise
		}
		if err == nil && (n < 1 || n > most) {
			err = fmt.Errorf("%s.%s is %d; numbers from 1 to %d make sense", name, key, n, most)
		}
		return n
	}
	c.Positions = take("context_length", 1<<26, 0)
	c.Width = take("embedding_length", mostWidth, 0)
	c.Layers = take("block_count", mostLayers, 0)
	c.Heads = take("attention.head_count", mostWidth, 0)
	c.KeyHeads = take("attention.head_count_kv", mostWidth, c.Heads)
	c.Inner = take("feed_forward_length", mostWidth, 0)
	if err != nil {
		return Config{}, err
	}
	c.HeadSize = take("attention.key_length", mostWidth, c.Width/c.Heads)
	if turned := take("rope.dimension_count", mostWidth, c.HeadSize); err == nil && turned != c.HeadSize {
		err = fmt.Errorf("%w: %d of %d numbers of a head turn with positions; only all are supported", ErrUnsupported, turned, c.HeadSize)
	}
	if value := take("attention.value_length", mostWidth, c.HeadSize); err == nil && value != c.HeadSize {
		err = fmt.Errorf("%w: values have %d numbers, keys %d", ErrUnsupported, value, c.HeadSize)
	}
	if b, ok := v[name+".rope.freq_base"].(float64); ok {
		c.base = b
	}
	if e, ok := v[name+".attention.layer_norm_rms_epsilon"].(float64); ok {
		c.Eps = float32(e)
	}
	switch scaling := v.String(name + ".rope.scaling.type"); {
	case err != nil:
	case scaling != "" && scaling != "none":
		err = fmt.Errorf("%w: positions are scaled by %s; without scaling, and by rope_freqs, are supported", ErrUnsupported, screen.Name(scaling))
	case c.Heads%c.KeyHeads != 0:
		err = fmt.Errorf("%d heads of queries cannot share %d of keys", c.Heads, c.KeyHeads)
	case c.HeadSize%simd.Columns != 0:
		err = fmt.Errorf("%w: heads have %d numbers; multiples of %d are supported", ErrUnsupported, c.HeadSize, simd.Columns)
	case !(c.base > 1) || math.IsInf(c.base, 0) || !(c.Eps >= 0 && c.Eps < 1):
		err = fmt.Errorf("rope.freq_base is %g and layer_norm_rms_epsilon %g, of which no model is made", c.base, c.Eps)
	}
	return c, err
}

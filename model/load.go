// Package model runs encoders: transformers that turn texts into vectors.
//
// A model is a folder as published: config.json, model.safetensors or model.onnx, a tokenizer,
// and, where its states are pooled, 1_Pooling/config.json. Open reads the first two
// and the pooling; package model/tokenizer reads the tokenizer; package encode puts
// them together.
//
// The encoder is BERT's (Devlin et al. 2018): an embedding of pieces and positions,
// then layers of attention and of a feed-forward network, each added to its input
// and normalised. Batches are not padded: the rows of all sequences stand one after
// the other, products run over all rows, attention over those of one sequence. A
// sequence's states do not depend on what else is in its batch, to the last bit.
//
// A masked-language head makes a sparse vector of the states (SPLADE, Formal et al.
// 2021): log(1 + max(0, the greatest logit over the sequence)) for each word.
package model

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/weights"
)

// Pooling says how states become the vector of a text.
type Pooling uint8

// The kinds of pooling.
const (
	Mean  Pooling = iota // the average over all tokens
	CLS                  // the state of the first token
	Terms                // the head's: a weight for each word
)

func (p Pooling) String() string { return [...]string{"mean", "cls", "terms"}[p] }

// Precision is that of the weights of products.
type Precision uint8

// The precisions.
const (
	// F32 keeps weights as they are.
	F32 Precision = iota
	// Int8 keeps weights in 255 steps, of a size for each of a product's outputs, and
	// the inputs of products in 4,095, of a size for each row. Attention, norms and
	// embeddings stay as they are.
	Int8
)

func (p Precision) String() string { return [...]string{"f32", "int8"}[p] }

// Encoder is a loaded model. It never changes: several goroutines may use it.
type Encoder struct {
	Config
	Pooling   Pooling
	Precision Precision

	set    *weights.Set
	words  weights.Tensor // vocab × width
	places []float32      // positions × width; the embedding of type 0 is added
	norm   norm
	layers []layer
	head   *head
	zeros  []float32
	room   sync.Pool // of *room
}

// layer has the weights of one layer.
type layer struct {
	qkv      linear // width → 3 · width: queries, keys, values
	out      linear // width → width
	attended norm
	up, down linear // width → inner → width
	done     norm
}

// linear is a packed matrix, of floats or of steps and their sizes, and a bias.
type linear struct {
	w, bias []float32
	steps   []int8
	sizes   []float32
	in, out int
}

type norm struct {
	weight, bias []float32
	eps          float32
}

// head is that of masked language models.
type head struct {
	dense linear
	norm  norm
	words linear // width → vocab
}

// Open loads the encoder in dir.
func Open(dir string, p Precision) (*Encoder, error) {
	c, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	if deepest := max(c.Width, c.Inner); p == Int8 && deepest > simd.MostDeep {
		return nil, fmt.Errorf("%s: %w: products of %d inputs are too deep for int8; f32 takes them", dir, ErrUnsupported, deepest)
	}
	set, err := weights.OpenFolder(dir)
	if err != nil {
		return nil, err
	}
	e, err := load(c, set, p)
	if err != nil {
		set.Close()
		return nil, err
	}
	if e.head == nil {
		if e.Pooling, err = readPooling(dir); err != nil {
			set.Close()
			return nil, err
		}
	}
	return e, nil
}

// Close gives the files back. The encoder may not be used afterwards.
func (e *Encoder) Close() error { return e.set.Close() }

// Bytes is what the weights take in their files.
func (e *Encoder) Bytes() int { return e.set.Bytes() }

func readPooling(dir string) (Pooling, error) {
	var p struct {
		CLS  bool `json:"pooling_mode_cls_token"`
		Mean bool `json:"pooling_mode_mean_tokens"`
		Max  bool `json:"pooling_mode_max_tokens"`
		Root bool `json:"pooling_mode_mean_sqrt_len_tokens"`
		Last bool `json:"pooling_mode_lasttoken"`
	}
	path := filepath.Join(dir, "1_Pooling", "config.json")
	switch err := readJSON(path, &p); {
	case errors.Is(err, fs.ErrNotExist):
		return Mean, nil
	case err != nil:
		return 0, err
	case p.CLS && !p.Mean && !p.Max && !p.Root && !p.Last:
		return CLS, nil
	case p.Mean && !p.CLS && !p.Max && !p.Root && !p.Last:
		return Mean, nil
	}
	return 0, fmt.Errorf("%s: %w: pooling is that of the first token or the mean, and one of them alone", path, ErrUnsupported)
}

// loader reads tensors until one fails.
type loader struct {
	set       *weights.Set
	precision Precision
	prefix    string // of the names of the encoder's tensors in a whole model
	err       error
}

// prefix is what stands before the names of the encoder's tensors: "bert." in a
// model with heads, what others called the encoder in a graph of theirs.
func prefix(set *weights.Set) string {
	for _, name := range set.Names() {
		if p, ok := strings.CutSuffix(name, "embeddings.word_embeddings.weight"); ok {
			return p
		}
	}
	return ""
}

// tensor finds a tensor by its name, with or without the prefix of a whole model.
func (l *loader) tensor(name string, shape ...int) (t weights.Tensor) {
	if l.err != nil {
		return t
	}
	t, ok := l.set.Tensor(l.prefix+name, name)
	if !ok {
		l.err = fmt.Errorf("the weights have no tensor %s: they do not belong to this config.json, or are incomplete", name)
	} else {
		l.err = t.Is(shape...)
	}
	return t
}

func (l *loader) floats(name string, shape ...int) []float32 {
	t := l.tensor(name, shape...)
	if l.err != nil {
		return nil
	}
	v, err := t.Floats()
	l.err = err
	return v
}

// linear packs the weights of one or more layers of the same input side by side.
func (l *loader) linear(in, out int, names ...string) linear {
	var all, bias []float32
	for _, name := range names {
		all = append(all, l.floats(name+".weight", out, in)...)
		bias = append(bias, l.floats(name+".bias", out)...)
	}
	if l.err != nil {
		return linear{}
	}
	return l.pack(all, bias, in, out*len(names))
}

// pack lays weights out, which are stored as out × in.
func (l *loader) pack(w, bias []float32, in, out int) linear {
	columns := simd.Padded(out)
	m := linear{in: in, out: out, bias: append(bias, make([]float32, columns-out)...)}
	at := func(i, j int) float32 { return w[j*in+i] }
	if l.precision == F32 {
		m.w = make([]float32, in*columns)
		simd.Pack(m.w, in, out, at)
	} else {
		m.steps, m.sizes = make([]int8, in*columns), make([]float32, columns)
		simd.PackInt8(m.steps, m.sizes, in, out, at)
	}
	return m
}

func (l *loader) norm(name string, c Config) norm {
	weight, bias := ".weight", ".bias"
	for _, prefix := range []string{"", l.prefix} {
		if _, ok := l.set.Tensor(prefix + name + ".gamma"); ok {
			weight, bias = ".gamma", ".beta" // as TensorFlow named them
		}
	}
	return norm{l.floats(name+weight, c.Width), l.floats(name+bias, c.Width), float32(c.Eps)}
}

func load(c Config, set *weights.Set, p Precision) (*Encoder, error) {
	l := &loader{set: set, precision: p, prefix: prefix(set)}
	e := &Encoder{Config: c, Precision: p, set: set, zeros: make([]float32, simd.Padded(max(c.Positions, c.Width)))}
	e.words = l.tensor("embeddings.word_embeddings.weight", c.Words, c.Width)
	e.places = l.floats("embeddings.position_embeddings.weight", c.Positions, c.Width)
	types := l.floats("embeddings.token_type_embeddings.weight", c.Types, c.Width)
	e.norm = l.norm("embeddings.LayerNorm", c)
	for i := 0; i < c.Layers && l.err == nil; i++ {
		p := fmt.Sprintf("encoder.layer.%d.", i)
		self := p + "attention.self."
		e.layers = append(e.layers, layer{
			qkv:      l.linear(c.Width, c.Width, self+"query", self+"key", self+"value"),
			out:      l.linear(c.Width, c.Width, p+"attention.output.dense"),
			attended: l.norm(p+"attention.output.LayerNorm", c),
			up:       l.linear(c.Width, c.Inner, p+"intermediate.dense"),
			down:     l.linear(c.Inner, c.Width, p+"output.dense"),
			done:     l.norm(p+"output.LayerNorm", c),
		})
	}
	if _, ok := set.Tensor("cls.predictions.transform.dense.weight"); ok && slices.Equal(c.Architectures, []string{"BertForMaskedLM"}) {
		e.head = l.head(c)
		e.Pooling = Terms
	}
	if l.err != nil {
		return nil, l.err
	}
	for i := range e.places {
		e.places[i] += types[i%c.Width]
	}
	return e, nil
}

func (l *loader) head(c Config) *head {
	const p = "cls.predictions."
	h := &head{dense: l.linear(c.Width, c.Width, p+"transform.dense"), norm: l.norm(p+"transform.LayerNorm", c)}
	words := "embeddings.word_embeddings.weight"
	if _, ok := l.set.Tensor(p + "decoder.weight"); ok {
		words = p + "decoder.weight"
	}
	w, bias := l.floats(words, c.Words, c.Width), l.floats(p+"bias", c.Words)
	if l.err != nil {
		return nil
	}
	h.words = l.pack(w, bias, c.Width, c.Words)
	return h
}

// Package model runs encoders: transformers that turn texts into vectors.
//
// A model is a folder as published: config.json, model.safetensors or model.onnx, a tokenizer,
// and, where its states are pooled, 1_Pooling/config.json. Open reads the first two
// and the pooling; package model/tokenizer reads the tokenizer; package encode puts
// them together.
//
// The encoder is BERT's (Devlin et al. 2018): an embedding of pieces and positions,
// then layers of attention and of a feed-forward network, each added to its input
// and normalised. Families differ in where positions enter (rotary embeddings, ALiBi,
// relative distances, distances weighed apart), in gates, and in where norms stand; family.go has them. Batches are not padded: the rows of all sequences stand one after
// the other, products run over all rows, attention over those of one sequence. A
// sequence's states do not depend on what else is in its batch, to the last bit.
//
// A masked-language head makes a sparse vector of the states (SPLADE, Formal et al.
// 2021): log(1 + max(0, the greatest logit over the sequence)) for each word. Heads of
// classifiers score whole sequences or each token.
package model

import (
	"cmp"
	"fmt"
	"math"
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
	Last                 // the state of the last token
)

func (p Pooling) String() string { return [...]string{"mean", "cls", "terms", "last"}[p] }

// Precision is that of the weights of products.
type Precision uint8

// The precisions.
const (
	// F32 keeps weights as they are.
	F32 Precision = iota
	// Int8 keeps weights in 255 steps, of a size for each of a product's outputs, and
	// brings the inputs of products into as many, of a size for each row, from its least
	// number to its greatest. Attention, norms and embeddings stay as they are.
	Int8
)

func (p Precision) String() string { return [...]string{"f32", "int8"}[p] }

// Encoder is a loaded model. It never changes: several goroutines may use it.
type Encoder struct {
	Config
	Pooling   Pooling
	Precision Precision
	Sparse    Sparse
	Cut       int  // of a dense vector: its first numbers alone (Matryoshka); 0 for all
	Tokens    bool // there is a projection for each token

	set    *weights.Set
	words  weights.Tensor // vocab × width
	places []float32      // positions × width, nil for none
	types  []float32      // types × width, one of zeros where there are none
	norm   norm
	form   family
	act    func([]float32)
	layers []layer
	final  norm
	where  positions
	head   *head
	class  *classifier
	prune  *classifier
	dense  []projection // behind pooling
	each   projection   // of each token
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

// linear is a packed matrix, of floats or of whole numbers, and a bias.
type linear struct {
	w, bias []float32 // neither for none
	whole   *simd.Int8
	in, out int
}

type norm struct {
	weight, bias []float32
	eps          float32
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
	if err := e.readUse(dir); err != nil {
		set.Close()
		return nil, err
	}
	return e, nil
}

// Close gives the files back. The encoder may not be used afterwards.
func (e *Encoder) Close() error { return e.set.Close() }

// Bytes is what the weights take in their files.
func (e *Encoder) Bytes() int { return e.set.Bytes() }

// loader reads tensors until one fails.
type loader struct {
	set       *weights.Set
	precision Precision
	form      family
	prefix    string // of the names of the encoder's tensors in a whole model
	around    string // of those of a model in a larger one
	err       error
}

// prefix is what stands before the names of the encoder's tensors: "bert." in a
// model with heads, what others called the encoder in a graph of theirs.
func prefix(set *weights.Set, words string) string {
	for _, name := range set.Names() {
		if p, ok := strings.CutSuffix(name, words+".weight"); ok {
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
	t, ok := l.find(name)
	if !ok {
		l.err = fmt.Errorf("the weights have no tensor %s: they do not belong to this config.json, or are incomplete", name)
	} else {
		l.err = t.Is(shape...)
	}
	return t
}

func (l *loader) find(name string) (weights.Tensor, bool) {
	return l.set.Tensor(l.prefix+name, l.around+name, name)
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
		bias = append(bias, l.bias(name+".bias", out)...)
	}
	if l.err != nil {
		return linear{}
	}
	return l.pack(all, bias, in, out*len(names))
}

// bias is zeros where it is missing and may be.
func (l *loader) bias(name string, n int) []float32 {
	if l.form.biasless {
		if _, ok := l.find(name); !ok {
			return make([]float32, n)
		}
	}
	return l.floats(name, n)
}

// up packs what goes into the inner layer, the half that is activated first.
func (l *loader) up(c Config, p string) linear {
	f, out := l.form, c.Inner
	if !f.gated {
		return l.linear(c.Width, out, p+f.up[0])
	}
	if len(f.up) == 2 {
		return l.linear(c.Width, out, p+f.up[0], p+f.up[1])
	}
	w, bias := l.floats(p+f.up[0]+".weight", 2*out, c.Width), l.bias(p+f.up[0]+".bias", 2*out)
	if l.err != nil {
		return linear{}
	}
	if f.swapped {
		w, bias = slices.Concat(w[out*c.Width:], w[:out*c.Width]), slices.Concat(bias[out:], bias[:out])
	}
	return l.pack(w, bias, c.Width, 2*out)
}

// pack lays weights out, which are stored as out × in.
func (l *loader) pack(w, bias []float32, in, out int) linear {
	columns := simd.Padded(out)
	m := linear{in: in, out: out, bias: append(bias, make([]float32, columns-out)...)}
	if l.precision == F32 {
		m.w = make([]float32, in*columns)
		simd.Pack(m.w, in, out, func(i, j int) float32 { return w[j*in+i] })
	} else {
		m.whole = simd.PackInt8(in, out, func(j int) []float32 { return w[j*in:] })
	}
	return m
}

func (l *loader) norm(name string, c Config) norm {
	weight, bias := ".weight", ".bias"
	if _, ok := l.find(name + ".gamma"); ok {
		weight, bias = ".gamma", ".beta" // as TensorFlow named them
	}
	return norm{l.floats(name+weight, c.Width), l.bias(name+bias, c.Width), float32(c.Eps)}
}

func load(c Config, set *weights.Set, p Precision) (*Encoder, error) {
	f := families[c.family]
	if f.offset > 0 && c.Padding != nil {
		f.offset = min(max(0, *c.Padding), c.Positions-2) + 1
	}
	if f.places != "" && c.Positions <= f.offset {
		return nil, fmt.Errorf("max_position_embeddings is %d, of which the first %d are for no token", c.Positions, f.offset)
	}
	l := &loader{set: set, precision: p, form: f, prefix: prefix(set, f.words)}
	if c.Prunes && strings.HasPrefix(l.prefix, ranking) {
		l.around = ranking
	}
	if err := fits(l.needs(c), weights.FreeMemory()); err != nil {
		return nil, err
	}
	e := &Encoder{form: f, Precision: p, set: set}
	e.words = l.tensor(f.words+".weight", c.Words, c.Width)
	if f.places != "" {
		e.places = l.floats(f.places+".weight", c.Positions, c.Width)
		c.Positions -= f.offset
	}
	if e.types = make([]float32, c.Width); f.types != "" && c.Types > 0 {
		e.types = l.floats(f.types+".weight", c.Types, c.Width)
	}
	e.Config, e.norm = c, l.norm(f.norm, c)
	e.act, _ = activation(c.Activation)
	e.zeros = make([]float32, simd.Padded(max(c.Positions, c.Width)))
	for i := 0; i < c.Layers && l.err == nil; i++ {
		e.layers = append(e.layers, l.layer(c, i))
	}
	if f.final != "" {
		e.final = l.norm(f.final, c)
	}
	l.positions(e)
	e.heads(l)
	if l.err != nil {
		return nil, l.err
	}
	return e, nil
}

func (l *loader) layer(c Config, i int) (y layer) {
	f := l.form
	p := fmt.Sprintf(f.layer, i)
	if len(f.qkv) == 1 {
		y.qkv = l.linear(c.Width, 3*c.Width, p+f.qkv[0])
	} else {
		y.qkv = l.linear(c.Width, c.Width, p+f.qkv[0], p+f.qkv[1], p+f.qkv[2])
	}
	if y.out = l.linear(c.Width, c.Width, p+f.out); !f.before || i > 0 {
		y.attended = l.norm(p+f.attended, c) // the first of those that stand before is the embedding's
	}
	y.up, y.down, y.done = l.up(c, p), l.linear(c.Inner, c.Width, p+f.down), l.norm(p+f.done, c)
	return y
}

// mostPlaces is how many numbers may be made of places.
const mostPlaces = 1 << 27

// positions makes what attention knows of places.
func (l *loader) positions(e *Encoder) {
	c, size := e.Config, e.Width/e.Heads
	if n := uint64(c.Positions); n*uint64(max(size, 2*c.Heads)) > mostPlaces && l.form.places == "" || n*uint64(2*c.Heads) > mostPlaces && c.family == "mpnet" {
		l.err = fmt.Errorf("%w: max_position_embeddings %d", ErrUnsupported, c.Positions)
		return
	}
	w := &e.where
	w.places = c.Positions
	switch c.family {
	case "modernbert":
		w.every, w.window = max(1, c.Every), max(0, c.Window/2)
		w.turns[0] = turns(c.Positions, size, cmp.Or(c.GlobalTheta, 160000), 1)
		w.turns[1] = turns(c.Positions, size, cmp.Or(c.LocalTheta, c.GlobalTheta, 10000), 1)
	case "nomic_bert":
		w.turns[0] = turns(c.Positions, size, cmp.Or(c.RotaryBase, 10000), 1)
	case "new":
		base, factor := cmp.Or(c.Theta, 10000), 1.
		if c.Scaling != nil {
			base *= c.Scaling.Factor
			factor = math.Pow(c.Scaling.Factor, -2/float64(size))
		}
		w.turns[0] = turns(c.Positions, size, base, factor)
	case "alibi":
		w.slopes = slopes(c.Heads)
	case "deberta-v2":
		w.apart = l.apart(e)
	case "mpnet":
		buckets := cmp.Or(c.Buckets, 32)
		if table := l.floats("encoder.relative_attention_bias.weight", buckets, c.Heads); l.err == nil {
			w.near = near(table, buckets, c.Heads, c.Positions)
		}
	}
}

// Package decoder runs language models of the Llama family: token ids to the logits of
// the token that comes next.
//
// A model is a GGUF file, which says its shape, its tokenizer and its template of chats
// itself. A layer is attention and then a feed-forward network, each on the norm of the
// root mean square of its input and added to it (Touvron et al. 2023). Queries and keys are
// turned by an angle for their position (Su et al. 2021); several heads of queries share
// one of keys and values (Ainslie et al. 2023). Families differ in which numbers turn
// together, in biases, and in norms of queries and keys.
//
// A Cache holds the keys and values of what was read. They are laid out as the kernels take
// them, so that reading on costs nothing again. Logits do not depend on how the tokens
// were divided between calls, nor on the number of threads.
package decoder

import (
	"fmt"
	"math"
	"runtime"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/tokenizer"
	"github.com/tamis-search/tamis/model/weights"
)

// Decoder is a loaded model. It never changes: several goroutines may use it, each
// with a Cache of its own.
type Decoder struct {
	Config
	Tokenizer *tokenizer.Tokenizer
	Template  string  // of chats, in the Jinja language; "" where the file has none
	Ends      []int32 // tokens that end what the model says

	Threads int // that a call uses; set it before the first

	set    *weights.Set
	words  weights.Tensor // Words × Width
	layers []layer
	final  []float32
	logits matrix    // Width → Words
	steps  []float64 // by which the angles of pairs grow from position to position
}

type layer struct {
	attended, done []float32 // weights of norms
	queries, keys  []float32 // likewise, of a head; nil where these are not normed
	qkv            matrix    // Width → (Heads + 2 · KeyHeads) · HeadSize
	out            matrix
	up             matrix // Width → 2 · Inner: the gate first
	down           matrix
}

// Open loads the model in a GGUF file. It says before it loads where the weights would
// not fit into memory.
func Open(path string) (*Decoder, error) {
	set, values, err := weights.OpenGGUF(path)
	if err != nil {
		return nil, err
	}
	d, err := load(set, values)
	if err != nil {
		set.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// fits says where the packed weights would take more memory than there is.
func fits(c Config, words int) error {
	layer := c.Width*(2*c.Heads+2*c.KeyHeads)*c.HeadSize + 3*c.Width*c.Inner
	needs, free := 4*(uint64(c.Layers)*uint64(layer)+uint64(words)*uint64(c.Width)), weights.FreeMemory()
	if free > 0 && needs > free {
		return fmt.Errorf("the model needs about %d MB of memory, %d MB are free: a smaller one needs less", needs>>20, free>>20)
	}
	return nil
}

// Close gives the file back. The decoder may not be used afterwards.
func (d *Decoder) Close() error { return d.set.Close() }

func load(set *weights.Set, values weights.Values) (*Decoder, error) {
	c, err := configOf(values)
	if err != nil {
		return nil, err
	}
	d := &Decoder{Config: c, Template: values.String("tokenizer.chat_template"), Threads: runtime.GOMAXPROCS(0), set: set}
	if d.Tokenizer, err = tokenizer.OfGGUF(values); err != nil {
		return nil, err
	}
	l := &loader{set: set}
	var ok bool
	if d.words, ok = set.Tensor("token_embd.weight"); !ok || len(d.words.Shape) != 2 || d.words.Shape[1] != c.Width {
		return nil, fmt.Errorf("it has no tensor token_embd.weight of rows of %d numbers", c.Width)
	}
	d.Words = d.words.Shape[0]
	if d.Words > mostWords || d.Words < d.Tokenizer.Words() {
		return nil, fmt.Errorf("token_embd.weight has %d rows, its tokenizer %d words: they do not belong together", d.Words, d.Tokenizer.Words())
	}
	if err := fits(c, d.Words); err != nil {
		return nil, err
	}
	for i := 0; i < c.Layers && l.err == nil; i++ {
		d.layers = append(d.layers, l.layer(c, fmt.Sprintf("blk.%d.", i)))
	}
	d.final = l.floats("output_norm.weight", c.Width)
	output := "output"
	if _, ok := set.Tensor("output.weight"); !ok {
		output = "token_embd" // the same matrix goes in and out
	}
	d.logits = l.matrix(c.Width, part{output, d.Words, false})
	d.steps = make([]float64, c.HeadSize/2)
	for j := range d.steps {
		d.steps[j] = math.Pow(c.base, -2*float64(j)/float64(c.HeadSize))
	}
	if _, ok := set.Tensor("rope_freqs.weight"); ok {
		for j, f := range l.floats("rope_freqs.weight", c.HeadSize/2) {
			d.steps[j] /= float64(f)
		}
	}
	d.Ends = ends(values, d.Tokenizer)
	return d, l.err
}

// ends are the tokens that end a turn.
func ends(v weights.Values, t *tokenizer.Tokenizer) (ids []int32) {
	for _, key := range []string{"eos_token_id", "eot_token_id"} {
		if id, ok := v.Int("tokenizer.ggml." + key); ok {
			ids = append(ids, int32(id))
		}
	}
	for id := range int32(t.Words()) {
		switch t.Word(id) {
		case "<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end_of_text|>":
			ids = append(ids, id)
		}
	}
	return ids
}

// loader reads tensors until one fails.
type loader struct {
	set *weights.Set
	err error
}

func (l *loader) floats(name string, shape ...int) []float32 {
	if l.err != nil {
		return nil
	}
	t, ok := l.set.Tensor(name)
	if !ok {
		l.err = fmt.Errorf("it has no tensor %s: the file is incomplete, or of another model than it says", name)
		return nil
	}
	if l.err = t.Is(shape...); l.err != nil {
		l.err = fmt.Errorf("tensor %s: %w", name, l.err)
		return nil
	}
	var v []float32
	v, l.err = t.Floats()
	for _, x := range v {
		if x != x && l.err == nil {
			l.err = fmt.Errorf("tensor %s holds a number that is none (NaN)", name)
		}
	}
	return v
}

func (l *loader) layer(c Config, p string) (y layer) {
	queries, keys := c.Heads*c.HeadSize, c.KeyHeads*c.HeadSize
	y.attended, y.done = l.floats(p+"attn_norm.weight", c.Width), l.floats(p+"ffn_norm.weight", c.Width)
	if c.normed {
		y.queries, y.keys = l.floats(p+"attn_q_norm.weight", c.HeadSize), l.floats(p+"attn_k_norm.weight", c.HeadSize)
	}
	y.qkv = l.matrix(c.Width, part{p + "attn_q", queries, c.biased}, part{p + "attn_k", keys, c.biased}, part{p + "attn_v", keys, c.biased})
	y.out = l.matrix(queries, part{p + "attn_output", c.Width, false})
	y.up = l.matrix(c.Width, part{p + "ffn_gate", c.Inner, false}, part{p + "ffn_up", c.Inner, false})
	y.down = l.matrix(c.Inner, part{p + "ffn_down", c.Width, false})
	return y
}

// matrix is a packed product with a bias.
type matrix struct {
	w, bias []float32
	in, out int
}

// part is some of the outputs of a product.
type part struct {
	name   string
	out    int
	biased bool
}

// matrix packs products of the same input side by side.
func (l *loader) matrix(in int, parts ...part) matrix {
	m := matrix{in: in}
	var all []float32
	for _, p := range parts {
		all = append(all, l.floats(p.name+".weight", p.out, in)...)
		if m.out += p.out; p.biased {
			m.bias = append(m.bias, l.floats(p.name+".bias", p.out)...)
		} else {
			m.bias = append(m.bias, make([]float32, p.out)...)
		}
	}
	if l.err != nil {
		return m
	}
	m.bias = append(m.bias, make([]float32, simd.Padded(m.out)-m.out)...)
	m.w = make([]float32, in*simd.Padded(m.out))
	simd.Pack(m.w, in, m.out, func(i, j int) float32 { return all[j*in+i] })
	return m
}

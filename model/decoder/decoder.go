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
//
// Weights of the formats of 4, 5 and 8 bits stay in their blocks, in the mapped file: they are
// multiplied as whole numbers with the states, each 32 of which are rounded to 8 bits for
// that. Options.F32 unpacks them instead and rounds nothing.
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

// Options say how a model is held.
type Options struct {
	F32 bool // its weights are unpacked when it is loaded, and nothing is rounded to whole numbers
}

// Open loads the model in a GGUF file, which has to stay as it is until Close. It says before it
// loads where the weights would not fit into memory.
func Open(path string, o Options) (*Decoder, error) {
	set, values, err := weights.OpenGGUF(path)
	if err != nil {
		return nil, err
	}
	d, err := load(set, values, o)
	if err != nil {
		set.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// fits says where the weights would take more memory than there is: what stays in its blocks as
// much as in the file, the rest four bytes a number.
func (l *loader) fits() error {
	needs, free := uint64(0), weights.FreeMemory()
	_, apart := l.set.Tensor("output.weight")
	for _, name := range l.set.Names() {
		t, _ := l.set.Tensor(name)
		if apart && name == "token_embd.weight" {
			continue // read row by row
		}
		if _, data := l.inBlocks(t); data != nil {
			needs += uint64(len(data))
			continue
		}
		n := uint64(4)
		for _, d := range t.Shape {
			n *= uint64(d)
		}
		needs += n
	}
	if free > 0 && needs > free {
		return fmt.Errorf("the model needs about %d MB of memory, %d MB are free: a smaller one needs less", needs>>20, free>>20)
	}
	return nil
}

// Close gives the file back. The decoder may not be used afterwards.
func (d *Decoder) Close() error { return d.set.Close() }

func load(set *weights.Set, values weights.Values, o Options) (*Decoder, error) {
	c, err := configOf(values)
	if err != nil {
		return nil, err
	}
	d := &Decoder{Config: c, Template: values.String("tokenizer.chat_template"), Threads: runtime.GOMAXPROCS(0), set: set}
	if d.Tokenizer, err = tokenizer.OfGGUF(values); err != nil {
		return nil, err
	}
	l := &loader{set: set, f32: o.F32}
	var ok bool
	if d.words, ok = set.Tensor("token_embd.weight"); !ok || len(d.words.Shape) != 2 || d.words.Shape[1] != c.Width {
		return nil, fmt.Errorf("it has no tensor token_embd.weight of rows of %d numbers", c.Width)
	}
	d.Words = d.words.Shape[0]
	if d.Words > mostWords || d.Words < d.Tokenizer.Words() {
		return nil, fmt.Errorf("token_embd.weight has %d rows, its tokenizer %d words: they do not belong together", d.Words, d.Tokenizer.Words())
	}
	if err := l.fits(); err != nil {
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
	f32 bool
	err error
}

func (l *loader) tensor(name string, shape ...int) (t weights.Tensor) {
	if l.err != nil {
		return t
	}
	t, ok := l.set.Tensor(name)
	if !ok {
		l.err = fmt.Errorf("it has no tensor %s: the file is incomplete, or of another model than it says", name)
	} else if l.err = t.Is(shape...); l.err != nil {
		l.err = fmt.Errorf("tensor %s: %w", name, l.err)
	}
	return t
}

func (l *loader) floats(name string, shape ...int) []float32 {
	t := l.tensor(name, shape...)
	if l.err != nil {
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

// matrix is a product with a bias. Its numbers are packed, or stay in their blocks.
type matrix struct {
	w, bias []float32
	blocks  []*simd.Blocks // side by side; nil where w is there
	in, out int
}

// part is some of the outputs of a product.
type part struct {
	name   string
	out    int
	biased bool
}

// matrix puts products of the same input side by side.
func (l *loader) matrix(in int, parts ...part) matrix {
	m := matrix{in: in}
	for _, p := range parts {
		if m.out += p.out; p.biased {
			m.bias = append(m.bias, l.floats(p.name+".bias", p.out)...)
		} else {
			m.bias = append(m.bias, make([]float32, p.out)...)
		}
	}
	m.bias = append(m.bias, make([]float32, simd.Padded(m.out)-m.out+simd.Columns)...)
	if m.blocks = l.blocks(in, parts); m.blocks != nil || l.err != nil {
		return m
	}
	var all []float32
	for _, p := range parts {
		all = append(all, l.floats(p.name+".weight", p.out, in)...)
	}
	if l.err != nil {
		return m
	}
	m.w = make([]float32, in*simd.Padded(m.out))
	simd.Pack(m.w, in, m.out, func(i, j int) float32 { return all[j*in+i] })
	return m
}

// blocks are the parts as they lie in the file, nil where one of them is not in blocks.
func (l *loader) blocks(in int, parts []part) (all []*simd.Blocks) {
	for _, p := range parts {
		t := l.tensor(p.name+".weight", p.out, in)
		format, data := l.inBlocks(t)
		if l.err != nil || data == nil {
			return nil
		}
		b, err := simd.NewBlocks(format, data, p.out, in)
		if err != nil {
			l.err = fmt.Errorf("tensor %s: %w", t.Name, err)
			return nil
		}
		all = append(all, b)
	}
	return all
}

// inBlocks are the bytes of a tensor that is multiplied in its blocks, nil for another.
func (l *loader) inBlocks(t weights.Tensor) (*simd.Format, []byte) {
	if format := simd.FormatOf(t.Type); format != nil && !l.f32 {
		return format, t.Blocks()
	}
	return nil, nil
}

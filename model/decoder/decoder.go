// Package decoder runs language models that read from left to right: token ids to the logits
// of the token that comes next.
//
// A model is a GGUF file, which says its shape, its tokenizer and its template of chats
// itself. A layer is attention and then a feed-forward network, each on the norm of the
// root mean square of its input and added to it (Touvron et al. 2023). Queries and keys are
// turned by an angle for their position (Su et al. 2021); several heads of queries share
// one of keys and values (Ainslie et al. 2023). Families differ in which numbers turn
// together, in biases, and in norms of queries and keys; in layers that read the nearest
// tokens alone (Gemma 2 and 3); in mixtures of feed-forward networks of which each token takes
// a few, its experts (Mixtral, Qwen); and GPT-2 is older than most of this.
//
// A Cache holds the keys and values of what was read, or of what its Policy keeps (package
// model/attention): dense attention where it has none. They are laid out as the kernels take
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
	"os"
	"runtime"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/attention"
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
	places weights.Tensor // Positions × Width, where positions have embeddings
	layers []layer
	final  norm
	logits matrix             // Width → Words
	steps  [2]angular         // of layers that read all, and of those with a window
	own    *attention.Trained // that the model was trained with; nil for dense attention
}

// angular is by how much the angles of pairs grow from position to position; nil where nothing
// turns.
type angular []float64

// norm has no bias where it is one of root mean squares; without weight it does nothing.
type norm struct{ weight, bias []float32 }

type layer struct {
	attended, done norm
	after          [2]norm // of what attention and the feed-forward network give
	queries, keys  norm    // of a head
	qkv            matrix  // Width → (Heads + 2 · KeyHeads) · HeadSize
	out            matrix
	net            network
	router         matrix // Width → Experts; without outputs where there is one network
	experts        []network
	share          matrix    // Width → 1: how much of net is taken beside experts
	window         int       // 0 for all tokens
	still          bool      // queries and keys are not turned
	own            []float32 // numbers of heads that the model's own attention has
	gates          matrix    // Width → Heads times what the model's own attention takes; without outputs where that is nothing
}

// network is a feed-forward network.
type network struct {
	up    matrix // Width → 2 · inner, the gate first, or inner where nothing is gated
	down  matrix
	layer int
}

// Options say how a model is held.
type Options struct {
	F32 bool // its weights are unpacked when it is loaded, and nothing is rounded to whole numbers
}

// Open loads the model in a GGUF file, or in a folder as transformers saves it; the files have to
// stay as they are until Close. It says before it loads where the weights would not fit into
// memory.
func Open(path string, o Options) (*Decoder, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return openFolder(path, o)
	}
	set, values, err := weights.OpenGGUF(path)
	if err != nil {
		return nil, err
	}
	var d *Decoder
	if _, err = configOf(values); err == nil {
		var t *tokenizer.Tokenizer
		if t, err = tokenizer.OfGGUF(values); err == nil {
			d, err = load(set, values, t, layout{}, o)
		}
	}
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

func load(set *weights.Set, values weights.Values, t *tokenizer.Tokenizer, lies layout, o Options) (*Decoder, error) {
	c, err := configOf(values)
	if err != nil {
		return nil, err
	}
	c.adjacent = c.adjacent && !lies.halves
	if n := len(lies.still); n > 0 && n != c.Layers {
		return nil, fmt.Errorf("no_rope_layers speaks of %d layers, the model has %d", n, c.Layers)
	}
	d := &Decoder{Config: c, own: lies.own, Tokenizer: t, Template: values.String("tokenizer.chat_template"), Threads: runtime.GOMAXPROCS(0), set: set}
	l := &loader{set: set, f32: o.F32, lies: lies}
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
		d.layers = append(d.layers, l.layer(c, i))
	}
	d.final = l.norm(c, "output_norm", c.Width)
	output := "output"
	if _, ok := set.Tensor("output.weight"); !ok {
		output = "token_embd" // the same matrix goes in and out
	}
	d.logits = l.matrix(c.Width, part{output, d.Words, false})
	if c.first {
		d.places = l.tensor("position_embd.weight", c.Positions, c.Width)
	} else {
		d.steps = l.steps(c)
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
		case "<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end_of_text|>", "<end_of_turn>":
			ids = append(ids, id)
		}
	}
	return ids
}

// loader reads tensors until one fails.
type loader struct {
	set  *weights.Set
	f32  bool
	lies layout
	err  error
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
	return l.numbers(l.tensor(name, shape...))
}

// numbers are those of a tensor.
func (l *loader) numbers(t weights.Tensor) (v []float32) {
	if l.err == nil {
		v, l.err = t.Floats()
	}
	return v
}

// steps are those of layers that read all, and of those with a window.
func (l *loader) steps(c Config) (steps [2]angular) {
	for i, base := range [...]float64{c.base, c.near} {
		steps[i] = make(angular, c.HeadSize/2)
		for j := range steps[i] {
			steps[i][j] = math.Pow(base, -2*float64(j)/float64(c.HeadSize))
		}
	}
	for j := range steps[0] {
		steps[0][j] /= c.factor
	}
	for j, f := range l.lies.freqs {
		steps[0][j] /= f
	}
	if _, ok := l.set.Tensor("rope_freqs.weight"); ok {
		for j, f := range l.floats("rope_freqs.weight", c.HeadSize/2) {
			steps[0][j] /= float64(f)
		}
	}
	return steps
}

func (l *loader) norm(c Config, name string, size int) (n norm) {
	if n.weight = l.floats(name+".weight", size); c.first {
		n.bias = l.floats(name+".bias", size)
	}
	for i := range n.weight {
		if l.lies.less {
			n.weight[i]++
		}
	}
	return n
}

func (l *loader) layer(c Config, number int) (y layer) {
	p := fmt.Sprintf("blk.%d.", number)
	queries, keys := c.Heads*c.HeadSize, c.KeyHeads*c.HeadSize
	y.window = c.window(number)
	y.attended, y.done = l.norm(c, p+"attn_norm", c.Width), l.norm(c, p+"ffn_norm", c.Width)
	if c.normed {
		y.queries, y.keys = l.norm(c, p+"attn_q_norm", c.HeadSize), l.norm(c, p+"attn_k_norm", c.HeadSize)
	}
	if c.after {
		y.after = [2]norm{l.norm(c, p+"post_attention_norm", c.Width), l.norm(c, p+"post_ffw_norm", c.Width)}
	}
	if c.first {
		y.qkv = l.matrix(c.Width, part{p + "attn_qkv", queries + 2*keys, true})
	} else {
		y.qkv = l.matrix(c.Width, part{p + "attn_q", queries, c.biased}, part{p + "attn_k", keys, c.biased}, part{p + "attn_v", keys, c.biased})
	}
	y.out = l.matrix(queries, part{p + "attn_output", c.Width, c.first})
	if y.still = len(l.lies.still) > 0 && l.lies.still[number]; l.lies.own != nil && l.lies.own.Gates() > 0 {
		y.gates = l.matrix(c.Width, part{p + "attn_gates", c.Heads * l.lies.own.Gates(), true})
	}
	if n := l.lies.own.Own(c.HeadSize); n == 1 {
		y.own = l.floats(p+"attn_own.weight", c.Heads, n)
	} else if n > 0 {
		y.own = l.floats(p+"attn_own.weight", c.KeyHeads, n)
	}
	switch {
	case c.first:
		y.net.up = l.matrix(c.Width, part{p + "ffn_up", c.Inner, true})
		y.net.down = l.matrix(c.Inner, part{p + "ffn_down", c.Width, true})
	case c.Experts > 0:
		l.mixture(c, p, &y)
	default:
		y.net = l.gated(p, "", c.Width, c.Inner)
	}
	y.net.layer = number
	return y
}

// gated is the network whose tensors' names end in kind.
func (l *loader) gated(p, kind string, width, inner int) network {
	return network{
		up:   l.matrix(width, part{p + "ffn_gate" + kind, inner, false}, part{p + "ffn_up" + kind, inner, false}),
		down: l.matrix(inner, part{p + "ffn_down" + kind, width, false}),
	}
}

// mixture reads the experts of a layer.
func (l *loader) mixture(c Config, p string, y *layer) {
	y.router = l.matrix(c.Width, part{p + "ffn_gate_inp", c.Experts, false})
	if c.together > 0 {
		y.net = l.gated(p, "_shexp", c.Width, c.together)
		shape := []int{1, c.Width}
		if !l.lies.halves {
			shape = shape[1:]
		}
		share := l.tensor(p+"ffn_gate_inp_shexp.weight", shape...)
		share.Shape = []int{1, c.Width}
		y.share = l.product(c.Width, share)
	}
	for i := 0; i < c.Experts && l.err == nil; i++ {
		y.experts = append(y.experts, network{
			up:   l.product(c.Width, l.expert(c, p, "gate", i), l.expert(c, p, "up", i)),
			down: l.product(c.Inner, l.expert(c, p, "down", i)),
		})
	}
}

// expert is a matrix of an expert: one of those that stand one after the other in a tensor, or by
// itself, as in folders and older files.
func (l *loader) expert(c Config, p, kind string, i int) weights.Tensor {
	out, in := c.Inner, c.Width
	if kind == "down" {
		out, in = in, out
	}
	if alone := fmt.Sprintf("%sffn_%s.%d.weight", p, kind, i); l.has(alone) {
		return l.tensor(alone, out, in)
	}
	all := l.tensor(p+"ffn_"+kind+"_exps.weight", c.Experts, out, in)
	if l.err != nil {
		return all
	}
	return all.Part(i)
}

func (l *loader) has(name string) bool {
	_, ok := l.set.Tensor(name)
	return ok
}

// matrix is a product with a bias. Its numbers are packed, or stay in their blocks.
type matrix struct {
	w, bias []float32
	blocks  []*simd.Blocks // side by side; nil where w is there
	in, out int
	parts   []factored // side by side; instead of w and blocks where some are
}

// part is some of the outputs of a product.
type part struct {
	name   string
	out    int
	biased bool
}

// matrix puts products of the same input side by side.
func (l *loader) matrix(in int, parts ...part) matrix {
	if l.factored(parts) {
		return l.factors(in, parts)
	}
	var bias []float32
	all := make([]weights.Tensor, len(parts))
	for i, p := range parts {
		all[i] = l.tensor(p.name+".weight", p.out, in)
		if p.biased {
			bias = append(bias, l.floats(p.name+".bias", p.out)...)
		} else {
			bias = append(bias, make([]float32, p.out)...)
		}
	}
	m := l.product(in, all...)
	copy(m.bias, bias)
	return m
}

// product is that of tensors side by side, without a bias.
func (l *loader) product(in int, parts ...weights.Tensor) matrix {
	m := matrix{in: in}
	if l.err != nil {
		return m
	}
	for _, t := range parts {
		m.out += t.Shape[0]
	}
	m.bias = make([]float32, simd.Padded(m.out)+simd.Columns)
	if m.blocks = l.blocks(in, parts); m.blocks != nil || l.err != nil {
		return m
	}
	var all []float32
	for _, t := range parts {
		all = append(all, l.numbers(t)...)
	}
	if l.err != nil {
		return m
	}
	m.w = make([]float32, in*simd.Padded(m.out))
	simd.Pack(m.w, in, m.out, func(i, j int) float32 { return all[j*in+i] })
	return m
}

// blocks are the parts as they lie in the file, nil where one of them is not in blocks.
func (l *loader) blocks(in int, parts []weights.Tensor) (all []*simd.Blocks) {
	for _, t := range parts {
		format, data := l.inBlocks(t)
		if data == nil {
			return nil
		}
		b, err := simd.NewBlocks(format, data, t.Shape[0], in)
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

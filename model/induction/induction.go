// Package induction makes a language model that is built, not trained: it looks up what followed
// two tokens before, at any distance, exactly. It is what attention policies are measured with,
// since what it finds depends on what it reads and on nothing else.
//
// It is an induction head (Olsson et al. 2022) of two layers in the shape of Llama, so that any
// runtime of GGUF files can run it. A state has a constant, a mark of the first token, and four
// slots of 32 numbers: the code of the token, that of the one before, that of the one before this,
// and what was found. A code is four ones and minus ones among zeros, since keys of trained models
// have few numbers that are great too; the product of any two is 2 at most.
//
// Layer 0. One head reads the token before, the other the one before that. Their keys are constants that
// turn with the position, by periods that are small primes; their queries are the same, turned back
// by one position or two. The product is greatest where the distance is right, and nowhere else
// within two million tokens.
//
// Layer 1. Both heads do the same. The query is the token and the one before; the key is the two
// tokens before its own; where both agree the product is 8 steps, where less agrees 6 at most. The
// first token is a sink, as trained models have one: it is worth 7 steps to every query and its
// value is nothing, so that a head that finds nothing adds nothing. What is found is the token
// itself, and the output compares it with all codes.
//
// So after "c k v" anywhere, "c k" is followed by "v": k is found in the context c alone, and the
// same k elsewhere means nothing (joint recall; needles are the case where k is rare). Of several
// places that agree the last ones do not win: all have the same weight.
//
// Feed-forward networks are zero. The tokenizer is of bytes, so that texts can be read as well.
package induction

import (
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"

	"github.com/tamis-search/tamis/model/weights"
)

// The shape.
const (
	Words     = 258 // the first token, the bytes, and one pair of them, since files have pairs
	First     = 0   // that begins each text
	Positions = 1 << 17
	Heads     = 2
	KeyHeads  = 2
	HeadSize  = 96
	Width     = 2 + 4*code

	code   = 32
	weight = 4      // numbers of a code that are not zero
	turned = 2 * 14 // numbers of a head that turn with the position
	base   = 10000
)

// slots of a state.
const (
	constant = 0
	first    = 1
	token    = 2
	previous = token + code
	earlier  = previous + code
	found    = earlier + code
)

// Periods are those by which keys of layer 0 turn, in positions.
var Periods = [turned / 2]float64{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43}

const (
	sharp = 32 // what a step is worth to a logit of attention: e^32 of weight
	sure  = 7  // steps that the first token is worth
)

// codes are those of the bytes and their pair: a few ones and minus ones among zeros.
func codes() [Words][code]float64 {
	random := rand.New(rand.NewPCG(23, 1))
	var all [Words][code]float64
	for i := 1; i < Words; {
		var c [code]float64
		for _, j := range random.Perm(code)[:weight] {
			c[j] = 1 - 2*float64(random.IntN(2))
		}
		ok := true
		for _, o := range all[1:i] {
			product := 0.
			for j := range code {
				product += c[j] * o[j]
			}
			ok = ok && math.Abs(product) <= weight/2
		}
		if ok {
			all[i] = c
			i++
		}
	}
	return all
}

// matrix is filled cell by cell, outputs first.
type matrix struct {
	in     int
	floats []float32
}

func newMatrix(out, in int) matrix { return matrix{in, make([]float32, out*in)} }

func (m matrix) set(out, in int, v float64) { m.floats[out*m.in+in] = float32(v) }

// WriteFile writes the model to a file.
func WriteFile(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(Write(f), f.Close())
}

// Write writes the model as a GGUF file.
func Write(w io.Writer) error {
	const a = "llama"
	tokens, kinds := []any{"<|endoftext|>"}, []any{int32(3)}
	next := rune(0x100)
	for b := range 256 { // as GPT-2 writes bytes
		r := rune(b)
		if !(r >= '!' && r <= '~' || r >= '¡' && r <= '¬' || r >= '®') {
			r = next
			next++
		}
		tokens, kinds = append(tokens, string(r)), append(kinds, int32(1))
	}
	tokens, kinds = append(tokens, "th"), append(kinds, int32(1))
	values := map[string]any{
		"general.architecture": a, "general.name": "induction", a + ".block_count": uint32(2), a + ".context_length": uint32(Positions),
		a + ".embedding_length": uint32(Width), a + ".feed_forward_length": uint32(16), a + ".attention.head_count": uint32(Heads),
		a + ".attention.head_count_kv": uint32(KeyHeads), a + ".attention.key_length": uint32(HeadSize), a + ".attention.value_length": uint32(HeadSize),
		a + ".rope.dimension_count": uint32(HeadSize), a + ".attention.layer_norm_rms_epsilon": float32(1e-9), a + ".rope.freq_base": float32(base),
		"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "smollm", "tokenizer.ggml.merges": []any{"t h"}, "tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": kinds,
		"tokenizer.ggml.bos_token_id": uint32(First), "tokenizer.ggml.add_bos_token": true, "tokenizer.ggml.eos_token_id": uint32(First),
	}
	return weights.WriteGGUF(w, values, tensors())
}

func tensors() []weights.Written {
	embeddings, output := newMatrix(Words, Width), newMatrix(Words, Width)
	for i, c := range codes() {
		embeddings.set(i, constant, 1)
		if i == First {
			embeddings.set(i, first, math.Sqrt(weight))
			continue
		}
		for j := range code {
			embeddings.set(i, token+j, c[j])
			output.set(i, found+j, c[j])
		}
	}
	freqs := make([]float32, HeadSize/2)
	for j := range freqs {
		freqs[j] = 1e30 // does not turn
		if j < len(Periods) {
			freqs[j] = float32(math.Pow(base, -2*float64(j)/HeadSize) * Periods[j] / (2 * math.Pi))
		}
	}
	all := []weights.Written{
		{Name: "token_embd.weight", Shape: []int{Words, Width}, Floats: embeddings.floats},
		{Name: "output.weight", Shape: []int{Words, Width}, Floats: output.floats},
		{Name: "output_norm.weight", Shape: []int{Width}, Floats: ones(Width)},
		{Name: "rope_freqs.weight", Shape: []int{HeadSize / 2}, Floats: freqs},
	}
	all = append(all, block("blk.0.", before())...)
	return append(all, block("blk.1.", lookUp())...)
}

func ones(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

// layer are the products of a layer's attention.
type layer struct{ q, k, v, out matrix }

func newLayer() layer {
	return layer{newMatrix(Heads*HeadSize, Width), newMatrix(KeyHeads*HeadSize, Width), newMatrix(KeyHeads*HeadSize, Width), newMatrix(Width, Heads*HeadSize)}
}

func block(p string, l layer) []weights.Written {
	return []weights.Written{
		{Name: p + "attn_norm.weight", Shape: []int{Width}, Floats: ones(Width)},
		{Name: p + "ffn_norm.weight", Shape: []int{Width}, Floats: ones(Width)},
		{Name: p + "attn_q.weight", Shape: []int{Heads * HeadSize, Width}, Floats: l.q.floats},
		{Name: p + "attn_k.weight", Shape: []int{KeyHeads * HeadSize, Width}, Floats: l.k.floats},
		{Name: p + "attn_v.weight", Shape: []int{KeyHeads * HeadSize, Width}, Floats: l.v.floats},
		{Name: p + "attn_output.weight", Shape: []int{Width, Heads * HeadSize}, Floats: l.out.floats},
		{Name: p + "ffn_gate.weight", Shape: []int{16, Width}, Floats: make([]float32, 16*Width)},
		{Name: p + "ffn_up.weight", Shape: []int{16, Width}, Floats: make([]float32, 16*Width)},
		{Name: p + "ffn_down.weight", Shape: []int{Width, 16}, Floats: make([]float32, 16*Width)},
	}
}

// normed is by what a number of a state is multiplied in the norm before a layer.
func normed(slots int) float64 { return math.Sqrt(Width / (1 + float64(slots*weight))) }

// before is layer 0. Logits are products over the root of the size of a head.
func before() layer {
	l := newLayer()
	// 1 - cos of a period p is 1 - cos(2π/p) where the distance is off by one: in sum above 6.
	strength := math.Sqrt(sharp * math.Sqrt(HeadSize))
	for j, p := range Periods {
		for g := range KeyHeads {
			l.k.set(g*HeadSize+2*j, constant, strength/normed(1))
		}
		for h := range Heads {
			angle := -2 * math.Pi / p * distance(h)
			l.q.set(h*HeadSize+2*j, constant, strength*math.Cos(angle)/normed(1))
			l.q.set(h*HeadSize+2*j+1, constant, strength*math.Sin(angle)/normed(1))
		}
	}
	for j := range code {
		for g := range KeyHeads {
			l.v.set(g*HeadSize+j, token+j, 1/normed(1))
		}
		for h := range Heads {
			slot := previous
			if distance(h) == 2 {
				slot = earlier
			}
			l.out.set(slot+j, h*HeadSize+j, 2./Heads)
		}
	}
	return l
}

// distance is how far before the token a head of layer 0 reads.
func distance(head int) float64 {
	if head < Heads/2 {
		return 1
	}
	return 2
}

// lookUp is layer 1.
func lookUp() layer {
	l := newLayer()
	strength := math.Sqrt(sharp*math.Sqrt(HeadSize)) / normed(3)
	for j := range code {
		for h := range Heads {
			l.q.set(h*HeadSize+turned+j, token+j, strength)
			l.q.set(h*HeadSize+turned+code+j, previous+j, strength)
			l.out.set(found+j, h*HeadSize+turned+j, 1)
		}
		for g := range KeyHeads {
			l.k.set(g*HeadSize+turned+j, previous+j, strength)
			l.k.set(g*HeadSize+turned+code+j, earlier+j, strength)
			l.v.set(g*HeadSize+turned+j, token+j, 1/normed(3))
		}
	}
	for h := range Heads {
		l.q.set(h*HeadSize+turned+2*code, constant, strength)
	}
	// The first token has but its mark: it is normed as a state with one slot.
	worth := sure / math.Sqrt(weight) * normed(3) / normed(1)
	for g := range KeyHeads {
		l.k.set(g*HeadSize+turned+2*code, first, strength*worth)
	}
	return l
}
